"""A widely used parser of ping(8)'s output reads ours as well (jc)."""

from ipaddress import IPv4Address, IPv6Address

import jc
import pytest

from rawkit.cli.ping_options import parse
from rawkit.cli.ping_text import PingText
from rawkit.engine.ping_events import ErrorReply, PingEvent, Reply, Sent, Target, Verdict
from rawkit.engine.ping_report import Ledger, PingReport
from rawkit.engine.rtt import statistics
from rawkit.record import replace
from rawkit.wire import icmp
from rawkit.wire.packet import Packet

V4 = Target("192.0.2.7", IPv4Address("192.0.2.7"), IPv4Address("192.0.2.1"))
V6 = Target("2001:db8::7", IPv6Address("2001:db8::7"), IPv6Address("2001:db8::1"))
NAMED = Target("host.example", IPv4Address("192.0.2.7"), IPv4Address("192.0.2.1"))
ROUTER = IPv4Address("192.0.2.254")


def reply(target: Target, sequence: int = 1, verdict: Verdict = Verdict.IN_TIME) -> Reply:
    return Reply(target, sequence, target.address, 61, 1.234e-3, 64, 5.25, verdict)


def refusal(target: Target, sequence: int = 1) -> ErrorReply:
    message = icmp.Unreachable(1)
    return ErrorReply(target, sequence, ROUTER, message, Packet(), 1e-3, 5.25)


def read(line: str, ledger: Ledger, *events: PingEvent) -> dict[str, object]:
    """Print a whole ping, and return what jc understands of it."""
    target = events[0].target
    printer = PingText(
        parse([*line.split(), target.name]), lambda _: "host.example", lambda t: t + 1.7e9
    )
    text = printer.opening([target]) + "".join(printer.event(event) for event in events)
    rtt = statistics([1e-3, 2e-3][: ledger.replied])
    parsed = jc.parse("ping", text + printer.closing(PingReport(target, ledger, rtt, 1.001)))
    assert isinstance(parsed, dict)
    return parsed


def response(**changes: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "type": "reply", "timestamp": None, "bytes": 64, "response_ip": "192.0.2.7",
        "icmp_seq": 1, "ttl": 61, "time_ms": 1.23, "duplicate": False,
    }  # fmt: skip
    return plain | changes


GOOD = Ledger(sent=2, replied=2)
SUMMARY = {
    "destination_ip": "192.0.2.7", "data_bytes": 56, "pattern": None, "destination": "192.0.2.7",
    "packets_transmitted": 2, "packets_received": 2, "packet_loss_percent": 0.0,
    "duplicates": 0, "time_ms": 1001.0, "round_trip_ms_min": 1.0, "round_trip_ms_avg": 1.5,
    "round_trip_ms_max": 2.0, "round_trip_ms_stddev": 0.5,
}  # fmt: skip


def test_ipv4() -> None:
    parsed = read("", GOOD, reply(V4), reply(V4, 2))

    assert parsed == SUMMARY | {"responses": [response(), response(icmp_seq=2)]}


def test_ipv6() -> None:
    parsed = read("", GOOD, reply(V6))

    whom = {"destination_ip": "2001:db8::7", "destination": "2001:db8::7"}
    assert parsed == SUMMARY | whom | {"responses": [response(response_ip="2001:db8::7")]}


def test_a_name() -> None:
    parsed = read("", GOOD, reply(NAMED))

    assert parsed == SUMMARY | {"destination": "host.example", "responses": [response()]}


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("-D", {"timestamp": 1_700_000_005.25}),
        ("-D -O", {"timestamp": 1_700_000_005.25}),
    ],
)
def test_stamps(line: str, changes: dict[str, object]) -> None:
    parsed = read(line, GOOD, reply(V4))

    assert parsed["responses"] == [response(**changes)]


def test_an_interface_and_a_pattern() -> None:
    parsed = read("-I eth0 -p ff00", GOOD, reply(V4))

    assert parsed == SUMMARY | {"pattern": "0xff00", "responses": [response()]}


def test_no_answer_at_all() -> None:
    parsed = read("-O", Ledger(sent=2, unanswered=2), Sent(V4, 1, 0.0), Sent(V4, 2, 1.0))

    missing = {"type": "timeout", "timestamp": None, "icmp_seq": 1}
    assert parsed["responses"] == [missing]
    assert parsed["packet_loss_percent"] == 100.0
    assert "round_trip_ms_avg" not in parsed


def test_duplicates() -> None:
    ledger = Ledger(sent=2, replied=2, duplicates=1)
    parsed = read("", ledger, reply(V4), reply(V4, verdict=Verdict.DUPLICATE))

    assert parsed == SUMMARY | {
        "duplicates": 1,
        "responses": [response(), response(duplicate=True)],
    }


def test_errors_and_what_is_corrupted_or_late() -> None:
    ledger = Ledger(sent=5, replied=2, errors=1, corrupted=1, late=1)
    bad = replace(reply(V4, 2, Verdict.CORRUPTED), payload=bytes(56))

    parsed = read("", ledger, refusal(V4), bad, reply(V4, 3, Verdict.LATE))

    assert (parsed["errors"], parsed["corrupted"]) == (1, 1)
    assert (parsed["packets_transmitted"], parsed["packets_received"]) == (5, 2)
    assert parsed["packet_loss_percent"] == 60.0
    assert parsed["responses"] == [response(icmp_seq=2), response(icmp_seq=3)]


def test_more_than_one_under_way_and_the_statistics_of_our_own() -> None:
    sent: list[PingEvent] = [Sent(V4, 1, 0.0), Sent(V4, 2, 0.0)]
    parsed = read("-A --stats", GOOD, *sent, reply(V4), reply(V4, 2))

    assert parsed == SUMMARY | {"responses": [response(), response(icmp_seq=2)]}
