"""``trace``: from a host name to the routers on the way there."""

import os
from collections.abc import Callable
from typing import Literal, TypedDict, Unpack

from rawkit.api.common import Host, Place, check_keywords, inside, meant, source_address
from rawkit.engine.ping_events import Target
from rawkit.engine.trace import Trace
from rawkit.engine.trace_events import TraceEvent
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import Flow, Method, TraceSettings
from rawkit.errors import UsageError
from rawkit.host.names import resolve
from rawkit.host.source import source_for
from rawkit.session import Session
from rawkit.sockets.identifiers import next_identifier
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ports import free_ports
from rawkit.sockets.probes import open_probes
from rawkit.sockets.settings import Settings

HIGHEST_PORT = 0xFFFF
TURNS = 32
"""Source ports among which probes take turns whose destination port is fixed."""
PIPE_OPTIONS = frozenset(("interface", "mark", "dont_route", "receive_buffer", "transmit_stamps"))

ProbeKind = Literal["auto", "socket", "raw"]


class TraceOptions(TypedDict, total=False):
    """The keywords of :func:`trace`: what is sent, how the socket is set up, and where."""

    method: Method
    port: int | None
    fixed_port: bool
    flags: int
    flow: Flow
    first_ttl: int
    max_ttl: int
    queries: int
    parallel: int
    rounds: int | None
    interval: float
    wait: float
    here: float
    near: float
    spacing: float
    length: int | None
    traffic_class: int
    flow_label: int
    dont_fragment: bool
    options: bytes
    announce: bool
    keep_rows: bool

    interface: str | None
    source: Host | None
    source_port: int | None
    mark: int | None
    dont_route: bool
    receive_buffer: int | None
    transmit_stamps: bool
    kind: ProbeKind

    version: Literal[4, 6] | None
    at: Place | None
    wrap: Callable[[PacketIO], PacketIO] | None


class TraceSession(Session[TraceEvent, TraceReport]):
    """A session that traces; its target is known before it runs."""

    def __init__(self, engine: Trace, open_io: Callable[[], PacketIO]) -> None:
        super().__init__(engine, open_io)
        self.target = engine.target
        self.settings = engine.settings
        self.length = engine.packets.length
        """Octets of a probe, IP header included."""


def trace(host: Host, **options: Unpack[TraceOptions]) -> TraceSession:
    """Find the routers on the way to a host, by probes that die on the way.

    UDP needs no privilege (the answers come through the error queue, ip(7)), nor does ICMP
    where ping sockets are open to us; TCP needs CAP_NET_RAW. With it, raw sockets are used,
    which also see address translators. The name is looked up at once, before the session
    runs. The session's events are :class:`~rawkit.engine.trace_events.Hop` rows, and
    with ``announce`` everything that happens.

    Args:
        host: a name or an address.
        **options: ``method`` "udp", "icmp" or "tcp", to ``port``; ``flow`` "paris" (all
            probes take one path), "classic" or "dublin"; ``first_ttl`` to ``max_ttl``
            (1 to 30), ``queries`` for each (3), ``parallel`` in flight (16), ``rounds``
            (1; ``None``: endless) every ``interval`` seconds (1); ``wait`` seconds at
            most (5), but ``here`` times the round trip of the same hop (3) or ``near``
            times that of a later one (10); the rest as in
            :class:`~rawkit.engine.trace_settings.TraceSettings` and
            :class:`~rawkit.sockets.settings.Settings`. ``source`` and ``source_port``
            are ours, ``version`` is 4 or 6, ``kind`` "socket" or "raw" asks for one kind
            of socket, ``at`` is the lab node to trace from, and ``wrap`` puts a pipe of
            yours around the socket.

    Raises:
        NameNotFound: the host has no address.
        NoRoute: it cannot be reached from here.
        NotPermitted: when the session starts: no socket for this can be had.
        UsageError: an option makes no sense.
    """
    check_keywords("trace", options, TraceOptions.__optional_keys__)
    wanted = dict(options)
    place, version, wrap = options.get("at"), options.get("version"), options.get("wrap")
    source, kind = source_address(options.get("source")), options.get("kind", "auto")
    source_port = options.get("source_port")
    for name in ("at", "source", "source_port", "version", "kind", "wrap"):
        wanted.pop(name, None)
    for_pipe = {name: wanted.pop(name) for name in PIPE_OPTIONS & wanted.keys()}
    settings = TraceSettings(**wanted)  # type: ignore[arg-type]  # typed by TraceOptions
    with inside(place):
        address = meant(resolve(host, version)[0] if isinstance(host, str) else host)
        if source is None:
            source = source_for(address, options.get("interface"), options.get("mark"))
        elif source.version != address.version:
            raise UsageError(f"source address {source} for packets to {address}")
        ports = ports_for(settings, address.version, source_port)
    pipe = Settings(src=source, **for_pipe)  # type: ignore[arg-type]  # same
    target = Target(str(host), address, source)
    engine = Trace(target, settings, ports, next_identifier(), os.urandom(16))

    def open_io() -> PacketIO:
        with inside(place):
            io = open_probes(
                address.version,
                settings.method,
                ports[0],
                pipe,
                identifier=engine.packets.identifier,
                kind=kind,
                source_ports=ports,
                target=address,
            )
        return wrap(io) if wrap else io

    return TraceSession(engine, open_io)


def ports_for(settings: TraceSettings, version: int, first: int | None, flows: int = 1) -> range:
    """Return the source ports of probes.

    Args:
        settings: what is sent.
        version: 4 or 6.
        first: the one that was asked for, if one was.
        flows: how many flows there are to be at least.

    Raises:
        UsageError: there are not so many free ones; or the number is none.
    """
    if first is not None and not 0 < first <= HIGHEST_PORT:
        raise UsageError(f"source port is {first}, not 1 to {HIGHEST_PORT}")
    if settings.method == "icmp":
        return range(1)
    per_flow = {"paris": 1, "dublin": settings.queries, "classic": TURNS}
    count = 1
    if settings.method == "tcp":
        count = max(flows, per_flow[settings.flow])
    elif settings.fixed_port:
        count = max(flows, TURNS)  # to ask apart what cannot be told apart
    if first is not None:
        return range(first, min(first + count, HIGHEST_PORT + 1))
    return free_ports(version, settings.method, count)
