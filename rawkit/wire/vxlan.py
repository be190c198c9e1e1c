"""VXLAN: Ethernet frames in UDP, each of a numbered network (RFC 7348 §5).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      flags                 0x08: the network's number is valid, which it must be
1-3    reserved0
4-6    VNI                   the number of the network
7      reserved1
====== ===================== =================================================

It is read from datagrams to UDP port 4789: see :data:`rawkit.wire.dissect.BY_UDP_PORT`. Its
sender may leave out the checksum of UDP (``checksum=0``), even in IPv6 (RFC 7348 §5, RFC 6935).
"""

import struct
from typing import Self

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import record
from rawkit.wire.carrier import Carrier
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!II")
PORT = 4789
VALID = 0x08
U24 = 0xFF_FFFF


@record
class VXLAN(Carrier):
    """A VXLAN header; an Ethernet header follows."""

    vni: int
    """24 bits."""
    flags: int = VALID
    """8 bits, of which one has a meaning here."""
    reserved0: int = 0
    """24 bits; extensions use some (draft-smith-vxlan-group-policy)."""
    reserved1: int = 0
    """8 bits."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < LAYOUT.size:
            raise TruncatedError(f"VXLAN: {len(data)} of {LAYOUT.size} header octets")
        first, second = LAYOUT.unpack_from(data)
        flags = first >> 24
        if not flags & VALID:
            raise ParseError(f"VXLAN: flags 0x{flags:02x} say that it has no valid VNI")
        return cls(second >> 8, flags, first & U24, second & 0xFF), data[LAYOUT.size :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        widths = (self.vni, U24), (self.reserved0, U24), (self.reserved1, 0xFF), (self.flags, 0xFF)
        if not all(0 <= number <= most for number, most in widths):
            raise BuildError(f"VXLAN: a field above its 8 or 24 bits in {self}")
        first, second = self.flags << 24 | self.reserved0, self.vni << 8 | self.reserved1
        return LAYOUT.pack(first, second) + payload

    @property
    def carried_type(self) -> int | None:
        return EtherType.BRIDGING
