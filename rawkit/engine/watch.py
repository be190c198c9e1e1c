"""Watch: what do all hosts of a link say of themselves? Nothing is sent.

Every ARP packet and every message of neighbour discovery says which hardware address
belongs to which IP address, whatever else it is for. An address that moves to another
hardware address is a failover, or an impostor: it is told either way.
"""

import math
from enum import Enum

from rawkit.engine.discover import Change, advertisement_of
from rawkit.engine.neighbour_events import MOST_MACS
from rawkit.engine.neighbour_packets import (
    NOBODY,
    Invalid,
    check_discovery,
    claim_of,
    is_passed_over,
)
from rawkit.engine.step import Step
from rawkit.errors import UsageError
from rawkit.record import field, record
from rawkit.wire.address import MAC, Address
from rawkit.wire.arp import ARP
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import VLAN
from rawkit.wire.ndp import NeighborAdvertisement, RouterSolicitation, source_mac
from rawkit.wire.news import Dropped, News, Opened
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received

MOST_NEIGHBOURS = 1 << 16
"""Addresses that are remembered: a flood of invented ones must not fill the memory."""


class Kind(Enum):
    """What sort of message it was."""

    REQUEST = "request"
    """An ARP request, or a neighbour or router solicitation."""
    REPLY = "reply"
    """An ARP reply, or a neighbour advertisement in answer."""
    ANNOUNCEMENT = "announcement"
    """ARP about its sender (gratuitous), or an advertisement that nobody asked for."""
    PROBE = "probe"
    """It asks for an address that it wants to have itself."""
    ROUTER = "router"
    """A router advertisement."""


@record
class Announcement:
    """A host said something of an address."""

    address: Address
    mac: MAC
    """The hardware address that it says belongs to it."""
    kind: Kind
    change: Change
    before: MAC | None
    """The hardware address it had until now, if it changed."""
    frame_mac: MAC
    """The one that the frame came from: another one is odd, or a proxy."""
    interface: str | None
    vlan: VLAN | None
    time: float
    """When it arrived, in seconds of the monotonic clock."""
    clock: Clock = Clock.KERNEL
    packet: Packet = Packet()
    """The whole frame."""


@record
class Neighbour:
    """What is known of an address."""

    address: Address
    macs: tuple[MAC, ...]
    """The hardware addresses it had, each once, the latest last; no more than 64."""
    heard: int
    """Messages that named it as their sender's."""
    first: float
    """Seconds of the monotonic clock. So is the next."""
    latest: float
    is_router: bool = False


@record
class WatchReport:
    """Who was heard."""

    neighbours: tuple[Neighbour, ...]
    """In the order of first hearing."""
    heard: int
    """Messages that said something."""
    changes: int
    """How often an address moved to another hardware address."""
    probes: int
    """Messages that asked for an address on behalf of nobody."""
    invalid: int
    """Messages not believed: from beyond this link, damaged, or against the rules."""
    forgotten: int
    """Addresses that there was no room to remember."""
    lost_here: int
    """Frames that this host dropped, whatever they were."""
    via: str
    why: str


@record(kw_only=True)
class WatchSettings:
    """How long to listen."""

    count: int | None = None
    """Messages after which it is enough."""
    deadline: float | None = None
    """Seconds after which all is over."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        for name, low in (("count", 1), ("deadline", 0)):
            value = getattr(self, name)
            if value is not None and not value >= low:
                raise UsageError(f"{name} is {value}, not at least {low}")


@record(frozen=False, eq=False)
class Counts:
    """The books of a run."""

    heard: int = 0
    changes: int = 0
    probes: int = 0
    invalid: int = 0
    forgotten: int = 0
    lost_here: int = 0
    via: str = ""
    why: str = ""
    neighbours: dict[tuple[str | None, int, Address], Neighbour] = field(default_factory=dict)


class Watch:
    """Listens, and remembers who has which address."""

    def __init__(self, settings: WatchSettings | None = None) -> None:
        self.settings = settings or WatchSettings()
        self._counts = Counts()
        self._ends_at: float | None = None

    def step(self, now: float, news: News | None = None) -> Step[Announcement]:
        deadline = self.settings.deadline
        if self._ends_at is None:
            self._ends_at = math.inf if deadline is None else now + deadline
        if news is None:
            return Step((), (), None if now >= self._ends_at else self._ends_at)
        events = self._take(news)
        enough = self.settings.count is not None and (
            self._counts.heard + self._counts.probes >= self.settings.count
        )
        return Step((), events, None if enough else now)

    def report(self) -> WatchReport:
        counts = self._counts
        return WatchReport(
            tuple(counts.neighbours.values()),
            counts.heard,
            counts.changes,
            counts.probes,
            counts.invalid,
            counts.forgotten,
            counts.lost_here,
            counts.via,
            counts.why,
        )

    def _take(self, news: News) -> tuple[Announcement, ...]:
        counts = self._counts
        match news:
            case Received():
                return self._read(news)
            case Dropped(count=count):
                counts.lost_here += count
            case Opened(via=via, why=why):
                counts.via, counts.why = via, why
        return ()

    def _read(self, received: Received) -> tuple[Announcement, ...]:
        try:
            said = _said(received)
        except Invalid:
            self._counts.invalid += 1
            return ()
        if said is None:
            return ()
        address, mac, frame_mac, kind = said
        if kind is Kind.PROBE:
            self._counts.probes += 1
            change, before = Change.SAME, None
        else:
            change, before = self._remember(received, address, mac, kind)
        return (
            Announcement(
                address,
                mac,
                kind,
                change,
                before,
                frame_mac,
                received.interface,
                received.vlan,
                received.time,
                received.clock,
                received.packet,
            ),
        )

    def _remember(
        self, received: Received, address: Address, mac: MAC, kind: Kind
    ) -> tuple[Change, MAC | None]:
        counts, time = self._counts, received.time
        counts.heard += 1
        # The same address on another link, or in another VLAN, is another host's.
        key = received.interface, received.vlan.id if received.vlan else 0, address
        known = counts.neighbours.get(key)
        is_router = kind is Kind.ROUTER
        if known is None:
            if len(counts.neighbours) >= MOST_NEIGHBOURS:
                counts.forgotten += 1
            else:
                counts.neighbours[key] = Neighbour(address, (mac,), 1, time, time, is_router)
            return Change.NEW, None
        before = known.macs[-1]
        macs = known.macs
        if mac != before:
            counts.changes += 1
            macs = (*(one for one in macs if one != mac), mac)[-MOST_MACS:]
        is_router = is_router or known.is_router
        heard = known.heard + 1
        counts.neighbours[key] = Neighbour(address, macs, heard, known.first, time, is_router)
        return (Change.SAME, None) if mac == before else (Change.CHANGED, before)


def _said(received: Received) -> tuple[Address, MAC, MAC, Kind] | None:
    """Return address, hardware address, that of the frame, and the kind of message.

    Raises:
        Invalid: it says something, but in a way that is not to be believed.
    """
    if (router := advertisement_of(received, overheard=True)) is not None:
        address, mac, _ = router
        source = received.packet.headers[0]
        return address, mac, MAC(getattr(source, "src", mac)), Kind.ROUTER
    if (asking := _asks_for_routers(received)) is not None:
        return asking
    claim = claim_of(received, overheard=True)
    if claim is None:
        return None
    kind = Kind.REQUEST if claim.is_request else Kind.REPLY
    match received.packet.headers[-1]:
        case _ if claim.is_probe:
            kind = Kind.PROBE
        case ARP(is_announcement=True):
            kind = Kind.ANNOUNCEMENT
        case NeighborAdvertisement() if not claim.is_solicited:
            kind = Kind.ANNOUNCEMENT
    return claim.address, claim.mac, claim.frame_mac, kind


def _asks_for_routers(received: Received) -> tuple[Address, MAC, MAC, Kind] | None:
    """Return what the sender of a router solicitation says of itself, if it is one.

    Raises:
        Invalid: it is one, but not to be believed (RFC 4861 §6.1.1).
    """
    if is_passed_over(received, overheard=True):
        return None
    match received.packet.headers:
        case (Ethernet() as frame, IPv6() as ip, *_, RouterSolicitation() as asking):
            check_discovery(received, ip)
            own = source_mac(asking)
            if ip.src == NOBODY and own is not None:
                raise Invalid("a hardware address without an address")
            return None if own is None else (ip.src, own, MAC(frame.src), Kind.REQUEST)
    return None
