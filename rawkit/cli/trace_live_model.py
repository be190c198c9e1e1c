"""What the live view of a trace shows: events in, rows out. Nothing here knows a terminal."""

from collections import deque
from collections.abc import Callable
from itertools import islice

from rawkit.engine.ping_events import Target
from rawkit.engine.trace_book import TraceBook
from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Hop,
    Kind,
    NotSent,
    ProbeSent,
    RoundEnd,
    Silence,
    TraceEvent,
)
from rawkit.engine.trace_report import HopReport, Remark, SourceReport, TraceReport
from rawkit.record import field, record
from rawkit.wire.address import Address
from rawkit.wire.multipart import Label
from rawkit.wire.news import Opened

Lookup = Callable[[Address], str | None]
"""What is known of an address by now: a name, a network. It never waits."""

REMEMBERED = 1024
"""Finished probes of each hop that sparkline and histogram are drawn from."""


@record
class Sample:
    """What became of one probe."""

    rtt: float | None
    """Seconds; ``None``: nobody answered in time."""
    late: bool = False
    """An answer came, but too late to count."""


@record
class Row:
    """One line of the table: a hop, or several in a row that nobody answered for."""

    hop: HopReport
    until: int
    """The last TTL of the line; mostly that of the hop."""
    host: str
    """Name or address of who answered, or what is to be said in its place."""
    network: str = ""
    """Autonomous system, as far as it was looked up."""
    notes: tuple[str, ...] = ()
    history: tuple[Sample, ...] = ()
    """Oldest first."""

    @property
    def ttl(self) -> int:
        return self.hop.ttl


@record(frozen=False)
class History:
    """The latest finished probes of one hop, in the order in which they were sent."""

    samples: dict[int, Sample] = field(default_factory=dict)
    """By the number of the probe."""

    def put(self, serial: int, sample: Sample) -> None:
        """Enter what became of a probe; a late answer takes the place of its silence."""
        self.samples[serial] = sample
        if len(self.samples) > REMEMBERED:
            del self.samples[next(iter(self.samples))]

    def latest(self, count: int) -> tuple[Sample, ...]:
        """Return the latest so many, oldest first."""
        skipped = max(0, len(self.samples) - count)
        return tuple(islice(self.samples.values(), skipped, None))


class LiveModel:
    """Takes the events of a trace; has the rows at any time."""

    def __init__(
        self,
        target: Target,
        names: Lookup = lambda address: None,
        networks: Lookup = lambda address: None,
    ) -> None:
        self.target = target
        self._names = names
        self._networks = networks
        self._opened: dict[str, Opened] = {}
        self._serial = 0
        self._ignored = 0
        """Probes up to this number were sent before the books were opened."""
        self.complaint = ""
        """Why the latest probe that could not be sent was not."""
        self._recent: deque[TraceEvent]
        self._begin()

    def reset(self) -> None:
        """Open new books; what is still to come of older probes does not enter them."""
        self._ignored = self._serial
        self.complaint = ""
        self._begin()

    def take(self, event: TraceEvent) -> None:
        """Enter one event."""
        match event:
            case Opened():
                self._opened[event.via] = event
            case ProbeSent(probe=probe):
                self._serial = max(self._serial, probe.serial)
            case Answer() | Silence() | NotSent() | Dismissed():
                if event.probe.serial <= self._ignored:
                    return
                self._enter(event)
            case Hop():
                if any(one.probe.serial <= self._ignored for one in event.outcomes):
                    return
            case RoundEnd(round=number):
                self._rounds_before = min(self._rounds_before, number - 1)
        self._book.take(event)

    def report(self) -> TraceReport:
        """Return the books."""
        return self._book.report()

    @property
    def rounds(self) -> int:
        """How many rounds have ended since the books were opened."""
        return max(0, self._book.report().rounds)

    def rows(self) -> tuple[Row, ...]:
        """Return the table; hops behind the last one heard of are one line."""
        hops = self._book.report().hops
        heard = max((hop.ttl for hop in hops if hop.sources), default=0)
        rows = [self._row(hop) for hop in hops if hop.ttl <= heard]
        beyond = [hop for hop in hops if hop.ttl > heard]
        if beyond:
            waiting = not any(hop.unanswered or hop.not_sent for hop in beyond)
            host = "waiting" if waiting else "no answer"
            notes = _remarks(beyond[0])
            rows.append(Row(beyond[0], beyond[-1].ttl, host, "", notes, self.history(heard + 1)))
        return tuple(rows)

    def history(self, ttl: int, count: int = REMEMBERED) -> tuple[Sample, ...]:
        """Return what became of the latest probes of a hop, oldest first."""
        return self._histories[ttl].latest(count) if ttl in self._histories else ()

    def name(self, address: Address) -> str:
        """Return the name of an address, or the address as long as none is known."""
        return self._names(address) or str(address)

    def network(self, address: Address) -> str:
        """Return the autonomous system of an address, if it is known."""
        return self._networks(address) or ""

    def _begin(self) -> None:
        self._book = TraceBook(self.target, keep_rows=False)
        self._histories: dict[int, History] = {}
        for opened in self._opened.values():
            self._book.take(opened)

    def _enter(self, event: Answer | Silence | NotSent | Dismissed) -> None:
        history = self._histories.setdefault(event.probe.ttl, History())
        match event:
            case Answer(duplicate=False, kind=kind) if kind is not Kind.ADVICE:
                sample = Sample(None, late=True) if event.late else Sample(event.rtt)
                history.put(event.probe.serial, sample)
            case Silence():
                history.put(event.probe.serial, Sample(None))
            case NotSent(error=error):
                self.complaint = error.strerror or str(error)

    def _row(self, hop: HopReport) -> Row:
        if not hop.sources:
            return Row(hop, hop.ttl, "no answer", "", _notes(hop), self.history(hop.ttl))
        first, *others = (source.address for source in hop.sources)
        host = self.name(first) + (f" +{len(others)}" if others else "")
        return Row(
            hop, hop.ttl, host, self.network(first), _notes(hop), self.history(hop.ttl)
        )
