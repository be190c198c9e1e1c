"""SCTP: the Stream Control Transmission Protocol (RFC 9260 §3): a header and chunks.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-1    source port
2-3    destination port
4-7    verification tag      the receiver's; 0 before there is one
8-11   checksum              CRC32c over all, lowest octet first
12-    chunks                each: type, flags, length, value
====== ===================== =================================================

Chunks begin at multiples of 4 octets; what fills up the last of them is not counted by its
length. What stands in them is read by :mod:`rawkit.wire.sctp_chunks`.
"""

import struct
from enum import IntEnum
from typing import ClassVar, Self

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.crc32c import crc32c
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!HHII")
CHUNK = struct.Struct("!BBH")
CHECKSUM = slice(8, 12)
UNIT = 4
CHUNKS = slice(12, None)


class ChunkType(IntEnum):
    """What a chunk is (IANA, "SCTP Chunk Types")."""

    DATA = 0
    INIT = 1
    INIT_ACK = 2
    SACK = 3
    HEARTBEAT = 4
    HEARTBEAT_ACK = 5
    ABORT = 6
    SHUTDOWN = 7
    SHUTDOWN_ACK = 8
    ERROR = 9
    COOKIE_ECHO = 10
    COOKIE_ACK = 11
    ECNE = 12
    CWR = 13
    SHUTDOWN_COMPLETE = 14
    AUTH = 15
    I_DATA = 64
    ASCONF_ACK = 128
    RE_CONFIG = 130
    PAD = 132
    FORWARD_TSN = 192
    ASCONF = 193
    I_FORWARD_TSN = 194


KNOWN = frozenset(map(int, ChunkType))


@record
class Chunk:
    """One chunk: what it is, and raw octets (RFC 9260 §3.2)."""

    type: ChunkType | int
    value: bytes = b""
    flags: int = 0
    length: int | None = computed(default=None)
    """Octets of its head (4) and value."""
    padding: bytes | None = computed(default=None)
    """What fills it up to a multiple of 4 octets: zeros, if it is to be worked out."""

    def pack(self) -> bytes:
        """Return its octets.

        Raises:
            BuildError: a value does not fit its field.
        """
        length = CHUNK.size + len(self.value) if self.length is None else self.length
        try:
            head = CHUNK.pack(self.type, self.flags, length)
        except struct.error as error:
            raise BuildError(f"SCTP: {error} in {self}") from error
        fill = bytes(-len(self.value) % UNIT) if self.padding is None else self.padding
        return head + self.value + fill


@record
class SCTP(Header):
    """An SCTP common header and the chunks behind it.

    Octets in which no chunk can be seen any more are the payload.
    """

    IP_PROTOCOL: ClassVar[int] = IPProtocol.SCTP

    src_port: int
    dst_port: int
    verification_tag: int = 0
    chunks: tuple[Chunk, ...] = ()
    checksum: int | None = computed(default=None)
    """32 bits, as they stand on the wire."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < LAYOUT.size:
            raise TruncatedError(f"SCTP: {len(data)} of {LAYOUT.size} header octets")
        src_port, dst_port, tag, checksum = LAYOUT.unpack_from(data)
        chunks, rest = read_chunks(data[CHUNKS])
        return cls(src_port, dst_port, tag, chunks, checksum), rest

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        try:
            head = LAYOUT.pack(
                self.src_port, self.dst_port, self.verification_tag, self.checksum or 0
            )
        except struct.error as error:
            raise BuildError(f"SCTP: {error} in {self}") from error
        data = bytearray(head + b"".join(chunk.pack() for chunk in self.chunks) + payload)
        if self.checksum is None:
            data[CHECKSUM] = crc32c(data).to_bytes(4, "little")
        return bytes(data)

    def is_intact(self, payload: bytes, outer: Header | None) -> bool:
        """Return whether the checksum is right.

        Args:
            payload: what it carries behind its chunks.
            outer: of no matter: addresses are not covered.
        """
        data = bytearray(self.pack(payload))
        checksum, data[CHECKSUM] = bytes(data[CHECKSUM]), bytes(4)
        return crc32c(data).to_bytes(4, "little") == checksum


def read_chunks(data: memoryview) -> tuple[tuple[Chunk, ...], memoryview]:
    """Split ``data`` into chunks and what is none: a length that is too small or too large."""
    chunks = []
    while len(data) >= CHUNK.size:
        type_, flags, length = CHUNK.unpack_from(data)
        if not CHUNK.size <= length <= len(data):
            break
        end = length + -length % UNIT
        kind = ChunkType(type_) if type_ in KNOWN else type_
        value, padding = bytes(data[CHUNK.size : length]), bytes(data[length:end])
        chunks.append(Chunk(kind, value, flags, length, padding))
        data = data[end:]
    return tuple(chunks), data
