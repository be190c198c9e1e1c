"""Clients one after the other, for servers that block until the next one comes."""

import select
import socket
import time
from collections import deque
from collections.abc import Callable

from rawkit.posix.serving.accept import Acceptor
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.stop import Stage

Taken = tuple[socket.socket, object]
"""A connection, and its client's address as accept(2) has it."""


def always() -> bool:
    """Say that there is room for one more."""
    return True


class Clients:
    """Waits at the listeners until the bell rings; then takes who has come, and that is all.

    Of several workers that wait at one listener the kernel wakes one and not the whole herd:
    EPOLLEXCLUSIVE.
    """

    def __init__(
        self,
        shift: Shift,
        room: Callable[[], bool] = always,
        wake: tuple[int, Callable[[], None]] | None = None,
    ) -> None:
        """Begin to wait.

        Args:
            shift: where, and until when.
            room: whether there may be one more; who is too many is hung up on.
            wake: a descriptor to wait for besides, and what to do when it can be read.
        """
        self._shift = shift
        self._room = room
        self._wake = wake
        self._acceptor = Acceptor(shift)
        self._by_fd = {one.sock.fileno(): one for one in shift.listeners}
        self._poller = select.epoll()
        self._stage = Stage.OPEN
        self._waiting: deque[Taken] = deque()
        for fd in self._by_fd:
            self._listen(fd)
        for fd in (*shift.stop.stages, *(wake or ())[:1]):
            self._poller.register(fd, select.EPOLLIN)

    def next(self) -> Taken | None:
        """Return the next one; ``None``: there are to be no more."""
        while self._stage is Stage.OPEN:
            self._pause()
            for fd, _ in self._poller.poll():
                if fd in self._by_fd:
                    taken = self._acceptor.accept(self._by_fd[fd], room=self._room())
                    if taken is not None:
                        return taken
                else:
                    self._hear(fd)
        return self._waiting.popleft() if self._waiting else None

    def collect(self) -> None:
        """Take all who wait, to be served later, and let nobody else come: the bell has rung."""
        if self._stage is not Stage.OPEN:
            return
        self._stage = Stage.DRAINING
        for listener in self._by_fd.values():
            while (taken := self._acceptor.accept(listener, room=self._room())) is not None:
                self._waiting.append(taken)
            listener.hush()
        self._by_fd.clear()

    def pause(self) -> None:
        """Take nobody for a moment: something has run out."""
        self._acceptor.run_out()

    def close(self) -> None:
        """Let go of what it took to wait, and of those who were not served."""
        for sock, _ in self._waiting:
            sock.close()
            self._shift.closed(Reason.ABORTED)
        self._waiting.clear()
        self._poller.close()
        self._acceptor.close()

    def _pause(self) -> None:
        """Wait for the end of a pause with the listeners out of sight, or the wait would spin."""
        if self._acceptor.paused_until <= time.monotonic():
            return
        for fd in self._by_fd:
            self._poller.unregister(fd)
        while (left := self._acceptor.paused_until - time.monotonic()) > 0:
            for fd, _ in self._poller.poll(left):
                self._acceptor.resume()
                self._hear(fd)
        for fd in self._by_fd:
            self._listen(fd)

    def _hear(self, fd: int) -> None:
        """Take note of the bell, or of what else there was to wait for."""
        stage = self._shift.stop.stages.get(fd)
        if stage is Stage.DRAINING:
            self.collect()
        elif stage is Stage.CUT:
            self._stage = stage
            for listener in self._by_fd.values():
                listener.hush()
            self._by_fd.clear()
        elif self._wake is not None:
            self._wake[1]()

    def _listen(self, fd: int) -> None:
        exclusive = select.EPOLLEXCLUSIVE if self._shift.shared else 0
        self._poller.register(fd, select.EPOLLIN | exclusive)
