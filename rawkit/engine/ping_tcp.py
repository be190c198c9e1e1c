"""Ping by TCP: a SYN to a port, answered by SYN-ACK or RST (RFC 9293 §3.5, §3.10.7.1).

Each SYN has a sequence number of its own, a keyed hash, which every right answer
acknowledges, and which every ICMP error quotes: it is within the first eight octets.
Each leaves from another port than the last ones. To a host that never heard the RST that
should have ended the last handshake, a SYN from the same port would belong to that one,
and be answered with a mere ACK (RFC 9293 §3.10.7.4).
"""

from functools import partial

from rawkit.engine.echo_payload import NUMBERS
from rawkit.engine.ping_answers import PortState, TCPAnswer
from rawkit.engine.ping_latest import Latest
from rawkit.engine.ping_ports import PortQuestion, SourcePorts, check_port
from rawkit.engine.ping_question import Ask, Match
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Request, Tally
from rawkit.engine.syn import SYN_OPTIONS, WINDOW
from rawkit.errors import UsageError
from rawkit.wire.handshake import Handshake
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received
from rawkit.wire.tcp import TCP, Flags, quoted_ports

THIRTY_TWO = 0xFFFF_FFFF
FIRST_REPEAT = 1.0
"""Seconds after which a kernel sends a SYN again at the soonest (RFC 6298 §2)."""


def ask_by_tcp(port: int, source_ports: SourcePorts) -> Ask:
    """Return what makes a question to a TCP port.

    Args:
        port: of the targets.
        source_ports: ours; the pipe's opening fills them in.

    Raises:
        UsageError: there is no such port.
    """
    check_port(port)
    return partial(TCPQuestion, port=port, source_ports=source_ports)


class TCPQuestion(PortQuestion):
    """SYNs to one port of every target."""

    def __init__(
        self,
        tallies: list[Tally],
        settings: PingSettings,
        identifier: int,
        key: bytes,
        *,
        port: int,
        source_ports: SourcePorts,
    ) -> None:
        super().__init__(tallies, settings, key, IPProtocol.TCP, port, source_ports)
        if self.groups:
            group = tallies[self.groups[0]].target.address
            raise UsageError(f"{group} is a group: TCP asks one host at a time")
        self.answer_kinds = {4: TCP, 6: TCP}
        self._sent = Latest[int, Request]()

    def packet(self, request: Request) -> Packet:
        number = hash(self.key + NUMBERS.pack(request.number, request.sequence)) & THIRTY_TWO
        self._sent.put(number, request)
        source = self.source_port(request)
        syn = TCP(source, self.port, number, 0, Flags.SYN, WINDOW, options=SYN_OPTIONS)
        return Packet((self.outers[request.number], syn))

    def match_answer(self, ip: IPv4 | IPv6, message: Header, received: Received) -> Match | None:
        if not isinstance(message, TCP):
            return None
        request = self._acknowledged(message)
        if request is None:
            self.stray(self.known(ip.src))
            return None
        payload, handshake = received.packet.payload, received.handshake
        state = PortState.CLOSED if message.flags & Flags.RST else PortState.OPEN
        if handshake is None:
            size = len(message.pack(payload))
            return Match(ip, request, size, answer=TCPAnswer(state, message.flags))
        answer = TCPAnswer(state, None, handshake.waited, handshake.resent)
        return Match(ip, request, answer=answer, is_doubtful=_may_be_of_second(handshake))

    def quoted_request(self, ours: IPv4 | IPv6, quote: Packet) -> Request | None:
        last = quote.headers[-1]
        if isinstance(last, TCP):
            port, number = last.dst_port, last.sequence
        elif len(quote.headers) == 1 and (cut := quoted_ports(quote.payload)) is not None:
            _, port, number = cut
        else:
            return None
        request = self._sent.get(number)
        known = self.known(ours.dst)
        # Our own port may read otherwise, if an address was translated on the way.
        if request is None or request.number not in known or port != self.port:
            return None
        return request

    def _acknowledged(self, segment: TCP) -> Request | None:
        """Return the request that a SYN-ACK or RST acknowledges."""
        flags = segment.flags
        if not flags & Flags.ACK or not flags & (Flags.SYN | Flags.RST):
            return None
        request = self._sent.get(segment.acknowledgment - 1 & THIRTY_TWO)
        if request is None or segment.src_port != self.port:
            return None
        return request if segment.dst_port == self.source_port(request) else None


def _may_be_of_second(handshake: Handshake) -> bool:
    """Tell whether the answer may be to a SYN that the kernel sent again."""
    if not handshake.resent:
        return False
    return handshake.rtt is None or handshake.waited - handshake.rtt > FIRST_REPEAT / 2
