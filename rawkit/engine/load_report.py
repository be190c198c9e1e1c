"""What a load test found, and whether it may be believed."""

from rawkit.engine.histogram import Histogram
from rawkit.record import record

PERCENTS = (50.0, 90.0, 99.0, 99.9, 99.99, 99.999)
BEYOND = 10
"""A percentile says something if so many latencies are beyond it."""
BUSY = 0.9
"""Share of the time with something to do, from which on the generator itself is the limit."""
STARVED = 0.3
"""Share of the time that it waited for a processor, from which on others are."""
LATE = 0.01
"""Share of the questions that may leave late through the generator's own fault."""


LONG_ENOUGH = 0.2
"""Seconds: shorter than that, shares of the time say nothing."""


@record
class Latency:
    """Latencies of answers, in seconds."""

    count: int
    min: float
    mean: float
    max: float
    percentiles: dict[float, float]
    """By percent; those that too few latencies are beyond are left out."""


@record
class Cause:
    """Why questions were not answered, or connections not made."""

    what: str
    """``"connect"``, ``"ask"`` or ``"answer"``: what was under way."""
    number: int
    """The errno; 0: it is none."""
    says: str
    """In words."""


@record
class Effort:
    """What the generator itself took while it measured."""

    busy: float
    """Share of a processor that it used."""
    waited: float
    """Share of the time that it wanted a processor and others had it."""
    late: int = 0
    """Questions that left more than a millisecond late though a connection was free."""


@record(kw_only=True)
class LoadReport:
    """What came of a load test. Times are seconds."""

    connections: int
    """How many there were to be."""
    connected: int
    """Of those, how many there were; where each question has its own, how many were made."""
    size: int
    """Octets of a question, and of its answer."""
    rate: float | None
    """Questions a second that were wanted; ``None``: each when the one before is answered."""
    each_its_own: bool
    """Whether each question has a connection of its own."""
    elapsed: float
    """From the first question to the end of asking."""
    asked: int
    answered: int
    answered_in_time: int
    """Before the end of asking: what the rate is made of."""
    unasked: int
    """That were due, and for which no connection was free until the end."""
    unfinished: int
    """Whose answers were not waited for, as the test was stopped."""
    different: int
    """Answers of the right length that were not what was asked: no echo service."""
    strays: int
    """Datagrams that came late or twice."""
    latency: Latency | None
    """From the moment that each question was asked; ``None``: nothing was answered."""
    corrected: Latency | None
    """With a rate: from when each was due, those that never were asked included. Without: as
    :meth:`Histogram.corrected` estimates it from the median."""
    connecting: Latency | None
    """How long connections took to be made; ``None``: there are none, of datagrams."""
    fewest: int
    """Answers of the connection that had fewest."""
    most: int
    """Answers of the one that had most."""
    causes: dict[Cause, int]
    """How often something went wrong, and why."""
    effort: Effort

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answered_in_time / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def is_whole(self) -> bool:
        """Whether all was asked and answered, and nothing went wrong."""
        return 0 < self.asked == self.answered and not (self.causes or self.unasked)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the figures may be those of the generator, and not of the server."""
        effort, found = self.effort, list[str]()
        if self.elapsed < LONG_ENOUGH:
            return ()
        took = f"it took {effort.busy:.0%} of a processor, and waited for one {effort.waited:.0%}"
        if effort.busy + effort.waited >= BUSY:
            found.append(
                f"the generator is the limit: it never had a pause ({took} of the time; try:"
                " fewer connections, a lower rate, or more generators on more processors)"
            )
        elif effort.waited >= STARVED:
            found.append(f"others keep the processors busy: {took} of the time")
        if self.rate is not None and effort.late > LATE * self.asked:
            found.append(
                f"the generator is the limit: {effort.late} questions left late though a"
                " connection was free"
            )
        return tuple(found)


def latency_of(histogram: Histogram) -> Latency | None:
    """Return what may be said of latencies; ``None``: there are none."""
    count = histogram.count
    if not count:
        return None
    told = [p for p in PERCENTS if p == PERCENTS[0] or _beyond(count, p) >= BEYOND]
    percentiles = {percent: histogram.percentile(percent) for percent in told}
    return Latency(count, histogram.min, histogram.mean, histogram.max, percentiles)


def _beyond(count: int, percent: float) -> float:
    return round(count * (100 - percent) / 100, 6)
