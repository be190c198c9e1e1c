"""``discover_routers`` and ``watch_neighbours``: what a link says of itself."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, TypedDict, Unpack

from rawkit.api.common import Host, Place, check_keywords, inside, source_address, wrapped
from rawkit.api.resolve import source_on, usable_link
from rawkit.engine.discover import Discover, DiscoverEvent, DiscoverReport
from rawkit.engine.neighbour_pace import PaceSettings
from rawkit.engine.watch import Announcement, Watch, WatchReport, WatchSettings
from rawkit.session import Session
from rawkit.sockets.bpf_frames import icmp_filter, neighbours_filter
from rawkit.sockets.frames import FrameOptions, open_frames
from rawkit.sockets.options import ETH_P_ALL
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.address import Address
from rawkit.wire.ndp import ALL_NODES, ALL_ROUTERS, multicast_mac
from rawkit.wire.numbers import EtherType

ALL_SYSTEMS = IPv4Address("224.0.0.1")
ADVERTISEMENTS = {4: (9,), 6: (134,)}
ETHER_TYPES = {4: EtherType.IPV4, 6: EtherType.IPV6}
GROUPS: dict[int, Address] = {4: ALL_SYSTEMS, 6: ALL_NODES}


class DiscoverOptions(TypedDict, total=False):
    """The keywords of :func:`discover_routers`."""

    count: int | None
    interval: float
    timeout: float
    deadline: float | None
    until_first: bool
    announce: bool

    source: Host | None
    cooked: bool
    at: Place | None
    wrap: Callable[[PacketIO], PacketIO] | None


class WatchOptions(TypedDict, total=False):
    """The keywords of :func:`watch_neighbours`."""

    count: int | None
    deadline: float | None

    version: Literal[4, 6] | None
    promiscuous: bool
    cooked: bool
    at: Place | None
    wrap: Callable[[PacketIO], PacketIO] | None


class DiscoverSession(Session[DiscoverEvent, DiscoverReport]):
    """A session that looks for routers; link and group are known before it runs."""

    def __init__(self, engine: Discover, open_io: Callable[[], PacketIO]) -> None:
        super().__init__(engine, open_io)
        self.link = engine.link
        self.target = engine.target


WatchSession = Session[Announcement, WatchReport]


def discover_routers(
    interface: str, version: Literal[4, 6] = 6, **options: Unpack[DiscoverOptions]
) -> DiscoverSession:
    """Ask the routers of a link to say that they are there, and what holds on the link.

    IPv6 by router solicitation (RFC 4861), IPv4 by that of RFC 1256, which few routers
    answer. Needs CAP_NET_RAW. The host's own settings stay as they are.

    Args:
        interface: where to ask.
        version: 4 or 6.
        **options: ``count`` solicitations (3), ``interval`` seconds apart (1), ``timeout``
            seconds for the last one (1), ``deadline`` seconds for all; ``until_first``
            router (no); ``source`` address, ``cooked``: leave the link's header to the
            kernel, ``at``: the lab node to ask from, ``wrap`` puts a pipe of yours around
            the socket; ``announce`` tells of every solicitation.

    Raises:
        UsageError: there is no such interface, or it has no neighbours.
        MissingCapability: when the session starts: CAP_NET_RAW.
    """
    check_keywords("discover_routers", options, DiscoverOptions.__optional_keys__)
    place, wrap, cooked = options.get("at"), options.get("wrap"), options.get("cooked", False)
    names = PaceSettings.__annotations__
    paced = {name: value for name, value in options.items() if name in names}
    settings = PaceSettings(**{"until_first": False, **paced})  # type: ignore[arg-type]  # typed by DiscoverOptions
    with inside(place):
        link = usable_link(interface)
        src = source_on(
            interface, _group(interface, version), source_address(options.get("source"))
        )
    engine = Discover(version, link, src, settings)

    def open_io() -> PacketIO:
        with inside(place):
            io = open_frames(
                interface,
                ETHER_TYPES[version],
                cooked=cooked,
                program=icmp_filter(version, ADVERTISEMENTS[version]),
                groups=(multicast_mac(GROUPS[version]),),
            )
        return wrapped(io, wrap)

    return DiscoverSession(engine, open_io)


def watch_neighbours(interface: str | None = None, **options: Unpack[WatchOptions]) -> WatchSession:
    """Listen to what the hosts of a link say of themselves; send nothing.

    ARP, neighbour discovery, router advertisements: who has which address, who wants to
    have one, and which address moves to another hardware address. Needs CAP_NET_RAW.

    Args:
        interface: where to listen; ``None``: everywhere, but then only to what every host
            is to hear.
        **options: ``count`` messages, ``deadline`` seconds; ``version`` 4 or 6: of this one
            only; ``promiscuous``: also what others say to others; ``cooked``, ``at`` and
            ``wrap`` as for :func:`discover_routers`.

    Raises:
        UsageError: there is no such interface, or it has no neighbours.
        MissingCapability: when the session starts: CAP_NET_RAW.
    """
    check_keywords("watch_neighbours", options, WatchOptions.__optional_keys__)
    place, wrap = options.get("at"), options.get("wrap")
    settings = WatchSettings(count=options.get("count"), deadline=options.get("deadline"))
    with inside(place):
        if interface is not None:
            usable_link(interface)
    hearing: FrameOptions = {
        "cooked": options.get("cooked", False),
        "promiscuous": options.get("promiscuous", False),
        "all_multicast": interface is not None,
        "ignore_outgoing": True,
        "program": neighbours_filter(options.get("version")),
    }

    def open_io() -> PacketIO:
        with inside(place):
            io = open_frames(interface, ETH_P_ALL, **hearing)
        return wrapped(io, wrap)

    return Session(Watch(settings), open_io)


def _group(interface: str, version: int) -> Address:
    """Return the address of all routers, as the kernel wants it for its choice of a source."""
    return IPv6Address(f"{ALL_ROUTERS}%{interface}") if version == 6 else ALL_SYSTEMS
