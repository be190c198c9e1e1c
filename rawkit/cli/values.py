"""Words of a command line turned into values, with ping(8)'s words for those that are none."""

from collections.abc import Callable

from rawkit.errors import UsageError

Convert = Callable[[str], object]

UNITS = {"us": (1, 1_000_000), "ms": (1, 1000), "s": (1, 1), "m": (60, 1)}
"""As fractions of a second, so that 50us is the number next to 0.00005."""
MOST_PATTERN = 16
"""Octets: as many as ping(8) takes."""


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of decimal integers from ``low`` to ``high``."""

    def convert(word: str) -> int:
        sign, digits = (word[:1], word[1:]) if word[:1] in ("+", "-") else ("", word)
        if not (digits.isascii() and digits.isdecimal()):
            raise UsageError(f"invalid argument: '{word}'")
        value = int(digits) if len(digits) <= 20 else 10**20
        if sign == "-":
            value = -value
        if not low <= value <= high:
            raise UsageError(f"invalid argument: '{word}': out of range: {low} <= value <= {high}")
        return value

    return convert


def unsigned(high: int, wrong: str, too_high: str) -> Callable[[str], int]:
    """Return a reader of integers up to ``high``, decimal or hexadecimal (``0x…``)."""

    def convert(word: str) -> int:
        digits, base = (word[2:], 16) if word[:2] in ("0x", "0X") else (word, 10)
        if not digits or not digits.isascii() or not digits.isalnum():
            raise UsageError(f"{wrong}: {word}")
        try:
            value = int(digits, base)
        except ValueError as error:
            raise UsageError(f"{wrong}: {word}") from error
        if value > high:
            raise UsageError(f"{too_high}: {word}")
        return value

    return convert


octet = unsigned(0xFF, "bad TOS value", "the decimal value of TOS bits must be in range 0-255")


def seconds(wrong: str, longest: float, zero: float | None = 0.0) -> Callable[[str], float | None]:
    """Return a reader of times: seconds, or with a unit: ``200ms``, ``50us``, ``1.5s``, ``2m``.

    Args:
        wrong: what to say of a word that is no time.
        longest: in seconds.
        zero: what zero stands for.
    """

    def convert(word: str) -> float | None:
        number = word.rstrip("mus")
        unit = UNITS.get(word[len(number) :] or "s")
        plain = number.isascii() and not number.strip("0123456789.eE+-")
        try:
            value = float(number) * unit[0] / unit[1] if plain and unit else float("nan")
        except ValueError:
            value = float("nan")
        if not 0 <= value <= longest:  # nor is it a number
            raise UsageError(f"{wrong}: {word} (seconds, or 200ms, 50us, 2m)")
        return value or zero

    return convert


def hex_octets(word: str) -> bytes:
    """Read the pattern of ``ping -p``: up to 16 octets in hexadecimal."""
    stripped = word.lstrip("0123456789abcdefABCDEF")
    if stripped or not word:
        raise UsageError(f"patterns must be specified as hex digits: {stripped}")
    pairs = [word[place : place + 2] for place in range(0, len(word), 2)]
    return bytes(int(pair, 16) for pair in pairs[:MOST_PATTERN])


def octets(word: str) -> bytes:
    """Read octets in hexadecimal, as many as there are; spaces between them are allowed."""
    try:
        return bytes.fromhex(word)
    except ValueError as error:
        raise UsageError(f"no pairs of hex digits: {word!r}") from error


def text(word: str) -> str:
    """Take a word as it stands."""
    return word


def choice(name: str, wrong: str, *allowed: str) -> Callable[[object, str], None]:
    """Return what sets the attribute ``name`` to one of the allowed words."""

    def apply(options: object, word: str) -> None:
        if word not in allowed:
            raise UsageError(f"{wrong}: {word} (one of {', '.join(allowed)})")
        setattr(options, name, word)

    return apply
