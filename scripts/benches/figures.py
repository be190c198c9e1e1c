"""Numbers that can be trusted: medians, their spread, and ratios within a round."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The middle half of some measurements."""

    low: float
    """The first quartile."""
    median: float
    high: float
    """The third quartile."""
    size: int
    """How many measurements."""


def spread(values: Iterable[float]) -> Spread:
    """Return the quartiles; between two values they are interpolated.

    Raises:
        ValueError: there are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    low, median, high = (quantile(ordered, share) for share in (0.25, 0.5, 0.75))
    return Spread(low, median, high, len(ordered))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which this share of sorted values lies, by linear interpolation."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratios(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Return how many times the base each value is, round by round.

    What slows a round down slows both down, and drops out.

    Raises:
        ValueError: the rounds do not pair.
    """
    return spread(value / reference for value, reference in zip(values, base, strict=True))


def differences(values: Sequence[float], truth: Sequence[float]) -> list[float]:
    """Return by how much each value is above the truth about the same packet.

    Raises:
        ValueError: they do not pair.
    """
    return [value - true for value, true in zip(values, truth, strict=True)]


def mean_interval(times: Sequence[float]) -> float:
    """Return the mean time from one moment to the next; drift adds up in it.

    Raises:
        ValueError: there are fewer than two moments.
    """
    if len(times) < 2:
        raise ValueError("an interval takes two packets")
    return (times[-1] - times[0]) / (len(times) - 1)
