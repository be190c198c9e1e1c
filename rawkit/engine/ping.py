"""Ping: how far away, and how reliably there? (RFC 792 echo)."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from rawkit.engine.step import Step
from rawkit.wire.news import News, SendFailed
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received


@dataclass(frozen=True, slots=True)
class Reply:
    """The target answered."""

    sequence: int
    source: IPv4Address
    ttl: int
    rtt: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came in time, or the request could not be sent."""

    sequence: int
    error: OSError | None = None


PingEvent = Reply | Lost


@dataclass(frozen=True, slots=True)
class PingReport:
    """What one ping session found."""

    target: IPv4Address
    sent: int
    replies: tuple[Reply, ...]

    @property
    def loss(self) -> float:
        """The share of requests without an answer, 0 to 1."""
        return 1 - len(self.replies) / self.sent if self.sent else 0.0


@dataclass(slots=True)
class Ping:
    """Sends ``count`` echo requests, ``interval`` seconds apart, and waits for each.

    Requests do not wait for one another, so a reply may come out of order; a second
    reply to the same request is ignored.
    """

    src: IPv4Address
    target: IPv4Address
    identifier: int
    count: int = 4
    interval: float = 1.0
    timeout: float = 1.0
    payload: bytes = bytes(56)

    _sent: int = field(default=0, init=False)
    _send_at: float = field(default=0.0, init=False)
    _waiting: dict[int, float] = field(default_factory=dict, init=False)
    _replies: list[Reply] = field(default_factory=list, init=False)

    def step(self, now: float, news: News | None = None) -> Step[PingEvent]:
        events = self._take(news) + self._give_up(now)
        send = self._request(now) if self._is_due(now) else ()
        return Step(send, tuple(events), self._wake_at())

    def report(self) -> PingReport:
        return PingReport(self.target, self._sent, tuple(self._replies))

    def _take(self, news: News | None) -> list[PingEvent]:
        match news:
            case Received(packet=packet, time=time):
                reply = self._match(packet, time)
                return [reply] if reply else []
            case SendFailed(packet=packet, error=error):
                sequence = packet[icmp.EchoRequest].sequence
                del self._waiting[sequence]
                return [Lost(sequence, error)]
            case None:
                return []

    def _match(self, packet: Packet, time: float) -> Reply | None:
        ip, echo = packet.get(IPv4), packet.get(icmp.EchoReply)
        if ip is None or echo is None or echo.identifier != self.identifier:
            return None  # a raw socket hears every ping on the machine
        sent_at = self._waiting.pop(echo.sequence, None)
        if sent_at is None:
            return None
        reply = Reply(echo.sequence, ip.src, ip.ttl, time - sent_at)
        self._replies.append(reply)
        return reply

    def _give_up(self, now: float) -> list[PingEvent]:
        late = [sequence for sequence, at in self._waiting.items() if now >= at + self.timeout]
        for sequence in late:
            del self._waiting[sequence]
        return [Lost(sequence) for sequence in late]

    def _is_due(self, now: float) -> bool:
        return self._sent < self.count and (self._sent == 0 or now >= self._send_at)

    def _request(self, now: float) -> tuple[Packet, ...]:
        sequence = self._sent
        self._sent += 1
        self._send_at = now + self.interval
        self._waiting[sequence] = now
        echo = icmp.EchoRequest(self.identifier, sequence)
        return (IPv4(self.src, self.target) / echo / self.payload,)

    def _wake_at(self) -> float | None:
        times = [at + self.timeout for at in self._waiting.values()]
        if self._sent < self.count:
            times.append(self._send_at)
        return min(times, default=None)
