"""Who follows whom beyond a plain IPv4 packet: frames, IPv6 and its extension headers, tunnels."""

from collections.abc import Callable

from rawkit.wire import icmpv6
from rawkit.wire.carrier import Carrier
from rawkit.wire.dissect import BY_IP_PROTOCOL, Follower, Parsers, tcp_parser
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import (
    DestinationOptions,
    Extension,
    Fragment,
    HopByHop,
    Options,
    Routing,
)
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Header, Parser
from rawkit.wire.udp import UDP

OLD_SERVICE_VLAN = 0x9100
"""What announced the outer of two tags before IEEE 802.1ad."""


def arp_parser() -> Parser:
    """Return the parser of ARP packets."""
    from rawkit.wire.arp import ARP

    return ARP.parse


def llc_parser() -> Parser:
    """Return the parser of LLC and SNAP headers."""
    from rawkit.wire import llc

    return llc.parse


def tag_parser() -> Parser:
    """Return the parser of a customer's VLAN tags."""
    from rawkit.wire.vlan import VLANTag

    return VLANTag.parse


def service_tag_parser() -> Parser:
    """Return the parser of a provider's VLAN tags."""
    from rawkit.wire.vlan import ServiceTag

    return ServiceTag.parse


def gre_parser() -> Parser:
    """Return the parser of GRE headers."""
    from rawkit.wire.gre import GRE

    return GRE.parse


def igmp_parser() -> Parser:
    """Return the parser of IGMP messages."""
    from rawkit.wire import igmp

    return igmp.parse


def esp_parser() -> Parser:
    """Return the parser of ESP headers."""
    from rawkit.wire.esp import ESP

    return ESP.parse


def ah_parser() -> Parser:
    """Return the parser of authentication headers."""
    from rawkit.wire.authentication import AH

    return AH.parse


def sctp_parser() -> Parser:
    """Return the parser of SCTP packets."""
    from rawkit.wire.sctp import SCTP

    return SCTP.parse


def udplite_parser() -> Parser:
    """Return the parser of UDP-Lite headers."""
    from rawkit.wire.udplite import UDPLite

    return UDPLite.parse


BY_ETHER_TYPE = Parsers(
    {
        EtherType.IPV4: IPv4.parse,
        EtherType.IPV6: IPv6.parse,
        EtherType.BRIDGING: Ethernet.parse,
    },
    later={
        EtherType.LENGTH: llc_parser,
        EtherType.ARP: arp_parser,
        EtherType.VLAN: tag_parser,
        EtherType.SERVICE_VLAN: service_tag_parser,
        OLD_SERVICE_VLAN: service_tag_parser,
    },
)

RARER: dict[int, Callable[[], Parser]] = {
    IPProtocol.IGMP: igmp_parser,
    IPProtocol.GRE: gre_parser,
    IPProtocol.ESP: esp_parser,
    IPProtocol.AUTHENTICATION: ah_parser,
    IPProtocol.SCTP: sctp_parser,
    IPProtocol.UDP_LITE: udplite_parser,
}
"""What loads the parsers of protocols that IP seldom carries."""

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
    later={IPProtocol.TCP: tcp_parser, **RARER},
)


def _after_ethernet(header: Ethernet) -> Parser | None:
    return BY_ETHER_TYPE[header.ether_type]


def _by_carried_type(header: Carrier) -> Parser | None:
    return BY_ETHER_TYPE[header.carried_type]


def _by_next_header(header: IPv6 | Options | Routing) -> Parser | None:
    return BY_NEXT_HEADER[header.next_header]


def _after_extension(header: Extension) -> Parser | None:
    """For AH and ESP, which may be behind either version of IP."""
    return BY_NEXT_HEADER[header.next_header] or BY_IP_PROTOCOL[header.next_header]


def _after_fragment(header: Fragment) -> Parser | None:
    return None if header.offset else BY_NEXT_HEADER[header.next_header]


def _after_icmpv6_error(_: icmpv6.Quoting) -> Parser:
    return IPv6.parse


OTHER_FOLLOWERS: dict[type[Header], Follower | None] = {
    Ethernet: _after_ethernet,
    Carrier: _by_carried_type,
    IPv6: _by_next_header,
    Extension: _after_extension,
    Options: _by_next_header,
    Routing: _by_next_header,
    Fragment: _after_fragment,
    icmpv6.Quoting: _after_icmpv6_error,
}
"""By class of header, for it and those derived from it: which parser comes next."""
