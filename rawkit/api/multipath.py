"""``multipath``: from a host name to all the ways there."""

import os
from collections.abc import Callable
from typing import Literal, TypedDict, Unpack

from rawkit.api.common import Host, Place, check_keywords, inside, meant, source_address
from rawkit.api.trace import PIPE_OPTIONS, ProbeKind, ports_for
from rawkit.engine.multipath import Multipath
from rawkit.engine.multipath_report import MultipathEvent, MultipathReport
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_settings import Flow, Method
from rawkit.errors import UsageError
from rawkit.host.names import resolve
from rawkit.host.source import source_for
from rawkit.session import Session
from rawkit.sockets.identifiers import next_identifier
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.probes import open_probes
from rawkit.sockets.settings import Settings

MOST_PORTS = 256
"""Flows where each takes a source port of its own: as many sockets hold them."""


class MultipathOptions(TypedDict, total=False):
    """The keywords of :func:`multipath`: what is sent, how the socket is set up, and where."""

    confidence: float
    attempts: int
    gap: int
    max_flows: int
    max_probes: int
    deadline: float
    method: Method
    port: int | None
    fixed_port: bool
    flags: int
    flow: Flow
    first_ttl: int
    max_ttl: int
    parallel: int
    wait: float
    here: float
    near: float
    spacing: float
    length: int | None
    traffic_class: int
    flow_label: int
    dont_fragment: bool
    announce: bool

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


class MultipathSession(Session[MultipathEvent, MultipathReport]):
    """A session that looks for all ways; its target is known before it runs."""

    def __init__(self, engine: Multipath, open_io: Callable[[], PacketIO]) -> None:
        super().__init__(engine, open_io)
        self.target = engine.target
        self.settings = engine.settings
        self.length = engine.packets.length
        """Octets of a probe, IP header included."""


def multipath(host: Host, **options: Unpack[MultipathOptions]) -> MultipathSession:
    """Find all ways to a host that routers choose among, and how they choose.

    Probes are those of :func:`rawkit.trace`, and need the same privilege. What routers
    balance by is the same in all probes of a flow: UDP flows differ by destination port, or
    with ``fixed_port`` by source port, ICMP flows by checksum, TCP flows by source port.
    The session's events are :class:`~rawkit.engine.multipath_report.Found`, one for each
    address at each distance, and with ``announce`` everything that happens.

    Args:
        host: a name or an address.
        **options: ``confidence`` that no next hop of a router is missed (0.95); ``attempts``
            for each silent probe (3), ``gap`` silent hops in a row after which to stop (5),
            ``max_flows`` (2048), ``max_probes`` (30000) and ``deadline`` seconds (60) to end
            it; the rest as in :func:`rawkit.trace`, but with ``parallel`` 64 and ``wait`` 2.

    Raises:
        NameNotFound: the host has no address.
        NoRoute: it cannot be reached from here.
        NotPermitted: when the session starts: no socket for this can be had.
        UsageError: an option makes no sense.
    """
    check_keywords("multipath", options, MultipathOptions.__optional_keys__)
    wanted = dict(options)
    place, version, wrap = options.get("at"), options.get("version"), options.get("wrap")
    source, kind = source_address(options.get("source")), options.get("kind", "auto")
    source_port = options.get("source_port")
    for name in ("at", "source", "source_port", "version", "kind", "wrap"):
        wanted.pop(name, None)
    for_pipe = {name: wanted.pop(name) for name in PIPE_OPTIONS & wanted.keys()}
    settings = MultipathSettings(**wanted)  # type: ignore[arg-type]  # typed by MultipathOptions
    with inside(place):
        address = meant(resolve(host, version)[0] if isinstance(host, str) else host)
        if source is None:
            source = source_for(address, options.get("interface"), options.get("mark"))
        elif source.version != address.version:
            raise UsageError(f"source address {source} for packets to {address}")
        flows = min(settings.max_flows, MOST_PORTS)
        ports = ports_for(settings, address.version, source_port, flows)
    pipe = Settings(src=source, **for_pipe)  # type: ignore[arg-type]  # same
    target = Target(str(host), address, source)
    engine = Multipath(target, settings, ports, next_identifier(), os.urandom(16))

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

    return MultipathSession(engine, open_io)
