"""Percentiles and their correction, against figures of HdrHistogram and sums by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.engine.histogram import LONGEST, NANOSECONDS, Histogram, _highest, _lowest, _step

STEP = 1 / 128
"""How much more than the truth a figure may be."""
LATENCIES = st.lists(st.integers(0, 10**10), min_size=1, max_size=50)


def of(*seconds: float) -> Histogram:
    made = Histogram()
    made.add_each(seconds)
    return made


def test_nothing_has_no_percentiles() -> None:
    empty = Histogram()

    assert (empty.count, empty.min, empty.mean, empty.max) == (0, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="nothing was measured"):
        empty.percentile(50)


# 10 000 operations of 1 ms and a stall of 100 s, one due each 10 ms: the example that HdrHistogram
# is tested by (HistogramDataAccessTest, public domain).
STALL = [1e-3] * 10_000 + [100.0]


@pytest.mark.parametrize(
    ("percent", "raw", "corrected"),
    [
        (30, 1e-3, 1e-3),
        (50, 1e-3, 1e-3),
        (75, 1e-3, 50.0),
        (90, 1e-3, 80.0),
        (99, 1e-3, 98.0),
        (99.99, 1e-3, 99.98),
        (99.999, 100.0, 100.0),
    ],
)
def test_a_stall_shows_only_when_corrected(percent: float, raw: float, corrected: float) -> None:
    measured = of(*STALL)

    assert measured.percentile(percent) == pytest.approx(raw, rel=STEP)
    assert measured.corrected(10e-3).percentile(percent) == pytest.approx(corrected, rel=STEP)


def test_a_stall_counts_as_all_who_would_have_waited() -> None:
    measured = of(*STALL)
    corrected = measured.corrected(10e-3)

    assert (measured.count, corrected.count) == (10_001, 20_000)
    assert measured.mean == pytest.approx((10 + 100) / 10_001)
    assert corrected.mean == pytest.approx((10 + sum(n / 100 for n in range(1, 10_001))) / 20_000)
    assert (corrected.min, corrected.max) == (1e-3, 100.0)


def test_nothing_is_missed_below_two_intervals() -> None:
    assert of(0.010, 0.0199).corrected(0.010).count == 2
    assert of(0.010, 0.020).corrected(0.010).count == 3


@settings(max_examples=50)
@given(LATENCIES, st.sampled_from([0.001, 50, 90, 99, 99.9, 100]))
def test_percentiles_are_at_most_a_step_too_high(values: list[int], percent: float) -> None:
    made = of(*(value / NANOSECONDS for value in values))
    ordered = sorted(values)
    truth = ordered[max(0, -int(-len(values) * percent // 100) - 1)]

    found = made.percentile(percent) * NANOSECONDS

    assert truth - 1.01 <= found <= truth * (1 + STEP) + 1.01
    assert made.min * NANOSECONDS == pytest.approx(ordered[0], abs=1.01)
    assert made.max * NANOSECONDS == pytest.approx(ordered[-1], abs=1.01)
    assert made.mean * NANOSECONDS == pytest.approx(sum(values) / len(values), abs=1.01)


@settings(max_examples=50)
@given(st.integers(0, 10**8), st.integers(1, 10**6), st.integers(0, 200))
def test_a_falling_series_counts_as_if_taken_one_by_one(
    longest: int, interval: int, number: int
) -> None:
    series, single = Histogram(), Histogram()
    expected = [longest - n * interval for n in range(number) if longest >= n * interval]

    series.add_falling(longest / NANOSECONDS + 1e-10, interval / NANOSECONDS + 1e-10, number)
    single.add_each(value / NANOSECONDS + 1e-10 for value in expected)

    assert series.count == single.count
    assert series.mean == pytest.approx(single.mean)
    assert (series.min, series.max) == (single.min, single.max)
    assert series._steps == single._steps


def test_steps_follow_each_other_without_a_gap() -> None:
    last = _step(LONGEST)

    assert all(_highest(step) + 1 == _lowest(step + 1) for step in range(last))
    assert all(_step(_lowest(step)) == step == _step(_highest(step)) for step in range(last))


@pytest.mark.parametrize(("seconds", "counts_as"), [(-1e-9, 0.0), (1e6, LONGEST / NANOSECONDS)])
def test_what_no_latency_can_be_counts_as_the_nearest_that_can(
    seconds: float, counts_as: float
) -> None:
    odd = of(seconds)

    assert (odd.count, odd.min, odd.max, odd.percentile(50)) == (1, counts_as, counts_as, counts_as)
