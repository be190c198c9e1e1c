"""Round-trip statistics against values worked out by hand."""

from statistics import fmean, pstdev

import pytest

from rawkit.engine.rtt import KEPT, RoundTrips, percentile, statistics


def test_nothing_came_so_there_are_no_statistics() -> None:
    assert statistics([]) is None


def test_one_sample_has_no_jitter() -> None:
    rtt = statistics([0.25])

    assert rtt is not None
    assert (rtt.min, rtt.avg, rtt.max, rtt.median, rtt.p99, rtt.ewma) == (0.25,) * 6
    assert (rtt.mdev, rtt.jitter) == (0.0, None)


def test_the_order_of_arrival_matters_to_jitter_only() -> None:
    rtt, shuffled = statistics([1.0, 2.0, 4.0]), statistics([2.0, 4.0, 1.0])

    assert rtt is not None
    assert shuffled is not None
    assert (rtt.jitter, shuffled.jitter) == (1.5, 2.5)
    assert (rtt.avg, rtt.mdev, rtt.median) == (shuffled.avg, shuffled.mdev, shuffled.median)


def test_mdev_is_the_deviation_of_the_population() -> None:
    rtt = statistics([1.0, 3.0])

    assert rtt is not None
    assert rtt.mdev == 1.0


@pytest.mark.parametrize(
    ("share", "value"), [(0, 1.0), (50, 2.5), (95, 3.85), (99, 3.97), (100, 4.0)]
)
def test_percentiles_lie_between_the_nearest_samples(share: float, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == pytest.approx(value)


def test_mean_and_deviation_are_those_of_the_textbook() -> None:
    samples = [0.001 * (n * 7919 % 1000) for n in range(1000)]

    rtt = statistics(samples)

    assert rtt is not None
    assert rtt.avg == pytest.approx(fmean(samples), rel=1e-12)
    assert rtt.mdev == pytest.approx(pstdev(samples), rel=1e-9)


def test_memory_is_bounded_and_only_percentiles_forget() -> None:
    trips = RoundTrips()
    for _ in range(10):
        trips.add(100.0)
    for _ in range(KEPT):
        trips.add(1.0)

    rtt = trips.statistics()

    assert rtt is not None
    assert (rtt.count, rtt.max, rtt.p99) == (KEPT + 10, 100.0, 1.0)
