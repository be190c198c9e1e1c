"""The TCP segment that a packet is about, whatever it is wrapped in."""

from typing import NamedTuple

from rawkit.wire.address import Address
from rawkit.wire.cut import missing_inside
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP


class Segment(NamedTuple):
    """A TCP segment, and between whom it goes."""

    src: Address
    dst: Address
    tcp: TCP
    payload: bytes
    missing: int
    """Octets behind ``payload`` that the capture does not have."""


def segment_of(packet: Packet) -> Segment | None:
    """Return the segment that a packet carries; ``None``: it carries none, or none whole enough.

    One that an ICMP error quotes does not count.
    """
    place = -1
    for number, header in enumerate(packet.headers):
        if isinstance(header, TCP):
            break
        if isinstance(header, IPv4 | IPv6):
            place = number
        elif header.QUOTES is not None:
            return None
    else:
        return None
    ip = packet.headers[place] if place >= 0 else None
    if not isinstance(ip, IPv4 | IPv6):
        return None
    missing = missing_inside(packet, place)
    return Segment(ip.src, ip.dst, header, packet.payload, missing)
