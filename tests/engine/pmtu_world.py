"""A path in memory for tests of the path MTU: links of any size, and routers that may lie."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address

from rawkit.engine.ping_events import Target
from rawkit.engine.pmtu import Pmtu
from rawkit.engine.pmtu_report import PmtuEvent, PmtuReport
from rawkit.engine.pmtu_settings import PmtuSettings
from rawkit.lab.saying import ip
from rawkit.record import field, record
from rawkit.session import Session
from rawkit.testing.clock import VirtualClock
from rawkit.testing.network import MemoryNetwork, Weather
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp import UDP

HERE: dict[int, Address] = {4: IPv4Address("192.0.2.1"), 6: IPv6Address("2001:db8::1")}
THERE: dict[int, Address] = {4: IPv4Address("203.0.113.7"), 6: IPv6Address("2001:db8::7")}
ROUTERS: dict[int, Address] = {4: IPv4Address("198.51.100.0"), 6: IPv6Address("2001:db8:1::")}
QUOTE = {4: 548, 6: 1232}
PORT, IDENTIFIER, SECRET = 40_000, 4242, b"unknown!"


def router(version: int, number: int) -> Address:
    """Return the address of the hop with this number."""
    return ROUTERS[version] + number


@record
class Router:
    """A router, and the link behind it."""

    mtu: int = 65_535
    filtered: bool = False
    """It does not say that a packet is too big."""
    silent: bool = False
    """It never says anything."""
    tells: int | None = None
    """The MTU that it tells; ``None``: the right one."""
    forwards_all_the_same: bool = False
    """It says that a packet is too big, and sends it on."""
    alias: int | None = None
    """Number of the address that it uses to say "too big"."""


@record
class Bucket:
    """Leave to answer: so many at once, then one in so many seconds (icmp_ratelimit)."""

    most: float = 6
    seconds: float = 1.0


@record(frozen=False)
class World:
    """Routers and a target behind them."""

    routers: tuple[Router, ...] = (Router(),) * 3
    version: int = 4
    answers_udp: bool = True
    answers_echo: bool = True
    bucket: Bucket | None = None
    """Of every router, and of the target's "port unreachable"."""
    quoted: int | None = None
    """Octets of a packet that are quoted."""
    nameless: bool = False
    """Quotes come without the IPv4 identification and the UDP length, as in an error queue."""
    now: Callable[[], float] = lambda: 0.0
    too_big: list[int] = field(default_factory=list)
    """Sizes of echo requests that somebody called too big."""
    _credit: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def mtu(self) -> int:
        """What gets through."""
        return min((one.mtu for one in self.routers), default=65_535)

    def answer(self, packet: Packet) -> Iterable[Packet]:
        """Return what comes back for a packet."""
        outer = packet.headers[0]
        assert isinstance(outer, IPv4 | IPv6)
        size = len(bytes(packet))
        ttl = outer.ttl if isinstance(outer, IPv4) else outer.hop_limit
        for number, one in enumerate(self.routers, 1):
            if ttl <= number:
                if not one.silent:
                    yield from self._say(number, number, self._expired(), packet)
                return
            if size > one.mtu or (one.forwards_all_the_same and size > (one.tells or 0)):
                if not one.filtered and not one.silent:
                    told = one.mtu if one.tells is None else one.tells
                    if not isinstance(packet.headers[-1], UDP):
                        self.too_big.append(size)
                    source = one.alias or number
                    yield from self._error(source, self._too_big(told), packet)
                if size > one.mtu:
                    return
        yield from self._arrive(packet)

    def _arrive(self, packet: Packet) -> Iterable[Packet]:
        match packet.headers:
            case (IPv4() | IPv6(), (icmp.EchoRequest() | icmpv6.EchoRequest()) as echo):
                if self.answers_echo:
                    kind = icmp.EchoReply if self.version == 4 else icmpv6.EchoReply
                    yield (
                        self._outer(THERE[self.version])
                        / kind(echo.identifier, echo.sequence)
                        / packet.payload
                    )
            case (IPv4() | IPv6(), UDP()) if self.answers_udp:
                closed = icmp.Unreachable(3) if self.version == 4 else icmpv6.Unreachable(4)
                yield from self._say(0, 0, closed, packet)

    def _say(self, number: int, bucket: int, what: Header, about: Packet) -> Iterable[Packet]:
        if self._may(bucket):
            yield from self._error(number, what, about)

    def _error(self, number: int, what: Header, about: Packet) -> Iterable[Packet]:
        source = router(self.version, number) if number else THERE[self.version]
        if self.nameless and isinstance(about.headers[0], IPv4):
            about = about.replace(IPv4, identification=0)
        octets = bytes(about)[: self.quoted or QUOTE[self.version]]
        yield self._outer(source) / what / octets

    def _outer(self, source: Address) -> IPv4 | IPv6:
        return ip(source, HERE[self.version], 64)

    def _expired(self) -> Header:
        return icmp.TimeExceeded() if self.version == 4 else icmpv6.TimeExceeded()

    def _too_big(self, mtu: int) -> Header:
        return icmp.Unreachable(4, mtu) if self.version == 4 else icmpv6.PacketTooBig(mtu)

    def _may(self, number: int) -> bool:
        if self.bucket is None:
            return True
        now = self.now()
        left, at = self._credit.get(number, (self.bucket.most, now))
        left = min(self.bucket.most, left + (now - at) / self.bucket.seconds)
        self._credit[number] = (left - 1 if left >= 1 else left), now
        return left >= 1


@record
class Outcome:
    """What came of a run."""

    report: PmtuReport
    events: tuple[PmtuEvent, ...]
    network: MemoryNetwork


def find(
    world: World,
    settings: PmtuSettings | None = None,
    *,
    local: int = 1500,
    weather: Weather | None = None,
    seed: int = 1,
    deaf: bool = False,
    kinds: str = "udp icmp",
) -> Outcome:
    """Run the engine against a world, in virtual time."""
    from rawkit.engine.pmtu_probes import Kind

    clock = VirtualClock()
    world.now = clock.now
    network = MemoryNetwork(world.answer, clock, weather or Weather(delay=0.005), seed)
    version = world.version
    target = Target("there", THERE[version], HERE[version])
    engine = Pmtu(target, local, PORT, IDENTIFIER, SECRET, settings or PmtuSettings())
    engine.offer(tuple(Kind(kind) for kind in kinds.split()), deaf=deaf)
    session = Session(engine, lambda: network, clock)
    events = tuple(session)
    return Outcome(session.report(), events, network)
