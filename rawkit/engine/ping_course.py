"""How far a ping has come: what is under way, when to go on, and when it is over."""

import math
from collections import deque
from collections.abc import Iterator

from rawkit.engine.ping_pace import Pace
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Outcome, Request

ANSWERS = (Outcome.REPLIED, Outcome.ERROR)


class Course:
    """The requests under way to all targets together, and the time."""

    def __init__(self, settings: PingSettings, targets: int) -> None:
        self.pace = Pace(
            targets=targets,
            count=settings.count,
            interval=settings.interval,
            spacing=settings.spacing,
            preload=settings.preload,
            adaptive=settings.adaptive,
            count_answers=settings.deadline is not None,
        )
        self.last_sent = 0.0
        """When the last request was made."""
        self.answered = 0
        """Requests with a reply or an error."""
        self._settings = settings
        self._waiting: deque[tuple[float, Request]] = deque()
        self._in_flight = 0
        self._newest: Request | None = None
        self._slowest = 0.0
        self._heard_of: set[int] = set()
        """Numbers of the targets that have answered at all."""

    @property
    def elapsed(self) -> float:
        """Seconds from the first request to the last."""
        return self.last_sent - (self.pace.started or self.last_sent)

    @property
    def caught_up(self) -> bool:
        """Whether the newest request is waited for no more."""
        return self._newest is None or self._newest.outcome is not Outcome.WAITING

    def made(self, request: Request) -> None:
        """Note a new request."""
        self._in_flight += 1
        self._newest = request
        self.last_sent = request.made_at
        self._waiting.append((request.made_at + self._settings.timeout, request))

    def settled(self, request: Request, after: Outcome) -> None:
        """Note that a request is about to come to another outcome."""
        if request.outcome is Outcome.WAITING:
            self._in_flight -= 1
        self.answered += (after in ANSWERS) - (request.outcome in ANSWERS)
        if after in ANSWERS:
            self._heard_of.add(request.number)

    def took(self, rtt: float) -> None:
        """Note a round trip, in seconds."""
        if rtt > self._slowest:
            self._slowest = rtt

    def overdue(self, now: float) -> Iterator[Request]:
        """Yield the requests whose time is over, each once."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= now:
            _, request = waiting.popleft()
            if request.outcome is Outcome.WAITING:
                yield request

    def is_over(self, now: float) -> bool:
        """Whether there is nothing left to do."""
        return self.is_complete or (self.pace.started is not None and now >= self.ends_at())

    @property
    def is_complete(self) -> bool:
        """Whether all requests are made and settled, or as many answered as wanted."""
        pace = self.pace
        if pace.started is None:
            return False
        if self._in_flight == 0 and pace.is_done:
            return True
        return pace.count_answers and pace.count is not None and self.wanted <= 0

    @property
    def wanted(self) -> int:
        """How many more requests are to be made, or to be answered, whichever is counted."""
        count = (self.pace.count or 0) * self.pace.targets
        return count - (self.answered if self.pace.count_answers else self.pace.sent)

    def ends_at(self) -> float:
        """Return when all is over, answered or not."""
        settings, end = self._settings, math.inf
        if settings.deadline is not None:
            end = (self.pace.started or 0.0) + settings.deadline
        if settings.hurry and self.pace.is_done and len(self._heard_of) == self.pace.targets:
            end = min(end, self.last_sent + max(2 * self._slowest, settings.interval))
        return end

    def wake_at(self, now: float) -> float:
        """Return when there is something to do at the latest."""
        waiting = self._waiting
        while waiting and waiting[0][1].outcome is not Outcome.WAITING:
            waiting.popleft()
        times_out = waiting[0][0] if waiting else math.inf
        return min(times_out, self.ends_at(), self.pace.due_at(now, self.caught_up))
