"""Ping by ICMP timestamps: what time is it there? (RFC 792).

The host says when the request came and when its answer left, in milliseconds since
midnight UT. How far its clock is ahead follows as in clockdiff(8) and NTP (RFC 5905 §8):
on the way there the difference is added to the time that the way takes, and on the way
back taken from it; the mean of both is the difference, if both ways take as long. By half
of what one of them takes longer it is wrong, so the quickest answer is the best.
"""

from collections.abc import Callable
from functools import partial

from rawkit.engine.echo_payload import damage_of
from rawkit.engine.ping_answers import TimestampAnswer
from rawkit.engine.ping_events import Reply
from rawkit.engine.ping_latest import Latest
from rawkit.engine.ping_question import Ask, Match, Question
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Request, Tally
from rawkit.errors import UsageError
from rawkit.wire.icmp import LAYOUT
from rawkit.wire.icmp_queries import (
    DAY,
    TIMESTAMP,
    TimestampReply,
    TimestampRequest,
)
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received

Wall = Callable[[float], float]
"""Turns a time of the monotonic clock into seconds since 1970."""
HOURS_24 = DAY // 1000
"""In seconds."""
CUT_OFF = 0.0005
"""Seconds that a clock read in whole milliseconds is behind itself, on average."""


def ask_the_time(wall: Wall) -> Ask:
    """Return what makes a question for the time of day.

    Args:
        wall: our clock.
    """
    return partial(TimestampQuestion, wall=wall)


class TimestampQuestion(Question):
    """ICMP timestamp requests. Besides the numbers, the answer repeats the time in them."""

    def __init__(
        self,
        tallies: list[Tally],
        settings: PingSettings,
        identifier: int,
        key: bytes,
        *,
        wall: Wall,
    ) -> None:
        super().__init__(tallies, settings, identifier, key)
        for tally in tallies:
            if tally.target.address.version != 4:
                raise UsageError(f"{tally.target.address}: only IPv4 has ICMP timestamps")
        self.answer_kinds = {4: TimestampReply}
        self._wall = wall
        self._originates = Latest[tuple[int, int], int]()
        self._quickest: dict[int, float] = {}

    def packet(self, request: Request) -> Packet:
        originate = int(self._wall(request.made_at) * 1000) % DAY
        self._originates.put((request.number, request.sequence), originate)
        message = TimestampRequest(self.identifier, request.sequence & 0xFFFF, originate)
        return Packet((self.outers[request.number], message))

    def match_answer(self, ip: IPv4 | IPv6, message: Header, received: Received) -> Match | None:
        if not isinstance(message, TimestampReply) or message.identifier != self.identifier:
            return None
        size = TIMESTAMP.size + len(received.packet.payload)
        known = self.known(ip.src)
        for number in known or self.groups or (0,):
            for request in self.tallies[number].find(message.sequence):
                if self._originates.get((number, request.sequence)) == message.originate:
                    answer = self._answer(request, message, received.time)
                    return Match(ip, request, size, answer=answer)
        for number in known or self.groups:
            for request in self.tallies[number].find(message.sequence)[:1]:
                originate = self._originates.get((number, request.sequence)) or 0
                sent, came = originate.to_bytes(4, "big"), message.originate.to_bytes(4, "big")
                return Match(ip, request, size, damage_of(sent, came))
        self.stray(known)
        return None

    def quoted_request(self, ours: IPv4 | IPv6, quote: Packet) -> Request | None:
        identifier, sequence = _numbers_in(quote)
        if identifier != self.identifier:
            return None
        known = self.known(ours.dst)
        for number in known:
            for request in self.tallies[number].find(sequence)[:1]:
                return request
        self.stray(known)
        return None

    def took(self, number: int, reply: Reply) -> None:
        if reply.rtt <= self._quickest.get(number, reply.rtt):
            self._quickest[number] = reply.rtt
            super().took(number, reply)

    def _answer(self, request: Request, reply: TimestampReply, came_at: float) -> TimestampAnswer:
        originate, receive, transmit = reply.originate, reply.receive, reply.transmit
        sent, came = self._wall(request.sent_at), self._wall(came_at)
        difference = clock_difference(sent, came, receive, transmit)
        return TimestampAnswer(originate, receive, transmit, difference)


def clock_difference(sent: float, came: float, receive: int, transmit: int) -> float | None:
    """Return how far another clock is ahead, in seconds, half a day at most.

    Args:
        sent: when the request left, in seconds since any midnight UT, by our clock.
        came: when the answer came, by our clock.
        receive: when the request came, in milliseconds since midnight UT, by the other's.
        transmit: when the answer left, by the other's.

    Returns:
        ``None``: the other clock counts something else.
    """
    if receive >= DAY or transmit >= DAY:
        return None  # RFC 792: the highest bit says so; without it, it is no time at all
    there = _within_half_a_day(receive / 1000 - sent)
    back = _within_half_a_day(transmit / 1000 - came)
    return (there + back) / 2 + CUT_OFF


def _within_half_a_day(seconds: float) -> float:
    """Return a difference of times of day without the midnights between them."""
    return (seconds + HOURS_24 / 2) % HOURS_24 - HOURS_24 / 2


def _numbers_in(quote: Packet) -> tuple[int | None, int]:
    """Return identifier and sequence number of a quoted request; eight octets are enough."""
    last = quote.headers[-1]
    if isinstance(last, TimestampRequest):
        return last.identifier, last.sequence
    if len(quote.headers) == 1 and len(quote.payload) >= LAYOUT.size:
        kind, _, _, identifier, sequence = LAYOUT.unpack_from(quote.payload)
        if kind == TimestampRequest.TYPE:
            return identifier, sequence
    return None, 0
