"""``rawkit trace --json``: every object is as the schema says, and nothing is invented."""

import json
from typing import Any

import pytest

from rawkit.cli.records import HEAD, NAME, RTT_FIELDS
from rawkit.cli.trace_hops import PARTS
from rawkit.cli.trace_json import SCHEMA, TraceJson, report_line
from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.trace_events import Hop, Kind, Stray, TraceEvent
from rawkit.engine.trace_settings import TraceSettings
from rawkit.wire import icmp
from rawkit.wire.multipart import InterfaceInfo, Label, Role, interface, mpls
from rawkit.wire.packet import Header
from rawkit.wire.tcp import TCP, Flags
from tests.cli.traced import (
    LOOKUP,
    ROUTERS,
    TARGET,
    answer,
    not_sent,
    report,
    row,
    silence,
    told,
    wall,
)

ONE, TWO = ROUTERS[1], ROUTERS[2]
BEGINNING = {"schema": NAME, "command": "trace", "host": "example", "address": "203.0.113.1"}
EXTENSIONS = (
    mpls(Label(24001, 3, True, 1)),
    interface(InterfaceInfo(Role.INCOMING, 7, ROUTERS[3], "eth0", 1500)),
)
ROWS: list[Hop] = [
    row(answer(1, 0, 1e-3, ONE, extensions=EXTENSIONS), answer(1, 1, 3e-3, TWO), silence(1, 2)),
    row(silence(2), not_sent(2, 1)),
    row(answer(3, 0, 2e-3), answer(3, 1, 6.0, late=True)),
]


def printer(lookup: Lookup | None = None) -> TraceJson:
    return TraceJson(TraceSettings(), lookup or LOOKUP, wall)


def only(text: str) -> dict[str, Any]:
    (line,) = text.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_answer_is_told_with_all_that_is_known_of_it() -> None:
    found = only(printer().event(answer(2, 1, 1.5e-3, ONE, extensions=EXTENSIONS, quoted_ttl=1)))

    assert found == BEGINNING | {
        "type": "answer", "time": 1_700_000_007.25, "sequence": 21, "hop": 2, "round": 1,
        "turn": 1, "flow": 0, "kind": "expired", "source": "198.51.100.1",
        "name": "one.example", "as_numbers": [64500], "as_name": "ONE", "rtt": 0.0015, "ttl": 63,
        "icmp_type": 11, "icmp_code": 0, "message": "Time to live exceeded", "annotation": "",
        "tcp_flags": None,
        "labels": [{"label": 24001, "label_class": 3, "label_bottom": True, "label_ttl": 1}],
        "interfaces": [{"role": "incoming", "interface_index": 7,
                        "interface_address": "198.51.100.3", "interface_name": "eth0",
                        "interface_mtu": 1500}],
        "quoted_ttl": 1, "rewritten": [], "sent_by": "kernel", "received_by": "kernel",
    }  # fmt: skip


MESSAGES: list[tuple[Header | None, dict[str, object]]] = [
    (icmp.Unreachable(1),
     {"icmp_type": 3, "icmp_code": 1, "message": "Destination Host Unreachable",
      "annotation": "!H", "tcp_flags": None}),
    (icmp.EchoReply(1, 1),
     {"icmp_type": 0, "icmp_code": 0, "message": "Echo Reply", "annotation": "",
      "tcp_flags": None}),
    (TCP(80, 33434, flags=Flags.SYN | Flags.ACK),
     {"icmp_type": None, "icmp_code": None, "message": None, "annotation": "",
      "tcp_flags": ["SYN", "ACK"]}),
    (None,
     {"icmp_type": None, "icmp_code": None, "message": None, "annotation": "",
      "tcp_flags": None}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "values"), MESSAGES)
def test_what_the_answer_is_made_of_is_told(
    message: Header | None, values: dict[str, object]
) -> None:
    kind = Kind.REFUSED if isinstance(message, icmp.Unreachable) else Kind.REACHED

    found = only(printer().event(answer(4, message=message, kind=kind)))

    assert {name: found[name] for name in values} == values
    assert found["kind"] == kind.value


OTHERS: list[tuple[TraceEvent, str, dict[str, object]]] = [
    (answer(1, late=True), "late", {"sequence": 10}),
    (answer(1, duplicate=True), "duplicate", {"sequence": 10}),
    (silence(2, 1), "lost", {"sequence": 21, "hop": 2, "waited": 5.0, "time": 1_700_000_009.0}),
    (not_sent(2), "not_sent", {"errno": 1, "message": "Operation not permitted"}),
    (Stray(TARGET, ONE, 1.5), "stray", {"source": "198.51.100.1", "name": "one.example"}),
    (row(silence(2), not_sent(2, 1)), "hop",
     {"hop": 2, "sent": 2, "answered": 0, "late": 0, "unanswered": 1, "not_sent": 1,
      "sources": [], "end": False, "revised": False}),
    (row(answer(3, late=True), answer(3, 1), revised=True), "hop",
     {"hop": 3, "sent": 2, "answered": 1, "late": 1, "unanswered": 0, "end": True,
      "revised": True}),
]  # fmt: skip


@pytest.mark.parametrize(("event", "kind", "values"), OTHERS)
def test_what_else_happens_has_its_type(
    event: TraceEvent, kind: str, values: dict[str, object]
) -> None:
    found = only(printer().event(event))

    assert found["type"] == kind
    assert {name: found[name] for name in values} == values


def test_a_row_names_all_who_answered_and_their_times() -> None:
    (first, second) = only(printer().event(ROWS[0]))["sources"]

    assert (first["source"], first["answers"], first["rtts"]["avg"]) == ("198.51.100.1", 1, 0.001)
    assert (second["source"], second["as_numbers"], second["labels"]) == ("198.51.100.2", None, [])


def test_every_object_has_exactly_the_fields_of_the_schema() -> None:
    shown = printer()
    events = [*told(ROWS), answer(1, duplicate=True), Stray(TARGET, ONE, 1.5)]
    text = "".join(map(shown.event, events)) + shown.closing(report(ROWS))
    objects = [json.loads(line) for line in text.splitlines()]

    for found in objects:
        assert tuple(found) == HEAD + SCHEMA[found["type"]]
        check_parts(found)
    assert {found["type"] for found in objects} == set(SCHEMA)


def check_parts(found: dict[str, Any]) -> None:
    """Assert that objects inside objects have exactly their fields."""
    for name, value in found.items():
        if name in PARTS:
            for part in value:
                assert tuple(part) == PARTS[name]
                check_parts(part)
        elif name == "rtts" and value is not None:
            assert tuple(value) == RTT_FIELDS


def test_the_summary_has_the_path_and_the_books() -> None:
    found = only(report_line(report(ROWS), TraceSettings(), LOOKUP))

    assert (found["reached"], found["rounds"], found["local"]) == (True, 1, "192.0.2.1")
    assert (found["method"], found["port"], found["length"]) == ("udp", 33434, 60)
    assert [hop["hop"] for hop in found["hops"]] == [1, 2, 3]
    assert found["sent"] == sum(
        found[name] for name in ("answered", "late", "unanswered", "not_sent", "pending")
    )
    assert (found["sent"], found["answered"], found["not_sent"]) == (7, 3, 1)
    assert found["lost_here"] == 1
    assert (found["socket"], found["why"]) == ("raw socket", "permitted here")
    assert [hop["loss"] for hop in found["hops"]] == [pytest.approx(1 / 3), 1.0, 0.5]


def test_what_nothing_came_for_is_null_and_never_0() -> None:
    silent = report([row(not_sent(1)), row(silence(2))], reached=False)

    found = only(report_line(silent, TraceSettings(method="icmp")))

    assert (found["port"], found["reached"]) == (None, False)
    first, second = found["hops"]
    assert (first["loss"], first["last"], first["rtts"]) == (None, None, None)
    assert (second["loss"], second["back_hops"], second["asymmetry"]) == (1.0, None, None)


def test_names_that_nobody_asked_for_are_null() -> None:
    found = only(printer(Lookup()).event(answer(1, source=ONE)))

    assert (found["name"], found["as_numbers"], found["as_name"]) == (None, None, None)
