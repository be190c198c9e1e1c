"""A server on an event loop of asyncio: accepting, limits and ending; for streams."""

import asyncio
import socket
import time
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from rawkit.posix.serving.accept import Acceptor
from rawkit.posix.serving.connection import IN, OUT
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.protocol import ClientProtocol
from rawkit.posix.serving.reactor import ACCEPTED_AT_ONCE, SHORTEST_STEP, STEPS, Reactor
from rawkit.posix.serving.shift import Shift, reason_of
from rawkit.posix.serving.stop import Stage

if TYPE_CHECKING:
    from rawkit.posix.listen import Listener


async def serve_streams(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    floor = LoopFloor(shift, asyncio.get_running_loop())
    try:
        await floor.empty.wait()
    finally:
        floor.close()


async def serve_messages(shift: Shift) -> None:
    """Serve what asyncio has no transport for: messages, and datagrams with all that is told."""
    poller = LoopPoller(asyncio.get_running_loop())
    reactor = Reactor(shift, poller)
    try:
        while reactor.goes_on():
            for fd in await poller.poll(reactor.patience):
                reactor.ready(fd)
    finally:
        reactor.close()


class LoopFloor:
    """All connections of a loop."""

    def __init__(self, shift: Shift, loop: asyncio.AbstractEventLoop) -> None:
        self.shift = shift
        self.step = 0
        self.empty = asyncio.Event()
        """Set when the bell has rung and everybody has left."""
        self._loop = loop
        self._acceptor = Acceptor(shift)
        self._stage = Stage.OPEN
        self._connections: dict[ClientProtocol, None] = {}
        """In the order of their coming."""
        self._coming: set[asyncio.Task[object]] = set()
        idle = shift.settings.idle
        self._every = max(SHORTEST_STEP, idle / STEPS) if idle else 1.0
        self._oldest = idle / self._every if idle else inf
        self._timer = loop.call_later(self._every, self._age)
        for fd, stage in shift.stop.stages.items():
            loop.add_reader(fd, self._obey, fd, stage)
        self._listen()

    def left(self, one: ClientProtocol) -> None:
        self._connections.pop(one, None)
        self._acceptor.resume()
        self._look()

    def close(self) -> None:
        """Close what is still open, after something unforeseen."""
        self._timer.cancel()
        self._abort()
        self._acceptor.close()

    def _listen(self) -> None:
        if self._stage is Stage.OPEN:
            for listener in self.shift.listeners:
                self._loop.add_reader(listener.sock.fileno(), self._come, listener)

    def _come(self, listener: "Listener") -> None:
        self._accept(listener, ACCEPTED_AT_ONCE)
        until = self._acceptor.paused_until
        if until:
            for one in self.shift.listeners:
                self._loop.remove_reader(one.sock.fileno())
            self._loop.call_later(until - time.monotonic(), self._listen)

    def _accept(self, listener: "Listener", most: float) -> None:
        while most > 0:
            most -= 1
            room = len(self._connections) < self.shift.settings.max_connections
            taken = self._acceptor.accept(listener, room=room)
            if taken is None:
                break
            self._add(*taken)

    def _add(self, sock: socket.socket, sockaddr: object) -> None:
        sock.setblocking(False)
        client = self.shift.peer_of(sock, sockaddr)
        protocol = ClientProtocol(self, sock, client)
        self._connections[protocol] = None
        coming = self._loop.connect_accepted_socket(lambda: protocol, sock)
        task: asyncio.Task[object] = self._loop.create_task(coming)
        self._coming.add(task)
        task.add_done_callback(partial(self._has_come, protocol, sock))

    def _has_come(
        self, protocol: ClientProtocol, sock: socket.socket, task: "asyncio.Task[object]"
    ) -> None:
        self._coming.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:  # the client is gone already
            protocol.close(reason_of(error), error)
            sock.close()

    def _obey(self, fd: int, stage: Stage) -> None:
        self._loop.remove_reader(fd)
        if self._stage is Stage.OPEN:
            self._stage = stage
            for listener in self.shift.listeners:
                self._loop.remove_reader(listener.sock.fileno())
                if stage is Stage.DRAINING:
                    self._accept(listener, inf)
                listener.hush()
            self._loop.call_later(self.shift.last_orders - time.monotonic(), self._abort)
        self._stage = max(self._stage, stage)
        if self._stage is Stage.CUT:
            self._abort()
        self._look()

    def _abort(self) -> None:
        for one in [*self._connections]:
            one.close(Reason.ABORTED)

    def _look(self) -> None:
        if self._stage is not Stage.OPEN and not self._connections:
            self.empty.set()

    def _age(self) -> None:
        """Close the connections that are too old, or on which nothing has moved for too long."""
        self._timer = self._loop.call_later(self._every, self._age)
        self.step += 1
        moved_before = self.step - self._oldest
        born_before = time.monotonic() - (self.shift.settings.lifetime or inf)
        for one in [*self._connections]:
            if one.moved_at <= moved_before:
                one.close(Reason.IDLE)
            elif one.began <= born_before:
                one.close(Reason.LIFETIME)


class LoopPoller:
    """The loop, asked as an epoll is."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready: set[int] = set()
        self._changed = asyncio.Event()

    def register(self, fd: int, events: int) -> None:
        """Wait for these events."""
        self.modify(fd, events)

    def modify(self, fd: int, events: int) -> None:
        """Wait for these events from now on."""
        if events & IN:
            self._loop.add_reader(fd, self._note, fd)
        else:
            self._loop.remove_reader(fd)
        if events & OUT:
            self._loop.add_writer(fd, self._note, fd)
        else:
            self._loop.remove_writer(fd)

    def unregister(self, fd: int) -> None:
        """Do not wait for it any more."""
        self.modify(fd, 0)
        self._ready.discard(fd)

    async def poll(self, seconds: float | None) -> set[int]:
        """Return who is ready, after waiting so long at most."""
        if not self._ready:
            self._changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), seconds)
        ready, self._ready = self._ready, set()
        return ready

    def _note(self, fd: int) -> None:
        self._ready.add(fd)
        self._changed.set()
