"""ICMP errors, read from the error queue of a ping socket as a raw socket would hear them."""

from ipaddress import IPv4Address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.error_queue import renumbered
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire import icmp, icmpv6
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.multipart import Label, build, mpls, read
from rawkit.wire.news import Transmitted
from rawkit.wire.packet import Header
from rawkit.wire.quote import quoted
from rawkit.wire.received import Clock, Received
from tests.sockets.echo_host import (
    BOTH_KINDS,
    BOTH_VERSIONS,
    IDENTIFIER,
    LO,
    LO6,
    PAYLOAD,
    ROUTER,
    TARGET,
    Open,
    heard,
    news_of,
    received,
    request,
    say,
    tap,
)

netns = pytest.mark.netns

STACK = mpls(Label(1234, traffic_class=3, bottom=False, ttl=2), Label(16, ttl=1))
EXTENSIONS = build([STACK])
GATEWAY = IPv4Address("192.0.2.254")

ERRORS = {
    "host unreachable": icmp.Unreachable(code=1),
    "fragmentation needed": icmp.Unreachable(code=4, mtu=1400),
    "prohibited": icmp.Unreachable(code=13),
    "time exceeded": icmp.TimeExceeded(),
    "parameter problem": icmp.ParameterProblem(pointer=9),
    "source quench": icmp.SourceQuench(),
    "redirect": icmp.Redirect(gateway=GATEWAY),
    "MPLS labels": icmp.TimeExceeded(extensions=EXTENSIONS),
    "unreachable with MPLS labels": icmp.Unreachable(code=1, extensions=EXTENSIONS),
}
ERRORS_V6 = {
    "no route": icmpv6.Unreachable(),
    "prohibited": icmpv6.Unreachable(code=1),
    "too big": icmpv6.PacketTooBig(1400),
    "time exceeded": icmpv6.TimeExceeded(),
    "parameter problem": icmpv6.ParameterProblem(code=1, pointer=40),
    "MPLS labels": icmpv6.TimeExceeded(extensions=EXTENSIONS),
}


@pytest.fixture
def silent(host: Namespace) -> Namespace:
    """A host that answers no echo requests."""
    host.sysctl("net.ipv4.icmp_echo_ignore_all", 1)
    host.sysctl("net.ipv6.icmp.echo_ignore_all", 1)
    return host


def provoke(io: PacketIO, host: Namespace, error: Header, size: int = 16) -> None:
    """Send a request, and have a router say this about it."""
    version = 4 if isinstance(error, icmp.Message) else 6
    with tap(host, version) as wire:
        io.send(request(version, payload=PAYLOAD[:1] * size))
        sent = heard(wire, icmp.EchoRequest if version == 4 else icmpv6.EchoRequest)
    outer = IPv4(ROUTER, LO) if version == 4 else IPv6(LO6, LO6)
    say(host, outer / error / sent)


@netns
@BOTH_KINDS
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_is_heard_whole(
    kind: str, error: Header, open_on: Open, silent: Namespace
) -> None:
    io = open_on(kind)
    provoke(io, silent, error)

    departure, answer = news_of(io, 2)
    assert isinstance(departure, Transmitted)
    assert isinstance(answer, Received)
    outer, message, *_ = answer.packet.headers
    assert isinstance(outer, IPv4)
    assert (outer.src, outer.dst, outer.ttl, outer.protocol) == (ROUTER, LO, 64, 1)
    assert message == error
    assert (answer.clock, answer.interface) == (Clock.KERNEL, "lo")
    assert answer.packet.error is None
    assert io.receive() is None


@netns
@BOTH_KINDS
@pytest.mark.parametrize("error", ERRORS_V6.values(), ids=ERRORS_V6)
def test_an_ipv6_error_is_heard_whole(
    kind: str, error: Header, open_on: Open, silent: Namespace
) -> None:
    io = open_on(kind, 6)
    provoke(io, silent, error)

    answer = received(io)
    outer, message, *_ = answer.packet.headers
    assert isinstance(outer, IPv6)
    assert (outer.src, outer.dst, outer.hop_limit, outer.next_header) == (LO6, LO6, 64, 58)
    assert message == error
    assert (answer.clock, answer.interface) == (Clock.KERNEL, "lo")


@netns
@BOTH_KINDS
@pytest.mark.parametrize(
    "error",
    [*ERRORS.values(), *ERRORS_V6.values()],
    ids=[*ERRORS, *(f"{name}, IPv6" for name in ERRORS_V6)],
)
def test_the_quote_is_our_request(
    kind: str, error: Header, open_on: Open, silent: Namespace
) -> None:
    version = 4 if isinstance(error, icmp.Message) else 6
    io = open_on(kind, version)
    provoke(io, silent, error)

    quote = quoted(received(io).packet)
    assert quote is not None
    ip, echo = quote.headers
    assert isinstance(ip, IPv4 | IPv6)
    assert isinstance(echo, icmp.EchoRequest | icmpv6.EchoRequest)
    assert (ip.src, ip.dst) == ((LO, TARGET) if version == 4 else (LO6, LO6))
    assert (echo.identifier, echo.sequence) == (IDENTIFIER, 1)
    assert quote.payload.startswith(PAYLOAD[:1] * 16)
    assert (
        echo.checksum
        == dissect_ip(bytes(request(version, payload=PAYLOAD[:1] * 16)))[type(echo)].checksum
    )


@netns
@BOTH_VERSIONS
def test_extensions_are_found_behind_a_long_quote(
    version: int, open_on: Open, silent: Namespace
) -> None:
    io = open_on("ping", version)
    error = (icmp if version == 4 else icmpv6).TimeExceeded(extensions=EXTENSIONS)
    provoke(io, silent, error, size=300)

    message = received(io).packet.headers[1]
    assert isinstance(message, icmp.TimeExceeded | icmpv6.TimeExceeded)
    assert read(message.extensions) == (STACK,)


@netns
@BOTH_VERSIONS
def test_an_earlier_error_does_not_fail_the_next_request(
    version: int, open_on: Open, silent: Namespace
) -> None:
    io = open_on("ping", version)
    error: Header = icmp.Unreachable(code=1) if version == 4 else icmpv6.Unreachable()
    provoke(io, silent, error)
    provoke(io, silent, error)

    io.send(last := request(version, 3))

    news = news_of(io, 5)
    departures = [one.packet for one in news if isinstance(one, Transmitted)]
    assert len(departures) == 3
    assert departures[-1] is last
    assert sum(isinstance(one, Received) for one in news) == 2
    assert io.receive() is None


@netns
def test_a_burst_of_errors_is_heard_to_the_last(open_on: Open, silent: Namespace) -> None:
    io = open_on("ping")
    with tap(silent) as wire:
        for sequence in range(40):
            io.send(request(sequence=sequence))
            sent = heard(wire, icmp.EchoRequest)
            say(silent, IPv4(ROUTER, LO) / icmp.TimeExceeded() / sent)

    news = news_of(io, 80)
    answers = [one.packet for one in news if isinstance(one, Received)]
    found = [packet[icmp.EchoRequest].sequence for packet in answers]
    assert found == list(range(40))
    assert sum(isinstance(one, Transmitted) for one in news) == 40


@netns
def test_an_ipv6_redirect_to_a_ping_socket_is_no_news(open_on: Open, silent: Namespace) -> None:
    """The kernel does not say where the better way leads."""
    io = open_on("ping", 6)
    with tap(silent, 6) as wire:
        io.send(request(6))
        sent = bytes(heard(wire, icmpv6.EchoRequest))
        option = bytes([4, 1 + len(sent) // 8]) + bytes(6) + sent
    say(silent, IPv6(LO6, LO6, hop_limit=255) / icmpv6.Redirect(LO6, LO6) / option)

    assert [type(one) for one in news_of(io, 2, patience=0.2)] == [Transmitted]


@pytest.mark.parametrize("size", [8, 9, 64, 65])
@pytest.mark.parametrize("identifier", [0, 1, 0x1234, 0xFFFF])
@pytest.mark.parametrize("old", [0, 0x5EC2, 0xFFFF])
def test_another_identifier_leaves_a_right_checksum_right(
    size: int, identifier: int, old: int
) -> None:
    message = icmp.EchoRequest(old, 7).pack(bytes(range(size - 8)))

    changed = renumbered(message, identifier)

    assert internet_checksum(changed) == 0
    assert (changed[:2], changed[6:]) == (message[:2], message[6:])
    assert changed[4:6] == identifier.to_bytes(2, "big")


def test_a_message_cut_short_keeps_its_octets() -> None:
    assert renumbered(b"\x08\0\x12\x34\x56", 7) == b"\x08\0\x12\x34\x56"
