"""What the live view of a trace shows: events in, rows out. Nothing here knows a terminal."""

from collections.abc import Callable, Iterator
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
from rawkit.engine.trace_report import HopReport, Remark, TraceReport
from rawkit.record import field, record
from rawkit.wire.address import Address
from rawkit.wire.news import Opened

Known = Callable[[Address], str | None]
"""What is known of an address by now: a name, a network. It never waits."""

REMEMBERED = 1024
"""Finished probes of each hop that sparkline, histogram and percentiles are made from."""


def unknown(_: Address) -> str | None:
    """Know nothing of any address."""
    return None


@record
class Sample:
    """What became of one probe."""

    rtt: float | None
    """Seconds; ``None``: nobody answered in time."""
    is_late: bool = False
    """An answer came, but too late to count."""


@record
class Row:
    """One line of the table: a hop, or several in a row that nobody answered for."""

    hop: HopReport
    """The first of them."""
    until: int
    """TTL of the last of them; mostly that of the hop."""
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
    """The latest finished probes of one hop."""

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
    """Takes the events of a trace; has the table at any time."""

    def __init__(self, target: Target, names: Known = unknown, networks: Known = unknown) -> None:
        self.target = target
        self.complaint = ""
        """Why the latest probe that could not be sent was not; empty: all were."""
        self._names = names
        self._networks = networks
        self._report: TraceReport | None = None
        self._opened: dict[str, Opened] = {}
        self.round = 0
        """The latest that has begun."""
        self._serial = self._old_serial = self._old_round = 0
        self._begin()

    def reset(self) -> None:
        """Open new books; what is still to come of older probes does not enter them."""
        self._old_serial, self._old_round = self._serial, self.round
        self._begin()

    def take(self, event: TraceEvent) -> None:
        """Enter one event."""
        match event:
            case Opened(via=via):
                self._opened[via] = event
            case ProbeSent(probe=probe):
                self._serial = max(self._serial, probe.serial)
                self.round = max(self.round, probe.round)
            case Answer() | Silence() | NotSent() | Dismissed():
                if event.probe.serial <= self._old_serial:
                    return
                self._enter(event)
            case Hop(round=number) | RoundEnd(round=number) if number <= self._old_round:
                return
        self._book.take(event)
        self._report = None

    def report(self) -> TraceReport:
        """Return the books."""
        if self._report is None:
            self._report = self._book.report()
        return self._report

    def rows(self) -> tuple[Row, ...]:
        """Return the table, up to the target; what lies behind the last answer is one line."""
        hops = self.report().hops
        at_target = [place for place, hop in enumerate(hops, 1) if self._is_target(hop)]
        hops = hops[: at_target[0]] if at_target else hops
        heard = max((hop.ttl for hop in hops if hop.sources), default=0)
        rows = [self._row(hop) for hop in hops if hop.ttl <= heard]
        if beyond := [hop for hop in hops if hop.ttl > heard]:
            rows.append(self._row(beyond[0], beyond[-1].ttl))
        return tuple(rows)

    def history(self, ttl: int, count: int = REMEMBERED) -> tuple[Sample, ...]:
        """Return what became of the latest probes of a hop, oldest first."""
        return self._histories[ttl].latest(count) if ttl in self._histories else ()

    def name(self, address: Address) -> str | None:
        """Return the name of an address, if it is known."""
        return self._names(address)

    def network(self, address: Address) -> str | None:
        """Return the autonomous system of an address, if it is known."""
        return self._networks(address)

    def _begin(self) -> None:
        self.complaint = ""
        self._book = TraceBook(self.target, keep_rows=False, samples=REMEMBERED)
        self._report = None
        self._histories: dict[int, History] = {}
        for opened in self._opened.values():
            self._book.take(opened)

    def _enter(self, event: Answer | Silence | NotSent | Dismissed) -> None:
        history = self._histories.setdefault(event.probe.ttl, History())
        match event:
            case Answer(duplicate=False, kind=kind) if kind is not Kind.ADVICE:
                sample = Sample(None, is_late=True) if event.late else Sample(event.rtt)
                history.put(event.probe.serial, sample)
            case Silence():
                history.put(event.probe.serial, Sample(None))
            case NotSent(error=error):
                self.complaint = error.strerror or str(error)

    def _is_target(self, hop: HopReport) -> bool:
        return any(source.address == self.target.address for source in hop.sources)

    def _row(self, hop: HopReport, until: int | None = None) -> Row:
        history, notes = self.history(hop.ttl), tuple(notes_of(hop))
        if not hop.sources:
            host = "no answer" if hop.unanswered else "not sent" if hop.not_sent else "waiting"
            return Row(hop, until or hop.ttl, host, "", notes, history)
        first, *others = (source.address for source in hop.sources)
        host = self.name(first) or str(first)
        if others:
            host += f" +{len(others)}"
        return Row(hop, hop.ttl, host, self.network(first) or "", notes, history)


def notes_of(hop: HopReport) -> Iterator[str]:
    """Yield what is remarkable about a hop, in a word or two each."""
    for source in hop.sources:
        yield from source.annotations
    for source in hop.sources:
        if source.labels:
            yield "MPLS " + "/".join(str(label.label) for label in source.labels)
            break
    for remark in hop.remarks:
        match remark:
            case Remark.ECMP:
                yield f"{len(hop.sources)} routers"
            case Remark.ASYMMETRIC:
                yield f"back {hop.asymmetry:+}"
            case Remark.NAT:
                yield "NAT"
            case _:
                yield remark.value
