"""Many conversations in one thread: whoever is ready has its turn, and nobody is waited for.

A model waits, by select(2) or one of its successors, and says who is ready. Here is what all
of them share: listeners, bell, limits, time; the conversations are in ``connection``.
"""

import heapq
import select
import socket
import time
from itertools import count
from math import ceil, inf
from typing import TYPE_CHECKING, Protocol

from rawkit.posix.serving.accept import Acceptor
from rawkit.posix.serving.connection import IN, Connection
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.datagrams import answer
from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.stop import Stage

if TYPE_CHECKING:
    from rawkit.posix.listen import Listener

ACCEPTED_AT_ONCE = 64
STEPS, SHORTEST_STEP = 100, 0.02
"""An idle time is that many steps, if each is that long in seconds."""
SPECIAL, FREE = 128, 255
OLDER = bytes([*range(1, SPECIAL), SPECIAL - 1, *range(SPECIAL + 1, FREE), FREE - 1, FREE])
"""What each age is one step later."""


class Poller(Protocol):
    """What a model waits with, as select.epoll has it."""

    def register(self, fd: int, eventmask: int, /) -> object: ...

    def modify(self, fd: int, eventmask: int, /) -> object: ...

    def unregister(self, fd: int, /) -> object: ...


class Reactor:
    """All connections of a worker, and what there is to do when one of them is ready."""

    def __init__(
        self, shift: Shift, poller: Poller, *, flags: int = 0, most_fd: int | None = None
    ) -> None:
        """Begin to listen.

        Args:
            shift: the service, and the limits.
            poller: what the model waits with.
            flags: what to register clients with, besides what is waited for.
            most_fd: the highest number of a descriptor that it can wait for.
        """
        self.shift = shift
        self.function = shift.offer.function
        self.ages = bytearray([FREE] * 1024)
        """By descriptor, how many steps nothing has moved; from ``SPECIAL`` on, a connection
        that takes more than reading, asking the function and writing. ``FREE``: none."""
        self.patience: float | None = None
        """Seconds to wait at most; ``None``: until something happens."""
        self.received = self.sent = 0
        """Octets that a model has moved by itself; counted at the next step."""
        self._poller = poller
        self._flags = flags
        self._most_fd = inf if most_fd is None else most_fd
        self._connections: dict[int, Connection] = {}
        self._timers: list[tuple[float, int, Connection]] = []
        self._order = count()
        self._acceptor = Acceptor(shift)
        self._listeners = {one.sock.fileno(): one for one in shift.listeners}
        self._is_listening = False
        self._stage = Stage.OPEN
        self._deadline = inf
        idle = shift.settings.idle
        self._step = max(SHORTEST_STEP, idle / STEPS) if idle else 1.0
        self._oldest = max(1, ceil(idle / self._step)) if idle else 0
        self._next_step = 0.0
        for fd in shift.stop.stages:
            self._make_room(fd)
            poller.register(fd, IN)
        self._listen()

    def goes_on(self) -> bool:
        """Do what is due, and return whether there is something to wait for."""
        now = time.monotonic()
        if now >= self._next_step:
            self._age(now)
        while self._timers and self._timers[0][0] <= now:
            connection = heapq.heappop(self._timers)[2]
            if self._connections.get(connection.fd) is connection:
                connection.wake()
        if not self._is_listening and self._acceptor.paused_until <= now:
            self._listen()
        if self._stage is Stage.CUT or now >= self._deadline:
            self._abort()
        if self._stage is not Stage.OPEN and not self._connections:
            return False
        self.patience = self._next_due(now)
        return True

    def ready(self, fd: int) -> bool:
        """Serve whoever is ready, and return whether there may be more to read from it."""
        connection = self._connections.get(fd)
        if connection is not None:
            return connection.ready()
        if (listener := self._listeners.get(fd)) is not None:
            self._come(listener)
        elif (stage := self.shift.stop.stages.get(fd)) is not None:
            self._obey(fd, stage)
        return False

    def again(self, fd: int) -> None:
        """Have it told anew if there is something to read."""
        if fd in self._connections:
            self.want(fd, IN)

    def connection(self, fd: int) -> Connection:
        """Return the connection of a descriptor that has an age."""
        return self._connections[fd]

    def close(self) -> None:
        """Close what is still open, after something unforeseen."""
        self._abort()
        self._count()
        self._acceptor.close()

    # what connections call

    def want(self, fd: int, events: int) -> None:
        self._poller.modify(fd, events | self._flags)

    def moved(self, fd: int) -> None:
        self.ages[fd] = SPECIAL

    def rests(self, connection: Connection) -> None:
        if self._is_plain(connection):
            self.ages[connection.fd] = 0

    def call_at(self, connection: Connection, at: float) -> None:
        heapq.heappush(self._timers, (at, next(self._order), connection))

    def forget(self, connection: Connection) -> None:
        del self._connections[connection.fd]
        self.ages[connection.fd] = FREE
        self._poller.unregister(connection.fd)
        self._acceptor.resume()

    # clients that come

    def _come(self, listener: "Listener") -> None:
        if listener.is_datagram:
            answer(self.shift, listener)
        else:
            self._accept(listener, ACCEPTED_AT_ONCE)

    def _accept(self, listener: "Listener", most: float) -> None:
        while most > 0:
            most -= 1
            room = len(self._connections) < self.shift.settings.max_connections
            taken = self._acceptor.accept(listener, room=room)
            if taken is None:
                break
            self._add(listener, *taken)
        if self._acceptor.paused_until:
            self._deafen()

    def _add(self, listener: "Listener", sock: socket.socket, sockaddr: object) -> None:
        if sock.fileno() > self._most_fd:
            sock.close()
            self.shift.closed(Reason.DROPPED)
            self.shift.trouble(f"select() knows no descriptor above {self._most_fd}")
            return
        sock.setblocking(False)
        client = self.shift.peer_of(sock, sockaddr)
        fd = sock.detach()
        self._make_room(fd)
        connection = self._connections[fd] = Connection(self, fd, listener, client)
        self._poller.register(fd, IN | self._flags)
        self.ages[fd] = 0 if self._is_plain(connection) else SPECIAL
        connection.begin()

    def _is_plain(self, connection: Connection) -> bool:
        """Whether its octets need not be counted one by one, nor its messages kept apart."""
        return self.function is not None and not self.shift.tells_closed and connection.is_stream

    def _make_room(self, fd: int) -> None:
        if fd >= len(self.ages):
            self.ages.extend([FREE] * (fd + 1 - len(self.ages) + 1024))

    # how it ends

    def _obey(self, fd: int, stage: Stage) -> None:
        """Take note of the bell; take those who came before it, and no more."""
        self._poller.unregister(fd)
        if self._stage is Stage.OPEN:
            self._deafen()
            for listener in self._listeners.values():
                if listener.is_datagram:
                    answer(self.shift, listener)
                elif stage is Stage.DRAINING:
                    self._accept(listener, inf)
                listener.hush()
            self._listeners.clear()
            self._deadline = self.shift.last_orders
        self._stage = max(self._stage, stage)

    def _abort(self) -> None:
        for connection in [*self._connections.values()]:
            connection.close(Reason.ABORTED)

    # time

    def _age(self, now: float) -> None:
        """Make all connections a step older, and close those that are too old."""
        self._next_step = now + self._step
        self._count()
        if self._oldest:
            self.ages[:] = self.ages.translate(OLDER)
            for age in (self._oldest, SPECIAL + self._oldest):
                while (fd := self.ages.find(age)) >= 0:
                    self._connections[fd].close(Reason.IDLE)
        lifetime = self.shift.settings.lifetime
        if lifetime is None:
            return
        for connection in [*self._connections.values()]:  # the oldest comes first
            if connection.began + lifetime > now:
                break
            connection.close(Reason.LIFETIME)

    def _count(self) -> None:
        self.shift.counts.octets(self.received, self.sent)
        self.received = self.sent = 0

    def _next_due(self, now: float) -> float | None:
        """Return in how many seconds something is to be done, whatever happens."""
        at = min(
            self._next_step if self._connections else inf,
            self._timers[0][0] if self._timers else inf,
            inf if self._is_listening or not self._listeners else self._acceptor.paused_until,
            self._deadline,
        )
        return None if at == inf else max(0.0, at - now)

    # what the model waits for

    def _listen(self) -> None:
        self._is_listening = True
        exclusive = select.EPOLLEXCLUSIVE if self.shift.shared else 0
        for fd in self._listeners:
            self._make_room(fd)
            self._poller.register(fd, IN | exclusive)

    def _deafen(self) -> None:
        """Wait for no client for a while: the wait would return at once, and spin."""
        if self._is_listening:
            self._is_listening = False
            for fd in self._listeners:
                self._poller.unregister(fd)
