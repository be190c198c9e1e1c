"""Who follows whom beyond a plain IPv4 packet: frames, IPv6 and its extension headers."""

from rawkit.wire import icmpv6
from rawkit.wire.dissect import parse_tcp
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Options, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Header, Parser
from rawkit.wire.udp import UDP


def parse_arp(data: memoryview) -> tuple[Header, memoryview]:
    """Read an ARP packet."""
    from rawkit.wire.arp import ARP

    return ARP.parse(data)


BY_ETHER_TYPE: dict[int | None, Parser] = {
    EtherType.IPV4: IPv4.parse,
    EtherType.ARP: parse_arp,
    EtherType.IPV6: IPv6.parse,
}

BY_NEXT_HEADER: dict[int | None, Parser] = {
    IPProtocol.HOP_BY_HOP: HopByHop.parse,
    IPProtocol.IPV4: IPv4.parse,
    IPProtocol.TCP: parse_tcp,
    IPProtocol.UDP: UDP.parse,
    IPProtocol.IPV6: IPv6.parse,
    IPProtocol.ROUTING: Routing.parse,
    IPProtocol.FRAGMENT: Fragment.parse,
    IPProtocol.ICMPV6: icmpv6.parse,
    IPProtocol.DESTINATION_OPTIONS: DestinationOptions.parse,
}


def following_other(header: Header) -> Parser | None:
    """Return the parser for what ``header`` carries, or ``None`` for plain payload."""
    match header:
        case IPv6() | Options() | Routing() | Fragment(offset=0):
            return BY_NEXT_HEADER.get(header.next_header)
        case icmpv6.Quoting():
            return IPv6.parse
        case Ethernet():
            return BY_ETHER_TYPE.get(header.ether_type)
        case _:
            return None
