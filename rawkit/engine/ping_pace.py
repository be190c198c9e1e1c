"""When the next echo request is due, and when the last has been waited for."""

import math

from rawkit.record import record

STALL = 1.0
"""Seconds of delay from which on requests are not made up for: the program was stopped."""


@record(frozen=False, kw_only=True)
class Pace:
    """The timetable of a ping over one or many targets, asked round after round.

    Requests leave on an absolute schedule: a late one does not delay the rest.
    An adaptive pace also sends as soon as everything sent has been answered.
    """

    targets: int
    count: int | None = 4
    """Rounds; ``None``: without end."""
    interval: float = 1.0
    """Seconds between two requests to the same target."""
    spacing: float = 0.0
    """Seconds between two requests of one round."""
    preload: int = 1
    """Rounds that leave at once, at the start."""
    adaptive: bool = False
    count_answers: bool = False
    """``count`` means answered requests per target on average, not sent ones."""

    started: float | None = None
    """When the first request was made."""
    sent: int = 0
    """Requests to all targets together."""
    scheduled: float = 0.0
    """When the next request is due by the timetable; infinity: never."""
    _origin: float = 0.0
    """When the timetable begins."""

    @property
    def is_done(self) -> bool:
        """Whether no further request is to be made."""
        return self.scheduled == math.inf

    def due_at(self, now: float, answered: bool = False) -> float:
        """Return when the next request is due; infinity if never.

        Args:
            now: the time.
            answered: nothing is waited for.
        """
        if self.started is None or (answered and self.adaptive and not self.is_done):
            return now
        return self.scheduled

    def next_target(self, now: float) -> int:
        """Count one request and return the number of the target it goes to."""
        number = self.sent % self.targets
        if self.started is None:
            self.started = self._origin = now
        elif self.adaptive:  # it has no timetable but the time of the last request
            self._origin = now - self._offset(self.sent)
        elif now - self.scheduled > max(STALL, self.interval):
            self._origin += now - self.scheduled
        self.sent += 1
        ends = self.count is not None and not self.count_answers
        if ends and self.sent >= (self.count or 0) * self.targets:
            self.scheduled = math.inf
        else:
            self.scheduled = self._origin + self._offset(self.sent)
        return number

    def _offset(self, place: int) -> float:
        """Return how long after the start the request at this place is due, in seconds."""
        turn, number = divmod(place, self.targets)
        return max(0, turn - self.preload + 1) * self.interval + number * self.spacing
