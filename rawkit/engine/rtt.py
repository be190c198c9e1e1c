"""Round-trip statistics, kept up as the samples come."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Self

from rawkit.record import field, record

KEPT = 1 << 20
"""Samples that percentiles are taken from, at most: the latest. All else is of all samples."""


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


@record(frozen=False, eq=False)
class RoundTrips:
    """Takes round-trip times in order of arrival, in bounded memory."""

    count: int = 0
    _latest: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    _min: float = math.inf
    _max: float = -math.inf
    _mean: float = 0.0
    _squares: float = 0.0
    """Sum of squared differences from the mean (Welford)."""
    _steps: float = 0.0
    """Sum of differences between successive samples."""
    _ewma: float = 0.0

    @classmethod
    def of_latest(cls, kept: int) -> Self:
        """Return one that takes percentiles from so many samples at the most: the latest."""
        return cls(_latest=deque(maxlen=kept))

    def add(self, rtt: float) -> None:
        """Take one sample, in seconds."""
        if self.count:
            self._steps += abs(rtt - self._latest[-1])
            self._ewma += (rtt - self._ewma) / 8
        else:
            self._ewma = rtt
        self._latest.append(rtt)
        self.count += 1
        if rtt < self._min:
            self._min = rtt
        if rtt > self._max:
            self._max = rtt
        off = rtt - self._mean
        self._mean += off / self.count
        self._squares += off * (rtt - self._mean)

    def statistics(self) -> RTT | None:
        """Return the statistics so far, or ``None`` if nothing came."""
        if not self.count:
            return None
        if self.count == 1:
            only = self._max
            return RTT(1, only, only, only, 0.0, only, only, only, None, only)
        ordered = sorted(self._latest)
        return RTT(
            self.count,
            self._min,
            self._mean,
            self._max,
            math.sqrt(self._squares / self.count),
            percentile(ordered, 50),
            percentile(ordered, 95),
            percentile(ordered, 99),
            self._steps / (self.count - 1) if self.count > 1 else None,
            self._ewma,
        )


def statistics(samples: Iterable[float]) -> RTT | None:
    """Return the statistics of samples in order of arrival, or ``None`` if there are none."""
    trips = RoundTrips()
    for sample in samples:
        trips.add(sample)
    return trips.statistics()


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` percent of the sorted samples lie.

    Linear between the two nearest samples, as numpy's default.
    """
    position = (len(ordered) - 1) * share / 100
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
