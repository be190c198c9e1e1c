"""Packet sockets, raw and cooked, on links of their own."""

import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.errors import BuildError, NoRoute, UsageError
from rawkit.lab import Lab
from rawkit.lab.topology import Node
from rawkit.sockets.bpf_frames import arp_filter, icmp_filter, neighbours_filter
from rawkit.sockets.frames import FrameSocket, open_frames
from rawkit.sockets.options import SKF_NET_OFF
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP, NO_MAC, Operation
from rawkit.wire.bpf import ALL, JUMP_EQUAL, LOAD_BYTE, RETURN, Op, assemble
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import VLAN, Direction
from rawkit.wire.ndp import (
    ALL_NODES,
    NeighborAdvertisement,
    RouterSolicitation,
    multicast_mac,
)
from rawkit.wire.news import Dropped, News, Opened, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received
from rawkit.wire.udp import UDP
from tests.contract.packet_io import CHECKS, Check, Subject, echo_requests
from tests.sockets.echo_host import news_of

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
Open = Callable[..., FrameSocket]
STRANGER = MAC.parse("02:00:00:00:00:99")
PATIENCE = 20.0
IDENTIFIER = 4660
V6 = IPv6(IPv6Address("fe80::99"), ALL_NODES, hop_limit=255)
V4 = IPv4(IPv4Address("192.0.2.1"), IPv4Address("224.0.0.1"))
both_kinds = pytest.mark.parametrize("cooked", [False, True], ids=["raw", "cooked"])


@pytest.fixture
def open_on() -> Iterator[Open]:
    opened: list[FrameSocket] = []

    def open_socket(node: Node, interface: str | None = "eth0", *a: int, **k: Any) -> FrameSocket:
        with node.here():
            opened.append(FrameSocket(interface, *a, **k))
        return opened[-1]

    yield open_socket
    for io in opened:
        io.close()


def ip(node: Node, *words: str) -> None:
    with node.popen(["ip", *words]) as setting:
        assert setting.wait() == 0, words


def mac_of(node: Node) -> MAC:
    mac = node.interfaces[0].mac
    return MAC(mac) if isinstance(mac, bytes) else MAC.parse(str(mac))


def next_packet(io: FrameSocket) -> Received:
    """Return the next packet, whatever else is told before it."""
    while True:
        found = news_of(io, 1, PATIENCE)
        assert found, "nothing came"
        if isinstance(found[0], Received):
            return found[0]


def with_payload(io: FrameSocket, payload: bytes) -> Received:
    """Return the packet with this payload."""
    while (found := next_packet(io)).packet.payload != payload:
        pass
    return found


def from_stranger(io: FrameSocket) -> Received:
    """Return the next packet that a stranger sent."""
    while (found := next_packet(io)).packet[Ethernet].src != STRANGER:
        pass
    return found


def datagram(src: Node, dst: Node, payload: bytes, to: MAC | None = None) -> Packet:
    ip4 = IPv4(src.ipv4, dst.ipv4)
    return Ethernet(to or mac_of(dst), mac_of(src)) / ip4 / UDP(1000, 2000) / payload


# The contract


class IPOverFrames:
    """A pipe of IP packets made of one of frames: what the contract's checks speak."""

    def __init__(self, inner: FrameSocket, to: MAC) -> None:
        self.inner = inner
        self._to = to
        self._sent: dict[int, Packet] = {}
        self._kept: list[Packet] = []

    def send(self, packet: Packet) -> None:
        frame = Ethernet(self._to, self.inner.mac) / packet
        self._kept.append(frame)
        self._sent[id(frame)] = packet
        self.inner.send(frame)

    def receive(self) -> News | None:
        match self.inner.receive():
            case Received(packet=packet, time=time):
                return Received(packet.inside(Ethernet), time)
            case Transmitted(packet=frame, time=time, clock=clock):
                return Transmitted(self._sent[id(frame)], time, clock)
            case news:
                return news

    def fileno(self) -> int:
        return self.inner.fileno()

    def close(self) -> None:
        self.inner.close()


def reply_filter(version: int) -> bytes:
    """Echo replies alone: neighbours ask for us meanwhile."""
    place, reply = (20, 0) if version == 4 else (40, 129)
    lines = [Op(LOAD_BYTE, SKF_NET_OFF + place & ALL), Op(JUMP_EQUAL, reply, "", "drop")]
    return assemble([*lines, Op(RETURN, ALL), "drop", Op(RETURN, 0)])


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("version", [4, 6])
@both_kinds
def test_it_keeps_the_contract(
    check: Check, version: int, cooked: bool, pair: LabFactory, open_on: Open
) -> None:
    net = pair()
    here, there = net.first, net.last
    ether_type = 0x0800 if version == 4 else 0x86DD
    inner = open_on(here, "eth0", ether_type, cooked=cooked, program=reply_filter(version))
    src, dst = (here.ipv4, there.ipv4) if version == 4 else (here.ipv6, there.ipv6)

    requests = echo_requests(src, dst, IDENTIFIER)
    check(Subject(IPOverFrames(inner, mac_of(there)), requests))


# What is sent and what comes


@both_kinds
def test_a_frame_arrives_as_it_left(cooked: bool, pair: LabFactory, open_on: Open) -> None:
    net = pair()
    sender = open_on(net.first, cooked=cooked)
    hearer = open_on(net.last)
    frame = datagram(net.first, net.last, b"over the link")

    sender.send(frame)
    found = with_payload(hearer, b"over the link")

    assert found.packet == frame
    assert (found.interface, found.clock) == ("eth0", Clock.KERNEL)
    assert (found.checksum, found.direction, found.vlan) == (Checksum.VALID, Direction.IN, None)


def test_a_raw_socket_sends_from_any_hardware_address(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    sender, hearer = open_on(net.first), open_on(net.last)

    sender.send(Ethernet(mac_of(net.last), STRANGER, 0x88B5) / b"from nobody")
    found = with_payload(hearer, b"from nobody")

    assert found.packet[Ethernet].src == STRANGER


@pytest.mark.parametrize(
    ("dst", "packet", "direction"),
    [
        (BROADCAST, ARP(1, STRANGER, IPv4Address("192.0.2.1"), NO_MAC, IPv4Address("192.0.2.2")),
         Direction.BROADCAST),
        (multicast_mac(ALL_NODES),
         V6 / RouterSolicitation(),
         Direction.MULTICAST),
        (multicast_mac(IPv4Address("224.0.0.1")),
         IPv4(IPv4Address("192.0.2.1"), IPv4Address("224.0.0.1")) / UDP(7, 7) / b"x",
         Direction.MULTICAST),
    ],
)  # fmt: skip
def test_a_cooked_socket_puts_the_header_together_again(
    dst: MAC, packet: Any, direction: Direction, pair: LabFactory, open_on: Open
) -> None:
    net = pair()
    sender = open_on(net.first)
    hearers = [open_on(net.last, cooked=cooked) for cooked in (False, True)]
    frame = Ethernet(dst, STRANGER) / packet

    sender.send(frame)
    raw, cooked = (from_stranger(io) for io in hearers)

    assert raw.packet == cooked.packet == frame
    assert raw.direction is cooked.direction is direction


def test_what_a_cooked_socket_cannot_know_is_zero(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    sender = open_on(net.first)
    hearer = open_on(net.last, cooked=True, promiscuous=True)

    sender.send(Ethernet(STRANGER, mac_of(net.first), 0x88B5) / b"for another")
    found = with_payload(hearer, b"for another")

    assert found.direction is Direction.OTHER_HOST
    assert found.packet[Ethernet] == Ethernet(NO_MAC, mac_of(net.first), 0x88B5)


@both_kinds
def test_a_tag_that_the_kernel_took_off_is_told(
    cooked: bool, pair: LabFactory, open_on: Open
) -> None:
    net = pair()
    sender = open_on(net.first)
    hearer = open_on(net.last, cooked=cooked)
    tag = (0b101 << 13 | 1 << 12 | 42).to_bytes(2, "big")

    for ether_type in (0x8100, 0x88A8):
        inside = tag + b"\x88\xb5" + b"tagged %x" % ether_type
        sender.send(Ethernet(mac_of(net.last), STRANGER, ether_type) / inside)
    found = [with_payload(hearer, b"tagged %x" % tag_type) for tag_type in (0x8100, 0x88A8)]

    assert [one.vlan for one in found] == [VLAN(42, 5, True, 0x8100), VLAN(42, 5, True, 0x88A8)]
    assert [one.packet[Ethernet].ether_type for one in found] == [0x88B5, 0x88B5]


def test_a_checksum_left_to_the_hardware_is_no_wrong_one(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    hearer = open_on(net.last)

    with net.first.socket(kind=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"from the kernel", (str(net.last.ipv4), 2000))
    found = with_payload(hearer, b"from the kernel")

    assert found.checksum is Checksum.UNFINISHED


@both_kinds
def test_a_wrong_checksum_is_told(cooked: bool, pair: LabFactory, open_on: Open) -> None:
    net = pair()
    sender, hearer = open_on(net.first), open_on(net.last, cooked=cooked)

    sender.send(datagram(net.first, net.last, b"damaged").replace(UDP, checksum=0xBAD))
    found = with_payload(hearer, b"damaged")

    assert found.checksum is Checksum.BAD


# What is heard


def test_what_this_host_sends_is_heard_unless_it_is_not_wanted(
    pair: LabFactory, open_on: Open
) -> None:
    net = pair()
    everything, silent = open_on(net.first), open_on(net.first, ignore_outgoing=True)
    sender = open_on(net.first)

    sender.send(datagram(net.first, net.last, b"away"))
    found = with_payload(everything, b"away")
    back = open_on(net.last)
    back.send(datagram(net.last, net.first, b"home"))

    assert found.direction is Direction.OUT
    while (other := next_packet(silent)).packet.payload != b"home":
        assert other.direction is not Direction.OUT


def test_one_socket_does_not_hear_what_it_sends_itself(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    io, other = open_on(net.first), open_on(net.first)

    io.send(Ethernet(BROADCAST, STRANGER, 0x88B5) / b"mine")
    with_payload(other, b"mine")
    other.send(Ethernet(BROADCAST, STRANGER, 0x88B5) / b"other")

    while (found := next_packet(io)).packet.payload != b"other":
        assert found.packet.payload != b"mine"


def promiscuity(node: Node) -> str:
    with node.popen(["ip", "-d", "link", "show", "eth0"], text=True, stdout=subprocess.PIPE) as ran:
        out, _ = ran.communicate()
    words = out.split()
    return f"{words[words.index('promiscuity') + 1]} {words[words.index('allmulti') + 1]}"


def test_promiscuous_listening_ends_with_the_socket(pair: LabFactory, open_on: Open) -> None:
    node = pair().last
    before = promiscuity(node)

    io = open_on(node, promiscuous=True)
    during = promiscuity(node)
    io.close()
    multicast = open_on(node, all_multicast=True)
    during_multicast = promiscuity(node)
    multicast.close()

    assert (before, during, during_multicast) == ("0 0", "1 0", "0 1")
    assert promiscuity(node) == before


def test_a_group_is_joined_and_left(pair: LabFactory, open_on: Open) -> None:
    node = pair().last

    def groups() -> str:
        with node.popen(
            ["ip", "maddress", "show", "dev", "eth0"], text=True, stdout=subprocess.PIPE
        ) as ran:
            return str(ran.communicate()[0])

    io = open_on(node, groups=(bytes.fromhex("3333ff123456"),))
    during = groups()
    io.close()

    assert "33:33:ff:12:34:56" in during
    assert "33:33:ff:12:34:56" not in groups()


@both_kinds
def test_all_interfaces_are_heard_at_once(cooked: bool, line: LabFactory, open_on: Open) -> None:
    net = line(hops=1)
    (router,) = net.routers
    io = open_on(router, None, 0x88B5, cooked=cooked)
    left, right = open_on(net.first), open_on(net.last)

    left.send(Ethernet(BROADCAST, STRANGER, 0x88B5) / b"left")
    right.send(Ethernet(BROADCAST, STRANGER, 0x88B5) / b"right")

    assert {next_packet(io).interface for _ in range(2)} == {"eth0", "eth1"}
    with pytest.raises(BuildError, match="no interface"):
        io.send(Ethernet(BROADCAST, STRANGER, 0x88B5) / b"where to?")


TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


@pytest.fixture
def tunnel(pair: LabFactory) -> Iterator[tuple[Node, int]]:
    """A node with a link ``tun9`` that has no hardware addresses, and its other end."""
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("no /dev/net/tun here, or not for us")
    node = pair().first
    with node.here():
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(end, TUNSETIFF, struct.pack("@16sH22x", b"tun9", IFF_TUN | IFF_NO_PI))
    ip(node, "address", "add", "192.0.2.1/24", "dev", "tun9")
    ip(node, "link", "set", "tun9", "up")
    yield node, end
    os.close(end)


@both_kinds
def test_a_link_without_hardware_addresses_is_served_alike(
    cooked: bool, tunnel: tuple[Node, int], open_on: Open
) -> None:
    node, end = tunnel
    io = open_on(node, "tun9", 0x0800, cooked=cooked)
    us, them = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
    inside = IPv4(them, us) / UDP(7, 8) / b"in"
    away = IPv4(us, them) / UDP(8, 7) / b"out"

    os.write(end, bytes(inside))
    found = with_payload(io, b"in")
    io.send(Ethernet(NO_MAC, NO_MAC) / away)
    sent = b""
    while not sent.endswith(b"out"):
        assert select.select([end], [], [], PATIENCE)[0]
        sent = os.read(end, 2000)

    assert found.packet == Ethernet(NO_MAC, NO_MAC) / inside
    assert found.direction is Direction.IN
    assert sent == bytes(away)


def test_what_does_not_fit_into_the_buffer_is_counted(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    sender = open_on(net.first)
    hearer = open_on(net.last, "eth0", 0x88B5, settings=Settings(receive_buffer=2304))
    last = open_on(net.last, "eth0", 0x88B6)
    for number in range(200):
        sender.send(Ethernet(mac_of(net.last), STRANGER, 0x88B5) / bytes([number] * 500))
    sender.send(Ethernet(mac_of(net.last), STRANGER, 0x88B6) / b"all have come")
    next_packet(last)

    news = list(iter(hearer.receive, None))

    came = sum(isinstance(one, Received) for one in news)
    (dropped,) = (one for one in news if isinstance(one, Dropped))
    assert came > 0
    assert came + dropped.count == 200
    assert hearer.receive() is None


# Filters, raw and cooked


def arp(src: str, dst: str) -> ARP:
    return ARP(Operation.REQUEST, STRANGER, IPv4Address(src), NO_MAC, IPv4Address(dst))


FILTERS = {
    "arp": (
        arp_filter(IPv4Address("192.0.2.7")),
        [arp("192.0.2.7", "192.0.2.1"), arp("192.0.2.1", "192.0.2.7"), arp("0.0.0.0", "192.0.2.7")],
        [arp("192.0.2.1", "192.0.2.2"), arp("7.192.0.2", "7.7.192.0"), V4 / UDP(1, 2)],
    ),
    "icmpv6": (
        icmp_filter(6, (135, 136)),
        [V6 / NeighborAdvertisement(ALL_NODES), V6 / icmpv6.Other(135, rest=bytes(4)) / bytes(16)],
        [V6 / RouterSolicitation(), V6 / UDP(136 << 8, 136), arp("192.0.2.7", "192.0.2.7"),
         V4 / icmp.Other(136)],
    ),
    "icmp": (
        icmp_filter(4, (9, 10)),
        [V4 / icmp.Other(9), IPv4(V4.src, V4.dst, options=b"\1" * 8) / icmp.Other(10)],
        [V4 / icmp.Other(8), V4 / UDP(9 << 8, 9), V6 / RouterSolicitation(),
         IPv4(V4.src, V4.dst, protocol=1, fragment_offset=1, dont_fragment=False) / bytes([9] * 9),
         IPv4(V4.src, V4.dst, more_fragments=True, dont_fragment=False) / icmp.Other(9)],
    ),
    "neighbours": (
        neighbours_filter(),
        [arp("192.0.2.1", "192.0.2.2"), V6 / NeighborAdvertisement(ALL_NODES),
         V6 / RouterSolicitation(), V4 / icmp.Other(9)],
        [V6 / icmpv6.EchoRequest(1, 1), V4 / icmp.Other(135), V6 / UDP(134 << 8, 1),
         V4 / icmp.Other(10), V4 / UDP(9 << 8, 9)],
    ),
    "neighbours over IPv4": (
        neighbours_filter(4),
        [arp("192.0.2.1", "192.0.2.2"), V4 / icmp.Other(9)],
        [V6 / NeighborAdvertisement(ALL_NODES), V6 / RouterSolicitation(), V4 / icmp.Other(8)],
    ),
    "neighbours over IPv6": (
        neighbours_filter(6),
        [V6 / NeighborAdvertisement(ALL_NODES), V6 / RouterSolicitation()],
        [arp("192.0.2.1", "192.0.2.2"), V4 / icmp.Other(9), V6 / icmpv6.EchoRequest(1, 1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("program", "passes", "drops"), FILTERS.values(), ids=FILTERS)
@both_kinds
def test_a_filter_lets_pass_what_it_is_for(
    cooked: bool, program: bytes, passes: list[Any], drops: list[Any], pair: LabFactory,
    open_on: Open,
) -> None:  # fmt: skip
    net = pair()
    sender = open_on(net.first)
    hearer = open_on(net.last, cooked=cooked, program=program)
    frames = [Ethernet(BROADCAST, STRANGER) / packet for packet in (*drops, *passes)]

    for frame in frames:
        sender.send(frame)
    found = [from_stranger(hearer).packet.inside(Ethernet) for _ in passes]

    assert [bytes(one) for one in found] == [bytes(Packet() / one) for one in passes]


# Errors


def listen(io: FrameSocket) -> None:
    """Take in what comes, until something is wrong."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        news_of(io, 1, 0.01)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("link", "set", "eth0", "down"), "eth0 is down"),
        (("link", "delete", "eth0"), "eth0 is gone"),
        (("link", "set", "eth0", "name", "eth7"), "eth0 is gone"),
    ],
)
@both_kinds
def test_an_interface_that_vanishes_is_told_in_one_line(
    cooked: bool, words: tuple[str, ...], said: str, pair: LabFactory, open_on: Open
) -> None:
    node = pair().first
    io = open_on(node, cooked=cooked)

    if "name" in words:
        ip(node, "link", "set", "eth0", "down")
    ip(node, *words)

    with pytest.raises(NoRoute, match=said) as caught:
        listen(io)
    assert "\n" not in str(caught.value)
    with pytest.raises(NoRoute, match=said):
        io.receive()


def test_an_interface_that_goes_down_in_the_middle_of_a_burst_is_told(
    pair: LabFactory, open_on: Open
) -> None:
    """A burst takes arrivals in while it sends, and must not swallow the error."""
    node = pair().first
    io = open_on(node)
    frame = Ethernet(BROADCAST, STRANGER, 0x88B5) / b"x"
    io.send(frame)
    ip(node, "link", "set", "eth0", "down")

    failures = 0
    for _ in range(64):
        try:
            io.send(frame)
        except OSError:
            failures += 1
        if io._lost:
            break
    io._take_in()

    assert failures > 0
    with pytest.raises(NoRoute, match="eth0 is down"):
        listen(io)


def test_an_interface_that_is_not_there_is_a_users_mistake(pair: LabFactory) -> None:
    node = pair().first

    for name in ("eth9", "a-name-that-is-too-long"):
        with node.here(), pytest.raises(UsageError, match=f"no interface '{name}' here"):
            FrameSocket(name)
    with node.here(), pytest.raises(UsageError, match="name the interface"):
        FrameSocket(None, promiscuous=True)


@pytest.mark.parametrize(
    "packet",
    [IPv4(V4.src, V4.dst) / UDP(1, 2), Packet((Ethernet(BROADCAST, STRANGER),)), Packet()],
)
@both_kinds
def test_what_is_no_frame_is_not_sent(
    cooked: bool, packet: Packet, pair: LabFactory, open_on: Open
) -> None:
    io = open_on(pair().first, cooked=cooked)

    with pytest.raises(BuildError):
        io.send(packet)


@both_kinds
def test_the_first_news_is_what_it_is(cooked: bool, pair: LabFactory) -> None:
    with pair().first.here():
        io = open_frames("eth0", cooked=cooked)

    opened = io.receive()
    io.close()

    assert isinstance(opened, Opened)
    assert opened.via == ("cooked packet socket" if cooked else "packet socket")


WITHOUT = """
from rawkit.errors import MissingCapability
from rawkit.host.capability import drop
from rawkit.sockets.frames import open_frames
drop()
try:
    open_frames("lo")
except MissingCapability as error:
    print(error.capability, error.to)
"""


def test_without_the_capability_the_error_says_so(pair: LabFactory) -> None:
    command = [sys.executable, "-c", WITHOUT]

    with pair().first.popen(command, text=True, stdout=subprocess.PIPE) as ran:
        out, _ = ran.communicate(timeout=60)

    assert out == "CAP_NET_RAW open a packet socket\n"
