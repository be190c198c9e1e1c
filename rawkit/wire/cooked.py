"""Headers that exist in captures only: Linux cooked capture, and the loopbacks of the BSDs.

Linux cooked capture (LINKTYPE_LINUX_SLL), for packets of any interface:

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-1    packet type           0: to us, 1: broadcast, 2: multicast, 3: to another, 4: by us
2-3    hardware type         ARPHRD of Linux
4-5    address length        of the sender's hardware address
6-13   address               its first eight octets
14-15  protocol              an EtherType, or what Linux uses below 0x0600
====== ===================== =================================================

Version 2 (LINKTYPE_LINUX_SLL2):

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-1    protocol
2-3    reserved
4-7    interface             its number
8-9    hardware type
10     packet type
11     address length
12-19  address
====== ===================== =================================================

BSD's loopback has four octets: an address family, in the order of the machine that wrote
it (LINKTYPE_NULL) or big-endian (LINKTYPE_LOOP). The family of IPv6 differs between systems.
"""

import struct
from typing import Self

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, field, record, replace
from rawkit.wire.address import MAC
from rawkit.wire.carrier import Carrier, EtherTyped, as_type
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header, Parser

SLL_LAYOUT, SLL2_LAYOUT = struct.Struct("!HHH8sH"), struct.Struct("!HHIHBB8s")
ROOM = 8
"""Octets for the address."""
ETHERNET = 1
NETLINK = 824
"""ARPHRD_NETLINK: the protocol is no EtherType."""
LLC = 0x0004
"""ETH_P_802_2 of Linux: an 802.2 header follows."""
DIRECTIONS = dict(
    enumerate(
        (
            Direction.IN,
            Direction.BROADCAST,
            Direction.MULTICAST,
            Direction.OTHER_HOST,
            Direction.OUT,
        )
    )
)
"""What packet types mean (packet(7))."""
FAMILIES = {2: EtherType.IPV4, 10: EtherType.IPV6, 24: EtherType.IPV6, 28: EtherType.IPV6,
            30: EtherType.IPV6}  # fmt: skip
"""Address families: IPv6 in Linux, NetBSD and OpenBSD, FreeBSD, macOS."""
FAMILY_SIZE = 4
HIGHEST_FAMILY = 0xFFFF
"""One that is larger was written in the other order."""


@record
class Cooked(EtherTyped):
    """What both versions of Linux cooked capture tell."""

    packet_type: int = 0
    """Where the packet was going."""
    hardware_type: int = ETHERNET
    address: bytes = b""
    """The sender's hardware address, at most 8 octets; one of six is a ``MAC``."""
    padding: bytes | None = computed(default=None)
    """What fills the room for it."""
    address_length: int | None = computed(default=None)

    @property
    def direction(self) -> Direction | None:
        """Where the packet was going; ``None`` for a type that is not known."""
        return DIRECTIONS.get(self.packet_type)

    @property
    def carried_type(self) -> int | None:
        if self.hardware_type == NETLINK:
            return None
        return EtherType.LENGTH if self.ether_type == LLC else as_type(self.ether_type)

    def _address(self) -> tuple[int, bytes, int]:
        """Return the length, the octets and the protocol to be sent.

        Raises:
            BuildError: they do not fit.
        """
        name = type(self).__name__
        if self.ether_type is None:
            raise BuildError(f"{name}: ether_type is unset and nothing inside implies it")
        room = max(0, ROOM - len(self.address))
        padding = bytes(room) if self.padding is None else self.padding
        octets = self.address + padding
        if len(octets) != ROOM:
            raise BuildError(f"{name}: {len(octets)} octets of address, and there is room for 8")
        length = len(self.address) if self.address_length is None else self.address_length
        return length, octets, self.ether_type


@record
class LinuxCooked(Cooked):
    """Linux cooked capture, the first version."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SLL_LAYOUT.size:
            raise TruncatedError(f"{cls.__name__}: {len(data)} of {SLL_LAYOUT.size} header octets")
        kind, hardware, length, octets, protocol = SLL_LAYOUT.unpack_from(data)
        header = cls(kind, hardware, *_split(octets, length), length, ether_type=protocol)
        return header, data[SLL_LAYOUT.size :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        length, octets, protocol = self._address()
        try:
            fields = self.packet_type, self.hardware_type, length, octets, protocol
            return SLL_LAYOUT.pack(*fields) + payload
        except struct.error as error:
            raise BuildError(f"LinuxCooked: {error} in {self}") from error


@record
class LinuxCooked2(Cooked):
    """Linux cooked capture, version 2: it tells the interface."""

    interface: int = 0
    """Its number."""
    reserved: int = 0

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SLL2_LAYOUT.size:
            raise TruncatedError(f"{cls.__name__}: {len(data)} of {SLL2_LAYOUT.size} header octets")
        protocol, reserved, number, hardware, kind, length, octets = SLL2_LAYOUT.unpack_from(data)
        parts = _split(octets, length)
        header = cls(kind, hardware, *parts, length, number, reserved, ether_type=protocol)
        return header, data[SLL2_LAYOUT.size :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        length, octets, protocol = self._address()
        first = protocol, self.reserved, self.interface, self.hardware_type
        try:
            return SLL2_LAYOUT.pack(*first, self.packet_type, length, octets) + payload
        except struct.error as error:
            raise BuildError(f"LinuxCooked2: {error} in {self}") from error


@record
class Loopback(Carrier):
    """The header of a BSD's loopback."""

    family: int | None = None
    """An address family; set by itself when IPv4 or IPv6 is put inside."""
    big_endian: bool = field(default=False, kw_only=True)

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        """Read one in the order of some machine, which its family gives away."""
        family = int.from_bytes(data[:FAMILY_SIZE], "little")
        return cls._read(data, family > HIGHEST_FAMILY)

    @classmethod
    def parse_big_endian(cls, data: memoryview) -> tuple[Self, memoryview]:
        """Read one of OpenBSD's."""
        return cls._read(data, True)

    @classmethod
    def _read(cls, data: memoryview, big_endian: bool) -> tuple[Self, memoryview]:
        if len(data) < FAMILY_SIZE:
            raise TruncatedError(f"Loopback: {len(data)} of {FAMILY_SIZE} header octets")
        family = int.from_bytes(data[:FAMILY_SIZE], "big" if big_endian else "little")
        return cls(family, big_endian=big_endian), data[FAMILY_SIZE:]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.family is None:
            raise BuildError("Loopback: family is unset and nothing inside implies it")
        try:
            octets = self.family.to_bytes(FAMILY_SIZE, "big" if self.big_endian else "little")
        except OverflowError as error:
            raise BuildError(f"Loopback: {error} in {self}") from error
        return octets + payload

    @property
    def carried_type(self) -> int | None:
        return None if self.family is None else FAMILIES.get(self.family)

    def carrying(self, inner: Header) -> Self:
        if self.family is not None or inner.ETHER_TYPE is None:
            return self
        known = (family for family, carried in FAMILIES.items() if carried == inner.ETHER_TYPE)
        return replace(self, family=next(known, None))


def _split(octets: bytes, length: int) -> tuple[bytes, bytes]:
    address = octets[:length]
    return MAC(address) if len(address) == 6 else address, octets[length:]


PARSERS: dict[int, Parser] = {
    LinkType.LINUX_SLL: LinuxCooked.parse,
    LinkType.LINUX_SLL2: LinuxCooked2.parse,
    LinkType.NULL: Loopback.parse,
    LinkType.LOOP: Loopback.parse_big_endian,
}
