"""The options of IPv6 that are known here, as values; framed in :mod:`rawkit.wire.ipv6_options`.

Each knows its ``kind``, reads its data, and packs it.
"""

import struct
from enum import IntEnum
from ipaddress import IPv6Address
from typing import ClassVar, Self

from rawkit.record import record
from rawkit.wire.address import ipv6_address

RPL_HEAD = struct.Struct("!BBH")
METRICS = struct.Struct("!BBHHHH")
PAIR = struct.Struct("!HH")
NUMBER = struct.Struct("!H")
LENGTH = struct.Struct("!I")


class Kind(IntEnum):
    """Option types (IANA), the three high bits included."""

    PAD1 = 0x00
    PADN = 0x01
    TUNNEL_LIMIT = 0x04
    ROUTER_ALERT = 0x05
    PERFORMANCE = 0x0F
    RPL = 0x23
    QUICK_START = 0x26
    MINIMUM_PATH_MTU = 0x30
    RPL_OLD = 0x63
    NONCE = 0x8B
    JUMBO = 0xC2
    HOME_ADDRESS = 0xC9


@record
class Pad1:
    """One octet that means nothing (RFC 8200 §4.2)."""


@record
class PadN:
    """Two octets or more that mean nothing (RFC 8200 §4.2)."""

    kind: ClassVar[int] = Kind.PADN

    data: bytes = b""
    """Zeros, if its sender is honest."""

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        return cls(data)

    def packed(self) -> bytes:
        return self.data


@record
class TunnelLimit:
    """In how many tunnels more the packet may be put (RFC 2473 §4.1.1)."""

    kind: ClassVar[int] = Kind.TUNNEL_LIMIT

    limit: int

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        return cls(data[0]) if len(data) == 1 else None

    def packed(self) -> bytes:
        return bytes((self.limit,))


@record
class RouterAlert:
    """Asks every router to look inside (RFC 2711)."""

    kind: ClassVar[int] = Kind.ROUTER_ALERT

    value: int = 0
    """0: MLD; 1: RSVP; 2: active networks; IANA has more."""

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        return cls(*NUMBER.unpack(data)) if len(data) == NUMBER.size else None

    def packed(self) -> bytes:
        return NUMBER.pack(self.value)


@record
class Performance:
    """Sequence numbers and delays for measurements: PDM (RFC 8250 §3.2)."""

    kind: ClassVar[int] = Kind.PERFORMANCE

    sequence: int
    last_received: int
    """The sequence number last heard from the other side."""
    since_received: int = 0
    since_sent: int = 0
    received_scale: int = 0
    """``since_received`` times 2 to it are attoseconds."""
    sent_scale: int = 0

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        if len(data) != METRICS.size:
            return None
        received_scale, sent_scale, sequence, last, received, sent = METRICS.unpack(data)
        return cls(sequence, last, received, sent, received_scale, sent_scale)

    def packed(self) -> bytes:
        return METRICS.pack(
            self.received_scale,
            self.sent_scale,
            self.sequence,
            self.last_received,
            self.since_received,
            self.since_sent,
        )


@record
class Rpl:
    """Where in a routing tree a packet is, to notice loops (RFC 6553 §3, RFC 9008 §4.2)."""

    instance: int
    rank: int
    """Of the router that sent it."""
    flags: int = 0
    """0x80: down; 0x40: rank error; 0x20: forwarding error; the others are reserved."""
    more: bytes = b""
    """Sub-options."""
    kind: int = Kind.RPL
    """Or ``Kind.RPL_OLD``, which RFC 6553 gave it."""

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        if len(data) < RPL_HEAD.size:
            return None
        flags, instance, rank = RPL_HEAD.unpack_from(data)
        return cls(instance, rank, flags, data[RPL_HEAD.size :])

    @classmethod
    def read_old(cls, data: bytes) -> Self | None:
        one = cls.read(data)
        return one and cls(one.instance, one.rank, one.flags, one.more, Kind.RPL_OLD)

    def packed(self) -> bytes:
        return RPL_HEAD.pack(self.flags, self.instance, self.rank) + self.more


@record
class MinimumPathMtu:
    """The least MTU on the way so far, and that of the way back (RFC 9268 §5)."""

    kind: ClassVar[int] = Kind.MINIMUM_PATH_MTU

    minimum: int
    returned: int = 0
    """In units of 2 octets: the lowest bit of 16 is taken by ``reply``."""
    reply: bool = False
    """Whether the minimum is to be sent back."""

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        if len(data) != PAIR.size:
            return None
        minimum, returned = PAIR.unpack(data)
        return cls(minimum, returned >> 1, bool(returned & 1))

    def packed(self) -> bytes:
        return PAIR.pack(self.minimum, self.returned << 1 | self.reply)


@record
class Nonce:
    """A number that both ends of an ILNP session know (RFC 6744)."""

    kind: ClassVar[int] = Kind.NONCE

    value: bytes

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        return cls(data)

    def packed(self) -> bytes:
        return self.value


@record
class JumboPayload:
    """The length of a payload that a payload length cannot say (RFC 2675 §2)."""

    kind: ClassVar[int] = Kind.JUMBO

    length: int
    """In octets, all behind the IPv6 header; above 65535."""

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        return cls(*LENGTH.unpack(data)) if len(data) == LENGTH.size else None

    def packed(self) -> bytes:
        return LENGTH.pack(self.length)


@record
class HomeAddress:
    """Whose packet it is while its sender is on the move (RFC 6275 §6.3)."""

    kind: ClassVar[int] = Kind.HOME_ADDRESS

    address: IPv6Address

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        return cls(ipv6_address(data)) if len(data) == 16 else None

    def packed(self) -> bytes:
        return self.address.packed
