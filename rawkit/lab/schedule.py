"""Things to be done at their times: a heap that keeps equals in order."""

import math
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

from rawkit.record import field, record

Thing = TypeVar("Thing")


@record(frozen=False)
class Schedule(Generic[Thing]):
    """What is to come, earliest first; what has the same time, in the order it was put in."""

    lateness: float = 0.0
    """The worst by which a thing was taken out after its time, in seconds."""

    _heap: list[tuple[float, int, Thing]] = field(default_factory=list, init=False)
    _number: int = field(default=0, init=False)

    def put(self, at: float, thing: Thing) -> None:
        """Add a thing for this time."""
        self._number += 1
        heappush(self._heap, (at, self._number, thing))

    def due(self, now: float) -> Iterator[Thing]:
        """Take out, in order, what has its time by now."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, thing = heappop(heap)
            self.lateness = max(self.lateness, now - at)
            yield thing

    def next_at(self) -> float:
        """Return the earliest time; infinity: there is nothing."""
        return self._heap[0][0] if self._heap else math.inf

    def __len__(self) -> int:
        return len(self._heap)
