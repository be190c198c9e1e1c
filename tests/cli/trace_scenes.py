"""Events of a trace made by hand, for tests of what shows or keeps them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from ipaddress import IPv4Address
from typing import Any

from rawkit.engine.ping_events import Target
from rawkit.engine.trace_book import TraceBook
from rawkit.engine.trace_events import (
    Answer,
    Hop,
    Kind,
    Probe,
    ProbeSent,
    RoundEnd,
    Silence,
    TraceEvent,
)
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import TraceSettings
from rawkit.wire import icmp
from rawkit.wire.news import Opened

ROUTER, OTHER, GOAL = map(IPv4Address, ("192.0.2.1", "192.0.2.2", "198.51.100.7"))
HERE = IPv4Address("192.0.2.100")
TARGET = Target("goal.example", GOAL, HERE)
SETTINGS = TraceSettings(announce=True, rounds=None, queries=1)
EXPIRED = {"kind": Kind.EXPIRED, "message": icmp.TimeExceeded()}
REACHED = {"kind": Kind.REACHED, "message": icmp.Unreachable(3)}
OPENED = Opened("UDP socket", "needs no privilege")


class Scene:
    """Makes events, whose times and numbers go up by themselves."""

    def __init__(self) -> None:
        self.events: list[TraceEvent] = [OPENED]
        self.serial = 0
        self.time = 1000.0

    def sent(self, ttl: int, round_: int = 1) -> Probe:
        self.serial += 1
        self.time += 0.001
        probe = Probe(self.serial, ttl, 0, round_)
        self.events.append(ProbeSent(TARGET, probe, self.time))
        return probe

    def answer(
        self, probe: Probe, source: IPv4Address = ROUTER, rtt: float = 0.002, **changes: object
    ) -> Answer:
        usual = EXPIRED if source != GOAL else REACHED
        values: dict[str, Any] = {"ttl": 65 - probe.ttl, **usual, **changes}
        answer = Answer(TARGET, probe, source=source, rtt=rtt, time=self.time + rtt, **values)
        self.events.append(answer)
        return answer

    def silence(self, probe: Probe) -> Silence:
        silence = Silence(TARGET, probe, 0.5, self.time + 0.5)
        self.events.append(silence)
        return silence

    def round(self, number: int, *rtts: float | None) -> None:
        """Add a round: a router for each time but the last, and the goal; None: silence."""
        last = len(rtts)
        for ttl, rtt in enumerate(rtts, 1):
            probe = self.sent(ttl, number)
            source = GOAL if ttl == last else ROUTER + (ttl - 1)
            outcome = self.silence(probe) if rtt is None else self.answer(probe, source, rtt)
            self.events.append(Hop(TARGET, ttl, number, (outcome,), ttl == last))
        self.events.append(RoundEnd(TARGET, number, rtts[-1] is not None, self.time))


class Told:
    """A session that tells events made before, and then ends, fails, or goes on for ever."""

    def __init__(
        self,
        events: Sequence[TraceEvent],
        settings: TraceSettings = SETTINGS,
        *,
        target: Target = TARGET,
        failure: Exception | None = None,
        endless: bool = False,
    ) -> None:
        self.target = target
        self.settings = settings
        self.closed = False
        self._events = events
        self._failure = failure
        self._endless = endless
        self._book = TraceBook(target, keep_rows=settings.rounds is not None)

    def __iter__(self) -> Iterator[TraceEvent]:
        for event in self._events:
            self._book.take(event)
            yield event
        if self._failure is not None:
            raise self._failure

    async def __aiter__(self) -> AsyncIterator[TraceEvent]:
        import asyncio

        try:
            for event in self:
                yield event
            if self._endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True

    def report(self) -> TraceReport:
        return self._book.report()
