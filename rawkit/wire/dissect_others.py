"""Who follows whom beyond a plain IPv4 packet: frames, IPv6 and its extension headers."""

from rawkit.wire import icmpv6
from rawkit.wire.dissect import Follower, Parsers, tcp_parser
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Options, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Header, Parser
from rawkit.wire.udp import UDP


def arp_parser() -> Parser:
    """Return the parser of ARP packets."""
    from rawkit.wire.arp import ARP

    return ARP.parse


BY_ETHER_TYPE = Parsers(
    {EtherType.IPV4: IPv4.parse, EtherType.IPV6: IPv6.parse}, later={EtherType.ARP: arp_parser}
)

BY_NEXT_HEADER = Parsers(
    {
        IPProtocol.HOP_BY_HOP: HopByHop.parse,
        IPProtocol.IPV4: IPv4.parse,
        IPProtocol.UDP: UDP.parse,
        IPProtocol.IPV6: IPv6.parse,
        IPProtocol.ROUTING: Routing.parse,
        IPProtocol.FRAGMENT: Fragment.parse,
        IPProtocol.ICMPV6: icmpv6.parse,
        IPProtocol.DESTINATION_OPTIONS: DestinationOptions.parse,
    },
    later={IPProtocol.TCP: tcp_parser},
)


def _after_ethernet(header: Ethernet) -> Parser | None:
    return BY_ETHER_TYPE[header.ether_type]


def _by_next_header(header: IPv6 | Options | Routing) -> Parser | None:
    return BY_NEXT_HEADER[header.next_header]


def _after_fragment(header: Fragment) -> Parser | None:
    return None if header.offset else BY_NEXT_HEADER[header.next_header]


def _after_icmpv6_error(_: icmpv6.Quoting) -> Parser:
    return IPv6.parse


OTHER_FOLLOWERS: dict[type[Header], Follower | None] = {
    Ethernet: _after_ethernet,
    IPv6: _by_next_header,
    Options: _by_next_header,
    Routing: _by_next_header,
    Fragment: _after_fragment,
    icmpv6.Quoting: _after_icmpv6_error,
}
"""By class of header, for it and those derived from it: which parser comes next."""
