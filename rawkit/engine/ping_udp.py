"""Ping by UDP: a datagram to a port, answered by another or by "port unreachable" (RFC 768).

What a service answers is its own business, and need repeat nothing. So an answer belongs
to the latest request from the port that it comes to; source ports take turns, as many as
requests may be under way. Where the payload comes back, as from an echo service or in an
ICMP error, its keyed mark tells exactly.
"""

from functools import partial

from rawkit.engine.echo_payload import MARK_SIZE, EchoPayload
from rawkit.engine.ping_answers import PortState, UDPAnswer
from rawkit.engine.ping_latest import Latest
from rawkit.engine.ping_ports import PortQuestion, SourcePorts, check_port
from rawkit.engine.ping_question import Ask, Known, Match
from rawkit.engine.ping_settings import LARGEST_DATAGRAM, PingSettings
from rawkit.engine.ping_tally import Outcome, Request, Tally
from rawkit.errors import UsageError
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received
from rawkit.wire.udp import LAYOUT, UDP

MARK = slice(0, 8)
PORT_UNREACHABLE = {4: 3, 6: 4}
"""Codes of "destination unreachable" (RFC 792, RFC 4443 §3.1)."""
UNREACHABLE_IPV6 = 1


def ask_by_udp(port: int, source_ports: SourcePorts, data: bytes | None = None) -> Ask:
    """Return what makes a question to a UDP port.

    Args:
        port: of the targets.
        source_ports: ours; the pipe's opening fills them in.
        data: all that a datagram carries; ``None``: a mark, and the pattern.

    Raises:
        UsageError: there is no such port, or no room for the data.
    """
    check_port(port)
    largest = LARGEST_DATAGRAM - LAYOUT.size
    if data is not None and len(data) > largest:
        raise UsageError(f"data is {len(data)} octets, not 0 to {largest}")
    return partial(UDPQuestion, port=port, source_ports=source_ports, data=data)


class UDPQuestion(PortQuestion):
    """Datagrams to one port of every target."""

    def __init__(
        self,
        tallies: list[Tally],
        settings: PingSettings,
        identifier: int,
        key: bytes,
        *,
        port: int,
        source_ports: SourcePorts,
        data: bytes | None = None,
    ) -> None:
        super().__init__(tallies, settings, key, IPProtocol.UDP, port, source_ports)
        self.answer_kinds = {4: UDP, 6: UDP}
        self._data = data
        self._payloads = EchoPayload(key, settings.size, settings.pattern)
        self._has_mark = data is None and settings.size >= MARK_SIZE
        self._by_mark = Latest[bytes, Request]()
        self._by_flow = Latest[tuple[int, int], Request]()
        """The latest of each target and source port."""

    def packet(self, request: Request) -> Packet:
        payload = self._payload(request)
        source = self.source_port(request)
        self._by_flow.put((request.number, source), request)
        if self._has_mark:
            self._by_mark.put(payload[MARK], request)
        return Packet((self.outers[request.number], UDP(source, self.port)), payload)

    def match_answer(self, ip: IPv4 | IPv6, message: Header, received: Received) -> Match | None:
        if not isinstance(message, UDP):
            return None
        payload, known = received.packet.payload, self.known(ip.src)
        request = self._marked(payload) or self._latest(known or self.groups, message.dst_port)
        if request is None:
            self.stray(known)
            return None
        size = LAYOUT.size + len(payload)
        return Match(ip, request, size, answer=UDPAnswer(PortState.OPEN, payload))

    def quoted_request(self, ours: IPv4 | IPv6, quote: Packet) -> Request | None:
        udp = quote.get(UDP)
        if udp is None or udp.dst_port != self.port:
            return None
        known = self.known(ours.dst)
        if self._has_mark and quote.headers[-1] is udp and len(quote.payload) >= MARK.stop:
            request = self._by_mark.get(quote.payload[MARK])
            if request is None or request.number not in known:
                self.stray(known)
                return None
            return request
        return self._latest(known, udp.src_port)

    def error(
        self, ip: IPv4 | IPv6, message: Header, request: Request, received: Received
    ) -> Match:
        if _says_port_unreachable(message) and self.speaks_for(ip.src, request.number):
            return Match(ip, request, answer=UDPAnswer(PortState.CLOSED, message=message))
        return super().error(ip, message, request, received)

    def _payload(self, request: Request) -> bytes:
        if self._data is not None:
            return self._data
        return self._payloads.of(request.number, request.sequence)

    def _marked(self, payload: bytes) -> Request | None:
        """Return the request whose payload came back whole."""
        request = self._by_mark.get(payload[MARK]) if self._has_mark else None
        return request if request is not None and self._payload(request) == payload else None

    def _latest(self, known: Known, port: int) -> Request | None:
        """Return the latest request from a port of ours; one that is waited for, if any is."""
        found = [self._by_flow.get((number, port)) for number in known]
        sent = [request for request in found if request is not None]
        waiting = [request for request in sent if request.outcome is Outcome.WAITING]
        return next(iter(waiting or sent), None)


def _says_port_unreachable(message: Header) -> bool:
    if isinstance(message, icmp.Message):
        return isinstance(message, icmp.Unreachable) and message.code == PORT_UNREACHABLE[4]
    kind, code = getattr(message, "TYPE", None), getattr(message, "code", None)
    return kind == UNREACHABLE_IPV6 and code == PORT_UNREACHABLE[6]
