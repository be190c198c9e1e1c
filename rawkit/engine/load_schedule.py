"""When questions are due, whether or not those before are answered: an open loop."""

import math

ROUNDING = 1e-6
"""Questions: what is due right now is not due before now."""


class Schedule:
    """Questions at a steady rate."""

    def __init__(self, rate: float, begin: float) -> None:
        """Begin.

        Args:
            rate: questions a second.
            begin: when the first one is due.
        """
        self._interval = 1 / rate
        self._begin = begin
        self._taken = 0

    @property
    def due(self) -> float:
        """When the next question is due."""
        return self._begin + self._taken * self._interval

    def take(self) -> float:
        """Return when the next question is due, and count it as asked."""
        due = self.due
        self._taken += 1
        return due

    def missed(self, now: float) -> int:
        """Return how many were due before now and are not taken."""
        due = math.ceil((now - self._begin) / self._interval - ROUNDING)
        return max(0, due - self._taken)
