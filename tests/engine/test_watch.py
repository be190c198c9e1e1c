"""Listening to a link: who says what of which address."""

import math
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.engine import watch
from rawkit.engine.discover import Change
from rawkit.engine.watch import Announcement, Kind, Watch, WatchSettings
from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.wire import icmp_queries
from rawkit.wire.address import MAC, Address
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import VLAN, Direction
from rawkit.wire.ndp import (
    ALL_NODES,
    ALL_ROUTERS,
    RouterAdvertisement,
    RouterSolicitation,
    multicast_mac,
)
from rawkit.wire.ndp_options import SourceLinkLayer
from rawkit.wire.news import Dropped, Opened
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received
from tests.engine.link_world import (
    OTHER,
    OTHER6,
    STRANGERS,
    THEIRS,
    THEM,
    THEM6,
    US,
    US6,
    advertisement,
    announced,
    heard,
    probe,
    reply,
    request,
    solicitation,
    unasked,
)

ROUTER = (
    Ethernet(multicast_mac(ALL_NODES), THEIRS)
    / IPv6(THEM6, ALL_NODES, hop_limit=255)
    / RouterAdvertisement()
)


ALL_SYSTEMS = IPv4Address("224.0.0.1")


def asking_for_routers(
    src: IPv6Address = THEM6, *options: SourceLinkLayer, hop_limit: int = 255
) -> Packet:
    ip = IPv6(src, ALL_ROUTERS, hop_limit=hop_limit)
    asking = RouterSolicitation(options or (SourceLinkLayer(THEIRS),))
    return Ethernet(multicast_mac(ALL_ROUTERS), THEIRS) / ip / asking


def take(machine: Watch, received: Received) -> Announcement | None:
    events = machine.step(received.time, received).events
    return events[0] if events else None


def told(machine: Watch, packet: Packet, at: float = 1.0) -> Announcement | None:
    return take(machine, heard(packet, at))


SAID: dict[str, tuple[Packet, Address, MAC, Kind]] = {
    "request": (request(THEIRS, THEM, OTHER), THEM, THEIRS, Kind.REQUEST),
    "reply": (reply(), THEM, THEIRS, Kind.REPLY),
    "announcement": (announced(4, THEIRS, THEM), THEM, THEIRS, Kind.ANNOUNCEMENT),
    "announcement by reply": (reply(dst=THEM), THEM, THEIRS, Kind.ANNOUNCEMENT),
    "probe": (probe(STRANGERS, THEM), THEM, STRANGERS, Kind.PROBE),
    "solicitation": (solicitation(THEIRS, THEM6, OTHER6), THEM6, THEIRS, Kind.REQUEST),
    "advertisement": (advertisement(), THEM6, THEIRS, Kind.REPLY),
    "unasked": (unasked(THEIRS, THEM6), THEM6, THEIRS, Kind.ANNOUNCEMENT),
    "probe over IPv6": (
        solicitation(STRANGERS, IPv6Address(0), THEM6), THEM6, STRANGERS, Kind.PROBE
    ),
    "router": (ROUTER, THEM6, THEIRS, Kind.ROUTER),
    "router over IPv4": (
        Ethernet(multicast_mac(ALL_SYSTEMS), THEIRS)
        / IPv4(THEM, ALL_SYSTEMS, ttl=1) / icmp_queries.RouterAdvertisement(1800, ((THEM, 0),)),
        THEM, THEIRS, Kind.ROUTER,
    ),
    "asks for routers": (asking_for_routers(), THEM6, THEIRS, Kind.REQUEST),
}  # fmt: skip


@pytest.mark.parametrize(("packet", "address", "mac", "kind"), SAID.values(), ids=SAID)
def test_every_message_says_something_of_an_address(
    packet: Packet, address: Address, mac: MAC, kind: Kind
) -> None:
    machine = Watch()

    found = told(machine, packet)

    assert found is not None
    assert (found.address, found.mac, found.kind) == (address, mac, kind)
    assert (found.interface, found.frame_mac, found.packet) == ("eth0", mac, packet)
    report = machine.report()
    if kind is Kind.PROBE:
        assert (report.heard, report.probes, report.neighbours) == (0, 1, ())
    else:
        (neighbour,) = report.neighbours
        assert (neighbour.address, neighbour.macs, neighbour.heard) == (address, (mac,), 1)
        assert neighbour.is_router is (kind is Kind.ROUTER)


def test_an_address_that_moves_is_told() -> None:
    machine = Watch()

    heard_of = [
        told(machine, announced(4, mac, THEM), at)
        for mac, at in ((THEIRS, 1.0), (THEIRS, 2.0), (STRANGERS, 3.0), (THEIRS, 4.0))
    ]

    assert [one and (one.change, one.before) for one in heard_of] == [
        (Change.NEW, None),
        (Change.SAME, None),
        (Change.CHANGED, THEIRS),
        (Change.CHANGED, STRANGERS),
    ]
    report = machine.report()
    (neighbour,) = report.neighbours
    assert neighbour.macs == (STRANGERS, THEIRS)
    assert (neighbour.heard, neighbour.first, neighbour.latest) == (4, 1.0, 4.0)
    assert (report.heard, report.changes) == (4, 2)


def test_a_probe_moves_no_address() -> None:
    machine = Watch()
    told(machine, announced(4, THEIRS, THEM))

    found = told(machine, probe(STRANGERS, THEM))

    assert found is not None
    assert found.change is Change.SAME
    assert machine.report().neighbours[0].macs == (THEIRS,)
    assert machine.report().changes == 0


def test_the_same_address_on_another_link_is_another_host() -> None:
    machine = Watch()
    here = heard(announced(4, THEIRS, THEM), 1.0)
    there = replace(heard(announced(4, STRANGERS, THEM), 1.0), interface="eth1")
    tagged = replace(heard(announced(4, STRANGERS, THEM), 1.0), vlan=VLAN(7))

    found = [take(machine, one) for one in (here, there, tagged)]

    assert [one and one.change for one in found] == [Change.NEW] * 3
    assert found[2] is not None
    assert found[2].vlan == VLAN(7)


@pytest.mark.parametrize("direction", [Direction.OTHER_HOST, Direction.IN, Direction.MULTICAST])
def test_what_others_say_to_others_counts(direction: Direction) -> None:
    machine = Watch()

    assert take(machine, replace(heard(reply(), 1.0), direction=direction)) is not None


def test_what_we_say_ourselves_does_not() -> None:
    machine = Watch()

    assert take(machine, replace(heard(reply(), 1.0), direction=Direction.OUT)) is None


@pytest.mark.parametrize("packet", [advertisement(hop_limit=1), reply(), ROUTER])
def test_only_what_the_rules_allow_is_believed(packet: Packet) -> None:
    machine = Watch()

    found = told(machine, packet)

    assert (found is None) is (packet.headers[-1] == advertisement().headers[-1])
    assert machine.report().invalid == (found is None)


@pytest.mark.parametrize(
    "packet", [asking_for_routers(hop_limit=64), asking_for_routers(IPv6Address(0))]
)
def test_who_asks_for_routers_has_to_keep_the_rules_too(packet: Packet) -> None:
    """RFC 4861 §6.1.1."""
    machine = Watch()

    assert told(machine, packet) is None
    assert (machine.report().heard, machine.report().invalid) == (0, 1)


def test_who_asks_for_routers_without_a_hardware_address_says_nothing() -> None:
    machine = Watch()
    bare = asking_for_routers().replace(RouterSolicitation, options=())

    assert told(machine, bare) is None
    assert (machine.report().heard, machine.report().invalid) == (0, 0)


def test_a_proxy_is_told_with_its_own_address() -> None:
    found = told(Watch(), reply(THEIRS, frame_src=STRANGERS))

    assert found is not None
    assert (found.mac, found.frame_mac) == (THEIRS, STRANGERS)


def test_a_flood_of_invented_addresses_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "MOST_NEIGHBOURS", 3)
    machine = Watch()
    for number in range(5):
        told(machine, announced(4, THEIRS, IPv4Address(f"192.0.2.{number + 1}")))

    report = machine.report()

    assert (len(report.neighbours), report.forgotten, report.heard) == (3, 2, 5)


def test_a_flood_of_invented_hardware_addresses_does_not_either() -> None:
    machine = Watch()
    for number in range(200):
        told(machine, announced(4, MAC(bytes((2, 0, 0, 0, 1, number))), THEM))

    (neighbour,) = machine.report().neighbours

    assert (neighbour.heard, len(neighbour.macs)) == (200, 64)
    assert neighbour.macs[-1] == bytes((2, 0, 0, 0, 1, 199))


def test_it_listens_for_ever_unless_told_otherwise() -> None:
    machine = Watch()

    assert machine.step(0.0).wake_at == math.inf
    assert machine.step(1.0, heard(reply(), 1.0)).wake_at == 1.0


def test_a_deadline_ends_it() -> None:
    machine = Watch(WatchSettings(deadline=2.0))

    assert [machine.step(now).wake_at for now in (1.0, 2.0, 3.0)] == [3.0, 3.0, None]


def test_so_many_messages_end_it() -> None:
    machine = Watch(WatchSettings(count=2))

    wakes = [
        machine.step(1.0, heard(packet, 1.0)).wake_at
        for packet in (probe(THEIRS, THEM), reply(dst=US))
    ]

    assert wakes == [1.0, None]


def test_nothing_is_ever_sent() -> None:
    machine = Watch()

    steps = [machine.step(0.0), machine.step(1.0, heard(solicitation(THEIRS, THEM6, US6), 1.0))]

    assert all(step.send == () for step in steps)


def test_the_report_has_the_pipe_and_what_it_dropped() -> None:
    machine = Watch()
    machine.step(0.0, Opened("packet socket", "because"))
    machine.step(0.0, Dropped(3))

    assert (machine.report().via, machine.report().lost_here) == ("packet socket", 3)


@pytest.mark.parametrize("settings", [{"count": 0}, {"deadline": -1.0}])
def test_what_makes_no_sense_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        WatchSettings(**settings)  # type: ignore[arg-type]  # a table's values
