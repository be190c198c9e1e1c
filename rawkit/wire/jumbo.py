"""Jumbograms: IPv6 packets whose payload is above 65,535 octets (RFC 2675)."""

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.wire import ipv6_options
from rawkit.wire.extensions import HopByHop
from rawkit.wire.ipv6 import MOST, SIZE, IPv6
from rawkit.wire.ipv6_option_values import JumboPayload, Kind
from rawkit.wire.packet import Packet

LARGEST = 0xFFFF_FFFF


def jumbogram(packet: Packet) -> Packet:
    """Return a packet whose length stands in a hop-by-hop option, the payload length being 0.

    The option goes into the hop-by-hop header that is there, or into a new one.

    Raises:
        BuildError: it does not begin with IPv6, or is too long even so.
    """
    match packet.headers:
        case (IPv6() as ip, HopByHop() as hops, *inner):
            given = ipv6_options.decode(hops.options)
            kept = [one for one in given if not isinstance(one, JumboPayload)]
        case (IPv6() as ip, *inner):
            hops, kept = HopByHop(next_header=ip.next_header), []
        case _:
            raise BuildError(f"jumbogram: {packet.outline} does not begin with IPv6")
    head = replace(ip, next_header=HopByHop.IP_PROTOCOL, payload_length=0)
    begun = replace(hops, options=ipv6_options.encode(JumboPayload(0), *kept))
    size = len(bytes(Packet((head, begun, *inner), packet.payload))) - SIZE - len(ip.trailer)
    if size > LARGEST:
        raise BuildError(f"jumbogram: {size} octets, and {LARGEST} can be said")
    done = replace(hops, options=ipv6_options.encode(JumboPayload(size), *kept))
    return Packet((head, done, *inner), packet.payload)


def announced(payload: memoryview) -> int:
    """Return what the jumbo payload option of a hop-by-hop header says; 0 if there is none.

    Args:
        payload: the octets behind an IPv6 header whose payload length is 0.
    """
    if len(payload) < 2:
        return 0
    options = bytes(payload[2 : (payload[1] + 1) * ipv6_options.UNIT])
    for octets in ipv6_options.each(options):
        if octets[0] == Kind.JUMBO and len(octets) == 6:
            length = int.from_bytes(octets[2:], "big")
            return length if length > MOST else 0
    return 0
