"""Discover: which routers are on this link, and what do they say of it?

IPv6 by router solicitations (RFC 4861 §6, RFC 4191, RFC 8106), IPv4 by those of RFC 1256.
"""

from collections import deque
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from rawkit.engine.neighbour_events import Link, NotSent, Sent, Target
from rawkit.engine.neighbour_pace import Pace, PaceSettings
from rawkit.engine.neighbour_packets import (
    NOBODY,
    Invalid,
    check_discovery,
    check_length,
    is_passed_over,
    unscoped,
)
from rawkit.engine.step import Step
from rawkit.record import field, record
from rawkit.wire import icmp_queries, ndp
from rawkit.wire.address import MAC, Address
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp_options import SourceLinkLayer
from rawkit.wire.news import Dropped, News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received

ALL_ROUTERS_V4 = IPv4Address("224.0.0.2")
REMEMBERED = 64
MOST_ROUTERS = 1024
"""Routers that are remembered: invented ones must not fill the memory."""
CODES_V4 = (0, 16)
"""A router for all, or for its own mobile hosts only (RFC 5944 §2.1.1)."""

Advertisement = ndp.RouterAdvertisement | icmp_queries.RouterAdvertisement


class Change(Enum):
    """What is new in something heard."""

    NEW = "new"
    CHANGED = "changed"
    """The same one says something else than before."""
    SAME = "same"


@record
class Router:
    """A router said that it is there."""

    target: Target
    """The group that was asked, and from which address."""
    address: Address
    """The router's own: the source of its message."""
    mac: MAC
    lifetime: int
    """Seconds for which it may be used; 0: not as a default router."""
    message: Advertisement
    """All that it said."""
    time: float
    """When it arrived, in seconds of the monotonic clock."""
    change: Change
    is_answer: bool
    """It came to us alone, so it answers us; routers mostly answer everybody."""
    rtt: float | None
    """Seconds since the latest solicitation left; ``None``: none had. A router lets up to half
    a second pass before it answers (RFC 4861 §6.2.6)."""
    clock: Clock = Clock.KERNEL
    """Who stamped the arrival."""
    packet: Packet = Packet()
    """The whole frame."""

    @property
    def routers(self) -> tuple[tuple[Address, int], ...]:
        """The addresses to send to, each with its preference: the higher the better."""
        if isinstance(self.message, ndp.RouterAdvertisement):
            return ((self.address, self.message.preference),)
        return self.message.routers


@record
class DiscoverReport:
    """The routers of a link."""

    target: Target
    link: Link
    sent: int
    """Solicitations made."""
    not_sent: int
    """Those that the kernel refused."""
    received: int
    """Advertisements that were believed."""
    invalid: int
    """Those that were not: from beyond this link, damaged, or against the rules."""
    lost_here: int
    """Frames that this host dropped, whatever they were."""
    routers: tuple[Router, ...]
    """The latest word of each router, in the order of first hearing."""
    forgotten: int
    """Advertisements of routers that there was no room to remember."""
    via: str
    why: str


DiscoverEvent = Router | Sent | NotSent


@record(frozen=False, eq=False)
class Books:
    """Counts as a run goes on."""

    not_sent: int = 0
    received: int = 0
    invalid: int = 0
    lost_here: int = 0
    forgotten: int = 0
    via: str = ""
    why: str = ""
    routers: dict[Address, Router] = field(default_factory=dict)


class Discover:
    """Asks the routers of one link to say that they are there, and listens."""

    def __init__(
        self, version: int, link: Link, src: Address, settings: PaceSettings | None = None
    ) -> None:
        """Prepare.

        Args:
            version: of IP, 4 or 6.
            link: over which interface.
            src: our address on it; none (``0.0.0.0``, ``::``) does as well.
            settings: how often to ask, and how long to wait.
        """
        self.settings = settings or PaceSettings(until_first=False)
        self.link = link
        group: Address = ALL_ROUTERS_V4 if version == 4 else ndp.ALL_ROUTERS
        self.target = Target(str(group), group, unscoped(src) if version == 6 else src)  # type: ignore[arg-type]  # of that version
        self._pace = Pace(self.settings)
        self._departures = deque[tuple[Packet, int, float]](maxlen=REMEMBERED)
        self._books = Books()

    def step(self, now: float, news: News | None = None) -> Step[DiscoverEvent]:
        if news is not None:
            events = tuple(self._take(news))
            return Step((), events, None if self._pace.is_complete else now)
        if not self._pace.is_due(now):
            return Step((), (), self._pace.wake_at(now))
        self._pace.made(now)
        packet = self._solicitation()
        self._departures.append((packet, self._pace.sent, now))
        told = (Sent(self.target, self._pace.sent, now),) if self.settings.announce else ()
        return Step((packet,), told, self._pace.wake_at(now))

    def report(self) -> DiscoverReport:
        books = self._books
        return DiscoverReport(
            self.target,
            self.link,
            self._pace.sent,
            books.not_sent,
            books.received,
            books.invalid,
            books.lost_here,
            tuple(books.routers.values()),
            books.forgotten,
            books.via,
            books.why,
        )

    def _solicitation(self) -> Packet:
        group, src, mac = self.target.address, self.target.src, self.link.mac
        frame = Ethernet(ndp.multicast_mac(group), mac)
        if isinstance(group, IPv4Address):
            assert isinstance(src, IPv4Address)
            return frame / IPv4(src, group, ttl=1) / icmp_queries.RouterSolicitation()
        assert isinstance(src, IPv6Address)
        own = () if src == NOBODY else (SourceLinkLayer(mac),)
        ip = IPv6(src, group, hop_limit=ndp.HOP_LIMIT)
        return frame / ip / ndp.RouterSolicitation(own)

    # What has happened

    def _take(self, news: News) -> list[DiscoverEvent]:
        books = self._books
        match news:
            case Received():
                return self._read(news)
            case Transmitted(packet=packet, time=time):
                self._departed(packet, time)
            case SendFailed(packet=packet, error=error):
                if (sequence := self._departed(packet, None)) is not None:
                    books.not_sent += 1
                    return [NotSent(self.target, sequence, error)]
            case Dropped(count=count):
                books.lost_here += count
            case Opened(via=via, why=why):
                books.via, books.why = via, why
        return []

    def _departed(self, packet: Packet, time: float | None) -> int | None:
        """Note when a solicitation left, or that it did not; return its number."""
        for place, (sent, sequence, _) in enumerate(self._departures):
            if sent is packet:
                if time is None:
                    del self._departures[place]
                else:
                    self._departures[place] = (packet, sequence, time)
                return sequence
        return None

    def _read(self, received: Received) -> list[DiscoverEvent]:
        try:
            heard = advertisement_of(received)
        except Invalid:
            self._books.invalid += 1
            return []
        if heard is None or heard[1] == self.link.mac:
            return []
        router, books = self._router(received, *heard), self._books
        books.received += 1
        if router.address in books.routers or len(books.routers) < MOST_ROUTERS:
            books.routers[router.address] = router
        else:
            books.forgotten += 1
        self._pace.answered(len(books.routers))
        return [router]

    def _router(
        self, received: Received, address: Address, mac: MAC, message: Advertisement
    ) -> Router:
        before = self._books.routers.get(address)
        change = Change.NEW
        if before is not None:
            same = (before.message, before.mac) == (message, mac)
            change = Change.SAME if same else Change.CHANGED
        departures = (left for _, _, left in reversed(self._departures))
        sent_at = next((left for left in departures if left <= received.time), None)
        return Router(
            self.target,
            address,
            mac,
            message.lifetime,
            message,
            received.time,
            change,
            not _destination(received.packet).is_multicast,
            None if sent_at is None else received.time - sent_at,
            received.clock,
            received.packet,
        )


def advertisement_of(
    received: Received, *, overheard: bool = False
) -> tuple[Address, MAC, Advertisement] | None:
    """Return who says what in a router advertisement; ``None``: it is none, or not to us.

    Args:
        received: the frame.
        overheard: also what is said to others.

    Raises:
        Invalid: it is one, but not to be believed (RFC 4861 §6.1.2, RFC 1256 §5.1).
    """
    if is_passed_over(received, overheard):
        return None
    match received.packet.headers:
        case (Ethernet() as frame, IPv6() as ip, *_, ndp.RouterAdvertisement() as said):
            check_discovery(received, ip)
            if not ip.src.is_link_local:
                raise Invalid("comes from no link-local address")
            return ip.src, ndp.source_mac(said) or MAC(frame.src), said
        case (Ethernet() as frame, IPv4() as ip, icmp_queries.RouterAdvertisement() as said4):
            if received.checksum is Checksum.BAD:
                raise Invalid("wrong checksum")
            if said4.code not in CODES_V4 or not said4.routers:
                raise Invalid("an unknown code, or no address")
            check_length(received.packet, ip)
            return ip.src, MAC(frame.src), said4
    return None


def _destination(packet: Packet) -> Address:
    ip = packet.headers[1]
    assert isinstance(ip, IPv4 | IPv6)
    return ip.dst
