"""Looking for routers: what is sent, what is believed, what is told of it."""

import errno
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.engine import discover
from rawkit.engine.discover import Change, Discover, Router
from rawkit.engine.neighbour_events import NotSent, Sent
from rawkit.engine.neighbour_pace import PaceSettings
from rawkit.record import replace
from rawkit.wire import icmp_queries
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import Direction
from rawkit.wire.ndp import (
    ALL_NODES,
    ALL_ROUTERS,
    NeighborAdvertisement,
    RouterAdvertisement,
    RouterFlag,
    RouterSolicitation,
    multicast_mac,
)
from rawkit.wire.ndp_options import MTU, SourceLinkLayer
from rawkit.wire.news import Dropped, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from tests.engine.link_world import (
    LINK,
    OTHER6,
    OURS,
    STRANGERS,
    THEIRS,
    THEM,
    THEM6,
    US,
    US6,
    heard,
)

GROUP4, ALL4 = IPv4Address("224.0.0.2"), IPv4Address("224.0.0.1")


def engine(version: int = 6, **settings: Any) -> Discover:
    wanted = PaceSettings(**({"until_first": False} | settings))
    return Discover(version, LINK, US6 if version == 6 else US, wanted)


def said(
    message: RouterAdvertisement | None = None,
    src: IPv6Address = THEM6,
    dst: IPv6Address = ALL_NODES,
    mac: bytes = THEIRS,
    hop_limit: int = 255,
) -> Packet:
    to = multicast_mac(dst) if dst.is_multicast else OURS
    ip = IPv6(src, dst, hop_limit=hop_limit)
    return Ethernet(to, mac) / ip / (message or RouterAdvertisement())


def said4(
    *routers: tuple[IPv4Address, int], dst: IPv4Address = ALL4, code: int = 0, lifetime: int = 1800
) -> Packet:
    message = icmp_queries.RouterAdvertisement(lifetime, routers, code)
    return Ethernet(multicast_mac(ALL4), THEIRS) / IPv4(THEM, dst, ttl=1) / message


def told(machine: Discover, packet: Packet, at: float, **wanted: Any) -> Router | None:
    events = machine.step(at, replace(heard(packet, at), **wanted)).events
    if not events:
        return None
    (event,) = events
    assert isinstance(event, Router)
    return event


def test_all_routers_are_asked_over_ipv6() -> None:
    """RFC 4861 §6.3.7."""
    (packet,) = engine().step(0.0).send

    assert packet == (
        Ethernet(multicast_mac(ALL_ROUTERS), OURS)
        / IPv6(US6, ALL_ROUTERS, hop_limit=255)
        / RouterSolicitation((SourceLinkLayer(OURS),))
    )


def test_who_has_no_address_names_no_hardware_address() -> None:
    """RFC 4861 §4.1."""
    (packet,) = Discover(6, LINK, IPv6Address(0)).step(0.0).send

    assert packet[RouterSolicitation].options == ()


def test_all_routers_are_asked_over_ipv4() -> None:
    """RFC 1256 §3: the TTL is 1."""
    (packet,) = engine(4).step(0.0).send

    assert packet == (
        Ethernet(multicast_mac(GROUP4), OURS)
        / IPv4(US, GROUP4, ttl=1)
        / icmp_queries.RouterSolicitation()
    )


def test_a_router_is_told_with_all_it_says() -> None:
    machine = engine()
    (packet,) = machine.step(0.0).send
    machine.step(0.0, Transmitted(packet, 0.125))
    message = RouterAdvertisement(600, 32, RouterFlag.HIGH, options=(MTU(1400),))

    router = told(machine, said(message), 0.5)

    assert router is not None
    assert (router.address, router.mac, router.lifetime) == (THEM6, THEIRS, 600)
    assert (router.message, router.routers) == (message, ((THEM6, 1),))
    assert (router.change, router.is_answer, router.rtt) == (Change.NEW, False, 0.375)
    report = machine.report()
    assert report.routers == (router,)
    assert (report.sent, report.received, report.invalid) == (1, 1, 0)


def test_the_hardware_address_is_the_one_that_the_router_says() -> None:
    machine = engine()
    message = RouterAdvertisement(options=(SourceLinkLayer(STRANGERS),))

    router = told(machine, said(message), 0.1)

    assert router is not None
    assert router.mac == STRANGERS
    assert router.rtt is None


def test_an_answer_to_us_alone_is_known() -> None:
    router = told(engine(), said(dst=US6), 0.1)

    assert router is not None
    assert router.is_answer


def test_a_router_over_ipv4_is_told_with_its_addresses() -> None:
    machine = engine(4)
    (packet,) = machine.step(0.0).send
    machine.step(0.0, Transmitted(packet, 0.0))

    router = told(machine, said4((THEM, 0), (US, -5), dst=US), 0.25)

    assert router is not None
    assert (router.address, router.mac, router.lifetime, router.rtt) == (THEM, THEIRS, 1800, 0.25)
    assert router.routers == ((THEM, 0), (US, -5))
    assert router.is_answer


def test_what_is_said_again_is_the_same_until_it_changes() -> None:
    machine = engine()

    changes = [
        told(machine, packet, 0.1)
        for packet in (
            said(),
            said(),
            said(src=OTHER6),
            said(RouterAdvertisement(0)),
            said(RouterAdvertisement(0)),
            said(RouterAdvertisement(0), mac=STRANGERS),
        )
    ]

    assert [one and one.change for one in changes] == [
        Change.NEW, Change.SAME, Change.NEW, Change.CHANGED, Change.SAME, Change.CHANGED
    ]  # fmt: skip
    assert [router.address for router in machine.report().routers] == [THEM6, OTHER6]
    assert machine.report().routers[0].lifetime == 0
    assert machine.report().received == 6


INVALID = {
    "from afar": said(hop_limit=254),
    "not link-local": said(src=IPv6Address("2001:db8::1")),
    "with a code": said(RouterAdvertisement(code=1)),
    "with half an option": said() / b"\1\1\2",
    "cut short": dissect(
        bytes(said(RouterAdvertisement(options=(MTU(1400),))))[:-8], Ethernet.parse
    ),
}


@pytest.mark.parametrize("packet", INVALID.values(), ids=INVALID)
def test_what_the_rules_forbid_is_not_believed(packet: Packet) -> None:
    """RFC 4861 §6.1.2."""
    machine = engine()

    assert told(machine, packet, 0.1) is None
    assert (machine.report().received, machine.report().invalid) == (0, 1)


@pytest.mark.parametrize("packet", [said(), said4((THEM, 0))])
def test_what_is_damaged_is_not_believed(packet: Packet) -> None:
    machine = engine(6 if IPv6 in packet else 4)

    assert told(machine, packet, 0.1, checksum=Checksum.BAD) is None
    assert machine.report().invalid == 1


CUT_SHORT_V4 = dissect(bytes(said4((THEM, 0)) / b"more")[:-4], Ethernet.parse)


@pytest.mark.parametrize("packet", [said4((THEM, 0), code=3), said4(), CUT_SHORT_V4])
def test_what_the_rules_of_ipv4_forbid_is_not_believed(packet: Packet) -> None:
    """RFC 1256 §5.1; code 16 is a mobility agent's (RFC 5944)."""
    machine = engine(4)

    assert told(machine, packet, 0.1) is None
    assert machine.report().invalid == 1
    assert told(machine, said4((THEM, 0), code=16), 0.1) is not None


NOTHING = {
    "our own": said(mac=OURS),
    "a neighbour": Ethernet(OURS, THEIRS)
    / IPv6(THEM6, US6, hop_limit=255)
    / NeighborAdvertisement(THEM6),
    "a solicitation": Ethernet(OURS, THEIRS) / IPv6(THEM6, ALL_ROUTERS) / RouterSolicitation(),
}


@pytest.mark.parametrize("packet", NOTHING.values(), ids=NOTHING)
def test_what_is_no_advertisement_is_passed_over(packet: Packet) -> None:
    machine = engine()

    assert told(machine, packet, 0.1) is None
    assert (machine.report().received, machine.report().invalid) == (0, 0)


@pytest.mark.parametrize("direction", [Direction.OUT, Direction.OTHER_HOST])
def test_what_is_not_for_us_is_passed_over(direction: Direction) -> None:
    assert told(engine(), said(), 0.1, direction=direction) is None


def test_a_flood_of_invented_routers_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discover, "MOST_ROUTERS", 3)
    machine = engine()
    for number in range(5):
        told(machine, said(src=IPv6Address(f"fe80::{number + 1}")), 0.1)

    report = machine.report()

    assert (len(report.routers), report.forgotten, report.received) == (3, 2, 5)


def test_the_first_router_ends_it_if_so_wished() -> None:
    machine = engine(until_first=True)
    machine.step(0.0)

    assert machine.step(0.1, heard(said(), 0.1)).wake_at is None


def test_it_ends_some_time_after_the_last_solicitation() -> None:
    machine = engine(count=2, interval=1.0, timeout=0.5)

    wakes = [machine.step(now).wake_at for now in (0.0, 1.0, 1.5)]

    assert wakes == [1.0, 1.5, None]


def test_the_rest_of_the_news_enters_the_books() -> None:
    machine = engine(announce=True)
    machine.step(0.0, Opened("packet socket", "because"))
    first = machine.step(0.0)
    (packet,) = first.send
    error = OSError(errno.ENETDOWN, "Network is down")

    failed = machine.step(0.0, SendFailed(packet, error))
    machine.step(0.0, Dropped(2))

    assert first.events == (Sent(machine.target, 1, 0.0),)
    assert failed.events == (NotSent(machine.target, 1, error),)
    report = machine.report()
    assert (report.not_sent, report.lost_here, report.via) == (1, 2, "packet socket")
    router = told(machine, said(), 0.5)
    assert router is not None
    assert router.rtt is None
