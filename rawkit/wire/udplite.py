"""UDP-Lite: datagrams of which a part may arrive damaged (RFC 3828).

====== ================= =====================================================
octets field             note
====== ================= =====================================================
0-1    source port
2-3    destination port
4-5    checksum coverage octets from the first on that the checksum covers; 0: all;
                         1 to 7 are not allowed, for the header must be among them
6-7    checksum          also over a pseudo header; never 0
====== ================= =====================================================

The length of a datagram is known from IP alone.
"""

import struct
from typing import ClassVar, Self

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!HHHH")
CHECKSUM = slice(6, 8)


@record
class UDPLite(Header):
    """A UDP-Lite header."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.UDP_LITE
    COVERS_ADDRESSES: ClassVar[bool] = True
    ZERO_CHECKSUM: ClassVar[int] = 0xFFFF

    src_port: int
    dst_port: int
    coverage: int = 0
    """Octets that the checksum covers, header included; 0: all."""
    checksum: int | None = computed(default=None)

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < LAYOUT.size:
            raise TruncatedError(f"UDP-Lite: {len(data)} of {LAYOUT.size} header octets")
        return cls(*LAYOUT.unpack_from(data)), data[LAYOUT.size :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        try:
            head = LAYOUT.pack(self.src_port, self.dst_port, self.coverage, self.checksum or 0)
        except struct.error as error:
            raise BuildError(f"UDP-Lite: {error} in {self}") from error
        data = bytearray(head + payload)
        if self.checksum is None and outer is not None:
            # RFC 3828 §3.1: a true 0 goes out as all ones.
            data[CHECKSUM] = (self._sum(data, outer) or 0xFFFF).to_bytes(2, "big")
        return bytes(data)

    def is_intact(self, payload: bytes, outer: Header | None) -> bool | None:
        """Return whether coverage and checksum are right; ``None`` if that cannot be known.

        Args:
            payload: what it carries.
            outer: the header around it whose addresses the checksum covers.
        """
        data = self.pack(payload, outer)
        if 0 < self.coverage < LAYOUT.size or self.coverage > len(data) or self.checksum == 0:
            return False  # RFC 3828 §3.1: to be discarded
        return None if outer is None else self._sum(data, outer) == 0

    def _sum(self, data: bytes | bytearray, outer: Header) -> int:
        # The length in the pseudo header is that of all, covered or not (RFC 3828 §3.2).
        covered = data[: self.coverage or len(data)]
        pseudo = outer.pseudo_header(len(data), IPProtocol.UDP_LITE)
        return internet_checksum(pseudo + covered)
