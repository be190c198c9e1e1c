"""A network in memory, in virtual time: delay, loss, duplication, reordering."""

import heapq
import itertools
import math
import os
from collections.abc import Callable, Iterable
from random import Random

from rawkit.record import field, record
from rawkit.testing.clock import VirtualClock
from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

Answerer = Callable[[Packet], Iterable[Packet]]
"""A host: what does it send when this packet reaches it?"""


@record(kw_only=True)
class Weather:
    """What the network does to packets, each way."""

    delay: float = 0.0
    """Seconds from one end to the other."""
    jitter: float = 0.0
    """Seconds more or less, evenly spread; order is not kept."""
    loss: float = 0.0
    """Share of packets that vanish, 0 to 1. So are the next two."""
    duplicate: float = 0.0
    reorder: float = 0.0
    """Share of packets that skip the delay."""


@record(frozen=False)
class MemoryNetwork:
    """A pipe to hosts that exist only here. Never the same trouble twice, unless seeded so.

    Packets go through octets on their way, as on a real network.
    """

    answer: Answerer
    clock: VirtualClock
    weather: Weather = field(default_factory=Weather)
    seed: int = 1

    sent: list[Packet] = field(default_factory=list, init=False)
    """Everything handed to the network, in order."""
    _random: Random = field(init=False)
    _arrivals: list[tuple[float, int, Packet]] = field(default_factory=list, init=False)
    _departures: list[News] = field(default_factory=list, init=False)
    _order: "itertools.count[int]" = field(default_factory=itertools.count, init=False)
    _ready: int = field(default=-1, init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.clock.add_source(self._next_at)

    def send(self, packet: Packet) -> None:
        if self._ready < 0:
            raise OSError("the network is closed")
        now = self.clock.now()
        self.sent.append(packet)
        self._departures.append(Transmitted(packet, now))
        os.eventfd_write(self._ready, 1)
        for there in self._travel_times():
            for reply in self.answer(dissect_ip(bytes(packet))):
                for back in self._travel_times():
                    self.deliver(reply, now + there + back)

    def deliver(self, packet: Packet, at: float) -> None:
        """Have a packet arrive out of the blue."""
        heapq.heappush(self._arrivals, (at, next(self._order), packet))
        os.eventfd_write(self._ready, 1)

    def receive(self) -> News | None:
        if self._departures:
            return self._departures.pop(0)
        if self._next_at() <= self.clock.now():
            at, _, packet = heapq.heappop(self._arrivals)
            return Received(dissect_ip(bytes(packet)), at)
        return None

    def fileno(self) -> int:
        return self._ready

    def close(self) -> None:
        if self._ready >= 0:
            os.close(self._ready)
        self._ready = -1

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._ready < 0

    def _next_at(self) -> float:
        return self._arrivals[0][0] if self._arrivals else math.inf

    def _travel_times(self) -> list[float]:
        """Return how long each copy of a packet is under way; none: it is lost."""
        weather, draw = self.weather, self._random.random
        if draw() < weather.loss:
            return []
        time = weather.delay + (2 * draw() - 1) * weather.jitter
        if draw() < weather.reorder:
            time = 0.0
        copies = 2 if draw() < weather.duplicate else 1
        return [max(0.0, time)] * copies


def echo_host(*addresses: str) -> Answerer:
    """Return a host that answers echo requests to these addresses, as RFC 1122 §3.2.2.6 asks."""

    def answer(packet: Packet) -> Iterable[Packet]:
        match packet.headers:
            case (IPv4() as ip, icmp.EchoRequest() as echo) if str(ip.dst) in addresses:
                reply = icmp.EchoReply(echo.identifier, echo.sequence)
                yield IPv4(ip.dst, ip.src) / reply / packet.payload
            case (IPv6() as ip, icmpv6.EchoRequest() as echo) if str(ip.dst) in addresses:
                reply6 = icmpv6.EchoReply(echo.identifier, echo.sequence)
                yield IPv6(ip.dst, ip.src) / reply6 / packet.payload

    return answer
