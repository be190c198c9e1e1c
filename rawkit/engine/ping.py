"""Ping: who answers, how far away, and how reliably? (RFC 792, RFC 4443 §4)."""

import math

from rawkit.engine.ping_course import Course
from rawkit.engine.ping_echo import ECHO_HEADER, EchoQuestion
from rawkit.engine.ping_events import (
    Burst,
    ErrorReply,
    Lost,
    NotSent,
    PingEvent,
    Reply,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.ping_question import Ask, Match
from rawkit.engine.ping_report import PingReport
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Outcome, Request, Tally
from rawkit.engine.step import Step
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import (
    Dropped,
    Fired,
    News,
    Opened,
    Salvo,
    SendFailed,
    Transmitted,
    Volley,
    Volleyed,
)
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum, Received

BURST = 32
"""Requests in one step at most, so that answers are read in between."""
VOLLEY = 64
"""Requests in one volley at most."""
SALVO = 256
"""Requests in one salvo at most."""
UNTIRING = 64
"""News in a row that are taken in before anything else is done.

Until all that has come is read, nobody is given up, and no more is sent.
"""
DEPARTING = 4096
"""Requests whose departure may still be told of."""


class Ping:
    """Sends requests to one target or many over one pipe, and keeps the books.

    Which requests, is the question's business: echo requests, if nothing else is asked
    for. Each is known by target, numbers and a keyed mark, so that no answer is taken
    for another's. Requests do not wait for one another; statistics count first answers
    in time, and nothing else.
    """

    def __init__(
        self,
        targets: tuple[Target, ...],
        identifier: int,
        key: bytes,
        settings: PingSettings,
        ask: Ask = EchoQuestion,
    ) -> None:
        """Prepare a ping.

        Args:
            targets: who is asked, in this order.
            identifier: 16 bits, unlike those of all other pings of this process.
            key: secret octets for the marks.
            settings: the rest.
            ask: makes the question.
        """
        self.settings = settings
        self.identifier = identifier
        keep = settings.keep_replies and settings.count is not None
        self._tallies = [Tally(target, keep) for target in targets]
        self._question = question = ask(self._tallies, settings, identifier, key)
        self._echo = question if isinstance(question, EchoQuestion) else None
        self._course = Course(settings, len(targets))
        self._departing: dict[int, tuple[Packet, Request]] = {}
        self._lost_here = 0
        self._untiring = 0
        self._fired: list[Request] = []
        self._unfired: list[Request] = []
        self._via: dict[str, str] = {}
        self._wakes_at: float | None = 0.0

    def step(self, now: float, news: News | None = None) -> Step[PingEvent]:
        if type(news) is Transmitted:  # half of all news, and no reason to do anything else
            if (request := self._departed(news.packet)) is not None:
                request.sent_at, request.sent_by = news.time, news.clock
            return Step((), (), self._wakes_at)
        step = self._step(now, news)
        self._wakes_at = step.wake_at
        return step

    def _step(self, now: float, news: News | None) -> Step[PingEvent]:
        course = self._course
        if news is None:
            self._untiring = 0
            events = self._give_up(now)
        else:
            events = self._take(news)
            self._untiring += 1
            if self._untiring < UNTIRING and not course.is_complete:
                return Step((), tuple(events), now)  # what has come may be more
        if course.is_over(now):
            events += self._give_up(math.inf)
            return Step((), tuple(events), None)
        if (volley := self._volley_or_salvo(now, events)) is not None:
            return Step((), tuple(events), now, volley)
        send = self._send_due(now, events)
        return Step(send, tuple(events), course.wake_at(now))

    def report(self) -> tuple[PingReport, ...]:
        """Return the books of every target, in the order given.

        Packets lost by the socket count with the first targets that miss an answer:
        which of them had answered cannot be known.
        """
        reports, lost_here = [], self._lost_here
        via, why = ", ".join(self._via), "; ".join(filter(None, self._via.values()))
        for number, tally in enumerate(self._tallies):
            answer = self._question.answer_of(number)
            report = tally.report(self._course.elapsed, lost_here, via, why, answer)
            lost_here -= report.ledger.lost_here - report.ledger.not_sent
            reports.append(report)
        return tuple(reports)

    # What to send

    def _send_due(self, now: float, events: list[PingEvent]) -> tuple[Packet, ...]:
        pace = self._course.pace
        send = [self._packet(request) for request in self._unfired]
        self._unfired = []
        if pace.due_at(now, self._course.caught_up) <= now:
            send.append(self._packet(self._next(now, events)))
        while len(send) < BURST and pace.due_at(now) <= now:
            send.append(self._packet(self._next(now, events)))
        return tuple(send)

    def _packet(self, request: Request) -> Packet:
        packet = self._question.packet(request)
        self._departing[id(packet)] = (packet, request)
        if len(self._departing) > DEPARTING:
            del self._departing[next(iter(self._departing))]
        return packet

    def _next(self, now: float, events: list[PingEvent]) -> Request:
        """Enter the next request in the books."""
        number = self._course.pace.next_target(now)
        tally = self._tallies[number]
        request = Request(number, tally.sent + 1, now, now)
        tally.add(request)
        self._course.made(request)
        if self.settings.announce:
            events.append(Sent(tally.target, request.sequence, now))
        return request

    def _volley_or_salvo(self, now: float, events: list[PingEvent]) -> Volley | Salvo | None:
        """Return what an adaptive ping leaves to the pipe, if the pipe takes it."""
        if not self.settings.adaptive or self._echo is None:
            return None
        if len(self._tallies) > 1:
            return self._salvo(self._echo, now, events)
        return self._volley(self._echo) if self.settings.volleys else None

    def _salvo(self, echo: EchoQuestion, now: float, events: list[PingEvent]) -> Salvo | None:
        """Return all that is due to many targets, for the pipe to send by itself."""
        pace = self._course.pace
        if self._fired or pace.due_at(now, self._course.caught_up) > now:
            return None
        self._fired = [self._next(now, events)]
        while len(self._fired) < SALVO and pace.due_at(now) <= now:
            self._fired.append(self._next(now, events))
        return echo.salvo(self._fired)

    def _landed(self, fired: Fired) -> list[PingEvent]:
        """Enter what became of a salvo in the books."""
        requests, self._fired = self._fired, []
        if not fired.departures:
            self._echo, self._unfired = None, requests
            return []
        for request, sent_at in zip(requests, fired.departures, strict=True):
            request.sent_at = sent_at
        events = [self._not_sent(requests[turn], why) for turn, why in fired.failures.items()]
        for hit in fired.hits:
            request = requests[hit.turn]
            tally = self._tallies[request.number]
            reply = Reply(
                tally.target,
                request.sequence,
                tally.target.address,
                hit.ttl,
                max(0.0, hit.time - request.sent_at),  # two clocks: ours, and the kernel's
                self.settings.size + ECHO_HEADER,
                hit.time,
                Verdict.IN_TIME,
                request.sent_by,
                hit.clock,
                hit.traffic_class,
                hit.options,
            )
            self._book(tally, request, reply)
            events.append(reply)
        return events

    def _volley(self, echo: EchoQuestion) -> Volley | None:
        """Return requests for the pipe to play by itself, where each waits for the last."""
        course, tally = self._course, self._tallies[0]
        if not course.caught_up or course.pace.started is None:
            return None
        size = VOLLEY if course.pace.count is None else min(VOLLEY, course.wanted)
        return echo.volley(tally.sent + 1, size, self.settings.interval, course.ends_at())

    def _played(self, played: Volleyed) -> list[PingEvent]:
        """Enter a volley in the books."""
        if not played.departures:
            self._echo = None
        tally, rtts = self._tallies[0], played.rtts
        for turn, sent_at in enumerate(played.departures):
            self._course.pace.next_target(sent_at)
            request = Request(0, played.volley.first + turn, sent_at, sent_at)
            tally.add(request)
            self._course.made(request)
            if turn < len(rtts):
                self._settle(request, Outcome.REPLIED)
                self._course.took(rtts[turn])
                tally.rtts.add(rtts[turn])
        if rtts:
            tally.user_sent = tally.user_stamped = True
        if not self.settings.announce or not played.departures:
            return []
        return [Burst(tally.target, played.volley.first, len(played.departures), rtts)]

    # What has happened

    def _take(self, news: News) -> list[PingEvent]:
        match news:
            case Received():
                return self._read(news)
            case SendFailed(packet=packet, error=error):
                if (request := self._departed(packet)) is not None:
                    return [self._not_sent(request, error)]
            case Dropped(count=count):
                self._lost_here += count
            case Volleyed():
                return self._played(news)
            case Fired():
                return self._landed(news)
            case Opened(via=via, why=why):
                self._via[via] = why
        return []

    def _departed(self, packet: Packet) -> Request | None:
        """Return the request that left, or did not, with this very packet."""
        _, request = self._departing.pop(id(packet), (None, None))
        return request

    def _not_sent(self, request: Request, error: OSError) -> PingEvent:
        self._settle(request, Outcome.NOT_SENT)
        return NotSent(self._tallies[request.number].target, request.sequence, error)

    def _read(self, received: Received) -> list[PingEvent]:
        match = self._question.match(received)
        if match is None:
            return []
        if match.message is not None:
            return [self._refused(received, match, match.message)]
        return [self._answered(received, match)]

    def _answered(self, received: Received, match: Match) -> Reply:
        ip, request = match.ip, match.request
        tally = self._tallies[request.number]
        verdict = self._judge(received, ip.src, match)
        if received.time < request.sent_at:
            request.forget_departure()  # this is the copy that the kernel makes for ourselves
        reply = Reply(
            tally.target,
            request.sequence,
            ip.src,
            ip.ttl,
            max(0.0, received.time - request.sent_at),
            match.size,
            received.time,
            verdict,
            request.sent_by,
            received.clock,
            ip.traffic_class,
            ip.options if isinstance(ip, IPv4) else b"",
            received.packet.payload if verdict is Verdict.CORRUPTED else b"",
            match.damage,
            match.answer,
        )
        self._book(tally, request, reply)
        return reply

    def _judge(self, received: Received, source: Address, match: Match) -> Verdict:
        request = match.request
        if match.damage is not None or received.checksum is Checksum.BAD:
            return Verdict.CORRUPTED
        if not self._question.speaks_for(source, request.number):
            return Verdict.WRONG_SOURCE
        if request.outcome is Outcome.REPLIED or request.outcome is Outcome.LATE:
            return Verdict.DUPLICATE
        overdue = received.time > request.made_at + self.settings.timeout
        if overdue or match.is_doubtful or request.outcome is Outcome.GIVEN_UP:
            return Verdict.LATE
        return Verdict.IN_TIME

    def _book(self, tally: Tally, request: Request, reply: Reply) -> None:
        match reply.verdict:
            case Verdict.IN_TIME:
                self._settle(request, Outcome.REPLIED)
                self._course.took(reply.rtt)
                tally.sample(reply)
                if reply.answer is not None:
                    self._question.took(request.number, reply)
            case Verdict.DUPLICATE:
                tally.duplicates += 1
            case Verdict.LATE:
                self._settle(request, Outcome.LATE)
            case Verdict.WRONG_SOURCE:
                tally.wrong_source += 1
            case Verdict.CORRUPTED if request.outcome is Outcome.WAITING:
                self._settle(request, Outcome.CORRUPTED)

    def _refused(self, received: Received, match: Match, message: Header) -> ErrorReply:
        request, tally = match.request, self._tallies[match.request.number]
        if match.is_advice:
            tally.advice += 1
        elif request.outcome in (Outcome.WAITING, Outcome.GIVEN_UP):
            self._settle(request, Outcome.ERROR)
        return ErrorReply(
            tally.target,
            request.sequence,
            match.ip.src,
            message,
            received.packet,
            received.time - request.sent_at,
            received.time,
            final=not match.is_advice,
        )

    def _settle(self, request: Request, outcome: Outcome) -> None:
        self._course.settled(request, outcome)
        self._tallies[request.number].settle(request, outcome)

    def _give_up(self, now: float) -> list[PingEvent]:
        events: list[PingEvent] = []
        for request in self._course.overdue(now):
            self._settle(request, Outcome.GIVEN_UP)
            events.append(Lost(self._tallies[request.number].target, request.sequence))
        return events
