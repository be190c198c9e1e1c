"""What capture files hold: sections, interfaces, packets, and what else is told about them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rawkit.capture import options as opt
from rawkit.capture.options import Options
from rawkit.record import record
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType, dissect_on

if TYPE_CHECKING:
    from rawkit.wire.packet import Packet

NANOSECONDS = 10**9
MICROSECOND_DIGITS = 6
"""The resolution of times where an interface names none."""
BINARY = 0x80
"""In a resolution: a power of two, not of ten."""
INBOUND, OUTBOUND = 1, 2
RECEPTION = {
    Direction.IN: 1,
    Direction.MULTICAST: 2,
    Direction.BROADCAST: 3,
    Direction.OTHER_HOST: 4,
}
"""Kinds of reception in the flags of a packet, from bit 2 on."""
PACKET_TYPES = (
    Direction.IN,
    Direction.BROADCAST,
    Direction.MULTICAST,
    Direction.OTHER_HOST,
    Direction.OUT,
)
"""By their numbers in Linux (packet(7))."""
COOKED_TYPE = {LinkType.LINUX_SLL: 1, LinkType.LINUX_SLL2: 10}
"""The octet of a cooked header that tells where a packet was going."""


@record
class Section:
    """A part of a file with interfaces of its own; a pcap file is one."""

    options: Options = ()
    order: str = "little"
    """Of its numbers: ``little`` or ``big``."""
    version: tuple[int, int] = (1, 0)
    length: int = -1
    """Octets of its blocks; -1: not told."""

    @property
    def comments(self) -> tuple[str, ...]:
        """What people noted about it."""
        return opt.texts(self.options, opt.COMMENT)

    @property
    def hardware(self) -> str | None:
        """What it was captured on."""
        return opt.text(self.options, opt.SECTION_HARDWARE)

    @property
    def os(self) -> str | None:
        """The operating system it was captured on."""
        return opt.text(self.options, opt.SECTION_OS)

    @property
    def application(self) -> str | None:
        """The program that wrote it."""
        return opt.text(self.options, opt.SECTION_APPLICATION)


@record
class Interface:
    """Where packets were captured."""

    link_type: LinkType | int
    snap_length: int = 0
    """Octets that were kept of each packet at most; 0: all."""
    options: Options = ()
    number: int = 0
    """In its section, from 0."""
    order: str = "little"
    """Of the numbers in its options."""

    @property
    def name(self) -> str | None:
        """Such as ``eth0``."""
        return opt.text(self.options, opt.NAME)

    @property
    def description(self) -> str | None:
        """In words."""
        return opt.text(self.options, opt.DESCRIPTION)

    @property
    def filter(self) -> str | None:
        """The expression that chose what was captured."""
        value = opt.first(self.options, opt.FILTER)
        return value[1:].decode(errors="replace") if value and value[0] == 0 else None

    @property
    def comments(self) -> tuple[str, ...]:
        """What people noted about it."""
        return opt.texts(self.options, opt.COMMENT)

    @property
    def units(self) -> int:
        """Units of its times in a second."""
        value = opt.first(self.options, opt.RESOLUTION)
        digits = value[0] if value else MICROSECOND_DIGITS
        return 1 << (digits & ~BINARY) if digits & BINARY else 10**digits

    @property
    def offset(self) -> int:
        """Seconds to be added to its times."""
        value = opt.first(self.options, opt.TIME_OFFSET) or b""
        return int.from_bytes(value, "big" if self.order == "big" else "little", signed=True)

    def time_ns(self, units: int) -> int:
        """Return a time of its own in nanoseconds since 1970, UTC; what is finer is cut off."""
        return self.offset * NANOSECONDS + units * NANOSECONDS // self.units

    def units_of(self, time_ns: int) -> int:
        """Return nanoseconds since 1970 in its own units."""
        return (time_ns - self.offset * NANOSECONDS) * self.units // NANOSECONDS


@record
class Captured:
    """A packet in a file."""

    octets: bytes
    time_ns: int | None
    """Nanoseconds since 1970, UTC; ``None`` in a block that tells no time."""
    length: int
    """Octets that it had, of which there may be fewer here."""
    interface: Interface
    options: Options = ()

    def dissect(self) -> "Packet":
        """Return its headers, beginning with what the link makes it begin with."""
        return dissect_on(self.interface.link_type, self.octets)

    @property
    def time(self) -> float | None:
        """Seconds since 1970, UTC: good to a fifth of a microsecond."""
        return None if self.time_ns is None else self.time_ns / NANOSECONDS

    @property
    def is_cut(self) -> bool:
        """Whether octets of it are missing."""
        return len(self.octets) < self.length

    @property
    def comments(self) -> tuple[str, ...]:
        """What people noted about it."""
        return opt.texts(self.options, opt.COMMENT)

    @property
    def flags(self) -> int | None:
        """What the link told of it (pcapng §4.3.1)."""
        return opt.number(self.options, opt.FLAGS, self.interface.order)

    @property
    def drop_count(self) -> int | None:
        """Packets that were lost between the one before it and this one."""
        return opt.number(self.options, opt.DROP_COUNT, self.interface.order)

    @property
    def direction(self) -> Direction | None:
        """Where it was going, by its flags or its cooked header; ``None``: it is not known."""
        flags = self.flags or 0
        if flags & 3 == OUTBOUND:
            return Direction.OUT
        for direction, number in RECEPTION.items():
            if flags >> 2 & 7 == number:
                return direction
        if flags & 3 == INBOUND:
            return Direction.IN
        place = COOKED_TYPE.get(self.interface.link_type, len(self.octets))  # type: ignore[call-overload]
        kind = self.octets[place] if place < len(self.octets) else len(PACKET_TYPES)
        return PACKET_TYPES[kind] if kind < len(PACKET_TYPES) else None

    @property
    def about(self) -> Mapping[int, int]:
        """What filters may ask besides its octets."""
        known: dict[int, int] = {Ancillary.INTERFACE: self.interface.number}
        if (direction := self.direction) is not None:
            known[Ancillary.PACKET_TYPE] = PACKET_TYPES.index(direction)
        return known


def flags_of(direction: Direction) -> int:
    """Return the flags of a packet that was going there."""
    if direction is Direction.OUT:
        return OUTBOUND
    return RECEPTION[direction] << 2 | INBOUND


@record
class Statistics:
    """What an interface counted, up to some time."""

    interface: Interface
    time_ns: int
    options: Options = ()

    def _count(self, code: int) -> int | None:
        return opt.number(self.options, code, self.interface.order)

    @property
    def received(self) -> int | None:
        """Packets that the interface received."""
        return self._count(opt.RECEIVED)

    @property
    def dropped(self) -> int | None:
        """Packets that the interface had no room for."""
        return self._count(opt.DROPPED)

    @property
    def accepted(self) -> int | None:
        """Packets that passed the filter."""
        return self._count(opt.ACCEPTED)

    @property
    def os_dropped(self) -> int | None:
        """Packets that the operating system had no room for."""
        return self._count(opt.OS_DROPPED)

    @property
    def delivered(self) -> int | None:
        """Packets that the capturing program was given."""
        return self._count(opt.DELIVERED)


@record
class NameRecord:
    """The names of one address."""

    kind: int
    """1: IPv4, 2: IPv6, 3: EUI-48, 4: EUI-64."""
    address: bytes
    names: tuple[str, ...]


@record
class Names:
    """Names that were known when the file was written."""

    records: tuple[NameRecord, ...]
    options: Options = ()


@record
class Custom:
    """Something of somebody's own (pcapng §4.7)."""

    enterprise: int
    """Whose: a Private Enterprise Number."""
    data: bytes
    """All that follows, options included."""
    copyable: bool = True
    """Whether it still makes sense in a file that was made from this one."""
    order: str = "little"
    """Of the numbers that may be in it."""


@record
class Other:
    """A block of any other kind, as it stands in the file."""

    kind: int
    body: bytes
    order: str = "little"
    """Of the numbers that may be in it."""


Block = Section | Interface | Captured | Statistics | Names | Custom | Other
