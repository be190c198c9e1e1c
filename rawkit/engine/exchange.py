"""Exchange: send a packet, and take in what answers it, whoever says it, and however late.

What is an answer is decided by :mod:`rawkit.wire.answers` alone.
"""

import errno
import math
from collections import Counter

from rawkit.engine.exchange_events import (
    Answered,
    Asked,
    ExchangeEvent,
    ExchangeReport,
    ExchangeSettings,
    NotAsked,
)
from rawkit.engine.rtt import RoundTrips
from rawkit.engine.step import Step
from rawkit.wire.answers import FINAL, Relation, relation
from rawkit.wire.news import Dropped, News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received

DEFAULT = ExchangeSettings()
HOPELESS = frozenset((errno.EMSGSIZE, errno.EINVAL, errno.ENODEV, errno.ENXIO))
"""Refusals that another try would meet again."""
MOST_KEPT = 1024
"""Answers whose packets are kept, at most; all are counted."""


class Exchange:
    """Asks a question until it is answered, or nobody does.

    Args:
        question: the packet to send, from its IP header or its link's header on.
        settings: how often, how long, and how many answers are enough.
    """

    def __init__(self, question: Packet, settings: ExchangeSettings = DEFAULT) -> None:
        self.question = question
        self._settings = settings
        self._sent = self._failed = self._lost_here = self._damaged = 0
        self._heard: Counter[Relation] = Counter()
        self._next_at = -math.inf
        self._ends_at = math.inf
        self._left_at: list[tuple[float, Clock]] = []
        self._kept: list[Answered] = []
        self._rtt = RoundTrips()
        self._opened = Opened("")
        self._failure = ""
        self._started: float | None = None
        self._latest = 0.0
        self._events: list[ExchangeEvent] = []

    def step(self, now: float, news: News | None = None) -> Step[ExchangeEvent]:
        if self._started is None:
            self._started = self._latest = now
        if news is not None:
            self._take(now, news)
        if self._is_done(now):
            return Step(events=self._told())
        if news is not None:
            return Step(events=self._told(), wake_at=now)  # read all that has come before asking
        send = (self.question,) if self._is_due(now) else ()
        if send:
            self._ask(now)
        return Step(send, self._told(), min(self._next_at, self._ends_at))

    def report(self) -> ExchangeReport:
        return ExchangeReport(
            self.question,
            tuple(self._kept),
            sent=self._sent,
            not_sent=self._failed,
            answers=self._heard[Relation.REPLY],
            errors=self._heard[Relation.ERROR],
            advice=self._heard[Relation.ADVICE],
            doubtful=self._heard[Relation.ALTERED] + self._heard[Relation.PARTIAL],
            damaged=self._damaged,
            lost_here=self._lost_here,
            rtt=self._rtt.statistics(),
            elapsed=self._latest - (self._started or self._latest),
            failure=self._failure or None,
            via=self._opened.via,
            why=self._opened.why,
        )

    def _is_due(self, now: float) -> bool:
        return now >= self._next_at and self._sent + self._failed < self._settings.tries

    def _ask(self, now: float) -> None:
        self._sent += 1
        self._left_at.append((now, Clock.USER))
        self._events.append(Asked(self.question, self._sent))
        last = self._sent + self._failed >= self._settings.tries
        self._next_at = math.inf if last else now + self._settings.timeout
        self._ends_at = now + self._settings.timeout if last else math.inf

    def _is_done(self, now: float) -> bool:
        wanted, heard = self._settings.wanted, self._heard[Relation.REPLY]
        if self._settings.errors_answer:
            heard += self._heard[Relation.ERROR]
        return now >= self._ends_at or (wanted is not None and heard >= wanted)

    def _take(self, now: float, news: News) -> None:
        match news:
            case Opened():
                self._opened = news
            case Dropped(count=count):
                self._lost_here += count
            case Transmitted(packet=packet, time=time, clock=clock) if packet is self.question:
                self._left_at[-1] = time, clock
            case SendFailed(error=error):
                self._fail(now, error)
            case Received():
                self._hear(news)

    def _fail(self, now: float, error: OSError) -> None:
        self._sent -= 1
        self._failed += 1
        self._left_at.pop()
        self._failure = self._failure or str(error)
        self._events.append(NotAsked(self.question, error))
        is_last = self._sent + self._failed >= self._settings.tries
        if not self._sent and (is_last or error.errno in HOPELESS):
            self._ends_at = now

    def _hear(self, received: Received) -> None:
        anybody = self._settings.from_anybody
        related = relation(self.question, received.packet, any_source=anybody)
        if not related or not self._left_at:
            return
        if received.checksum is Checksum.BAD:
            self._damaged += 1
            return
        sent_at, clock = self._departure_before(received.time)
        rtt = max(0.0, received.time - sent_at)
        self._latest = max(self._latest, received.time)
        self._heard[related] += 1
        if related in FINAL:
            self._rtt.add(rtt)
        answered = Answered(received, rtt, related, self._sent, (clock, received.clock))
        if len(self._kept) < MOST_KEPT:
            self._kept.append(answered)
        self._events.append(answered)

    def _departure_before(self, time: float) -> tuple[float, Clock]:
        """Return when the question left that is likelier to be answered: the last one by then."""
        past = [departure for departure in self._left_at if departure[0] <= time]
        return past[-1] if past else self._left_at[0]

    def _told(self) -> tuple[ExchangeEvent, ...]:
        events, self._events = tuple(self._events), []
        return events
