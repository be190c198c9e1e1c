"""Ping: who answers, how far away, and how reliably? (RFC 792, RFC 4443 §4)."""

import math
from collections import deque
from ipaddress import IPv4Address

from rawkit.engine.echo_payload import EchoPayload, damage_of
from rawkit.engine.family import ADVICE, Address, family_of
from rawkit.engine.ping_events import (
    ErrorReply,
    Lost,
    NotSent,
    PingEvent,
    Reply,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.ping_pace import Pace
from rawkit.engine.ping_report import PingReport
from rawkit.engine.ping_settings import PingSettings, outer_header
from rawkit.engine.ping_tally import Outcome, Request, Tally
from rawkit.engine.step import Step
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Dropped, News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from rawkit.wire.received import Checksum, Received

BURST = 32
"""Requests in one step at most, so that answers are read in between."""
BROADCAST = IPv4Address("255.255.255.255")
DEPARTING = 4096
"""Requests whose departure may still be told of."""
ECHO_HEADER = 8

Echo = icmp.EchoRequest | icmp.EchoReply | icmpv6.EchoRequest | icmpv6.EchoReply


class Ping:
    """Sends echo requests to one target or many over one pipe, and keeps the books.

    Each request is known by target, identifier, sequence number and a keyed mark in
    its payload, so that no answer is taken for another's. Requests do not wait for
    one another; statistics count first answers in time, and nothing else.
    """

    def __init__(
        self, targets: tuple[Target, ...], identifier: int, key: bytes, settings: PingSettings
    ) -> None:
        """Prepare a ping.

        Args:
            targets: who is asked, in this order.
            identifier: 16 bits, unlike those of all other pings of this process.
            key: secret octets for the marks, at most 32.
            settings: the rest.
        """
        self.settings = settings
        self.identifier = identifier
        self._payloads = EchoPayload(key, settings.size, settings.pattern)
        self._tallies = [Tally(target, settings.keep_replies) for target in targets]
        self._outers = [outer_header(target, settings) for target in targets]
        self._numbers: dict[Address, list[int]] = {}
        for number, target in enumerate(targets):
            self._numbers.setdefault(target.address, []).append(number)
        self._to_groups = [n for n, target in enumerate(targets) if self._is_group(target.address)]
        self._pace = Pace(
            targets=len(targets),
            count=settings.count,
            interval=settings.interval,
            spacing=settings.spacing,
            preload=settings.preload,
            adaptive=settings.adaptive,
            count_answers=settings.deadline is not None,
        )
        self._waiting: deque[tuple[float, Request]] = deque()
        self._in_flight = 0
        self._departing: dict[int, tuple[Packet, Request]] = {}
        self._slowest = 0.0
        self._heard = False
        self._lost_here = 0
        self._last = self._last_sent = 0.0
        self._via: dict[str, str] = {}

    def step(self, now: float, news: News | None = None) -> Step[PingEvent]:
        events = self._take(now, news) if news is not None else []
        if self._waiting and self._waiting[0][0] <= now:
            events += self._give_up(now)
        if self._is_over(now):
            events += self._give_up(math.inf)
            return Step((), tuple(events), None)
        send = self._send_due(now, events)
        return Step(send, tuple(events), self._wake_at(now))

    def report(self) -> tuple[PingReport, ...]:
        """Return the books of every target, in the order given.

        Packets lost by the socket count with the first targets that miss an answer:
        which of them had answered cannot be known.
        """
        elapsed = self._last - (self._pace.started or self._last)
        reports, lost_here = [], self._lost_here
        via, why = ", ".join(self._via), "; ".join(filter(None, self._via.values()))
        for tally in self._tallies:
            report = tally.report(elapsed, lost_here, via, why)
            lost_here -= report.ledger.lost_here - report.ledger.not_sent
            reports.append(report)
        return tuple(reports)

    # What to send

    def _send_due(self, now: float, events: list[PingEvent]) -> tuple[Packet, ...]:
        pace = self._pace
        if pace.due_at(now, self._in_flight == 0) > now:
            return ()
        send = [self._request(now, events)]
        while len(send) < BURST and pace.due_at(now) <= now:
            send.append(self._request(now, events))
        return tuple(send)

    def _request(self, now: float, events: list[PingEvent]) -> Packet:
        number = self._pace.next_target(now)
        tally = self._tallies[number]
        request = Request(number, tally.sent + 1, now)
        tally.add(request)
        self._in_flight += 1
        self._last = self._last_sent = now
        self._waiting.append((now + self.settings.timeout, request))
        echo = family_of(tally.target.address).echo_request(
            self.identifier, request.sequence & 0xFFFF
        )
        payload = self._payloads.of(number, request.sequence)
        packet = Packet((self._outers[number], echo), payload)
        self._departing[id(packet)] = (packet, request)
        if len(self._departing) > DEPARTING:
            del self._departing[next(iter(self._departing))]
        if self.settings.announce:
            events.append(Sent(tally.target, request.sequence, now))
        return packet

    # What has happened

    def _take(self, now: float, news: News) -> list[PingEvent]:
        match news:
            case Received():
                self._last = now
                return self._read(news)
            case Transmitted(packet=packet, time=time, clock=clock):
                if (request := self._departed(packet)) is not None:
                    request.sent_at, request.sent_by = time, clock
            case SendFailed(packet=packet, error=error):
                if (request := self._departed(packet)) is not None:
                    self._settle(request, Outcome.NOT_SENT)
                    target = self._tallies[request.number].target
                    return [NotSent(target, request.sequence, error)]
            case Dropped(count=count):
                self._lost_here += count
            case Opened(via=via, why=why):
                self._via[via] = why
        return []

    def _departed(self, packet: Packet) -> Request | None:
        """Return the request that left, or did not, with this very packet."""
        _, request = self._departing.pop(id(packet), (None, None))
        return request

    def _read(self, received: Received) -> list[PingEvent]:
        packet = received.packet
        if len(packet.headers) < 2:
            return []
        ip, message = packet.headers[0], packet.headers[-1]
        if not isinstance(ip, IPv4 | IPv6):
            return []
        if isinstance(message, icmp.EchoReply | icmpv6.EchoReply) and len(packet.headers) == 2:
            return self._read_reply(received, ip, message)
        return self._read_error(received, ip)

    def _read_reply(
        self, received: Received, ip: IPv4 | IPv6, echo: icmp.EchoReply | icmpv6.EchoReply
    ) -> list[PingEvent]:
        if echo.identifier != self.identifier:
            return []  # a raw socket hears every ping on the machine
        payload = received.packet.payload
        for number in (*self._numbers.get(ip.src, ()), *self._asked_by_mark(payload)):
            for request in self._tallies[number].find(echo.sequence):
                if self._payloads.of(number, request.sequence) == payload:
                    return [self._answered(received, ip, request)]
        return self._unlike_any(received, ip, echo)

    def _is_group(self, address: Address) -> bool:
        """Return whether many may answer for this address."""
        return self.settings.any_source or address.is_multicast or address == BROADCAST

    def _asked_by_mark(self, payload: bytes) -> list[int]:
        """Return whom a reply from a stranger may be meant to stand for."""
        number = self._payloads.target_in(payload)
        if number is not None and number < len(self._tallies):
            return [number]
        return self._to_groups or [0]

    def _unlike_any(
        self, received: Received, ip: IPv4 | IPv6, echo: icmp.EchoReply | icmpv6.EchoReply
    ) -> list[PingEvent]:
        """Judge a reply whose payload is not what any request held."""
        for number in self._numbers.get(ip.src, self._to_groups):
            for request in self._tallies[number].find(echo.sequence)[:1]:
                return [self._answered(received, ip, request, damaged=True)]
        known = self._numbers.get(ip.src) or [0]
        self._tallies[known[0]].strays += 1
        return []

    def _answered(
        self, received: Received, ip: IPv4 | IPv6, request: Request, damaged: bool = False
    ) -> Reply:
        tally = self._tallies[request.number]
        verdict = self._judge(received, ip.src, request, damaged)
        payload, damage = b"", None
        if verdict is Verdict.CORRUPTED:
            payload = received.packet.payload
            damage = damage_of(self._payloads.of(request.number, request.sequence), payload)
        reply = Reply(
            tally.target,
            request.sequence,
            ip.src,
            ip.ttl,
            received.time - request.sent_at,
            len(received.packet.payload) + ECHO_HEADER,
            received.time,
            verdict,
            request.sent_by,
            received.clock,
            ip.traffic_class,
            ip.options if isinstance(ip, IPv4) else b"",
            payload,
            damage,
        )
        self._book(tally, request, reply)
        return reply

    def _judge(
        self, received: Received, source: Address, request: Request, damaged: bool
    ) -> Verdict:
        if damaged or received.checksum is Checksum.BAD:
            return Verdict.CORRUPTED
        target = self._tallies[request.number].target.address
        if source != target and not self._is_group(target):
            return Verdict.WRONG_SOURCE
        match request.outcome:
            case Outcome.REPLIED | Outcome.LATE:
                return Verdict.DUPLICATE
            case Outcome.GIVEN_UP:
                return Verdict.LATE
            case _:
                return Verdict.IN_TIME

    def _book(self, tally: Tally, request: Request, reply: Reply) -> None:
        match reply.verdict:
            case Verdict.IN_TIME:
                self._settle(request, Outcome.REPLIED)
                self._slowest = max(self._slowest, reply.rtt)
                tally.sample(reply)
            case Verdict.DUPLICATE:
                tally.duplicates += 1
            case Verdict.LATE:
                self._settle(request, Outcome.LATE)
            case Verdict.WRONG_SOURCE:
                tally.wrong_source += 1
            case Verdict.CORRUPTED if request.outcome is Outcome.WAITING:
                self._settle(request, Outcome.CORRUPTED)

    def _read_error(self, received: Received, ip: IPv4 | IPv6) -> list[PingEvent]:
        """Match an ICMP error by all that it quotes, the destination included."""
        quote = quoted(received.packet)
        if quote is None or len(quote.headers) < 2:
            return []
        ours, echo = quote.headers[0], quote.headers[-1]
        if not isinstance(ours, IPv4 | IPv6) or not isinstance(
            echo, icmp.EchoRequest | icmpv6.EchoRequest
        ):
            return []
        numbers = self._numbers.get(ours.dst)
        if echo.identifier != self.identifier:
            return []
        for number in numbers or ():
            for request in self._tallies[number].find(echo.sequence):
                sent = self._payloads.of(number, request.sequence)
                if sent.startswith(quote.payload[: len(sent)]):
                    return [self._refused(received, ip, request)]
        self._tallies[numbers[0] if numbers else 0].strays += 1
        return []

    def _refused(self, received: Received, ip: IPv4 | IPv6, request: Request) -> ErrorReply:
        tally = self._tallies[request.number]
        message = _icmp_header(received.packet)
        final = not isinstance(message, ADVICE)
        if not final:
            tally.advice += 1
        elif request.outcome in (Outcome.WAITING, Outcome.GIVEN_UP):
            self._settle(request, Outcome.ERROR)
        return ErrorReply(
            tally.target,
            request.sequence,
            ip.src,
            message,
            received.packet,
            received.time - request.sent_at,
            received.time,
            final,
        )

    # When to stop

    def _settle(self, request: Request, outcome: Outcome) -> None:
        if request.outcome is Outcome.WAITING:
            self._in_flight -= 1
        self._heard |= outcome is Outcome.REPLIED or outcome is Outcome.ERROR
        self._tallies[request.number].settle(request, outcome)

    def _give_up(self, now: float) -> list[PingEvent]:
        events: list[PingEvent] = []
        while self._waiting and self._waiting[0][0] <= now:
            _, request = self._waiting.popleft()
            if request.outcome is Outcome.WAITING:
                self._settle(request, Outcome.GIVEN_UP)
                target = self._tallies[request.number].target
                events.append(Lost(target, request.sequence))
        return events

    def _is_over(self, now: float) -> bool:
        if self._pace.started is None:
            return False
        if now >= self._ends_at():
            return True
        if self._pace.count_answers and self._pace.count is not None:
            return self._answered_count() >= self._pace.count * len(self._tallies)
        return self._pace.is_done and self._in_flight == 0

    def _answered_count(self) -> int:
        answers = (Outcome.REPLIED, Outcome.ERROR)
        return sum(tally.outcomes[answer] for tally in self._tallies for answer in answers)

    def _ends_at(self) -> float:
        """Return when all is over, answered or not."""
        started, wanted = self._pace.started or 0.0, self.settings
        end = math.inf if wanted.deadline is None else started + wanted.deadline
        if wanted.hurry and self._heard and self._pace.is_done:
            end = min(end, self._last_sent + max(2 * self._slowest, wanted.interval))
        return end

    def _wake_at(self, now: float) -> float:
        times = [self._ends_at(), self._pace.due_at(now, self._in_flight == 0)]
        while self._waiting and self._waiting[0][1].outcome is not Outcome.WAITING:
            self._waiting.popleft()
        if self._waiting:
            times.append(self._waiting[0][0])
        return min(times)


def _icmp_header(packet: Packet) -> Header:
    """Return the outermost ICMP header, which says what is the matter."""
    return next(h for h in packet.headers if isinstance(h, icmp.Message | icmpv6.Message))
