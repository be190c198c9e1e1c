"""What else holds on real links: VLANs, routers, own addresses, and who is listened to."""

import subprocess
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal

import pytest

import rawkit
from rawkit.engine.discover import Change
from rawkit.engine.watch import Kind
from rawkit.errors import NoRoute, UsageError
from rawkit.lab import Lab, Node
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire import icmp_queries
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_MAC, Operation
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    ALL_NODES,
    ALL_ROUTERS,
    NeighborAdvertisement,
    NeighborFlag,
    RouterSolicitation,
    multicast_mac,
)
from rawkit.wire.ndp_options import SourceLinkLayer, TargetLinkLayer
from rawkit.wire.packet import Packet
from tests.netns.link_host import LinkHost
from tests.netns.link_says import STRANGER, saying

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
both = pytest.mark.parametrize("version", [4, 6])
both_kinds = pytest.mark.parametrize("cooked", [False, True], ids=["raw", "cooked"])
ELSEWHERE = MAC.parse("02:00:00:00:77:77")
ADDRESS, ADDRESS6 = IPv4Address("10.1.0.77"), IPv6Address("fe80::77")


def spare_of(node: Node, version: int) -> Address:
    spare = node.spare()
    return spare.ipv4 if version == 4 else spare.ipv6


def address_of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def ip(node: Node, *words: str) -> str:
    with node.popen(["ip", *words], text=True, stdout=subprocess.PIPE) as ran:
        out, _ = ran.communicate()
        assert ran.returncode == 0
        return str(out)


# VLANs


def tagged(frame: Packet, number: int) -> Packet:
    """Return a frame with an 802.1Q tag."""
    first = frame[Ethernet]
    inside = bytes(frame)[12:]
    return Ethernet(first.dst, first.src, 0x8100) / (number.to_bytes(2, "big") + inside)


def answer(address: Address, us: Address, our_mac: MAC) -> Packet:
    """Return the answer to who asks for an address."""
    if isinstance(address, IPv4Address):
        return Ethernet(our_mac, STRANGER) / ARP(2, STRANGER, address, our_mac, us)  # type: ignore[arg-type]  # of IPv4
    assert isinstance(us, IPv6Address)
    flags = NeighborFlag.OVERRIDE | NeighborFlag.SOLICITED
    said = NeighborAdvertisement(address, flags, (TargetLinkLayer(STRANGER),))
    return Ethernet(our_mac, STRANGER) / IPv6(address, us, hop_limit=255) / said


@both
@both_kinds
def test_an_answer_in_a_vlan_is_none_and_one_with_a_mere_priority_is(
    version: int, cooked: bool, pair: LabFactory
) -> None:
    """The kernel takes the tag off and tells of it in PACKET_AUXDATA."""
    net = pair()
    target, us = spare_of(net.last, version), address_of(net.first, version)
    mac = MAC(net.first.run(own_mac))

    found = [
        rawkit.resolve(
            target, at=net.first, count=1, timeout=0.2, cooked=cooked,
            wrap=saying(net.last, tagged(answer(target, us, mac), tag)),
        ).run().received
        for tag in (5, 7 << 13)
    ]  # fmt: skip

    assert found == [0, 1]


def own_mac() -> bytes:
    from rawkit.host.links import link

    return link("eth0").mac


def test_a_watch_tells_the_vlan(pair: LabFactory) -> None:
    net = pair()
    said = Ethernet(BROADCAST, STRANGER) / ARP(1, STRANGER, ADDRESS, NO_MAC, ADDRESS)
    frames = (said, tagged(said, 5 << 13 | 42), tagged(said, 43))

    session = rawkit.watch_neighbours(
        "eth0", at=net.first, count=3, deadline=30.0, wrap=saying(net.last, *frames)
    )
    events = list(session)

    assert [event.vlan and (event.vlan.id, event.vlan.priority) for event in events] == [
        None, (42, 5), (43, 0),
    ]  # fmt: skip
    assert [event.change for event in events] == [Change.NEW] * 3
    assert len(session.report().neighbours) == 3


# Announcements


@pytest.mark.parametrize("forwards", [0, 1])
def test_a_router_stays_a_router_when_it_announces_itself(forwards: int, pair: LabFactory) -> None:
    net = pair()
    net.first.sysctl("net.ipv6.conf.eth0.forwarding", forwards)

    def nothing(_: Packet) -> Iterable[Packet]:
        return ()

    with LinkHost(net.last, nothing) as host:
        rawkit.announce_address(net.first.ipv6, at=net.first, count=1, timeout=0.3).run()
        heard = [one for one in host.heard if NeighborAdvertisement in one]

    (said,) = (one[NeighborAdvertisement] for one in heard)
    assert bool(said.flags & NeighborFlag.ROUTER) is bool(forwards)


# Who is meant


@both
def test_whether_others_have_our_own_address_needs_no_interface(
    version: int, pair: LabFactory
) -> None:
    net = pair()
    ours = address_of(net.first, version)

    alone = rawkit.detect_duplicate(ours, at=net.first, count=1, timeout=0.1).run()
    ip(net.last, "address", "add", f"{ours}/16", "dev", "eth0", *["nodad"] * (version == 6))
    beside = rawkit.detect_duplicate(ours, at=net.first, count=1).run()

    assert (alone.link.interface, alone.is_conflict) == ("eth0", False)
    assert (beside.macs, beside.is_conflict) == ((net.last.run(own_mac),), True)


@pytest.mark.parametrize(
    ("host", "options", "error", "said"),
    [
        ("10.1.255.255", {}, UsageError, "is the address of all hosts of a link, not of one"),
        ("10.1.0.1", {}, UsageError, "is an address of this host: look for others who have it"),
        ("fe80::7%eth0", {"interface": "lo"}, UsageError, "fe80::7%eth0 is on eth0, not on lo"),
        ("fe80::7%99", {}, UsageError, "no interface has the number 99"),
        ("fd00:0:0:1::7", {"source": "::"}, UsageError, "source address :: is for probes only"),
        ("10.1.0.7", {"interval": 0, "deadline": 9}, UsageError, "interval is 0"),
        ("203.0.113.2", {}, NoRoute, "throws packets away"),
        ("2001:db8::1", {}, NoRoute, "says unreachable"),
        ("198.51.100.1", {}, NoRoute, r"the way there leads over fe80::2%eth0 \(try: fe80::2%eth0"),
    ],
)
def test_who_cannot_be_asked_is_refused_with_the_way_out(
    host: str, options: dict[str, Any], error: type[Exception], said: str, pair: LabFactory
) -> None:
    net = pair()
    ip(net.first, "-4", "route", "add", "blackhole", "203.0.113.2")
    ip(net.first, "-6", "route", "add", "unreachable", "2001:db8::1")
    ip(net.first, "-4", "route", "add", "198.51.100.1", "via", "inet6", "fe80::2", "dev", "eth0")

    with pytest.raises(error, match=said):
        rawkit.resolve(host, at=net.first, **options)


def test_an_announcement_over_ipv4_has_no_other_source(pair: LabFactory) -> None:
    """With another one it would be a question (RFC 5227 §2.3)."""
    net = pair()
    ip(net.first, "address", "add", "10.1.0.9/16", "dev", "eth0")

    with pytest.raises(UsageError, match=r"10\.1\.0\.1 is announced by itself"):
        rawkit.announce_address(net.first.ipv4, source="10.1.0.9", at=net.first)


def test_an_announcement_over_ipv6_may_come_from_another_address(pair: LabFactory) -> None:
    net = pair()

    with LinkHost(net.last, lambda _: ()) as host:
        rawkit.announce_address(
            net.first.ipv6, source="fe80::1:1", at=net.first, count=1, timeout=0.3
        ).run()
        (said,) = [one for one in host.heard if NeighborAdvertisement in one]

    assert said[IPv6].src == IPv6Address("fe80::1:1")
    assert said[NeighborAdvertisement].target == net.first.ipv6


def test_who_has_no_address_can_ask_over_ipv4(pair: LabFactory) -> None:
    net = pair()

    report = rawkit.resolve(net.last.ipv4, source="0.0.0.0", at=net.first, count=1).run()

    assert (report.mac, report.answered) == (net.last.run(own_mac), 1)


def test_an_interface_may_be_named_by_its_number(pair: LabFactory) -> None:
    net = pair()
    index = next(number for number, name in net.first.run(interfaces) if name == "eth0")

    session = rawkit.resolve(f"fe80::7%{index}", at=net.first)

    assert session.link.interface == "eth0"


def interfaces() -> list[tuple[int, str]]:
    import socket

    return socket.if_nameindex()


# Who is listened to


@pytest.mark.parametrize(
    ("version", "kinds"),
    [
        (4, [Kind.REPLY, Kind.ROUTER]),
        (6, [Kind.ANNOUNCEMENT, Kind.REQUEST]),
        (None, [Kind.REPLY, Kind.ROUTER, Kind.ANNOUNCEMENT, Kind.REQUEST]),
    ],
)
def test_a_version_can_be_listened_to_alone(
    version: Literal[4, 6] | None, kinds: list[Kind], pair: LabFactory
) -> None:
    net = pair()
    mac, all_systems = MAC(net.first.run(own_mac)), IPv4Address("224.0.0.1")
    router = icmp_queries.RouterAdvertisement(1800, ((ADDRESS, 0),))
    said = NeighborAdvertisement(ADDRESS6, NeighborFlag.OVERRIDE, (TargetLinkLayer(STRANGER),))
    asking = RouterSolicitation((SourceLinkLayer(STRANGER),))
    frames = (
        Ethernet(mac, STRANGER) / ARP(Operation.REPLY, STRANGER, ADDRESS, mac, net.first.ipv4),
        Ethernet(multicast_mac(all_systems), STRANGER) / IPv4(ADDRESS, all_systems, ttl=1) / router,
        Ethernet(multicast_mac(ALL_NODES), STRANGER)
        / IPv6(ADDRESS6, ALL_NODES, hop_limit=255) / said,
        Ethernet(multicast_mac(ALL_ROUTERS), STRANGER)
        / IPv6(ADDRESS6, ALL_ROUTERS, hop_limit=255) / asking,
    )  # fmt: skip

    events = rawkit.watch_neighbours(
        "eth0", at=net.first, version=version, count=len(kinds), deadline=30.0,
        wrap=saying(net.last, *frames),
    )  # fmt: skip

    assert [event.kind for event in events if event.mac == STRANGER] == kinds


def promiscuity(node: Node) -> str:
    words = ip(node, "-d", "link", "show", "eth0").split()
    return words[words.index("promiscuity") + 1]


def test_what_others_say_to_others_is_heard_by_promiscuous_listening(pair: LabFactory) -> None:
    """A veth pair hands everything over; the interface's count is what a card would heed."""
    net = pair()
    counts = [promiscuity(net.first)]
    frame = Ethernet(ELSEWHERE, STRANGER) / ARP(2, STRANGER, ADDRESS, ELSEWHERE, ADDRESS)

    def wrap(io: PacketIO) -> PacketIO:
        counts.append(promiscuity(net.first))
        return saying(net.last, frame)(io)

    (event,) = rawkit.watch_neighbours(
        "eth0", at=net.first, promiscuous=True, count=1, deadline=30.0, wrap=wrap
    )
    counts.append(promiscuity(net.first))

    assert (event.address, event.mac) == (ADDRESS, STRANGER)
    assert counts == ["0", "1", "0"]
