"""A network of many paths in virtual time: routers that spread flows, or packets."""

import heapq
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import Any

from rawkit.engine.multipath import Multipath
from rawkit.engine.multipath_report import MultipathEvent, MultipathReport
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.ping_events import Target
from rawkit.lab import saying
from rawkit.record import field, record
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

US, TARGET = IPv4Address("192.0.2.1"), IPv4Address("203.0.113.1")
US6, TARGET6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8:3::1")
IDENTIFIER, KEY, PORTS = 7, b"key", range(50_000, 50_256)
BEGIN = 100.0
PORT_UNREACHABLE = saying.Why.PORT

Links = Mapping[str, Sequence[str]]
"""Who comes after whom; ``us`` is the first, and ``target`` the last."""


def diamond(width: int, before: int = 1, after: int = 1) -> dict[str, list[str]]:
    """Return a path that parts into so many ways and meets again."""
    head = ["us", *(f"in{n}" for n in range(before))]
    tail = [*(f"out{n}" for n in range(after)), "target"]
    links = {a: [b] for a, b in itertools.pairwise(head)}
    middle = [f"way{n}" for n in range(width)]
    links[head[-1]] = middle
    links |= {way: [tail[0]] for way in middle}
    return links | {a: [b] for a, b in itertools.pairwise(tail)}


@record(frozen=False, eq=False)
class Limit:
    """How often a router answers: so many a second, after a burst (as Linux does)."""

    rate: float
    burst: float
    tokens: float = field(default=-1.0)
    at: float = 0.0

    def allows(self, now: float) -> bool:
        if self.tokens < 0:
            self.tokens = self.burst
        else:
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@record(frozen=False, eq=False)
class World:
    """The network, its clock, and the pipe to it."""

    links: Links
    per_packet: Collection[str] = ()
    """Those that spread packets and not flows."""
    silent: Collection[str] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    prohibits: Collection[str] = ()
    """Those that let nobody pass, and say so."""
    slow: Mapping[str, float] = field(default_factory=dict)
    """Seconds that some take besides."""
    loss: float = 0.0
    """Share of answers that are lost."""
    copies: int = 1
    """How often each answer comes."""
    hop_time: float = 0.001
    """Seconds, there and back, of each hop."""
    seed: int = 0
    quoted: int | None = None
    """Octets of a probe that are quoted; ``None``: all."""
    left: Callable[[int], int] = lambda ttl: ttl
    """From the TTL that is left of a probe at the target to the one that its answer quotes."""
    raw: bool = True
    refuse: Callable[[Packet], OSError | None] = lambda packet: None

    sent: list[Packet] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    """How many probes each was asked with."""
    now: float = BEGIN
    most_in_flight: int = 0
    _arrivals: list[tuple[float, int, Packet]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _random: Random = field(default_factory=Random)
    _names: dict[str, int] = field(default_factory=dict)
    _salts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        for name in self.links:
            self._names[name] = len(self._names)
            self._salts[name] = self._random.getrandbits(64)

    def address(self, name: str, version: int = 4) -> Address:
        if name == "target":
            return TARGET if version == 4 else TARGET6
        if name == "us":
            return US if version == 4 else US6
        first = IPv4Address("198.51.100.0") if version == 4 else IPv6Address("2001:db8:2::")
        return first + self._names[name]

    def run(self, engine: Multipath, until: float = 1000.0) -> list[MultipathEvent]:
        """Drive the engine to its end; return what it told.

        Raises:
            AssertionError: there is no end.
        """
        told: list[MultipathEvent] = []
        news: list[News] = [Opened("raw socket" if self.raw else "UDP socket", "a test")]
        while self.now < BEGIN + until:
            step = engine.step(self.now, news.pop(0) if news else self._arrival())
            told += step.events
            news.extend(self._send(packet) for packet in step.send)
            if step.wake_at is None:
                break
            if not news and step.wake_at > self.now:
                due = self._arrivals[0][0] if self._arrivals else step.wake_at
                self.now = max(self.now, min(due, step.wake_at))
        else:
            raise AssertionError("no end")
        return told

    @property
    def elapsed(self) -> float:
        return self.now - BEGIN

    def _send(self, packet: Packet) -> News:
        if (error := self.refuse(packet)) is not None:
            return SendFailed(packet, error)
        self.sent.append(packet)
        octets = bytes(packet)
        seen = dissect_ip(octets)
        ip = seen.headers[0]
        assert isinstance(ip, IPv4 | IPv6)
        name, hop = self._dies_at(seen, ip.ttl if isinstance(ip, IPv4) else ip.hop_limit)
        self.asked[name] = self.asked.get(name, 0) + 1
        answer = self._answer(name, hop, seen, octets)
        if answer is not None and self._random.random() >= self.loss:
            at = self.now + hop * self.hop_time + self.slow.get(name, 0.0)
            for _ in range(self.copies):
                arrival = at, next(self._order), dissect_ip(bytes(answer))
                heapq.heappush(self._arrivals, arrival)
        self.most_in_flight = max(self.most_in_flight, len(self._arrivals))
        return Transmitted(packet, self.now)

    def _dies_at(self, packet: Packet, ttl: int) -> tuple[str, int]:
        """Return where a packet ends, and after how many hops."""
        name, hop = "us", 0
        key = flow_key(packet)
        while hop < ttl and name != "target" and (name not in self.prohibits):
            ways = self.links[name]
            if name in self.per_packet:
                name = self._random.choice(ways)
            else:
                name = ways[Random(f"{key} {self._salts[name]}").randrange(len(ways))]
            hop += 1
        return name, hop

    def _answer(self, name: str, hop: int, packet: Packet, octets: bytes) -> Packet | None:
        limit = self.limits.get(name)
        if name in self.silent or (limit and not limit.allows(self.now)):
            return None
        version = 4 if isinstance(packet.headers[0], IPv4) else 6
        source = self.address(name, version)
        back = saying.ip(source, US if version == 4 else US6, 65 - hop)
        if name in self.prohibits:
            said = saying.unreachable(version, saying.Why.PROHIBITED)
        elif name != "target":
            said = saying.time_exceeded(version)
        else:
            match packet.headers[1]:
                case icmp.EchoRequest() | icmpv6.EchoRequest() as echo:
                    reply = saying.echo_reply(version, echo.identifier, echo.sequence)
                    return back / reply / packet.payload
                case TCP() as tcp:
                    flags, ack = Flags.RST | Flags.ACK, tcp.sequence + 1 & 0xFFFF_FFFF
                    return back / TCP(tcp.dst_port, tcp.src_port, 0, ack, flags)
            said = saying.unreachable(version, PORT_UNREACHABLE)
        ip = packet.headers[0]
        ttl = ip.ttl if isinstance(ip, IPv4) else ip.hop_limit if isinstance(ip, IPv6) else 0
        older = ttl - self.left(ttl - hop + 1) if name == "target" else hop - 1
        body = saying.about(saying.aged(octets, older), said, (), quoted_data=self.quoted)
        return back / body

    def _arrival(self) -> Received | None:
        if self._arrivals and self._arrivals[0][0] <= self.now:
            at, _, packet = heapq.heappop(self._arrivals)
            return Received(packet, at)
        return None


def flow_key(packet: Packet) -> str:
    """Return what routers balance by (RFC 2992; of ICMP its type, code and checksum)."""
    match packet.headers[1]:
        case UDP() as udp:
            return f"udp {udp.src_port} {udp.dst_port}"
        case TCP() as tcp:
            return f"tcp {tcp.src_port} {tcp.dst_port}"
        case icmp.EchoRequest() | icmpv6.EchoRequest() as echo:
            return f"icmp {echo.checksum}"
    raise AssertionError(packet)


def multipath(version: int = 4, **settings: Any) -> Multipath:
    src, dst = (US, TARGET) if version == 4 else (US6, TARGET6)
    target = Target("target", dst, src)
    return Multipath(target, MultipathSettings(**settings), PORTS, IDENTIFIER, KEY)


def drawn(world: World, report: MultipathReport) -> dict[int, dict[str, list[str]]]:
    """Return what was found by names: at each TTL, who is followed by whom."""
    version = report.target.address.version
    names = {world.address(name, version): name for name in (*world.links, "target")}
    found: dict[int, dict[str, list[str]]] = {}
    for node in report.nodes:
        after = [report.nodes[number].address for number in node.next]
        name = "*" if node.address is None else names[node.address]
        ways = sorted("*" if one is None else names[one] for one in after)
        found.setdefault(node.ttl, {})[name] = ways
    return found


def truth(links: Links, silent: Collection[str] = ()) -> dict[int, dict[str, list[str]]]:
    """Return the same of the network itself."""
    found: dict[int, dict[str, list[str]]] = {}
    here = ["us"]
    for ttl in itertools.count():
        row: dict[str, list[str]] = {}
        for name in here:
            ways = links.get(name, ())
            row["*" if name in silent else name] = sorted(
                {"*" if way in silent else way for way in ways}
            )
        found[ttl] = row
        here = sorted({way for name in here for way in links.get(name, ())})
        if not here:
            return found
    raise AssertionError
