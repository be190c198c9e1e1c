"""What is heard of probes: ICMP errors and replies, by raw sockets and by the error queue.

The facts about the kernel that :mod:`rawkit.sockets.udp` relies on are here, too.
"""

import socket
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from rawkit.host.capability import drop
from rawkit.lab.namespace import Namespace
from rawkit.record import replace
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.probes import Kind, Method
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.multipart import read
from rawkit.wire.news import Transmitted
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from rawkit.wire.received import Checksum, Clock, Received
from rawkit.wire.tcp import TCP, quoted_ports
from rawkit.wire.udp import UDP
from tests.sockets.echo_host import (
    BOTH_VERSIONS,
    LO,
    LO6,
    ROUTER,
    TARGET,
    news_of,
    received,
    say,
    tap,
)
from tests.sockets.probe_host import (
    CLOSED,
    PAYLOAD,
    PORT,
    PROTOCOL,
    TARGET6,
    UNPRIVILEGED_AND_RAW,
    about,
    local_probe,
    open_on,
    probe,
)
from tests.sockets.test_icmp_errors import ERRORS, ERRORS_V6, EXTENSIONS, STACK

pytestmark = pytest.mark.netns

SHORTEST_QUOTE = 8
QUIET = 0.2
"""Seconds in which something that is not to come would have come on most machines."""
ADVICE = ("source quench", "redirect")
ERRORS_TO_UDP = {name: error for name, error in ERRORS.items() if name not in ADVICE}


def errors(kind: str) -> list[object]:
    """Return the errors of the table that such a pipe hears."""
    v4 = ERRORS if kind == "raw" else ERRORS_TO_UDP
    # An IPv6 UDP socket is told of "too big" only if the kernel may learn from it.
    v6 = {name: one for name, one in ERRORS_V6.items() if kind == "raw" or name != "too big"}
    return [
        pytest.param(kind, error, id=f"{kind}, {name}")
        for name, error in (*v4.items(), *((f"{name}, IPv6", one) for name, one in v6.items()))
    ]


def said_about(
    host: Namespace, io: PacketIO, sent: Packet, error: Header, octets: int | None = None
) -> Received:
    """Have a router say something about a probe, and return what is heard."""
    say(host, about(sent, error, ROUTER if isinstance(sent.headers[0], IPv4) else LO6, octets))
    return received(io)


@pytest.mark.parametrize(("kind", "error"), [*errors("raw"), *errors("socket")])
def test_an_error_about_a_datagram_is_heard_whole(
    kind: Kind, error: Header, host: Namespace
) -> None:
    version = 4 if isinstance(error, icmp.Message) else 6
    sent = local_probe("udp", version)
    with closing(open_on(host, "udp", kind, version)) as io:
        answer = said_about(host, io, sent, error)

        assert io.receive() is None
    outer, message, *_ = answer.packet.headers
    assert isinstance(outer, IPv4 | IPv6)
    source, protocol = (ROUTER, 1) if version == 4 else (LO6, 58)
    number = outer.protocol if isinstance(outer, IPv4) else outer.next_header
    assert (outer.src, outer.dst, outer.ttl, number) == (source, sent.headers[0].src, 64, protocol)  # type: ignore[attr-defined]  # IP headers
    assert message == error
    assert (answer.clock, answer.interface) == (Clock.KERNEL, "lo")
    assert answer.packet.error is None
    quote = quoted(answer.packet)
    assert quote is not None
    ip, datagram = quote.headers
    assert isinstance(ip, IPv4 | IPv6)
    assert (ip.src, ip.dst) == (sent.headers[0].src, sent.headers[0].dst)  # type: ignore[attr-defined]  # same
    assert isinstance(datagram, UDP)
    assert (datagram.src_port, datagram.dst_port) == (PORT, CLOSED)
    assert quote.payload.startswith(b"\0" + PAYLOAD)


@pytest.mark.parametrize("name", ADVICE)
def test_udp_sockets_are_told_no_advice(name: str, host: Namespace) -> None:
    with closing(open_on(host, "udp", "socket")) as io:
        say(host, about(local_probe("udp", 4), ERRORS[name], ROUTER))
        after = said_about(host, io, local_probe("udp", 4), icmp.TimeExceeded())

    assert after.packet.headers[1] == icmp.TimeExceeded()


@pytest.mark.parametrize(("version", "last"), [(4, 15), (6, 7)])
@UNPRIVILEGED_AND_RAW
def test_every_code_of_unreachable_arrives(
    kind: Kind, version: int, last: int, host: Namespace
) -> None:
    unreachable = (icmp if version == 4 else icmpv6).Unreachable
    codes = [code for code in range(last + 1) if (version, code) != (4, 4)]  # that has an MTU
    with closing(open_on(host, "udp", kind, version)) as io:
        heard = [
            said_about(host, io, local_probe("udp", version), unreachable(code=code))
            for code in codes
        ]

    assert [one.packet.headers[1] for one in heard] == [unreachable(code=code) for code in codes]


@BOTH_VERSIONS
def test_of_a_quote_of_eight_octets_the_error_queue_tells_the_ports_alone(
    version: int, host: Namespace
) -> None:
    error = (icmp if version == 4 else icmpv6).TimeExceeded()
    with closing(open_on(host, "udp", "socket", version)) as io:
        answer = said_about(host, io, local_probe("udp", version), error, SHORTEST_QUOTE)

    quote = quoted(answer.packet)
    assert quote is not None
    ip, datagram = quote.headers
    assert isinstance(ip, IPv4 | IPv6)
    assert ip.ttl == 0
    assert isinstance(datagram, UDP)
    assert (datagram.src_port, datagram.dst_port) == (PORT, CLOSED)
    assert (datagram.length, datagram.checksum) == (None, None)
    assert quote.payload == b""


@BOTH_VERSIONS
def test_of_a_quote_of_eight_octets_a_raw_socket_tells_the_whole_udp_header(
    version: int, host: Namespace
) -> None:
    sent = local_probe("udp", version, ttl=3)
    error = (icmp if version == 4 else icmpv6).TimeExceeded()
    with closing(open_on(host, "udp", "raw", version)) as io:
        answer = said_about(host, io, sent, error, SHORTEST_QUOTE)

    quote = quoted(answer.packet)
    assert quote is not None
    ip, datagram = quote.headers
    assert isinstance(ip, IPv4 | IPv6)
    assert ip.ttl == 3
    assert isinstance(datagram, UDP)
    assert datagram.length == 8 + len(sent.payload)
    checksum = int.from_bytes(bytes(sent)[-len(sent.payload) - 2 :][:2], "big")
    assert datagram.checksum == checksum


@BOTH_VERSIONS
def test_of_a_quote_of_eight_octets_a_segment_is_known_by_its_sequence_number(
    version: int, host: Namespace
) -> None:
    sent = local_probe("tcp", version, number=5)
    error = (icmp if version == 4 else icmpv6).TimeExceeded()
    with closing(open_on(host, "tcp", "raw", version)) as io:
        answer = said_about(host, io, sent, error, SHORTEST_QUOTE)

    assert quoted_ports(answer.packet.payload) == (PORT, CLOSED, 1005)


@pytest.mark.parametrize("length", [10, 300])
@UNPRIVILEGED_AND_RAW
@BOTH_VERSIONS
def test_what_a_router_tells_besides_is_heard_whatever_the_length(
    version: int, kind: Kind, length: int, host: Namespace
) -> None:
    """MPLS labels (RFC 4950) behind the quote (RFC 4884), also without privilege."""
    sent = local_probe("udp", version, payload=bytes(range(1, 11)) * (length // 10))
    error = (icmp if version == 4 else icmpv6).TimeExceeded(extensions=EXTENSIONS)
    with closing(open_on(host, "udp", kind, version)) as io:
        answer = said_about(host, io, sent, error)

    message = answer.packet.headers[1]
    assert isinstance(message, icmp.TimeExceeded | icmpv6.TimeExceeded)
    assert read(message.extensions) == (STACK,)
    quote = quoted(answer.packet)
    assert quote is not None
    assert quote.payload.startswith(sent.payload[:50])


def test_all_this_needs_no_capability(closed_host: Namespace) -> None:
    """The kernel's default for ping sockets is "for nobody"; UDP sockets do not care."""

    def unprivileged() -> PacketIO:
        drop()
        from rawkit.sockets.probes import open_probes
        from rawkit.sockets.settings import Settings

        return open_probes(4, "udp", PORT, Settings(), identifier=1)

    with closing(closed_host.run(unprivileged)) as io:
        error = icmp.TimeExceeded(extensions=EXTENSIONS)
        answer = said_about(closed_host, io, local_probe("udp", 4), error)

    message = answer.packet.headers[1]
    assert isinstance(message, icmp.TimeExceeded)
    assert read(message.extensions) == (STACK,)


@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
@BOTH_VERSIONS
def test_errors_about_others_are_not_heard(method: Method, version: int, host: Namespace) -> None:
    ours = local_probe(method, version)
    theirs = [
        local_probe(other, version, src_port=port)
        for other, port in (("udp", PORT + 1), ("tcp", PORT + 1), ("udp", PORT), ("tcp", PORT))
        if (other, port) != (method, PORT)
    ]
    error = (icmp if version == 4 else icmpv6).TimeExceeded()
    with closing(open_on(host, method, "raw", version)) as io:
        for one in theirs:
            say(host, about(one, error, ROUTER if version == 4 else LO6))
        answer = said_about(host, io, ours, error)

    quote = quoted(answer.packet)
    assert quote is not None
    assert type(quote.headers[-1]) is type(ours.headers[-1])


def test_a_port_that_a_translator_has_changed_is_heard_where_the_target_is_known(
    host: Namespace,
) -> None:
    translated = probe("udp", LO, TARGET, src_port=PORT + 7)
    elsewhere = probe("udp", LO, IPv4Address("127.0.0.8"), src_port=PORT + 8)
    with closing(open_on(host, "udp", "raw", target=TARGET)) as io:
        say(host, about(elsewhere, icmp.TimeExceeded(), ROUTER))
        answer = said_about(host, io, translated, icmp.TimeExceeded())

    quote = quoted(answer.packet)
    assert quote is not None
    assert quote[UDP].src_port == PORT + 7


# Replies


def replying(host: Namespace, version: int) -> socket.socket:
    """Return a UDP socket of the target, at a port that is open."""
    sock = host.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind((str(TARGET if version == 4 else TARGET6), CLOSED))
    sock.settimeout(10)
    return sock


@UNPRIVILEGED_AND_RAW
@BOTH_VERSIONS
def test_a_reply_is_heard_whole(version: int, kind: Kind, host: Namespace) -> None:
    with replying(host, version) as server, closing(open_on(host, "udp", kind, version)) as io:
        io.send(local_probe("udp", version))
        octets, client = server.recvfrom(100)
        assert octets == b"\0" + PAYLOAD
        assert client[1] == PORT
        server.sendto(b"here", client)

        departure, answer = news_of(io, 2)
    assert isinstance(departure, Transmitted)
    assert isinstance(answer, Received)
    ip, datagram = answer.packet.headers
    assert isinstance(ip, IPv4 | IPv6)
    assert (ip.src, ip.dst) == ((TARGET, LO) if version == 4 else (TARGET6, LO6))
    assert ip.ttl == 64
    assert datagram == UDP(CLOSED, PORT)
    assert answer.packet.payload == b"here"
    assert (answer.clock, answer.interface) == (Clock.KERNEL, "lo")
    assert answer.checksum is not Checksum.BAD


@UNPRIVILEGED_AND_RAW
@BOTH_VERSIONS
def test_this_host_does_not_answer_a_reply(version: int, kind: Kind, host: Namespace) -> None:
    """Without a socket at our port the kernel would say "port unreachable"."""
    with tap(host, version) as wire, replying(host, version) as server:
        with closing(open_on(host, "udp", kind, version)) as io:
            io.send(local_probe("udp", version))
            _, client = server.recvfrom(100)
            for _ in range(3):
                server.sendto(b"here", client)
                received(io)
            assert news_of(wire, patience=QUIET) == []

        server.sendto(b"still there?", client)
        assert received(wire).packet.headers[1].code in (3, 4)  # type: ignore[attr-defined]  # an error


def test_replies_that_nobody_reads_take_no_room(host: Namespace) -> None:
    """Of the raw pipe's two sockets at the port, the one of the kernel's own drops them."""
    with closing(open_on(host, "udp", "raw")) as io, host.socket(kind=socket.SOCK_DGRAM) as server:
        server.bind((str(TARGET), CLOSED))
        for _ in range(2000):
            server.sendto(bytes(1000), (str(LO), PORT))
            while io.receive() is not None:
                pass

        table = host.run(Path("/proc/thread-self/net/udp").read_text)
        (ours,) = [line.split() for line in table.splitlines() if f":{PORT:04X} " in line]
        assert ours[4] == "00000000:00000000"  # tx_queue:rx_queue


@pytest.mark.parametrize(("method", "header"), [("udp", UDP), ("tcp", TCP)])
@BOTH_VERSIONS
def test_a_wrong_checksum_is_seen(
    version: int, method: Method, header: type[UDP] | type[TCP], host: Namespace
) -> None:
    from rawkit.sockets.header_included import HeaderIncludedSocket

    ends = (LO, TARGET) if version == 4 else (LO6, TARGET6)
    answer = probe(method, ends[1], ends[0], src_port=CLOSED, dst_port=PORT)
    octets = bytes(answer)
    place = (20 if version == 4 else 40) + (6 if method == "udp" else 16)
    right = int.from_bytes(octets[place : place + 2], "big")
    ip = answer.headers[0]
    pseudo = ip.pseudo_header(len(octets) - (20 if version == 4 else 40), PROTOCOL[method])
    words = [int.from_bytes(pseudo[at : at + 2], "big") for at in range(0, len(pseudo), 2)]
    partial = sum(words) % 0xFFFF
    with host.here():
        wire = HeaderIncludedSocket(version)
    verdicts = []
    with closing(wire), closing(open_on(host, method, "raw", version)) as io:
        for checksum in (right, right ^ 0x0101, partial):
            changed = [
                replace(one, checksum=checksum) if isinstance(one, header) else one
                for one in answer.headers
            ]
            wire.send(Packet(tuple(changed), answer.payload))
            verdicts.append(received(io).checksum)

    assert verdicts == [Checksum.VALID, Checksum.BAD, Checksum.UNFINISHED]


# Many at once


@BOTH_VERSIONS
def test_a_burst_of_errors_is_heard_to_the_last(version: int, host: Namespace) -> None:
    error = (icmp if version == 4 else icmpv6).TimeExceeded()
    with closing(open_on(host, "udp", "socket", version)) as io, replying(host, version):
        for number in range(200):
            sent = local_probe("udp", version, number=number)
            io.send(sent)
            say(host, about(sent, error, ROUTER if version == 4 else LO6))
        news = news_of(io, 400, patience=20)

    quotes = [quoted(one.packet) for one in news if isinstance(one, Received)]
    assert [quote.payload[0] for quote in quotes if quote] == [*range(200)]
    assert sum(isinstance(one, Transmitted) for one in news) == 200


@UNPRIVILEGED_AND_RAW
@BOTH_VERSIONS
def test_an_earlier_error_does_not_fail_the_next_probe(
    version: int, kind: Kind, host: Namespace
) -> None:
    error = (icmp if version == 4 else icmpv6).Unreachable(code=1)
    with closing(open_on(host, "udp", kind, version)) as io, replying(host, version):
        for number in range(3):
            io.send(local_probe("udp", version, number=number))
            say(host, about(local_probe("udp", version), error, ROUTER if version == 4 else LO6))
        io.send(last := local_probe("udp", version, number=9))
        news = news_of(io, 7)

    departures = [one.packet for one in news if isinstance(one, Transmitted)]
    assert len(departures) == 4
    assert departures[-1] is last
    assert sum(isinstance(one, Received) for one in news) == 3
