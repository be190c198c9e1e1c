"""TCP: the header of the Transmission Control Protocol (RFC 9293 §3.1).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-1    source port
2-3    destination port
4-7    sequence number       of the first octet of data; of the SYN, if set
8-11   acknowledgment number the next sequence number expected; if ACK is set
12     data offset, reserved the header's length in units of 4 octets; 4 bits
13     flags                 CWR ECE URG ACK PSH RST SYN FIN
14-15  window                octets that the sender has room for
16-17  checksum              over a pseudo header, the header and the data
18-19  urgent pointer        if URG is set
20-    options               up to 40 octets; see :mod:`rawkit.wire.tcp_options`
====== ===================== =================================================
"""

import struct
from enum import IntFlag
from typing import ClassVar, Self

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!HHIIBBHHH")
SIZE = LAYOUT.size
CHECKSUM = slice(16, 18)
QUOTED = struct.Struct("!HHI")
"""What is left of a header in the shortest quote of an ICMP error (RFC 792)."""
LONGEST_OPTIONS = 40


class Flags(IntFlag):
    """The control bits (RFC 9293 §3.1, RFC 3168 §6.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80


@record
class TCP(Header):
    """A TCP header."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.TCP
    COVERS_ADDRESSES: ClassVar[bool] = True

    src_port: int
    dst_port: int
    sequence: int = 0
    acknowledgment: int = 0
    flags: Flags = Flags.SYN
    window: int = 64240
    """In octets; shifted by the window scale that both agreed on, if they did (RFC 7323 §2)."""
    urgent: int = 0
    options: bytes = b""
    """Padded to a multiple of 4 octets."""
    reserved: int = 0
    """The 4 bits between the data offset and the flags."""
    data_offset: int | None = computed(default=None)
    """In units of 4 octets."""
    checksum: int | None = computed(default=None)

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SIZE:
            raise TruncatedError(f"TCP: {len(data)} of {SIZE} header octets")
        src_port, dst_port, sequence, acknowledgment, offset, flags, *rest = LAYOUT.unpack_from(
            data
        )
        window, checksum, urgent = rest
        length = (offset >> 4) * 4
        if length < SIZE:
            raise ParseError(f"TCP: data offset says {length} octets, below {SIZE}")
        if len(data) < length:
            raise TruncatedError(f"TCP: {len(data)} of {length} header octets")
        header = cls(
            src_port,
            dst_port,
            sequence,
            acknowledgment,
            Flags(flags),
            window,
            urgent,
            bytes(data[SIZE:length]),
            offset & 0x0F,
            offset >> 4,
            checksum,
        )
        return header, data[length:]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        try:
            head = LAYOUT.pack(
                self.src_port,
                self.dst_port,
                self.sequence,
                self.acknowledgment,
                self._offset() << 4 | self._reserved(),
                self.flags,
                self.window,
                self.checksum or 0,
                self.urgent,
            )
        except struct.error as error:
            raise BuildError(f"TCP: {error} in {self}") from error
        data = bytearray(head + self.options + payload)
        if self.checksum is None and outer is not None:
            covered = outer.pseudo_header(len(data), IPProtocol.TCP) + data
            data[CHECKSUM] = internet_checksum(covered).to_bytes(2, "big")
        return bytes(data)

    def _offset(self) -> int:
        if self.data_offset is not None:
            return self.data_offset
        length = len(self.options)
        if length % 4 or length > LONGEST_OPTIONS:
            raise BuildError(f"TCP: {length} octets of options; a multiple of 4 up to 40 fits")
        return (SIZE + length) // 4

    def _reserved(self) -> int:
        if not 0 <= self.reserved <= 0x0F:
            raise BuildError(f"TCP: reserved is {self.reserved}; 0 to 15 fit")
        return self.reserved


def quoted_ports(payload: bytes) -> tuple[int, int, int] | None:
    """Return the source port, the destination port and the 4 octets that follow.

    For the beginning of a TCP or UDP header that was cut off, as an ICMP error may quote
    no more than 8 octets of it (RFC 792). The 4 octets are TCP's sequence number; for UDP
    they are its length and checksum.

    Args:
        payload: the octets behind the IP header, the first ones at least.

    Returns:
        ``None`` if there are fewer than 8 octets.
    """
    if len(payload) < QUOTED.size:
        return None
    src_port, dst_port, following = QUOTED.unpack_from(payload)
    return src_port, dst_port, following
