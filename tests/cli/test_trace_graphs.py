"""``rawkit trace --csv`` and ``--dot``: the same path for tables and for pictures."""

import csv
from io import StringIO

import pytest

from rawkit.cli.records import FIELDS
from rawkit.cli.trace_csv import COLUMNS, TraceCsv
from rawkit.cli.trace_dot import TraceDot, quoted
from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.trace_events import Hop
from rawkit.wire.multipart import Label, mpls
from tests.cli.traced import LOOKUP, ROUTERS, answer, not_sent, report, row, silence

ONE, TWO, THREE, FOUR = ROUTERS[1:5]
LABELS = (mpls(Label(24001, 3, False, 1), Label(17)),)


def table(rows: list[Hop]) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(TraceCsv(LOOKUP).closing(report(rows)))))


def test_the_columns_are_names_of_the_one_schema() -> None:
    assert set(COLUMNS) <= set(FIELDS)
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_a_hop_is_a_line_of_plain_numbers() -> None:
    rows = [
        row(answer(1, 0, 1e-6, ONE, extensions=LABELS), answer(1, 1, 3e-6, TWO)),
        row(silence(2), not_sent(2, 1)),
    ]

    first, second = table(rows)

    assert first | {
        "host": "example", "address": "203.0.113.1", "hop": "1",
        "source": "198.51.100.1 198.51.100.2", "name": "one.example", "as_numbers": "AS64500",
        "label": "24001 17", "sent": "2", "answered": "2", "loss": "0", "last": "0.000003",
        "avg": "0.000002", "remarks": "ecmp",
    } == first  # fmt: skip
    assert second | {
        "hop": "2", "source": "", "sent": "2", "not_sent": "1", "loss": "1", "last": "",
        "avg": "", "back_hops": "",
    } == second  # fmt: skip


def graph(rows: list[Hop], lookup: Lookup | None = None) -> list[str]:
    shown = TraceDot(lookup or Lookup())
    assert [shown.event(one) for one in rows] == [""] * len(rows)
    return shown.closing(report(rows)).splitlines()


def edges(rows: list[Hop]) -> set[str]:
    return {line.strip() for line in graph(rows) if "->" in line}


def test_a_straight_path_is_a_chain() -> None:
    rows = [row(answer(1, source=ONE), silence(1, 1)), row(silence(2)), row(answer(3))]

    assert graph(rows) == [
        'digraph "192.0.2.1 to example" {',
        "  rankdir=LR;",
        "  node [shape=box];",
        '  "here" [label="192.0.2.1", shape=oval];',
        '  "1 198.51.100.1" [label="1: 198.51.100.1"];',
        '  "2 *" [label="2: *", style=dotted];',
        '  "3 203.0.113.1" [label="3: 203.0.113.1", shape=oval];',
        '  "here" -> "1 198.51.100.1";',
        '  "1 198.51.100.1" -> "2 *";',
        '  "2 *" -> "3 203.0.113.1";',
        "}",
    ]


def test_names_and_networks_are_in_the_boxes() -> None:
    lines = graph([row(answer(1, source=ONE))], LOOKUP)

    assert '  "1 198.51.100.1" [label="1: 198.51.100.1\\none.example\\nAS64500"];' in lines


def test_flows_that_take_different_ways_are_told_apart() -> None:
    rows = [
        row(answer(1, 0, source=ONE, flow=0), answer(1, 1, source=TWO, flow=1)),
        row(answer(2, 0, source=THREE, flow=0), answer(2, 1, source=FOUR, flow=1)),
    ]

    assert edges(rows) == {
        '"here" -> "1 198.51.100.1";',
        '"here" -> "1 198.51.100.2";',
        '"1 198.51.100.1" -> "2 198.51.100.3";',
        '"1 198.51.100.2" -> "2 198.51.100.4";',
    }


def test_where_each_probe_is_a_flow_of_its_own_a_step_is_a_guess() -> None:
    rows = [
        row(answer(1, 0, source=ONE, flow=1)),
        row(answer(2, 0, source=THREE, flow=2), answer(2, 1, source=FOUR, flow=3)),
    ]

    assert edges(rows) == {
        '"here" -> "1 198.51.100.1";',
        '"1 198.51.100.1" -> "2 198.51.100.3" [style=dashed];',
        '"1 198.51.100.1" -> "2 198.51.100.4" [style=dashed];',
    }


def test_silence_behind_the_last_answer_is_not_drawn() -> None:
    rows = [row(answer(1, source=ONE)), row(silence(2)), row(silence(3))]

    assert edges(rows) == {'"here" -> "1 198.51.100.1";'}


def test_a_row_that_is_revised_takes_the_place_of_the_first() -> None:
    rows = [row(silence(1)), row(answer(1, source=ONE, late=True), revised=True)]

    assert edges(rows) == {'"here" -> "1 198.51.100.1";'}


@pytest.mark.parametrize(
    ("text", "shown"), [('a "b"', '"a \\"b\\""'), ("a\\b", '"a\\\\b"'), ("a\nb", '"a\\nb"')]
)
def test_words_of_others_stay_words(text: str, shown: str) -> None:
    assert quoted(text) == shown
