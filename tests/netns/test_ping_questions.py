"""Pings by TCP, UDP, timestamp, PROBE and node information over real networks."""

import asyncio
import errno
import ipaddress
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import rawkit
from rawkit import lab
from rawkit.engine.ping_answers import InterfaceAnswer, PortState
from rawkit.engine.ping_events import ErrorReply, Lost, NotSent, Reply, Sent, Verdict
from rawkit.engine.ping_report import PingReport
from rawkit.errors import NotPermitted
from rawkit.host.capability import drop
from rawkit.wire import icmp, icmpv6
from rawkit.wire.received import Clock
from tests.sockets.conftest import stamping

pytestmark = [pytest.mark.netns, pytest.mark.usefixtures(stamping.__name__)]

OPEN, CLOSED, REJECTED, PROHIBITED, SILENT, RESET, ECHO = 80, 81, 90, 91, 93, 94, 7
RULES = f"""
table inet filter {{
    chain input {{
        type filter hook input priority 0
        meta l4proto {{ tcp, udp }} th dport {REJECTED} reject with icmpx type port-unreachable
        meta l4proto {{ tcp, udp }} th dport {PROHIBITED} reject with icmpx type admin-prohibited
        meta l4proto {{ tcp, udp }} th dport {SILENT} drop
        tcp dport {RESET} reject with tcp reset
    }}
}}
"""
HASTY: dict[str, Any] = {"count": 2, "interval": 0.05, "timeout": 2.0}
both_versions = pytest.mark.parametrize("version", [4, 6])
both_kinds = pytest.mark.parametrize("kind", ["raw", "socket"])


def firewall(node: lab.Node, rules: str) -> None:
    with node.popen(["nft", "-f", "-"], text=True, stdin=subprocess.PIPE) as process:
        process.communicate(rules, timeout=20)
        assert process.returncode == 0


@contextmanager
def served(node: lab.Node) -> Iterator[None]:
    """Have a node listen at the open TCP port, and give back what comes to the echo port."""
    with ExitStack() as stack:
        listener = stack.enter_context(node.socket(socket.AF_INET6, socket.SOCK_STREAM))
        listener.bind(("::", OPEN))
        listener.listen()
        echo = stack.enter_context(
            node.popen(
                [
                    sys.executable,
                    "-c",
                    "import socket\n"
                    "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
                    f"s.bind(('::', {ECHO}))\n"
                    "print('ready', flush=True)\n"
                    "while True:\n"
                    "    data, who = s.recvfrom(2000)\n"
                    "    s.sendto(data if data != b'say else' else b'else', who)\n",
                ],
                text=True,
                stdout=subprocess.PIPE,
            )
        )
        assert echo.stdout is not None
        assert echo.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            echo.kill()


@pytest.fixture(scope="module")
def net() -> Iterator[lab.Lab]:
    """Two hosts and a router between; the last one has a firewall, services, and PROBE."""
    sysctls = {
        "net.ipv4.icmp_echo_enable_probe": 1,
        "net.ipv4.icmp_ratelimit": 0,
        "net.ipv6.icmp.ratelimit": 0,
    }
    with lab.line(hops=1, sysctls=sysctls) as net:
        firewall(net.last, RULES)
        with served(net.last):
            yield net


def address(net: lab.Lab, version: int) -> Any:
    return net.last.ipv4 if version == 4 else net.last.ipv6


def asked(net: lab.Lab, version: int, **options: Any) -> tuple[list[Any], PingReport]:
    session = rawkit.ping(address(net, version), at=net.first, **(HASTY | options))
    events = list(session)
    return events, session.report()


def unprivileged(function: Callable[[], Any]) -> Any:
    """Return a function that first gives up the thread's capabilities for good."""

    def dropped() -> Any:
        drop()
        return function()

    return dropped


# TCP


@pytest.mark.parametrize(
    ("port", "state"),
    [(OPEN, PortState.OPEN), (CLOSED, PortState.CLOSED), (RESET, PortState.CLOSED)],
    ids=["open", "closed", "reset"],
)
@both_kinds
@both_versions
def test_tcp_ports_answer(
    version: int, kind: str, port: int, state: PortState, net: lab.Lab
) -> None:
    events, report = asked(net, version, tcp=port, kind=kind)

    assert [type(event) for event in events] == [Reply, Reply]
    assert (report.ledger.replied, report.ledger.sent, report.loss) == (2, 2, 0.0)
    assert report.answer is not None
    assert report.answer.state is state  # type: ignore[union-attr]  # of a port
    kernel = kind == "raw" or state is PortState.OPEN
    clock = Clock.KERNEL if kernel else Clock.USER
    assert report.clocks == (clock, clock)
    assert {event.ttl for event in events} == ({63} if kind == "raw" else {0})


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (REJECTED, {4: icmp.Unreachable(3), 6: icmpv6.Unreachable(4)}),
        (PROHIBITED, {4: icmp.Unreachable(13), 6: icmpv6.Unreachable(1)}),
    ],
    ids=["rejected", "prohibited"],
)
@both_kinds
@both_versions
def test_rejected_tcp_ports_are_errors(
    version: int, kind: str, port: int, expected: Any, net: lab.Lab
) -> None:
    events, report = asked(net, version, tcp=port, kind=kind)

    assert [type(event) for event in events] == [ErrorReply, ErrorReply]
    assert {event.sequence for event in events} == {1, 2}
    assert {event.message.code for event in events} == {expected[version].code}
    assert (report.ledger.errors, report.is_alive) == (2, False)


@both_kinds
@both_versions
def test_a_filtered_tcp_port_is_silent(version: int, kind: str, net: lab.Lab) -> None:
    events, report = asked(net, version, tcp=SILENT, kind=kind, timeout=0.3)

    assert [type(event) for event in events] == [Lost, Lost]
    assert (report.ledger.unanswered, report.loss) == (2, 1.0)


@both_kinds
@both_versions
def test_a_router_on_the_way_can_be_made_to_answer(version: int, kind: str, net: lab.Lab) -> None:
    events, _ = asked(net, version, tcp=OPEN, kind=kind, ttl=1)

    router = net["router1"].interfaces[0]
    source = router.ipv4.ip if version == 4 else router.ipv6.ip
    assert [type(event) for event in events] == [ErrorReply, ErrorReply]
    assert {event.source for event in events} == {source}


@both_versions
def test_tcp_falls_back_on_connect_without_privilege(version: int, net: lab.Lab) -> None:
    def run() -> Any:
        return rawkit.ping(address(net, version), tcp=OPEN, **HASTY).run()

    report = net.first.run(unprivileged(run))

    assert (report.ledger.replied, report.via) == (2, "connect()")
    assert "CAP_NET_RAW" in report.why
    for reply in report.replies:
        assert 0 < reply.rtt <= reply.answer.connect_time


@both_kinds
@both_versions
def test_nothing_half_open_is_left_at_the_host(version: int, kind: Any, net: lab.Lab) -> None:
    session = rawkit.ping(
        address(net, version), at=net.first, tcp=OPEN, kind=kind, count=10, interval=0.01
    )

    report = session.run()

    assert report.ledger.replied == 10
    wait_until(lambda: connections(net.last) == "")
    wait_until(lambda: connections(net.first) == "")


def connections(node: lab.Node) -> str:
    with node.popen(
        ["ss", "-Htan", "state", "connected"], text=True, stdout=subprocess.PIPE
    ) as process:
        return process.communicate(timeout=20)[0]


def wait_until(is_so: Callable[[], bool], patience: float = 5.0) -> None:
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_answers_do_not_depend_on_our_resets() -> None:
    """A firewall of ours may keep the RST from leaving: each SYN is then a connection half open."""
    with lab.pair() as pair, served(pair.last):
        firewall(
            pair.first,
            "table inet filter {\nchain output {\ntype filter hook output priority 0\n"
            "tcp flags rst drop\n}\n}\n",
        )
        session = rawkit.ping(pair.last.ipv4, at=pair.first, tcp=OPEN, kind="raw", **HASTY)

        assert session.run().ledger.replied == 2


@both_versions
def test_a_connection_of_another_program_is_not_hit(version: int, net: lab.Lab) -> None:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with net.first.socket(family, socket.SOCK_STREAM) as others:
        others.settimeout(5)
        others.connect((str(address(net, version)), OPEN))

        _, report = asked(net, version, tcp=OPEN, kind="raw", count=20, interval=0.005)

        assert report.ledger.replied == 20
        assert "ESTAB" in connections(net.first)
        others.send(b"still here")


# UDP


@both_kinds
@both_versions
def test_a_udp_service_answers(version: int, kind: str, net: lab.Lab) -> None:
    events, report = asked(net, version, udp=ECHO, kind=kind)

    assert report.ledger.replied == 2
    assert [event.answer.state for event in events] == [PortState.OPEN, PortState.OPEN]
    assert {len(event.answer.payload) for event in events} == {56}
    assert report.clocks == (Clock.KERNEL, Clock.KERNEL)


@both_kinds
@both_versions
def test_an_answer_that_repeats_nothing_is_known_by_its_port(
    version: int, kind: str, net: lab.Lab
) -> None:
    events, report = asked(net, version, udp=ECHO, kind=kind, data=b"say else", count=5)

    assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
    assert {event.answer.payload for event in events} == {b"else"}
    assert report.ledger.replied == 5


@pytest.mark.parametrize("port", [CLOSED, REJECTED], ids=["closed", "rejected"])
@both_kinds
@both_versions
def test_a_udp_port_that_the_host_says_is_closed_has_answered(
    version: int, kind: str, port: int, net: lab.Lab
) -> None:
    events, report = asked(net, version, udp=port, kind=kind)

    assert [event.answer.state for event in events] == [PortState.CLOSED, PortState.CLOSED]
    assert (report.ledger.replied, report.ledger.errors) == (2, 0)
    assert {event.source for event in events} == {address(net, version)}
    assert report.clocks == (Clock.KERNEL, Clock.KERNEL)


@both_kinds
@both_versions
def test_other_refusals_of_a_datagram_are_errors(version: int, kind: str, net: lab.Lab) -> None:
    _, prohibited = asked(net, version, udp=PROHIBITED, kind=kind)
    _, expired = asked(net, version, udp=ECHO, kind=kind, ttl=1)
    _, silent = asked(net, version, udp=SILENT, kind=kind, timeout=0.3)

    assert (prohibited.ledger.errors, expired.ledger.errors) == (2, 2)
    assert silent.ledger.unanswered == 2


@both_versions
def test_udp_needs_no_privilege(version: int, net: lab.Lab) -> None:
    def run() -> Any:
        return rawkit.ping(address(net, version), udp=CLOSED, **HASTY).run()

    report = net.first.run(unprivileged(run))

    assert (report.ledger.replied, report.via) == (2, "UDP socket")


# ICMP


@pytest.mark.parametrize("kind", ["ping", "raw"])
@both_versions
def test_the_kernel_answers_probe_by_name_index_and_address(
    version: int, kind: str, net: lab.Lab
) -> None:
    active = InterfaceAnswer(0, 0, active=True, ipv4=True, ipv6=True)
    missing = InterfaceAnswer(2, 0, active=False, ipv4=False, ipv6=False)
    for interface, expected in (
        ("eth0", active),
        (1, active),
        (net.last.ipv4, active),
        (str(net.last.ipv6), active),
        ("nope", missing),
        (77, missing),
        (net.first.ipv4, missing),
    ):
        _, report = asked(net, version, probe=interface, kind=kind)
        assert (report.answer, report.ledger.replied) == (expected, 2)


@both_versions
def test_probe_needs_no_more_privilege_than_an_echo(version: int, net: lab.Lab) -> None:
    def run() -> Any:
        return rawkit.ping(address(net, version), probe="eth0", **HASTY).run()

    report = net.first.run(unprivileged(run))

    assert (report.ledger.replied, report.via) == (2, "ping socket")


@pytest.mark.parametrize("kind", ["auto", "raw"])
def test_errors_about_probes_are_heard(kind: str, net: lab.Lab) -> None:
    """Over IPv4 Linux routers make none: they take type 42 for an error (net/ipv4/icmp.c)."""
    _, report = asked(net, 6, probe="eth0", kind=kind, ttl=1)

    assert report.ledger.errors == 2


def test_a_host_that_answers_no_probe_is_silent(net: lab.Lab) -> None:
    router = net["router1"]
    router.sysctl("net.ipv4.icmp_echo_enable_probe", 0)
    session = rawkit.ping(
        router.interfaces[0].ipv4.ip, at=net.first, probe="eth0", count=1, timeout=0.2
    )

    assert session.run().ledger.unanswered == 1


def test_the_clock_of_this_machine_is_its_own(net: lab.Lab) -> None:
    events, report = asked(net, 4, icmp_timestamp=True, count=4)

    assert report.ledger.replied == 4
    for event in events:
        assert abs(event.answer.difference) < 0.005
        assert event.size == 20
    assert report.answer == min(events, key=lambda event: event.rtt).answer


def test_timestamps_take_a_raw_socket(net: lab.Lab) -> None:
    def run() -> Any:
        return rawkit.ping(net.last.ipv4, icmp_timestamp=True, **HASTY).run()

    with pytest.raises(NotPermitted, match=r"cannot send ICMP timestamp requests over IPv4: "):
        net.first.run(unprivileged(run))


NODE = """
import socket, struct
name, short = b"\\x04last\\x07example\\x00", b"\\x04last\\x00\\x00"
sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
print("ready", flush=True)
while True:
    query, who = sock.recvfrom(2000)
    if query[0] != 139:
        continue
    qtype, flags = struct.unpack_from("!HH", query, 4)
    code, data = 0, b""
    if qtype == 2:
        data = bytes(4) + name + short
    elif qtype == 3:
        data = b"".join(bytes(4) + socket.inet_pton(socket.AF_INET6, a) for a in ("::1", "fe80::1"))
    else:
        code = 1
    head = struct.pack("!BBHHH", 140, code, 0, qtype, flags & 2 or 1)
    sock.sendto(head + query[8:16] + data, who)
"""


@pytest.fixture(scope="module")
def knowing(net: lab.Lab) -> Iterator[lab.Lab]:
    """The last node answers node information queries; no kernel does that."""
    with net.last.popen([sys.executable, "-c", NODE], text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield net
        process.kill()


def test_a_node_tells_its_names_and_addresses(knowing: lab.Lab) -> None:
    _, named = asked(knowing, 6, node_info="name")
    _, addressed = asked(knowing, 6, node_info=["ipv6-all"])
    _, cut = asked(knowing, 6, node_info="ipv6")
    _, refused = asked(knowing, 6, node_info=("ipv4", "subject-name=last"))

    answer: Any = named.answer
    assert answer.names == ("last.example.", "last")
    answer = addressed.answer
    assert ([str(a) for a in answer.addresses], answer.truncated) == (["::1", "fe80::1"], False)
    answer = cut.answer
    assert answer.truncated
    answer = refused.answer
    assert (answer.code, refused.ledger.replied) == (1, 2)


# What all of them have in common


@both_versions
def test_many_hosts_share_one_pipe(version: int, net: lab.Lab) -> None:
    there = address(net, version)
    router = net["router1"].interfaces[0]
    closed = router.ipv4.ip if version == 4 else router.ipv6.ip
    with net.first.here():
        session = rawkit.ping([there, closed, there], tcp=OPEN, **HASTY)
        reports = session.run()

    states = [report.answer.state for report in reports]  # type: ignore[union-attr]  # of a port
    assert states == [PortState.OPEN, PortState.CLOSED, PortState.OPEN]
    assert [report.ledger.replied for report in reports] == [2, 2, 2]


def test_both_versions_share_one_session(net: lab.Lab) -> None:
    for options in ({"tcp": OPEN}, {"tcp": OPEN, "kind": "socket"}, {"udp": ECHO}, {"probe": 1}):
        wanted: Any = HASTY | options
        reports = rawkit.ping([net.last.ipv4, net.last.ipv6], at=net.first, **wanted).run()
        assert [report.ledger.replied for report in reports] == [2, 2]


@pytest.mark.parametrize(
    "options",
    [{"tcp": OPEN, "kind": "raw"}, {"tcp": OPEN, "kind": "socket"}, {"udp": ECHO}, {"probe": 1}],
    ids=str,
)
def test_it_runs_on_asyncio(options: Any, net: lab.Lab) -> None:
    async def run() -> PingReport:
        return await rawkit.ping(net.last.ipv4, at=net.first, **(HASTY | options))

    assert asyncio.run(run()).ledger.replied == 2


@pytest.mark.alone
@pytest.mark.parametrize(
    "options",
    [{"tcp": OPEN, "kind": "raw"}, {"tcp": OPEN, "kind": "socket"}, {"udp": ECHO}, {"probe": 1}],
    ids=str,
)
def test_a_slow_reader_does_not_change_a_round_trip(options: Any, net: lab.Lab) -> None:
    wanted = HASTY | {"announce": True} | options
    rtts = []
    for event in rawkit.ping(net.last.ipv4, at=net.first, **wanted):
        time.sleep(0.15)
        if isinstance(event, Reply):
            assert event.verdict is Verdict.IN_TIME
            rtts.append(event.rtt)

    assert len(rtts) == 2
    assert max(rtts) < 0.1


@both_versions
def test_loss_is_seen_as_loss(version: int) -> None:
    with lab.pair(loss=0.3, seed=5) as net, served(net.last):
        there = net.last.ipv4 if version == 4 else net.last.ipv6
        reports = [
            rawkit.ping(there, at=net.first, count=30, interval=0.01, timeout=0.4, **options).run()
            for options in ({"tcp": OPEN, "kind": "raw"}, {"udp": ECHO})
        ]

    for report in reports:
        ledger = report.ledger
        assert 0 < ledger.unanswered < 30
        assert ledger.sent == ledger.replied + ledger.late + ledger.unanswered == 30


@pytest.mark.parametrize(
    "options",
    [{"tcp": OPEN, "kind": "raw"}, {"tcp": CLOSED, "kind": "raw"}, {"udp": ECHO}],
    ids=str,
)
def test_what_comes_twice_counts_once(options: Any) -> None:
    with lab.pair(duplicate=0.5, delay=0.002, jitter=0.002, seed=3) as net, served(net.last):
        wanted: Any = {"count": 20, "interval": 0.01, "timeout": 2.0} | options
        report = rawkit.ping(net.last.ipv4, at=net.first, **wanted).run()

    ledger = report.ledger
    assert (ledger.sent, ledger.replied, ledger.strays) == (20, 20, 0)
    assert ledger.duplicates > 0


@pytest.mark.parametrize(
    "options",
    [
        {"tcp": OPEN, "kind": "raw"},
        {"tcp": OPEN, "kind": "socket"},
        {"udp": CLOSED},
        {"probe": 1},
        {"icmp_timestamp": True},
    ],
    ids=str,
)
def test_what_the_kernel_refuses_is_told_of_that_request(options: Any) -> None:
    with lab.pair() as net:
        events = []
        wanted: Any = {"count": 2, "interval": 0.1, "timeout": 0.3} | options
        for event in rawkit.ping(net.last.ipv4, at=net.first, announce=True, **wanted):
            if isinstance(event, Sent) and event.sequence == 1:
                with net.first.popen(["ip", "link", "set", "eth0", "down"]) as process:
                    assert process.wait(timeout=20) == 0
            events.append(event)

    refused = [event for event in events if isinstance(event, NotSent)]
    assert [event.sequence for event in refused] == [2]
    assert refused[0].error.errno == errno.ENETUNREACH


@both_kinds
def test_a_host_without_a_route_is_told_of_among_others(kind: str) -> None:
    wanted: Any = HASTY | {"count": 1, "kind": kind}
    with lab.pair() as net:
        hosts = [ipaddress.IPv4Address("192.0.2.9"), net.last.ipv4]
        reports = rawkit.ping(hosts, at=net.first, tcp=CLOSED, **wanted).run()

    assert [report.ledger.not_sent for report in reports] == [1, 0]
    assert [report.ledger.replied for report in reports] == [0, 1]


@pytest.mark.parametrize("options", [{"tcp": SILENT}, {"udp": SILENT}], ids=str)
def test_too_many_descriptors_are_a_matter_of_one_request(options: Any, net: lab.Lab) -> None:
    wanted: Any = {"count": 1, "timeout": 0.3, "kind": "socket"} | options
    session = rawkit.ping([net.last.ipv4] * 100, at=net.first, **wanted)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 40, hard))
    try:
        reports = session.run()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert sum(report.ledger.unanswered for report in reports) >= 20
    for report in reports:
        assert report.ledger.unanswered + report.ledger.not_sent == 1


def test_json_is_said_for_each_kind(net: lab.Lab) -> None:
    words = [sys.executable, "-m", "rawkit", "ping", "-c", "1", "--json", "--tcp", str(OPEN)]
    with net.first.popen([*words, str(net.last.ipv4)], text=True, stdout=subprocess.PIPE) as ran:
        told = [json.loads(line) for line in ran.communicate(timeout=20)[0].splitlines()]

    reply, summary = told
    assert reply["answer"]["port_state"] == "open"
    assert summary["method"] == "tcp"
