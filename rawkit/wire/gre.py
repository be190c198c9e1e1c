"""GRE: Generic Routing Encapsulation (RFC 2784, RFC 2890).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-1    C, R, K, S            checksum, routes (RFC 1701), key, sequence are there
       reserved0, version    9 bits; 3 bits, 0
2-3    protocol type         an EtherType; 0x6558: a whole Ethernet frame
       checksum              if C: over the header and the payload
       reserved1             if C
       key                   if K, 4 octets: tells the flows of a tunnel apart
       sequence number       if S, 4 octets
====== ===================== =================================================

Source routes were given up (RFC 2784 §2.3). Version 1 belongs to PPTP (RFC 2637). Neither is read.
"""

import struct
from typing import ClassVar, Self

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.carrier import EtherTyped
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!HH")
WORD = struct.Struct("!I")
CHECKSUM = slice(4, 6)
CHECKSUM_PRESENT, ROUTING_PRESENT, KEY_PRESENT, SEQUENCE_PRESENT = 0x8000, 0x4000, 0x2000, 0x1000
RESERVED0, RESERVED0_SHIFT, VERSION = 0x1FF, 3, 0b111


@record
class GRE(EtherTyped):
    """A GRE header, version 0."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.GRE

    key: int | None = None
    """32 bits; ``None``: there is none. So is the next."""
    sequence: int | None = None
    checksum_present: bool = False
    reserved0: int = 0
    """The 9 bits between the flags and the version."""
    reserved1: int = 0
    """The 16 bits after a checksum, if there is one."""
    checksum: int | None = computed(default=None)
    """Not sent unless ``checksum_present``."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < LAYOUT.size:
            raise TruncatedError(f"GRE: {len(data)} of {LAYOUT.size} header octets")
        bits, ether_type = LAYOUT.unpack_from(data)
        if bits & VERSION or bits & ROUTING_PRESENT:
            what = f"version {bits & VERSION}" if bits & VERSION else "source routes (RFC 1701)"
            raise ParseError(f"GRE: {what}")
        end = LAYOUT.size
        words: list[int | None] = []
        for flag in (CHECKSUM_PRESENT, KEY_PRESENT, SEQUENCE_PRESENT):
            if not bits & flag:
                words.append(None)
                continue
            if len(data) < end + WORD.size:
                raise TruncatedError(f"GRE: {len(data)} of {end + WORD.size} header octets")
            words += WORD.unpack_from(data, end)
            end += WORD.size
        first, key, sequence = words
        header = cls(
            key,
            sequence,
            first is not None,
            bits >> RESERVED0_SHIFT & RESERVED0,
            (first or 0) & 0xFFFF,
            None if first is None else first >> 16,
            ether_type=ether_type,
        )
        return header, data[end:]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.ether_type is None:
            raise BuildError("GRE: ether_type is unset and nothing inside implies it")
        if not 0 <= self.reserved0 <= RESERVED0:
            raise BuildError(f"GRE: reserved0 above {RESERVED0} in {self}")
        try:
            head = LAYOUT.pack(self._bits(), self.ether_type)
            if self.checksum_present:
                head += struct.pack("!HH", self.checksum or 0, self.reserved1)
            for word in (self.key, self.sequence):
                head += b"" if word is None else WORD.pack(word)
        except struct.error as error:
            raise BuildError(f"GRE: {error} in {self}") from error
        data = bytearray(head + payload)
        if self.checksum_present and self.checksum is None:
            data[CHECKSUM] = internet_checksum(data).to_bytes(2, "big")
        return bytes(data)

    def _bits(self) -> int:
        bits = self.reserved0 << RESERVED0_SHIFT
        bits |= CHECKSUM_PRESENT if self.checksum_present else 0
        bits |= KEY_PRESENT if self.key is not None else 0
        return bits | (SEQUENCE_PRESENT if self.sequence is not None else 0)
