"""Neighbours on real links: kernels that answer as they should, and hosts that do not."""

import subprocess
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any

import pytest

import rawkit
from rawkit.engine.discover import Change, Router
from rawkit.engine.neighbour_events import Answer, ResolveEvent, Verdict
from rawkit.engine.watch import Kind
from rawkit.errors import NoRoute, UsageError
from rawkit.lab import Lab
from rawkit.lab.topology import Node
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    ALL_NODES,
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    RouterAdvertisement,
    multicast_mac,
    solicited_node,
)
from rawkit.wire.ndp_options import (
    TargetLinkLayer,
)
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock
from tests.netns.link_host import LinkHost
from tests.netns.link_says import SAID, STRANGER, answers, router, saying

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
both = pytest.mark.parametrize("version", [4, 6])
both_kinds = pytest.mark.parametrize("cooked", [False, True], ids=["raw", "cooked"])


def address_of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def spare_of(node: Node, version: int) -> Address:
    spare = node.spare()
    return spare.ipv4 if version == 4 else spare.ipv6


def told(session: Iterable[ResolveEvent]) -> list[Answer]:
    return [event for event in session if isinstance(event, Answer)]


@both
@both_kinds
def test_a_neighbour_is_found(version: int, cooked: bool, pair: LabFactory) -> None:
    net = pair()
    target = address_of(net.last, version)

    report = rawkit.resolve(target, at=net.first, cooked=cooked).run()

    assert report.mac == net.last.run(own_mac)
    assert (report.sent, report.answered, report.conflicts) == (1, 1, 0)
    assert report.rtt is not None
    assert report.clocks == (Clock.KERNEL, Clock.KERNEL)
    assert report.link.interface == "eth0"
    assert report.target.src == address_of(net.first, version)
    assert report.via == ("cooked packet socket" if cooked else "packet socket")


def own_mac() -> bytes:
    from rawkit.host.links import link

    return link("eth0").mac


@both
def test_the_kernels_own_table_is_neither_asked_nor_told(version: int, pair: LabFactory) -> None:
    net = pair()
    target = address_of(net.last, version)

    rawkit.resolve(target, at=net.first).run()

    assert str(target) not in output(net.first, "ip", "neighbour", "show")


def output(node: Node, *words: str) -> str:
    with node.popen(words, text=True, stdout=subprocess.PIPE) as ran:
        return str(ran.communicate()[0])


@both
def test_nobody_is_nobody(version: int, pair: LabFactory) -> None:
    net = pair()

    report = rawkit.resolve(
        spare_of(net.last, version), at=net.first, count=2, interval=0.05, timeout=0.05
    ).run()

    assert (report.mac, report.sent, report.answered) == (None, 2, 0)
    assert not report.is_alive


def test_a_link_local_neighbour_is_named_with_its_link(pair: LabFactory) -> None:
    net = pair()
    local = next(
        address
        for address in net.last.run(all_addresses)
        if isinstance(address, IPv6Address) and address.is_link_local
    )

    by_scope = rawkit.resolve(f"{local}%eth0", at=net.first).run()
    by_option = rawkit.resolve(local, interface="eth0", at=net.first).run()

    assert by_scope.mac == by_option.mac == net.last.run(own_mac)
    assert by_scope.target.src.is_link_local


def all_addresses() -> list[Address]:
    from rawkit.host.interfaces import interface

    return [one.address for one in interface("eth0").addresses]


@both
def test_two_hosts_with_one_address_are_a_conflict(version: int, pair: LabFactory) -> None:
    net = pair()
    target = address_of(net.last, version)

    with LinkHost(net.last, answers(target, STRANGER)):
        session = rawkit.resolve(
            target, at=net.first, count=2, interval=0.2, timeout=0.5, until_first=False,
            broadcast=True,
        )  # fmt: skip
        found = told(session)

    report = session.report()
    assert set(report.macs) == {STRANGER, net.last.run(own_mac)}
    assert report.is_conflict
    assert {answer.verdict for answer in found} >= {Verdict.ANSWER, Verdict.CONFLICT}


@both
def test_a_host_that_answers_twice_is_one_host(version: int, pair: LabFactory) -> None:
    net = pair()
    target = spare_of(net.last, version)

    with LinkHost(net.last, answers(target, STRANGER, times=2)):
        report = rawkit.resolve(target, at=net.first, count=1, timeout=0.5, until_first=False).run()

    assert (report.received, report.answered, report.duplicates) == (2, 1, 1)
    assert not report.is_conflict


@both
def test_wrong_sources_are_no_answer(version: int, pair: LabFactory) -> None:
    """Another address answers, and a frame for another host passes by."""
    net = pair()
    target = spare_of(net.last, version)
    wrong: Address = IPv4Address("10.1.0.77") if version == 4 else IPv6Address("fd00:0:0:1::77")

    def says(frame: Packet) -> Iterable[Packet]:
        for right in answers(target, STRANGER)(frame):
            header = right.headers[-1]
            if isinstance(header, ARP):
                yield right.replace(ARP, sender_ip=wrong)
            else:
                yield right.replace(NeighborAdvertisement, target=wrong)
            yield right.replace(Ethernet, dst=MAC.parse("02:00:00:00:77:77"))

    with LinkHost(net.last, says) as host:
        report = rawkit.resolve(target, at=net.first, count=1, timeout=0.5).run()
        assert host.heard

    assert (report.received, report.mac) == (0, None)


def test_what_was_forwarded_is_not_believed(pair: LabFactory) -> None:
    """RFC 4861 §7.1.2: a hop limit below 255 comes from beyond the link."""
    net = pair()
    target = net.last.spare().ipv6

    def says(frame: Packet) -> Iterable[Packet]:
        for right in answers(target, STRANGER)(frame):
            yield right.replace(IPv6, hop_limit=254)
            yield right.replace(NeighborAdvertisement, checksum=0xBAD)

    with LinkHost(net.last, says):
        report = rawkit.resolve(target, at=net.first, count=1, timeout=0.5).run()

    assert (report.received, report.invalid) == (0, 2)


# Duplicate address detection


@both
@both_kinds
def test_a_taken_address_is_taken(version: int, cooked: bool, pair: LabFactory) -> None:
    net = pair()

    session = rawkit.detect_duplicate(
        address_of(net.last, version), interface="eth0", at=net.first, count=3, cooked=cooked
    )
    report = session.run()

    assert report.is_conflict
    assert (report.macs, report.sent) == ((net.last.run(own_mac),), 1)


@both
def test_a_free_address_is_free(version: int, pair: LabFactory) -> None:
    net = pair()

    report = rawkit.detect_duplicate(
        spare_of(net.last, version), at=net.first, count=2, interval=0.1, timeout=0.2
    ).run()

    assert not report.is_conflict
    assert (report.sent, report.received) == (2, 0)


@both
def test_our_own_address_does_not_conflict_with_itself(version: int, pair: LabFactory) -> None:
    net = pair()

    report = rawkit.detect_duplicate(
        address_of(net.first, version), interface="eth0", at=net.first, count=1, timeout=0.3
    ).run()

    assert not report.is_conflict


@both
def test_who_probes_for_the_same_address_is_a_conflict(version: int, pair: LabFactory) -> None:
    """RFC 5227 §2.1.1, RFC 4862 §5.4.3: two hosts start at the same moment."""
    net = pair()
    wanted = spare_of(net.last, version)

    def says(frame: Packet) -> Iterable[Packet]:
        match frame.headers:
            case (Ethernet(), ARP(is_probe=True, target_ip=IPv4Address() as address)):
                yield Ethernet(BROADCAST, STRANGER) / ARP(1, STRANGER, NO_ADDRESS, NO_MAC, address)
            case (Ethernet(), IPv6(src=src), NeighborSolicitation(target=target)) if (
                src.is_unspecified
            ):
                group = solicited_node(target)
                ip = IPv6(src, group, hop_limit=255)
                yield Ethernet(multicast_mac(group), STRANGER) / ip / NeighborSolicitation(target)

    with LinkHost(net.last, says):
        session = rawkit.detect_duplicate(wanted, interface="eth0", at=net.first, count=3)
        (answer,) = told(session)

    assert answer.claim.is_probe
    assert answer.mac == STRANGER


# Announcements


@both
def test_an_announcement_changes_what_neighbours_know(version: int, pair: LabFactory) -> None:
    net = pair()
    ours = address_of(net.first, version)
    with net.last.popen(
        ["ip", "neighbour", "add", str(ours), "lladdr", str(STRANGER), "dev", "eth0",
         "nud", "stale"]
    ) as adding:  # fmt: skip
        assert adding.wait() == 0
    net.last.sysctl("net.ipv4.conf.eth0.arp_accept", 1)

    report = rawkit.announce_address(ours, at=net.first, count=1).run()

    mac = str(MAC(net.first.run(own_mac)))
    assert report.sent == 1
    wait_until(lambda: f"{ours} dev eth0 lladdr {mac}" in output(net.last, "ip", "neighbour"))


def wait_until(is_so: Callable[[], bool], patience: float = 20.0) -> None:
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@both
@pytest.mark.parametrize("reply", [False, True])
def test_who_contradicts_an_announcement_is_told(
    version: int, reply: bool, pair: LabFactory
) -> None:
    net = pair()
    ours = address_of(net.first, version)

    def says(frame: Packet) -> Iterable[Packet]:
        header = frame.headers[-1]
        if isinstance(header, ARP) and header.is_announcement:
            arp = ARP(1, STRANGER, header.sender_ip, NO_MAC, header.sender_ip)
            yield Ethernet(BROADCAST, STRANGER) / arp
        if isinstance(header, NeighborAdvertisement):
            own = (TargetLinkLayer(STRANGER),)
            said = NeighborAdvertisement(header.target, NeighborFlag.OVERRIDE, own)
            ip = IPv6(header.target, ALL_NODES, hop_limit=255)
            yield Ethernet(multicast_mac(ALL_NODES), STRANGER) / ip / said

    with LinkHost(net.last, says):
        report = rawkit.announce_address(
            ours, reply=reply, at=net.first, count=1, timeout=5.0, deadline=5.0, until_first=True
        ).run()

    assert report.is_conflict
    assert report.macs == (STRANGER,)


# Who is meant


@pytest.mark.parametrize(
    ("host", "options", "error", "said"),
    [
        ("127.0.0.1", {}, UsageError, "not the address of a neighbour"),
        ("224.0.0.1", {}, UsageError, "not the address of a neighbour"),
        ("::", {}, UsageError, "not the address of a neighbour"),
        ("{own}", {}, UsageError, "is an address of this host"),
        ("{own6}", {}, UsageError, "is an address of this host"),
        ("{far}", {}, NoRoute, "is no neighbour: the way there leads over {gateway}"),
        ("{last}", {"interface": "eth9"}, UsageError, "no interface 'eth9' here, only lo, eth0"),
        ("{last}", {"interface": "lo"}, UsageError, "not ARPable"),
        ("{last}", {"source": "192.0.2.1"}, UsageError, "192.0.2.1 is not an address of this host"),
        ("{last}", {"source": "fe80::1"}, UsageError, "source address fe80::1 to ask for"),
        ("fe80::1", {}, NoRoute, "a link-local address needs its interface"),
    ],
)
def test_who_cannot_be_asked_is_refused_with_the_way_out(
    host: str, options: dict[str, Any], error: type[Exception], said: str, line: LabFactory
) -> None:
    net = line(hops=1)
    (router,) = net.routers
    words = {
        "own": net.first.ipv4, "own6": net.first.ipv6, "far": net.last.ipv4,
        "last": router.ipv4, "gateway": router.ipv4,
    }  # fmt: skip

    with pytest.raises(error, match=said.format_map(words)):
        rawkit.resolve(host.format_map(words), at=net.first, **options)


def test_an_interface_that_is_down_is_refused(pair: LabFactory) -> None:
    net = pair()
    with net.first.popen(["ip", "link", "set", "eth0", "down"]) as setting:
        assert setting.wait() == 0

    with pytest.raises(UsageError, match='"eth0" is down'):
        rawkit.resolve(net.last.ipv4, interface="eth0", at=net.first)


def test_only_our_own_addresses_are_announced(pair: LabFactory) -> None:
    net = pair()

    with pytest.raises(UsageError, match="not an address of this host"):
        rawkit.announce_address(net.last.ipv4, at=net.first)
    with pytest.raises(UsageError, match="not an address of this host"):
        rawkit.announce_address(net.last.ipv4, interface="eth0", at=net.first)


def test_who_is_behind_a_router_can_be_asked_for_where_one_says(line: LabFactory) -> None:
    net = line(hops=1)

    report = rawkit.resolve(
        net.last.ipv4, interface="eth0", at=net.first, count=1, timeout=0.1
    ).run()

    assert (report.sent, report.is_alive) == (1, False)


# Routers


@both
@both_kinds
def test_a_router_says_what_holds_on_the_link(version: int, cooked: bool, pair: LabFactory) -> None:
    net = pair()

    with LinkHost(net.last, router) as host:
        session = rawkit.discover_routers(
            "eth0", 4 if version == 4 else 6, at=net.first, cooked=cooked, until_first=True,
            deadline=20.0,
        )  # fmt: skip
        (found,) = (event for event in session if isinstance(event, Router))
        asked = [one for one in host.heard if "Solicitation" in type(one.headers[-1]).__name__]

    assert (found.mac, found.change) == (STRANGER, Change.NEW)
    assert found.rtt is not None
    if version == 4:
        assert found.routers == ((IPv4Address("10.1.0.254"), 5), (IPv4Address("10.1.0.253"), -1))
        assert found.is_answer
        assert asked[0][IPv4].src == net.first.ipv4
    else:
        assert isinstance(found.message, RouterAdvertisement)
        assert found.message.options[1:] == SAID
        assert not found.is_answer
        assert asked[0][IPv6].src.is_link_local
    assert session.report().routers == (found,)


def test_looking_for_routers_leaves_the_host_as_it_was(pair: LabFactory) -> None:
    """What is found out is told, and not configured: that is the kernel's own business."""
    net = pair(sysctls={"net.ipv6.conf.eth0.accept_ra": 0})
    before = net.first.run(all_addresses)

    with LinkHost(net.last, router):
        rawkit.discover_routers("eth0", at=net.first, until_first=True, deadline=20.0).run()

    assert net.first.run(all_addresses) == before
    assert not any(
        address in IPv6Network("2001:db8::/64")
        for address in net.first.run(all_addresses)
        if isinstance(address, IPv6Address)
    )


def test_where_there_is_no_router_there_is_none(pair: LabFactory) -> None:
    report = rawkit.discover_routers(
        "eth0", at=pair().first, count=2, interval=0.05, timeout=0.1
    ).run()

    assert (report.sent, report.routers) == (2, ())


# Watching


@both_kinds
def test_all_that_is_said_is_heard(cooked: bool, pair: LabFactory) -> None:
    net = pair()
    address, other = IPv4Address("10.1.0.77"), IPv6Address("fe80::77")
    first, second = MAC.parse("02:00:00:00:00:01"), MAC.parse("02:00:00:00:00:02")
    said = NeighborAdvertisement(other, NeighborFlag.OVERRIDE, (TargetLinkLayer(first),))
    frames = (
        Ethernet(BROADCAST, first) / ARP(1, first, address, NO_MAC, address),
        Ethernet(BROADCAST, second) / ARP(1, second, NO_ADDRESS, NO_MAC, address),
        Ethernet(BROADCAST, second) / ARP(1, second, address, NO_MAC, address),
        Ethernet(multicast_mac(ALL_NODES), first) / IPv6(other, ALL_NODES, hop_limit=255) / said,
        Ethernet(multicast_mac(ALL_NODES), first) / IPv6(other, ALL_NODES, hop_limit=64) / said,
        Ethernet(BROADCAST, first) / ARP(2, first, address, NO_MAC, address),
    )
    session = rawkit.watch_neighbours(
        "eth0", at=net.first, count=5, deadline=30.0, cooked=cooked,
        wrap=saying(net.last, *frames),
    )  # fmt: skip
    heard = list(session)

    assert [(one.kind, one.change, one.mac) for one in heard if one.address == address] == [
        (Kind.ANNOUNCEMENT, Change.NEW, first),
        (Kind.PROBE, Change.SAME, second),
        (Kind.ANNOUNCEMENT, Change.CHANGED, second),
        (Kind.ANNOUNCEMENT, Change.CHANGED, first),
    ]
    report = session.report()
    assert report.invalid == 1
    assert report.changes == 2


def test_everywhere_is_listened_to_where_no_interface_is_named(line: LabFactory) -> None:
    net = line(hops=1)
    (router,) = net.routers
    address = IPv4Address("192.0.2.1")
    frame = Ethernet(BROADCAST, STRANGER) / ARP(1, STRANGER, address, NO_MAC, address)
    from_first, from_last = saying(net.first, frame), saying(net.last, frame)

    session = rawkit.watch_neighbours(
        at=router, count=2, deadline=30.0, wrap=lambda io: from_first(from_last(io))
    )

    assert {event.interface for event in session} == {"eth0", "eth1"}
    assert len(session.report().neighbours) == 2
