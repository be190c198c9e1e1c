"""Kernel sockets in networks with routers, neighbours and links of small MTU."""

from collections.abc import Callable, Iterator
from ipaddress import IPv6Address

import pytest

from rawkit.lab import Lab
from rawkit.lab.topology import Node
from rawkit.sockets.ladder import open_echo
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Opened
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from tests.sockets.echo_host import BOTH_KINDS, BOTH_VERSIONS, IDENTIFIER, Kind, received

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
LINK_LOCAL = IPv6Address("fe80::7")


class Pipes:
    """Opens echo pipes on nodes, and closes them."""

    def __init__(self) -> None:
        self.opened: list[PacketIO] = []

    def open(self, node: Node, version: int, settings: Settings) -> PacketIO:
        with node.here():
            io = open_echo(version, IDENTIFIER, settings)
        self.opened.append(io)
        assert isinstance(io.receive(), Opened)
        return io


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    pipes = Pipes()
    yield pipes
    for io in pipes.opened:
        io.close()


def request(version: int, src: Node, dst: Node, ttl: int = 64, size: int = 16) -> Packet:
    if version == 4:
        echo = icmp.EchoRequest(IDENTIFIER, 1)
        return IPv4(src.ipv4, dst.ipv4, ttl=ttl) / echo / bytes(size)
    return IPv6(src.ipv6, dst.ipv6, hop_limit=ttl) / icmpv6.EchoRequest(IDENTIFIER, 1) / bytes(size)


def said(io: PacketIO) -> tuple[object, Header, Packet | None]:
    """Return who says what about which packet."""
    packet = received(io).packet
    ip, message, *_ = packet.headers
    assert isinstance(ip, IPv4 | IPv6)
    return ip.src, message, quoted(packet)


@BOTH_KINDS
@BOTH_VERSIONS
def test_each_router_tells_that_a_packet_died_there(
    kind: Kind, version: int, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=2)
    io = pipes.open(net.first, version, Settings(kind=kind))

    sources = []
    for ttl in (1, 2, 3):
        io.send(request(version, net.first, net.last, ttl))
        source, message, quote = said(io)
        sources.append(source)
        if ttl < 3:
            assert isinstance(message, icmp.TimeExceeded | icmpv6.TimeExceeded)
            assert quote is not None
            assert quote.headers[0].dst == request(version, net.first, net.last).headers[0].dst  # type: ignore[attr-defined]  # IP headers
        else:
            assert isinstance(message, icmp.EchoReply | icmpv6.EchoReply)

    assert len(set(sources)) == 3


@BOTH_KINDS
@BOTH_VERSIONS
def test_a_narrow_link_is_told_with_its_mtu(
    kind: Kind, version: int, line: LabFactory, pipes: Pipes
) -> None:
    net = line(hops=1, mtu=1400)
    io = pipes.open(net.first, version, Settings(kind=kind, pmtu="probe"))

    io.send(request(version, net.first, net.last, size=1440))

    _, message, quote = said(io)
    assert isinstance(message, icmp.Unreachable | icmpv6.PacketTooBig)
    assert message.mtu == 1400
    assert quote is not None


@BOTH_KINDS
def test_a_neighbour_that_does_not_answer_is_reported_by_this_host(
    kind: Kind, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    node = net.first
    node.sysctl("net.ipv4.neigh.eth0.retrans_time_ms", 10)
    io = pipes.open(node, 4, Settings(kind=kind))
    nobody = IPv4(node.ipv4, net.last.spare().ipv4)

    io.send(nobody / icmp.EchoRequest(IDENTIFIER, 1))

    source, message, _ = said(io)
    assert source == node.ipv4
    assert isinstance(message, icmp.Unreachable)
    assert message.code == 1


@BOTH_KINDS
@pytest.mark.parametrize("scope", ["eth0", "number", None])
def test_a_link_local_answer_comes_from_the_address_that_was_asked(
    kind: Kind, scope: str | None, pair: LabFactory, pipes: Pipes
) -> None:
    net = pair()
    with net.last.popen(["ip", "address", "add", "fe80::7/64", "dev", "eth0", "nodad"]) as adding:
        assert adding.wait() == 0
    with net.first.popen(["ip", "address", "add", "fe80::1/64", "dev", "eth0", "nodad"]) as adding:
        assert adding.wait() == 0
    if scope == "number":
        scope = str(index_of_eth0(net.first))
    target = IPv6Address(f"fe80::7%{scope}") if scope else LINK_LOCAL
    settings = Settings(kind=kind, interface=None if scope else "eth0")
    io = pipes.open(net.first, 6, settings)

    io.send(IPv6(IPv6Address("fe80::1"), target) / icmpv6.EchoRequest(IDENTIFIER, 1))

    source, message, _ = said(io)
    assert source == target
    assert isinstance(message, icmpv6.EchoReply)


def index_of_eth0(node: Node) -> int:
    import socket

    return node.run(socket.if_nametoindex, "eth0")
