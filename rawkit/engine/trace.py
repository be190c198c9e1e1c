"""Trace: which routers does a packet pass on its way? (RFC 792, RFC 4443 §3.3, traceroute(8)).

Probes leave with every TTL from 1 on, several hops at a time. Each has a mark of its own,
so an answer belongs to one probe for certain or to none; a late one revises its own row.
"""

import math

from rawkit.engine.ping_events import Target
from rawkit.engine.probe_match import REMEMBERED, Found, ProbeMatcher
from rawkit.engine.probe_packets import ProbePackets
from rawkit.engine.probe_state import State
from rawkit.engine.step import Step
from rawkit.engine.trace_book import TraceBook
from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Hop,
    Kind,
    NotSent,
    Probe,
    ProbeSent,
    RoundEnd,
    Silence,
    Stray,
    TraceEvent,
)
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_rounds import Outcome, Round, Rounds
from rawkit.engine.trace_settings import TraceSettings
from rawkit.engine.trace_wait import Patience
from rawkit.record import record
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import Dropped, News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received

UNTIRING = 64
"""News in a row that are taken in before anything else is done."""


@record(frozen=False, eq=False)
class Flight:
    """A probe under way, or one that was."""

    probe: Probe
    round: Round
    made_at: float
    sent_at: float
    sent_by: Clock = Clock.USER
    state: State = State.OPEN


class Trace:
    """Sends probes to one target with rising TTL, and tells who answers at each hop."""

    def __init__(
        self,
        target: Target,
        settings: TraceSettings,
        source_ports: range,
        identifier: int,
        key: bytes,
    ) -> None:
        """Prepare a trace.

        Args:
            target: where to.
            settings: what to send, and how long to wait.
            source_ports: of UDP and TCP; where flows have their own, they take turns.
            identifier: of ICMP, unlike those of all others in this process.
            key: secret octets for the marks.
        """
        self.target = target
        self.settings = settings
        self.packets = ProbePackets(target, settings, source_ports, identifier, key)
        self._matcher = ProbeMatcher(self.packets)
        self._patience = Patience(settings)
        self._book = TraceBook(target, keep_rows=settings.keep_rows and settings.rounds is not None)
        self._flights: dict[int, Flight] = {}
        self._open: dict[int, Flight] = {}
        self._departing: dict[int, tuple[Packet, Flight]] = {}
        self._again: list[Flight] = []
        self._rounds = Rounds(settings)
        self._serial = 0
        self._next_send_at = -math.inf
        self._can_ask_apart = settings.method == "udp" and settings.flow != "classic"
        self._asks_apart = False
        self._untiring = 0
        self._events: list[TraceEvent] = []
        self._wakes_at: float | None = 0.0

    def step(self, now: float, news: News | None = None) -> Step[TraceEvent]:
        if type(news) is Transmitted:
            self._departed(news)
            return Step((), (), self._wakes_at)
        send: tuple[Packet, ...] = ()
        if news is not None:
            self._take(now, news)
            self._untiring += 1
        if news is None or self._untiring >= UNTIRING:
            self._untiring = 0
            self._give_up(now)
            send = self._send_due(now)
            self._wakes_at = self._next_wake(now)
        elif self._wakes_at is not None:
            self._wakes_at = now  # what has come may be more
        events, self._events = self._events, []
        return Step(send, tuple(events), self._wakes_at)

    def report(self) -> TraceReport:
        """Return the books so far."""
        return self._book.report()

    # What to send

    def _send_due(self, now: float) -> tuple[Packet, ...]:
        settings, send = self.settings, list[Packet]()
        if (begins_at := self._rounds.next_at) is not None and now >= begins_at:
            self._rounds.begin(now)
        while len(self._open) < settings.parallel and now >= self._next_send_at:
            flight = self._next_flight(now)
            if flight is None:
                break
            packet = self.packets.packet(flight.probe)
            self._departing[id(packet)] = packet, flight
            send.append(packet)
            if settings.spacing:
                self._next_send_at = now + settings.spacing
        return tuple(send)

    def _next_flight(self, now: float) -> Flight | None:
        """Return the next probe that is to leave, entered in the books; ``None``: none is."""
        while self._again:
            old = self._again.pop()
            if old.probe.ttl <= old.round.last:
                flow = self.settings.queries + self._serial + 1
                return self._launch(now, old.round, old.probe.ttl, old.probe.turn, flow)
        if (round_ := self._rounds.with_slot()) is None or (slot := round_.next_slot()) is None:
            return None
        return self._launch(now, round_, *slot, self._flow_of(slot[1]))

    def _launch(self, now: float, round_: Round, ttl: int, turn: int, flow: int) -> Flight:
        self._serial += 1
        probe = Probe(self._serial, ttl, turn, round_.number, flow)
        flight = Flight(probe, round_, now, now)
        self._flights[probe.serial] = self._open[probe.serial] = flight
        if len(self._flights) > REMEMBERED:
            del self._flights[next(iter(self._flights))]
        self._matcher.sent(probe)
        self._tell(ProbeSent(self.target, probe, now))
        return flight

    def _flow_of(self, turn: int) -> int:
        match self.settings.flow:
            case "paris":
                return 0
            case "dublin":
                return turn
            case _:
                return self._serial

    # What has happened

    def _take(self, now: float, news: News) -> None:
        match news:
            case Received():
                self._read(news)
            case SendFailed(packet=packet, error=error):
                _, flight = self._departing.pop(id(packet), (None, None))
                if flight is not None and flight.state is State.OPEN:
                    self._close(flight, State.NOT_SENT)
                    self._settle(flight, NotSent(self.target, flight.probe, error, now), now)
            case Opened(via=via):
                self._matcher.sees_headers = via.startswith("raw")
                self._tell(news)
            case Dropped():
                self._tell(news)

    def _departed(self, news: Transmitted) -> None:
        _, flight = self._departing.pop(id(news.packet), (None, None))
        if flight is not None:
            flight.sent_at, flight.sent_by = news.time, news.clock

    def _read(self, received: Received) -> None:
        found = self._matcher.find(received.packet)
        if found is None or received.checksum is Checksum.BAD:
            return
        flight = self._flight_of(found)
        if flight is None:
            self._tell(Stray(self.target, found.ip.src, received.time))
        elif flight.state not in (State.DISMISSED, State.NOT_SENT):
            self._answered(flight, found, received)

    def _flight_of(self, found: Found) -> Flight | None:
        """Return the one flight that an answer belongs to; ``None``: it might be several."""
        if len(found.candidates) == 1:
            return self._flights[found.candidates[0].serial]
        self._asks_apart |= self._can_ask_apart
        return None  # not even if only one has no answer: this may be another's second

    def _answered(self, flight: Flight, found: Found, received: Received) -> None:
        rtt = max(0.0, received.time - flight.sent_at)
        answer = Answer(
            self.target,
            flight.probe,
            found.kind,
            found.ip.src,
            rtt,
            received.time,
            found.ip.ttl if isinstance(found.ip, IPv4) else found.ip.hop_limit,
            found.message,
            found.extensions,
            found.quoted_ttl,
            found.rewritten,
            late=flight.state is State.GIVEN_UP,
            duplicate=flight.state is State.ANSWERED,
            sent_by=flight.sent_by,
            received_by=received.clock,
            packet=received.packet,
        )
        if answer.duplicate or answer.kind is Kind.ADVICE:
            self._tell(answer)
            return
        self._close(flight, State.ANSWERED)
        self._patience.took(flight.probe.ttl, rtt)
        self._settle(flight, answer, received.time)

    def _settle(self, flight: Flight, outcome: Outcome, now: float) -> None:
        """Enter an outcome in the books and in its row."""
        self._tell(outcome)
        round_, probe = flight.round, flight.probe
        if round_ not in self._rounds or probe.ttl > round_.last:
            return
        was_told = round_.settle(probe.ttl, probe.turn, outcome)
        self._dismiss_beyond(round_)
        if was_told and None not in round_.rows[probe.ttl]:
            self._tell(self._row(round_, probe.ttl, revised=True))
        for complete, ttl in self._rounds.complete():
            if ttl is not None:
                self._tell(self._row(complete, ttl))
            else:
                self._tell(RoundEnd(self.target, complete.number, complete.reached, now))

    def _row(self, round_: Round, ttl: int, *, revised: bool = False) -> Hop:
        outcomes = tuple(one for one in round_.rows[ttl] if one is not None)
        is_last = ttl == round_.end
        return Hop(self.target, ttl, round_.number, outcomes, is_last, revised)

    def _dismiss_beyond(self, round_: Round) -> None:
        """Forget the probes of a round that went beyond its last hop."""
        if round_.end is None:
            return
        for flight in list(self._open.values()):
            if flight.round is round_ and flight.probe.ttl > round_.end:
                self._close(flight, State.DISMISSED)
                self._tell(Dismissed(self.target, flight.probe))

    def _give_up(self, now: float) -> None:
        for flight in list(self._open.values()):
            if flight.state is not State.OPEN:
                continue  # dismissed by the one before
            if now < flight.sent_at + self._patience.for_ttl(flight.probe.ttl):
                continue
            if self._asks_apart and flight.probe.flow < self.settings.queries:
                self._close(flight, State.DISMISSED)
                self._tell(Dismissed(self.target, flight.probe))
                self._again.append(flight)
                continue
            self._close(flight, State.GIVEN_UP)
            silence = Silence(self.target, flight.probe, now - flight.sent_at, now)
            self._settle(flight, silence, now)

    def _close(self, flight: Flight, state: State) -> None:
        flight.state = state
        self._open.pop(flight.probe.serial, None)

    def _tell(self, event: TraceEvent) -> None:
        self._book.take(event)
        if self.settings.announce or isinstance(event, Hop):
            self._events.append(event)

    # When to go on

    def _next_wake(self, now: float) -> float | None:
        """Return when there is something to do again; ``None``: never."""
        begins_at = self._rounds.next_at
        if self._rounds.are_over:
            return begins_at
        times = [f.sent_at + self._patience.for_ttl(f.probe.ttl) for f in self._open.values()]
        if len(self._open) < self.settings.parallel:
            if self._again or self._rounds.with_slot() is not None:
                times.append(max(now, self._next_send_at))
            elif begins_at is not None:
                times.append(max(now, begins_at))
        return min(times, default=now)
