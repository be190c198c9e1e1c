"""``rawkit trace --report``: mtr(8)'s table and object, and what they leave out."""

import json
import os
import time
from collections.abc import Iterator

import pytest

from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_options import parse
from rawkit.cli.trace_report_text import TraceTable
from rawkit.engine.trace_events import Hop, Kind
from rawkit.engine.trace_settings import TraceSettings
from rawkit.wire import icmp
from rawkit.wire.multipart import Label, mpls
from tests.cli.traced import (
    LOOKUP,
    NAMES,
    ROUTERS,
    Known,
    answer,
    not_sent,
    report,
    row,
    silence,
    told,
    wall,
)

ONE, TWO, THREE = ROUTERS[1:4]
LABELS = (mpls(Label(24001, 3, True, 1)),)
HEADER = "HOST: here                        Loss%   Snt   Last   Avg  Best  Wrst StDev"
ROWS: list[Hop] = [
    row(answer(1, 0, 1e-3, ONE), answer(1, 1, 3e-3, ONE, extensions=LABELS)),
    row(silence(2), silence(2, 1)),
    row(answer(3, 0, 3.0701, TWO), silence(3, 1)),
    row(answer(4, 0, 0.02), answer(4, 1, 0.02, THREE)),
]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "here", "6", "1", "x86")))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def printed(line: str, rows: list[Hop], lookup: Lookup = LOOKUP, *, reached: bool = True) -> str:
    shown = TraceTable(parse(["--report", *line.split(), "x"]), TraceSettings(), lookup, wall)
    assert "".join(map(shown.event, told(rows))) == ""
    return shown.closing(report(rows, reached=reached))


def test_the_table_is_that_of_mtr_8_and_says_nothing_where_nothing_came() -> None:
    assert printed("-n", ROWS).splitlines() == [
        "Start: 2023-11-14T22:13:25+0000",
        HEADER,
        "  1.|-- 198.51.100.1               0.0%     2    3.0   2.0   1.0   3.0   1.4",
        "  2.|-- ???                       100.0     2      -     -     -     -     -  silent",
        "  3.|-- 198.51.100.2              50.0%     2  3070. 3070. 3070. 3070.   0.0",
        "  4.|-- 203.0.113.1                0.0%     2   20.0  20.0  20.0  20.0   0.0  ecmp",
        "    |  `|-- 198.51.100.3",
    ]


def test_silence_behind_the_last_answer_is_one_line_as_in_mtr_8() -> None:
    rows = [row(answer(1, source=ONE)), *(row(silence(ttl)) for ttl in range(2, 7))]

    lines = printed("-n", rows, reached=False).splitlines()[2:]
    found = json.loads(printed("-n -j", rows, reached=False))

    assert [line[:9] for line in lines] == ["  1.|-- 1", "  2.|-- ?"]
    assert lines[1].endswith("filtered")
    assert [hub["count"] for hub in found["report"]["hubs"]] == [1, 2]
    assert [hop["hop"] for hop in found["rawkit"]["hops"]] == [1, 2, 3, 4, 5, 6]


def test_what_was_never_sent_was_not_lost() -> None:
    unsent = [row(not_sent(1), not_sent(1, 1))]

    last = printed("-n", unsent, reached=False).splitlines()[-1]
    hub = json.loads(printed("-n -j", unsent, reached=False))["report"]["hubs"][0]

    assert last == "  1.|-- ???                           -     2      -     -     -     -     -"
    assert (hub["Loss%"], hub["Snt"]) == (None, 2)


def test_labels_stand_below_their_hop_if_wanted() -> None:
    lines = printed("-n -e", ROWS).splitlines()

    assert lines[3] == "       [MPLS: Lbl 24001 TC 3 S 1 TTL 1]"


def test_names_take_the_place_of_addresses_and_the_table_makes_room() -> None:
    long = "a-router-with-a-very-long-name.example"
    lines = printed("", ROWS, Lookup(Known({ONE: long, TWO: "two.example"}))).splitlines()

    assert lines[1].startswith("HOST: here" + " " * (len(long) + 8 - 10) + " Loss%")
    assert lines[2].startswith(f"  1.|-- {long}  0.0%     2    3.0")
    assert lines[4].startswith("  3.|-- two.example   ")


def test_autonomous_systems_stand_before_the_host() -> None:
    lines = printed("-n -A", ROWS).splitlines()

    assert lines[2].startswith("  1. AS64500  198.51.100.1   ")
    assert lines[4].startswith("  3. AS???    198.51.100.2   ")


def test_who_refuses_is_seen_not_to_be_the_target() -> None:
    refused = [row(answer(1, source=ONE, kind=Kind.REFUSED, message=icmp.Unreachable(1)))]

    last = printed("-n", refused, reached=False).splitlines()[-1]

    assert last.startswith("  1.|-- 198.51.100.1 !H            0.0%     1")
    assert last.endswith("unreachable")


def test_the_object_has_mtr_8_s_fields_and_ours_beside_them() -> None:
    found = json.loads(printed("-j", ROWS, Lookup(NAMES)))

    assert list(found) == ["report", "rawkit"]
    assert found["report"]["mtr"] == {
        "src": "here", "dst": "example", "tos": 0, "tests": 1, "psize": "60", "bitpattern": "0x00",
    }  # fmt: skip
    hubs = found["report"]["hubs"]
    assert hubs[0] == {
        "count": 1, "host": "one.example", "Loss%": 0.0, "Snt": 2, "Last": 3.0, "Avg": 2.0,
        "Best": 1.0, "Wrst": 3.0, "StDev": 1.414,
    }  # fmt: skip
    assert hubs[1] == {
        "count": 2, "host": "???", "Loss%": 100.0, "Snt": 2, "Last": None, "Avg": None,
        "Best": None, "Wrst": None, "StDev": None,
    }  # fmt: skip
    assert (found["rawkit"]["schema"], found["rawkit"]["type"]) == ("rawkit/1", "summary")


def test_the_object_names_autonomous_systems_as_mtr_8_does() -> None:
    hubs = json.loads(printed("-j -A", ROWS))["report"]["hubs"]

    assert [hub["ASN"] for hub in hubs] == ["AS64500", "AS???", "AS???", "AS64501/AS64502"]


def test_a_report_of_nothing_is_a_table_without_rows() -> None:
    assert printed("-n", []).splitlines()[1:] == [HEADER]
