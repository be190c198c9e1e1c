"""Options of pcapng blocks: numbers, and how a row of them lies in octets (pcapng §3.5)."""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from rawkit.errors import BuildError, ParseError

HEADS = {"little": struct.Struct("<HH"), "big": struct.Struct(">HH")}
ROUND = 4
LONGEST = 0xFFFF


class Option(NamedTuple):
    """One option of a block, as it stands in the file."""

    code: int
    value: bytes


Options = tuple[Option, ...]

END, COMMENT = 0, 1
# Of a section.
SECTION_HARDWARE, SECTION_OS, SECTION_APPLICATION = 2, 3, 4
# Of an interface.
NAME, DESCRIPTION, IPV4_ADDRESS, IPV6_ADDRESS, MAC_ADDRESS = 2, 3, 4, 5, 6
SPEED, RESOLUTION, FILTER, INTERFACE_OS, TIME_OFFSET, INTERFACE_HARDWARE = 8, 9, 11, 12, 14, 15
# Of a packet.
FLAGS, DROP_COUNT = 2, 4
# Of statistics.
START_TIME, END_TIME, RECEIVED, DROPPED, ACCEPTED, OS_DROPPED, DELIVERED = 2, 3, 4, 5, 6, 7, 8


def read_options(data: bytes, at: int, end: int, order: str) -> Options:
    """Return the options that lie there, without the mark of their end.

    Raises:
        ParseError: one is longer than the room.
    """
    found = []
    head = HEADS[order]
    while at + head.size <= end:
        code, length = head.unpack_from(data, at)
        at += head.size
        if code == END:
            break
        if at + length > end:
            raise ParseError(f"option {code} announces {length} octets, and {end - at} follow")
        found.append(Option(code, data[at : at + length]))
        at += length + -length % ROUND
    return tuple(found)


def pack_options(options: Iterable[Option], order: str) -> bytes:
    """Return options with the mark of their end; of none, nothing.

    Raises:
        BuildError: one is longer than 65535 octets.
    """
    parts = []
    head = HEADS[order]
    for code, value in options:
        if len(value) > LONGEST:
            raise BuildError(f"pcapng: an option of {len(value)} octets, above {LONGEST}")
        parts.append(head.pack(code, len(value)) + value + bytes(-len(value) % ROUND))
    return b"".join([*parts, head.pack(END, 0)]) if parts else b""


def first(options: Options, code: int) -> bytes | None:
    """Return the value of the first option of this kind."""
    return next((value for number, value in options if number == code), None)


def texts(options: Options, code: int) -> tuple[str, ...]:
    """Return the values of all options of this kind, as text."""
    return tuple(value.decode(errors="replace") for number, value in options if number == code)


def text(options: Options, code: int) -> str | None:
    """Return the value of the first option of this kind, as text."""
    return next(iter(texts(options, code)), None)


def number(options: Options, code: int, order: str) -> int | None:
    """Return the value of the first option of this kind, as an unsigned number."""
    value = first(options, code)
    return None if value is None else int.from_bytes(value, "big" if order == "big" else "little")


def of_text(code: int, words: Iterable[str]) -> Options:
    """Return options that hold texts."""
    return tuple(Option(code, word.encode()) for word in words)
