"""The Python that stands before every library call of the collection."""

PREAMBLE = """\
from ipaddress import IPv4Address, IPv6Address

import rawkit
from rawkit.wire import icmp, icmp_queries, icmpv6, ip_options, ipv6_options, routing, tcp_options
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP, Operation
from rawkit.wire.authentication import AH
from rawkit.wire.esp import NullESP
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop
from rawkit.wire.ip_security import DatagramSecurity
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ipv6_option_values import Nonce, RouterAlert
from rawkit.wire.ndp import (
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
    multicast_mac,
    solicited_node,
)
from rawkit.wire.ndp_options import MTU, PrefixInformation, SourceLinkLayer, TargetLinkLayer
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from rawkit.wire.vlan import VLANTag

a, b = IPv4Address("10.1.0.1"), IPv4Address("10.1.0.2")
a6, b6, e6 = (IPv6Address(f"fd00:0:0:1::{last}") for last in (1, 2, 9))
c6, d6 = IPv6Address("2002:a01:1::1"), IPv6Address("2002:a01:2::1")
f6, g6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
x, x6 = IPv4Address("10.1.1.1"), IPv6Address("fd00:0:0:1::101")
ours, theirs = MAC.parse("02:00:00:00:01:01"), MAC.parse("02:00:00:00:01:02")
"""
