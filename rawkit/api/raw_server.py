"""A server whose TCP is in user space: the same services as over sockets of the kernel's.

One thread serves all: it waits for the links, for the bell, and for the next thing that is due.
"""

import select
import time
from collections.abc import Callable, Sequence
from math import ceil, inf

from rawkit.api.raw_talk import RawTalk
from rawkit.api.raw_tcp import interface_at, local_address
from rawkit.endpoint.conversation import Conversation
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.host import Host
from rawkit.endpoint.opening import AS_THE_LINK, LinkKind, link_for, open_host, port_of
from rawkit.endpoint.stream import GOODBYE
from rawkit.errors import UsageError
from rawkit.host.names import resolve
from rawkit.posix.address import KINDS, Address, InternetAddress
from rawkit.posix.listen import PROBE_INTERVAL, PROBES
from rawkit.posix.service import Offer
from rawkit.posix.serving.counts import Board, Reason, Stats
from rawkit.posix.serving.mischief import with_mischief
from rawkit.posix.serving.settings import Settings
from rawkit.posix.serving.shift import Log, Shift
from rawkit.posix.serving.signals import Cut, obeying
from rawkit.posix.serving.stop import Stage, Stop
from rawkit.record import record, replace
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.tcp.settings import Settings as TcpSettings
from rawkit.tcp.state import State
from rawkit.wire.address import Address as IPAddress

TCP = ("tcp", "tcp4", "tcp6")
OVER = (State.TIME_WAIT, State.CLOSED)


@record(eq=False)
class RawListener:
    """An address and a port where a host in user space listens."""

    asked: Address
    address: InternetAddress
    host: Host
    listener: Listener
    notes: tuple[str, ...] = ()
    is_datagram: bool = False

    @property
    def families(self) -> str:
        """Which versions of IP reach it."""
        return f"IPv{self.address.kind.word[-1]} only"

    @property
    def local(self) -> IPAddress:
        """The address alone."""
        assert not isinstance(self.address.host, str)
        return self.address.host


class RawServer:
    """A server, opened, run and closed as :class:`rawkit.posix.serve.Server`; in one thread."""

    model = "raw"

    def __init__(
        self,
        offer: Offer,
        addresses: Sequence[Address],
        settings: Settings,
        log: Log | None = None,
        *,
        link: LinkKind = "raw",
        guard: GuardKind = "auto",
        opened: Callable[[Host], None] | None = None,
    ) -> None:
        """Describe it; nothing is opened yet.

        Args:
            offer: the service.
            addresses: where; TCP, and addresses of this host.
            settings: limits and the like; what is of kernel sockets and of processes is left out.
            log: is told of each connection that ends, and of trouble.
            link: what moves segments.
            guard: what keeps the kernel away.
            opened: told of each host, before its first segment.
        """
        self.settings = settings
        self.listeners: tuple[RawListener, ...] = ()
        self._asked = tuple(addresses)
        self._link = link_for(guard, link)
        self._guard = guard
        self._opened = opened
        self._stop = Stop()
        self._board = Board(1)
        self._talks: list[RawTalk] = []
        offer = with_mischief(offer, settings.mischief)
        self._stage = Stage.OPEN
        self._shift = Shift(offer, (), settings, self._board, self._stop, log)
        self._poller = select.poll()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everywhere it is, in the notation."""
        return tuple(str(one.address) for one in self.listeners)

    @property
    def guards(self) -> tuple[str, ...]:
        """What keeps the kernel away from each of them, in words."""
        guards = (one.host.guard for one in self.listeners)
        return tuple("none" if one is None else ", ".join(one.layers) for one in guards)

    @property
    def link(self) -> str:
        """What moves segments."""
        return self._link

    @property
    def stats(self) -> Stats:
        """What it has counted so far."""
        return self._board.stats()

    def open(self) -> None:
        """Open links and guards: from now on clients can connect.

        Raises:
            NameNotFound: a host has no address.
            NotPermitted: ``CAP_NET_RAW`` is missing, or what the guard needs.
            UsageError: a port is taken, or an address is not this host's.
        """
        self._stop.open()
        try:
            for asked in self._asked:
                for local in _locals(asked):
                    self.listeners += (self._listen(asked, local),)
        except BaseException:
            self.close()
            raise
        for fd in (*self._stop.stages, *(one.host.fileno() for one in self.listeners)):
            self._poller.register(fd, select.POLLIN)

    def run(
        self, *, ends_in: float | None = None, ready: Callable[[], None] = lambda: None
    ) -> None:
        """Serve until it is stopped, by a signal, the count, or after so long.

        Args:
            ends_in: stop by itself after so many seconds.
            ready: is called when signals are heard, and before the first client is taken.

        Raises:
            OSError: the log cannot be written any more, or the link is gone.
        """
        with obeying(self._stop, self.settings.grace, ends_in=ends_in):
            try:
                ready()
                while self._goes_on():
                    self._turn()
                self._part()
            except Cut:
                pass  # by a signal, and whatever was open is reset
            finally:
                self._end_all(time.monotonic())
        if self._shift.failure is not None:
            raise self._shift.failure

    def close(self) -> None:
        """Reset what is open, and give links and guards back. Closing twice is harmless."""
        for one in self.listeners:
            one.host.close()
        self._shift.close()
        self._stop.close()

    def _listen(self, asked: Address, local: IPAddress) -> RawListener:
        assert isinstance(asked, InternetAddress)
        kind, settings = self._link, self.settings
        host = open_host(
            local, asked.port, interface=interface_at(local, kind, self._guard), kind=kind,
            guard=self._guard, watchdog=True,
        )  # fmt: skip
        try:
            if self._opened is not None:
                self._opened(host)
            listener = Listener(_tcp(settings), backlog=settings.backlog)
            host.listen(local, port_of(host), listener)
        except BaseException:
            host.close()
            raise
        word = KINDS[f"tcp{local.version}"]
        return RawListener(asked, InternetAddress(word, local, port_of(host)), host, listener)

    def _goes_on(self) -> bool:
        """Whether there is somebody to wait for."""
        return self._stage is Stage.OPEN or bool(self._talks)

    def _turn(self) -> None:
        """Wait until something has come or is due, and do all that follows."""
        self._wait(self._due())
        now = time.monotonic()
        for one in self.listeners:
            one.host.turn()
            if self._stage is Stage.OPEN:
                self._accept(one, now)
        self._obey(now)
        for talk in self._talks:
            talk.step(now)
        if self._stage is not Stage.OPEN and now >= self._shift.last_orders:
            self._end_all(now)
        self._talks = [one for one in self._talks if not one.is_over]
        for one in self.listeners:
            one.host.flush()

    def _due(self) -> float:
        at = min((one.due() for one in self._talks), default=inf)
        if self._stage is not Stage.OPEN:
            at = min(at, self._shift.last_orders)
        return at

    def _wait(self, until: float) -> None:
        at = min(until, *(one.host.wake_at for one in self.listeners))
        left = max(0.0, at - time.monotonic())
        self._poller.poll(None if left == inf else ceil(left * 1000))

    def _accept(self, one: RawListener, now: float) -> None:
        """Take who is connected, as many as there are to be."""
        shift, ready = self._shift, one.listener.ready
        while ready and shift.take_token():
            connection = ready.popleft()
            flow = connection.flow
            if connection.is_over or not isinstance(flow, Flow):
                shift.counts.add("accept_errors")
                shift.return_token()
                continue
            made = Conversation(one.host, connection, flow)
            if len(self._talks) >= self.settings.max_connections:
                shift.counts.add("full")
                shift.return_token()
                made.close()
                continue
            shift.counts.add("accepted")
            shift.note_arrival()
            if self.settings.mischief.drop_accept:
                made.close()
                shift.counts.closed(Reason.DROPPED)
                continue
            self._talks.append(RawTalk(shift, made, now))

    def _obey(self, now: float) -> None:
        """Take note of the bell: who has connected is taken, and nobody else."""
        stage = self._stop.stage
        if stage is self._stage:
            return
        if self._stage is Stage.OPEN:
            for fd, what in self._stop.stages.items():
                if what is Stage.DRAINING:
                    self._poller.unregister(fd)
            for one in self.listeners:
                self._accept(one, now)
                one.host.stop_listening(one.local, one.address.port)
        self._stage = stage
        if stage is Stage.CUT:
            self._end_all(now)

    def _end_all(self, now: float) -> None:
        for talk in self._talks:
            talk.close(Reason.ABORTED, now)

    def _part(self) -> None:
        """Wait a moment for the last goodbyes: what the host leaves behind is reset."""
        until = time.monotonic() + GOODBYE
        hosts = [one.host for one in self.listeners]
        while time.monotonic() < until and self._stop.stage is not Stage.CUT:
            left = [c for host in hosts for c in host.stack.connections.values()]
            if all(one.state in OVER for one in left):
                return
            self._wait(until)
            for host in hosts:
                host.turn()


def _tcp(settings: Settings) -> TcpSettings:
    """Return how connections behave, as far as it was asked for."""
    found = replace(AS_THE_LINK, nodelay=settings.no_delay)
    if settings.keepalive is None:
        return found
    return replace(
        found,
        keepalive=settings.keepalive,
        keepalive_interval=PROBE_INTERVAL,
        keepalive_count=PROBES,
    )


def _locals(asked: Address) -> tuple[IPAddress, ...]:
    """Return the addresses that one of the notation stands for.

    Raises:
        NameNotFound: there is no such name.
        UsageError: it is no TCP, or stands for all addresses.
    """
    if not isinstance(asked, InternetAddress) or asked.kind.word not in TCP:
        raise UsageError(f"{asked}: only TCP can be served in user space")
    if asked.is_every:
        raise UsageError(f"{asked}: one address of this host is wanted, and not every one")
    if not isinstance(asked.host, str):
        return (local_address(asked.host),)
    version = {"tcp4": 4, "tcp6": 6}.get(asked.kind.word)
    return tuple(map(local_address, resolve(asked.host, version)))
