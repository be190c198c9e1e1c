"""Round-trip statistics against values worked out by hand."""

import pytest

from rawkit.engine.rtt import percentile, statistics


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
