"""When the next echo request is due, and when the last has been waited for."""

import math

from rawkit.record import record


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
    sent: int = 0
    """Requests to all targets together."""

    @property
    def is_done(self) -> bool:
        """Whether no further request is to be made."""
        if self.count is None or self.count_answers:
            return False
        return self.sent >= self.count * self.targets

    def due_at(self, now: float, answered: bool = False) -> float:
        """Return when the next request is due; infinity if never.

        Args:
            now: the time.
            answered: nothing is waited for.
        """
        if self.is_done:
            return math.inf
        if self.started is None or (self.adaptive and answered):
            return now
        turn, number = divmod(self.sent, self.targets)
        wait = max(0, turn - self.preload + 1) * self.interval + number * self.spacing
        return self.started + wait

    def next_target(self, now: float) -> int:
        """Count one request and return the number of the target it goes to."""
        number = self.sent % self.targets
        self.sent += 1
        if self.started is None:
            self.started = now
        elif self.adaptive:
            self._restart(now)
        return number

    def _restart(self, now: float) -> None:
        """Let the schedule run from this request on: an adaptive pace has no other."""
        turn, number = divmod(self.sent - 1, self.targets)
        wait = max(0, turn - self.preload + 1) * self.interval + number * self.spacing
        self.started = now - wait
