"""Round-trip statistics, computed once from every sample that counts."""

import math
from collections.abc import Sequence
from itertools import pairwise

from rawkit.record import record


@record
class RTT:
    """Statistics of round-trip times, in seconds."""

    count: int
    min: float
    avg: float
    max: float
    mdev: float
    """Standard deviation of the population, as ping(8) has it."""
    median: float
    p95: float
    p99: float
    jitter: float | None
    """Mean difference between successive round trips (RFC 3550 D, unsmoothed); ``None`` for one."""
    ewma: float
    """Exponentially weighted average with weight 1/8, as ping(8) has it."""


def statistics(samples: Sequence[float]) -> RTT | None:
    """Return the statistics of ``samples`` in order of arrival, or ``None`` if there are none."""
    if not samples:
        return None
    if len(samples) == 1:
        (only,) = samples
        return RTT(1, only, only, only, 0.0, only, only, only, None, only)
    ordered = sorted(samples)
    count = len(ordered)
    avg = math.fsum(ordered) / count
    variance = math.fsum((sample - avg) ** 2 for sample in ordered) / count
    steps = [abs(b - a) for a, b in pairwise(samples)]
    return RTT(
        count=count,
        min=ordered[0],
        avg=avg,
        max=ordered[-1],
        mdev=math.sqrt(variance),
        median=percentile(ordered, 50),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
        jitter=math.fsum(steps) / len(steps) if steps else None,
        ewma=_smoothed(samples),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` percent of the sorted samples lie.

    Linear between the two nearest samples, as numpy's default.
    """
    position = (len(ordered) - 1) * share / 100
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _smoothed(samples: Sequence[float]) -> float:
    average = samples[0]
    for sample in samples[1:]:
        average += (sample - average) / 8
    return average
