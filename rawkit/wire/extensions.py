"""IPv6 extension headers (RFC 8200 §4): options, routing and fragments.

All but the fragment header share one shape: octet 0 names the next header,
octet 1 gives the length in units of 8 octets, the first 8 not counted.
"""

import struct
from enum import IntEnum
from ipaddress import IPv6Address
from typing import ClassVar, Self

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import field, record, replace
from rawkit.wire.address import ipv6_address
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

UNIT = 8
FRAGMENT = struct.Struct("!BBHI")
PADDING = bytes.fromhex("0104 0000 0000")
"""A PadN option that fills the smallest options header (RFC 8200 §4.2)."""


class RoutingKind(IntEnum):
    """Routing types (IANA) whose final destination we know how to find."""

    SOURCE_ROUTE = 0
    MOBILE = 2
    RPL = 3
    SEGMENT = 4


@record
class Extension(Header):
    """A header between an IPv6 header and what the datagram is about."""

    next_header: int | None = field(default=None, kw_only=True)
    """What it carries; set by itself when a known header is put inside."""

    def carrying(self, inner: Header) -> Self:
        if self.next_header is not None or inner.IP_PROTOCOL is None:
            return self
        return replace(self, next_header=inner.IP_PROTOCOL)

    def covering(self, outer: Header | None) -> Header | None:
        return outer


@record
class Options(Extension):
    """What hop-by-hop and destination options have in common."""

    options: bytes = PADDING
    """Raw; with the two octets before them a multiple of 8 octets."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        next_header, body, rest = _split(cls.__name__, data)
        return cls(bytes(body), next_header=next_header), rest

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _pack(self, self.options) + payload


class HopByHop(Options):
    """Options that every router on the way may look at (RFC 8200 §4.3)."""

    __slots__ = ()
    IP_PROTOCOL: ClassVar[int] = IPProtocol.HOP_BY_HOP


class DestinationOptions(Options):
    """Options for the destination alone (RFC 8200 §4.6)."""

    __slots__ = ()
    IP_PROTOCOL: ClassVar[int] = IPProtocol.DESTINATION_OPTIONS


@record
class Routing(Extension):
    """Stations that the datagram still has to visit (RFC 8200 §4.4)."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.ROUTING

    kind: int
    segments_left: int
    data: bytes = bytes(4)
    """All after the first 4 octets; with them a multiple of 8 octets."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        next_header, body, rest = _split("Routing", data)
        return cls(body[0], body[1], bytes(body[2:]), next_header=next_header), rest

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        try:
            head = bytes((self.kind, self.segments_left))
        except ValueError as error:
            raise BuildError(f"Routing: {error} in {self}") from error
        return _pack(self, head + self.data) + payload

    def covering(self, outer: Header | None) -> Header | None:
        """Return ``outer`` with the final destination, which checksums cover (RFC 8200 §8.1)."""
        if not isinstance(outer, IPv6) or not self.segments_left:
            return outer
        final = self.final_destination(outer.dst)
        return outer if final is None else replace(outer, dst=final)

    def final_destination(self, current: IPv6Address) -> IPv6Address | None:
        """Return the last station; ``None`` if this routing type keeps it to itself.

        Args:
            current: the destination in the IPv6 header, which shortened addresses build on.
        """
        last = b""
        match self.kind:
            case RoutingKind.SOURCE_ROUTE | RoutingKind.MOBILE if len(self.data) >= 20:
                last = self.data[-16:]  # RFC 5095, RFC 6275 §6.4: after 4 reserved octets
            case RoutingKind.SEGMENT:
                last = self.data[4:20]  # RFC 8754 §2: segments stand in reverse order
            case RoutingKind.RPL if len(self.data) >= 4:
                # RFC 6554 §3: the last address leaves out the octets it shares with `current`.
                shared, padding = self.data[0] & 0x0F, self.data[1] >> 4
                tail = self.data[4 : len(self.data) - padding]
                if len(tail) >= 16 - shared:
                    last = current.packed[:shared] + tail[len(tail) - 16 + shared :]
        return ipv6_address(last) if len(last) == 16 else None


@record
class Fragment(Extension):
    """One piece of a datagram that was too large (RFC 8200 §4.5)."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.FRAGMENT

    offset: int = 0
    """In units of 8 octets."""
    more: bool = False
    identification: int = 0
    reserved: int = 0
    """The second octet."""
    reserved_bits: int = 0
    """The two bits between offset and ``more``."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < FRAGMENT.size:
            raise TruncatedError(f"Fragment: {len(data)} of {FRAGMENT.size} header octets")
        next_header, reserved, bits, identification = FRAGMENT.unpack_from(data)
        more, reserved_bits = bool(bits & 1), bits >> 1 & 0b11
        header = cls(
            bits >> 3, more, identification, reserved, reserved_bits, next_header=next_header
        )
        return header, data[FRAGMENT.size :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.next_header is None:
            raise BuildError("Fragment: next_header is unset and nothing inside implies it")
        if self.reserved_bits > 0b11:
            raise BuildError(f"Fragment: reserved_bits above 3 in {self}")
        bits = self.offset << 3 | self.reserved_bits << 1 | self.more
        try:
            head = FRAGMENT.pack(self.next_header, self.reserved, bits, self.identification)
        except struct.error as error:
            raise BuildError(f"Fragment: {error} in {self}") from error
        return head + payload


def _split(name: str, data: memoryview) -> tuple[int, memoryview, memoryview]:
    """Return the next header's number, what follows the length octet, and the rest."""
    length = (data[1] + 1) * UNIT if len(data) > 1 else UNIT
    if len(data) < length:
        raise TruncatedError(f"{name}: {len(data)} of {length} header octets")
    return data[0], data[2:length], data[length:]


def _pack(header: Extension, body: bytes) -> bytes:
    name, length = type(header).__name__, 2 + len(body)
    if header.next_header is None:
        raise BuildError(f"{name}: next_header is unset and nothing inside implies it")
    if length % UNIT or length < UNIT:
        raise BuildError(f"{name}: {length} octets are no multiple of {UNIT}")
    try:
        return bytes((header.next_header, length // UNIT - 1)) + body
    except ValueError as error:
        raise BuildError(f"{name}: {error} in {header}") from error
