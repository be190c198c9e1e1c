"""``rawkit ping --json``: every object is as the schema says, and numbers are numbers."""

import json
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.cli.ping_json import SCHEMA, PingJson
from rawkit.cli.records import HEAD as HEAD_FIELDS
from rawkit.cli.records import NAME, RTT_FIELDS
from rawkit.engine.ping_events import (
    Damage,
    ErrorReply,
    Lost,
    NotSent,
    PingEvent,
    Reply,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.ping_report import Ledger, PingReport
from rawkit.engine.rtt import statistics
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock

ADDRESS = IPv4Address("192.0.2.7")
TARGET = Target('a "host"', ADDRESS, IPv4Address("192.0.2.1"))
HEAD = {"schema": NAME, "command": "ping", "host": 'a "host"', "address": "192.0.2.7"}
REPLY = Reply(TARGET, 65_537, ADDRESS, 61, 58.0004e-6, 64, 5.25, traffic_class=16)
REPLY_VALUES = {
    "time": 1_700_000_005.25, "sequence": 65_537, "source": "192.0.2.7", "size": 64, "ttl": 61,
    "traffic_class": 16, "rtt": 58e-6, "sent_by": "kernel", "received_by": "kernel",
    "answer": None,
}  # fmt: skip
ROUTER, ROUTER6 = IPv4Address("192.0.2.254"), IPv6Address("2001:db8::fe")


def printer(**options: Any) -> PingJson:
    return PingJson(lambda time: 1_700_000_000 + time, **options)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def error(message: icmp.Message | icmpv6.Message, final: bool = True) -> ErrorReply:
    return ErrorReply(TARGET, 2, ROUTER, message, Packet(), 1.5e-3, 5.25, final)


def error_values(kind: int, code: int, message: str, mtu: int | None = None) -> dict[str, object]:
    return {
        "time": 1_700_000_005.25, "sequence": 2, "source": "192.0.2.254", "icmp_type": kind,
        "icmp_code": code, "message": message, "mtu": mtu, "final": True, "rtt": 1.5e-3,
    }  # fmt: skip


EVENTS: list[tuple[PingEvent, str, dict[str, object]]] = [
    (REPLY, "reply", REPLY_VALUES),
    (replace(REPLY, verdict=Verdict.LATE), "late", REPLY_VALUES),
    (replace(REPLY, verdict=Verdict.DUPLICATE, sent_by=Clock.USER), "duplicate",
     REPLY_VALUES | {"sent_by": "user"}),
    (replace(REPLY, verdict=Verdict.WRONG_SOURCE, source=ROUTER), "wrong_source",
     REPLY_VALUES | {"source": "192.0.2.254"}),
    (replace(REPLY, verdict=Verdict.CORRUPTED, payload=b"\x01\xff"), "corrupted",
     REPLY_VALUES | {"checksum": False, "offset": None, "expected": None, "found": None,
                     "payload": "01ff"}),
    (replace(REPLY, verdict=Verdict.CORRUPTED, payload=b"\x01", damage=Damage(1, 2, None)),
     "corrupted",
     REPLY_VALUES | {"checksum": True, "offset": 1, "expected": 2, "found": None,
                     "payload": "01"}),
    (error(icmp.Unreachable(1)), "error", error_values(3, 1, "Destination Host Unreachable")),
    (error(icmp.Unreachable(4, mtu=1400)), "error",
     error_values(3, 4, "Frag needed and DF set (mtu = 1400)", 1400)),
    (error(icmpv6.PacketTooBig(1280)), "error",
     error_values(2, 0, "Packet too big: mtu=1280", 1280)),
    (error(icmp.Redirect(1, ROUTER), final=False), "error",
     error_values(5, 1, "Redirect Host(New nexthop: 192.0.2.254)") | {"final": False}),
    (error(icmp.SourceQuench(), final=False), "error",
     error_values(4, 0, "Source Quench") | {"final": False}),
    (error(icmpv6.Other(100, 3)), "error", error_values(100, 3, "unknown icmp type: 100")),
    (Lost(TARGET, 3), "lost", {"sequence": 3}),
    (NotSent(TARGET, 4, PermissionError(1, "Operation not permitted")), "not_sent",
     {"sequence": 4, "errno": 1, "message": "Operation not permitted"}),
]  # fmt: skip

LEDGER = Ledger(sent=4, replied=3, unanswered=1, duplicates=2)
REPORT = PingReport(
    TARGET,
    LEDGER,
    statistics([1e-3, 2e-3, 3e-3]),
    3.0,
    (),
    (Clock.KERNEL, Clock.USER),
    "raw socket",
)


@pytest.mark.parametrize(("event", "kind", "values"), EVENTS)
def test_an_event_is_one_object(event: PingEvent, kind: str, values: dict[str, object]) -> None:
    assert lines(printer().event(event)) == [HEAD | {"type": kind} | values]


def test_a_summary_holds_the_books_and_the_times() -> None:
    (summary,) = lines(printer().closing(REPORT))

    assert summary["type"] == "summary"
    assert (summary["sent"], summary["replied"], summary["loss"]) == (4, 3, 0.25)
    assert summary["alive"] is True
    assert summary["rtts"] == {
        "count": 3, "min": 0.001, "avg": 0.002, "max": 0.003, "mdev": 0.000816497,
        "median": 0.002, "p95": 0.0029, "p99": 0.00298, "jitter": 0.001, "ewma": 0.001359375,
    }  # fmt: skip
    assert (summary["sent_by"], summary["received_by"]) == ("kernel", "user")
    assert (summary["socket"], summary["why"]) == ("raw socket", None)


def test_the_parts_of_the_books_sum_up_to_what_was_sent() -> None:
    (summary,) = lines(printer().closing(REPORT))
    parts = ("replied", "late", "corrupted", "errors", "lost_here", "unanswered")

    assert summary["sent"] == sum(int(str(summary[part])) for part in parts)


def test_what_nothing_came_for_is_null_and_never_0() -> None:
    unheard = PingReport(TARGET, Ledger(sent=1, unanswered=1), None, 0.0)
    unsent = PingReport(replace(TARGET, src=IPv4Address(0)), Ledger(), None, 0.0)

    (summary,) = lines(printer().closing(unheard))
    assert (summary["rtts"], summary["sent_by"], summary["socket"]) == (None, None, None)
    assert (summary["loss"], summary["alive"]) == (1.0, False)
    (summary,) = lines(printer().closing(unsent))
    assert (summary["loss"], summary["local"]) == (None, None)


def test_a_single_reply_has_no_jitter() -> None:
    (summary,) = lines(printer().closing(replace(REPORT, rtt=statistics([1e-3]))))

    assert isinstance(summary["rtts"], dict)
    assert summary["rtts"]["jitter"] is None
    assert summary["rtts"]["mdev"] == 0.0


def test_every_object_has_exactly_the_fields_of_the_schema() -> None:
    shown = printer(outstanding=True)
    text = "".join(shown.event(event) for event, _, _ in EVENTS)
    text += shown.event(Sent(TARGET, 1, 0.0)) + shown.event(Sent(TARGET, 2, 1.0))
    text += shown.closing(REPORT)
    objects = lines(text)

    for found in objects:
        assert tuple(found) == HEAD_FIELDS + SCHEMA[str(found["type"])]
    assert {found["type"] for found in objects} == set(SCHEMA)
    assert isinstance(objects[-1]["rtts"], dict)
    assert tuple(objects[-1]["rtts"]) == RTT_FIELDS


def test_what_is_outstanding_is_told_only_if_asked_for() -> None:
    events: list[PingEvent] = [
        Sent(TARGET, 1, 0.0),
        Sent(TARGET, 2, 1.0),
        replace(REPLY, sequence=2),
    ]
    events.append(Sent(TARGET, 3, 2.0))

    for shown, expected in ((printer(), []), (printer(outstanding=True), [1])):
        text = "".join(shown.event(event) for event in events)
        told = [line["sequence"] for line in lines(text) if line["type"] == "outstanding"]
        assert told == expected


def test_quiet_leaves_the_summary() -> None:
    shown = printer(quiet=True)

    assert shown.event(REPLY) == ""
    assert shown.opening([TARGET]) == ""
    assert len(lines(shown.closing(REPORT))) == 1
