"""The books of a trace that was broken off."""

import pickle

import pytest

from rawkit.engine.trace_book import TraceBook
from rawkit.engine.trace_events import Hop, ProbeSent, RoundEnd
from rawkit.engine.trace_report import TraceReport
from tests.cli.traced import ROUTERS, TARGET, answer, probe, row, told

ROWS = [row(answer(1, source=ROUTERS[1])), row(answer(2, source=ROUTERS[2])), row(answer(3))]


def broken_off(rows: list[Hop]) -> TraceReport:
    """Return the report of a first round of which nothing is told but the answers."""
    book = TraceBook(TARGET)
    for event in told(rows):
        if not isinstance(event, Hop | RoundEnd):
            book.take(event)
    for ttl in range(len(rows) + 1, 10):
        book.take(ProbeSent(TARGET, probe(ttl), 5.0))
    return book.report()


@pytest.mark.parametrize(("count", "reached", "hops"), [(2, False, 9), (3, True, 3)])
def test_in_a_first_round_that_is_broken_off_what_has_been_answered_counts(
    count: int, reached: bool, hops: int
) -> None:
    report = broken_off(ROWS[:count])

    assert (report.reached, len(report.hops), report.rounds) == (reached, hops, 0)


def test_an_endless_trace_takes_no_more_room_the_longer_it_runs() -> None:
    book = TraceBook(TARGET, keep_rows=False, samples=10)
    sizes = []
    for number in range(1, 2001):
        rows = [row(answer(1, source=ROUTERS[1], round=number)), row(answer(2, round=number))]
        for event in told(rows):
            book.take(event)
        sizes.append(len(pickle.dumps(book)))

    assert sizes[-1] - sizes[20] < 100, "but for larger numbers"
    assert [hop.answered for hop in book.report().hops] == [2000, 2000]
