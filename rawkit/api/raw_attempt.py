"""TCP in user space behind the interface of kernel connections: for whoever takes either."""

import errno
import select
import time
from collections.abc import Callable
from math import inf

from rawkit.api.raw_tcp import interface_of
from rawkit.endpoint.conversation import Conversation
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.host import Host
from rawkit.endpoint.narration import Narrator, Shown
from rawkit.endpoint.opening import AS_THE_LINK, LinkKind, link_for, open_host, port_of
from rawkit.endpoint.stream import GOODBYE, LINGER
from rawkit.errnos.icmp import told as told_by_icmp
from rawkit.errors import NoRoute, UsageError
from rawkit.host.source import source_for
from rawkit.posix.address import Address, InternetAddress
from rawkit.posix.attempts import Attempt, Manner
from rawkit.posix.connection import CHUNK, Connection
from rawkit.posix.failures import Failure, IcmpError
from rawkit.posix.resolution import Target
from rawkit.record import record, replace
from rawkit.tcp.events import Closed, Ending
from rawkit.tcp.flow import Flow
from rawkit.tcp.settings import Settings
from rawkit.wire import icmp
from rawkit.wire.address import Address as IPAddress
from rawkit.wire.quote import says
from rawkit.wire.quote_ipv6 import says_ipv6

TCP = ("tcp", "tcp4", "tcp6")
Explain = Callable[[Flow, Shown], None]
"""Told of each segment, and what it is for."""
NUMBERS = {
    Ending.REFUSED: errno.ECONNREFUSED,
    Ending.RESET: errno.ECONNRESET,
    Ending.TIMED_OUT: errno.ETIMEDOUT,
}


@record(kw_only=True)
class RawOpener:
    """Begins to connect in user space: an opener for :class:`~rawkit.posix.connecting`."""

    link: LinkKind = "raw"
    guard: GuardKind = "auto"
    settings: Settings = AS_THE_LINK
    explain: Explain | None = None
    opened: Callable[[Host], None] | None = None
    """Told of each host, before its first segment."""

    def __call__(self, target: Target, manner: Manner) -> Attempt:
        """Send a SYN.

        Raises:
            NotPermitted: ``CAP_NET_RAW`` is missing.
            UsageError: it is no TCP, or options of sockets are asked for.
        """
        return RawAttempt(self, target, manner)


class RawAttempt:
    """A handshake that is under way."""

    def __init__(self, opener: RawOpener, target: Target, manner: Manner) -> None:
        self.target = target
        self._opener = opener
        self._started = time.monotonic()
        self._outcome: Failure | None = None
        self._made: RawConnection | None = None
        address = target.address
        if not isinstance(address, InternetAddress) or address.kind.word not in TCP:
            raise UsageError(f"{address}: only TCP can be made in user space")
        if manner.options:
            raise UsageError("a connection in user space has no socket to set options of")
        try:
            self._made = self._begin(address, manner.local)
        except NoRoute as error:
            number = error.errno or errno.ENETUNREACH
            self._outcome = Failure(address, "connect", number, "tcp", took=self._took)

    def fileno(self) -> int:
        return -1 if self._made is None else self._made.fileno()

    def interest(self) -> int:
        return select.POLLIN

    def wake_at(self) -> float | None:
        return None if self._made is None else self._made.wake_at()

    def outcome(self) -> Connection | Failure | None:
        made = self._made
        if made is None or self._outcome is not None:
            return self._outcome
        made.turn()
        connection = made.conversation.connection
        if connection.is_open:
            self._made = None  # the user's from now on
            return made
        if connection.ended is not None:
            self._outcome = self._failure(connection.ended)
            self.close()
        return self._outcome

    def give_up(self, patience: float) -> Failure:
        asked = 0
        if self._made is not None:
            asked = self._made.conversation.connection.block.counters.segments_out
        self.close()
        return Failure(
            self.target.address, "connect", errno.ETIMEDOUT, "tcp",
            took=self._took, asked=asked, patience=patience,
        )  # fmt: skip

    def close(self) -> None:
        if self._made is not None:
            self._made.host.close()
            self._made = None

    @property
    def _took(self) -> float:
        return time.monotonic() - self._started

    def _begin(self, address: InternetAddress, local: Target | None) -> "RawConnection":
        remote = address.host
        if isinstance(remote, str):
            raise UsageError(f"{address}: an address is wanted here, and no name")
        source, port, opener = _place(local, remote), _port(local), self._opener
        kind = link_for(opener.guard, opener.link)
        if kind == "tun" and local is None:
            raise UsageError("a TUN link needs a place to connect from: an address nobody has")
        interface = interface_of(kind, remote)
        host = open_host(
            source, port, interface=interface, kind=kind, guard=opener.guard, watchdog=True
        )
        if opener.opened is not None:
            opener.opened(host)
        flow = Flow(source, port_of(host), remote, address.port)
        return RawConnection(host, flow, address, opener)

    def _failure(self, ended: Closed) -> Failure:
        address, took = self.target.address, self._took
        found = _icmp_error(ended)
        if found is None:
            number = NUMBERS.get(ended.ending, errno.ECONNABORTED)
            return Failure(address, "connect", number, "tcp", took=took)
        known = told_by_icmp(found.version, found.type, found.code)
        number = (known.number if known is not None else 0) or errno.EHOSTUNREACH
        return Failure(address, "connect", number, "tcp", found, took)


class RawConnection(Connection):
    """A connection in user space; its host works in :meth:`work`, and whenever it is used."""

    is_message = is_datagram = False

    def __init__(self, host: Host, flow: Flow, address: InternetAddress, opener: RawOpener) -> None:
        """Send a SYN; the host belongs to the connection from now on."""
        self.host = host
        self.peer: Address | None = address
        self.local: Address | None = replace(address, host=flow.local, port=flow.local_port)
        self._explain = opener.explain
        self._narrator = Narrator(flow)
        if self._explain is not None:
            host.watch = self._narrator.watch
        self.flow = flow
        self.conversation = Conversation(host, host.connect(flow, opener.settings), flow)
        self._reads = True
        self._flush()

    def fileno(self) -> int:
        return self.host.fileno()

    def interest(self, *, reading: bool, writing: bool) -> int:
        self._reads = reading
        return select.POLLIN  # acknowledgments come whatever its user does

    def wake_at(self) -> float | None:
        if self._reads and self.conversation.connection.readable:
            return 0.0
        return None if self.host.wake_at == inf else self.host.wake_at

    def work(self) -> None:
        self.turn()

    def turn(self) -> None:
        """Take in what has come, do what is due, and send."""
        if self._explain is None:
            self.host.turn()
            return
        poller = select.poll()
        poller.register(self.host, select.POLLIN)
        while True:
            self.host.take_in(most=1)
            self._tell()
            self._flush()
            if not poller.poll(0):
                return

    def send(self, data: bytes | memoryview) -> int:
        taken = self.conversation.put(data) or 0
        self.sent += taken
        self._flush()
        return taken

    def receive(self) -> bytes | None:
        data = self.conversation.take(CHUNK)
        self._flush()
        if data == b"":
            self.peer_ended = True
            return None
        self.received += len(data or b"")
        return data

    def end(self) -> None:
        self.conversation.connection.shutdown()
        self._flush()

    def is_drained(self) -> bool:
        return not self.conversation.connection.unacknowledged

    def abort(self) -> None:
        if not self.host.is_closed:
            self.conversation.abort()
            self._flush()
            self.host.close()

    def close(self) -> None:
        if self.host.is_closed:
            return
        self.conversation.close()
        self._flush()
        began = time.monotonic()
        while not self.conversation.is_quiet() and time.monotonic() < began + LINGER:
            self.wait(reading=False, writing=False, until=began + LINGER)
        until = time.monotonic() + GOODBYE
        while not self.conversation.has_said_goodbye() and time.monotonic() < until:
            self.wait(reading=False, writing=False, until=until)
        self.host.close()

    def _flush(self) -> None:
        self.host.flush()
        self._tell()

    def _tell(self) -> None:
        if self._explain is not None:
            for shown in self._narrator.tell(self.conversation.connection):
                self._explain(self.flow, shown)


def _place(local: Target | None, remote: IPAddress) -> IPAddress:
    """Return where to connect from."""
    if local is not None and isinstance(local.address, InternetAddress):
        here = local.address.host
        if not isinstance(here, str) and not here.is_unspecified:
            return here
    return source_for(remote)


def _port(local: Target | None) -> int:
    return local.address.port if local and isinstance(local.address, InternetAddress) else 0


def _icmp_error(ended: Closed) -> IcmpError | None:
    """Return the ICMP error that ended a connection, if one did."""
    message, source = ended.message, ended.source
    if message is None or source is None:
        return None
    version = 4 if isinstance(message, icmp.Message) else 6
    words = says(message) if version == 4 else says_ipv6(message)
    kind, code = getattr(message, "TYPE", 0), getattr(message, "code", 0)
    return IcmpError(version, kind, code, source, words)
