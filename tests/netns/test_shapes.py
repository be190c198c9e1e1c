"""Labs in the real kernel: everybody reaches everybody, at once, the way that was planned."""

import asyncio
import errno
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

import rawkit
from rawkit.errors import LabError, UsageError
from rawkit.lab import Lab, Node
from tests.netns.leftovers import descriptors

pytestmark = pytest.mark.netns

Address = IPv4Address | IPv6Address
Factory = Callable[..., Lab]

IP_RECVERR, IP_MTU, IP_MTU_DISCOVER, IP_PMTUDISC_DO = 11, 14, 10, 2
OFFENDER = struct.Struct("=IBBBBII")


def knock(node: Node, address: Address, seconds: float = 2.0) -> float:
    """Return how long the kernel there takes to say that nobody listens, or raise."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with node.socket(family) as client:
        client.settimeout(seconds)
        started = time.monotonic()
        with pytest.raises(ConnectionRefusedError):
            client.connect((str(address), 9))
        return time.monotonic() - started


def who_stops(node: Node, target: Address, ttl: int, source_port: int = 0) -> Address | None:
    """Send a datagram that lives for some hops; return who says that it died, or ``None``."""
    with node.socket(kind=socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        probe.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        probe.bind(("", source_port))
        probe.sendto(b"?", (str(target), 33434))
        poll = select.poll()
        poll.register(probe, 0)
        assert poll.poll(2000), "nobody says anything"
        _, controls, _, _ = probe.recvmsg(512, 512, socket.MSG_ERRQUEUE)
        error, _, _, _, _, _, _ = OFFENDER.unpack_from(controls[0][2])
        offender = ip_address(controls[0][2][OFFENDER.size + 4 :][:4])
        return None if error == errno.ECONNREFUSED else offender


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    before = descriptors()
    threads = threading.enumerate()
    yield
    after = descriptors()
    assert len(after) == len(before)
    assert threading.enumerate() == threads


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ("pair", {}),
        ("line", {"hops": 0}),
        ("line", {"hops": 1}),
        ("line", {}),
        ("line", {"hops": 2, "delay": 0.001}),
        ("star", {"leaves": 4}),
        ("star", {"leaves": 3, "delay": 0.001}),
        ("diamond", {"paths": 1}),
        ("diamond", {"paths": 3}),
        ("lossy", {"loss": 0.0, "delay": 0.001}),
    ],
)
def test_everybody_reaches_every_interface_of_everybody(
    shape: str, options: dict[str, float], request: pytest.FixtureRequest
) -> None:
    net: Lab = request.getfixturevalue(shape)(**options)

    for node in net.nodes:
        for other in net.nodes:
            for interface in other.interfaces:
                knock(node, interface.ipv4.ip)
                knock(node, interface.ipv6.ip)


def test_a_lab_is_ready_when_it_is_there(line: Factory) -> None:
    # The kernel's link watch is up to a second late unless it is asked: without waiting
    # rightly, a few in a hundred first packets lose that second.
    for _ in range(40):
        with line(hops=2) as net:
            assert knock(net.first, net.last.ipv6) < 0.5
            assert knock(net.last, net.first.ipv4) < 0.5


def test_a_switch_is_ready_when_it_is_there(star: Factory) -> None:
    for _ in range(20):
        with star(leaves=3) as net:
            assert knock(net.first, net.last.ipv6) < 0.5
            assert knock(net.nodes[1], net.first.ipv4) < 0.5


def test_no_address_is_tentative(diamond: Factory) -> None:
    def flags() -> set[int]:
        rows = Path("/proc/thread-self/net/if_inet6").read_text().splitlines()
        return {int(row.split()[4], 16) & 0x48 for row in rows}  # tentative, DAD failed

    assert {flag for node in diamond().nodes for flag in node.run(flags)} == {0}


def test_a_line_has_as_many_hops_as_asked(line: Factory) -> None:
    net = line(hops=3, sysctls={"net.ipv4.icmp_ratelimit": 0})

    path = [who_stops(net.first, net.last.ipv4, ttl) for ttl in range(1, 5)]

    assert path == [*(router.ipv4 for router in net.routers), None]
    assert [router.name for router in net.routers] == ["router1", "router2", "router3"]


def test_on_a_diamond_a_flow_keeps_its_path_and_flows_take_all_of_them(diamond: Factory) -> None:
    net = diamond(paths=3, sysctls={"net.ipv4.icmp_ratemask": 0})
    middle = {net[f"path{number}"].ipv4 for number in (1, 2, 3)}

    taken = {
        port: {who_stops(net.first, net.last.ipv4, 2, port) for _ in range(3)}
        for port in range(40000, 40040)
    }

    assert all(len(path) == 1 for path in taken.values())
    assert set.union(*taken.values()) == middle
    for port, (path,) in list(taken.items())[:6]:
        # The third hop answers with its interface towards the path that the packet took.
        link = next(i for node in net.nodes for i in node.interfaces if i.ipv4.ip == path)
        join = who_stops(net.first, net.last.ipv4, 3, port)
        ends = net["join"].interfaces[int(link.node.removeprefix("path")) - 1]
        assert join == ends.ipv4.ip


def test_an_address_outside_gets_net_unreachable_from_the_router(line: Factory) -> None:
    net = line(hops=1)
    with net.first.socket() as client:
        client.settimeout(2)
        with pytest.raises(OSError, match="Network is unreachable"):
            client.connect(("192.0.2.1", 9))


def test_a_delay_is_that_of_the_last_link_each_way(line: Factory) -> None:
    net = line(hops=1, delay=0.020)
    knock(net.first, net.last.ipv4)  # and who has that address

    assert knock(net.first, net.routers[0].ipv4) < 0.020
    assert 0.040 <= knock(net.first, net.last.ipv4) < 0.200
    assert net.wires[0].forth.delay == 0.020


def test_a_wire_to_a_switch_is_that_of_the_last_leaf(star: Factory) -> None:
    net = star(leaves=3, delay=0.020)
    knock(net.first, net.last.ipv6)

    assert knock(net.first, net.nodes[1].ipv6) < 0.020
    assert 0.040 <= knock(net.first, net.last.ipv6) < 0.200


def test_a_lossy_pair_loses_as_many_as_asked(lossy: Factory) -> None:
    net = lossy(loss=0.0, delay=0.0001)
    knock(net.first, net.last.ipv4)  # now they know each other
    with net.last.socket(kind=socket.SOCK_DGRAM) as server:
        server.bind((str(net.last.ipv4), 9))
        net.wires[0].change(loss=0.5)
        with net.first.socket(kind=socket.SOCK_DGRAM) as sender:
            for _ in range(400):
                sender.sendto(b"x", (str(net.last.ipv4), 9))
        arrived = 0
        while select.select([server], [], [], 0.3)[0]:
            arrived += len(server.recv(10))

    assert 140 <= arrived <= 260


def test_a_small_mtu_is_told_of_and_a_silent_one_is_not(line: Factory) -> None:
    def path_mtu(net: Lab) -> int:
        with net.first.socket(kind=socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            sender.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            sender.connect((str(net.last.ipv4), 9))
            sender.send(bytes(1472))
            select.select([sender], [], [], 0.3)
            return sender.getsockopt(socket.IPPROTO_IP, IP_MTU)

    assert path_mtu(line(hops=1, mtu=1400)) == 1400

    black_hole = line(hops=1, silent_mtu=1400)
    assert path_mtu(black_hole) == 1500
    assert black_hole.wires[0].counts.forth.too_big == 1


def test_spare_addresses_are_nobodys_until_a_node_owns_them(star: Factory) -> None:
    net = star(leaves=3, sysctls={"net.ipv4.ip_nonlocal_bind": 0})
    spare = net.last.spare(5)
    for address in spare:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        taken = pytest.raises(OSError, match="Cannot assign requested address")
        with net.last.socket(family) as server, taken:
            server.bind((str(address), 7))

    net.last.own(*spare, *net.last.spare(6))

    for address in (*spare, *net.last.spare(6)):
        knock(net.first, address)


def test_settings_of_a_node_are_those_of_a_fresh_kernel_but_for_a_few(line: Factory) -> None:
    def read(key: str) -> str:
        return Path(f"/proc/sys/net/{key}").read_text().strip()

    net = line(hops=1)
    group = os.getegid()

    for node in net.nodes:
        assert node.run(read, "ipv4/ip_forward") == str(int(node in net.routers))
        assert node.run(read, "ipv6/conf/all/forwarding") == str(int(node in net.routers))
        assert node.run(read, "ipv4/conf/eth0/rp_filter") == "0"
        assert node.run(read, "ipv4/ping_group_range").split() == [str(group)] * 2
        assert node.run(read, "ipv4/icmp_ratelimit") == "1000"


def test_sysctls_are_set_in_every_node_those_of_interfaces_too(line: Factory) -> None:
    def read(key: str) -> str:
        return Path(f"/proc/sys/net/{key}").read_text().split()[0]

    settings: dict[str, str | int] = {
        "net.ipv4.icmp_ratelimit": 0,
        "net.ipv4.conf.eth0.rp_filter": 2,
    }
    net = line(hops=1, sysctls=settings)

    for node in net.nodes:
        assert node.run(read, "ipv4/icmp_ratelimit") == "0"
        assert node.run(read, "ipv4/conf/eth0/rp_filter") == "2"


def test_ping_sockets_are_open_unless_asked_to_be_closed_as_the_kernel_has_them(
    pair: Factory,
) -> None:
    ping = socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP

    pair().first.socket(*ping).close()
    closed = pair(sysctls={"net.ipv4.ping_group_range": "1 0"})
    with pytest.raises(PermissionError):
        closed.first.socket(*ping)


def test_a_lab_without_ipv6_can_be_had(pair: Factory) -> None:
    net = pair(sysctls={"net.ipv6.conf.all.disable_ipv6": 1})

    knock(net.first, net.last.ipv4)
    with net.first.socket(socket.AF_INET6) as client:
        assert client.connect_ex((str(net.last.ipv6), 9)) in (
            errno.ENETUNREACH,
            errno.EADDRNOTAVAIL,
        )


def test_a_lab_of_ones_own_is_built_by_up(lab: Callable[[], Lab]) -> None:
    net = lab()
    here, router, there = net.node("here"), net.router("router"), net.node("there")
    switch = net.bridge("switch")
    net.link(here, switch)
    net.link(router, switch)
    net.link(router, there, delay=0.001)

    net.up()

    knock(here, there.ipv6)
    assert (net.first, net.last, net.routers) == (here, there, (router,))
    assert net["there"] is there
    with pytest.raises(LabError, match="there are: here, router, there"):
        net["nowhere"]
    for change in (net.up, lambda: net.node("late"), lambda: net.link(here, there)):
        with pytest.raises(LabError, match="up already"):
            change()


def test_what_is_linked_to_nothing_has_no_address(lab: Callable[[], Lab]) -> None:
    net = lab()
    alone = net.node("alone")

    with pytest.raises(LabError, match="not linked"):
        _ = alone.ipv4
    net.up()
    assert alone.interfaces == ()


def test_labs_do_not_meet_though_their_addresses_are_the_same(pair: Factory) -> None:
    one, two = pair(), pair()
    with one.last.socket() as server:
        server.bind((str(one.last.ipv4), 9))
        server.listen()

        knock(two.first, two.last.ipv4)
        with one.first.socket() as client:
            client.connect((str(one.last.ipv4), 9))


@pytest.mark.parametrize("options", [{}, {"delay": 0.001}])
def test_nothing_is_left_of_a_lab_or_of_one_that_failed(
    options: dict[str, float], line: Factory
) -> None:
    line(hops=1, **options).close()  # whatever is loaded but once
    with no_descriptor_left():
        line(hops=2, **options).close()
        with pytest.raises(LabError, match="no_such_thing"):
            line(hops=2, sysctls={"net.ipv4.no_such_thing": 1}, **options)
        with pytest.raises(LabError, match="eth7"):
            line(hops=2, sysctls={"net.ipv4.conf.eth7.rp_filter": 1}, **options)
        with pytest.raises(UsageError):
            line(hops=2, loss=2.0)


def test_a_lab_can_be_built_while_an_event_loop_runs(line: Factory) -> None:
    async def build() -> float:
        with line(hops=1) as net:
            return await asyncio.to_thread(knock, net.first, net.last.ipv4)

    assert asyncio.run(build()) < 0.5


@pytest.mark.alone
def test_a_bad_line_loses_packets_but_nobody_at_its_ends(line: Factory) -> None:
    """Were the ends to look for each other, each lost question would cost a second."""
    net = line(hops=0, delay=0.02, loss=0.5)

    entries = net.first.run(lambda: Path("/proc/thread-self/net/arp").read_text())
    report = rawkit.ping(net.last.ipv4, at=net.first, count=40, interval=0.01).run()

    assert str(net.last.ipv4) in entries
    assert report.rtt is not None
    assert 0.04 <= report.rtt.min <= report.rtt.max < 0.2
