"""Segments to IP packets and back, all headers at once: the quick way for many of them.

What :mod:`rawkit.wire` does header by header takes several times as long. The two agree to the
octet; only IPv6 extension headers are left to it.
"""

import struct
from functools import lru_cache

from rawkit.record import field, record
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import WRAP, Segment
from rawkit.wire.checksum import Buffer
from rawkit.wire.numbers import IPProtocol

PROTOCOL = int(IPProtocol.TCP)
TCP_SIZE = 20
IPV4_SIZE, IPV6_SIZE = 20, 40
READ_V4 = struct.Struct("!BBHxxHxB2x12sIIBBHHH")
"""Both headers; the addresses and the ports in one piece."""
READ_V6 = struct.Struct("!IHBx36sIIBBHHH")
READ_TCP = struct.Struct("!4sIIBBHHH")
V4 = struct.Struct("!BBHHHBBHIIHHIIBBHHH")
V6 = struct.Struct("!IHBB32sHHIIBBHHH")
SHORTEST_V4, SHORTEST_V6 = READ_V4.size, READ_V6.size
FRAGMENT = 0x3FFF
"""More fragments, and where this one begins: not zero in a fragment."""
DONT_FRAGMENT = 0x4000
from_bytes = int.from_bytes

Arrival = tuple[bytes, Segment]
"""The flow's key (:attr:`Flow.key`) and the segment."""


@record(frozen=False, eq=False)
class Reader:
    """Reads packets that arrive, and counts those that it throws away."""

    takes_unfinished: bool = True
    """Whether a checksum may cover the pseudo header alone: the hardware was to do the rest.

    Of packets damaged on their way, one in 65,535 looks like that.
    """
    bad: int = 0
    """Packets with a wrong checksum, of IPv4 or TCP."""
    unfinished: int = 0
    """Packets whose checksum the sender's kernel had left to the hardware."""
    strange: int = 0
    """Packets that are no whole TCP segment: fragments, or cut short."""

    def read(self, packet: Buffer, *, verified: bool = False) -> Arrival | None:
        """Return whose segment it is, and the segment; ``None`` if it is none or damaged.

        Args:
            packet: from the IP header on.
            verified: whether the pipe vouches for it (a checksum that is not finished).
        """
        if len(packet) < SHORTEST_V4:
            self.strange += 1
            return None
        version = packet[0] >> 4
        if version == 4:
            return self._read_v4(packet, verified)
        if version == 6 and len(packet) >= SHORTEST_V6:
            return self._read_v6(packet, verified)
        self.strange += 1
        return None

    def read_inside(
        self, octets: Buffer, addresses: bytes, ecn: int = 0, *, verified: bool = False
    ) -> Arrival | None:
        """Read a segment without its IP header.

        Args:
            octets: from the TCP header on.
            addresses: where it is from and where it is for, packed.
            ecn: what the IP header said.
            verified: as above.
        """
        end = len(octets)
        if end < TCP_SIZE:
            self.strange += 1
            return None
        ports, *rest = READ_TCP.unpack_from(octets)
        if not verified and not self._is_intact(octets, addresses, 0, end, rest[5]):
            return None
        return self._segment(octets, 0, end, addresses + ports, ecn, rest)

    def _read_v4(self, packet: Buffer, verified: bool) -> Arrival | None:
        first, tos, total, fragment, protocol, key, *rest = READ_V4.unpack_from(packet)
        begin = (first & 0x0F) * 4
        whole = begin + TCP_SIZE <= total <= len(packet)
        if protocol != PROTOCOL or not whole or begin < IPV4_SIZE or fragment & FRAGMENT:
            self.strange += 1
            return None
        if begin > IPV4_SIZE:  # options stand between the addresses and the ports
            ports, *rest = READ_TCP.unpack_from(packet, begin)
            key = key[:8] + ports
        if not verified:
            if from_bytes(packet[:begin], "big") % 0xFFFF:
                self.bad += 1
                return None
            if not self._is_intact(packet, key[:8], begin, total, rest[5]):
                return None
        return self._segment(packet, begin, total, key, tos & 0b11, rest)

    def _read_v6(self, packet: Buffer, verified: bool) -> Arrival | None:
        first, length, following, key, *rest = READ_V6.unpack_from(packet)
        total = IPV6_SIZE + length if length else len(packet)  # none: more than 16 bits can say
        whole = IPV6_SIZE + TCP_SIZE <= total <= len(packet)
        if following != PROTOCOL or not whole:
            self.strange += 1
            return None
        if not verified and not self._is_intact(packet, key[:32], IPV6_SIZE, total, rest[5]):
            return None
        return self._segment(packet, IPV6_SIZE, total, key, first >> 20 & 0b11, rest)

    def _segment(
        self, packet: Buffer, begin: int, end: int, key: bytes, ecn: int, rest: list[int]
    ) -> Arrival | None:
        sequence, acknowledgment, offset, flags, window, _, urgent = rest
        data = begin + (offset >> 4) * 4
        if data > end or data < begin + TCP_SIZE:
            self.strange += 1
            return None
        options = b""
        if data > begin + TCP_SIZE:
            options = bytes(packet[begin + TCP_SIZE : data])
        payload = bytes(packet[data:end]) if data < end else b""
        segment = Segment(flags, sequence, acknowledgment, window, options, payload, urgent, ecn)
        return key, segment

    def _is_intact(
        self, packet: Buffer, addresses: bytes, begin: int, end: int, checksum: int
    ) -> bool:
        """Verify the checksum; one that only covers the pseudo header is not finished.

        A raw socket does not say which it is: the sum tells (a sender on this machine leaves
        the rest to hardware that there is not).
        """
        length = end - begin
        pseudo = from_bytes(addresses, "big") + PROTOCOL + length
        if self.takes_unfinished and checksum % 0xFFFF == pseudo % 0xFFFF:
            self.unfinished += 1  # looked at first: to sum up 64 kB takes a while
            return True
        number = from_bytes(packet[begin:end], "big")
        total = pseudo + (number << 8 if length & 1 else number)
        if total % 0xFFFF == 0:
            return True
        self.bad += 1
        return False


@record(frozen=False, eq=False)
class Writer:
    """Makes the packets of one connection; what never changes is worked out once."""

    flow: Flow
    ttl: int = 64
    dscp: int = 0
    flow_label: int = 0
    """Of IPv6."""
    _pseudo: int = field(default=0, init=False)
    _constant: int = field(default=0, init=False)
    _addresses: bytes = field(default=b"", init=False)

    def __post_init__(self) -> None:
        flow = self.flow
        addresses = int(flow.local) + int(flow.remote)
        self._pseudo = (addresses + PROTOCOL) % 0xFFFF
        self._constant = self._pseudo + flow.local_port + flow.remote_port
        self._addresses = flow.local.packed + flow.remote.packed

    def pack(self, segment: Segment) -> bytes:
        """Return the whole packet, checksums and all."""
        return self.head(segment) + segment.payload

    def head(self, s: Segment, *, partial: bool = False) -> bytes:
        """Return the headers alone, for a link that gathers.

        Args:
            s: the segment.
            partial: sum up the pseudo header alone: the link finishes the checksum.
        """
        flow = self.flow
        options, payload = s.options, s.payload
        sequence, acknowledgment = s.sequence & WRAP, s.acknowledgment & WRAP
        size = TCP_SIZE + len(options)
        length = size + len(payload)
        offset = size << 2
        if partial:
            checksum = (self._pseudo + length) % 0xFFFF
        else:
            total = self._constant + length + sequence + acknowledgment + (offset << 8)
            total += s.flags + s.window + s.urgent
            if options:
                total += from_bytes(options, "big")
            if payload:
                number = from_bytes(payload, "big")
                total += number << 8 if len(payload) & 1 else number
            checksum = 0xFFFF - (total % 0xFFFF or 0xFFFF)
        tcp = (
            *(flow.local_port, flow.remote_port, sequence, acknowledgment),
            *(offset, s.flags, s.window, checksum, s.urgent),
        )
        tos = self.dscp << 2 | s.ecn
        if flow.version == 6:
            return self._head_v6(tos, length, tcp) + options
        return self._head_v4(tos, length, tcp) + options

    def _head_v4(self, tos: int, length: int, tcp: tuple[int, ...]) -> bytes:
        flow = self.flow
        total, src, dst = IPV4_SIZE + length, int(flow.local), int(flow.remote)
        words = ((0x45 + self.ttl) << 8) + tos + total + DONT_FRAGMENT + PROTOCOL + src + dst
        checksum = 0xFFFF - (words % 0xFFFF or 0xFFFF)
        head = 0x45, tos, total & 0xFFFF, 0, DONT_FRAGMENT, self.ttl, PROTOCOL, checksum, src, dst
        return V4.pack(*head, *tcp)

    def _head_v6(self, tos: int, length: int, tcp: tuple[int, ...]) -> bytes:
        first = 6 << 28 | tos << 20 | self.flow_label
        return V6.pack(first, length & 0xFFFF, PROTOCOL, self.ttl, self._addresses, *tcp)


@lru_cache(1024)
def writer_of(flow: Flow) -> Writer:
    """Return a writer for answers to whoever it is: made once for many."""
    return Writer(flow)
