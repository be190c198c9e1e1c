"""What a writer writes for each thing it is given, in either format."""

import io
import os
from collections.abc import Callable

from rawkit.capture import options as opt
from rawkit.capture.blocks import (
    Block,
    Captured,
    Custom,
    Interface,
    Names,
    Other,
    Section,
    Statistics,
)
from rawkit.capture.options import Option, Options, of_text
from rawkit.capture.pcapng_write import (
    Clock,
    in_order,
    interface_in,
    pack_interface,
    pack_names,
    pack_other,
    pack_packet,
    pack_section,
    pack_simple_packet,
    pack_statistics,
)
from rawkit.capture.pcapng_write import packer as pcapng_packer
from rawkit.errors import BuildError
from rawkit.wire.pcap import LONGEST_PACKET, PcapWriter, packer

APPLICATION = "rawkit"
DEFAULT_DIGITS = 6
VERSION = (1, 0)


class PcapFile:
    """A pcap file: what it has no room for is left out."""

    name = "pcap"

    def __init__(self, digits: int, order: str) -> None:
        self._digits = digits
        self._order = order
        self._writer: PcapWriter | None = None
        self._file = io.BytesIO()
        self._link_type: int | None = None
        self._snap_length = 0

    def beginning(self, link_type: int) -> bytes:
        """Return the header, unless it has been written."""
        if self._writer is None:
            known = link_type if self._link_type is None else self._link_type
            self._writer = PcapWriter(
                self._file,
                known,
                nanoseconds=self._digits > DEFAULT_DIGITS,
                snap_length=self._snap_length,
                order=self._order,
            )
        return self._taken()

    def new_interface(
        self, link_type: int, snap_length: int, options: Options
    ) -> tuple[bytes, Interface]:
        """Return what to write for another interface, and the interface."""
        self._be(link_type, snap_length)
        return b"", Interface(link_type, snap_length, options, 0, self._order)

    def packet(self, packet: Captured) -> bytes:
        """Return what to write for a packet, whatever file it is from."""
        if packet.time_ns is None:
            raise BuildError("pcap: a packet without a time")
        self._be(packet.interface.link_type, packet.interface.snap_length)
        first = self.beginning(packet.interface.link_type)
        assert self._writer is not None
        self._writer.write(packet.octets, packet.time_ns, packet.length)
        return first + self._taken()

    def packer(self, interface: Interface, _: Options) -> Callable[[bytes, int, int], bytes]:
        """Return what makes of octets, time and length what to write for a packet."""
        self._be(interface.link_type, interface.snap_length)
        return packer(self._order, self._snap_length, nanoseconds=self._digits > DEFAULT_DIGITS)

    def block(self, block: Block) -> bytes:
        """Return what to write for anything else: nothing."""
        if isinstance(block, Interface):
            self._be(block.link_type, block.snap_length)
        return b""

    def number(self, code: int, value: int, size: int) -> Option:
        """Return an option with a number, which will be left out."""
        return Option(code, value.to_bytes(size, "little"))

    def _be(self, link_type: int, snap_length: int) -> None:
        """Be a file of packets of this link."""
        if self._link_type is None:
            self._link_type = link_type
            self._snap_length = max(snap_length, LONGEST_PACKET)
        elif self._link_type != link_type:
            raise BuildError(
                f"pcap: packets of link type {link_type!r} in a file of {self._link_type!r}"
                " (pcapng has room for both)"
            )

    def _taken(self) -> bytes:
        octets = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return octets


class PcapngFile:
    """A pcapng file."""

    name = "pcapng"

    def __init__(self, digits: int, order: str | None, comments: tuple[str, ...]) -> None:
        self._digits = digits
        self._order = order
        self._comments = comments
        self._is_begun = False
        self._here: dict[Interface, tuple[Interface, Clock]] = {}
        """The interfaces of this section, by what they are called by those who add packets."""
        self._count = 0
        self._last: Interface | None = None
        """Whose the last packet was, and what is here for it."""
        self._last_here: tuple[Interface, Clock]

    def beginning(self, _: int = 0) -> bytes:
        """Return the header of the first section, unless it has been written."""
        if self._is_begun:
            return b""
        options = of_text(opt.COMMENT, self._comments)
        options += of_text(opt.SECTION_OS, (" ".join(os.uname()[:3:2]),))
        options += of_text(opt.SECTION_APPLICATION, (APPLICATION,))
        return self._begun(Section(options, self._order or "little"))

    def new_interface(
        self, link_type: int, snap_length: int, options: Options
    ) -> tuple[bytes, Interface]:
        """Return what to write for another interface, and the interface."""
        first = self.beginning()
        if self._digits != DEFAULT_DIGITS:
            options += (Option(opt.RESOLUTION, bytes([self._digits])),)
        new = Interface(link_type, snap_length, options, self._count, self._known_order())
        return first + self._added(new), new

    def packet(self, packet: Captured) -> bytes:
        """Return what to write for a packet, whatever file it is from."""
        first = b""
        if packet.interface is not self._last:  # to look an interface up takes a while
            if packet.interface not in self._here:
                first = self.beginning() + self._added(packet.interface)
            self._last = packet.interface
            self._last_here = self._here[packet.interface]
        interface, clock = self._last_here
        order = interface.order
        if packet.time_ns is None:
            if interface.number != 0:
                raise BuildError("pcapng: a packet without a time is one of the first interface")
            kept = min(packet.length, interface.snap_length or packet.length)
            if len(packet.octets) != kept:
                raise BuildError(
                    f"pcapng: a packet without a time has {kept} octets here, by its interface"
                )
            return first + pack_simple_packet(order, packet.octets, packet.length)
        options = packet.options
        if options:
            options = in_order(options, "packet", packet.interface.order, order)
        time = clock.halves(packet.time_ns)
        number = interface.number
        return first + pack_packet(order, number, time, packet.octets, packet.length, options)

    def packer(self, interface: Interface, options: Options) -> Callable[[bytes, int, int], bytes]:
        """Return what makes of octets, time and length what to write for a packet."""
        here, clock = self._here[interface]
        order = here.order
        more = in_order(options, "packet", interface.order, order)
        return pcapng_packer(order, here.number, clock, more)

    def block(self, block: Block) -> bytes:
        """Return what to write for anything else."""
        if isinstance(block, Section):
            return self._begun(block)
        first, order = self.beginning(), self._known_order()
        match block:
            case Interface():
                return first + self._added(block)
            case Statistics():
                return first + self._statistics(block, order)
            case Names():
                return first + pack_names(block, order)
            case Custom() | Other():
                return first + pack_other(block, order)
            case _:
                return first + self.packet(block)

    def number(self, code: int, value: int, size: int) -> Option:
        """Return an option with a number, in the order of this file."""
        self._order = self._known_order()
        return Option(code, value.to_bytes(size, "big" if self._order == "big" else "little"))

    def _known_order(self) -> str:
        return self._order or "little"

    def _begun(self, section: Section) -> bytes:
        """Begin a section; its length is not known before it is written."""
        self._order = self._order or section.order
        self._is_begun = True
        self._here.clear()
        self._count, self._last = 0, None
        version = section.version if section.version[0] == VERSION[0] else VERSION
        return pack_section(Section(section.options, self._order, version))

    def _added(self, interface: Interface) -> bytes:
        order = self._known_order()
        new = interface_in(interface, order, self._count)
        octets = pack_interface(new)
        self._here[interface] = self._here[new] = new, Clock.of(new)
        self._count += 1
        return octets

    def _statistics(self, told: Statistics, order: str) -> bytes:
        first = b"" if told.interface in self._here else self._added(told.interface)
        options = in_order(told.options, "statistics", told.interface.order, order)
        interface, _ = self._here[told.interface]
        return first + pack_statistics(Statistics(interface, told.time_ns, options), order)
