r"""Packets in hexadecimal, as people have them: bare, or as a program dumped them.

Read are the dumps of tcpdump -x and -X, xxd, hexdump -C, od -A x -t x1, Wireshark, tshark -x
and of rawkit itself, and what stands for octets in programs (``0x45, 0x00``, ``\x45\x00``).
In dumps each row begins with an offset; offset 0 begins another packet, and lines without
an offset are ignored. Bare packets stand apart by empty lines.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rawkit.errors import NotationError

OFFSET = re.compile(r"\s*(?:0x)?([0-9A-Fa-f]{4,8})(?::\s*|(?=\s*$)|\s+(?=[0-9A-Fa-f]{2}(?:\s|$)))")
"""An offset: with a colon behind it, before octets that stand apart from each other, or alone."""
FIRST = re.compile(r"\s*(?:0x)?0{4,8}(?::|\s+[0-9A-Fa-f]{2}(?:\s|$))")
"""What the first row of a dump begins with."""
OCTET = re.compile(r"[0-9A-Fa-f]{2}")
DIGITS = re.compile(r"[0-9A-Fa-f]+")
WORD = re.compile(r"\S+")
NOISE = re.compile(r"0[xX]|\\x|[\s:,;\"'\[\]-]+")
"""What may stand between octets outside of dumps."""
BRACES = re.compile(r"\{([^{}]*)\}")
SAME = "*"
"""The line that stands for rows like the one before (hexdump, od)."""
LEAST_DIGITS = 2
HALF = 8
"""Octets behind which some dumps leave a wider gap."""
MOST = 1 << 24
"""Octets of one packet; more must be a mistake."""


class Row(NamedTuple):
    """A line of a dump."""

    number: int
    """Of the line, from 1."""
    text: str
    offset: int
    at: int
    """Where its octets begin."""


def read_hex(text: str, name: str = "hex") -> tuple[bytes, ...]:
    """Return the packets in a text, none of which is empty.

    Args:
        text: one packet or more.
        name: what errors call it.

    Raises:
        NotationError: something in it is no octet; the error points at it.
    """
    lines = text.splitlines()
    if any(FIRST.match(line) for line in lines):
        return tuple(filter(None, _dumped(lines, name)))
    if found := BRACES.search(text):
        before = text[: found.start(1)]
        blank = re.sub(r"[^\n]", " ", before)  # so that columns stay what they are
        lines = (blank + found[1]).splitlines()
    return tuple(filter(None, _bare(lines, name)))


def looks_like_hex(text: str) -> bool:
    """Whether a text can only be meant for octets."""
    bare = NOISE.sub("", text)
    digits = sum(len(found) for found in DIGITS.findall(bare))
    is_name = len(text.split()) == 1 and ("/" in text or "." in text)
    return digits >= LEAST_DIGITS and not is_name and digits * 5 >= len(bare) * 3


def _dumped(lines: list[str], name: str) -> Iterator[bytes]:
    octets, latest, is_same = bytearray(), b"", False
    rows = [_row(number, line) for number, line in enumerate(lines, 1)]
    for row, behind in zip(rows, _behind(rows), strict=True):
        if isinstance(row, str):
            is_same = is_same or row.strip() == SAME
            continue
        if row.offset == 0 and octets:
            yield bytes(octets)
            octets, latest, is_same = bytearray(), b"", False
        while is_same and latest and len(octets) < row.offset <= MOST:
            octets += latest
        is_same = False
        if row.offset != len(octets):
            problem = f"offset {row.offset:#x}, and {len(octets):#x} octets before it"
            raise _wrong(name, problem, row.number, row.text, row.text.index(row.text.strip()))
        most = behind - row.offset if behind > row.offset else len(latest) or MOST
        latest = _octets_of(row, most, name)
        octets += latest
    yield bytes(octets)


def _row(number: int, line: str) -> Row | str:
    """Return the row of a dump that a line is; the line itself, if it is none."""
    found = OFFSET.match(line)
    return Row(number, line, int(found[1], 16), found.end()) if found else line


def _behind(rows: list[Row | str]) -> list[int]:
    """Return for each row the offset of the next one; 0 behind the last."""
    found, offset = [], 0
    for row in reversed(rows):
        found.append(offset)
        offset = offset if isinstance(row, str) else row.offset
    return found[::-1]


def _octets_of(row: Row, most: int, name: str) -> bytes:
    """Return the octets of a row, without the text that may stand behind them."""
    octets, end, are_apart = bytearray(), row.at, True
    for word in WORD.finditer(row.text, row.at):
        gap, is_octet = word.start() - end, OCTET.fullmatch(word[0]) is not None
        is_middle = gap == 2 and len(octets) == HALF and are_apart and is_octet
        if len(octets) >= most or (octets and gap > 1 and not is_middle):
            break
        octets += _digits(word[0], row.number, row.text, word.start(), name)
        end, are_apart = word.end(), are_apart and is_octet
    return bytes(octets[:most])


def _bare(lines: list[str], name: str) -> Iterator[bytes]:
    octets = bytearray()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            yield bytes(octets)
            octets = bytearray()
        at = 0
        while at < len(line):
            if noise := NOISE.match(line, at):
                at = noise.end()
                continue
            found = DIGITS.match(line, at)
            if found is None:
                raise _wrong(name, f"{line[at]!r} is no hex digit", number, line, at)
            octets += _digits(found[0], number, line, at, name)
            at = found.end()
    yield bytes(octets)


def _digits(word: str, number: int, line: str, at: int, name: str) -> bytes:
    if (found := DIGITS.match(word)) is None or found.end() < len(word):
        wrong = found.end() if found else 0
        raise _wrong(name, f"{word[wrong]!r} is no hex digit", number, line, at + wrong)
    if len(word) % 2:
        raise _wrong(name, f"{len(word)} hex digits: an octet has two", number, line, at)
    return bytes.fromhex(word)


def _wrong(name: str, problem: str, number: int, line: str, column: int) -> NotationError:
    where = f"line {number}: " if number > 1 else ""
    return NotationError(f"{name}: {where}{problem}", line, column)
