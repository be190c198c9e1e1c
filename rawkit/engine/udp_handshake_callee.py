"""The other side of a handshake over UDP: it replies to whoever asks, until that is confirmed.

What it remembers is bounded, whoever asks: of too many, those who wait longest are given up. Its
tokens follow from a secret and from who asks, so nobody can confirm what he was not told.
"""

import heapq
from collections import deque
from hashlib import blake2s
from math import inf

from rawkit.engine.step import Step
from rawkit.engine.udp_handshake import (
    DEFAULT,
    PASSING,
    datagram,
    error_about,
    is_refusal,
    is_same,
    message_in,
)
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
from rawkit.record import field, record
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, SendFailed
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.udp import UDP
from rawkit.wire.udp_handshake import MOST_TRIES, TOKEN_SIZE, HandshakeMessage, Kind, parse

MOST_WAITING = 1024
MOST_TOLD = 4096
"""Connections and failures that the report names; the latest."""
SHORTEST_SECRET, LONGEST_SECRET = 8, 32


@record(frozen=False, eq=False)
class Waiting:
    """Somebody who asked, and has not confirmed yet."""

    peer: Peer
    token: bytes
    """Ours."""
    replied_at: list[float] = field(default_factory=list)
    due: float = inf


class Callee:
    """Replies to all who ask at one port. It has no end by itself."""

    def __init__(
        self,
        local: tuple[Address, int],
        secret: bytes,
        settings: HandshakeSettings = DEFAULT,
        *,
        wanted: int | None = None,
        most: int = MOST_WAITING,
    ) -> None:
        """Prepare.

        Args:
            local: address and port of ours.
            secret: 8 to 32 octets that nobody else knows.
            settings: how patient to be.
            wanted: end when so many are connected; ``None``: never.
            most: how many may be waited for, and how many are remembered.

        Raises:
            UsageError: such a secret cannot be.
        """
        if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
            raise UsageError(f"a secret has {SHORTEST_SECRET} to {LONGEST_SECRET} octets")
        self._local, self._secret, self._settings = local, secret, settings
        self._wanted, self._most = wanted, most
        self._waiting: dict[Peer, Waiting] = {}
        self._known: dict[Peer, float] = {}
        """Who is connected, and until when that is remembered."""
        self._due: list[tuple[float, int, Waiting]] = []
        self._send: list[Packet] = []
        self._events: list[HandshakeEvent] = []
        self._connected = deque[Connected](maxlen=MOST_TOLD)
        self._failed = deque[Failed](maxlen=MOST_TOLD)
        self._made = self._sent = self._repeated = 0
        self._duplicates = self._strange = self._damaged = 0

    def step(self, now: float, news: News | None = None) -> Step[HandshakeEvent]:
        match news:
            case Received(checksum=Checksum.BAD):
                self._damaged += 1
            case Received():
                self._hear(now, news)
            case SendFailed(packet=packet, error=error) if error.errno not in PASSING:
                self._not_sent(packet, error)
        self._do_what_is_due(now)
        send, events = tuple(self._send), tuple(self._events)
        self._send.clear()
        self._events.clear()
        is_done = self._wanted is not None and self._made >= self._wanted
        return Step(send, events, None if is_done and not send else self._wakes_at(now, is_done))

    def report(self) -> HandshakeReport:
        return HandshakeReport(
            connected=tuple(self._connected),
            failed=tuple(self._failed),
            sent=self._sent,
            repeated=self._repeated,
            duplicates=self._duplicates,
            strange=self._strange,
            damaged=self._damaged,
        )

    def _wakes_at(self, now: float, is_done: bool) -> float:
        while self._due and self._due[0][2].due != self._due[0][0]:
            heapq.heappop(self._due)
        earliest = self._due[0][0] if self._due else inf
        return now if is_done else earliest

    def _do_what_is_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            at, _, waiting = heapq.heappop(self._due)
            if waiting.due != at:
                continue
            if len(waiting.replied_at) >= self._settings.tries:
                self._give_up(waiting, Failed(waiting.peer, Cause.SILENCE))
            else:
                self._repeated += 1
                self._reply(now, waiting, 0)

    def _hear(self, now: float, received: Received) -> None:
        error = error_about(received.packet, self._local)
        if error is not None:
            remote, told, source = error
            refused = [one for one in self._waiting.values() if is_same(remote, one.peer)]
            for one in refused if is_refusal(told) else ():
                self._give_up(one, Failed(one.peer, Cause.ICMP, told, source))
            return
        heard = message_in(received.packet, self._local)
        if heard is None or heard[1].kind is Kind.REPLY:
            self._strange += 1
            return
        (address, port), message = heard
        peer = Peer(address, port, message.caller)
        if message.kind is Kind.REQUEST:
            self._take_request(now, peer, message)
        else:
            self._take_confirmation(now, received.time, peer, message)

    def _take_request(self, now: float, peer: Peer, message: HandshakeMessage) -> None:
        """Reply, at once, to a first request, and to one of somebody who has not heard us."""
        if self._known.get(peer, -inf) > now:
            self._duplicates += 1  # an old one: that caller has heard us
            return
        waiting = self._waiting.get(peer)
        if waiting is None:
            self._make_room()
            waiting = self._waiting[peer] = Waiting(peer, self._token_for(peer))
        else:
            self._duplicates += 1
            if len(waiting.replied_at) >= MOST_TRIES:
                return
        self._reply(now, waiting, message.asked)

    def _take_confirmation(
        self, now: float, at: float, peer: Peer, message: HandshakeMessage
    ) -> None:
        waiting = self._waiting.get(peer)
        if waiting is None:
            is_again = self._known.get(peer, -inf) > now and message.callee == self._token_for(peer)
            self._duplicates += is_again
            self._strange += not is_again
            return
        if message.callee != waiting.token or not 1 <= message.replied <= len(waiting.replied_at):
            self._strange += 1
            return
        self._forget(waiting)
        self._remember(now, peer)
        self._made += 1
        found = Connected(peer, max(0.0, at - waiting.replied_at[message.replied - 1]))
        self._events.append(found)
        self._connected.append(found)

    def _reply(self, now: float, waiting: Waiting, asked: int) -> None:
        waiting.replied_at.append(now)
        turn = len(waiting.replied_at)
        token = waiting.peer.token
        message = HandshakeMessage(Kind.REPLY, token, waiting.token, asked, turn)
        packet = datagram(self._local, waiting.peer, message)
        waiting.due = now + self._settings.wait_behind(turn)
        self._sent += 1
        heapq.heappush(self._due, (waiting.due, self._sent, waiting))
        self._send.append(packet)
        self._events.append(Said(packet, waiting.peer, turn))

    def _not_sent(self, packet: Packet, error: OSError) -> None:
        """Give up whom the kernel does not send to."""
        heard = message_to(packet)
        waiting = None if heard is None else self._waiting.get(heard)
        if waiting is not None:
            self._give_up(waiting, Failed(waiting.peer, Cause.NOT_SENT, error=error))

    def _make_room(self) -> None:
        while len(self._waiting) >= self._most:
            oldest = next(iter(self._waiting.values()))
            self._give_up(oldest, Failed(oldest.peer, Cause.CROWD))

    def _remember(self, now: float, peer: Peer) -> None:
        """Keep in mind that this one is connected: requests of his may still be under way."""
        while self._known and (
            len(self._known) >= self._most or next(iter(self._known.values())) <= now
        ):
            del self._known[next(iter(self._known))]
        self._known[peer] = now + self._settings.linger

    def _give_up(self, waiting: Waiting, failed: Failed) -> None:
        self._forget(waiting)
        self._events.append(failed)
        self._failed.append(failed)

    def _forget(self, waiting: Waiting) -> None:
        waiting.due = inf
        del self._waiting[waiting.peer]

    def _token_for(self, peer: Peer) -> bytes:
        where = peer.address.packed + peer.port.to_bytes(2, "big") + peer.token
        token = blake2s(where, digest_size=TOKEN_SIZE, key=self._secret).digest()
        return token if any(token) else token[:-1] + b"\x01"


def message_to(packet: Packet) -> Peer | None:
    """Return whom a message of ours was for."""
    ip, udp = packet.headers[0], packet.get(UDP)
    if not isinstance(ip, IPv4 | IPv6) or udp is None:
        return None
    try:
        return Peer(ip.dst, udp.dst_port, parse(bytes(packet.payload)).caller)
    except ParseError:
        return None
