"""Pipes for pings that ask a port, or more than an echo, on the real kernel."""

import errno
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address
from typing import Any

import pytest

from rawkit.errors import BuildError, MissingCapability, NotPermitted, UsageError
from rawkit.host.capability import Capability, drop
from rawkit.lab.namespace import Namespace
from rawkit.sockets.asking import Ports, open_tcp, open_udp
from rawkit.sockets.connecting import ConnectPipe
from rawkit.sockets.ladder import NODE, PROBE, TIMESTAMP, open_echo
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ping import PingSocket
from rawkit.sockets.settings import Settings
from rawkit.wire import extended_echo, extended_echo_ipv6, icmp, icmpv6
from rawkit.wire.extended_echo import InterfaceName
from rawkit.wire.icmp_queries import TimestampReply, TimestampRequest
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, Opened, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.quote import quoted
from rawkit.wire.received import Clock, Received
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from tests.contract.packet_io import CHECKS, Check, Subject, the_answer_is_a_whole_packet
from tests.sockets.echo_host import BOTH_VERSIONS, IDENTIFIER, LO, LO6, TARGET, news_of, tap
from tests.sockets.test_contract import number_of, port_unreachable, reset

pytestmark = pytest.mark.netns

OPEN_PORT, CLOSED_PORT = 8080, 8081
SYN_ACK, RST_ACK = Flags.SYN | Flags.ACK, Flags.RST | Flags.ACK
ENDS: dict[int, Any] = {4: (LO, TARGET), 6: (LO6, LO6)}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
ENABLE_PROBE = "net.ipv4.icmp_echo_enable_probe"


def outer(version: int, **more: Any) -> IPv4 | IPv6:
    src, dst = ENDS[version]
    if version == 4:
        dst = more.pop("dst", dst)
    more.pop("dst", None)
    return IPv4(src, dst, **more) if version == 4 else IPv6(src, dst, **more)


def syn(version: int, src_port: int, dst_port: int = OPEN_PORT, number: int = 7000) -> Packet:
    return outer(version) / TCP(src_port, dst_port, number)


def opening(
    open_: Callable[..., tuple[PacketIO, Ports]], version: int, **wanted: Any
) -> News | None:
    pipe, _ = open_(version, Settings(**wanted), 1)
    with closing(pipe):
        return pipe.receive()


def on(host: Namespace, open_: Any, version: int, count: int = 1, **wanted: Any) -> Any:
    """Return a pipe on a host and its source ports; the first news is taken."""
    with host.here():
        pipe, ports = open_(version, Settings(**wanted), count)
    assert isinstance(pipe.receive(), Opened)
    return pipe, ports


def with_no_capability(function: Callable[[], object]) -> Callable[[], object]:
    def dropped() -> object:
        drop()
        return function()

    return dropped


@pytest.fixture
def listener(host: Namespace) -> Iterator[socket.socket]:
    """A server for both versions that accepts nobody by itself."""
    with host.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.bind(("::", OPEN_PORT))
        sock.listen()
        sock.setblocking(False)
        yield sock


def ports_busy(host: Namespace, *words: str) -> str:
    with host.popen(["ss", "-Han", *words], text=True, stdout=subprocess.PIPE) as process:
        return process.communicate(timeout=20)[0]


# Which pipe is opened


@BOTH_VERSIONS
def test_by_tcp_a_raw_socket_comes_first(version: int, host: Namespace) -> None:
    assert host.run(opening, open_tcp, version) == Opened("raw socket", "permitted here")


@BOTH_VERSIONS
def test_by_tcp_without_privilege_the_kernel_connects(version: int, host: Namespace) -> None:
    opened = host.run(with_no_capability(lambda: opening(open_tcp, version)))

    assert isinstance(opened, Opened)
    assert opened.via == "connect()"
    assert "CAP_NET_RAW" in opened.why


@BOTH_VERSIONS
def test_the_right_to_raw_sockets_alone_is_enough_for_tcp(version: int, host: Namespace) -> None:
    def with_that_alone() -> object:
        drop((Capability.NET_RAW,))
        return opening(open_tcp, version)

    assert host.run(with_that_alone) == Opened("raw socket", "permitted here")


@pytest.mark.parametrize(
    ("open_", "kind", "expected"),
    [
        (open_tcp, "raw", Opened("raw socket", "asked for")),
        (open_tcp, "socket", Opened("connect()", "asked for")),
        (open_udp, "auto", Opened("UDP socket", "needs no privilege")),
        (open_udp, "socket", Opened("UDP socket", "asked for")),
        (open_udp, "raw", Opened("raw socket", "asked for")),
    ],
)
@BOTH_VERSIONS
def test_a_kind_can_be_asked_for(
    version: int, open_: Any, kind: str, expected: Opened, host: Namespace
) -> None:
    assert host.run(lambda: opening(open_, version, kind=kind)) == expected


@BOTH_VERSIONS
def test_by_udp_no_privilege_is_needed(version: int, host: Namespace) -> None:
    opened = host.run(with_no_capability(lambda: opening(open_udp, version)))

    assert opened == Opened("UDP socket", "needs no privilege")


def test_a_raw_socket_that_is_asked_for_and_not_permitted_is_an_error(host: Namespace) -> None:
    with pytest.raises(NotPermitted, match="send TCP probes over IPv4"):
        host.run(with_no_capability(lambda: opening(open_tcp, 4, kind="raw")))


@pytest.mark.parametrize("open_", [open_tcp, open_udp])
def test_a_ping_socket_asks_no_ports(open_: Any, host: Namespace) -> None:
    with pytest.raises(UsageError, match="a ping socket asks no ports"):
        host.run(lambda: opening(open_, 4, kind="ping"))


@pytest.mark.parametrize("open_", [open_tcp, open_udp])
@pytest.mark.parametrize("kind", ["raw", "socket"])
def test_what_cannot_be_set_up_is_said_at_once(open_: Any, kind: str, host: Namespace) -> None:
    with pytest.raises(UsageError, match="no interface 'nope' here"):
        host.run(lambda: opening(open_, 4, kind=kind, interface="nope"))
    with pytest.raises(UsageError, match=r"192\.0\.2\.99 is not an address of this host"):
        host.run(lambda: opening(open_, 4, kind=kind, src=IPv4Address("192.0.2.99")))


def test_a_mark_takes_a_capability(host: Namespace) -> None:
    wish = with_no_capability(lambda: opening(open_tcp, 4, kind="socket", mark=7))

    with pytest.raises(MissingCapability, match="set a firewall mark"):
        host.run(wish)


@pytest.mark.parametrize("open_", [open_tcp, open_udp])
@BOTH_VERSIONS
def test_source_ports_are_held_as_long_as_the_pipe_is_open(
    version: int, open_: Any, host: Namespace
) -> None:
    kind = socket.SOCK_STREAM if open_ is open_tcp else socket.SOCK_DGRAM
    pipe, ports = on(host, open_, version, count=3)
    with host.socket(FAMILIES[version], kind) as sock:
        with closing(pipe):
            assert len(ports) == 3
            with pytest.raises(OSError, match="in use"):
                sock.bind(("", ports[1]))

        sock.bind(("", ports[1]))


# Contract


def the_syns(version: int, ports: Ports) -> tuple[Packet, ...]:
    turns = range(5)
    return tuple(syn(version, ports[0], CLOSED_PORT, number=7000 + turn) for turn in turns)


def the_datagrams(version: int, ports: Ports) -> tuple[Packet, ...]:
    udp = UDP(ports[0], CLOSED_PORT)
    return tuple(outer(version) / udp / bytes([turn] * 16) for turn in range(5))


def payload_of(packet: Packet) -> object:
    return packet.payload


PIPES: Any = {
    "tcp-raw": (open_tcp, "raw", the_syns, reset, number_of),
    "tcp-connect": (open_tcp, "socket", the_syns, reset, number_of),
    "udp-raw": (open_udp, "raw", the_datagrams, port_unreachable, payload_of),
    "udp-socket": (open_udp, "socket", the_datagrams, port_unreachable, payload_of),
}
CHECKED = [
    (name, check)
    for name in PIPES
    for check in CHECKS
    # The kernel shows no segment of its connections, so their TTL reads 0.
    if (name, check) != ("tcp-connect", the_answer_is_a_whole_packet)
]


@pytest.mark.parametrize(("name", "check"), CHECKED)
@BOTH_VERSIONS
def test_contract(name: str, check: Check, version: int, host: Namespace) -> None:
    open_, kind, requests, expect, mark = PIPES[name]
    pipe, ports = on(host, open_, version, kind=kind)
    with closing(pipe):
        check(Subject(pipe, requests(version, ports), expect=expect, mark=mark))


# Raw SYNs


@pytest.mark.parametrize(("port", "flags"), [(OPEN_PORT, SYN_ACK), (CLOSED_PORT, RST_ACK)])
@BOTH_VERSIONS
def test_a_raw_syn_is_answered(
    version: int, port: int, flags: Flags, host: Namespace, listener: socket.socket
) -> None:
    pipe, ports = on(host, open_tcp, version, kind="raw")
    with closing(pipe):
        pipe.send(syn(version, ports[0], port))
        told = news_of(pipe, 2)

    left, answer = told
    assert isinstance(left, Transmitted)
    assert isinstance(answer, Received)
    segment = answer.packet[TCP]
    assert (segment.flags, segment.acknowledgment) == (flags, 7001)
    assert (left.clock, answer.clock) == (Clock.KERNEL, Clock.KERNEL)


@BOTH_VERSIONS
def test_the_kernel_resets_what_a_raw_syn_has_opened(
    version: int, host: Namespace, listener: socket.socket
) -> None:
    pipe, ports = on(host, open_tcp, version, count=4, kind="raw")
    with closing(pipe):
        for port in ports:
            pipe.send(syn(version, port))
        assert len(news_of(pipe, 8)) == 8

        # The answer is heard before or after the kernel's own RST: wait for that.
        end = time.monotonic() + 5
        while (busy := ports_busy(host, "-t", "state", "syn-recv")) and time.monotonic() < end:
            time.sleep(0.01)

    assert busy == ""
    with pytest.raises(BlockingIOError):
        listener.accept()


# Connections that the kernel makes


@BOTH_VERSIONS
def test_a_connection_that_is_made_reads_as_a_syn_ack(
    version: int, host: Namespace, listener: socket.socket
) -> None:
    pipe, ports = on(host, open_tcp, version, kind="socket")
    with closing(pipe):
        before = time.monotonic()
        pipe.send(syn(version, ports[0]))
        left, answer = news_of(pipe, 2)
        after = time.monotonic()

    assert isinstance(left, Transmitted)
    assert isinstance(answer, Received)
    segment, handshake = answer.packet[TCP], answer.handshake
    assert (segment.src_port, segment.flags, segment.acknowledgment) == (OPEN_PORT, SYN_ACK, 7001)
    assert (left.clock, answer.clock) == (Clock.KERNEL, Clock.KERNEL)
    assert before <= left.time <= answer.time <= after
    assert handshake is not None
    assert handshake.resent == 0
    assert handshake.rtt is not None
    assert handshake.rtt == pytest.approx(answer.time - left.time, abs=1e-6)
    assert handshake.rtt <= handshake.waited <= after - before


def test_the_round_trip_is_the_kernels_however_long_nobody_looks(
    host: Namespace, listener: socket.socket
) -> None:
    pipe, ports = on(host, open_tcp, 4, kind="socket")
    with closing(pipe):
        pipe.send(syn(4, ports[0]))
        time.sleep(0.3)
        left, answer = news_of(pipe, 2)

    assert isinstance(left, Transmitted)
    assert isinstance(answer, Received)
    assert answer.time - left.time < 0.1
    assert answer.handshake is not None
    assert answer.handshake.waited >= 0.3


@BOTH_VERSIONS
def test_a_connection_leaves_nothing_behind_and_the_server_hears_nothing(
    version: int, host: Namespace, listener: socket.socket
) -> None:
    pipe, ports = on(host, open_tcp, version, kind="socket")
    with closing(pipe):
        for number in range(5):
            pipe.send(syn(version, ports[0], number=number))
        assert len(news_of(pipe, 10)) == 10

        # Neither end is half open, nor in TIME-WAIT.
        assert ports_busy(host, "-t", "state", "connected") == ""
    with pytest.raises(BlockingIOError):
        listener.accept()


@BOTH_VERSIONS
def test_a_connection_that_is_refused_reads_as_a_reset(version: int, host: Namespace) -> None:
    pipe, ports = on(host, open_tcp, version, kind="socket")
    with closing(pipe):
        pipe.send(syn(version, ports[0], CLOSED_PORT))
        left, answer = news_of(pipe, 2)

    assert isinstance(left, Transmitted)
    assert isinstance(answer, Received)
    assert answer.packet[TCP].flags == RST_ACK
    assert (left.clock, answer.clock) == (Clock.USER, Clock.USER)
    assert answer.handshake is not None
    assert answer.handshake.rtt is None


@BOTH_VERSIONS
def test_a_socket_that_meets_itself_is_no_open_port(version: int, host: Namespace) -> None:
    """Connecting to this host, the kernel may choose the very port that is asked."""
    host.sysctl("net.ipv4.ip_local_port_range", "40000 40000")
    pipe, ports = on(host, open_tcp, version, kind="socket")
    with closing(pipe):
        pipe.send(outer(version, dst=LO) / TCP(ports[0], 40_000, 7000))
        _, answer = news_of(pipe, 2)

    assert isinstance(answer, Received)
    assert answer.packet[TCP].flags == RST_ACK


REJECTIONS = {
    "port-unreachable": {4: icmp.Unreachable(3), 6: icmpv6.Unreachable(4)},
    "admin-prohibited": {4: icmp.Unreachable(13), 6: icmpv6.Unreachable(1)},
}


def filtered(host: Namespace, verdict: str) -> None:
    """Have a host's firewall treat what comes to the closed port in some way."""
    rules = f"""table inet filter {{
        chain input {{
            type filter hook input priority 0
            tcp dport {CLOSED_PORT} {verdict}
            udp dport {CLOSED_PORT} {verdict}
        }}
    }}
    """
    with host.popen(["nft", "-f", "-"], text=True, stdin=subprocess.PIPE) as process:
        process.communicate(rules, timeout=20)
        assert process.returncode == 0


@pytest.mark.parametrize("said", REJECTIONS)
@pytest.mark.parametrize("kind", ["raw", "socket"])
@BOTH_VERSIONS
def test_a_rejected_syn_is_an_icmp_error_and_no_reset(
    version: int, kind: str, said: str, host: Namespace
) -> None:
    filtered(host, f"reject with icmpx type {said}")
    pipe, ports = on(host, open_tcp, version, kind=kind)
    with closing(pipe):
        sent = syn(version, ports[0], CLOSED_PORT)
        pipe.send(sent)
        _, error = news_of(pipe, 2)

    assert isinstance(error, Received)
    expected: Any = REJECTIONS[said][version]
    message: Any = error.packet.headers[1]
    assert (type(message), message.code) == (type(expected), expected.code)
    quote = quoted(error.packet)
    assert quote is not None
    quoted_syn = quote[TCP]
    assert (quoted_syn.dst_port, quoted_syn.sequence) == (CLOSED_PORT, 7000)
    assert quote.headers[0].dst == sent.headers[0].dst  # type: ignore[attr-defined]  # IP


@BOTH_VERSIONS
def test_silence_ends_an_attempt_without_a_word(version: int, host: Namespace) -> None:
    filtered(host, "drop")
    pipe, ports = on(host, open_tcp, version, kind="socket")
    with closing(pipe):
        pipe.send(syn(version, ports[0], CLOSED_PORT))

        assert news_of(pipe, 1, patience=0.5) == []


def test_an_answer_to_the_second_syn_says_that_it_was_sent_again(
    host: Namespace, listener: socket.socket
) -> None:
    with host.popen(["nft", "-f", "-"], text=True, stdin=subprocess.PIPE) as process:
        process.communicate(
            f"""table inet filter {{
                chain input {{
                    type filter hook input priority 0
                    tcp dport {OPEN_PORT} limit rate 1/hour burst 1 packets drop
                }}
            }}
            """,
            timeout=20,
        )
        assert process.returncode == 0
    pipe, ports = on(host, open_tcp, 4, kind="socket")
    with closing(pipe):
        pipe.send(syn(4, ports[0]))
        news = news_of(pipe, 2, patience=5.0)

    answer = news[-1]
    assert isinstance(answer, Received)
    assert answer.handshake is not None
    assert answer.handshake.resent >= 1


@BOTH_VERSIONS
def test_only_a_syn_makes_the_kernel_connect(version: int, host: Namespace) -> None:
    pipe, ports = on(host, open_tcp, version, kind="socket")
    with closing(pipe):
        for packet in (
            outer(version) / UDP(ports[0], 7),
            outer(version) / TCP(ports[0], 7, flags=Flags.ACK),
            Packet(),
        ):
            with pytest.raises(BuildError, match="only a SYN makes the kernel connect"):
                pipe.send(packet)


def test_no_route_is_a_failure_of_that_packet(host: Namespace) -> None:
    pipe, ports = on(host, open_tcp, 4, kind="socket")
    away = IPv4(IPv4Address(0), IPv4Address("192.0.2.7")) / TCP(ports[0], 80)
    with closing(pipe):
        with pytest.raises(OSError, match="unreachable") as failure:
            pipe.send(away)
        assert failure.value.errno == errno.ENETUNREACH
        assert pipe.receive() is None


def test_the_header_that_a_syn_asks_for_is_the_kernels(host: Namespace) -> None:
    pipe, ports = on(host, open_tcp, 4, kind="socket")
    with (
        closing(pipe),
        host.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw,
    ):
        raw.settimeout(2)
        pipe.send(outer(4, ttl=33, dscp=10, ecn=0) / TCP(ports[0], CLOSED_PORT, 1))
        octets = raw.recv(100)

    assert (octets[8], octets[1]) == (33, 40)


def test_sockets_that_are_opened_later_belong_to_the_same_network(
    host: Namespace, listener: socket.socket
) -> None:
    with host.here():
        pipe = ConnectPipe(4, Settings(), host.here)
    with closing(pipe):
        for number in range(3):
            pipe.send(syn(4, 0, number=number))
        news = news_of(pipe, 6)

    assert sum(isinstance(one, Received) for one in news) == 3


def test_closing_ends_attempts_under_way(host: Namespace) -> None:
    filtered(host, "drop")
    pipe, ports = on(host, open_tcp, 4, kind="socket")
    pipe.send(syn(4, ports[0], CLOSED_PORT))
    assert "SYN-SENT" in ports_busy(host, "-t")

    pipe.close()

    assert ports_busy(host, "-t") == ""
    assert pipe.fileno() == -1


# Datagrams


@pytest.mark.parametrize("kind", ["raw", "socket"])
@BOTH_VERSIONS
def test_a_datagram_is_answered_by_the_service(version: int, kind: str, host: Namespace) -> None:
    pipe, ports = on(host, open_udp, version, count=2, kind=kind)
    with closing(pipe), host.socket(FAMILIES[version], socket.SOCK_DGRAM) as service:
        service.bind((str(ENDS[version][1]), OPEN_PORT))
        service.settimeout(2)
        pipe.send(outer(version) / UDP(ports[1], OPEN_PORT) / b"ping")
        asked, source = service.recvfrom(100)
        service.sendto(b"pong", source)
        left, answer = news_of(pipe, 2)

    assert (asked, source[1]) == (b"ping", ports[1])
    assert isinstance(left, Transmitted)
    assert isinstance(answer, Received)
    assert answer.packet[UDP].src_port == OPEN_PORT
    assert answer.packet[UDP].dst_port == ports[1]
    assert answer.packet.payload == b"pong"
    assert (left.clock, answer.clock) == (Clock.KERNEL, Clock.KERNEL)


@pytest.mark.parametrize("kind", ["raw", "socket"])
def test_the_service_hears_no_port_unreachable_from_us(kind: str, host: Namespace) -> None:
    pipe, ports = on(host, open_udp, 4, kind=kind)
    with closing(pipe), host.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind((str(TARGET), OPEN_PORT))
        service.settimeout(2)
        pipe.send(outer(4) / UDP(ports[0], OPEN_PORT) / b"ping")
        _, source = service.recvfrom(100)
        service.connect(source)
        service.send(b"pong")
        news_of(pipe, 2)

        assert service.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


@pytest.mark.parametrize("kind", ["raw", "socket"])
@BOTH_VERSIONS
def test_a_rejected_datagram_is_an_icmp_error(version: int, kind: str, host: Namespace) -> None:
    filtered(host, "reject with icmpx type admin-prohibited")
    pipe, ports = on(host, open_udp, version, kind=kind)
    with closing(pipe):
        pipe.send(outer(version) / UDP(ports[0], CLOSED_PORT) / bytes(16))
        _, error = news_of(pipe, 2)

    assert isinstance(error, Received)
    expected: Any = REJECTIONS["admin-prohibited"][version]
    message: Any = error.packet.headers[1]
    assert (type(message), message.code) == (type(expected), expected.code)


def test_a_port_that_is_not_ours_is_refused(host: Namespace) -> None:
    pipe, ports = on(host, open_udp, 4)
    with closing(pipe), pytest.raises(BuildError, match="no UDP datagram from one of our ports"):
        pipe.send(outer(4) / UDP(ports[0] - 1, 7))


# PROBE, timestamps, node information


def probe(version: int, sequence: int = 1) -> Packet:
    room: Any = extended_echo if version == 4 else extended_echo_ipv6
    request = room.ExtendedEchoRequest(IDENTIFIER, sequence, object=InterfaceName("lo"))
    return Packet((outer(version), request))


def probe_reply(request: Packet, answer: Packet) -> None:
    asked, reply = request.headers[1], answer.headers[1]
    assert isinstance(asked, extended_echo.Request)
    assert isinstance(reply, extended_echo.Reply)
    assert (reply.identifier, reply.sequence) == (asked.identifier, asked.sequence)
    assert (reply.code, reply.active, reply.ipv4) == (0, True, True)


def sequence_of(packet: Packet) -> object:
    return packet.headers[1].sequence  # type: ignore[attr-defined]  # of both messages


def query_pipe(host: Namespace, version: int, query: Any, **wanted: Any) -> PacketIO:
    with host.here():
        pipe = open_echo(version, IDENTIFIER, Settings(**wanted), query)
    assert isinstance(pipe.receive(), Opened)
    return pipe


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", ["ping", "raw"])
@BOTH_VERSIONS
def test_contract_of_probe(check: Check, kind: str, version: int, host: Namespace) -> None:
    host.sysctl(ENABLE_PROBE, "1")
    requests = tuple(probe(version, number) for number in range(1, 6))
    with closing(query_pipe(host, version, PROBE, kind=kind)) as pipe:
        check(Subject(pipe, requests, expect=probe_reply, mark=sequence_of))


@pytest.mark.parametrize("kind", ["auto", "socket", "raw"])
@BOTH_VERSIONS
def test_probe_climbs_the_ladder(version: int, kind: str, host: Namespace) -> None:
    def opened() -> object:
        with closing(open_echo(version, IDENTIFIER, Settings(kind=kind), PROBE)) as pipe:  # type: ignore[arg-type]  # a word of the table
            return pipe.receive()

    # About PROBE over IPv6 the kernel tells ping sockets no ICMP errors.
    deaf = Opened("raw socket", "a ping socket would hear no errors")
    expected = {
        "auto": deaf if version == 6 else Opened("ping socket", "needs no privilege"),
        "socket": Opened("ping socket", "asked for"),
        "raw": Opened("raw socket", "asked for"),
    }
    assert host.run(opened) == expected[kind]


def test_probe_over_ipv6_without_privilege_is_deaf_to_errors(host: Namespace) -> None:
    def opened() -> object:
        with closing(open_echo(6, IDENTIFIER, Settings(), PROBE)) as pipe:
            return pipe.receive()

    assert host.run(with_no_capability(opened)) == Opened("ping socket", "needs no privilege")


def test_another_identifier_is_refused_by_a_ping_socket(host: Namespace) -> None:
    with closing(query_pipe(host, 4, PROBE, kind="ping")) as pipe:
        stranger = outer(4) / extended_echo.ExtendedEchoRequest(IDENTIFIER + 1, 1)
        with pytest.raises(BuildError, match="identifier"):
            pipe.send(stranger)
        with pytest.raises(BuildError, match="echo requests only"):
            pipe.send(outer(4) / TimestampRequest(IDENTIFIER, 1))


def test_the_kernel_tells_the_time(host: Namespace) -> None:
    with closing(query_pipe(host, 4, TIMESTAMP)) as pipe:
        pipe.send(outer(4) / TimestampRequest(IDENTIFIER, 3, 42))
        left, answer = news_of(pipe, 2)

    assert isinstance(left, Transmitted)
    assert isinstance(answer, Received)
    reply = answer.packet[TimestampReply]
    assert (reply.identifier, reply.sequence, reply.originate) == (IDENTIFIER, 3, 42)
    now = int(time.time() * 1000) % 86_400_000
    assert min(abs(now - reply.receive), 86_400_000 - abs(now - reply.receive)) < 5_000


@pytest.mark.parametrize(
    ("version", "query", "what"),
    [(4, TIMESTAMP, "ICMP timestamp requests"), (6, NODE, "node information queries")],
)
def test_what_ping_sockets_cannot_send_takes_a_raw_one(
    version: int, query: Any, what: str, host: Namespace
) -> None:
    def opened() -> object:
        with closing(open_echo(version, IDENTIFIER, Settings(), query)) as pipe:
            return pipe.receive()

    assert host.run(opened) == Opened("raw socket", "ping sockets cannot do this")
    with pytest.raises(NotPermitted, match=f"cannot send {what} over IPv{version}: .*CAP_NET_RAW"):
        host.run(with_no_capability(opened))
    with pytest.raises(UsageError, match=f"a ping socket cannot send {what}"):
        host.run(lambda: open_echo(version, IDENTIFIER, Settings(kind="socket"), query))


def test_a_probe_leaves_with_the_kernels_identifier(host: Namespace) -> None:
    with tap(host) as heard, closing(query_pipe(host, 4, PROBE, kind="ping")) as pipe:
        pipe.send(probe(4))
        for _ in range(10):
            (news,) = news_of(heard)
            if isinstance(news, Received):
                break

    assert isinstance(news, Received)
    on_the_wire = news.packet[extended_echo.ExtendedEchoRequest]
    assert on_the_wire.object == InterfaceName("lo")
    assert isinstance(pipe, PingSocket)
    assert on_the_wire.identifier == pipe.kernels_identifier
