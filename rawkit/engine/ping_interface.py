"""Ping by PROBE: is that interface of yours up? (RFC 8335).

It has less to go by than an echo: the sequence number has eight bits, and nothing that the
sender chooses need come back with the answer. So an answer is taken for that to the
latest request with its number; one that is later than 256 requests is taken for another's.
"""

from functools import partial

from rawkit.engine.echo_payload import damage_of
from rawkit.engine.ping_answers import InterfaceAnswer
from rawkit.engine.ping_question import Ask, Match, Question
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Request, Tally
from rawkit.wire import extended_echo
from rawkit.wire.extended_echo import LAYOUT, Interface, Reply, structure
from rawkit.wire.extended_echo import Request as ProbeRequest
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received

WINDOW = 1 << 8
"""As many requests can be told apart."""


def ask_for_interface(interface: Interface) -> Ask:
    """Return what makes a question about an interface of the target itself.

    Args:
        interface: by name, index or address.

    Raises:
        BuildError: no packet can name it.
    """
    structure(interface)
    return partial(InterfaceQuestion, interface=interface)


class InterfaceQuestion(Question):
    """Extended echo requests."""

    def __init__(
        self,
        tallies: list[Tally],
        settings: PingSettings,
        identifier: int,
        key: bytes,
        *,
        interface: Interface,
    ) -> None:
        super().__init__(tallies, settings, identifier, key)
        self._interface = interface
        self._structure = structure(interface)
        self._requests: dict[int, type[ProbeRequest]] = {4: extended_echo.ExtendedEchoRequest}
        self.answer_kinds = {4: extended_echo.ExtendedEchoReply}
        if any(tally.target.address.version == 6 for tally in tallies):
            from rawkit.wire import extended_echo_ipv6

            self._requests[6] = extended_echo_ipv6.ExtendedEchoRequest
            self.answer_kinds[6] = extended_echo_ipv6.ExtendedEchoReply

    def packet(self, request: Request) -> Packet:
        outer = self.outers[request.number]
        kind = self._requests[outer.dst.version]
        number = request.sequence % WINDOW
        return Packet((outer, kind(self.identifier, number, object=self._interface)))

    def match_answer(self, ip: IPv4 | IPv6, message: Header, received: Received) -> Match | None:
        if not isinstance(message, Reply) or message.identifier != self.identifier:
            return None
        payload, known = received.packet.payload, self.known(ip.src)
        for number in known or self.groups or (0,):
            for request in self.tallies[number].find(message.sequence, WINDOW)[:1]:
                # Some give back what they were asked, which RFC 8335 does not ask for.
                damage = damage_of(self._structure, payload) if payload else None
                size = LAYOUT.size + len(payload)
                return Match(ip, request, size, damage, _answer(message))
        self.stray(known)
        return None

    def quoted_request(self, ours: IPv4 | IPv6, quote: Packet) -> Request | None:
        probe = quote.headers[-1]
        if not isinstance(probe, ProbeRequest) or probe.identifier != self.identifier:
            return None
        known = self.known(ours.dst)
        for number in known:
            for request in self.tallies[number].find(probe.sequence, WINDOW)[:1]:
                return request
        self.stray(known)
        return None


def _answer(reply: Reply) -> InterfaceAnswer:
    return InterfaceAnswer(reply.code, reply.state, reply.active, reply.ipv4, reply.ipv6)
