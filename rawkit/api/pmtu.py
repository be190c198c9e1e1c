"""``pmtu``: from a host name to the largest packet that gets there whole."""

import os
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Literal, TypedDict, Unpack

from rawkit.api.common import Host, Place, check_keywords, inside, meant, source_address
from rawkit.engine.ping_events import Target
from rawkit.engine.pmtu import Pmtu
from rawkit.engine.pmtu_probes import Kind
from rawkit.engine.pmtu_report import PmtuEvent, PmtuReport
from rawkit.engine.pmtu_settings import Method, PmtuSettings
from rawkit.errors import NotPermitted, UsageError
from rawkit.host.names import resolve
from rawkit.host.source import no_route, source_for
from rawkit.session import Session
from rawkit.sockets.identifiers import next_identifier
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ports import free_ports
from rawkit.sockets.settings import Settings
from rawkit.sockets.udp_pmtu import SizePipe, first_link_mtu, open_sizes
from rawkit.wire.address import Address

BROADCAST = IPv4Address("255.255.255.255")
HIGHEST_PORT = 0xFFFF


class PmtuOptions(TypedDict, total=False):
    """The keywords of :func:`pmtu`: what is sent, how the socket is set up, and where."""

    method: Method
    port: int
    max_ttl: int
    largest: int | None
    tries: int
    wait: float
    deadline: float
    traffic_class: int

    interface: str | None
    source: Host | None
    source_port: int | None
    mark: int | None
    kind: Literal["auto", "socket", "raw"]

    version: Literal[4, 6] | None
    at: Place | None
    wrap: Callable[[PacketIO], PacketIO] | None


class PmtuSession(Session[PmtuEvent, PmtuReport]):
    """A session that finds out a path MTU; its target is known before it runs."""

    def __init__(self, engine: Pmtu, open_io: Callable[[], PacketIO]) -> None:
        super().__init__(engine, open_io)
        self.target = engine.target


def pmtu(host: Host, **options: Unpack[PmtuOptions]) -> PmtuSession:
    """Find out the largest packet that reaches a host whole, and where larger ones get stuck.

    Also where routers do not tell (a path MTU black hole), and whatever the kernel has noted
    of the path; it is not made to note anything. Needs no privilege; over IPv6 what routers
    tell can then not be heard, so that every narrow link looks like a black hole. The name
    is looked up at once, before the session runs.

    Args:
        host: a name or an address.
        **options: ``method`` "auto", "udp" (to ``port``, 33434) or "icmp"; the rest as in
            :class:`~rawkit.engine.pmtu_settings.PmtuSettings` and
            :class:`~rawkit.sockets.settings.Settings`. ``source`` and ``source_port`` are
            ours, ``version`` is 4 or 6, ``kind`` "socket" or "raw" asks for one kind of
            sockets, ``at`` is the lab node to ask from, and ``wrap`` puts a pipe of yours
            around the socket.

    Raises:
        NameNotFound: the host has no address.
        NoRoute: it cannot be reached from here.
        NotPermitted: when the session starts: no socket for this can be had.
        UsageError: an option makes no sense.
    """
    check_keywords("pmtu", options, PmtuOptions.__optional_keys__)
    wanted = dict(options)
    place, version, wrap = options.get("at"), options.get("version"), options.get("wrap")
    source, kind = source_address(options.get("source")), options.get("kind", "auto")
    for name in ("at", "source", "source_port", "version", "kind", "wrap", "interface", "mark"):
        wanted.pop(name, None)
    settings = PmtuSettings(**wanted)  # type: ignore[arg-type]  # typed by PmtuOptions
    interface, mark = options.get("interface"), options.get("mark")
    with inside(place):
        address = meant(resolve(host, version)[0] if isinstance(host, str) else host)
        source = _source(address, source, interface, mark)
        pipe = Settings(src=source, interface=interface, mark=mark)
        port = _source_port(address, options.get("source_port"))
        local = _first_link(address, pipe)
    target = Target(str(host), address, source)
    engine = Pmtu(target, local, port, next_identifier(), os.urandom(8), settings)

    def open_io() -> PacketIO:
        with inside(place):
            io = open_sizes(
                address,
                port,
                pipe,
                identifier=engine.identifier,
                kind=kind,
                echo=settings.method != "udp",
            )
        _offer(engine, io, settings.method)
        return wrap(io) if wrap else io

    return PmtuSession(engine, open_io)


def _source(
    address: Address, source: Address | None, interface: str | None, mark: int | None
) -> Address:
    if address.is_multicast or address == BROADCAST:
        raise UsageError(f"{address} is a group: a path leads to one host")
    if source is None:
        return source_for(address, interface, mark)
    if source.version != address.version:
        raise UsageError(f"source address {source} for packets to {address}")
    return source


def _source_port(address: Address, wanted: int | None) -> int:
    if wanted is None:
        return free_ports(address.version, "udp")[0]
    if not 0 < wanted <= HIGHEST_PORT:
        raise UsageError(f"source port is {wanted}, not 1 to {HIGHEST_PORT}")
    return wanted


def _first_link(address: Address, pipe: Settings) -> int:
    try:
        return first_link_mtu(address, pipe)
    except OSError as error:
        if isinstance(error, UsageError) or type(error).__module__ != "builtins":
            raise
        raise no_route(address, pipe.interface, error) from error


def _offer(engine: Pmtu, io: SizePipe, method: Method) -> None:
    """Tell the engine what the pipe can do.

    Raises:
        NotPermitted: not what was asked for.
    """
    if method == "icmp" and not io.sends_echo:
        io.close()
        raise NotPermitted(
            "send echo requests of any size",
            (io.why,),
            ("UDP probes, which need no privilege (method udp)", "CAP_NET_RAW"),
        )
    engine.offer((Kind.UDP, Kind.ECHO) if io.sends_echo else (Kind.UDP,), deaf=io.deaf)
