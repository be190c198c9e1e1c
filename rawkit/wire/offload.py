"""Super-packets made into what a wire carries: TCP cut into segments, UDP into datagrams.

A kernel with offload hands its hardware packets of up to 64 KiB to be cut (TSO, UDP GSO), and
puts together what comes (GRO); captures have them so.
"""

from rawkit.record import replace
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

LAST_ONLY = Flags.FIN | Flags.PSH
"""What only the last segment says."""
MODULUS = 1 << 32
LONGEST_ID = 0xFFFF
LENGTH = slice(2, 4)
TO_THE_END = b"\0\0"
"""A total length that means: as long as the frame is (Windows' large send offload)."""


def tcp_segments(packet: Packet, size: int) -> tuple[Packet, ...]:
    """Return the segments that a super-packet stands for; the packet itself, if it is none.

    Lengths and checksums are worked out. Each segment has the identification behind that of
    the one before, FIN and PSH are those of the last one, CWR that of the first (RFC 3168).

    Args:
        packet: with TCP as its innermost header.
        size: octets of data in each segment at most.
    """
    tcp, payload = packet.headers[-1] if packet.headers else None, packet.payload
    if not isinstance(tcp, TCP) or len(payload) <= size:
        return (packet,)
    segments = []
    for number, start in enumerate(range(0, len(payload), size)):
        end = start + size
        segment = _segment(tcp, start, is_last=end >= len(payload))
        headers = (*_outer(packet.headers[:-1], number), segment)
        segments.append(Packet(headers, payload[start:end]))
    return tuple(segments)


def udp_datagrams(packet: Packet, size: int) -> tuple[Packet, ...]:
    """Return the datagrams that a super-packet stands for; the packet itself, if it is none.

    Args:
        packet: with UDP as its innermost header.
        size: octets of data in each datagram but the last; a file does not tell that.
    """
    udp, payload = packet.headers[-1] if packet.headers else None, packet.payload
    if not isinstance(udp, UDP) or len(payload) <= size:
        return (packet,)
    inner = replace(udp, length=None, trailer=b"", checksum=None if udp.checksum else 0)
    return tuple(
        Packet((*_outer(packet.headers[:-1], number), inner), payload[start : start + size])
        for number, start in enumerate(range(0, len(payload), size))
    )


def room_for_data(packet: Packet, mtu: int) -> int:
    """Return how many octets of data fit into a packet with these headers on a link.

    Args:
        packet: with the data.
        mtu: of the link, in octets from the outermost IP header on.
    """
    for place, header in enumerate(packet.headers):
        if isinstance(header, IPv4 | IPv6):
            octets = len(bytes(Packet(packet.headers[place:], packet.payload)))
            return mtu - (octets - len(packet.payload) - len(header.trailer))
    return mtu


def data_in(tcp: TCP, mss: int) -> int:
    """Return how many octets of data go with a header, for this MSS (RFC 6691)."""
    return mss - len(tcp.options)


def with_length(octets: bytes, start: int) -> bytes:
    """Return a packet whose IPv4 header tells its length, if that told 0 and meant: to the end.

    Args:
        octets: the packet.
        start: where its IP header begins.
    """
    length = len(octets) - start
    header = octets[start : start + 20]
    if len(header) < 20 or header[0] >> 4 != 4 or header[LENGTH] != TO_THE_END:
        return octets
    changed = bytearray(octets)
    changed[start + 2 : start + 4] = min(length, LONGEST_ID).to_bytes(2, "big")
    return bytes(changed)


def _segment(tcp: TCP, start: int, *, is_last: bool) -> TCP:
    flags = tcp.flags if is_last else tcp.flags & ~LAST_ONLY
    urgent = tcp.urgent
    if start:
        flags &= ~Flags.CWR
        urgent = max(0, urgent - start)
        if not urgent:
            flags &= ~Flags.URG
    return replace(
        tcp.recomputed(),
        sequence=(tcp.sequence + start) % MODULUS,
        flags=flags,
        urgent=urgent,
    )


def _outer(headers: tuple[Header, ...], number: int) -> tuple[Header, ...]:
    """Return the headers around a piece of a super-packet."""
    changed: list[Header] = []
    for header in headers:
        match header:
            case IPv4(identification=first):
                id_ = (first + number) & LONGEST_ID
                changed.append(replace(header.recomputed(), identification=id_, trailer=b""))
            case IPv6():
                changed.append(replace(header.recomputed(), trailer=b""))
            case UDP(checksum=checksum):
                changed.append(replace(header.recomputed(), checksum=None if checksum else 0))
            case _:
                changed.append(header.recomputed())
    return tuple(changed)
