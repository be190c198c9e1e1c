"""One process accepts and hands the connections on to others, over a Unix socket (SCM_RIGHTS).

What travels is no number but the open connection itself: the kernel gives it a number in the
other process. So workers need not even have the listener.
"""

import select
import socket
import time
from collections import deque
from functools import partial

from rawkit.posix.serving.children import Children, Ending
from rawkit.posix.serving.clients import Clients
from rawkit.posix.serving.converse import converse
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.stop import Stage
from rawkit.posix.serving.workers import Deaths

FREE = b"free"
"""What a worker says when it can take a connection."""
HERE = b"here"
"""What goes along with a connection: at least one octet has to."""


class Handing:
    """The parent, its workers, and the lines to them."""

    def __init__(self, shift: Shift, number: int) -> None:
        self._shift = shift
        self._lines: list[tuple[socket.socket, socket.socket]] = []
        self._free: deque[int] = deque()
        """Places at the lines whose workers have nothing to do, the longest free first."""
        self._vacant = list(range(number))
        self._places: dict[int, int] = {}
        """By the row of a worker."""
        self._deaths = Deaths(shift)
        self._children = Children(shift, number, self._told)
        self._poller = select.epoll()
        self._poller.register(self._children.fileno(), select.EPOLLIN)
        for _ in range(number):
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._lines.append(pair)
            self._poller.register(pair[0], select.EPOLLIN)

    def run(self) -> None:
        """Hand on whoever comes, until the bell rings and everybody has left."""
        shift = self._shift
        clients = Clients(shift, wake=(self._poller.fileno(), self._hear))
        try:
            while self._one_is_free(clients):
                taken = clients.next()
                if taken is None:
                    break
                with taken[0] as sock:
                    line = self._lines[self._free.popleft()][0]
                    socket.send_fds(line, [HERE], [sock.fileno()])
            for mine, _ in self._lines:
                mine.shutdown(socket.SHUT_WR)
            self._children.end()
        finally:
            self._children.close()
            self._poller.close()
            for mine, theirs in self._lines:
                mine.close()
                theirs.close()
            clients.close()

    def _one_is_free(self, clients: Clients) -> bool:
        """Wait until a worker is free; return whether one is, and not all is over."""
        shift, stage = self._shift, self._shift.stop.stage
        while not self._free:
            if stage is not Stage.OPEN:
                clients.collect()
            self._deaths.check()
            self._hire()
            left = None if stage is Stage.OPEN else shift.last_orders - time.monotonic()
            if stage is Stage.CUT or (left is not None and left <= 0):
                return False
            stage = shift.stop.wait(left, self._poller.fileno(), after=stage)
            self._hear()
        return True

    def _hear(self) -> None:
        """Take note of who is free, and of who is gone."""
        self._children.reap()
        for place, (mine, _) in enumerate(self._lines):
            while True:
                try:
                    said = mine.recv(len(FREE), socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                if not said:
                    break
                self._free.append(place)

    def _hire(self) -> None:
        """Have a process at every line."""
        while self._vacant:
            row = self._children.fork(partial(self._work, self._vacant[-1]))
            if not row:
                return
            self._places[row] = self._vacant.pop()

    def _work(self, place: int, shift: Shift) -> None:
        """Be a worker: serve one connection after the other, as they are handed over."""
        for listener in shift.listeners:
            listener.sock.close()
        for mine, _ in self._lines:
            mine.close()
        line = self._lines[place][1]
        while True:
            line.send(FREE)
            said, fds, _, _ = socket.recv_fds(line, len(HERE), 1)
            if not said:
                return
            with socket.socket(fileno=fds[0]) as sock:
                converse(shift, sock, _peer(sock))

    def _told(self, ending: Ending) -> None:
        place = self._places.pop(ending.number)
        self._vacant.append(place)
        if place in self._free:
            self._free.remove(place)
        elif ending.code < 0:
            self._shift.counts.closed(Reason.ABORTED)
        self._deaths.note(ending)


def _peer(sock: socket.socket) -> object:
    try:
        return sock.getpeername()
    except OSError:
        return None  # it is gone already


def hand_over(shift: Shift, number: int) -> None:
    """Serve until the bell rings, with so many workers."""
    shift.board.tell_apart(number)
    Handing(shift, number).run()
