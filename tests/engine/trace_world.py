"""A path in virtual time: routers and a target that answer as they are told."""

import heapq
import itertools
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from rawkit.engine.ping_events import Target
from rawkit.engine.trace import Trace
from rawkit.engine.trace_events import Hop, TraceEvent
from rawkit.engine.trace_settings import TraceSettings
from rawkit.lab import saying
from rawkit.record import field, record
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.multipart import ExtensionObject
from rawkit.wire.news import News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

US, TARGET = IPv4Address("192.0.2.1"), IPv4Address("203.0.113.1")
US6, TARGET6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8:3::1")
SOURCE_PORTS, IDENTIFIER, KEY = range(50_000, 50_016), 7, b"key"
BEGIN = 100.0

Answers = Iterable[tuple[float, Packet]]
"""Packets, each so many seconds after the probe left."""
Router = Callable[[Packet, bytes, int], Answers]
"""What a router does with a probe that dies there: the probe, its octets, its number."""


def router4(number: int) -> IPv4Address:
    return IPv4Address("198.51.100.0") + number


def router6(number: int) -> IPv6Address:
    return IPv6Address("2001:db8:2::") + number


def answering(
    number: int,
    rtt: float | None = None,
    *,
    quoted: int | None = None,
    error: Callable[[int], Header] | None = None,
    extensions: Iterable[ExtensionObject] | bytes = (),
    source: Address | None = None,
    change: Callable[[bytes], bytes] = bytes,
    ttl: int | None = None,
) -> Router:
    """Return a router that answers after ``rtt`` seconds, as all others unless told otherwise."""
    wait = 0.001 * number if rtt is None else rtt

    def answer(packet: Packet, octets: bytes, _: int) -> Answers:
        version = 4 if isinstance(packet.headers[0], IPv4) else 6
        src: Address = source or (router4(number) if version == 4 else router6(number))
        said = (error or saying.time_exceeded)(version)
        body = saying.about(
            change(saying.aged(octets, number - 1)),
            said,
            extensions,
            quoted_data=quoted,
        )
        outer = saying.ip(src, US if version == 4 else US6, ttl or 65 - number)
        yield wait, outer / body

    return answer


def silent(packet: Packet, octets: bytes, ttl: int) -> Answers:
    return ()


def host(rtt: float = 0.010, *, reply: bool = False) -> Router:
    """Return a target that answers as an ordinary host; its UDP port is open if it replies."""

    def answer(packet: Packet, octets: bytes, hop: int) -> Answers:
        ip, transport = packet.headers[0], packet.headers[1]
        back = saying.ip(ip.dst, ip.src, 65 - hop)  # type: ignore[attr-defined]
        version = 4 if isinstance(ip, IPv4) else 6
        match transport:
            case icmp.EchoRequest() | icmpv6.EchoRequest():
                echo = saying.echo_reply(version, transport.identifier, transport.sequence)
                yield rtt, back / echo / packet.payload
            case TCP() if transport.flags & Flags.SYN:
                ack = transport.sequence + 1 & 0xFFFF_FFFF
                flags = Flags.SYN | Flags.ACK if reply else Flags.RST | Flags.ACK
                yield rtt, back / TCP(transport.dst_port, transport.src_port, 1, ack, flags)
            case TCP():
                number = transport.acknowledgment
                yield rtt, back / TCP(transport.dst_port, transport.src_port, number, 0, Flags.RST)
            case UDP() if reply:
                yield rtt, back / UDP(transport.dst_port, transport.src_port) / b"hello"
            case _:
                error = saying.unreachable(version, saying.Why.PORT)
                yield rtt, back / saying.about(octets, error)

    return answer


@record(frozen=False)
class World:
    """A network of one path, the clock, and the pipe to it."""

    routers: list[Router]
    target: Router = field(default_factory=host)
    raw: bool = True
    refuse: Callable[[Packet], OSError | None] = lambda packet: None
    sent: list[Packet] = field(default_factory=list)
    now: float = BEGIN
    most_in_flight: int = 0
    _arrivals: list[tuple[float, int, Packet]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    def run(self, trace: Trace, until: float = 1000.0) -> list[TraceEvent]:
        """Drive the engine to its end; return what it told."""
        told: list[TraceEvent] = []
        news: list[News] = [Opened("raw socket" if self.raw else "UDP socket", "a test")]
        while self.now < BEGIN + until:
            step = trace.step(self.now, news.pop(0) if news else self._arrival())
            told += step.events
            news.extend(self._send(packet) for packet in step.send)
            if step.wake_at is None:
                break
            if not news and step.wake_at > self.now:
                due = self._arrivals[0][0] if self._arrivals else step.wake_at
                self.now = max(self.now, min(due, step.wake_at))
        while self._arrivals:  # what has come by the end
            at, _, packet = heapq.heappop(self._arrivals)
            told += trace.step(max(at, self.now), Received(packet, at)).events
        return told

    def deliver(self, packet: Packet, at: float) -> None:
        heapq.heappush(self._arrivals, (at, next(self._order), packet))

    def _send(self, packet: Packet) -> News:
        if (error := self.refuse(packet)) is not None:
            return SendFailed(packet, error)
        self.sent.append(packet)
        octets = bytes(packet)
        seen = dissect_ip(octets)
        outer = seen.headers[0]
        ttl = outer.ttl if isinstance(outer, IPv4) else outer.hop_limit  # type: ignore[attr-defined]
        hop = min(ttl, len(self.routers) + 1)
        router = self.routers[ttl - 1] if ttl <= len(self.routers) else self.target
        for after, answer in router(seen, octets, hop):
            self.deliver(dissect_ip(bytes(answer)), self.now + after)
        self.most_in_flight = max(self.most_in_flight, len(self._arrivals))
        return Transmitted(packet, self.now)

    def _arrival(self) -> Received | None:
        if self._arrivals and self._arrivals[0][0] <= self.now:
            at, _, packet = heapq.heappop(self._arrivals)
            return Received(packet, at)
        return None


def trace(version: int = 4, **settings: Any) -> Trace:
    src, dst = (US, TARGET) if version == 4 else (US6, TARGET6)
    target = Target("target", dst, src)
    return Trace(target, TraceSettings(**settings), SOURCE_PORTS, IDENTIFIER, KEY)


def rows(events: list[TraceEvent]) -> list[Hop]:
    return [event for event in events if isinstance(event, Hop)]
