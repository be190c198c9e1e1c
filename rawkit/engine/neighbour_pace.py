"""When to ask the next time, and when to stop: for all who ask neighbours something."""

import math

from rawkit.errors import UsageError
from rawkit.record import record


@record(kw_only=True)
class PaceSettings:
    """How often to ask, and how long to wait."""

    count: int | None = 3
    """Requests; ``None``: without end."""
    interval: float = 1.0
    """Seconds from one request to the next."""
    timeout: float = 1.0
    """Seconds to wait after the last one."""
    deadline: float | None = None
    """Seconds after which all is over. ``count`` then counts answers, as ``arping -w -c`` does."""
    until_first: bool = True
    """Stop at the first answer."""
    announce: bool = False
    """Tell of every request sent, too."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        for name, low in (("count", 1), ("interval", 0), ("timeout", 0), ("deadline", 0)):
            value = getattr(self, name)
            if value is not None and not value >= low:
                raise UsageError(f"{name} is {value}, not at least {low}")
        if self.interval == 0 and (self.count is None or self.deadline is not None):
            raise UsageError("interval is 0: without end, the link would see nothing else")


class Pace:
    """An absolute timetable: request ``n`` leaves ``n`` intervals after the first."""

    def __init__(self, settings: PaceSettings) -> None:
        self._settings = settings
        self._started: float | None = None
        self._latest = -math.inf
        self.sent = 0
        """Requests so far."""
        self.is_complete = False
        """Whether nothing is wanted any more."""

    def is_due(self, now: float) -> bool:
        """Whether the next request is to leave now; the first call starts the clock."""
        if self._started is None:
            self._started = now
        return now >= self._next_at() and not self.is_over(now)

    def made(self, now: float) -> None:
        """Note that a request was made."""
        self.sent += 1
        self._latest = now

    def answered(self, answers: int) -> None:
        """Note how many answers that count have come so far."""
        wanted = self._settings.count if self._settings.deadline is not None else None
        if self._settings.until_first or (wanted is not None and answers >= wanted):
            self.is_complete = self.is_complete or answers > 0

    def is_over(self, now: float) -> bool:
        """Whether there is nothing left to send or to wait for."""
        return self.is_complete or now >= self._ends_at()

    def wake_at(self, now: float) -> float | None:
        """Return when to look again at the latest; ``None``: it is over."""
        return None if self.is_over(now) else min(self._next_at(), self._ends_at())

    def _next_at(self) -> float:
        if self._started is None:
            return -math.inf
        if self._is_last:
            return math.inf
        return self._started + self.sent * self._settings.interval

    def _ends_at(self) -> float:
        settings, ends = self._settings, math.inf
        if self._started is not None and settings.deadline is not None:
            ends = self._started + settings.deadline
        if self._is_last:
            ends = min(ends, self._latest + settings.timeout)
        return ends

    @property
    def _is_last(self) -> bool:
        settings = self._settings
        return (
            settings.deadline is None
            and settings.count is not None
            and (self.sent >= settings.count)
        )
