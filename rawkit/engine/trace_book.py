"""The books of a trace: they are kept from its events alone, so a recording gives the same."""

from typing import TYPE_CHECKING

from rawkit.engine.ping_events import Target
from rawkit.engine.rtt import KEPT, RoundTrips
from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Hop,
    Kind,
    NotSent,
    ProbeSent,
    RoundEnd,
    Silence,
    Stray,
    TraceEvent,
)
from rawkit.engine.trace_remarks import remarks_of, round_hops
from rawkit.engine.trace_report import HopReport, Remark, SourceReport, TraceReport
from rawkit.record import field, record, replace
from rawkit.wire.address import Address
from rawkit.wire.news import Dropped, Opened

if TYPE_CHECKING:
    from rawkit.wire.multipart import ExtensionObject, InterfaceInfo, Label


@record(frozen=False)
class SourceTally:
    """What one address has said at one hop."""

    answers: int = 0
    trips: RoundTrips = field(default_factory=RoundTrips)
    labels: "tuple[Label, ...]" = ()
    interfaces: "tuple[InterfaceInfo, ...]" = ()
    annotations: dict[str, None] = field(default_factory=dict)

    def report(self, address: Address) -> SourceReport:
        return SourceReport(
            address,
            self.answers,
            self.trips.statistics(),
            self.labels,
            self.interfaces,
            tuple(self.annotations),
        )


@record(frozen=False)
class HopTally:
    """What happened to the probes of one hop."""

    sent: int = 0
    answered: int = 0
    late: int = 0
    not_sent: int = 0
    unanswered: int = 0
    duplicates: int = 0
    last: float | None = None
    back_hops: int | None = None
    was_rewritten: bool = False
    shares_a_round: bool = False
    """Several addresses have answered in one round."""
    trips: RoundTrips = field(default_factory=RoundTrips)
    sources: dict[Address, SourceTally] = field(default_factory=dict)
    samples: int = KEPT
    """Round trips that percentiles are taken from, at most: the latest."""
    _round: tuple[int, Address] | None = None

    def take(self, answer: Answer) -> None:
        """Enter an answer."""
        if answer.duplicate:
            self.duplicates += 1
            return
        if answer.kind is Kind.ADVICE:
            return
        if (source := self.sources.get(answer.source)) is None:
            trips = RoundTrips.of_latest(self.samples)
            source = self.sources[answer.source] = SourceTally(trips=trips)
        source.answers += 1
        if answer.late:
            self.late += 1
            self.unanswered -= 1
        else:
            self.answered += 1
            self.last = answer.rtt
            self.trips.add(answer.rtt)
            source.trips.add(answer.rtt)
        self._describe(answer, source)

    def _describe(self, answer: Answer, source: SourceTally) -> None:
        source.labels, source.interfaces = (), ()
        if answer.extensions:
            source.labels, source.interfaces = _decoded(answer.extensions)
        if answer.annotation:
            source.annotations[answer.annotation] = None
        self.back_hops = round_hops(answer.ttl)
        self.was_rewritten = self.was_rewritten or bool(answer.rewritten)
        before, self._round = self._round, (answer.probe.round, answer.source)
        if before and before[0] == answer.probe.round and before[1] != answer.source:
            self.shares_a_round = True

    def report(self, ttl: int) -> HopReport:
        settled = self.answered + self.late + self.not_sent + self.unanswered
        return HopReport(
            ttl,
            self.sent,
            self.answered,
            self.late,
            self.not_sent,
            self.unanswered,
            self.sent - settled,
            self.duplicates,
            tuple(tally.report(address) for address, tally in self.sources.items()),
            self.trips.statistics(),
            self.last,
            self.back_hops,
        )


class TraceBook:
    """Takes the events of one trace in their order; gives the report so far at any time."""

    def __init__(self, target: Target, *, keep_rows: bool = True, samples: int = KEPT) -> None:
        """Open the books.

        Args:
            target: who is traced.
            keep_rows: the report is to have every row.
            samples: how many round trips of each hop percentiles are taken from, at most.
        """
        self.target = target
        self._samples = samples
        self._keep_rows = keep_rows
        self._hops: dict[int, HopTally] = {}
        self._rows: dict[tuple[int, int], Hop] = {}
        self._ends: dict[int, int] = {}
        """The last TTL that matters, by round; of the two latest that are over, and the others."""
        self._rounds = 0
        self._reached = False
        self._target_at: int | None = None
        """The first TTL at which the target has answered in the first round."""
        self._strays = 0
        self._lost_here = 0
        self._began: float | None = None
        self._latest = 0.0
        self._via: dict[str, str] = {}

    def take(self, event: TraceEvent) -> None:
        """Enter one event."""
        match event:
            case ProbeSent() | Answer() | Silence() | NotSent() | Dismissed():
                self._enter_probe(event, self._tally(event.probe.ttl))
            case Hop():
                self._enter_row(event)
            case RoundEnd():
                self._rounds = event.round
                self._ends.pop(event.round - 2, None)
            case Opened(via=via, why=why):
                self._via[via] = why
            case Dropped(count=count):
                self._lost_here += count
            case Stray():
                self._strays += 1
        self._latest = max(self._latest, getattr(event, "time", 0.0))

    def report(self) -> TraceReport:
        """Return the books as they stand."""
        end = self._end()
        bare = [self._hops[ttl].report(ttl) for ttl in sorted(self._hops) if ttl <= end]
        hops = remarks_of(bare, self._hops, reached=self._reached, over=self._rounds > 0)
        every = dict.fromkeys(remark for hop in hops for remark in hop.remarks)
        return TraceReport(
            self.target,
            self._reached,
            hops,
            self._rounds,
            self._strays,
            self._lost_here,
            self._latest - self._began if self._began is not None else 0.0,
            tuple(remark for remark in Remark if remark in every),
            tuple(self._rows.values()),
            ", ".join(self._via),
            "; ".join(filter(None, self._via.values())),
        )

    def _tally(self, ttl: int) -> HopTally:
        if (tally := self._hops.get(ttl)) is None:
            trips = RoundTrips.of_latest(self._samples)
            tally = self._hops[ttl] = HopTally(trips=trips, samples=self._samples)
        return tally

    def _enter_probe(
        self, event: ProbeSent | Answer | Silence | NotSent | Dismissed, tally: HopTally
    ) -> None:
        match event:
            case ProbeSent(probe=probe, time=time):
                self._began = time if self._began is None else self._began
                tally.sent += 1
                self._ends[probe.round] = max(probe.ttl, self._ends.get(probe.round, 0))
            case Answer():
                tally.take(event)
                if event.kind is Kind.REACHED:
                    self._reached = True
                    if event.probe.round == 1:
                        self._target_at = min(event.probe.ttl, self._target_at or event.probe.ttl)
            case Silence():
                tally.unanswered += 1
            case NotSent():
                tally.not_sent += 1
            case Dismissed():
                tally.sent -= 1

    def _enter_row(self, row: Hop) -> None:
        if row.is_last and row.round >= self._rounds:
            is_unsent = all(isinstance(one, NotSent) for one in row.outcomes)
            before = self._ends.get(row.round - 1, 0) if is_unsent else 0
            self._ends[row.round] = max(row.ttl, before)  # unsent, the path may be as it was
        if self._keep_rows:
            self._rows[row.round, row.ttl] = replace(row, revised=False) if row.revised else row

    def _end(self) -> int:
        """Return the last TTL that matters: that of the latest finished round."""
        if not self._rounds and self._target_at is not None:
            return self._target_at
        latest = self._rounds or max(self._ends, default=0)
        return self._ends.get(latest, 0)


def _decoded(
    objects: "tuple[ExtensionObject, ...]",
) -> "tuple[tuple[Label, ...], tuple[InterfaceInfo, ...]]":
    """Return the label stack and the interfaces among extension objects."""
    from rawkit.wire.multipart import InterfaceInfo

    decoded = [one.decoded for one in objects]
    labels = next((d for d in decoded if isinstance(d, tuple)), ())
    return labels, tuple(d for d in decoded if isinstance(d, InterfaceInfo))


__all__ = ["HopTally", "TraceBook"]
