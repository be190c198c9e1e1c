"""Packets that a capture cut short: what their headers say of the octets that are gone."""

from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import SIZE, TCP


def missing_inside(packet: Packet, place: int) -> int:
    """Return how many octets an IP header announces that are not there.

    Args:
        packet: as it was read.
        place: that of the IP header among its headers.
    """
    match packet.headers[place]:
        case IPv4(options=options, total_length=int(total)):
            announced = total - 20 - len(options)
        case IPv6(payload_length=int(announced)):
            pass
        case _:
            return 0
    match packet.headers[place + 1 :]:
        case (TCP(options=options),):
            there = SIZE + len(options) + len(packet.payload)
        case ():
            there = len(packet.payload)
        case behind:
            there = len(bytes(Packet(behind, packet.payload)))
    return max(0, announced - there)


def missing(packet: Packet) -> int:
    """Return how many octets the outermost IP header announces that are not there."""
    for place, header in enumerate(packet.headers):
        if isinstance(header, IPv4 | IPv6):
            return missing_inside(packet, place)
    return 0


def completed(packet: Packet) -> Packet:
    """Return a packet with zeros where octets are gone, so that it is as long as it was."""
    if not (gone := missing(packet)):
        return packet
    return Packet.filled(packet.headers, packet.payload + bytes(gone), packet.error)
