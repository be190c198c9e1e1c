"""A handshake over UDP, for who asks: request, reply, confirmation, each again until it is heard.

    caller                              callee
    REQUEST(a)            ->            it remembers a, and chooses b
                          <-            REPLY(a, b)
    connected: CONFIRMATION(a, b) ->    connected

A request is repeated until a reply comes, a reply until the confirmation does, and the
confirmation as often as the reply. Each says which repetition it answers, if it does, so that a
round trip is measured though something was lost. The other side is
:mod:`rawkit.engine.udp_handshake_callee`.
"""

import errno
from math import inf

from rawkit.engine.step import Step
from rawkit.engine.udp_handshake_events import (
    Cause,
    Connected,
    Failed,
    HandshakeEvent,
    HandshakeReport,
    HandshakeSettings,
    Peer,
    Said,
)
from rawkit.errors import ParseError, UsageError
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address, same_address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, SendFailed
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from rawkit.wire.received import Checksum, Received
from rawkit.wire.udp import UDP
from rawkit.wire.udp_handshake import NO_TOKEN, TOKEN_SIZE, HandshakeMessage, Kind, parse

DEFAULT = HandshakeSettings()
PORT_OR_PROTOCOL, PORT_V6 = (2, 3), 4
"""Codes of "unreachable": others may pass."""
PASSING = frozenset((errno.ENOBUFS, errno.EAGAIN, errno.ENOMEM))
"""Refusals that count as a loss: it is sent again anyway."""


class Caller:
    """Asks one other side until it replies, and confirms."""

    def __init__(
        self,
        local: tuple[Address, int],
        remote: tuple[Address, int],
        token: bytes,
        settings: HandshakeSettings = DEFAULT,
    ) -> None:
        """Prepare.

        Args:
            local: address and port of ours.
            remote: address and port of the other side.
            token: 8 octets by chance, that were never used before.
            settings: how patient to be.

        Raises:
            UsageError: such a token cannot be.
        """
        if len(token) != TOKEN_SIZE or token == NO_TOKEN:
            raise UsageError(f"a token has {TOKEN_SIZE} octets that are not all zero")
        self.peer = Peer(*remote, token)
        self._local, self._settings = local, settings
        self._asked_at: list[float] = []
        self._due = -inf
        """When to ask again; connected: when to go."""
        self._connected: Connected | None = None
        self._failed: Failed | None = None
        self._advice: tuple[Header | None, Address | None] = None, None
        """The last ICMP error that may pass, and who sent it."""
        self._confirmed = self._duplicates = self._strange = self._damaged = 0

    def step(self, now: float, news: News | None = None) -> Step[HandshakeEvent]:
        if self._failed is not None:
            return Step()
        if news is not None:
            taken = self._take(now, news)
            return Step(taken.send, taken.events, None if self._failed else self._due)
        if now < self._due:
            return Step(wake_at=self._due)
        if self._connected is not None:
            return Step()
        if len(self._asked_at) >= self._settings.tries:
            return self._fail(Failed(self.peer, Cause.SILENCE, *self._advice))
        return self._ask(now)

    def report(self) -> HandshakeReport:
        asked = len(self._asked_at)
        return HandshakeReport(
            connected=(self._connected,) if self._connected else (),
            failed=(self._failed,) if self._failed else (),
            sent=asked + self._confirmed,
            repeated=max(0, asked - 1) + max(0, self._confirmed - 1),
            duplicates=self._duplicates,
            strange=self._strange,
            damaged=self._damaged,
        )

    def _ask(self, now: float) -> Step[HandshakeEvent]:
        self._asked_at.append(now)
        asked = len(self._asked_at)
        self._due = now + self._settings.wait_behind(asked)
        message = HandshakeMessage(Kind.REQUEST, self.peer.token, asked=asked)
        packet = datagram(self._local, self.peer, message)
        return Step((packet,), (Said(packet, self.peer, asked),), self._due)

    def _take(self, now: float, news: News) -> Step[HandshakeEvent]:
        match news:
            case SendFailed(error=error) if self._fails(error):
                return self._fail(Failed(self.peer, Cause.NOT_SENT, error=error))
            case Received(checksum=Checksum.BAD):
                self._damaged += 1
            case Received():
                return self._hear(now, news)
        return Step()

    def _fails(self, error: OSError) -> bool:
        return self._connected is None and error.errno not in PASSING

    def _hear(self, now: float, received: Received) -> Step[HandshakeEvent]:
        error = error_about(received.packet, self._local)
        if error is not None:
            remote, message, source = error
            if self._connected is None and is_same(remote, self.peer):
                self._advice = message, source
                if is_refusal(message):
                    return self._fail(Failed(self.peer, Cause.ICMP, message, source))
            return Step()
        heard = message_in(received.packet, self._local)
        if heard is None or not self._is_reply(*heard):
            self._strange += 1
            return Step()
        return self._confirm(now, received.time, heard[1])

    def _is_reply(self, source: tuple[Address, int], message: HandshakeMessage) -> bool:
        """Tell whether it answers one of our requests."""
        return (
            message.kind is Kind.REPLY
            and is_same(source, self.peer)
            and message.caller == self.peer.token
            and message.asked <= len(self._asked_at)
        )

    def _confirm(self, now: float, at: float, reply: HandshakeMessage) -> Step[HandshakeEvent]:
        """Answer a reply: the first one makes the connection, others say that we were not heard."""
        self._confirmed += 1
        numbers = reply.asked, reply.replied
        message = HandshakeMessage(Kind.CONFIRMATION, self.peer.token, reply.callee, *numbers)
        packet = datagram(self._local, self.peer, message)
        said = Said(packet, self.peer, self._confirmed)
        if self._connected is not None:
            self._duplicates += 1
            return Step((packet,), (said,))
        rtt = max(0.0, at - self._asked_at[reply.asked - 1]) if reply.asked else None
        self._connected = Connected(self.peer, rtt)
        self._due = now + self._settings.linger
        return Step((packet,), (said, self._connected))

    def _fail(self, failed: Failed) -> Step[HandshakeEvent]:
        self._failed = failed
        return Step(events=(failed,))


def datagram(local: tuple[Address, int], peer: Peer, message: HandshakeMessage) -> Packet:
    """Return the IP packet that carries a message."""
    udp, octets = UDP(local[1], peer.port), message.pack()
    src, dst = local[0], peer.address
    if src.version == 4:
        return IPv4(src, dst, protocol=UDP.IP_PROTOCOL) / udp / octets  # type: ignore[arg-type]
    return IPv6(src, dst, next_header=UDP.IP_PROTOCOL) / udp / octets  # type: ignore[arg-type]


def message_in(
    packet: Packet, local: tuple[Address, int]
) -> tuple[tuple[Address, int], HandshakeMessage] | None:
    """Return who sent a message to us, and the message; ``None``: it is none."""
    ip, udp = packet.headers[0] if packet.headers else None, packet.get(UDP)
    if not isinstance(ip, IPv4 | IPv6) or udp is None:
        return None
    if not same_address(ip.dst, local[0]) or udp.dst_port != local[1]:
        return None
    try:
        return (ip.src, udp.src_port), parse(bytes(packet.payload))
    except ParseError:
        return None


def error_about(
    packet: Packet, local: tuple[Address, int]
) -> tuple[tuple[Address, int], Header, Address | None] | None:
    """Return whom an ICMP error is about, the error, and who says so; ``None``: it is none."""
    about = quoted(packet)
    message = next((one for one in packet.headers if one.QUOTES is not None), None)
    outer = packet.headers[0] if packet.headers else None
    if about is None or message is None:
        return None
    ip, udp = about.headers[0] if about.headers else None, about.get(UDP)
    if not isinstance(ip, IPv4 | IPv6) or udp is None:
        return None
    if not same_address(ip.src, local[0]) or udp.src_port != local[1]:
        return None
    source = outer.src if isinstance(outer, IPv4 | IPv6) else None
    return (ip.dst, udp.dst_port), message, source


def is_refusal(message: Header) -> bool:
    """Tell whether an ICMP error says that nobody is at that port, or speaks UDP (RFC 1122)."""
    if isinstance(message, icmp.Unreachable):
        return message.code in PORT_OR_PROTOCOL
    return isinstance(message, icmpv6.Unreachable) and message.code == PORT_V6


def is_same(end: tuple[Address, int], peer: Peer) -> bool:
    """Tell whether an address and a port are those of a peer."""
    return same_address(end[0], peer.address) and end[1] == peer.port
