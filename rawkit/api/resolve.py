"""``resolve`` and its kin: who on the link has an address, and is it one host only?"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, TypedDict, Unpack

from rawkit.api.common import Host, Place, check_keywords, inside, source_address, wrapped
from rawkit.engine.neighbour_events import Link, Purpose, ResolveEvent, Target
from rawkit.engine.neighbour_packets import unscoped
from rawkit.engine.resolve import Resolve, ResolveSettings
from rawkit.engine.resolve_report import ResolveReport
from rawkit.errors import NoRoute, UsageError
from rawkit.host import names
from rawkit.host.links import link as link_called
from rawkit.host.source import source_for
from rawkit.host.sysctl import find
from rawkit.session import Session
from rawkit.sockets.bpf_frames import arp_filter, icmp_filter
from rawkit.sockets.frames import open_frames
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.address import MAC, UNSPECIFIED, Address
from rawkit.wire.ndp import multicast_mac, solicited_node
from rawkit.wire.numbers import EtherType

NEIGHBOUR_TYPES = (135, 136)
WAIT_TO_ANNOUNCE = 2.0
"""Seconds to listen after the last probe (RFC 5227 §1.1, ANNOUNCE_WAIT)."""


class ResolveOptions(TypedDict, total=False):
    """The keywords of :func:`resolve` and its kin: how to ask, and where."""

    count: int | None
    interval: float
    timeout: float
    deadline: float | None
    until_first: bool
    broadcast: bool
    announce: bool

    interface: str | None
    source: Host | None
    version: Literal[4, 6] | None
    cooked: bool
    at: Place | None
    wrap: Callable[[PacketIO], PacketIO] | None


LOOK_FOR_OTHERS = "look for others who have it (-D, detect_duplicate), or name an interface"
PLACE_OPTIONS = ("interface", "source", "version", "cooked", "at", "wrap")


class ResolveSession(Session[ResolveEvent, ResolveReport]):
    """A session about one address on one link, both known before it runs."""

    def __init__(self, engine: Resolve, open_io: Callable[[], PacketIO]) -> None:
        super().__init__(engine, open_io)
        self.target = engine.target
        self.link = engine.link
        self.purpose = engine.purpose
        self.settings = engine.settings


def resolve(host: Host, **options: Unpack[ResolveOptions]) -> ResolveSession:
    """Ask who on the link has an address: ARP for IPv4, neighbour discovery for IPv6.

    Needs CAP_NET_RAW. The kernel's own table of neighbours is neither asked nor told.

    Args:
        host: an address of a neighbour, or a name.
        **options: ``interface`` to ask over, ``None``: where the route to it leads;
            ``count`` requests (3), ``interval`` seconds apart (1), ``timeout`` seconds for
            the last one (1), ``deadline`` seconds for all; ``until_first`` answer (yes);
            ``broadcast``: ask everybody even when somebody has answered; ``source``
            address, ``version`` 4 or 6, ``cooked``: leave the link's header to the kernel,
            ``at``: the lab node to ask from, ``wrap`` puts a pipe of yours around the
            socket; ``announce`` tells of every request.

    Raises:
        NameNotFound: the host has no address.
        NoRoute: no interface leads there, or only by way of a router.
        UsageError: an option makes no sense, or the address has no neighbour behind it.
        MissingCapability: when the session starts: CAP_NET_RAW.
    """
    check_keywords("resolve", options, ResolveOptions.__optional_keys__)
    return session_for(host, Purpose.ASK, options)


def detect_duplicate(address: Host, **options: Unpack[ResolveOptions]) -> ResolveSession:
    """Find out whether anybody on the link has an address that is to become ours.

    Asks on behalf of nobody (RFC 5227 §2.1, RFC 4862 §5.4), and ends at the first who has
    the address, or wants to have it, too. ``report.is_conflict`` is the answer.

    Args:
        address: the address.
        **options: as for :func:`resolve`; ``timeout`` is 2 seconds, and ``source`` is none.
    """
    check_keywords("detect_duplicate", options, ResolveOptions.__optional_keys__)
    options.setdefault("timeout", WAIT_TO_ANNOUNCE)
    return session_for(address, Purpose.PROBE, options)


def announce_address(
    address: Host, *, reply: bool = False, **options: Unpack[ResolveOptions]
) -> ResolveSession:
    """Tell everybody on the link that an address is ours, and hear who contradicts.

    Args:
        address: an address of this host.
        reply: by ARP replies, and not by requests.
        **options: as for :func:`resolve`; ``count`` is 2, ``interval`` 2 seconds
            (RFC 5227 §2.3), ``timeout`` 0, ``until_first`` of no account.

    Raises:
        UsageError: the address is not one of this host.
    """
    check_keywords("announce_address", options, ResolveOptions.__optional_keys__)
    options.setdefault("count", 2)
    options.setdefault("interval", 2.0)
    options.setdefault("timeout", 0.0)
    return session_for(address, Purpose.ANSWER if reply else Purpose.ANNOUNCE, options)


def session_for(host: Host, purpose: Purpose, options: ResolveOptions) -> ResolveSession:
    """Return a session for any purpose; see the functions above."""
    wanted = {name: value for name, value in options.items() if name not in PLACE_OPTIONS}
    settings = ResolveSettings(**wanted)  # type: ignore[arg-type]  # typed by ResolveOptions
    place, wrap, version = options.get("at"), options.get("wrap"), options.get("version")
    with inside(place):
        address = names.resolve(host, version)[0] if isinstance(host, str) else host
        _refuse_odd(address)
        name = _chosen(address, options.get("interface")) or interface_for(address, purpose)
        link = usable_link(name)
        src = _source(address, name, purpose, source_address(options.get("source")))
    engine = Resolve(Target(str(host), address, src), link, purpose, settings)
    cooked = options.get("cooked", False)

    def open_io() -> PacketIO:
        with inside(place):
            io = _open(address, name, cooked)
        return wrapped(io, wrap)

    return ResolveSession(engine, open_io)


def usable_link(name: str) -> Link:
    """Return an interface of this thread's network that has neighbours.

    Raises:
        UsageError: there is none of that name, it is down, or has no Ethernet addresses.
    """
    found = link_called(name)
    if not found.is_up:
        raise UsageError(f'interface "{name}" is down (ip link set {name} up)')
    if not found.has_neighbours:
        raise UsageError(f'interface "{name}" is not ARPable: nobody there has an Ethernet address')
    forwards = find(f"net.ipv6.conf.{name.replace('.', '/')}.forwarding")
    return Link(name, MAC(found.mac), forwards is not None and forwards != "0")


def interface_for(address: Address, purpose: Purpose) -> str:
    """Return the interface that leads to a neighbour, or that has our own address.

    Raises:
        NoRoute: there is none, or a router stands between.
        UsageError: it is an address of this host, and asked for; or of no one host.
    """
    if (scope := _scope(address)) is not None:
        return scope
    if purpose in (Purpose.ANNOUNCE, Purpose.ANSWER):
        return _interface_with(address)
    from rawkit.host.next_hop import next_hop

    hop = next_hop(address)
    match hop.kind:
        case "local" if purpose is Purpose.PROBE:
            return _interface_with(address)
        case "local":
            raise UsageError(f"{address} is an address of this host: {LOOK_FOR_OTHERS}")
        case "broadcast":
            raise UsageError(f"{address} is the address of all hosts of a link, not of one")
    if hop.gateway is not None:
        raise NoRoute(
            f"{address} is no neighbour: the way there leads over {hop.gateway}"
            f" (try: {hop.gateway}; or an interface: it will be asked there)"
        )
    if hop.interface is None or hop.kind != "unicast":
        raise NoRoute(f"{address} is behind no interface: the route to it is {hop.kind}")
    return hop.interface


def source_on(interface: str, group: Address, source: Address | None) -> Address:
    """Return our address on a link: the one asked for, the kernel's choice, or none.

    Raises:
        UsageError: the one asked for is of another version, or not ours.
    """
    if source is None:
        try:
            return source_for(group, interface)
        except NoRoute:
            return UNSPECIFIED[group.version]
    if source.version != group.version:
        raise UsageError(f"source address {source} for packets to {group}")
    _must_be_ours(source, interface)
    return source


def _chosen(address: Address, interface: str | None) -> str | None:
    """Return the interface that was asked for, unless the address lies on another one.

    Raises:
        UsageError: it does.
    """
    scope = _scope(address)
    if interface is not None and scope not in (None, interface):
        raise UsageError(f"{address} is on {scope}, not on {interface}")
    return interface


def _scope(address: Address) -> str | None:
    """Return the name of the interface that an address is on, if it says so.

    Raises:
        UsageError: it has a number that no interface has.
    """
    scope = address.scope_id if isinstance(address, IPv6Address) else None
    if scope is None or not scope.isdecimal():
        return scope
    try:
        return socket.if_indextoname(int(scope))
    except (OSError, OverflowError) as error:
        raise UsageError(f"{address}: no interface has the number {scope}") from error


def _interface_with(address: Address) -> str:
    from rawkit.host.interfaces import interfaces

    for one in interfaces():
        if any(has.address == address for has in one.addresses):
            return one.name
    raise UsageError(f"{address} is not an address of this host")


def _source(address: Address, interface: str, purpose: Purpose, source: Address | None) -> Address:
    if source is None:
        if purpose is Purpose.PROBE:
            return UNSPECIFIED[address.version]
        source = address
        if purpose is Purpose.ASK:
            source = source_for(address, interface)
    if source.version != address.version:
        raise UsageError(f"source address {source} to ask for {address}")
    if purpose in (Purpose.ANNOUNCE, Purpose.ANSWER) and source.version == 4 and source != address:
        raise UsageError(f"source address {source}: {address} is announced by itself (RFC 5227)")
    if source.is_unspecified and source.version == 6 and purpose is not Purpose.PROBE:
        # RFC 4861 §7.2.4: who asks on behalf of nobody is answered as one of all.
        raise UsageError("source address :: is for probes only (-D, detect_duplicate)")
    if not source.is_unspecified:
        _must_be_ours(source, interface)
    return unscoped(source) if isinstance(source, IPv6Address) else source


def _must_be_ours(address: Address, interface: str) -> None:
    """Refuse to speak for others.

    Raises:
        UsageError: the address is not one of this host.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    text = str(address).partition("%")[0]
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        try:
            if isinstance(address, IPv6Address) and address.is_link_local:
                probe.bind((text, 0, 0, socket.if_nametoindex(interface)))
            else:
                probe.bind((text, 0))
        except OSError as error:
            raise UsageError(f"{address} is not an address of this host") from error


def _refuse_odd(address: Address) -> None:
    if address.is_multicast or address.is_unspecified or address.is_loopback:
        raise UsageError(f"{address} is not the address of a neighbour")


def _open(address: Address, interface: str, cooked: bool) -> PacketIO:
    if isinstance(address, IPv4Address):
        program = arp_filter(address)
        return open_frames(interface, EtherType.ARP, cooked=cooked, program=program)
    return open_frames(
        interface,
        EtherType.IPV6,
        cooked=cooked,
        program=icmp_filter(6, NEIGHBOUR_TYPES),
        # Others who want the address ask its group, which the kernel need not be in.
        groups=(multicast_mac(solicited_node(address)),),
    )
