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
from rawkit.wire.ipv4 import DONT_FRAGMENT, NO_OPTIONS, NOTHING_ODD, IPv4, number_of
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Headers

LAYOUT = struct.Struct("!HHIIBBHHH")
SIZE = LAYOUT.size
PROTOCOL = int(IPProtocol.TCP)
QUOTED = struct.Struct("!HHI")
"""What is left of a header in the shortest quote of an ICMP error (RFC 792)."""
LONGEST_OPTIONS = 40
from_bytes = int.from_bytes
IN_IPV4 = struct.Struct("!BBHHHBBHIIHHIIBBHHH")
"""Both headers, without options."""
PLAIN = SIZE // 4 << 4
"""The octet of the data offset where there are no options."""
CONSTANT = (PLAIN << 8) + PROTOCOL - (IN_IPV4.size - SIZE)
"""What of the sum for the checksum is always the same, but for the whole length."""


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

    def packed_within(self, headers: Headers, payload: bytes) -> bytes | None:
        """Pack TCP in plain IPv4, perhaps in a frame: both headers and checksums at once."""
        ip = headers[-2]
        if type(ip) is not IPv4 or type(self) is not TCP or len(headers) > 3 or ip.options:
            return None
        if not (ip.total_length is ip.checksum is self.checksum is self.data_offset is None):
            return None
        odd = ip.dscp, ip.ecn, ip.fragment_offset, ip.more_fragments, ip.reserved, self.reserved
        if odd != NOTHING_ODD or self.options or ip.trailer:
            return None
        try:
            src, dst, id_, ttl = number_of(ip.src), number_of(ip.dst), ip.identification, ip.ttl
            src_port, dst_port, sequence = self.src_port, self.dst_port, self.sequence
            acknowledgment, flags = self.acknowledgment, self.flags
            window, urgent, addresses = self.window, self.urgent, src + dst
            protocol = PROTOCOL if ip.protocol is None else ip.protocol
            fragment = DONT_FRAGMENT if ip.dont_fragment else 0
            total = IN_IPV4.size + len(payload)
            # Fields are added as they stand, whatever their width: see rawkit.wire.checksum.
            outer = (NO_OPTIONS + ttl << 8) + protocol + total + id_ + fragment + addresses
            inner = from_bytes(payload, "big") % 0xFFFF << 8 * (total & 1)
            inner += CONSTANT + src_port + dst_port + flags + window + urgent + total
            inner += sequence + acknowledgment + addresses
            outer, inner = 0xFFFF - (outer % 0xFFFF or 0xFFFF), 0xFFFF - (inner % 0xFFFF or 0xFFFF)
            octets = IN_IPV4.pack(
                NO_OPTIONS, 0, total, id_, fragment, ttl, protocol, outer, src, dst,
                src_port, dst_port, sequence, acknowledgment, PLAIN, flags, window, inner, urgent,
            ) + payload  # fmt: skip
            return octets if len(headers) == 2 else headers[0].framed(ip.ETHER_TYPE, octets)
        except (struct.error, AttributeError, TypeError):
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
