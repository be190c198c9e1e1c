"""What hosts and routers on a test's link say: for a :class:`~tests.netns.link_host.LinkHost`."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address

from rawkit.lab.topology import Node
from rawkit.sockets.frames import FrameSocket
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire import icmp_queries
from rawkit.wire.address import MAC, Address
from rawkit.wire.arp import ARP, Operation
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    ALL_NODES,
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
    multicast_mac,
)
from rawkit.wire.ndp_options import (
    DNSSL,
    MTU,
    RDNSS,
    PrefixInformation,
    RouteInformation,
    SourceLinkLayer,
    TargetLinkLayer,
)
from rawkit.wire.packet import Packet

STRANGER = MAC.parse("02:00:00:00:00:99")
NET = IPv6Address("2001:db8::")
SAID = (
    MTU(1400),
    PrefixInformation(NET),
    RDNSS(600, (IPv6Address("2001:db8::53"),)),
    DNSSL(600, ("example.org",)),
    RouteInformation(IPv6Address("2001:db8:1::"), 48, 1800, 0x08),
)


def answers(address: Address, *macs: MAC, times: int = 1) -> Callable[[Packet], Iterable[Packet]]:
    """Return hosts that all claim one address."""

    def says(frame: Packet) -> Iterable[Packet]:
        match frame.headers:
            case (Ethernet(), ARP(operation=Operation.REQUEST) as asked) if (
                asked.target_ip == address
            ):
                for mac in macs * times:
                    arp = ARP(2, mac, asked.target_ip, asked.sender_mac, asked.sender_ip)
                    yield Ethernet(asked.sender_mac, mac) / arp
            case (Ethernet(src=src), IPv6(src=asker), NeighborSolicitation(target=target)) if (
                target == address
            ):
                alone = not asker.is_unspecified
                dst = asker if alone else ALL_NODES
                to = src if alone else multicast_mac(ALL_NODES)
                flags = NeighborFlag.OVERRIDE | NeighborFlag.SOLICITED * alone
                for mac in macs * times:
                    said = NeighborAdvertisement(target, flags, (TargetLinkLayer(mac),))
                    yield Ethernet(to, mac) / IPv6(target, dst, hop_limit=255) / said

    return says


def router(frame: Packet) -> Iterable[Packet]:
    """A router for both versions."""
    match frame.headers:
        case (Ethernet(), IPv6(), RouterSolicitation()):
            said = RouterAdvertisement(600, options=(SourceLinkLayer(STRANGER), *SAID))
            ip = IPv6(IPv6Address("fe80::99"), ALL_NODES, hop_limit=255)
            yield Ethernet(multicast_mac(ALL_NODES), STRANGER) / ip / said
        case (Ethernet(src=src), IPv4(src=asker), icmp_queries.RouterSolicitation()):
            routers = ((IPv4Address("10.1.0.254"), 5), (IPv4Address("10.1.0.253"), -1))
            answer = icmp_queries.RouterAdvertisement(1800, routers)
            ip4 = IPv4(IPv4Address("10.1.0.254"), asker, ttl=1)
            yield Ethernet(src, STRANGER) / ip4 / answer


def saying(node: Node, *frames: Packet) -> Callable[[PacketIO], PacketIO]:
    """Return what sends frames from a node as soon as a session's socket is open."""

    def wrap(io: PacketIO) -> PacketIO:
        with node.here():
            mouth = FrameSocket("eth0")
        for frame in frames:
            mouth.send(frame)
        mouth.close()
        return io

    return wrap
