"""IPv6: the Internet Protocol, version 6 (RFC 8200 §3).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-3    version, class, flow  6; DSCP and ECN as in IPv4; 20 bits of flow label
4-5    payload length        all that follows, extension headers included
6      next header
7      hop limit
8-23   source
24-39  destination
====== ===================== =================================================
"""

import struct
from ipaddress import IPv6Address
from typing import ClassVar, Self

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import computed, record, replace
from rawkit.wire.address import ipv6_address
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!IHBB16s16s")
SIZE = LAYOUT.size
PSEUDO = struct.Struct("!16s16sI3xB")
FLOW_LABEL = 0xFFFFF
MOST = 0xFFFF
"""Octets that a payload length can say."""
number_of = IPv6Address.__int__


@record
class IPv6(Header):
    """An IPv6 header."""

    ETHER_TYPE: ClassVar[int] = EtherType.IPV6
    IP_PROTOCOL: ClassVar[int] = IPProtocol.IPV6

    src: IPv6Address
    dst: IPv6Address
    next_header: int | None = None
    """What it carries; set by itself when a known header is put inside."""
    hop_limit: int = 64
    dscp: int = 0
    ecn: int = 0
    flow_label: int = 0
    trailer: bytes = b""
    """Octets after the datagram that its payload length does not cover."""
    payload_length: int | None = computed(default=None)

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SIZE:
            raise TruncatedError(f"IPv6: {len(data)} of {SIZE} header octets")
        first, length, next_header, hop_limit, src, dst = LAYOUT.unpack_from(data)
        if first >> 28 != 6:
            raise ParseError(f"IPv6: version field says {first >> 28}")
        end = SIZE + (length or _jumbo_length(next_header, data[SIZE:]))
        header = cls.filled(
            ipv6_address(src),
            ipv6_address(dst),
            next_header,
            hop_limit,
            first >> 22 & 0x3F,
            first >> 20 & 0b11,
            first & FLOW_LABEL,
            data[end:].tobytes() if len(data) > end else b"",
            length,
        )
        return header, data[SIZE:end]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.next_header is None:
            raise BuildError("IPv6: next_header is unset and nothing inside implies it")
        # What struct cannot see: values that would spill into their neighbours' bits.
        if self.dscp > 0x3F or self.ecn > 0b11 or self.flow_label > FLOW_LABEL:
            raise BuildError(f"IPv6: dscp above 63, ecn above 3 or flow_label too large in {self}")
        try:
            head = LAYOUT.pack(
                6 << 28 | self.dscp << 22 | self.ecn << 20 | self.flow_label,
                len(payload) if self.payload_length is None else self.payload_length,
                self.next_header,
                self.hop_limit,
                self.src.packed,
                self.dst.packed,
            )
        except (struct.error, AttributeError) as error:  # or an address that is a string
            if self.payload_length is None and self._is_jumbogram(payload):
                return replace(self, payload_length=0).pack(payload)
            if self.payload_length is None and len(payload) > MOST:
                octets = len(payload)
                raise BuildError(f"IPv6: {octets} octets, above {MOST} that fit") from error
            raise BuildError(f"IPv6: {error} in {self}") from error
        return head + payload + self.trailer

    def _is_jumbogram(self, payload: bytes) -> bool:
        length = _jumbo_length(self.next_header, memoryview(payload))
        return length == len(payload) > MOST

    def carrying(self, inner: Header) -> Self:
        if self.next_header is not None or inner.IP_PROTOCOL is None:
            return self
        return self.filled(
            self.src,
            self.dst,
            inner.IP_PROTOCOL,
            self.hop_limit,
            self.dscp,
            self.ecn,
            self.flow_label,
            self.trailer,
            self.payload_length,
        )

    def pseudo_header(self, length: int, protocol: int) -> bytes:
        return PSEUDO.pack(self.src.packed, self.dst.packed, length, protocol)

    def pseudo_sum(self, length: int, protocol: int) -> int:
        try:
            return number_of(self.src) + number_of(self.dst) + protocol + length
        except AttributeError as error:  # an address that is a string
            raise BuildError(f"IPv6: {error} in {self}") from error

    @property
    def ttl(self) -> int:
        """The hop limit, under the name it has in IPv4."""
        return self.hop_limit

    @property
    def traffic_class(self) -> int:
        """The DSCP and ECN bits as one octet."""
        return self.dscp << 2 | self.ecn


def _jumbo_length(next_header: int | None, payload: memoryview) -> int:
    """Return what a jumbo payload option says (RFC 2675 §2); 0 if there is none."""
    if next_header != IPProtocol.HOP_BY_HOP:
        return 0
    from rawkit.wire.jumbo import announced

    return announced(payload)
