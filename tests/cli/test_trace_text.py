"""traceroute(8)'s lines from what a trace tells, to the letter."""

import pytest

from rawkit.cli.trace_extensions_text import extensions_text
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_options import parse
from rawkit.cli.trace_text import TraceText
from rawkit.engine.trace_events import Hop, Kind, ProbeSent, RoundEnd, TraceEvent
from rawkit.engine.trace_settings import TraceSettings
from rawkit.record import replace
from rawkit.wire import icmp
from rawkit.wire.multipart import (
    ExtensionObject,
    InterfaceInfo,
    Label,
    Role,
    interface,
    mpls,
)
from tests.cli.traced import (
    LOOKUP,
    NAMES,
    ROUTERS,
    TARGET,
    answer,
    not_sent,
    probe,
    report,
    row,
    silence,
)

ONE, TWO = ROUTERS[1], ROUTERS[2]
LABELS = (mpls(Label(24001, 3, False, 1), Label(17, 0, True, 255)),)


def printer(line: str = "-n", lookup: Lookup | None = None) -> TraceText:
    return TraceText(parse([*line.split(), "example"]), TraceSettings(), lookup or LOOKUP)


ROWS: list[tuple[str, Hop, str]] = [
    ("-n", row(answer(1, 0, 1.2345e-3, ONE), answer(1, 1, 1e-6, ONE), answer(1, 2, 2.5, ONE)),
     " 1  198.51.100.1  1.234 ms  0.001 ms  2500.000 ms\n"),
    ("-n", row(silence(2), silence(2, 1), silence(2, 2)), " 2  * * *\n"),
    ("-n", row(answer(12)), "12  203.0.113.1  1.500 ms\n"),
    ("-n", row(answer(123)), "123  203.0.113.1  1.500 ms\n"),
    ("-n", row(silence(1), answer(1, 1, source=ONE), silence(1, 2)),
     " 1  * 198.51.100.1  1.500 ms *\n"),
    ("-n", row(answer(1, 0, source=ONE), answer(1, 1, source=TWO), answer(1, 2, source=ONE)),
     " 1  198.51.100.1  1.500 ms 198.51.100.2  1.500 ms 198.51.100.1  1.500 ms\n"),
    ("-n", row(answer(1, 0, source=ONE), silence(1, 1), answer(1, 2, source=ONE)),
     " 1  198.51.100.1  1.500 ms *  1.500 ms\n"),
    ("-n", row(not_sent(1), answer(1, 1, source=ONE)), " 1  * 198.51.100.1  1.500 ms\n"),
    ("-n", row(*(answer(3, turn, source=ONE, kind=Kind.REFUSED, message=icmp.Unreachable(1))
                 for turn in range(2))),
     " 3  198.51.100.1  1.500 ms !H  1.500 ms !H\n"),
    ("-n", row(answer(3, source=ONE, kind=Kind.REFUSED, message=icmp.Unreachable(4, mtu=1400))),
     " 3  198.51.100.1  1.500 ms !F-1400\n"),
    ("-n", row(answer(3, source=ONE, kind=Kind.REFUSED, message=icmp.Unreachable(99))),
     " 3  198.51.100.1  1.500 ms !<99>\n"),
    ("", row(answer(1, source=ONE), answer(1, 1, source=TWO)),
     " 1  one.example (198.51.100.1)  1.500 ms 198.51.100.2 (198.51.100.2)  1.500 ms\n"),
    ("-A", row(answer(1, source=ONE), answer(1, 1, source=TWO), answer(1, 2)),
     " 1  one.example (198.51.100.1) [AS64500]  1.500 ms 198.51.100.2 (198.51.100.2) [*]"
     "  1.500 ms host.example (203.0.113.1) [AS64501/AS64502]  1.500 ms\n"),
    ("-nA", row(answer(1, source=ONE)), " 1  198.51.100.1 [AS64500]  1.500 ms\n"),
    ("-ne", row(answer(1, source=ONE, extensions=LABELS)),
     " 1  198.51.100.1 <MPLS:L=24001,E=3,S=0,T=1/L=17,E=0,S=1,T=255>  1.500 ms\n"),
    ("-n", row(answer(1, source=ONE, extensions=LABELS)), " 1  198.51.100.1  1.500 ms\n"),
    ("-ne", row(answer(1, source=ONE, extensions=LABELS), answer(1, 1, source=ONE)),
     " 1  198.51.100.1 <MPLS:L=24001,E=3,S=0,T=1/L=17,E=0,S=1,T=255>  1.500 ms"
     " 198.51.100.1  1.500 ms\n"),
    ("-n --back", row(answer(4, source=ONE, arrived_with=57)), " 4  198.51.100.1 '-8'  1.500 ms\n"),
    ("-n --back", row(answer(4, source=ONE, arrived_with=252)), " 4  198.51.100.1  1.500 ms\n"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "hop", "text"), ROWS)
def test_a_row_is_that_of_traceroute_8(line: str, hop: Hop, text: str) -> None:
    assert printer(line).event(hop) == text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "30 hops max, 60 byte packets"),
        ({"max_ttl": 9, "length": 100}, "9 hops max, 100 byte packets"),
    ],
)
def test_the_first_line_says_how_far_and_how_large(settings: dict[str, int], said: str) -> None:
    shown = TraceText(parse(["example"]), TraceSettings(**settings), LOOKUP)  # type: ignore[arg-type]  # ints

    assert shown.opening(TARGET) == f"traceroute to example (203.0.113.1), {said}\n"


OBJECTS = [
    ((ExtensionObject(200, 3, b"abcdef"),), "200/3:61626364,6566"),
    ((ExtensionObject(200, 4),), "200/4:"),
    ((ExtensionObject(1, 1, b"abc"),), "1/1:616263"),
    ((mpls(Label(5)), ExtensionObject(9, 9, b"\0\0\0\1")), "MPLS:L=5,E=0,S=1,T=1;9/9:00000001"),
    ((interface(InterfaceInfo(Role.INCOMING, 7, ROUTERS[1], "eth0", 1500)),),
     'INC:7,198.51.100.1,"eth0",mtu=1500'),
    ((interface(InterfaceInfo(Role.NEXT_HOP, mtu=9000)),), "NXT:mtu=9000"),
    ((interface(InterfaceInfo(Role.SUB_IP, name="\x1b[2J")),), 'SUB:"?[2J"'),
    ((interface(InterfaceInfo(Role.OUTGOING)),), "OUT:"),
]  # fmt: skip


@pytest.mark.parametrize(("objects", "text"), OBJECTS)
def test_extensions_are_shown_as_traceroute_8_does(
    objects: tuple[ExtensionObject, ...], text: str
) -> None:
    assert extensions_text(objects) == text


def test_only_rows_are_printed() -> None:
    events: list[TraceEvent] = [ProbeSent(TARGET, probe(1), 0.0), answer(1), silence(1)]

    assert "".join(map(printer().event, events)) == ""
    assert printer().closing(report([row(answer(1))])) == ""


def test_a_row_that_is_revised_is_printed_again_and_says_so() -> None:
    late = row(answer(1, 0, 2.3, ONE, late=True), silence(1, 1), revised=True)

    assert printer().event(late) == " 1  198.51.100.1  2300.000 ms *  (revised)\n"


def test_each_round_but_the_first_begins_with_the_first_line_again() -> None:
    shown = printer()

    assert shown.event(row(answer(1, source=ONE))).count("traceroute to") == 0
    second = shown.event(row(answer(1, source=ONE, round=2)))
    assert second == (
        "traceroute to example (203.0.113.1), 30 hops max, 60 byte packets\n"
        " 1  198.51.100.1  1.500 ms\n"
    )
    assert shown.event(row(answer(2, round=2))) == " 2  203.0.113.1  1.500 ms\n"


def sent(*slots: tuple[int, int], number: int = 1) -> list[ProbeSent]:
    return [ProbeSent(TARGET, probe(ttl, turn, number), 0.0) for ttl, turn in slots]


def test_rows_that_are_not_complete_show_what_is_known_of_them() -> None:
    shown = printer()
    events: list[TraceEvent] = [
        *sent((1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (4, 0), (5, 0)),
        answer(1, 0, source=ONE),
        answer(1, 1, source=ONE),
        row(answer(1, 0, source=ONE), answer(1, 1, source=ONE)),
        silence(2),
        answer(3, 1, source=TWO),
        replace(answer(3, 0, source=TWO), kind=Kind.ADVICE),
        answer(4),
        answer(5),
    ]
    for event in events:
        shown.event(event)

    assert shown.unfinished() == (
        " 2  * *\n 3  * 198.51.100.2  1.500 ms\n 4  203.0.113.1  1.500 ms\n"
    )


def test_of_rounds_that_overlap_the_first_is_shown_that_is_not_complete() -> None:
    shown = printer()
    events: list[TraceEvent] = [
        *sent((1, 0), (2, 0)),
        row(answer(1, source=ONE)),
        *sent((1, 0), (2, 0), number=2),
        answer(1, source=ONE, round=2),
        answer(2),
    ]
    for event in events:
        shown.event(event)

    assert shown.unfinished() == " 2  203.0.113.1  1.500 ms\n"

    for event in (row(answer(2)), RoundEnd(TARGET, 1, True, 0.0)):
        shown.event(event)

    assert shown.unfinished() == (
        "traceroute to example (203.0.113.1), 30 hops max, 60 byte packets\n"
        " 1  198.51.100.1  1.500 ms\n"
    )


def test_where_nobody_has_answered_there_is_no_row_to_be_shown() -> None:
    shown = printer()
    for event in sent((1, 0), (2, 0)):
        shown.event(event)

    assert shown.unfinished() == ""


def test_a_late_answer_to_an_earlier_round_is_no_part_of_this_one() -> None:
    shown = printer()
    for event in (ProbeSent(TARGET, probe(1, 0, 2), 0.0), answer(1, source=ONE, late=True)):
        shown.event(event)

    assert shown.unfinished() == ""


def test_names_are_shown_that_are_known_by_then() -> None:
    shown = printer("", Lookup(NAMES))

    assert shown.event(row(answer(1, source=ONE))) == (" 1  one.example (198.51.100.1)  1.500 ms\n")
