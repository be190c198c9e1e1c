"""Neighbour discovery for IPv6 (RFC 4861): who is on this link, and which are its routers?

============================== ====== =========================================
message                        type   octets 4 on
============================== ====== =========================================
:class:`RouterSolicitation`    133    reserved, options
:class:`RouterAdvertisement`   134    hop limit, flags, lifetime, two timers, options
:class:`NeighborSolicitation`  135    reserved, target, options
:class:`NeighborAdvertisement` 136    flags, target, options
============================== ====== =========================================

They are ICMPv6 messages; :func:`rawkit.wire.icmpv6.parse` reads them. Octets that are no
options any more are the payload, and make the message invalid (RFC 4861 §6.1, §7.1).
"""

import struct
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import MAC, Address, ipv6_address
from rawkit.wire.icmpv6 import Message, message_octets
from rawkit.wire.ndp_options import (
    Option,
    SourceLinkLayer,
    TargetLinkLayer,
    pack_options,
    preference_of,
    read_options,
)
from rawkit.wire.packet import Header

SHORT = struct.Struct("!BBHI")
ROUTER = struct.Struct("!BBHBBHII")
TARGET = struct.Struct("!BBHI16s")

HOP_LIMIT = 255
"""Of every message: proof that no router passed it on (RFC 4861 §3.1)."""
ALL_NODES = IPv6Address("ff02::1")
ALL_ROUTERS = IPv6Address("ff02::2")
SOLICITED_NODE = int(IPv6Address("ff02::1:ff00:0"))


class RouterFlag(IntFlag):
    """The flags octet of a router advertisement."""

    MANAGED = 0x80
    """Addresses are to be had by DHCPv6."""
    OTHER = 0x40
    """Other settings are to be had by DHCPv6."""
    HOME_AGENT = 0x20
    """RFC 6275 §7.1."""
    HIGH = 0x08
    """The router is preferred; ``HIGH | LOW`` means low (RFC 4191 §2.1)."""
    LOW = 0x10
    PROXY = 0x04
    """RFC 4389."""


class NeighborFlag(IntFlag):
    """The flags of a neighbour advertisement."""

    ROUTER = 1 << 31
    """The sender is a router."""
    SOLICITED = 1 << 30
    """It answers a solicitation."""
    OVERRIDE = 1 << 29
    """It replaces what was known."""


@record
class RouterSolicitation(Message):
    """Asks the routers of a link to say that they are there (RFC 4861 §4.1)."""

    TYPE: ClassVar[int] = 133

    options: tuple[Option, ...] = ()
    code: int = 0
    reserved: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _pack(self, _numbers(self, "!I", self.reserved), b"", payload, outer)


@record
class RouterAdvertisement(Message):
    """A router says that it is there, and what holds on this link (RFC 4861 §4.2)."""

    TYPE: ClassVar[int] = 134

    lifetime: int = 1800
    """Seconds for which it is a default router; 0: it is none."""
    hop_limit: int = 64
    """What hosts are to send with; 0: it does not say."""
    flags: RouterFlag | int = 0
    """Bits without a name are kept."""
    reachable: int = 0
    """Milliseconds that a neighbour counts as reachable; 0: it does not say. So is the next."""
    retransmit: int = 0
    """Milliseconds from one solicitation to the next."""
    options: tuple[Option, ...] = ()
    code: int = 0
    checksum: int | None = computed(default=None)

    @property
    def preference(self) -> int:
        """1: high, 0: medium, -1: low, -2: reserved (RFC 4191 §2.1)."""
        return preference_of(self.flags)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = _numbers(self, "!BBH", self.hop_limit, self.flags, self.lifetime)
        timers = _numbers(self, "!II", self.reachable, self.retransmit)
        return _pack(self, rest, timers, payload, outer)


@record
class NeighborSolicitation(Message):
    """Asks for the hardware address of ``target`` (RFC 4861 §4.3)."""

    TYPE: ClassVar[int] = 135

    target: IPv6Address
    options: tuple[Option, ...] = ()
    code: int = 0
    reserved: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _pack(self, _numbers(self, "!I", self.reserved), _packed(self), payload, outer)


@record
class NeighborAdvertisement(Message):
    """Says that ``target`` is here, by itself or in answer (RFC 4861 §4.4)."""

    TYPE: ClassVar[int] = 136

    target: IPv6Address
    flags: NeighborFlag | int = 0
    """In 32 bits; those without a name are kept."""
    options: tuple[Option, ...] = ()
    code: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _pack(self, _numbers(self, "!I", self.flags), _packed(self), payload, outer)


Discovery = RouterSolicitation | RouterAdvertisement | NeighborSolicitation | NeighborAdvertisement


def parse(data: memoryview) -> tuple[Discovery, memoryview]:
    """Split ``data`` into one of the messages above and what is no option of it.

    Raises:
        TruncatedError: fewer octets than its type needs.
    """
    layout = {133: SHORT, 134: ROUTER}.get(data[0], TARGET)
    if len(data) < layout.size:
        raise TruncatedError(f"NDP: {len(data)} of {layout.size} header octets")
    type_, code, checksum, *rest = layout.unpack_from(data)
    options, left = read_options(data[layout.size :])
    match type_:
        case RouterSolicitation.TYPE:
            return RouterSolicitation(options, code, rest[0], checksum), left
        case RouterAdvertisement.TYPE:
            hop_limit, flags, lifetime, reachable, retransmit = rest
            timers = (reachable, retransmit)
            return (
                RouterAdvertisement(
                    lifetime, hop_limit, RouterFlag(flags), *timers, options, code, checksum
                ),
                left,
            )
        case NeighborSolicitation.TYPE:
            target = ipv6_address(rest[1])
            return NeighborSolicitation(target, options, code, rest[0], checksum), left
    target, flags = ipv6_address(rest[1]), NeighborFlag(rest[0])
    return NeighborAdvertisement(target, flags, options, code, checksum), left


def source_mac(message: Discovery) -> MAC | None:
    """Return the hardware address in a source link-layer option, if it has a whole one."""
    return _address_in(message, SourceLinkLayer)


def target_mac(message: Discovery) -> MAC | None:
    """Return the hardware address in a target link-layer option, if it has a whole one."""
    return _address_in(message, TargetLinkLayer)


def solicited_node(address: IPv6Address) -> IPv6Address:
    """Return the multicast address that who has ``address`` listens to (RFC 4291 §2.7.1)."""
    return IPv6Address(SOLICITED_NODE | int(address) & 0xFF_FFFF)


def multicast_mac(address: Address) -> MAC:
    """Return the hardware address of a multicast group (RFC 2464 §7; RFC 1112 §6.4)."""
    if isinstance(address, IPv4Address):
        group = int(address) & 0x7F_FFFF
        return MAC(b"\x01\x00\x5e" + group.to_bytes(3, "big"))
    return MAC(b"\x33\x33" + address.packed[-4:])


def _address_in(
    message: Discovery, kind: type[SourceLinkLayer] | type[TargetLinkLayer]
) -> MAC | None:
    for option in message.options:
        if isinstance(option, kind) and isinstance(option.address, MAC):
            return option.address
    return None


def _pack(
    message: Discovery, rest: bytes, body: bytes, payload: bytes, outer: Header | None
) -> bytes:
    octets = body + pack_options(message.options) + payload
    return message_octets(message.TYPE, message.code, message.checksum, rest, octets, outer)


def _numbers(message: Discovery, layout: str, *numbers: int) -> bytes:
    try:
        return struct.pack(layout, *numbers)
    except struct.error as error:
        raise BuildError(f"NDP: {error} in {message}") from error


def _packed(message: NeighborSolicitation | NeighborAdvertisement) -> bytes:
    try:
        return message.target.packed
    except AttributeError as error:  # an address that is a string
        raise BuildError(f"NDP: {error} in {message}") from error
