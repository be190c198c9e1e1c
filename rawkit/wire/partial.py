"""Checksums that a sender's kernel has left to its hardware (``CHECKSUM_PARTIAL``).

Such a field holds the sum of the pseudo header, and what it covers is still to be added.
"""

from rawkit.record import replace
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp import UDP


def unfinished(packet: Packet) -> int | None:
    """Return which header has a checksum that is still to be worked out; ``None``: none has.

    It is the first one with a checksum behind an IP header. A wrong one is taken for it once
    in 65536 times.
    """
    outer: Header | None = None
    for place, header in enumerate(packet.headers):
        if header.IP_PROTOCOL == IPProtocol.SCTP:
            return place if getattr(header, "checksum", None) == 0 else None
        if isinstance(header, UDP) and header.checksum == 0 and packet.headers[place + 1 :]:
            pass  # a tunnel without a checksum
        elif header.COVERS_ADDRESSES and isinstance(outer, IPv4 | IPv6):
            is_it = getattr(header, "checksum", None) == _sum(packet, place, outer)
            return place if is_it else None
        if header.QUOTES is not None:
            return None
        outer = header.covering(outer)
    return None


def finished(packet: Packet) -> Packet:
    """Return a packet whose unfinished checksum is worked out; others stay as they are."""
    place = unfinished(packet)
    if place is None:
        return packet
    headers = list(packet.headers)
    headers[place] = replace(headers[place], checksum=None)
    return Packet(tuple(headers), packet.payload, packet.error)


def partial_checksum(packet: Packet, place: int) -> int:
    """Return what the header at a place holds as long as its checksum is not worked out."""
    outer: Header | None = None
    for header in packet.headers[:place]:
        outer = header.covering(outer)
    return _sum(packet, place, outer) if isinstance(outer, IPv4 | IPv6) else 0


def _sum(packet: Packet, place: int, outer: IPv4 | IPv6) -> int:
    header = packet.headers[place]
    assert header.IP_PROTOCOL is not None
    octets = bytes(Packet(packet.headers[place:], packet.payload))
    length = len(octets) - len(getattr(header, "trailer", b""))
    return 0xFFFF - internet_checksum(outer.pseudo_header(length, header.IP_PROTOCOL))
