"""When each packet of a capture is due, and how far off they left."""

import math
from itertools import accumulate

from rawkit.errors import UsageError
from rawkit.record import field, record

SECOND = 10**9
BITS = 8
STEPS = 16
"""Buckets of lateness in each doubling: an estimate is right to a twentieth."""
LEAST = 1e-6
"""Seconds: what is less is one bucket."""
DOUBLINGS = 40


@record(kw_only=True)
class PaceSettings:
    """How fast packets are to leave. Without a rate: as they were captured."""

    speed: float = 1.0
    """How many times as fast as they were captured."""
    rate: float | None = None
    """Packets a second."""
    bits: float | None = None
    """Bits a second, of the octets that are sent."""
    top: bool = False
    """As fast as possible."""
    longest: float | None = None
    """Seconds that a pause of the capture lasts at most."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        for name in ("speed", "rate", "bits"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"{name} is {value}, not above 0")
        if self.longest is not None and not self.longest >= 0:
            raise UsageError(f"longest is {self.longest}, below 0")
        named = [
            name
            for name, given in (
                ("speed", self.speed != 1.0),
                ("rate", self.rate is not None),
                ("bits", self.bits is not None),
                ("top", self.top),
            )
            if given
        ]
        if len(named) > 1:
            raise UsageError(f"one pace at a time: not {' and '.join(named)}")


class Pace:
    """Says when packets are due, one after the other, in seconds from the first one."""

    def __init__(self, settings: PaceSettings) -> None:
        self.settings = settings
        self._due = 0.0
        self._before_ns: int | None = None
        self._spent = 0.0
        """Packets or bits that were due so far."""

    def due(self, time_ns: int | None, octets: int, pieces: int = 1) -> float:
        """Return when a packet is due; infinitely long ago, if as soon as possible.

        Args:
            time_ns: when it was captured, in nanoseconds; ``None``: with the one before.
            octets: of it, or of all its pieces.
            pieces: in how many packets it leaves.
        """
        settings = self.settings
        if settings.top:
            return -math.inf
        if settings.rate is not None:
            return self._by_rate(settings.rate, pieces)
        if settings.bits is not None:
            return self._by_rate(settings.bits, octets * BITS)
        if time_ns is not None:
            if self._before_ns is not None:
                pause = max(0.0, (time_ns - self._before_ns) / SECOND)
                longest = math.inf if settings.longest is None else settings.longest
                self._due += min(pause, longest) / settings.speed
            # A clock that was set back while it was captured stands still here.
            self._before_ns = time_ns
        return self._due

    def again(self) -> None:
        """Begin the capture anew: its first packet follows the last one at once."""
        self._before_ns = None

    def _by_rate(self, rate: float, amount: float) -> float:
        due = self._spent / rate
        self._spent += amount
        return due


@record(frozen=False, eq=False)
class Lateness:
    """How late packets left, as a histogram: it takes no more room for more of them."""

    count: int = 0
    worst: float = 0.0
    """Seconds."""
    _buckets: list[int] = field(default_factory=lambda: [0] * (STEPS * DOUBLINGS), init=False)

    def add(self, seconds: float) -> None:
        """Enter a packet."""
        self.count += 1
        self.worst = max(self.worst, seconds)
        place = 0 if seconds <= LEAST else 1 + int(math.log2(seconds / LEAST) * STEPS)
        self._buckets[min(place, len(self._buckets) - 1)] += 1

    def share(self, share: float) -> float | None:
        """Return how late this share of packets was at most, in seconds; 0.5 is the median."""
        if not self.count:
            return None
        sums = accumulate(self._buckets)
        place = next(place for place, seen in enumerate(sums) if seen >= share * self.count)
        return min(self.worst, LEAST * 2 ** (place / STEPS))
