"""Frames into a capture file: each with its interface, its direction, and its tag put back."""

import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from rawkit.capture.blocks import Interface
from rawkit.capture.writer import CaptureWriter, Naming
from rawkit.sockets import options
from rawkit.sockets.frame_news import DIRECTIONS, FRAMED, TAG
from rawkit.sockets.frame_ring import FrameRing
from rawkit.sockets.ring import FrameHead, tag_of
from rawkit.sockets.timestamps import SECOND
from rawkit.wire.ethernet import SIZE
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.numbers import EtherType
from rawkit.wire.received_frame import ReceivedFrame
from rawkit.wire.vlan import ADDRESSES, tagged

COOKED = struct.Struct("!HHIHBB6s2x")
"""The header of Linux cooked capture, version 2, with an address of six octets."""
NUMBERS: dict[Direction | None, int] = {way: number for number, way in DIRECTIONS.items()}
UNKNOWN = -1
"""A packet type that is not known."""
ETHERNET, RAW = int(LinkType.ETHERNET), int(LinkType.RAW)
LOOPBACK = 1
"""The number of the loopback interface in every network."""
NO_HARDWARE = 0xFFFE
"""ARPHRD_NONE: a link without a header."""
ETHER_TYPES = {4: EtherType.IPV4, 6: EtherType.IPV6}
"""By the first four bits of an IP packet."""

Counts = dict[str | None, tuple[int, int, int]]
"""For each interface packets, their octets on the link, and how many of them were cut."""


class Lane(NamedTuple):
    """What the frames of an interface, a link and a direction have in common."""

    add: Callable[[bytes, int, int], None]
    counts: list[int]


class FrameWriter:
    """Writes what packet sockets hear to one capture file."""

    def __init__(
        self,
        writer: CaptureWriter,
        chosen_by: str = "",
        snap_length: int = 0,
        number_of: Callable[[str], int] | None = None,
    ) -> None:
        """Prepare.

        Args:
            writer: the file.
            chosen_by: the filter, in words.
            snap_length: octets that are kept of each packet at most; 0: all.
            number_of: returns the number of an interface, if there may be several. A pcap file
                has one kind of link: for several it is Linux cooked capture, version 2.
        """
        self.writer = writer
        self.count = 0
        """Packets that were written."""
        self.octets = 0
        """Of those."""
        self._chosen_by = chosen_by
        self._snap_length = snap_length
        self._number_of = number_of if writer.format == "pcap" else None
        self._numbers: dict[str | None, int] = {None: 0}
        self._interfaces: dict[tuple[str | None, int], Interface] = {}
        self._lanes: dict[tuple[str | None, int, int], Lane] = {}

    def write(self, frame: ReceivedFrame) -> None:
        """Add a frame that was received.

        Raises:
            OSError: the file cannot be written.
        """
        self.add(frame.octets, frame.time_ns, frame.length, *about(frame))

    def add(
        self,
        octets: bytes,
        time_ns: int,
        length: int,
        interface: str | None,
        link_type: int,
        where: int,
    ) -> None:
        """Add a frame.

        Args:
            octets: with their VLAN tag.
            time_ns: nanoseconds since 1970, UTC.
            length: octets that it had on the link.
            interface: its name.
            link_type: what the octets begin with.
            where: ``PACKET_HOST`` and so on.
        """
        key = interface, link_type, where
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = self._new_lane(*key)
        counts = lane.counts
        counts[0] += 1
        counts[1] += length
        counts[2] += len(octets) < length
        if self._number_of is not None:
            before = len(octets)
            octets = cooked(octets, self._number(interface), link_type, where)
            length += len(octets) - before
        self.count += 1
        self.octets += len(octets)
        lane.add(octets, time_ns, length)

    def take_counts(self) -> Counts:
        """Return what was written since the last such question."""
        sums: dict[str | None, list[int]] = {}
        for (interface, _, _), lane in self._lanes.items():
            if not lane.counts[0]:
                continue
            add_to(sums.setdefault(interface, [0, 0, 0]), lane.counts)
            lane.counts[:] = 0, 0, 0
        return {name: (one[0], one[1], one[2]) for name, one in sums.items()}

    def flush(self) -> None:
        """Hand everything to the system."""
        self.writer.flush()

    def close(self, time_ns: int = 0, passed: int = 0, dropped: int = 0) -> None:
        """Add what the kernel has counted, and complete the file.

        Args:
            time_ns: when, in nanoseconds since 1970.
            passed: packets that passed the filter.
            dropped: those of them that there was no room for.
        """
        try:
            if len(self._interfaces) == 1 and time_ns:  # the kernel counts all of them together
                (interface,) = self._interfaces.values()
                told = passed - dropped
                self.writer.write_statistics(
                    interface, time_ns, accepted=passed, os_dropped=dropped, delivered=told
                )
        finally:
            self.writer.close()

    def _new_lane(self, interface: str | None, link_type: int, where: int) -> Lane:
        name = interface
        if self._number_of is not None:
            name, link_type = None, LinkType.LINUX_SLL2
        known = self._interfaces.get((name, link_type))
        if known is None:
            known = self._interfaces[name, link_type] = self._new(name, link_type)
        return Lane(self.writer.lane(known, DIRECTIONS.get(where)), [0, 0, 0])

    def _new(self, interface: str | None, link_type: int) -> Interface:
        naming: Naming = {"snap_length": self._snap_length}
        if interface is not None:
            naming["name"] = interface
        if self._chosen_by:
            naming["filter"] = self._chosen_by
        return self.writer.add_interface(link_type, **naming)

    def _number(self, interface: str | None) -> int:
        if (known := self._numbers.get(interface)) is not None:
            return known
        assert self._number_of is not None
        assert interface is not None
        number = self._numbers[interface] = self._number_of(interface)
        return number


class Sink(Protocol):
    """Where frames go to."""

    count: int

    def add(
        self,
        octets: bytes,
        time_ns: int,
        length: int,
        interface: str | None,
        link_type: int,
        where: int,
    ) -> None: ...

    def write(self, frame: ReceivedFrame) -> None: ...

    def take_counts(self) -> Counts: ...

    def flush(self) -> None: ...


def copy(ring: FrameRing, frames: Iterable[tuple[FrameHead, bytes]], sink: Sink) -> None:
    """Write frames from a ring, without reading them.

    Raises:
        OSError: the file cannot be written.
    """
    add, name_of = sink.add, ring.name_of
    for head, octets in frames:
        seconds, ns, length, status, index = head[1], head[2], head[4], head[5], head[13]
        link_type = ETHERNET if head[14] in FRAMED else RAW
        if status & options.TP_STATUS_VLAN_VALID and len(octets) >= ADDRESSES:
            vlan = tag_of(status, head[9], head[10])
            assert vlan is not None
            octets, length = tagged(octets, vlan), length + TAG
        add(octets, seconds * SECOND + ns, length, name_of(index), link_type, head[15])


def about(frame: ReceivedFrame) -> tuple[str | None, int, int]:
    """Return interface, link and direction of a frame, as :meth:`FrameWriter.add` takes them."""
    where = NUMBERS.get(frame.direction, UNKNOWN)
    return frame.interface, int(frame.link_type), where


def add_to(sums: list[int], counts: Iterable[int]) -> None:
    """Add numbers to others."""
    for place, count in enumerate(counts):
        sums[place] += count


def cooked(octets: bytes, number: int, link_type: int, where: int) -> bytes:
    """Return a frame with the header of Linux cooked capture, version 2, in place of its own.

    Args:
        octets: the frame.
        number: that of the interface; 0: it is not known.
        link_type: what the frame begins with.
        where: ``PACKET_HOST`` and so on.
    """
    if link_type != ETHERNET:
        protocol = ETHER_TYPES.get(octets[0] >> 4, 0) if octets else 0
        return COOKED.pack(protocol, 0, number, NO_HARDWARE, max(where, 0), 0, b"") + octets
    hardware = options.ARPHRD_LOOPBACK if number == LOOPBACK else options.ARPHRD_ETHER
    protocol, source = int.from_bytes(octets[12:SIZE], "big"), octets[6:12]
    head = COOKED.pack(protocol, 0, number, hardware, max(where, 0), 6, source)
    return head + octets[SIZE:]
