"""AH: the IP Authentication Header, between IP and what it vouches for (RFC 4302 §2).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      next header
1      length                of all of it in units of 4 octets, less 2
2-3    reserved
4-7    SPI                   security parameters index: which key
8-11   sequence number
12-    ICV                   integrity check value, and padding to a multiple of
                             4 octets (IPv4) or 8 (IPv6) in all
====== ===================== =================================================

What the value is made of: :mod:`rawkit.wire.integrity`.
"""

import struct
from typing import ClassVar, Self

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import record
from rawkit.wire.extensions import Extension
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!BBHII")
SIZE = LAYOUT.size
UNIT = 4
LARGEST = (255 + 2) * UNIT


@record
class AH(Extension):
    """An authentication header; behind IPv4 as well as in a chain of IPv6 headers."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.AUTHENTICATION

    spi: int
    sequence: int
    icv: bytes = b""
    """With its padding; a multiple of 4 octets."""
    reserved: int = 0

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SIZE:
            raise TruncatedError(f"AH: {len(data)} of {SIZE} header octets")
        next_header, length, reserved, spi, sequence = LAYOUT.unpack_from(data)
        end = (length + 2) * UNIT
        if end < SIZE:
            raise ParseError(f"AH: length field says {end} octets, below {SIZE}")
        if len(data) < end:
            raise TruncatedError(f"AH: {len(data)} of {end} header octets")
        icv = data[SIZE:end].tobytes()
        return cls(spi, sequence, icv, reserved, next_header=next_header), data[end:]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.next_header is None:
            raise BuildError("AH: next_header is unset and nothing inside implies it")
        size = SIZE + len(self.icv)
        if size % UNIT or size > LARGEST:
            raise BuildError(f"AH: {len(self.icv)} octets of ICV; a multiple of 4 fits, up to 1016")
        try:
            head = LAYOUT.pack(
                self.next_header, size // UNIT - 2, self.reserved, self.spi, self.sequence
            )
        except struct.error as error:
            raise BuildError(f"AH: {error} in {self}") from error
        return head + self.icv + payload
