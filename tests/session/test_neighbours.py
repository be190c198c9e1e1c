"""Who has this address? The library's verbs in the four ways of a session, on real links."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

import rawkit
from rawkit.api.neighbours import WatchSession
from rawkit.api.resolve import ResolveSession
from rawkit.engine.neighbour_events import Answer, Purpose, ResolveEvent, Sent
from rawkit.engine.resolve_report import ResolveReport
from rawkit.engine.watch import Announcement
from rawkit.errors import NoRoute
from rawkit.lab import Lab, Node
from rawkit.sockets.packet_io import PacketIO
from rawkit.testing.wrappers import Tracer
from rawkit.wire.address import MAC, Address
from rawkit.wire.arp import ARP
from rawkit.wire.packet import Packet

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
both = pytest.mark.parametrize("version", [4, 6])


def address_of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def mac_of(node: Node) -> MAC:
    from rawkit.host.links import link

    return MAC(node.run(link, "eth0").mac)


@both
def test_the_four_ways_find_the_same(version: int, pair: LabFactory) -> None:
    net = pair()
    target = address_of(net.last, version)

    def session() -> ResolveSession:
        return rawkit.resolve(
            target, at=net.first, count=2, interval=0.05, timeout=0.1, until_first=False
        )

    async def awaited() -> ResolveReport:
        return await session()

    async def collected() -> list[MAC]:
        return [event.mac async for event in session() if isinstance(event, Answer)]

    blocking, on_asyncio = session().run(), asyncio.run(awaited())
    events = [event.mac for event in session() if isinstance(event, Answer)]

    assert (blocking.macs, blocking.sent, blocking.answered) == ((mac_of(net.last),), 2, 2)
    assert (on_asyncio.macs, on_asyncio.sent, on_asyncio.answered) == ((mac_of(net.last),), 2, 2)
    assert events == asyncio.run(collected()) == [mac_of(net.last)] * 2


def test_many_are_asked_at_once(star: LabFactory) -> None:
    """The sessions of a gather wait side by side, in whatever node each of them asks."""
    net = star(leaves=4)
    asking, *asked = net.nodes

    async def find() -> list[ResolveReport]:
        sessions = [rawkit.resolve(node.ipv4, at=asking) for node in asked]
        sessions += [rawkit.resolve(asking.ipv6, at=node) for node in asked]
        return list(await asyncio.gather(*sessions))

    reports = asyncio.run(find())

    expected = [mac_of(node) for node in asked] + [mac_of(asking)] * len(asked)
    assert [report.mac for report in reports] == expected


def test_what_a_session_is_about_is_known_before_it_runs(pair: LabFactory) -> None:
    net = pair()

    session = rawkit.detect_duplicate(net.last.ipv4, at=net.first)

    assert session.purpose is Purpose.PROBE
    assert (session.target.address, session.target.src) == (net.last.ipv4, IPv4Address("0.0.0.0"))
    assert (session.link.interface, session.link.mac) == ("eth0", mac_of(net.first))
    assert (session.settings.count, session.settings.timeout) == (3, 2.0)
    assert session.report().sent == 0


def test_leaving_early_closes_the_socket(pair: LabFactory) -> None:
    net = pair()
    before = open_descriptors()

    for _ in rawkit.resolve(net.last.ipv4, at=net.first, count=None, until_first=False):
        break

    assert open_descriptors() == before


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_task_that_is_cancelled_closes_the_socket(pair: LabFactory) -> None:
    net = pair()
    before = open_descriptors()

    async def watch() -> None:
        async with asyncio.timeout(0.05):
            await rawkit.watch_neighbours("eth0", at=net.first)

    with pytest.raises(TimeoutError):
        asyncio.run(watch())

    assert open_descriptors() == before


def test_every_request_is_told_if_so_wished(pair: LabFactory) -> None:
    net = pair()

    events = list(rawkit.resolve(net.last.ipv4, at=net.first, announce=True))

    assert [type(event) for event in events] == [Sent, Answer]


def test_a_pipe_of_the_users_can_be_put_around_the_socket(pair: LabFactory) -> None:
    net = pair()
    seen: list[tuple[str, Packet]] = []

    def wrap(io: PacketIO) -> PacketIO:
        return Tracer(io, lambda way, packet: seen.append((str(way), packet)))

    rawkit.resolve(net.last.ipv4, at=net.first, wrap=wrap).run()

    assert [packet[ARP].operation for _, packet in seen] == [1, 2]


@pytest.mark.parametrize(
    "session",
    [
        lambda net, wrap: rawkit.resolve(net.last.ipv4, at=net.first, wrap=wrap),
        lambda net, wrap: rawkit.discover_routers("eth0", at=net.first, wrap=wrap),
        lambda net, wrap: rawkit.watch_neighbours("eth0", at=net.first, wrap=wrap),
    ],
    ids=["resolve", "discover_routers", "watch_neighbours"],
)
def test_a_pipe_that_cannot_be_put_there_leaves_no_socket_open(
    session: Callable[..., rawkit.Session[Any, Any]], pair: LabFactory
) -> None:
    net = pair()
    before = open_descriptors()

    def fails(_: PacketIO) -> PacketIO:
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        session(net, fails).run()

    assert open_descriptors() == before


def test_routers_are_looked_for_on_asyncio_too(pair: LabFactory) -> None:
    net = pair()

    async def find() -> tuple[int, int]:
        first, second = await asyncio.gather(
            rawkit.discover_routers("eth0", at=net.first, count=1, timeout=0.05),
            rawkit.discover_routers("eth0", 4, at=net.first, count=1, timeout=0.05),
        )
        return first.sent, second.sent

    assert asyncio.run(find()) == (1, 1)


def test_a_watch_hears_what_a_session_asks(pair: LabFactory) -> None:
    """Both run on one loop: the question of one is an announcement to the other."""
    net = pair()

    async def hear(watching: WatchSession) -> Announcement:
        async for event in watching:
            return event
        raise AssertionError("nothing was heard")

    async def both_at_once() -> Announcement:
        heard = asyncio.create_task(hear(rawkit.watch_neighbours("eth0", at=net.last)))
        await asyncio.sleep(0)  # it listens from now on
        await rawkit.resolve(net.last.ipv4, at=net.first)
        return await asyncio.wait_for(heard, 20)

    event = asyncio.run(both_at_once())

    assert (event.address, event.mac) == (net.first.ipv4, mac_of(net.first))


@both
def test_an_interface_that_goes_down_ends_it_with_its_name(version: int, pair: LabFactory) -> None:
    net = pair()
    session = rawkit.resolve(
        address_of(net.last, version), at=net.first, count=None, interval=0.05, until_first=False
    )

    def down_after(event: ResolveEvent) -> ResolveEvent:
        with net.first.popen(["ip", "link", "set", "eth0", "down"]) as setting:
            assert setting.wait() == 0
        return event

    events: list[ResolveEvent] = []
    with pytest.raises(NoRoute, match="eth0 is down: nothing comes or goes there"):
        events.extend(down_after(event) for event in session)

    assert isinstance(events[0], Answer)
    assert session.report().is_alive


WITHOUT = """
import sys
import rawkit
from rawkit.host import capability

capability.drop()
try:
    rawkit.resolve(sys.argv[1]).run()
except rawkit.MissingCapability as error:
    print(error)
"""


def test_who_may_not_is_told_before_anything_is_sent(pair: LabFactory) -> None:
    net = pair()

    command = [sys.executable, "-c", WITHOUT, str(net.last.ipv4)]
    with net.first.popen(command, text=True, stdout=subprocess.PIPE) as process:
        said, _ = process.communicate(timeout=60)

    assert said.startswith("cannot open a packet socket: ")
    assert "CAP_NET_RAW" in said
    assert process.returncode == 0
