"""When questions are due, what may be said of latencies, and when figures are in doubt."""

from typing import Any

import pytest

from rawkit.engine.histogram import Histogram
from rawkit.engine.load_report import Effort, LoadReport, latency_of
from rawkit.engine.load_schedule import Schedule


def test_questions_are_due_at_a_steady_rate_whoever_is_late() -> None:
    schedule = Schedule(rate=10, begin=5.0)

    assert [schedule.take() for _ in range(3)] == pytest.approx([5.0, 5.1, 5.2])
    assert schedule.due == pytest.approx(5.3)


@pytest.mark.parametrize(
    ("now", "missed"), [(5.0, 0), (5.05, 1), (5.1, 1), (5.11, 2), (6.0, 10), (6.001, 11)]
)
def test_what_is_due_right_now_is_not_missed_yet(now: float, missed: int) -> None:
    assert Schedule(rate=10, begin=5.0).missed(now) == missed


def test_what_was_taken_is_not_missed() -> None:
    schedule = Schedule(rate=10, begin=5.0)
    schedule.take()

    assert schedule.missed(5.15) == 1


@pytest.mark.parametrize(
    ("count", "percents"),
    [
        (1, [50]),
        (99, [50]),
        (100, [50, 90]),
        (1000, [50, 90, 99]),
        (9999, [50, 90, 99]),
        (10_000, [50, 90, 99, 99.9]),
        (100_000, [50, 90, 99, 99.9, 99.99]),
    ],
)
def test_a_percentile_needs_ten_latencies_beyond_it(count: int, percents: list[float]) -> None:
    latencies = Histogram()
    latencies.add_each([1e-3] * count)

    found = latency_of(latencies)

    assert found is not None
    assert [*found.percentiles] == percents


def test_without_latencies_there_is_nothing_to_say() -> None:
    assert latency_of(Histogram()) is None


def found(**changes: Any) -> LoadReport:
    values: dict[str, Any] = {
        "connections": 10, "connected": 10, "size": 64, "rate": None, "each_its_own": False,
        "elapsed": 2.0, "asked": 1000, "answered": 1000, "answered_in_time": 998, "unasked": 0,
        "unfinished": 0, "different": 0, "strays": 0, "latency": None, "corrected": None,
        "connecting": None, "fewest": 90, "most": 110, "causes": {}, "effort": Effort(0.5, 0.1),
    }  # fmt: skip
    return LoadReport(**{**values, **changes})


def test_the_rate_is_made_of_what_came_in_time() -> None:
    assert found().per_second == 499
    assert found(elapsed=0.0).per_second == 0


@pytest.mark.parametrize(
    "changes", [{"answered": 999}, {"unasked": 1}, {"causes": {"any": 1}}, {"asked": 0}]
)
def test_it_is_whole_only_if_all_was_asked_and_answered(changes: dict[str, Any]) -> None:
    assert found().is_whole
    assert not found(**changes).is_whole


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, []),
        ({"effort": Effort(0.95, 0.0)}, ["the generator is the limit: it never had a pause"]),
        ({"effort": Effort(0.5, 0.45)}, ["the generator is the limit: it never had a pause"]),
        ({"effort": Effort(0.3, 0.4)}, ["others keep the processors busy"]),
        ({"effort": Effort(0.95, 0.0), "elapsed": 0.1}, []),
        ({"effort": Effort(0.3, 0.1, 500)}, []),
        ({"effort": Effort(0.3, 0.1, 10), "rate": 500.0}, []),
        ({"effort": Effort(0.3, 0.1, 11), "rate": 500.0}, ["the generator is the limit: 11"]),
    ],
)
def test_who_measures_says_when_it_measures_itself(
    changes: dict[str, Any], begins: list[str]
) -> None:
    doubts = found(**changes).doubts

    assert len(doubts) == len(begins)
    assert all(doubt.startswith(begin) for doubt, begin in zip(doubts, begins, strict=True))
