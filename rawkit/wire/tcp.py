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
from rawkit.wire.checksum import checksum_of, sum_of
from rawkit.wire.ipv4 import LAYOUT as IPV4
from rawkit.wire.ipv4 import NO_OPTIONS, IPv4, number_of
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!HHIIBBHHH")
SIZE = LAYOUT.size
PROTOCOL = int(IPProtocol.TCP)
QUOTED = struct.Struct("!HHI")
"""What is left of a header in the shortest quote of an ICMP error (RFC 792)."""
LONGEST_OPTIONS = 40
BOTH = IPV4.size + SIZE
PLAIN = SIZE // 4 << 4
"""The octet of the data offset where there are no options."""


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


class KnownFlags(dict[int, Flags]):
    """Flags by number: it takes a while to make them, and there are few."""

    def __missing__(self, number: int) -> Flags:
        flags = self[number] = Flags(number)
        return flags


FLAGS = KnownFlags()


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
        src_port, dst_port, sequence, acknowledgment, offset, flags, window, checksum, urgent = (
            LAYOUT.unpack_from(data)
        )
        length = (offset >> 4) * 4
        if length < SIZE:
            raise ParseError(f"TCP: data offset says {length} octets, below {SIZE}")
        if len(data) < length:
            raise TruncatedError(f"TCP: {len(data)} of {length} header octets")
        header = cls.filled(
            src_port,
            dst_port,
            sequence,
            acknowledgment,
            FLAGS[flags],
            window,
            urgent,
            data[SIZE:length].tobytes() if length > SIZE else b"",
            offset & 0x0F,
            offset >> 4,
            checksum,
        )
        return header, data[length:]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        src_port, dst_port, flags = self.src_port, self.dst_port, self.flags
        sequence, acknowledgment = self.sequence, self.acknowledgment
        window, urgent, checksum = self.window, self.urgent, self.checksum
        body = self.options + payload
        try:
            offset = self.offset_octet()
            if checksum is None and outer is not None:
                words = src_port + dst_port + sequence + acknowledgment
                words += (offset << 8) + flags + window + urgent + sum_of(body)
                checksum = checksum_of(words + outer.pseudo_sum(SIZE + len(body), PROTOCOL))
            head = LAYOUT.pack(
                src_port,
                dst_port,
                sequence,
                acknowledgment,
                offset,
                flags,
                window,
                checksum or 0,
                urgent,
            )
        except (struct.error, TypeError) as error:
            raise BuildError(f"TCP: {error} in {self}") from error
        return head + body

    def packed_within(self, outer: Header, payload: bytes) -> bytes | None:
        ip, body, offset = outer, payload, PLAIN
        if type(ip) is not IPv4 or type(self) is not TCP or ip.options or ip.protocol is None:
            return None
        try:
            if not (self.checksum is ip.checksum is ip.total_length is None):
                return None
            if ip.fragment_offset != 0 or ip.ecn > 0b11:
                return None
            if self.options or self.reserved != 0 or self.data_offset is not None:
                body, offset = self.options + payload, self.offset_octet()
            src, dst, ttl, protocol = number_of(ip.src), number_of(ip.dst), ip.ttl, ip.protocol
            tos, total, id_ = ip.dscp << 2 | ip.ecn, BOTH + len(body), ip.identification
            fragment = ip.reserved << 15 | ip.dont_fragment << 14 | ip.more_fragments << 13
            src_port, dst_port, sequence = self.src_port, self.dst_port, self.sequence
            acknowledgment, flags = self.acknowledgment, self.flags
            window, urgent = self.window, self.urgent
            # Fields are added as they stand, whatever their width: see rawkit.wire.checksum.
            inner = int.from_bytes(body, "big") % 0xFFFF << 8 * (total & 1)
            inner += src_port + dst_port + sequence + acknowledgment
            inner += (offset << 8) + flags + window + urgent
            inner += src + dst + PROTOCOL + total - SIZE
            words = (NO_OPTIONS + ttl << 8) + tos + id_ + fragment + protocol + total + src + dst
            sum_ = 0xFFFF - (words % 0xFFFF or 0xFFFF)
            head = IPV4.pack(NO_OPTIONS, tos, total, id_, fragment, ttl, protocol, sum_, src, dst)
            sum_ = 0xFFFF - (inner % 0xFFFF or 0xFFFF)
            head += LAYOUT.pack(
                src_port, dst_port, sequence, acknowledgment, offset, flags, window, sum_, urgent
            )
            return head + body + ip.trailer
        except (struct.error, AttributeError, TypeError, BuildError):
            return None  # each header will say itself what is wrong

    def offset_octet(self) -> int:
        """Return the octet that data offset and reserved bits share."""
        if not 0 <= self.reserved <= 0x0F:
            raise BuildError(f"TCP: reserved is {self.reserved}; 0 to 15 fit")
        if self.data_offset is not None:
            return self.data_offset << 4 | self.reserved
        length = len(self.options)
        if length % 4 or length > LONGEST_OPTIONS:
            raise BuildError(f"TCP: {length} octets of options; a multiple of 4 up to 40 fits")
        return (SIZE + length) // 4 << 4 | self.reserved


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
