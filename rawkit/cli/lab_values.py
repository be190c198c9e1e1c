"""Words of ``rawkit lab`` turned into values: times, shares, rates, and numbers before a colon."""

import re
from collections.abc import Callable

from rawkit.cli.values import seconds
from rawkit.errors import UsageError

LONGEST_DELAY = 3600.0
RATES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
NUMBERED = re.compile(r"(?:(all|[0-9][0-9,-]*):)?(.*)", re.DOTALL)
"""``3,5-7:VALUE``; what stands before the first colon is no number in an IPv6 address alone."""


def numbered(option: str, word: str, most: int) -> tuple[list[int] | None, str]:
    """Split ``3,5-7:VALUE`` into numbers and the value; ``None``: there are no numbers.

    Raises:
        UsageError: a number is not between 1 and ``most``.
    """
    parts = NUMBERED.fullmatch(word)
    if parts is None or parts[1] is None:
        return None, word
    return numbers(option, parts[1], most), parts[2]


def numbers(option: str, word: str, most: int) -> list[int]:
    """Read ``3,5-7``, or ``all`` for 1 to ``most``.

    Raises:
        UsageError: it is no such list.
    """
    if word == "all":
        return [*range(1, most + 1)]
    found: list[int] = []
    for part in word.split(","):
        ends = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part)
        if ends is None:
            raise UsageError(f"{option}: {word!r} is no list of numbers, as 3 or 3,5-7")
        low, high = int(ends[1]), int(ends[2] or ends[1])
        if not 1 <= low <= high <= most:
            raise UsageError(f"{option}: {part} is not in 1 to {most}")
        found += range(low, high + 1)
    return found


def time(option: str, text: str) -> float:
    """Read a time, as ``10ms``, in seconds."""
    return seconds(option, LONGEST_DELAY)(text) or 0.0


def share(option: str, text: str) -> float:
    """Read ``1%`` or ``0.01``."""
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"{option}: {text!r} is not a share, as 1% or 0.01") from None
    return value


def rate(option: str, text: str) -> float:
    """Read ``10M`` or ``256kbit/s``, in bits per second."""
    parts = re.fullmatch(r"([0-9.]+(?:e[0-9]+)?)([kmg]?)(?:bit/s|bit|bps)?", text.lower())
    try:
        if parts is None:
            raise ValueError(text)
        return float(parts[1]) * RATES[parts[2]]
    except ValueError:
        raise UsageError(f"{option}: {text!r} is not a rate, as 10M or 256k") from None


def integer(option: str, text: str) -> int:
    """Read an integer."""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise UsageError(f"{option}: {text!r} is no whole number")
    return int(text)


LINK: dict[str, Callable[[str, str], float]] = {
    "delay": time,
    "jitter": time,
    "loss": share,
    "duplicate": share,
    "reorder": share,
    "corrupt": share,
    "rate": rate,
    "mtu": integer,
    "silent_mtu": integer,
}
"""What can be said of a link, and how it is read."""


def option_of(name: str) -> str:
    """Return the option that sets an attribute."""
    return "--" + name.replace("_", "-")
