"""Latencies counted in steps: percentiles of any number of them, in little memory.

A step is at most 1/128 of its value wide, and exact below 256 ns. The idea, and that of the
correction, is HdrHistogram's (Gil Tene, "How NOT to Measure Latency", 2013).
"""

from collections.abc import Iterable, Iterator

NANOSECONDS = 10**9
BITS = 7
"""A doubling has 2 to the power of this many steps."""
EXACT = 1 << (BITS + 1)
STEPS = 40 << BITS
LONGEST = (1 << (BITS + 39)) - 1
"""Nanoseconds, some 19 hours; what takes longer counts as that."""


class Histogram:
    """Takes latencies in any order."""

    def __init__(self) -> None:
        self.count = 0
        self._steps = [0] * STEPS
        self._total = 0
        self._least = LONGEST
        self._most = 0

    @property
    def min(self) -> float:
        """The least, in seconds; 0 if there is none."""
        return self._least / NANOSECONDS if self.count else 0.0

    @property
    def max(self) -> float:
        """The largest, in seconds; 0 if there is none."""
        return self._most / NANOSECONDS

    @property
    def mean(self) -> float:
        """The mean, in seconds; 0 if there is none."""
        return self._total / self.count / NANOSECONDS if self.count else 0.0

    def add(self, seconds: float) -> None:
        """Take one latency."""
        self.add_each((seconds,))

    def add_each(self, latencies: Iterable[float]) -> None:
        """Take several, in seconds; in one call, as that is quicker."""
        steps, total, count, bits = self._steps, 0, 0, BITS
        least, most = self._least, self._most
        for seconds in latencies:
            value = int(seconds * NANOSECONDS)
            if value < least:
                least = max(0, value)
            if value > most:
                most = min(LONGEST, value)
            if not 0 <= value <= LONGEST:
                value = max(0, min(value, LONGEST))
            shift = value.bit_length() - bits - 1
            steps[(shift << bits) + (value >> shift) if shift > 0 else value] += 1
            total += value
            count += 1
        self._least, self._most = least, most
        self._total += total
        self.count += count

    def percentile(self, percent: float) -> float:
        """Return the value that so many percent do not exceed, in seconds.

        It is the upper end of a step, and so never less than what was measured.

        Raises:
            ValueError: nothing was measured.
        """
        if not self.count:
            raise ValueError("nothing was measured")
        wanted = max(1, -int(-self.count * percent // 100))
        for step, number in self._counted():
            wanted -= number
            if wanted <= 0:
                return min(_highest(step), self._most) / NANOSECONDS
        return self.max

    def corrected(self, interval: float) -> "Histogram":
        """Return what would have been measured if nobody had waited for answers.

        Whoever asks again only when the answer has come does not ask while the server stands
        still, and so misses the very latencies that others see (coordinated omission). For
        each latency that is longer than the interval, those are added that questions asked
        meanwhile, one each interval, would have had.

        Args:
            interval: seconds from one question to the next, if all goes well.
        """
        every = max(1, int(interval * NANOSECONDS))
        made = Histogram()
        made.count, made._total = self.count, self._total
        made._least, made._most = self._least, self._most
        made._steps = [*self._steps]
        for step, number in self._counted():
            value = min(_highest(step), self._most)
            if value >= 2 * every:
                made._add_falling(value - every, every, value // every - 1, number)
        return made

    def add_falling(self, longest: float, interval: float, number: int) -> None:
        """Take so many latencies, each an interval shorter than the one before.

        Args:
            longest: the first one, in seconds.
            interval: in seconds.
            number: how many; those that would be below 0 are left out.
        """
        value, every = int(longest * NANOSECONDS), max(1, int(interval * NANOSECONDS))
        number = min(number, value // every + 1)
        if number > 0:
            self._most = max(self._most, min(value, LONGEST))
            self._add_falling(value, every, number, 1)

    def _add_falling(self, value: int, every: int, number: int, times: int) -> None:
        """Add value, value - every, value - 2 every … to the given number; all so many times."""
        least = value - (number - 1) * every
        self._least = min(self._least, least)
        self._total += times * (number * value - every * (number * (number - 1) // 2))
        self.count += times * number
        above = 0
        for step in range(_step(value), _step(least) - 1, -1):
            reached = max(0, min(number, (value - _lowest(step)) // every + 1))
            self._steps[step] += times * (reached - above)
            above = reached

    def _counted(self) -> Iterator[tuple[int, int]]:
        return ((step, number) for step, number in enumerate(self._steps) if number)


def _step(value: int) -> int:
    value = min(value, LONGEST)
    shift = max(0, value.bit_length() - BITS - 1)
    return (shift << BITS) + (value >> shift)


def _lowest(step: int) -> int:
    """Return the least value of a step."""
    if step < EXACT:
        return step
    shift = (step >> BITS) - 1
    return (step - (shift << BITS)) << shift


def _highest(step: int) -> int:
    """Return the largest value of a step."""
    return _lowest(step) if step < EXACT else _lowest(step) + (1 << ((step >> BITS) - 1)) - 1
