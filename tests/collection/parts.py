"""Packets of the collection, put together from parts: in notation, in Python, in tshark's eyes."""

from collections.abc import Iterable, Mapping

from rawkit.record import record
from tests.collection.entry import Fields, Way

WIDEST = 100
"""Characters of a line of Python."""
UNFINISHED = "-"


@record
class Part:
    """A header, or payload."""

    word: str
    """In notation."""
    python: str
    reads: Fields
    """What tshark reads of it."""


def merged(parts: Iterable[Part], more: Fields = {}) -> Fields:  # noqa: B006  # only read
    """Return what tshark reads of a packet of these parts.

    Args:
        parts: outermost first. A field that two of them have has both values.
        more: what else it reads, or reads instead.
    """
    fields: dict[str, str] = {}
    for part in parts:
        for name, value in part.reads.items():
            fields[name] = f"{fields[name]},{value}" if name in fields else value
    return {**fields, **more}


def notation(parts: Iterable[Part]) -> str:
    """Return a packet in notation."""
    return "/".join(part.word for part in parts)


def python(parts: Iterable[Part]) -> str:
    """Return a packet in Python."""
    return " / ".join(part.python for part in parts)


def called(verb: str, parts: Iterable[Part], keywords: Mapping[str, str], then: str = "") -> str:
    """Return the call of a verb with a packet and keywords, as ruff formats it.

    Args:
        verb: what is called.
        parts: the packet.
        keywords: the rest of the arguments.
        then: what is done with the outcome.
    """
    named = "".join(f", {name}={value}" for name, value in keywords.items())
    line = f"{verb}({python(parts)}{named}){then}"
    if fits(line):
        return line
    packet = f"    {python(parts)}{',' if keywords else ''}"
    if not fits(packet):
        packet = (
            "    " + "\n    / ".join(part.python for part in parts) + packet[-1] * bool(keywords)
        )
    rest = "".join(f"\n    {name}={value}," for name, value in keywords.items())
    return f"{verb}(\n{packet}{rest}\n){then}"


def fits(code: str) -> bool:
    """Whether code may stand on one line."""
    return len(code) <= WIDEST and "\n" not in code


def sending(
    layer: str,
    *parts: Part,
    answers: tuple[Fields, ...] = (),
    more: Fields = {},  # noqa: B006  # only read
    forced: bool = False,
    interface: str = "",
    near: bool = False,
    note: str = "",
) -> Way:
    """Return how to send one packet by ``rawkit send`` and ``rawkit.send``.

    Args:
        layer: where it is handed to the kernel.
        *parts: what it is made of.
        answers: what comes back.
        more: what else tshark reads.
        forced: whether the layer has to be named, as another one would be chosen.
        interface: to name, where no route says it.
        near: as in :class:`Way`.
        note: what is to be known.
    """
    options, keywords = "", dict[str, str]()
    if interface:
        options += f" -I {interface}"
        keywords["interface"] = f'"{interface}"'
    if forced:
        options += f" --layer {layer}"
        keywords["layer"] = f'"{layer}"'
    return Way(
        f"rawkit send{options} '{notation(parts)}'",
        called("rawkit.send", parts, keywords),
        (merged(parts, more),),
        answers,
        layer=layer,
        near=near,
        note=note,
    )


def asking(*parts: Part, answers: tuple[Fields, ...], options: str = "", **keywords: str) -> Way:
    """Return how to ask by ``rawkit exchange`` and ``rawkit.exchange``.

    Args:
        *parts: what the question is made of.
        answers: what answers it.
        options: of the command, each behind a blank.
        **keywords: the same of the library.
    """
    return Way(
        f"rawkit exchange{options} '{notation(parts)}'",
        called("rawkit.exchange", parts, keywords, ".run().answers"),
        (merged(parts),),
        answers,
        gives=str(len(answers)),
    )
