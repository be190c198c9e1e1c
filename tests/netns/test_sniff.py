"""``rawkit.sniff``: what is heard on real links, and what is known of it."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

import rawkit
from rawkit.api.sniff_session import SniffSession
from rawkit.errors import FilterError, NoRoute, UsageError
from rawkit.filters.filter import Filter
from rawkit.host import ioctl
from rawkit.lab import Lab
from rawkit.lab.topology import Node
from rawkit.sockets.fanout import Fanout
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ring import BLOCK
from rawkit.wire import icmp
from rawkit.wire.address import MAC
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.link import VLAN, Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.news import News
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.received_frame import ReceivedFrame
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from rawkit.wire.vlan import ServiceTag, VLANTag
from tests.sockets.test_frames import mac_of, tunnel  # noqa: F401  # a fixture
from tests.sockets.test_ring import numbered, send

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
LIMIT = 30.0
"""Seconds: no test may fail because its machine is slow."""
CHECKSUMS, SEGMENTATION = 0x17, (0x1F, 0x24, 0x2C)
"""ETHTOOL_STXCSUM; ETHTOOL_STSO, SGSO, SGRO (linux/ethtool.h)."""
UDP_SEGMENT = 103
"""linux/udp.h."""


def offload(node: Node, *commands: int, on: bool) -> None:
    with node.here(), ioctl.any_socket() as handle:
        for command in commands:
            ioctl.ethtool(handle, "eth0", command, int(on))


def datagrams(src: Node, dst: object, *payloads: bytes, port: int = 2000) -> None:
    """Have a node's kernel send datagrams."""
    with src.socket(kind=socket.SOCK_DGRAM) as sock:
        for payload in payloads:
            sock.sendto(payload, (str(dst), port))


def payloads_of(packets: tuple[ReceivedFrame, ...]) -> list[bytes]:
    return [one.packet.payload for one in packets]


class Spy:
    """A pipe around another, which counts."""

    def __init__(self, inner: PacketIO) -> None:
        self.inner = inner
        self.seen: list[News] = []
        self.asked = 0

    def receive(self) -> News | None:
        self.asked += 1
        news = self.inner.receive()
        if news is not None:
            self.seen.append(news)
        return news

    def send(self, packet: Packet) -> None:
        self.inner.send(packet)

    def fileno(self) -> int:
        return self.inner.fileno()

    def close(self) -> None:
        self.inner.close()


# Which packets


def test_the_filter_chooses(pair: LabFactory) -> None:
    net = pair()

    with rawkit.sniff("udp port 2000 and src host " + str(net.first.ipv4), at=net.last) as heard:
        datagrams(net.first, net.last.ipv4, b"no", port=2001)
        datagrams(net.first, net.last.ipv4, b"yes", port=2000)

    assert payloads_of(heard.packets) == [b"yes"]
    assert heard.report().passed == 1


@pytest.mark.parametrize(
    ("direction", "seen"),
    [
        (None, [b"there", b"back"]),
        ("out", [b"there"]),
        ("in", [b"back"]),
    ],
)
@pytest.mark.parametrize("interface", [None, "eth0"])
def test_one_direction_can_be_left_out(
    direction: Any, seen: list[bytes], interface: str | None, pair: LabFactory
) -> None:
    net = pair()

    with rawkit.sniff(
        "udp port 2000", at=net.first, interface=interface, direction=direction
    ) as heard:
        datagrams(net.first, net.last.ipv4, b"there")
        datagrams(net.last, net.first.ipv4, b"back")

    assert payloads_of(heard.packets) == seen


@pytest.mark.parametrize("interface", [None, "lo"])
@pytest.mark.parametrize(("direction", "way"), [(None, "in"), ("in", "in"), ("out", "out")])
@pytest.mark.parametrize("immediate", [False, True])
def test_on_loopback_each_packet_is_heard_once(
    interface: str | None, direction: Any, way: str, immediate: bool, pair: LabFactory
) -> None:
    node = pair().first

    with rawkit.sniff(
        "icmp", at=node, interface=interface, direction=direction, immediate=immediate
    ) as heard:
        rawkit.ping("127.0.0.1", count=2, interval=0.01, at=node).run()

    kinds = [type(one.packet.headers[-1]) for one in heard.packets]
    assert kinds == [icmp.EchoRequest, icmp.EchoReply] * 2
    assert {one.direction.value for one in heard.packets if one.direction} == {way}
    assert heard.report().interfaces == {"lo": 4}


def test_what_is_for_others_is_heard_unless_it_is_not_wanted(star: LabFactory) -> None:
    net = star(leaves=2)
    hub, leaf = net.nodes[0], net.nodes[1]
    stranger = MAC.parse("02:00:00:00:00:99")
    everything = rawkit.sniff("ether proto 0x88b5", at=leaf, interface="eth0")
    polite = rawkit.sniff("ether proto 0x88b5", at=leaf, interface="eth0", promiscuous=False)

    with everything, polite:
        with leaf.popen(
            ["ip", "-d", "link", "show", "eth0"], stdout=subprocess.PIPE, text=True
        ) as r:
            told = r.communicate()[0]
        send(hub, b"for another", to=stranger)
        send(hub, b"for us", to=mac_of(leaf))

    assert "promiscuity 1" in told
    by_direction = {one.packet.payload: one.direction for one in everything.packets}
    assert by_direction == {b"for another": Direction.OTHER_HOST, b"for us": Direction.IN}


def test_a_frame_for_another_is_heard_on_every_interface_that_takes_it(pair: LabFactory) -> None:
    """A veth takes all; on all interfaces none is asked to."""
    net = pair()

    with rawkit.sniff("ether proto 0x88b5", at=net.last) as heard:
        with net.last.popen(
            ["ip", "-d", "link", "show", "eth0"], stdout=subprocess.PIPE, text=True
        ) as ran:
            told = ran.communicate()[0]
        send(net.first, b"for another", to=MAC.parse("02:00:00:00:00:99"))

    assert "promiscuity 0" in told
    assert [one.direction for one in heard.packets] == [Direction.OTHER_HOST]


def test_links_without_a_header_are_heard_beside_others(
    tunnel: tuple[Node, int],  # noqa: F811  # the fixture
) -> None:
    node, end = tunnel
    us, them = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")

    with rawkit.sniff("udp dst port 8 and src host 192.0.2.7", at=node) as heard:
        os.write(end, bytes(IPv4(them, us) / UDP(7, 8) / b"in by the tunnel"))
        os.write(end, bytes(IPv4(them, us) / UDP(7, 9) / b"to another port"))
        os.write(end, bytes(IPv4(us, them) / UDP(7, 8) / b"from another host"))
    (found,) = heard.packets

    assert (found.interface, found.link_type) == ("tun9", LinkType.RAW)
    assert found.packet.payload == b"in by the tunnel"
    assert found.whole().headers[0] == IPv4(them, us, protocol=17)
    assert found.octets == bytes(found.whole())


def test_what_cannot_be_asked_of_a_link_is_not_heard_there(
    tunnel: tuple[Node, int],  # noqa: F811  # the fixture
) -> None:
    node, end = tunnel
    frame = bytes(IPv4(IPv4Address("192.0.2.7"), IPv4Address("192.0.2.1")) / UDP(7, 8) / b"x")

    with rawkit.sniff(f"ether src host {mac_of(node)} or ether broadcast", at=node) as heard:
        os.write(end, frame)
    with pytest.raises(FilterError, match="no ether address on an interface of this type"):
        rawkit.sniff("ether src host 02:00:00:00:00:01", at=node, interface="tun9")

    assert all(one.interface != "tun9" for one in heard.packets)


def test_a_filter_made_before_is_taken_as_it_is(pair: LabFactory) -> None:
    net = pair()
    filter_ = Filter.from_bpf("1,6 0 0 20")

    with rawkit.sniff(filter_, at=net.last, interface="eth0") as heard:
        datagrams(net.first, net.last.ipv4, b"cut")

    assert {len(one.octets) for one in heard.packets} == {20}


# What is known of a packet


@pytest.mark.parametrize("immediate", [False, True])
def test_a_vlan_tag_is_told_with_its_true_type(immediate: bool, pair: LabFactory) -> None:
    net = pair()
    tag = (0b101 << 13 | 1 << 12 | 42).to_bytes(2, "big")

    with rawkit.sniff("vlan 42", at=net.last, interface="eth0", immediate=immediate) as heard:
        for ether_type in (b"\x81\x00", b"\x88\xa8"):
            send(net.first, bytes(60), to=mac_of(net.last), tag=ether_type + tag)
        send(net.first, bytes(60), to=mac_of(net.last), tag=b"\x81\x00\x00\x07")
        send(net.first, bytes(60), to=mac_of(net.last))

    assert [one.vlan for one in heard.packets] == [
        VLAN(42, 5, True, 0x8100),
        VLAN(42, 5, True, 0x88A8),
    ]
    customer, provider = (one.whole().headers[1] for one in heard.packets)
    assert customer == VLANTag(42, 5, True, ether_type=0x88B5)
    assert provider == ServiceTag(42, 5, True, ether_type=0x88B5)
    assert [one.length for one in heard.packets] == [14 + 4 + 60] * 2


@pytest.mark.parametrize("immediate", [False, True])
def test_a_checksum_that_the_kernel_left_to_the_hardware_is_unfinished(
    immediate: bool, pair: LabFactory
) -> None:
    net = pair()
    wanted: dict[str, Any] = {"at": net.last, "interface": "eth0", "immediate": immediate}

    offload(net.first, CHECKSUMS, on=True)
    with rawkit.sniff("udp port 2000", **wanted) as left_to_hardware:
        datagrams(net.first, net.last.ipv4, b"some payload")
    offload(net.first, CHECKSUMS, on=False)
    with rawkit.sniff("udp port 2000", **wanted) as made_by_the_kernel:
        datagrams(net.first, net.last.ipv4, b"some payload")

    assert [one.checksum for one in left_to_hardware.packets] == [Checksum.UNFINISHED]
    assert left_to_hardware.report().unfinished == 1
    assert [one.checksum for one in made_by_the_kernel.packets] == [Checksum.VALID]
    one, other = left_to_hardware.packets[0].packet, made_by_the_kernel.packets[0].packet
    assert one[UDP].checksum != other[UDP].checksum


def test_a_checksum_that_is_wrong_is_bad(pair: LabFactory) -> None:
    net = pair()
    good = IPv4(net.first.ipv4, net.last.ipv4) / UDP(1000, 2000) / b"payload"

    with rawkit.sniff("udp port 2000", at=net.last, interface="eth0") as heard:
        for packet in (good, good.replace(UDP, checksum=0xBAD)):
            send(net.first, b"", to=mac_of(net.last))
            with net.first.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
                sock.bind(("eth0", 0))
                sock.send(bytes(mac_of(net.last)) + bytes(6) + b"\x08\x00" + bytes(packet))

    assert [one.checksum for one in heard.packets] == [Checksum.VALID, Checksum.BAD]
    assert heard.report().bad == 1


def transfer(src: Node, dst: Node, size: int) -> None:
    """Have two kernels talk TCP."""
    listener = dst.socket()
    listener.bind((str(dst.ipv4), 0))
    listener.listen(1)
    client = src.socket()
    client.settimeout(LIMIT)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    server.settimeout(LIMIT)
    reading = threading.Thread(target=lambda: [None for _ in iter(lambda: server.recv(65536), b"")])
    reading.start()
    client.sendall(bytes(size))
    client.close()
    reading.join()
    server.close()
    listener.close()


def test_what_no_wire_has_carried_is_told_apart(pair: LabFactory) -> None:
    net = pair()
    mtu = 1500

    offload(net.first, CHECKSUMS, *SEGMENTATION, on=True)
    with rawkit.sniff("tcp", at=net.last, interface="eth0") as together:
        transfer(net.first, net.last, 500_000)
    for node in (net.first, net.last):
        offload(node, *SEGMENTATION, CHECKSUMS, on=False)
    with rawkit.sniff("tcp", at=net.last, interface="eth0") as apart:
        transfer(net.first, net.last, 500_000)

    large = [one for one in together.packets if one.length > mtu + 14]
    assert large
    assert all(one.super_packet for one in large)
    assert not any(one.super_packet for one in together.packets if one not in large)
    assert together.report().super_packets == len(large)
    assert {one.checksum for one in large} == {Checksum.UNFINISHED}
    assert apart.report().super_packets == 0
    assert max(one.length for one in apart.packets) <= mtu + 14
    assert {one.checksum for one in apart.packets} == {Checksum.VALID}
    for session in (together, apart):
        data = sum(len(one.packet.payload) for one in session.packets if TCP in one.packet)
        assert data >= 500_000
        assert session.report().dropped == 0


def test_a_frame_longer_than_the_mtu_is_a_super_packet_whatever_the_kernel_says(
    pair: LabFactory,
) -> None:
    """It says so of TCP only, and datagrams are left to be cut as well (UDP_SEGMENT)."""
    net = pair()
    offload(net.first, CHECKSUMS, *SEGMENTATION, on=True)

    with (
        rawkit.sniff("udp port 2000", at=net.first, interface="eth0") as heard,
        net.first.socket(kind=socket.SOCK_DGRAM) as sock,
    ):
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        sock.sendto(bytes(5000), (str(net.last.ipv4), 2000))
        sock.sendto(bytes(900), (str(net.last.ipv4), 2000))

    assert [(one.length, one.super_packet) for one in heard.packets] == [
        (14 + 28 + 5000, True),
        (14 + 28 + 900, False),
    ]


def test_an_mtu_that_is_raised_meanwhile_is_known(pair: LabFactory) -> None:
    net = pair(mtu=1500)

    def set_mtu(octets: int) -> None:
        for node in net.nodes:
            with node.here(), ioctl.any_socket() as handle:
                ioctl.set_mtu(handle, "eth0", octets)

    session = rawkit.sniff("ether proto 0x88b5", at=net.last, interface="eth0", immediate=True)
    session.open()
    send(net.first, bytes(1500), to=mac_of(net.last))
    io = session._open()
    heard = [one for one in iter(io.receive, None) if isinstance(one, ReceivedFrame)]
    set_mtu(3000)
    send(net.first, bytes(3000), to=mac_of(net.last))
    heard += [one for one in iter(io.receive, None) if isinstance(one, ReceivedFrame)]
    session.close()

    assert [(one.length, one.super_packet) for one in heard] == [(1514, False), (3014, False)]


def test_as_many_octets_as_are_wanted_are_kept(pair: LabFactory) -> None:
    net = pair()

    with rawkit.sniff("udp port 2000", at=net.last, snap_length=60) as heard:
        datagrams(net.first, net.last.ipv4, bytes(100))
    (found,) = heard.packets

    assert (len(found.octets), found.length, found.is_cut) == (60, 142, True)
    assert found.checksum is not Checksum.BAD
    assert found.packet[UDP].dst_port == 2000
    assert heard.report().cut == 1


# How much


def test_nothing_is_lost_by_ending_right_after_the_last_packet(pair: LabFactory) -> None:
    net = pair()

    for _ in range(5):
        with rawkit.sniff("icmp", at=net.first) as heard:
            report = rawkit.ping(net.last.ipv4, count=20, interval=0.0, at=net.first).run()
        assert report.loss == 0
        assert len(heard.packets) == 40


def test_what_found_no_room_is_in_the_report_to_the_last(pair: LabFactory) -> None:
    net = pair()
    session = rawkit.sniff("ether proto 0x88b5", at=net.last, interface="eth0", buffer=2 * BLOCK)

    session.open()
    send(net.first, *numbered(1000, 1000), to=mac_of(net.last))
    session.stop()
    packets = list(session)
    report = session.report()

    assert 0 < report.dropped < 1000
    assert len(packets) == report.captured == 1000 - report.dropped
    assert report.passed == 1000


def test_drops_are_told_of_a_small_socket_as_well(pair: LabFactory) -> None:
    net = pair()
    session = rawkit.sniff(
        "ether proto 0x88b5", at=net.last, interface="eth0", buffer=2304, immediate=True
    )

    session.open()
    send(net.first, *numbered(200, 500), to=mac_of(net.last))
    session.stop()
    report = session.run()

    assert 0 < report.captured < 200
    assert (report.passed, report.dropped) == (200, 200 - report.captured)
    assert report.via == "packet socket"


def test_it_ends_with_enough(pair: LabFactory) -> None:
    net = pair()
    session = rawkit.sniff("ether proto 0x88b5", at=net.last, count=3).start()

    send(net.first, *numbered(10), to=mac_of(net.last))
    report = session.run()

    assert report.captured == 3
    assert report.passed == 10
    assert report.via == "packet ring"


def test_it_ends_in_time_with_all_that_came_before(pair: LabFactory) -> None:
    net = pair()
    session = rawkit.sniff("ether proto 0x88b5", at=net.last, timeout=0.3)
    session.open()

    began = time.monotonic()
    send(net.first, *numbered(700), to=mac_of(net.last))
    report = session.run()

    assert time.monotonic() - began >= 0.3 - 0.05
    assert report.captured == 700


def test_a_flood_does_not_keep_it_from_ending(pair: LabFactory) -> None:
    net = pair()
    over = threading.Event()

    def flood() -> None:
        while not over.is_set():
            send(net.first, *numbered(100), to=mac_of(net.last))

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        began = time.monotonic()
        session = rawkit.sniff("ether proto 0x88b5", at=net.last, timeout=0.3)
        report = session.run()
        took = time.monotonic() - began
    finally:
        over.set()
        flooding.join()

    assert took < LIMIT
    assert report.captured > 0


# The ways to use it


def test_all_ways_to_use_a_session_tell_the_same(pair: LabFactory) -> None:
    net = pair()
    payloads = numbered(20)

    def listening() -> SniffSession:
        session = rawkit.sniff("ether proto 0x88b5", at=net.last).start()
        send(net.first, *payloads, to=mac_of(net.last))
        session.stop()
        return session

    async def asynchronously() -> tuple[list[bytes], int, list[bytes]]:
        events = [one.packet.payload async for one in listening()]
        report = await listening()
        async with rawkit.sniff("ether proto 0x88b5", at=net.last) as heard:
            send(net.first, *payloads, to=mac_of(net.last))
        return events, report.captured, payloads_of(heard.packets)

    with rawkit.sniff("ether proto 0x88b5", at=net.last) as heard:
        send(net.first, *payloads, to=mac_of(net.last))

    assert payloads_of(heard.packets) == payloads
    assert [one.packet.payload for one in listening()] == payloads
    assert listening().run().captured == 20
    assert asyncio.run(asynchronously()) == (payloads, 20, payloads)


def test_several_listen_at_once_on_asyncio(pair: LabFactory) -> None:
    net = pair()

    async def both() -> list[int]:
        sessions = [
            rawkit.sniff("ether proto 0x88b5", at=node, count=5).start() for node in net.nodes
        ]
        send(net.first, *numbered(5), to=mac_of(net.last))
        return [report.captured for report in await asyncio.gather(*sessions)]

    assert asyncio.run(both()) == [5, 5]


def test_another_thread_may_stop_it(pair: LabFactory) -> None:
    net = pair()
    session = rawkit.sniff("ether proto 0x88b5", at=net.last)
    found: list[ReceivedFrame] = []
    first = threading.Event()

    def read() -> None:
        for received in session:
            found.append(received)
            first.set()

    session.open()
    reading = threading.Thread(target=read)
    reading.start()
    send(net.first, *numbered(3), to=mac_of(net.last))
    assert first.wait(LIMIT)
    session.stop()
    reading.join(LIMIT)

    assert not reading.is_alive()
    assert len(found) == 3
    session.stop()


def test_leaving_the_loop_closes_the_socket(pair: LabFactory) -> None:
    net = pair()
    before = len(list(Path("/proc/self/fd").iterdir()))
    session = rawkit.sniff("ether proto 0x88b5", at=net.last).start()

    send(net.first, *numbered(3), to=mac_of(net.last))
    for _ in session:
        break

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert session.report().passed == 3
    session.close()


def test_who_reads_within_the_block_has_read(pair: LabFactory) -> None:
    net = pair()

    with rawkit.sniff("ether proto 0x88b5", at=net.last, count=3) as heard:
        send(net.first, *numbered(3), to=mac_of(net.last))
        numbers = [received.number for received in heard]

    assert numbers == [1, 2, 3]
    assert heard.packets == ()
    assert heard.report().captured == 3


def test_an_error_in_the_block_goes_through(pair: LabFactory) -> None:
    net = pair()
    before = len(list(Path("/proc/self/fd").iterdir()))
    session = rawkit.sniff("ether proto 0x88b5", at=net.last)

    def fail_while_listening() -> None:
        with session:
            send(net.first, *numbered(3), to=mac_of(net.last))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_while_listening()

    assert len(session.packets) == 3
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_end_is_waited_for_and_not_asked_for_time_and_again(pair: LabFactory) -> None:
    net = pair()
    spies: list[Spy] = []

    def spied(inner: PacketIO) -> PacketIO:
        spies.append(Spy(inner))
        return spies[0]

    session = rawkit.sniff("ether proto 0x88b5", at=net.last, wrap=spied)
    session.open()
    send(net.first, *numbered(3), to=mac_of(net.last))
    session.stop()
    session.stop()

    assert len(list(session)) == 3
    assert spies[0].asked < 20


def test_a_session_runs_once(pair: LabFactory) -> None:
    session = rawkit.sniff("udp", at=pair().first, timeout=0)
    session.run()

    with pytest.raises(RuntimeError, match="a session runs once"):
        session.run()
    with pytest.raises(RuntimeError, match="a session runs once"):
        session.start()


def test_a_pipe_may_be_put_around_the_socket(pair: LabFactory, tmp_path: Path) -> None:
    net = pair()
    spies: list[Spy] = []

    def spied(inner: PacketIO) -> PacketIO:
        spies.append(Spy(inner))
        return spies[0]

    session = rawkit.sniff("ether proto 0x88b5", at=net.last, wrap=spied).start()
    send(net.first, *numbered(3), to=mac_of(net.last))
    session.stop()
    report = session.save(tmp_path / "x.pcapng")

    assert report.captured == 3
    assert sum(isinstance(news, ReceivedFrame) for news in spies[0].seen) == 3
    assert len(list(rawkit.read_capture(tmp_path / "x.pcapng"))) == 3


def test_processes_share_what_comes(pair: LabFactory) -> None:
    net = pair()
    group = Fanout("balance")

    def listening() -> SniffSession:
        session = rawkit.sniff("ether proto 0x88b5", at=net.last, interface="eth0", fanout=group)
        session.open()  # without a thread, for this process forks
        return session

    mine = listening()
    (ready, is_ready), (go, says_go) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            theirs = listening()
            os.write(is_ready, b"+")
            os.read(go, 1)
            theirs.stop()
            os.write(is_ready, str(theirs.run().captured).encode())
        finally:
            os._exit(0)
    assert os.read(ready, 1) == b"+"

    send(net.first, *numbered(40), to=mac_of(net.last))
    os.write(says_go, b"+")
    share = int(os.read(ready, 10))
    os.waitpid(child, 0)
    for fd in (ready, is_ready, go, says_go):
        os.close(fd)
    mine.stop()

    assert (mine.run().captured, share) == (20, 20)


# Files


@pytest.mark.parametrize("immediate", [False, True])
def test_a_file_has_what_was_heard(immediate: bool, pair: LabFactory, tmp_path: Path) -> None:
    net = pair()
    path = tmp_path / "x.pcapng"
    tag = b"\x88\xa8\x00\x2a"

    session = rawkit.sniff(
        "ether proto 0x88b5 or vlan", at=net.last, interface="eth0", immediate=immediate
    ).start()
    before = time.time_ns()
    send(net.first, b"plain" + bytes(60), to=mac_of(net.last))
    send(net.first, b"tagged" + bytes(60), to=mac_of(net.last), tag=tag)
    session.stop()
    report = session.save(path)

    capture = rawkit.read_capture(path)
    plain, tagged = capture
    (interface,) = capture.interfaces
    assert (interface.name, interface.filter) == ("eth0", "ether proto 0x88b5 or vlan")
    assert plain.octets[14:19] == b"plain"
    assert tagged.octets[12:18] == tag + b"\x88\xb5"
    assert [one.direction for one in (plain, tagged)] == [Direction.IN, Direction.IN]
    assert before - 10**5 <= (plain.time_ns or 0) <= (tagged.time_ns or 0) <= time.time_ns()
    told = capture.statistics[interface]
    assert (told.accepted, told.os_dropped, told.delivered) == (2, 0, 2)
    assert (report.captured, report.interfaces) == (2, {"eth0": 2})
    assert report.via == ("packet socket" if immediate else "packet ring")


def test_a_file_of_all_interfaces_has_each_with_its_link(
    tunnel: tuple[Node, int],  # noqa: F811  # the fixture
    tmp_path: Path,
) -> None:
    node, end = tunnel
    session = rawkit.sniff("udp", at=node).start()
    os.write(
        end, bytes(IPv4(IPv4Address("192.0.2.7"), IPv4Address("192.0.2.1")) / UDP(7, 8) / b"x")
    )
    datagrams(node, "127.0.0.1", b"y", port=8)
    session.stop()
    session.save(tmp_path / "x.pcapng")

    capture = rawkit.read_capture(tmp_path / "x.pcapng")
    found = {one.interface.name: one.interface.link_type for one in capture}

    assert found == {"tun9": LinkType.RAW, "lo": LinkType.ETHERNET}


def test_a_pcap_file_of_all_interfaces_is_a_cooked_one(
    tunnel: tuple[Node, int],  # noqa: F811  # the fixture
    tmp_path: Path,
) -> None:
    node, end = tunnel
    path = tmp_path / "x.pcap"
    session = rawkit.sniff("udp", at=node).start()
    os.write(
        end, bytes(IPv4(IPv4Address("192.0.2.7"), IPv4Address("192.0.2.1")) / UDP(7, 8) / b"x")
    )
    datagrams(node, "127.0.0.1", b"y", port=8)
    session.stop()
    session.save(path)

    command = ["tcpdump", "-n", "-t", "-r", str(path)]
    with node.popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as ran:
        lines = ran.communicate()[0].splitlines()

    assert lines[0] == "tun9  In  IP 192.0.2.7.7 > 192.0.2.1.8: UDP, length 1"
    assert lines[1].startswith("lo    In  IP 127.0.0.1.")
    assert [one.direction for one in rawkit.read_capture(path)] == [Direction.IN, Direction.IN]


def test_a_file_is_complete_after_the_count_and_after_the_time(
    pair: LabFactory, tmp_path: Path
) -> None:
    net = pair()
    counted = rawkit.sniff("ether proto 0x88b5", at=net.last, count=5).start()
    timed = rawkit.sniff("ether proto 0x88b5", at=net.last, timeout=0.2).start()
    send(net.first, *numbered(9), to=mac_of(net.last))

    reports = counted.save(tmp_path / "counted.pcap"), timed.save(tmp_path / "timed.pcap")

    assert [report.captured for report in reports] == [5, 9]
    assert len(list(rawkit.read_capture(tmp_path / "counted.pcap"))) == 5
    assert len(list(rawkit.read_capture(tmp_path / "timed.pcap"))) == 9


def test_other_tools_read_the_same_from_the_file(pair: LabFactory, tmp_path: Path) -> None:
    net = pair()
    path = tmp_path / "x.pcapng"
    session = rawkit.sniff("icmp", at=net.first, interface="eth0").start()
    rawkit.ping(net.last.ipv4, count=3, interval=0.01, at=net.first).run()
    session.stop()
    session.save(path)

    shown = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-e", "icmp.type", "-e", "icmp.checksum.status",
         "-o", "ip.check_checksum:TRUE", "-e", "frame.interface_name"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip

    assert shown == ["8\t1\teth0", "0\t1\teth0"] * 3


def test_a_disk_that_is_full_is_told(pair: LabFactory) -> None:
    net = pair()
    session = rawkit.sniff("ether proto 0x88b5", at=net.last).start()
    send(net.first, *numbered(50), to=mac_of(net.last))
    session.stop()

    with pytest.raises(OSError, match="No space left") as caught:
        session.save("/dev/full")

    assert caught.value.filename == "/dev/full"


# Mistakes


def test_an_interface_that_vanishes_ends_it_with_the_reason(pair: LabFactory) -> None:
    node = pair().first
    session = rawkit.sniff("udp", at=node, interface="eth0")
    session.open()

    with node.popen(["ip", "link", "delete", "eth0"]) as ran:
        assert ran.wait() == 0

    with pytest.raises(NoRoute, match="eth0 is gone"):
        session.run()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"interface": "eth9"}, "no interface 'eth9' here, only lo, "),
        ({"count": 0}, "count is 0, not at least 1"),
        ({"timeout": -1}, "timeout is -1, not at least 0"),
        ({"direction": "sideways"}, "direction is 'sideways', not one of in, out"),
        ({"buffer": 0}, "buffer is 0, not at least 1"),
        ({"snap_length": 5}, "snap_length is 5, not at least 14"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_begins(
    options: dict[str, Any], said: str, pair: LabFactory
) -> None:
    with pytest.raises(UsageError, match=said):
        rawkit.sniff(at=pair().first, **options)


def test_a_filter_that_makes_no_sense_says_where() -> None:
    with pytest.raises(FilterError) as caught:
        rawkit.sniff("tcp and prot 53")

    assert caught.value.pointed() == "tcp and prot 53\n        ^^^^"


WITHOUT = """
import rawkit
from rawkit.host.capability import drop
drop()
try:
    rawkit.sniff("icmp").run()
except rawkit.MissingCapability as error:
    print(error.capability, error.to)
"""


def test_without_the_capability_the_error_says_so(pair: LabFactory) -> None:
    command = [sys.executable, "-c", WITHOUT]

    with pair().first.popen(command, text=True, stdout=subprocess.PIPE) as ran:
        out, _ = ran.communicate(timeout=60)

    assert out == "CAP_NET_RAW open a packet socket\n"
