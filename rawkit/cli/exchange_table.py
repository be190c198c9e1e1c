"""Question and answer side by side, field by field, with a mark where they differ."""

from collections.abc import Iterator
from itertools import zip_longest

from rawkit.wire.ethernet import Ethernet
from rawkit.wire.notation_text import octets
from rawkit.wire.packet import Header, Packet
from rawkit.wire.text import fields_in_words
from rawkit.wire.vlan import VLANTag

LABEL = 19
MARK = "* "
"""Stands before what differs."""
LINK = (Ethernet, VLANTag)
Pair = tuple[Header | None, Header | None]


def table(question: Packet, answer: Packet, titles: tuple[str, str], width: int) -> Iterator[str]:
    """Yield the lines of a table.

    Behind an ICMP error stands the question as it arrived where the error was made, and what
    differs there was changed on the way.

    Args:
        question: as it left.
        answer: as it came.
        titles: what stands above the two.
        width: columns of a line.
    """
    column = (width - LABEL) // 2 - len(MARK)
    yield from _row("", *titles, column)
    for left, right in _pairs(question.headers, answer.headers):
        yield from _header_rows(left, right, column)
    if question.payload or answer.payload:
        yield from _row("payload", _payload(question), _payload(answer), column)


def _pairs(question: tuple[Header, ...], answer: tuple[Header, ...]) -> Iterator[Pair]:
    """Yield what stands beside each other."""
    left, right = list(question), list(answer)
    quoting = next((n for n, header in enumerate(right) if header.QUOTES is not None), None)
    if quoting is None:
        yield from zip_longest(left, right)
        return
    around, quote = right[: quoting + 1], right[quoting + 1 :]
    while left and around and isinstance(left[0], LINK) and isinstance(around[0], LINK):
        yield left.pop(0), around.pop(0)
    yield from ((None, header) for header in around)
    yield from zip_longest(left, quote)


def _header_rows(left: Header | None, right: Header | None, column: int) -> Iterator[str]:
    names = [type(header).__name__ if header else "" for header in (left, right)]
    yield from _row("", names[0], names[1], column, is_pair=bool(left and right))
    ours = dict(fields_in_words(left)) if left else {}
    theirs = dict(fields_in_words(right)) if right else {}
    for name in dict.fromkeys((*ours, *theirs)):
        both = name in ours and name in theirs
        yield from _row(f"  {name}", ours.get(name, ""), theirs.get(name, ""), column, is_pair=both)


def _row(
    label: str, left: str, right: str, column: int, *, is_pair: bool | None = None
) -> Iterator[str]:
    """Yield the lines of a row; a value that is too long goes on in the next one."""
    pair = label == "payload" if is_pair is None else is_pair
    mark = MARK if pair and left != right else " " * len(MARK)
    for number, (ours, theirs) in enumerate(
        zip_longest(_parts(left, column), _parts(right, column), fillvalue="")
    ):
        first = number == 0
        words = f"{label if first else '':{LABEL}}{ours:{column}}{mark if first else '  '}{theirs}"
        yield words.rstrip()


def _parts(value: str, column: int) -> list[str]:
    """Return a value in parts that fit into a column."""
    size = column - 1
    return [value[start : start + size] for start in range(0, len(value), size)] or [""]


def _payload(packet: Packet) -> str:
    count = len(packet.payload)
    return f"{octets(packet.payload)} ({count})" if count else "none"
