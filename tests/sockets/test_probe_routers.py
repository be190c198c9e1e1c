"""Pipes for probes in networks with routers: what leaves, what the kernel learns and says."""

import errno
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.lab import Lab
from rawkit.lab.topology import Node
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.probes import Kind, Method
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import Fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Transmitted
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Clock, Received
from rawkit.wire.tcp import TCP, Flags
from tests.netns.capture import Capture, Frame
from tests.sockets.echo_host import BOTH_VERSIONS, news_of
from tests.sockets.probe_host import CLOSED, EACH_WAY, PORT, Source, open_on, probe

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
PATIENCE = 10.0
NARROW = 1400
ETHERNET = 14
FRAGMENT = 44
QUIET = 0.3
"""Seconds in which something that is not to come would have come on most machines."""
IP_HEADER = {4: 20, 6: 40}
TRANSPORT_HEADER = {"udp": 8, "icmp": 8, "tcp": 20}


@pytest.fixture
def pipes() -> Iterator["Pipes"]:
    pipes = Pipes()
    yield pipes
    for io in pipes.opened:
        io.close()


class Pipes:
    """Opens pipes on the first node of a lab, and closes them."""

    def __init__(self) -> None:
        self.opened: list[PacketIO] = []

    def open(
        self, net: Lab, method: Method, kind: Kind, version: int, **wanted: object
    ) -> PacketIO:
        group = os.getegid()
        net.first.sysctl("net.ipv4.ping_group_range", f"{group} {group}")
        settings = Settings(**wanted)  # type: ignore[arg-type]  # a test's own words
        io = open_on(net.first, method, kind, version, settings)
        self.opened.append(io)
        return io


def ends(net: Lab, version: int) -> tuple[Source, Source]:
    first, last = net.first, net.last
    return (first.ipv4, last.ipv4) if version == 4 else (first.ipv6, last.ipv6)


def large(method: str, src: Source, dst: Source, size: int, **wanted: object) -> Packet:
    """Return a probe of so many octets, IP header included."""
    known = IP_HEADER[src.version] + TRANSPORT_HEADER[method] + (method != "tcp")
    return probe(method, src, dst, payload=bytes(size - known), **wanted)  # type: ignore[arg-type]  # a test's own words


def answer_to(io: PacketIO, packet: Packet) -> tuple[Header, Header]:
    """Send a probe; return IP header and message of what is said about it."""
    io.send(packet)
    while True:
        (news,) = news_of(io, patience=PATIENCE)
        if isinstance(news, Received):
            return news.packet.headers[0], news.packet.headers[1]


def ip(node: Node, *words: str) -> str:
    """Run ip(8) on a node; return what it says."""

    def run() -> str:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=True)
        return done.stdout

    return node.run(run)


def knows_mtu(net: Lab, version: int) -> bool:
    """Tell whether the kernel has learnt a path MTU for the last node."""
    return " mtu " in ip(net.first, f"-{version}", "route", "get", str(ends(net, version)[1]))


@EACH_WAY
@BOTH_VERSIONS
def test_each_router_tells_that_a_probe_died_there(
    version: int, method: Method, kind: Kind, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=3)
    io = pipes.open(net, method, kind, version)

    said = [
        answer_to(io, probe(method, *ends(net, version), number=ttl, ttl=ttl, payload=b""))
        for ttl in range(1, 5)
    ]

    expired = icmp.TimeExceeded if version == 4 else icmpv6.TimeExceeded
    assert [isinstance(message, expired) for _, message in said] == [True] * 3 + [False]
    assert len({outer.src for outer, _ in said}) == 4  # type: ignore[attr-defined]  # IP headers
    assert said[-1][0].src == ends(net, version)[1]  # type: ignore[attr-defined]  # same


@EACH_WAY
@BOTH_VERSIONS
def test_both_ends_are_stamped_by_the_kernel(
    version: int, method: Method, kind: Kind, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=1)
    io = pipes.open(net, method, kind, version)

    io.send(probe(method, *ends(net, version), ttl=1))
    departure, answer = news_of(io, 2, patience=PATIENCE)

    assert isinstance(departure, Transmitted)
    assert isinstance(answer, Received)
    assert departure.clock is answer.clock is Clock.KERNEL
    assert departure.time <= answer.time


@EACH_WAY
def test_a_program_without_stamps_takes_the_time_itself(
    method: Method, kind: Kind, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=1)
    io = pipes.open(net, method, kind, 4, transmit_stamps=False)

    io.send(probe(method, *ends(net, 4), ttl=1))
    departure, answer = news_of(io, 2, patience=PATIENCE)

    assert isinstance(departure, Transmitted)
    assert isinstance(answer, Received)
    assert (departure.clock, answer.clock) == (Clock.USER, Clock.KERNEL)


def test_arrivals_are_told_in_their_order_whichever_socket_they_came_to(
    line: LabFactory, pipes: Pipes
) -> None:
    """Segments come to one socket, ICMP errors to another."""
    net = line(hops=1)
    net.last.sysctl("net.ipv4.icmp_ratelimit", 0)
    io = pipes.open(net, "tcp", "raw", 4)

    for number in range(10):
        io.send(probe("tcp", *ends(net, 4), number=number, ttl=1 + number % 2, payload=b""))
    news = news_of(io, 20, patience=PATIENCE)

    arrivals = [one for one in news if isinstance(one, Received)]
    assert [one.time for one in arrivals] == sorted(one.time for one in arrivals)
    kinds = {type(one.packet.headers[1]) for one in arrivals}
    assert kinds == {TCP, icmp.TimeExceeded}


# The packet that leaves


@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
@BOTH_VERSIONS
def test_a_raw_pipe_sends_the_packet_as_it_is(
    version: int, method: Method, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    io = pipes.open(net, method, "raw", version)
    src, dst = ends(net, version)
    packet = probe(method, src, dst, ttl=7)
    if version == 4:
        packet = packet.replace(IPv4, identification=4711, dscp=10, ecn=1, dont_fragment=True)
    else:
        packet = packet.replace(IPv6, flow_label=4711, dscp=10, ecn=1)

    with Capture(net.last, "eth0") as wire:
        io.send(packet)
        (frame,) = wire.until(carrying(src, dst, method), timeout=PATIENCE)

    assert frame.octets[ETHERNET:] == bytes(packet)


def carrying(src: Source, dst: Source, method: str) -> Callable[[Frame], bool]:
    """Return what recognises frames between two addresses that carry a protocol."""
    wanted = {"udp": 17, "tcp": 6, "icmp": 1 if src.version == 4 else 58}[method]

    def is_wanted(frame: Frame) -> bool:
        octets = frame.octets[ETHERNET:]
        if frame.octets[12:14] != (b"\x08\0" if src.version == 4 else b"\x86\xdd"):
            return False
        place = slice(12, 20) if src.version == 4 else slice(8, 40)
        number = octets[9] if src.version == 4 else octets[6]
        return octets[place] == src.packed + dst.packed and number in (wanted, FRAGMENT)

    return is_wanted


def test_an_identification_of_zero_is_the_kernels_to_choose(pair: LabFactory, pipes: Pipes) -> None:
    net = pair()
    io = pipes.open(net, "udp", "raw", 4)
    src, dst = ends(net, 4)

    with Capture(net.last, "eth0") as wire:
        for _ in range(2):
            io.send(probe("udp", src, dst).replace(IPv4, identification=0))
        frames = wire.until(carrying(src, dst, "udp"), 2, timeout=PATIENCE)

    assert any(dissect_ip(one.octets[ETHERNET:])[IPv4].identification for one in frames)


@EACH_WAY
@BOTH_VERSIONS
def test_what_is_larger_than_the_link_is_sent_in_fragments(
    version: int, method: Method, kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    io = pipes.open(net, method, kind, version)
    src, dst = ends(net, version)

    with Capture(net.last, "eth0") as wire:
        for _ in range(2):  # the second time the pipe knows what is too large
            _, message = answer_to(io, large(method, src, dst, 2000))
            assert not isinstance(message, icmp.TimeExceeded | icmpv6.TimeExceeded)
        frames = wire.until(carrying(src, dst, method), 4, timeout=PATIENCE)

    packets = [dissect_ip(frame.octets[ETHERNET:]) for frame in frames]
    assert [is_fragment(packet) for packet in packets] == [True] * 4


def is_fragment(packet: Packet) -> bool:
    outer = packet.headers[0]
    if isinstance(outer, IPv4):
        return outer.more_fragments or outer.fragment_offset > 0
    return Fragment in packet


@EACH_WAY
def test_what_may_not_be_cut_is_refused_and_the_next_probe_is_not(
    method: Method, kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    io = pipes.open(net, method, kind, 4)

    for _ in range(2):
        with pytest.raises(OSError, match=f"Errno {errno.EMSGSIZE}"):
            io.send(large(method, *ends(net, 4), 2000, dont_fragment=True))

    answer_to(io, large(method, *ends(net, 4), 1500, dont_fragment=True))
    answer_to(io, large(method, *ends(net, 4), 2000))


# Path MTUs

# The kernel learns from every "packet too big" about an echo request over IPv6
# (net/ipv6/icmp.c, icmpv6_err), whoever has sent it and by whatever socket.
LEARNS = {("icmp", 6)}


@EACH_WAY
@BOTH_VERSIONS
def test_the_kernel_learns_no_path_mtu_by_probes(
    version: int, method: Method, kind: Kind, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=2, mtu=NARROW)
    io = pipes.open(net, method, kind, version)
    io.send(large(method, *ends(net, version), 1450, dont_fragment=True))

    news = news_of(
        io, 2, patience=0.3 if (method, kind, version) == ("udp", "socket", 6) else PATIENCE
    )

    messages = [one.packet.headers[1] for one in news if isinstance(one, Received)]
    if (method, kind, version) == ("udp", "socket", 6):
        assert messages == []  # a socket that may learn nothing is told nothing
    else:
        (message,) = messages
        assert isinstance(message, icmp.Unreachable | icmpv6.PacketTooBig)
        assert message.mtu == NARROW
    assert knows_mtu(net, version) is ((method, version) in LEARNS)


@pytest.mark.parametrize("kind", ["raw", "socket"])
def test_a_udp_socket_over_ipv6_is_told_of_a_narrow_link_if_the_kernel_may_learn(
    kind: Kind, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=2, mtu=NARROW)
    io = pipes.open(net, "udp", kind, 6, pmtu="probe")

    _, message = answer_to(io, large("udp", *ends(net, 6), 1450))

    assert message == icmpv6.PacketTooBig(NARROW)
    assert knows_mtu(net, 6) is (kind == "socket")


@EACH_WAY
@BOTH_VERSIONS
def test_a_path_mtu_that_the_kernel_knows_does_not_matter(
    version: int, method: Method, kind: Kind, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=1)
    src, dst = ends(net, version)
    gateway = ip(net.first, f"-{version}", "route", "get", str(dst)).split(" via ")[1].split()[0]
    route = (f"{dst}/{32 if version == 4 else 128}", "via", gateway, "dev", "eth0")
    ip(net.first, f"-{version}", "route", "add", *route, "mtu", str(NARROW))
    assert knows_mtu(net, version)
    io = pipes.open(net, method, kind, version)
    packet = large(method, src, dst, 1450, dont_fragment=True)

    with Capture(net.first, "eth0") as wire:
        io.send(packet)
        (frame,) = wire.until(carrying(src, dst, method), timeout=PATIENCE)

    assert len(frame.octets) == ETHERNET + 1450


# What this host says by itself


@BOTH_VERSIONS
def test_a_syn_ack_is_answered_by_the_kernels_own_reset(
    version: int, pair: LabFactory, pipes: Pipes
) -> None:
    """The socket at our port is bound, but does not listen: no half-open connection stays."""
    net = pair()
    src, dst = ends(net, version)
    io = pipes.open(net, "tcp", "raw", version)
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with net.last.socket(family) as server, Capture(net.last, "eth0") as wire:
        server.bind((str(dst), CLOSED))
        server.listen()
        _, answer = answer_to(io, probe("tcp", src, dst, payload=b""))
        frames = wire.until(carrying(src, dst, "tcp"), 2, timeout=PATIENCE)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()

    assert isinstance(answer, TCP)
    assert answer.flags == Flags.SYN | Flags.ACK
    assert answer.acknowledgment == 1001
    syn, reset = (dissect_ip(frame.octets[ETHERNET:])[TCP] for frame in frames)
    assert (syn.flags, syn.sequence) == (Flags.SYN, 1000)
    assert (reset.flags, reset.sequence, reset.src_port) == (Flags.RST, 1001, PORT)


# Failures of one packet


ROUTES = {
    "unreachable": errno.EHOSTUNREACH,
    "prohibit": errno.EACCES,
    "blackhole": errno.EINVAL,
}


@EACH_WAY
@pytest.mark.parametrize("route", ROUTES)
@BOTH_VERSIONS
def test_a_probe_that_cannot_leave_is_refused_and_the_next_is_not(
    version: int,
    route: str,
    method: Method,
    kind: Kind,
    pair: LabFactory,
    pipes: Pipes,
) -> None:
    net = pair()
    src, dst = ends(net, version)
    nowhere = type(dst)("192.0.2.1" if version == 4 else "2001:db8::1")
    ip(net.first, f"-{version}", "route", "add", route, str(nowhere))
    io = pipes.open(net, method, kind, version)

    io.send(first := probe(method, src, dst, number=1))
    for _ in range(2):
        with pytest.raises(OSError, match=f"Errno {ROUTES[route]}"):
            io.send(probe(method, src, nowhere, number=2))
    io.send(last := probe(method, src, dst, number=3))

    news = news_of(io, 4, patience=PATIENCE)
    departures = [one.packet for one in news if isinstance(one, Transmitted)]
    assert departures == [first, last]
    assert sum(isinstance(one, Received) for one in news) == 2


@EACH_WAY
def test_without_a_route_a_probe_is_refused(
    method: Method, kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    io = pipes.open(net, method, kind, 4)

    with pytest.raises(OSError, match=f"Errno {errno.ENETUNREACH}"):
        io.send(probe(method, net.first.ipv4, IPv4Address("192.0.2.1")))

    answer_to(io, probe(method, *ends(net, 4)))


@EACH_WAY
@BOTH_VERSIONS
def test_a_firewall_that_forbids_sending_is_heard_of(
    version: int, method: Method, kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    io = pipes.open(net, method, kind, version)
    nft(net.first, "add table inet t")
    nft(net.first, "add chain inet t out { type filter hook output priority 0; policy drop; }")

    forbidden = probe(method, *ends(net, version), number=1)
    if (method, kind, version) == ("icmp", "socket", 6):
        io.send(forbidden)  # the kernel keeps it to itself (net/ipv6/ping.c, ping_v6_sendmsg)
    else:
        with pytest.raises(PermissionError):
            io.send(forbidden)
    nft(net.first, "delete table inet t")

    answer_to(io, probe(method, *ends(net, version), number=2))


def nft(node: Node, command: str) -> None:
    """Run nft(8) on a node."""
    node.run(lambda: subprocess.run(["nft", command], check=True))


@EACH_WAY
def test_a_neighbour_that_does_not_answer_is_reported_by_this_host(
    method: Method, kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    net.first.sysctl("net.ipv4.neigh.eth0.retrans_time_ms", 10)
    io = pipes.open(net, method, kind, 4)

    outer, message = answer_to(io, probe(method, net.first.ipv4, net.last.spare().ipv4))

    assert isinstance(outer, IPv4)
    assert outer.src == net.first.ipv4
    assert message == icmp.Unreachable(code=1)


# How the sockets are set up


@EACH_WAY
@BOTH_VERSIONS
def test_a_source_address_is_kept(
    version: int, method: Method, kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    other = net.first.spare()
    src = other.ipv4 if version == 4 else other.ipv6
    length = 24 if version == 4 else 64
    words = (f"{src}/{length}", "dev", "eth0", *(("nodad",) if version == 6 else ()))
    ip(net.first, "address", "add", *words)
    io = pipes.open(net, method, kind, version, src=src)

    outer, _ = answer_to(io, probe(method, src, ends(net, version)[1]))

    assert outer.dst == src  # type: ignore[attr-defined]  # an IP header


@EACH_WAY
def test_an_interface_is_kept(method: Method, kind: Kind, pair: LabFactory, pipes: Pipes) -> None:
    net = pair()
    io = pipes.open(net, method, kind, 4, interface="eth0")

    outer, _ = answer_to(io, probe(method, *ends(net, 4)))

    assert outer.src == net.last.ipv4  # type: ignore[attr-defined]  # an IP header


@pytest.mark.parametrize(("method", "kind"), [("udp", "raw"), ("udp", "socket"), ("tcp", "raw")])
def test_a_link_local_target_is_asked_over_its_link(
    method: Method, kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    for node, text in ((net.first, "fe80::1/64"), (net.last, "fe80::7/64")):
        ip(node, "address", "add", text, "dev", "eth0", "nodad")
    target = IPv6Address("fe80::7%eth0")
    io = pipes.open(net, method, kind, 6)

    outer, _ = answer_to(io, probe(method, IPv6Address("fe80::1"), target))

    assert outer.src == target  # type: ignore[attr-defined]  # an IP header


def test_a_pipe_whose_sockets_are_given_back_says_so(pair: LabFactory, pipes: Pipes) -> None:
    net = pair()
    io = pipes.open(net, "udp", "raw", 4)
    with closing(io):
        assert io.fileno() >= 0

    assert io.fileno() == -1
