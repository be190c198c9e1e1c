"""Resolve: who on this link has an address, and is it one host only?

ARP (RFC 826) and neighbour discovery (RFC 4861) by one machine, for four purposes: to ask,
to find out that nobody has an address (RFC 5227 §2.1, RFC 4862 §5.4), and to announce
one's own in two ways. Every claim to the address is told, and compared with all others.
"""

from collections import deque

from rawkit.engine.neighbour_events import (
    MOST_MACS,
    Answer,
    Claim,
    Link,
    NotSent,
    Purpose,
    ResolveEvent,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.neighbour_pace import Pace, PaceSettings
from rawkit.engine.neighbour_packets import Invalid, claim_of, speaker_for, unscoped
from rawkit.engine.resolve_report import ResolveReport, Tally
from rawkit.engine.step import Step
from rawkit.record import record
from rawkit.wire.address import MAC, Address
from rawkit.wire.news import Dropped, News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received

REMEMBERED = 64
"""Requests that an answer may belong to: the latest."""


@record(kw_only=True)
class ResolveSettings(PaceSettings):
    """How to ask, how often, and how long to wait."""

    broadcast: bool = False
    """Keep asking everybody, also when somebody has answered."""


@record(frozen=False, eq=False)
class Request:
    """A request on its way."""

    sequence: int
    packet: Packet
    sent_at: float
    sent_by: Clock = Clock.USER
    answered_by: tuple[MAC, ...] = ()


class Resolve:
    """Asks for one address on one link, or announces it."""

    def __init__(
        self,
        target: Target,
        link: Link,
        purpose: Purpose = Purpose.ASK,
        settings: ResolveSettings | None = None,
    ) -> None:
        """Prepare.

        Args:
            target: the address, and the source address to ask from: of a probe none
                (``0.0.0.0``, ``::``), of an announcement the address itself.
            link: over which interface.
            purpose: what for.
            settings: the rest.
        """
        self.settings = settings or ResolveSettings()
        self.target, self.link, self.purpose = target, link, purpose
        self._address: Address = (
            target.address if target.address.version == 4 else unscoped(target.address)
        )
        self._speaker = speaker_for(target, link)
        self._pace = Pace(self.settings)
        self._requests = deque[Request](maxlen=REMEMBERED)
        self._tally = Tally(keep=self.settings.count is not None)

    def step(self, now: float, news: News | None = None) -> Step[ResolveEvent]:
        if news is not None:
            events = tuple(self._take(news))
            return Step((), events, None if self._pace.is_complete else now)
        events = ()
        packets: tuple[Packet, ...] = ()
        if self._pace.is_due(now):
            request = self._next_request(now)
            packets = (request.packet,)
            if self.settings.announce:
                events = (Sent(self.target, request.sequence, now),)
        return Step(packets, events, self._pace.wake_at(now))

    def report(self) -> ResolveReport:
        return self._tally.report(self.target, self.link, self.purpose, self._pace.sent)

    def _next_request(self, now: float) -> Request:
        self._pace.made(now)
        packet = self._packet()
        self._tally.made(packet, now)
        request = Request(self._pace.sent, packet, now)
        self._requests.append(request)
        return request

    def _packet(self) -> Packet:
        match self.purpose:
            case Purpose.ASK:
                known = self._tally.macs[0] if self._tally.macs else None
                return self._speaker.question(None if self.settings.broadcast else known)
            case Purpose.PROBE:
                return self._speaker.probe()
        return self._speaker.announcement(reply=self.purpose is Purpose.ANSWER)

    # What has happened

    def _take(self, news: News) -> list[ResolveEvent]:
        match news:
            case Received():
                return self._read(news)
            case Transmitted(packet=packet, time=time, clock=clock):
                if (request := self._request_of(packet)) is not None:
                    request.sent_at, request.sent_by = time, clock
            case SendFailed(packet=packet, error=error):
                if (request := self._request_of(packet)) is not None:
                    self._requests.remove(request)
                    self._tally.not_sent += 1
                    return [NotSent(self.target, request.sequence, error)]
            case Dropped(count=count):
                self._tally.lost_here += count
            case Opened(via=via, why=why):
                self._tally.via, self._tally.why = via, why
        return []

    def _request_of(self, packet: Packet) -> Request | None:
        return next((one for one in self._requests if one.packet is packet), None)

    def _read(self, received: Received) -> list[ResolveEvent]:
        try:
            claim = claim_of(received)
        except Invalid:
            self._tally.invalid += 1
            return []
        if claim is None or claim.address != self._address or not self._concerns(claim):
            return []
        answer = self._answer(received, claim)
        self._tally.take(answer)
        if self.purpose is Purpose.ASK:
            self._pace.answered(self._tally.answered)
        elif self.purpose is Purpose.PROBE:
            self._pace.is_complete = True  # one claim is enough to keep away from the address
        return [answer]

    def _concerns(self, claim: Claim) -> bool:
        """Whether a claim to the address is what is listened for."""
        if self.link.mac in (claim.mac, claim.frame_mac):
            return False  # our own, come back
        if self.purpose is Purpose.ASK:
            return self._speaker.answers(claim)
        # Others may want an address without harm to who has it: he will tell them.
        return self.purpose is Purpose.PROBE or not claim.is_probe

    def _answer(self, received: Received, claim: Claim) -> Answer:
        request = self._latest_before(received.time)
        verdict = self._judge(request, claim)
        if request is not None and claim.mac not in request.answered_by:
            if not request.answered_by:
                self._tally.answered += 1
            request.answered_by = (*request.answered_by, claim.mac)[-MOST_MACS:]
        return Answer(
            self.target,
            request.sequence if request else 0,
            claim.mac,
            max(0.0, received.time - request.sent_at) if request else None,
            received.time,
            verdict,
            claim,
            request.sent_by if request else Clock.USER,
            received.clock,
            received.packet,
        )

    def _judge(self, request: Request | None, claim: Claim) -> Verdict:
        if self.purpose is not Purpose.ASK:
            return Verdict.CONFLICT
        if any(mac != claim.mac for mac in self._tally.owners) and claim.is_override:
            return Verdict.CONFLICT
        if request is not None and claim.mac in request.answered_by:
            return Verdict.DUPLICATE
        return Verdict.ANSWER

    def _latest_before(self, time: float) -> Request | None:
        """Return the request that an arrival most likely belongs to: they have no numbers."""
        for request in reversed(self._requests):
            if request.sent_at <= time:
                return request
        return None
