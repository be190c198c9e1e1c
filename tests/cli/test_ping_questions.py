"""``rawkit ping`` with other questions than an echo: options, lines and objects, to the letter."""

import json
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.cli.ping_json import PARTS, SCHEMA, PingJson
from rawkit.cli.ping_options import check, parse
from rawkit.cli.ping_session import settings
from rawkit.cli.ping_text import PingText
from rawkit.cli.records import HEAD
from rawkit.engine.ping_answers import (
    Answer,
    InterfaceAnswer,
    NodeAnswer,
    PortState,
    TCPAnswer,
    TimestampAnswer,
    UDPAnswer,
)
from rawkit.engine.ping_events import ErrorReply, Reply, Sent, Target, Verdict
from rawkit.engine.ping_report import Ledger, PingReport
from rawkit.engine.rtt import statistics
from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock
from rawkit.wire.tcp import Flags

HOST = "host.example"
ADDRESS, ADDRESS6 = IPv4Address("192.0.2.7"), IPv6Address("2001:db8::7")
V4 = Target("192.0.2.7", ADDRESS, IPv4Address("192.0.2.1"))
V6 = Target("2001:db8::7", ADDRESS6, IPv6Address("2001:db8::1"))
NAMED = Target(HOST, ADDRESS, IPv4Address("192.0.2.1"))
NAMED6 = Target(HOST, ADDRESS6, IPv6Address("2001:db8::1"))
NAMES: dict[Any, str] = {ADDRESS: HOST, ADDRESS6: HOST}
OPEN = TCPAnswer(PortState.OPEN, Flags.SYN | Flags.ACK)
CLOSED = TCPAnswer(PortState.CLOSED, Flags.RST | Flags.ACK)
MADE = TCPAnswer(PortState.OPEN, None, 156e-6)
REFUSED = TCPAnswer(PortState.CLOSED, None, 58e-6)
SECOND = TCPAnswer(PortState.OPEN, None, 1.05, 1)
SERVED = UDPAnswer(PortState.OPEN, b"\x01\xff")
UNREACHABLE = UDPAnswer(PortState.CLOSED, message=icmp.Unreachable(3))
UNREACHABLE6 = UDPAnswer(PortState.CLOSED, message=icmpv6.Unreachable(4))
NOON = 43_200_000
AHEAD = TimestampAnswer(NOON, NOON + 5100, NOON + 5110, 5.0504)
STRANGE = TimestampAnswer(NOON, 1 << 31, 1 << 31, None)
UP = InterfaceAnswer(0, 0, active=True, ipv4=True, ipv6=True)
NAMED_NODE = NodeAnswer(0, 2, ("host.example.", "host"))


# Options


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("--tcp 80", {"tcp": 80}),
        ("--tcp=443 -C", {"tcp": 443, "connect": True}),
        ("--udp 53", {"udp": 53}),
        ("--udp 53 --data 01fF", {"udp": 53, "data": b"\x01\xff"}),
        ("--icmp-timestamp", {"icmp_timestamp": True}),
        ("--probe eth0", {"probe": "eth0"}),
        ("-N name", {"node_info": ("name",)}),
        ("-N ipv6-all -N subject-name=foo", {"node_info": ("ipv6-all", "subject-name=foo")}),
        ("--node-info ipv4", {"node_info": ("ipv4",)}),
        ("", {"tcp": None, "udp": None, "data": None, "probe": None, "node_info": ()}),
    ],
)
def test_a_question_is_asked_by_an_option(line: str, meant: dict[str, object]) -> None:
    options = parse([*line.split(), HOST])

    check(options, 0)
    assert {name: getattr(options, name) for name in meant} == meant


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--tcp 0", "invalid argument: '0': out of range: 1 <= value <= 65535"),
        ("--tcp 70000", "invalid argument: '70000': out of range: 1 <= value <= 65535"),
        ("--udp -1", "invalid argument: '-1': out of range: 1 <= value <= 65535"),
        ("--udp http", "invalid argument: 'http'"),
        ("--udp 7 --data 0g", "no pairs of hex digits: '0g'"),
        ("--udp 7 --data 012", "no pairs of hex digits: '012'"),
        (
            "--tcp 80 --udp 53",
            "only one of --tcp, --udp, --icmp-timestamp, --probe, -N may be used",
        ),
        (
            "-N name --probe x",
            "only one of --tcp, --udp, --icmp-timestamp, --probe, -N may be used",
        ),
        ("--data 00", "--data is what a datagram carries: it takes --udp"),
        ("--tcp 80 --data 00", "--data is what a datagram carries: it takes --udp"),
        ("--tcp 80 -s 5", "-s does not go with --tcp"),
        ("--tcp 80 -p ff", "-p does not go with --tcp"),
        ("--tcp 80 -e 5", "-e does not go with --tcp"),
        ("--tcp 80 -R", "-R does not go with --tcp"),
        ("--tcp 80 -b", "-b does not go with --tcp"),
        ("--udp 53 -T tsonly", "-T does not go with --udp"),
        ("--udp 53 --data 00 -s 5", "-s does not go with --data"),
        ("--icmp-timestamp -s 5", "-s does not go with --icmp-timestamp"),
        ("--probe eth0 -p ff", "-p does not go with --probe"),
        ("-N name -e 5", "-e does not go with -N"),
        ("--tcp 80 -C --pcap x", "--pcap does not go with -C: it takes a raw socket"),
        ("--tcp 80 -C -m 7", "-m does not go with -C: it takes a raw socket"),
    ],
)
def test_what_makes_no_sense_is_refused(line: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check(parse([*line.split(), HOST]), 0)

    assert str(refusal.value) == said


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("--tcp 80", None),
        ("--tcp 80 -C", "socket"),
        ("--tcp 80 --pcap x", "raw"),
        ("--udp 53 --pcap x", None),
        ("--icmp-timestamp -e 7", "raw"),
        ("-C", None),
    ],
)
def test_the_kind_of_socket_follows_from_the_options(line: str, kind: str | None) -> None:
    assert settings(parse([*line.split(), HOST]), [HOST]).get("kind") == kind


# Lines


def printer(line: str, **options: bool) -> PingText:
    wall: Callable[[float], float] = lambda time: 1_700_000_000 + time  # noqa: E731  # a table's
    return PingText(parse([*line.split(), HOST]), NAMES.get, wall, **options)


@pytest.mark.parametrize(
    ("line", "target", "shown"),
    [
        ("--tcp 80", V4, "PING 192.0.2.7 (192.0.2.7) TCP port 80\n"),
        ("--tcp 80", NAMED, "PING host.example (192.0.2.7) TCP port 80\n"),
        ("--tcp 80", V6, "PING 2001:db8::7(2001:db8::7) TCP port 80\n"),
        (
            "--tcp 80 -I eth0",
            NAMED6,
            "PING host.example(host.example (2001:db8::7)) from 2001:db8::1 eth0: TCP port 80\n",
        ),
        ("--udp 53", V4, "PING 192.0.2.7 (192.0.2.7) UDP port 53, 56(84) bytes of data.\n"),
        ("--udp 53 -s 0", V6, "PING 2001:db8::7(2001:db8::7) UDP port 53, 0(48) bytes of data.\n"),
        (
            "--udp 53 --data 0102",
            V4,
            "PING 192.0.2.7 (192.0.2.7) UDP port 53, 2(30) bytes of data.\n",
        ),
        ("--icmp-timestamp", V4, "PING 192.0.2.7 (192.0.2.7) ICMP timestamp\n"),
        ("--probe eth0", V4, "PING 192.0.2.7 (192.0.2.7) PROBE interface eth0\n"),
        ("-N name", V6, "PING 2001:db8::7(2001:db8::7) 56 data bytes\n"),
    ],
)
def test_the_first_line_says_what_is_asked(line: str, target: Target, shown: str) -> None:
    assert printer(line).opening([target]) == shown


def reply(answer: Answer | None, target: Target = V4, **more: Any) -> Reply:
    plain = Reply(target, 1, target.address, 64, 58e-6, 40, 5.25, answer=answer)
    return replace(plain, **more)


@pytest.mark.parametrize(
    ("line", "event", "shown"),
    [
        ("--tcp 80", reply(OPEN), "40 bytes from 192.0.2.7: tcp_seq=1 ttl=64 time=0.058 ms open"),
        (
            "--tcp 80",
            reply(CLOSED),
            "40 bytes from 192.0.2.7: tcp_seq=1 ttl=64 time=0.058 ms closed",
        ),
        (
            "--tcp 80",
            reply(MADE, ttl=0, size=0),
            "answer from 192.0.2.7: tcp_seq=1 time=0.058 ms connect=0.156 ms open",
        ),
        (
            "--tcp 80",
            reply(SECOND, ttl=0, size=0, rtt=1.05, verdict=Verdict.LATE),
            "answer from 192.0.2.7: tcp_seq=1 time=1050 ms connect=1050 ms open"
            " (SYN sent 2 times) (LATE!)",
        ),
        (
            "--tcp 80",
            reply(CLOSED, verdict=Verdict.DUPLICATE),
            "40 bytes from 192.0.2.7: tcp_seq=1 ttl=64 time=0.058 ms closed (DUP!)",
        ),
        (
            "--tcp 80",
            reply(CLOSED, verdict=Verdict.CORRUPTED),
            "40 bytes from 192.0.2.7: tcp_seq=1 ttl=64 time=0.058 ms closed (BAD CHECKSUM!)",
        ),
        (
            "--tcp 80 -D",
            reply(OPEN),
            "[1700000005.250000] 40 bytes from 192.0.2.7: tcp_seq=1 ttl=64 time=0.058 ms open",
        ),
        (
            "--udp 53 -s 0",
            reply(SERVED, size=10),
            "10 bytes from 192.0.2.7: udp_seq=1 ttl=64 time=0.058 ms open",
        ),
        (
            "--udp 53",
            reply(UNREACHABLE, size=0),
            "answer from 192.0.2.7: udp_seq=1 ttl=64 time=0.058 ms closed",
        ),
        (
            "--icmp-timestamp",
            reply(AHEAD, size=20),
            "20 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms originate=43200000"
            " receive=43205100 transmit=43205110 difference=+5050 ms",
        ),
        (
            "--icmp-timestamp",
            reply(replace(AHEAD, difference=-0.0004)),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms originate=43200000"
            " receive=43205100 transmit=43205110 difference=0 ms",
        ),
        (
            "--icmp-timestamp",
            reply(STRANGE),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms originate=43200000"
            " receive=2147483648 transmit=2147483648 difference=unknown (no standard time)",
        ),
        (
            "--probe eth0",
            reply(UP),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms active, IPv4, IPv6",
        ),
        (
            "--probe eth0",
            reply(InterfaceAnswer(0, 0, active=False, ipv4=False, ipv6=False)),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms inactive",
        ),
        (
            "--probe eth0",
            reply(InterfaceAnswer(2, 0, active=False, ipv4=False, ipv6=False)),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms no such interface",
        ),
        (
            "--probe eth0",
            reply(InterfaceAnswer(9, 0, active=False, ipv4=False, ipv6=False)),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms code 9",
        ),
        (
            "--probe eth0",
            reply(InterfaceAnswer(0, 2, active=False, ipv4=False, ipv6=False)),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms neighbour reachable",
        ),
        (
            "--probe eth0",
            reply(InterfaceAnswer(0, 7, active=False, ipv4=False, ipv6=False)),
            "40 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms neighbour 7",
        ),
        (
            "-N name",
            reply(NAMED_NODE, V6),
            "40 bytes from 2001:db8::7: host.example., host; seq=1; ttl=64 time=0.058 ms",
        ),
        (
            "-N ipv6",
            reply(NodeAnswer(0, 3, (), (ADDRESS6, IPv6Address("fe80::1")), truncated=True), V6),
            "40 bytes from 2001:db8::7: 2001:db8::7, fe80::1 (truncated); seq=1; ttl=64"
            " time=0.058 ms",
        ),
        (
            "-N name",
            reply(NodeAnswer(1, 2), V6),
            "40 bytes from 2001:db8::7: refused; seq=1; ttl=64 time=0.058 ms",
        ),
        (
            "-N name",
            reply(NodeAnswer(9, 2), V6),
            "40 bytes from 2001:db8::7: unknown code(09); seq=1; ttl=64 time=0.058 ms",
        ),
        (
            "-N name",
            reply(NodeAnswer(0, 2), V6),
            "40 bytes from 2001:db8::7: nothing; seq=1; ttl=64 time=0.058 ms",
        ),
        (
            "-N name",
            reply(NodeAnswer(0, 9), V6),
            "40 bytes from 2001:db8::7: unknown qtype(0x09); seq=1; ttl=64 time=0.058 ms",
        ),
        ("--tcp 80 -q", reply(OPEN), ""),
    ],
)
def test_an_answer_is_one_line(line: str, event: Reply, shown: str) -> None:
    assert printer(line).event(event) == (f"{shown}\n" if shown else "")


@pytest.mark.parametrize(
    ("line", "name"), [("--tcp 80", "tcp_seq"), ("--udp 53", "udp_seq"), ("--probe x", "icmp_seq")]
)
def test_requests_are_numbered_by_what_they_are(line: str, name: str) -> None:
    shown = printer(f"{line} -O")
    error = ErrorReply(V4, 2, V4.address, icmp.Unreachable(13), Packet(), 1e-3, 5.25)

    shown.event(Sent(V4, 1, 0.0))
    assert shown.event(Sent(V4, 2, 1.0)) == f"no answer yet for {name}=1\n"
    assert shown.event(error) == f"From 192.0.2.7 {name}=2 Packet filtered\n"


REPORT = PingReport(
    V4, Ledger(sent=1, replied=1), statistics([58e-6]), 0.0, (), (Clock.KERNEL, Clock.KERNEL)
)


def test_statistics_have_times_whatever_the_size() -> None:
    text = printer("--udp 53 -s 0").closing(REPORT)

    assert text == (
        "\n--- 192.0.2.7 ping statistics ---\n"
        "1 packets transmitted, 1 received, 0% packet loss, time 0ms\n"
        "rtt min/avg/max/mdev = 0.058/0.058/0.058/0.000 ms\n"
    )


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (AHEAD, "\nclock of 192.0.2.7 minus ours: +5050 ms\n"),
        (STRANGE, "\nclock of 192.0.2.7 minus ours: unknown (no standard time)\n"),
        (None, ""),
    ],
)
def test_at_the_end_it_says_how_far_the_clock_is_ahead(answer: Any, line: str) -> None:
    text = printer("--icmp-timestamp").closing(replace(REPORT, answer=answer))

    assert text.startswith(f"{line}\n--- 192.0.2.7 ping statistics ---\n")


# Objects

OBJECTS: list[tuple[str, Answer, dict[str, Any]]] = [
    ("tcp", OPEN, {"port_state": "open", "tcp_flags": ["SYN", "ACK"], "connect_time": None,
                   "resent": None}),
    ("tcp", CLOSED, {"port_state": "closed", "tcp_flags": ["RST", "ACK"], "connect_time": None,
                     "resent": None}),
    ("tcp", MADE, {"port_state": "open", "tcp_flags": None, "connect_time": 156e-6, "resent": 0}),
    ("tcp", REFUSED, {"port_state": "closed", "tcp_flags": None, "connect_time": 58e-6,
                      "resent": 0}),
    ("udp", SERVED, {"port_state": "open", "data": "01ff", "icmp_type": None, "icmp_code": None,
                     "message": None}),
    ("udp", UNREACHABLE, {"port_state": "closed", "data": None, "icmp_type": 3, "icmp_code": 3,
                          "message": "Destination Port Unreachable"}),
    ("udp", UNREACHABLE6, {"port_state": "closed", "data": None, "icmp_type": 1, "icmp_code": 4,
                           "message": "Destination unreachable: Port unreachable"}),
    ("icmp_timestamp", AHEAD, {"originate": NOON, "receive": NOON + 5100,
                               "transmit": NOON + 5110, "clock_difference": 5.0504}),
    ("icmp_timestamp", STRANGE, {"originate": NOON, "receive": 1 << 31, "transmit": 1 << 31,
                                 "clock_difference": None}),
    ("probe", UP, {"icmp_code": 0, "outcome": "no error", "interface_active": True,
                   "runs_ipv4": True, "runs_ipv6": True, "neighbour_state": None}),
    ("probe", InterfaceAnswer(0, 2, active=False, ipv4=False, ipv6=False),
     {"icmp_code": 0, "outcome": "no error", "interface_active": False, "runs_ipv4": False,
      "runs_ipv6": False, "neighbour_state": "reachable"}),
    ("node_info", NAMED_NODE, {"icmp_code": 0, "outcome": "success",
                               "names": ["host.example.", "host"], "addresses": [],
                               "truncated": False}),
    ("node_info", NodeAnswer(2, 3, (), (ADDRESS6,), truncated=True),
     {"icmp_code": 2, "outcome": "unknown", "names": [], "addresses": ["2001:db8::7"],
      "truncated": True}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "answer", "values"), OBJECTS)
def test_an_answer_is_an_object(method: str, answer: Answer, values: dict[str, Any]) -> None:
    shown = PingJson(lambda time: time, method=method, port=53)

    told = json.loads(shown.event(reply(answer)))
    summary = json.loads(shown.closing(replace(REPORT, answer=answer)))

    assert tuple(told) == HEAD + SCHEMA["reply"]
    assert told["answer"] == values
    assert tuple(told["answer"]) == PARTS[method]
    assert (summary["method"], summary["port"]) == (method, 53)
    assert summary["answer"] == values


def test_what_the_kernel_does_not_show_is_null() -> None:
    told = json.loads(PingJson(lambda time: time).event(reply(MADE, ttl=0, size=0)))

    assert (told["ttl"], told["size"], told["traffic_class"]) == (None, None, None)


def test_an_echo_says_nothing_else() -> None:
    shown = PingJson(lambda time: time)

    assert json.loads(shown.event(reply(None)))["answer"] is None
    summary = json.loads(shown.closing(REPORT))
    assert (summary["method"], summary["port"], summary["answer"]) == ("icmp", None, None)
