"""Multipath discovery: all ways to a target, and how routers choose among them.

Routers spread packets over equally good ways by their addresses, protocol and ports. Here
probes keep all this the same within a flow, and many flows show the ways. How many flows are
enough follows from how sure one wants to be (:mod:`rawkit.engine.stopping_rule`); which
one goes where next, from what is known (:mod:`rawkit.engine.multipath_plan`).
"""

import math

from rawkit.engine.multipath_ahead import AHEAD, Ahead
from rawkit.engine.multipath_board import Board, Cell
from rawkit.engine.multipath_graph import Graph, Voice, diamonds_of
from rawkit.engine.multipath_plan import SCOUT, Planner
from rawkit.engine.multipath_report import Found as FoundNode
from rawkit.engine.multipath_report import MultipathEvent, MultipathReport
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.multipath_trials import Trials
from rawkit.engine.ping_events import Target
from rawkit.engine.probe_match import Found, ProbeMatcher
from rawkit.engine.probe_packets import ProbePackets
from rawkit.engine.probe_state import State
from rawkit.engine.step import Step
from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Kind,
    NotSent,
    Probe,
    ProbeSent,
    Silence,
    Stray,
)
from rawkit.engine.trace_wait import AT_LEAST, Patience
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import Dropped, News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received

UNTIRING = 64
"""News in a row that are taken in before anything else is done."""
FIRST_WAIT = 1 / 8
"""Part of the longest wait after which a hop is asked again while nobody has answered at all."""


STEP = 1
"""Hops that are asked ahead of those known, while the target may soon say how far it is."""


@record(frozen=False, eq=False)
class Flight:
    """A probe under way, or one that was."""

    probe: Probe
    cell: Cell
    sent_at: float
    sent_by: Clock = Clock.USER
    state: State = State.OPEN


class Multipath:
    """Sends probes of many flows to one target, and finds out where each of them passes."""

    def __init__(
        self,
        target: Target,
        settings: MultipathSettings,
        source_ports: range,
        identifier: int,
        key: bytes,
    ) -> None:
        """Prepare a discovery.

        Args:
            target: where to.
            settings: what to send, and how sure to be.
            source_ports: of UDP and TCP; where flows have their own, there are no more flows.
            identifier: of ICMP, unlike those of all others in this process.
            key: secret octets for the marks.
        """
        self.target = target
        self.settings = settings
        self.packets = ProbePackets(target, settings, source_ports, identifier, key)
        self._matcher = ProbeMatcher(self.packets)
        self._patience = Patience(settings)
        self._slowest = 0.0
        self._board = Board(settings.first_ttl, settings.attempts)
        has_own = settings.method == "tcp" or (settings.method == "udp" and settings.fixed_port)
        most = min(settings.max_flows, len(source_ports)) if has_own else settings.max_flows
        self._planner = Planner(self._board, settings, most)
        self._trials = Trials(self._board)
        self._ahead = Ahead(settings)
        self._voices: dict[tuple[int, Address], Voice] = {}
        self._flights: dict[int, Flight] = {}
        self._open: dict[int, Flight] = {}
        self._departing: dict[int, tuple[Packet, Flight]] = {}
        self._queue: list[tuple[int, int]] = []
        self._is_stale = True
        """Something has happened since the last plan."""
        self._one_at_a_time = False
        """Answers to two probes of one flow cannot be told apart."""
        self._is_cut_short = False
        self._next_send_at = -math.inf
        self._began: float | None = None
        self._latest = 0.0
        self._counts = {Stray: 0, NotSent: 0, Dropped: 0}
        self._via: dict[str, str] = {}
        self._untiring = 0
        self._events: list[MultipathEvent] = []
        self._wakes_at: float | None = 0.0

    def step(self, now: float, news: News | None = None) -> Step[MultipathEvent]:
        if type(news) is Transmitted:
            self._departed(news)
            return Step((), (), self._wakes_at)
        send: tuple[Packet, ...] = ()
        if news is not None:
            self._take(now, news)
            self._untiring += 1
        if news is None or self._untiring >= UNTIRING:
            self._untiring = 0
            send = self._go_on(now)
        elif self._wakes_at is not None:
            self._wakes_at = now  # what has come may be more
        events, self._events = self._events, []
        return Step(send, tuple(events), self._wakes_at)

    def report(self) -> MultipathReport:
        """Return the graph as far as it is known."""
        board = self._board
        graph = Graph(board, self._planner, self._voices, self.target.src)
        nodes = graph.nodes()
        lost = any(cell.is_lost for row in board.rows.values() for cell in row.values())
        return MultipathReport(
            self.target,
            any(voice.is_target for voice in self._voices.values()),
            nodes,
            graph.edges(),
            diamonds_of(nodes),
            self.settings.confidence,
            self._wakes_at is None
            and not self._is_cut_short
            and not lost
            and all(node.is_settled for node in nodes),
            len(self._flights),
            board.flows,
            self._counts[Stray],
            self._counts[NotSent],
            self._counts[Dropped],
            tuple(sorted(board.limited)),
            max(0.0, self._latest - (self._began or self._latest)),
            ", ".join(self._via),
            "; ".join(filter(None, self._via.values())),
        )

    # What to send

    def _go_on(self, now: float) -> tuple[Packet, ...]:
        """Give up what has been waited for, send what is due, and say when to go on."""
        if self._wakes_at is None:
            return ()
        if self._began is None:
            self._began = self._latest = now
        ends_at = self._began + self.settings.deadline
        self._give_up(now, everything=now >= ends_at)
        if now >= ends_at:
            self._is_cut_short, self._wakes_at = True, None
            return ()
        send = self._send_due(now)
        times = [flight.sent_at + self._wait_for(flight) for flight in self._open.values()]
        times.append(max(now, self._trials.next_at()))
        if self._queue and len(self._open) < self.settings.parallel and not self._is_blocked:
            times.append(max(now, self._next_send_at))
        if self._planner.look_ahead == STEP:
            times.append(max(now, self._ahead.holds_until(self._slowest)))
        wakes_at = min(times)
        self._wakes_at = None if math.isinf(wakes_at) else min(wakes_at, ends_at)
        return send

    @property
    def _is_blocked(self) -> bool:
        """Whether all that is to be sent has to wait for answers first."""
        return self._one_at_a_time and all(self._is_busy(flow) for _, flow in self._queue)

    def _send_due(self, now: float) -> tuple[Packet, ...]:
        is_held = self._planner.look_ahead == STEP
        let_go = is_held and now >= self._ahead.holds_until(self._slowest)
        if self._is_stale or let_go or now >= self._trials.next_at():
            self._plan(now)
        send, waiting = list[Packet](), list[tuple[int, int]]()
        for place, (ttl, flow) in enumerate(self._queue):
            if len(self._open) >= self.settings.parallel or now < self._next_send_at:
                waiting += self._queue[place:]
                break
            if len(self._flights) >= self.settings.max_probes:
                self._is_cut_short = True
                break
            if self._one_at_a_time and self._is_busy(flow):
                waiting.append((ttl, flow))
                continue
            send.append(self._launch(now, ttl, flow))
            self._next_send_at = now + self.settings.spacing
        self._queue = waiting
        return tuple(send)

    def _plan(self, now: float) -> None:
        """Make a new queue: what is on trial first, and then all else that is wanted."""
        self._is_stale = False
        self._trials.close(now)
        planner, queue, wishes = self._planner, list[tuple[int, int]](), dict[int, list[int]]()
        first = self._ahead.due(now, range(1, planner.base))
        self._ahead.doubt(self._board, SCOUT)
        planner.distances = self._ahead.distances
        is_held = now < self._ahead.holds_until(self._slowest)
        planner.look_ahead = STEP if is_held else self.settings.gap + 1
        for ttl, flow in planner.wanted():
            if ttl in self._board.limited:
                wishes.setdefault(ttl, []).append(flow)
            else:
                queue.append((ttl, flow))
        trials = self._trials.due(now, planner.levels, planner.branches, wishes)
        self._queue = [*first, *trials, *queue]

    def _launch(self, now: float, ttl: int, flow: int) -> Packet:
        cell = self._board.place(ttl, flow) if ttl != AHEAD else self._ahead.cell(flow)
        serial = len(self._flights) + 1
        probe = Probe(serial, cell.ttl, cell.sent, flow=flow)
        cell.sent += 1
        cell.open += 1
        flight = Flight(probe, cell, now)
        self._flights[serial] = self._open[serial] = flight
        self._matcher.sent(probe)
        packet = self.packets.packet(probe)
        self._departing[id(packet)] = packet, flight
        self._tell(ProbeSent(self.target, probe, now))
        return packet

    def _is_busy(self, flow: int) -> bool:
        return any(flight.cell.flow == flow for flight in self._open.values())

    # What has happened

    def _take(self, now: float, news: News) -> None:
        match news:
            case Received():
                self._read(news)
            case SendFailed(packet=packet, error=error):
                _, flight = self._departing.pop(id(packet), (None, None))
                if flight is not None and flight.state is State.OPEN:
                    self._close(flight, State.NOT_SENT)
                    self._tell(NotSent(self.target, flight.probe, error, now))
            case Opened(via=via, why=why):
                self._via[via] = why
                self._matcher.sees_headers = via.startswith("raw")
                self._ahead.opened(sees_headers=self._matcher.sees_headers)
                self._is_stale = True
                self._tell(news)
            case Dropped(count=count):
                self._counts[Dropped] += count
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
        """Return the one flight that an answer belongs to; ``None``: it might be several.

        Where this happens, a flow has one probe under way at a time from then on, and each
        is waited for so long that an answer is not to one given up before.
        """
        flights = [self._flights[probe.serial] for probe in found.candidates]
        if len(flights) > 1:
            heard = (State.OPEN,) if self._one_at_a_time else (State.OPEN, State.GIVEN_UP)
            flights = [flight for flight in flights if flight.state in heard]
        if len(flights) == 1:
            return flights[0]
        self._one_at_a_time = True
        return None

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
        if not answer.duplicate and answer.kind is not Kind.ADVICE:
            self._close(flight, State.ANSWERED)
            self._patience.took(flight.cell.ttl, rtt)
            self._slowest = max(self._slowest, rtt)
            self._settle(flight.cell, answer)
        self._tell(answer)

    def _settle(self, cell: Cell, answer: Answer) -> None:
        """Take an answer to its place, and those there which it makes believable."""
        ahead, board = self._ahead, self._board
        if ahead.owns(cell):
            ahead.take(answer)
        else:
            self._enter(cell, answer)
            ahead.check(board, cell, answer)
        for ttl, told in ahead.believed():
            if board.cell(ttl, told.probe.flow) is None:
                last = board.place(ttl, told.probe.flow)
                last.sent += 1
                self._enter(last, told)

    def _enter(self, cell: Cell, answer: Answer) -> None:
        """Take an answer to the board."""
        if self._board.answered(cell, answer.source, answer.kind):
            self._tell(FoundNode(self.target, cell.ttl, answer.source, answer.time))
        voice = self._voices.setdefault((cell.ttl, answer.source), Voice())
        voice.trips.add(answer.rtt)
        voice.is_target |= answer.kind is Kind.REACHED
        if answer.annotation:
            voice.annotations[answer.annotation] = None
        decoded = (one.decoded for one in answer.extensions)
        voice.labels = next((one for one in decoded if isinstance(one, tuple)), ())
        if cell.ends:
            for flight in list(self._open.values()):
                other = flight.cell
                if other.flow != cell.flow or self._ahead.owns(other):
                    continue
                if other.ttl > self._board.end(cell.flow):
                    self._close(flight, State.DISMISSED)
                    self._tell(Dismissed(self.target, flight.probe))

    def _give_up(self, now: float, *, everything: bool) -> None:
        for flight in list(self._open.values()):
            if everything or now >= flight.sent_at + self._wait_for(flight):
                self._close(flight, State.GIVEN_UP)
                self._tell(Silence(self.target, flight.probe, now - flight.sent_at, now))

    def _wait_for(self, flight: Flight) -> float:
        """Return for how many seconds a probe is waited for: longer with each attempt."""
        settings, turn = self.settings, flight.probe.turn
        wait = self._patience.for_ttl(flight.cell.ttl)
        if self._one_at_a_time:
            return settings.wait
        if wait >= settings.wait and settings.near and turn < settings.attempts - 1:
            heard = max(AT_LEAST, settings.near * self._slowest)
            wait = heard if self._slowest else settings.wait * FIRST_WAIT
        return float(min(settings.wait, wait * 2 ** min(turn, settings.attempts - 1)))

    def _close(self, flight: Flight, state: State) -> None:
        if flight.state is State.OPEN:
            flight.cell.open -= 1
            self._is_stale = True
            self._ahead.opened(sees_headers=False)  # if that was not told by now
        flight.state = state
        self._open.pop(flight.probe.serial, None)

    def _tell(self, event: MultipathEvent) -> None:
        if isinstance(event, Stray | NotSent):
            self._counts[type(event)] += 1
        self._latest = max(self._latest, getattr(event, "time", 0.0))
        if self.settings.announce or isinstance(event, FoundNode):
            self._events.append(event)
