"""The plain question of a ping: say this again (RFC 792, RFC 4443 §4)."""

from collections.abc import Sequence

from rawkit.engine.echo_payload import EchoPayload, damage_of
from rawkit.engine.family import family_of
from rawkit.engine.ping_question import Match, Question
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Request, Tally
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Salvo, Volley
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received

ECHO_HEADER = 8


class EchoQuestion(Question):
    """Echo requests, each with a keyed mark in its payload."""

    def __init__(
        self, tallies: list[Tally], settings: PingSettings, identifier: int, key: bytes
    ) -> None:
        super().__init__(tallies, settings, identifier, key)
        self.payloads = EchoPayload(key, settings.size, settings.pattern)
        for tally in tallies:
            address = tally.target.address
            self.answer_kinds[address.version] = family_of(address).echo_reply

    def packet(self, request: Request) -> Packet:
        outer = self.outers[request.number]
        echo = family_of(outer.dst).echo_request(self.identifier, request.sequence & 0xFFFF)
        return Packet((outer, echo), self.payloads.of(request.number, request.sequence))

    def match_answer(self, ip: IPv4 | IPv6, message: Header, received: Received) -> Match | None:
        if not isinstance(message, family_of(ip.src).echo_reply):
            return None
        if message.identifier != self.identifier:
            return None  # a raw socket hears every ping on the machine
        payload = received.packet.payload
        size = len(payload) + ECHO_HEADER
        known = self.known(ip.src)
        for number in (*known, *self._claimed_by(payload)):
            for request in self.tallies[number].find(message.sequence):
                if self.payloads.of(number, request.sequence) == payload:
                    return Match(ip, request, size)
        for number in known or self.groups:
            for request in self.tallies[number].find(message.sequence)[:1]:
                sent = self.payloads.of(number, request.sequence)
                return Match(ip, request, size, damage_of(sent, payload))
        self.stray(known)
        return None

    def quoted_request(self, ours: IPv4 | IPv6, quote: Packet) -> Request | None:
        echo = quote.headers[-1]
        if not isinstance(echo, family_of(ours.dst).echo_request):
            return None
        if echo.identifier != self.identifier:
            return None
        known = self.known(ours.dst)
        for number in known:
            for request in self.tallies[number].find(echo.sequence):
                sent = self.payloads.of(number, request.sequence)
                if sent.startswith(quote.payload[: len(sent)]):
                    return request
        self.stray(known)
        return None

    def volley(self, first: int, size: int, patience: float, ends_at: float) -> Volley:
        """Return requests to the only target, for the pipe to play.

        Args:
            first: sequence number of the first.
            size: how many.
            patience: seconds to wait for each answer.
            ends_at: when no more is to leave.
        """
        payloads = tuple(self.payloads.of(0, first + turn) for turn in range(size))
        return Volley(self.outers[0], self.identifier, first, payloads, patience, ends_at)

    def salvo(self, requests: Sequence[Request]) -> Salvo:
        """Return requests to many targets, for the pipe to fire."""
        outers, payloads = self.outers, self.payloads
        return Salvo(
            self.identifier,
            tuple(
                (outers[one.number], one.sequence, payloads.of(one.number, one.sequence))
                for one in requests
            ),
        )

    def _claimed_by(self, payload: bytes) -> list[int]:
        """Return whom a reply from a stranger may be meant to stand for."""
        number = self.payloads.target_in(payload)
        if number is not None and number < len(self.tallies):
            return [number]
        return self.groups or [0]
