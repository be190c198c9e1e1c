"""Read pcapng: blocks, each with its kind, its length, and that length again.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-3    kind                  its highest bit: somebody's own
4-7    length                of the whole block, a multiple of 4
8-     body
last 4 length
====== ===================== =================================================

A section header begins with a kind that reads the same in either order, and has a number
that tells the order of all that follows (draft-ietf-opsawg-pcapng).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from rawkit.capture.blocks import (
    NANOSECONDS,
    Block,
    Captured,
    Custom,
    Interface,
    NameRecord,
    Names,
    Other,
    Section,
    Statistics,
)
from rawkit.capture.buffer import Buffer
from rawkit.capture.options import DROP_COUNT, Option, read_options
from rawkit.capture.pcap import link_type_of
from rawkit.errors import ParseError, TruncatedError

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, NAMES, STATISTICS, PACKET = (
    *(0x0A0D0D0A, 1, 2, 3, 4, 5, 6),
)
CUSTOM, CUSTOM_NOT_COPYABLE = 0x0BAD, 0x4000_0BAD
MAGIC = SECTION.to_bytes(4, "big")
ORDERS = {b"\x4d\x3c\x2b\x1a": "little", b"\x1a\x2b\x3c\x4d": "big"}
HEAD, LEAST, LONGEST = 8, 12, 1 << 27
"""Octets before a body, of an empty block, and of one that can be believed in."""
LEAST_BODIES = {
    SECTION: 16, INTERFACE: 8, OLD_PACKET: 20, SIMPLE_PACKET: 4, STATISTICS: 12, PACKET: 20,
    CUSTOM: 4, CUSTOM_NOT_COPYABLE: 4,
}  # fmt: skip
"""Octets that the body of each kind has at least."""
NO_COUNT = 0xFFFF
END_OF_NAMES, EUI64 = 0, 4
ADDRESS_SIZES = {1: 4, 2: 16, 3: 6, 4: 8}
"""Octets of an address, by the kind of a record with its names."""


class Layouts(NamedTuple):
    """How numbers lie in the blocks of a section."""

    head: struct.Struct
    section: struct.Struct
    interface: struct.Struct
    old_packet: struct.Struct
    number: struct.Struct
    packet: struct.Struct
    statistics: struct.Struct
    record: struct.Struct


LAYOUTS = {
    order: Layouts(*(struct.Struct(mark + form) for form in (
        "II", "IHHq", "HHI", "HHIIII", "I", "IIIII", "III", "HH",
    )))
    for order, mark in (("little", "<"), ("big", ">"))
}  # fmt: skip


def read_pcapng(buffer: Buffer) -> Iterator[Block]:
    """Yield what is in the file, block after block.

    Raises:
        ParseError: the file is damaged there, or breaks off.
    """
    reader = _Reader(buffer)
    while True:
        yield from reader.packets()
        block = reader.other()
        if block is None:
            return
        yield block


class _Reader:
    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._order = "little"
        self._layouts = LAYOUTS[self._order]
        self._interfaces: list[Interface] = []
        self._scales: list[tuple[int, int]] = []
        """Of each interface: nanoseconds to add, and in a unit; 0: that is no whole number."""

    def packets(self) -> Iterator[Captured]:
        """Yield the packets that are next in the buffer, as long as nothing else comes."""
        buffer = self._buffer
        head, body = self._layouts.head.unpack_from, self._layouts.packet.unpack_from
        data, at = buffer.data, buffer.at
        last = len(data) - HEAD
        while at <= last:
            kind, size = head(data, at)
            if kind != PACKET or at + size > last + HEAD or size < LEAST + 20:
                return
            number, high, low, kept, length = body(data, at + HEAD)
            start = at + HEAD + 20
            options = start + kept + -kept % 4
            end = at + size - 4
            if number >= len(self._scales) or options > end or size % 4:
                return
            offset, scale = self._scales[number]
            if head(data, end - 4)[1] != size:
                return
            units = high << 32 | low
            interface = self._interfaces[number]
            time_ns = offset + units * scale if scale else interface.time_ns(units)
            more = read_options(data, options, end, self._order) if end - options > 4 else ()
            at = buffer.at = at + size
            yield Captured(data[start : start + kept], time_ns, length, interface, more)

    def other(self) -> Block | None:
        """Return the next block, of whatever kind; ``None``: it was the last.

        Raises:
            ParseError: it is damaged, or breaks off.
        """
        buffer = self._buffer
        if not buffer.fill(LEAST):
            if buffer.left:
                raise TruncatedError(f"it breaks off after {buffer.left} octets of a block")
            return None
        kind, size = self._layouts.head.unpack_from(buffer.data, buffer.at)
        if kind == SECTION:
            self._begin_section()
            kind, size = self._layouts.head.unpack_from(buffer.data, buffer.at)
        if size < LEAST or size % 4 or size > LONGEST:
            raise ParseError(f"a block of {size} octets: it is damaged there")
        if not buffer.fill(size):
            raise TruncatedError(f"it breaks off after {buffer.left} of {size} octets of a block")
        start, end = buffer.at + HEAD, buffer.at + size - 4
        (again,) = self._layouts.number.unpack_from(buffer.data, end)
        if again != size:
            raise ParseError(f"a block of {size} octets that ends as one of {again}")
        if end - start < LEAST_BODIES.get(kind, 0):
            raise ParseError(f"a block of kind {kind} with a body of {end - start} octets, too few")
        block = self._block(kind, start, end)
        buffer.at += size
        return block

    def _begin_section(self) -> None:
        buffer = self._buffer
        magic = buffer.data[buffer.at + HEAD : buffer.at + HEAD + 4]
        if magic not in ORDERS:
            raise ParseError(f"a section with the byte-order magic {magic.hex()}")
        self._order = ORDERS[magic]
        self._layouts = LAYOUTS[self._order]
        self._interfaces, self._scales = [], []

    def _block(self, kind: int, start: int, end: int) -> Block:
        data = self._buffer.data
        match kind:
            case 0x0A0D0D0A:
                _, *version, length = self._layouts.section.unpack_from(data, start)
                options = read_options(data, start + 16, end, self._order)
                return Section(options, self._order, (version[0], version[1]), length)
            case 1:
                return self._interface(start, end)
            case 2 | 3 | 6:
                return self._packet(kind, start, end)
            case 4:
                return self._names(start, end)
            case 5:
                return self._statistics(start, end)
            case 0x0BAD | 0x4000_0BAD:
                (enterprise,) = self._layouts.number.unpack_from(data, start)
                return Custom(enterprise, data[start + 4 : end], kind == CUSTOM, self._order)
            case _:
                return Other(kind, data[start:end], self._order)

    def _interface(self, start: int, end: int) -> Interface:
        data = self._buffer.data
        link_type, _, snap_length = self._layouts.interface.unpack_from(data, start)
        options = read_options(data, start + 8, end, self._order)
        number = len(self._interfaces)
        interface = Interface(link_type_of(link_type), snap_length, options, number, self._order)
        units = interface.units
        scale = NANOSECONDS // units if NANOSECONDS % units == 0 else 0
        self._interfaces.append(interface)
        self._scales.append((interface.offset * NANOSECONDS, scale))
        return interface

    def _of(self, number: int) -> Interface:
        if number >= len(self._interfaces):
            raise ParseError(f"a packet of interface {number}, which the section does not have")
        return self._interfaces[number]

    def _packet(self, kind: int, start: int, end: int) -> Captured:
        """Return a packet from a block of any of the three kinds."""
        data, layouts = self._buffer.data, self._layouts
        options: tuple[Option, ...] = ()
        if kind == SIMPLE_PACKET:
            (length,) = layouts.number.unpack_from(data, start)
            interface = self._of(0)
            kept = min(length, interface.snap_length or length, end - start - 4)
            octets = data[start + 4 : start + 4 + kept]
            return Captured(octets, None, length, interface)
        if kind == PACKET:
            number, high, low, kept, length = layouts.packet.unpack_from(data, start)
        else:
            number, drops, high, low, kept, length = layouts.old_packet.unpack_from(data, start)
            if drops != NO_COUNT:
                order = "big" if self._order == "big" else "little"
                options = (Option(DROP_COUNT, drops.to_bytes(8, order)),)
        start += 20
        if start + kept > end:
            raise ParseError(f"a packet of {kept} octets in a block with room for {end - start}")
        more = read_options(data, start + kept + -kept % 4, end, self._order)
        interface = self._of(number)
        time_ns = interface.time_ns(high << 32 | low)
        return Captured(data[start : start + kept], time_ns, length, interface, options + more)

    def _statistics(self, start: int, end: int) -> Statistics:
        data = self._buffer.data
        number, high, low = self._layouts.statistics.unpack_from(data, start)
        interface = self._of(number)
        options = read_options(data, start + 12, end, self._order)
        return Statistics(interface, interface.time_ns(high << 32 | low), options)

    def _names(self, start: int, end: int) -> Names:
        data, records = self._buffer.data, []
        while start + 4 <= end:
            kind, length = self._layouts.record.unpack_from(data, start)
            start += 4
            if kind == END_OF_NAMES:
                break
            if start + length > end:
                raise ParseError(f"a name of {length} octets where {end - start} are left")
            value = data[start : start + length]
            size = ADDRESS_SIZES.get(kind, 0)
            names = value[size:].removesuffix(b"\0").split(b"\0") if len(value) > size else []
            shown = tuple(name.decode(errors="surrogateescape") for name in names)
            records.append(NameRecord(kind, value[:size], shown))
            start += length + -length % 4
        return Names(tuple(records), read_options(data, start, end, self._order))
