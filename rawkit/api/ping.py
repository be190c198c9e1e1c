"""``ping``: from host names to round trips."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar, Unpack, overload

from rawkit.api.common import Host, Place, check_keywords, inside, meant, source_address
from rawkit.engine.ping import Ping
from rawkit.engine.ping_echo import EchoQuestion
from rawkit.engine.ping_events import PingEvent, Target
from rawkit.engine.ping_report import PingReport
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.step import Engine, Step
from rawkit.errors import NoRoute, UsageError
from rawkit.host.names import resolve
from rawkit.host.source import source_for
from rawkit.record import record
from rawkit.session import Session
from rawkit.sockets.identifiers import next_identifier
from rawkit.sockets.ladder import open_echo
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from rawkit.wire.address import UNSPECIFIED
from rawkit.wire.news import News

if TYPE_CHECKING:
    from rawkit.api.ping_kinds import InterfaceWords, Kind, NodeWords

Report = TypeVar("Report")
LARGEST_IDENTIFIER = 0xFFFF


@record
class OnePing:
    """A ping with one target, whose report is not a tuple."""

    inner: Ping

    def step(self, now: float, news: News | None = None) -> Step[PingEvent]:
        return self.inner.step(now, news)

    def report(self) -> PingReport:
        return self.inner.report()[0]


class PingSession(Session[PingEvent, Report]):
    """A session that pings; its targets are known before it runs."""

    def __init__(
        self,
        engine: Engine[PingEvent, Report],
        open_io: Callable[[], PacketIO],
        targets: tuple[Target, ...],
    ) -> None:
        super().__init__(engine, open_io)
        self.targets = targets


class PingOptions(TypedDict, total=False):
    """The keywords of :func:`ping`: what is sent, how the socket is set up, and where."""

    count: int | None
    interval: float
    spacing: float
    timeout: float
    deadline: float | None
    hurry: bool
    preload: int
    adaptive: bool
    volleys: bool
    size: int
    pattern: bytes | None
    ttl: int | None
    traffic_class: int
    flow_label: int
    options: bytes
    announce: bool
    keep_replies: bool

    interface: str | None
    source: Host | None
    mark: int | None
    dont_route: bool
    broadcast: bool
    pmtu: Literal["do", "want", "dont", "probe"] | None
    receive_buffer: int | None
    send_buffer: int | None
    multicast_loop: bool
    transmit_stamps: bool
    kind: Literal["auto", "ping", "socket", "raw"]

    tcp: int | None
    udp: int | None
    data: bytes | None
    icmp_timestamp: bool
    probe: "InterfaceWords | None"
    node_info: "NodeWords | None"

    version: Literal[4, 6] | None
    identifier: int | None
    at: Place | None
    wrap: Callable[[PacketIO], PacketIO] | None


PIPE_OPTIONS = frozenset(
    (
        *("interface", "mark", "dont_route", "broadcast", "pmtu", "kind"),
        *("receive_buffer", "send_buffer", "multicast_loop", "transmit_stamps"),
    )
)
KIND_OPTIONS = frozenset(("tcp", "udp", "data", "icmp_timestamp", "probe", "node_info"))
"""What is asked for instead of an echo."""


@overload
def ping(  # type: ignore[overload-overlap]  # a str is an iterable of str, too
    hosts: Host, **options: Unpack[PingOptions]
) -> PingSession[PingReport]: ...
@overload
def ping(
    hosts: Iterable[Host], **options: Unpack[PingOptions]
) -> PingSession[tuple[PingReport, ...]]: ...
def ping(
    hosts: Host | Iterable[Host], **options: Unpack[PingOptions]
) -> PingSession[PingReport] | PingSession[tuple[PingReport, ...]]:
    """Ask one host, or many over one socket, whether they are there, and how far away.

    Needs no privilege where ping sockets are open to us (icmp(7), ``ping_group_range``),
    and CAP_NET_RAW elsewhere. Names are looked up at once, before the session runs.

    Args:
        hosts: a name or an address, or several.
        **options: ``count`` requests (4; ``None``: endless) to each host, ``interval``
            seconds apart (1), ``spacing`` seconds between two hosts (0); ``timeout``
            seconds for each answer (1), ``deadline`` seconds for all; ``size`` octets of
            payload (56) filled with ``pattern``; ``ttl``, ``traffic_class``,
            ``flow_label``, IPv4 ``options``; the rest as in
            :class:`~rawkit.engine.ping_settings.PingSettings` and
            :class:`~rawkit.sockets.settings.Settings`. ``source`` is the source address,
            ``version`` 4 or 6, ``identifier`` the ICMP identifier, ``at`` the lab node to
            ping from, and ``wrap`` puts a pipe of yours around the socket.

            Instead of an echo: ``tcp`` and ``udp`` ask a port, the latter perhaps with
            ``data``; ``icmp_timestamp`` asks for the time of day, ``probe`` for the state
            of an interface (RFC 8335), ``node_info`` for names and addresses (RFC 4620).
            TCP without privilege lets the kernel connect; the timestamp and the last one
            take CAP_NET_RAW.

    Raises:
        NameNotFound: a host has no address.
        NoRoute: the only host cannot be reached from here.
        NotPermitted: when the session starts: no kind of socket for this can be had.
        UsageError: an option makes no sense.
    """
    check_keywords("ping", options, PingOptions.__optional_keys__)
    wanted = dict(options)
    place = options.get("at")
    source, version = source_address(options.get("source")), options.get("version")
    identifier, wrap = _identifier(options.get("identifier")), options.get("wrap")
    for name in ("at", "source", "version", "identifier", "wrap"):
        wanted.pop(name, None)
    for_pipe = {name: wanted.pop(name) for name in PIPE_OPTIONS & wanted.keys()}
    asked = {name: wanted.pop(name) for name in KIND_OPTIONS & wanted.keys()}
    pipe = Settings(src=source, **for_pipe)  # type: ignore[arg-type]  # typed by PingOptions
    settings = PingSettings(any_source=pipe.broadcast, **wanted)  # type: ignore[arg-type]  # same
    kind = _kind(settings, asked)
    alone = isinstance(hosts, Host)
    with inside(place):
        targets = tuple(
            _target(host, _version(version, kind), pipe, alone, kind)
            for host in ([hosts] if isinstance(hosts, Host) else hosts)
        )
    if not targets:
        raise UsageError("no host to ping")
    ask = kind.ask if kind else EchoQuestion
    engine = Ping(targets, identifier, os.urandom(16), settings, ask)

    def open_io() -> PacketIO:
        with inside(place):
            io = _open(targets, engine.identifier, pipe, kind, place)
        return wrap(io) if wrap else io

    if alone:
        return PingSession(OnePing(engine), open_io, targets)
    return PingSession(engine, open_io, targets)


def _identifier(wanted: int | None) -> int:
    if wanted is None:
        return next_identifier()
    if not 0 <= wanted <= LARGEST_IDENTIFIER:
        raise UsageError(f"identifier is {wanted}, not 0 to {LARGEST_IDENTIFIER}")
    return wanted


def _kind(settings: PingSettings, asked: dict[str, object]) -> "Kind | None":
    """Return what is asked for instead of an echo, if anything is."""
    wanted = {
        name: value for name, value in asked.items() if value is not None and value is not False
    }
    if not wanted:
        return None
    from rawkit.api.ping_kinds import kind_of

    return kind_of(settings, wanted)


def _version(wanted: int | None, kind: "Kind | None") -> int | None:
    """Return the version of IP that addresses must have, if they must have one."""
    only = kind.version if kind else None
    if only is not None and wanted not in (None, only):
        raise UsageError(f"this question is asked over IPv{only} only")
    return only or wanted


def _target(
    host: Host, version: int | None, pipe: Settings, alone: bool, kind: "Kind | None"
) -> Target:
    """Find out who is meant, and for a single target from which address it is asked."""
    address = meant(resolve(host, version)[0] if isinstance(host, str) else host)
    if pipe.src is not None:
        if pipe.src.version != address.version:
            raise UsageError(f"source address {pipe.src} for packets to {address}")
        return Target(str(host), address, pipe.src)
    if not alone and not (kind and kind.needs_source):
        return Target(str(host), address, UNSPECIFIED[address.version])
    try:
        source = source_for(address, pipe.interface, pipe.mark)
    except NoRoute:
        if alone:
            raise
        source = UNSPECIFIED[address.version]  # the kernel will refuse each request
    return Target(str(host), address, source)


def _open(
    targets: tuple[Target, ...],
    identifier: int,
    settings: Settings,
    kind: "Kind | None",
    place: Place | None,
) -> PacketIO:
    def open_one(version: int) -> PacketIO:
        if kind is None:
            return open_echo(version, identifier, settings)
        from rawkit.api.ping_kinds import Opening

        only = targets[0].address if len(targets) == 1 else None
        return kind.open(Opening(version, identifier, settings, only, place))

    versions = sorted({target.address.version for target in targets})
    if len(versions) == 1:
        return open_one(versions[0])
    from rawkit.sockets.merged import Merged

    pipes: list[PacketIO] = []
    try:
        pipes.extend(open_one(version) for version in versions)
    except BaseException:
        for opened in pipes:
            opened.close()
        raise
    return Merged(pipes)
