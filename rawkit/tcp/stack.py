"""Many connections of one host: whose segment it is, who is to be looked at, and when.

A stack has no socket and no clock. Its driver hands it what arrives, asks it for what is to be
sent, and calls it again at ``wake_at``.
"""

import heapq
from collections.abc import Iterable, Iterator
from math import inf

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.tcp.closed import reset_for
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Ending, Event
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice
from rawkit.tcp.isn import check_secret
from rawkit.tcp.listener import Listener
from rawkit.tcp.segment import SYN, WRAP, Segment
from rawkit.tcp.settings import DEFAULT, Settings
from rawkit.tcp.state import Cause, State
from rawkit.wire.address import Address

BEYOND = 0x10000 + 1
"""How far a connection that takes the place of one in TIME-WAIT starts beyond it (RFC 6191)."""


@record
class Told:
    """What has happened to one connection."""

    connection: Connection
    events: list[Event]


@record
class Departing:
    """Segments of one flow, to be sent in order."""

    flow: Flow
    key: bytes
    """Of the flow."""
    segments: list[Segment]


class Stack:
    """The connections and the listeners of one address, or of several."""

    def __init__(self, *, secret: bytes) -> None:
        """Make an empty one.

        Args:
            secret: 8 to 32 octets that nobody else knows (RFC 6528).
        """
        self.secret = check_secret(secret)
        self.connections: dict[bytes, Connection] = {}
        """By the flow's key."""
        self.listeners: dict[tuple[Address, int], Listener] = {}
        self.strangers = 0
        """Segments that were of no connection."""
        self._opening: dict[bytes, Listener] = {}
        """Whose each connection is whose handshake is not over."""
        self._touched: dict[int, Connection] = {}
        self._due: list[tuple[float, int, Connection]] = []
        self._stray: list[Departing] = []
        self._count = 0

    def connect(
        self, now: float, flow: Flow, settings: Settings = DEFAULT, *, isn: int | None = None
    ) -> Connection:
        """Open a connection actively.

        Raises:
            UsageError: there is one between these two ends.
        """
        made = Connection(flow, settings, secret=self.secret, isn=isn, touched=self._touch)
        if made.key in self.connections:
            raise UsageError(f"there is a connection {flow} already")
        self.connections[made.key] = made
        made.open(now)
        return made

    def adopt(self, connection: Connection) -> None:
        """Take care of a connection that was opened elsewhere.

        Raises:
            UsageError: its ends are unknown, or there is a connection between them.
        """
        flow = connection.flow
        if flow is None or flow.key in self.connections:
            raise UsageError(f"there is a connection {flow} already")
        connection.touched = self._touch
        self.connections[flow.key] = connection
        self._touch(connection)

    def listen(self, local: Address, port: int, listener: Listener) -> None:
        """Have a listener answer for an address and a port.

        Raises:
            UsageError: another one does.
        """
        if (local, port) in self.listeners:
            raise UsageError(f"{local} port {port} has a listener already")
        self.listeners[local, port] = listener

    def arrive(self, now: float, key: bytes, segment: Segment) -> None:
        """Take in a segment; answer it with a reset if nobody knows of it (§3.10.7.1).

        Args:
            now: seconds.
            key: whose it is (:attr:`Flow.key`).
            segment: with 32-bit numbers.
        """
        found = self.connections.get(key)
        if found is None:
            self._first(now, Flow.of_key(key), segment)
        elif found.block.state is State.TIME_WAIT and found.gives_way(segment):
            self._touch(found)
            del self.connections[key]
            isn = found.block.snd_nxt + BEYOND & WRAP
            self._first(now, Flow.of_key(key), segment, isn)
        elif key not in self._opening or not self._by_cookie(now, found, segment):
            found.arrive(now, segment)
            self._touch(found)
            if key in self._opening:
                self._file_opened(key, found)

    def advise(self, now: float, flow: Flow, advice: Advice) -> None:
        """Take in an ICMP error about a segment of ours."""
        found = self.connections.get(flow.key)
        if found is not None:
            found.advise(now, advice)
            self._touch(found)

    def tick(self, now: float) -> None:
        """Do what is due by now."""
        due = self._due
        while due and due[0][0] <= now:
            at, _, connection = heapq.heappop(due)
            if connection.scheduled != at:
                continue  # it was put off, or moved forward
            connection.scheduled = inf
            if connection.wake_at <= now:
                connection.tick(now)
            self._touch(connection)

    def departing(self, now: float) -> Iterator[Departing]:
        """Yield what is to be sent now: of each connection that anything happened to."""
        stray, self._stray = self._stray, []
        yield from stray
        for connection in self._touched.values():
            segments = connection.outgoing(now)
            if segments and connection.flow is not None:
                yield Departing(connection.flow, connection.key, segments)

    def settle(self) -> list[Told]:
        """Return what has happened since, and forget connections that are over.

        Call it behind :meth:`departing`; afterwards ``wake_at`` is right.
        """
        told: list[Told] = []
        touched, self._touched = self._touched, {}
        for connection in touched.values():
            events = connection.take_events()
            self._file(connection)
            if events:
                told.append(Told(connection, events))
            self._schedule(connection)
        return told

    @property
    def is_calm(self) -> bool:
        """Whether nothing was done or has come since :meth:`settle`: there is nothing to send."""
        return not (self._touched or self._stray)

    @property
    def touched(self) -> Iterable[Connection]:
        """Those that anything was done to or has come for since :meth:`settle`."""
        return self._touched.values()

    @property
    def wake_at(self) -> float:
        """When to call :meth:`tick` at the latest; infinity: never, unless something happens."""
        due = self._due
        while due and due[0][2].scheduled != due[0][0]:
            heapq.heappop(due)
        return due[0][0] if due else inf

    def reset_all(self, now: float) -> None:
        """Abort every connection: the host is going away."""
        self.listeners.clear()
        for connection in list(self.connections.values()):
            connection.abort(now)
            self._touch(connection)

    def _touch(self, connection: Connection) -> None:
        self._touched[id(connection)] = connection

    def _first(self, now: float, flow: Flow, s: Segment, isn: int | None = None) -> None:
        """Answer a segment of no connection."""
        self.strangers += 1
        listener = self.listeners.get((flow.local, flow.local_port))
        answer: Segment | None = None
        if listener is not None:
            found = listener.answer(now, flow, s)
            if isinstance(found, Connection):
                if isn is not None:
                    found.block.given_isn = isn
                self._begin(now, found, flow, s, listener)
                return
            answer = found
        if answer is None and (listener is None or not s.flags & SYN):
            answer = reset_for(s)
        if answer is not None:
            self._stray.append(Departing(flow, flow.key, [answer]))

    def _begin(
        self, now: float, made: Connection, flow: Flow, s: Segment, listener: Listener
    ) -> None:
        """Take care of a connection of a listener, which this segment has led to."""
        made.touched = self._touch
        made.arrive(now, s, flow)
        key = made.key
        self.connections[key] = listener.opening[key] = made
        self._opening[key] = listener
        self._touch(made)

    def _by_cookie(self, now: float, found: Connection, s: Segment) -> bool:
        """Open the connection of a cookie instead of one that is half open; tell whether it is so.

        A SYN that came twice may have been answered by a cookie first, and then, when there was
        room, by something remembered: the other side knows of the first answer alone.
        """
        key = found.key
        listener, flow = self._opening[key], Flow.of_key(key)
        made = listener.instead_of(now, found, flow, s)
        if made is None:
            return False
        found.block.end(Cause.ABORT, Ending.ABORTED)
        self._touch(found)
        self._begin(now, made, flow, s, listener)
        self._file_opened(key, made)
        return True

    def _file(self, connection: Connection) -> None:
        """Keep the books of who is open and who is over."""
        key = connection.key
        if key in self._opening:
            self._file_opened(key, connection)
        if connection.is_over and self.connections.get(key) is connection:
            del self.connections[key]

    def _file_opened(self, key: bytes, connection: Connection) -> None:
        """Have a connection accepted if its handshake is done; forget it if that has failed."""
        listener = self._opening[key]
        if connection.state is not State.SYN_RECEIVED and listener.opening.get(key) is connection:
            del self._opening[key], listener.opening[key]
            if connection.is_open:
                listener.ready.append(connection)

    def _schedule(self, connection: Connection) -> None:
        at = connection.wake_at
        if at < connection.scheduled:
            self._count += 1
            connection.scheduled = at
            heapq.heappush(self._due, (at, self._count, connection))
