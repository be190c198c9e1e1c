"""All connections of a load test, and what becomes of the question on each."""

import errno
import heapq
import os
import select
import socket
import struct
import time
from collections import deque
from itertools import count
from math import inf

from rawkit.posix.loading.settings import LoadSettings
from rawkit.posix.loading.slots import Opener, Slot, State
from rawkit.posix.loading.tally import Tally

IN, OUT = select.EPOLLIN, select.EPOLLOUT
RETRY = 0.1
"""Seconds from a failure to the next attempt of that slot."""
FULL = 0.001
"""Seconds until a queue that was full is tried once more."""
READ = 1 << 18
"""Octets that are read at once."""
NUMBER = struct.Struct("!Q")
"""What a datagram begins with, if there is room: an old answer is known by it."""
LETTERS = b"abcdefghijklmnopqrstuvwxyz"
NO_ROOM = (errno.EAGAIN, errno.ENOBUFS)


class Floor:
    """Asks, hears, connects and gives up; never waits."""

    def __init__(self, opener: Opener, settings: LoadSettings) -> None:
        self.tally = Tally()
        self.epoll = select.epoll()
        size = settings.size
        message = (LETTERS * (size // len(LETTERS) + 1))[:size]
        self.slots = [Slot(message) for _ in range(settings.connections)]
        self.by_fd: dict[int, Slot] = {}
        self.free: deque[Slot] = deque()
        self.later: list[tuple[float, int, Slot]] = []
        """Slots that try again, and when."""
        self.connecting = 0
        self.open_questions = 0
        self.left = inf if settings.count is None else settings.count
        """Questions that may yet be asked."""
        self.is_asking = False
        self.is_over = False
        """Whether nothing more will be asked."""
        self.most_read = min(size + 1, READ)
        self.has_numbers = opener.is_datagram and size >= NUMBER.size
        self._opener, self._settings = opener, settings
        self._order = count()
        self._next_sweep = 0.0

    def close(self) -> None:
        """Close everything. A second time does nothing."""
        self.tally.unfinished += self.open_questions
        self.open_questions = 0
        for slot in self.slots:
            self._drop(slot)
        self.epoll.close()

    def begin(self, slot: Slot, due: float) -> None:
        """Ask a question that is due."""
        self.left -= 1
        self.open_questions += 1
        self.tally.asked += 1
        slot.due, slot.asked, slot.has_question = due, time.monotonic(), True
        if self._settings.each_its_own:
            self.open(slot)
        else:
            self._ask(slot)

    def release(self, slot: Slot) -> None:
        """Give a slot that is free its next question, or keep it until there is one."""
        slot.state = State.IDLE
        slot.began = time.monotonic()
        if self.is_asking and self._settings.rate is None and self.left:
            self.begin(slot, slot.began)
        else:
            self.free.append(slot)

    def take(self, slot: Slot, sock: socket.socket) -> None:
        """Use a connection that is open."""
        self._opener.set_up(sock)
        slot.sock, slot.fd = sock, sock.fileno()
        self.by_fd[slot.fd] = slot
        self.tally.connected += 1
        self._watch(slot, IN)
        self.release(slot)

    def open(self, slot: Slot) -> None:
        """Connect."""
        slot.began = time.monotonic()
        slot.state, slot.is_connecting = State.CONNECTING, True
        self.connecting += 1
        try:
            sock = slot.sock = self._opener.open()
        except OSError as error:
            self.broke(slot, "connect", error)
            return
        slot.fd = sock.fileno()
        self.by_fd[slot.fd] = slot
        self._connect(slot, sock)

    def happened(self, slot: Slot, events: int) -> None:
        """Do what can be done now."""
        if slot.state is State.CONNECTING and slot.sock is not None:
            code = slot.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self.broke(slot, "connect", OSError(code, ""))
            else:
                self._connected(slot)
            return
        if slot.state is State.ASKING and events & OUT:
            self._send(slot, slot.unsent)
        if slot.sock is not None and events & ~OUT:
            self._read(slot)

    def heard(self, slot: Slot, data: bytes) -> None:
        """Take a part of an answer, or what is none."""
        size, opener = self._settings.size, self._opener
        if not data and not opener.is_datagram:
            self.failed(slot, "answer", says="closed by the other side")
        elif self._is_old(slot, data):
            self.tally.strays += 1
        elif slot.got + len(data) > size or not slot.has_question:
            self.failed(slot, "answer", says="longer than the question")
        elif opener.is_message and len(data) < size:
            self.failed(slot, "answer", says="shorter than the question")
        else:
            slot.same &= data == slot.message[slot.got : slot.got + len(data)]
            slot.got += len(data)
            if slot.got == size and slot.state is State.ASKED:
                self._answered(slot)

    def unsent(self, slot: Slot, rest: bytes | memoryview, error: OSError | None = None) -> None:
        """Wait for room to send the rest, unless it is an error of another kind."""
        if error is not None and error.errno not in NO_ROOM:
            self.broke(slot, "ask", error)
            return
        slot.state, slot.unsent = State.ASKING, memoryview(rest)
        self._watch(slot, IN | OUT)

    def broke(self, slot: Slot, what: str, error: OSError) -> None:
        """Count an error of the system, and give the connection up."""
        number = error.errno or 0
        self.failed(slot, what, number, "" if number else str(error))

    def failed(self, slot: Slot, what: str, number: int = 0, says: str = "") -> None:
        """Count what went wrong, and give the connection up; there will be another."""
        self.tally.failed(what, number, says)
        self._drop(slot)
        if slot.has_question:
            slot.has_question = False
            self.open_questions -= 1
        if not self.is_over:
            self._wait(slot, RETRY)

    def try_again(self, now: float) -> None:
        """Do what was put off until now."""
        while self.later and self.later[0][0] <= now:
            slot = heapq.heappop(self.later)[2]
            if slot.state is not State.LATER:
                continue
            if slot.sock is not None:
                self._connect(slot, slot.sock)
            elif self.is_over:
                continue
            elif self._settings.each_its_own:
                self.release(slot)
            else:
                self.open(slot)

    def sweep(self, now: float) -> None:
        """Give up what takes too long; does nothing if that was done a moment ago."""
        if now < self._next_sweep:
            return
        timeout = self._settings.timeout
        self._next_sweep = now + min(0.25, timeout / 4)
        for slot in self.slots:
            since = slot.asked if slot.has_question else slot.began
            if (slot.has_question or slot.is_connecting) and now - since >= timeout:
                if slot.is_connecting:
                    self.failed(slot, "connect", says=f"none in {timeout:g} s")
                else:
                    self.failed(slot, "answer", says=f"none in {timeout:g} s")

    def _connect(self, slot: Slot, sock: socket.socket) -> None:
        slot.state = State.CONNECTING
        try:
            is_done = self._opener.connect(sock)
        except OSError as error:
            self.broke(slot, "connect", error)
            return
        if is_done:
            self._connected(slot)
        elif is_done is None:
            self._wait(slot, FULL)
        else:
            self._watch(slot, OUT)

    def _connected(self, slot: Slot) -> None:
        self.connecting -= 1
        slot.is_connecting = False
        self.tally.connected += 1
        if not self._opener.is_datagram:
            self.tally.connecting.add(time.monotonic() - slot.began)
        self._watch(slot, IN)
        if slot.has_question:
            self._ask(slot)
        else:
            self.release(slot)

    def _ask(self, slot: Slot) -> None:
        slot.got, slot.same = 0, True
        if self.has_numbers:
            slot.message = NUMBER.pack(self.tally.asked) + slot.message[NUMBER.size :]
        self._send(slot, slot.message)

    def _send(self, slot: Slot, data: bytes | memoryview) -> None:
        try:
            done = os.write(slot.fd, data)
        except OSError as error:
            self.unsent(slot, data, error)
            return
        if done != len(data):
            self.unsent(slot, data[done:])
            return
        slot.state = State.ASKED
        self._watch(slot, IN)
        if slot.got == self._settings.size:
            self._answered(slot)  # before the question was at its end

    def _read(self, slot: Slot) -> None:
        try:
            data = os.read(slot.fd, self.most_read)
        except BlockingIOError:
            return
        except OSError as error:
            self.broke(slot, "answer", error)
            return
        self.heard(slot, data)

    def _is_old(self, slot: Slot, data: bytes) -> bool:
        """Whether it is the answer to a datagram that was given up, or a second one."""
        if not self.has_numbers or len(data) != len(slot.message) or data == slot.message:
            return False
        is_ours = data[NUMBER.size :] == slot.message[NUMBER.size :]
        return is_ours and NUMBER.unpack_from(data)[0] <= self.tally.asked

    def _answered(self, slot: Slot) -> None:
        now, tally = time.monotonic(), self.tally
        tally.answered += 1
        tally.different += not slot.same
        tally.latencies.add(now - slot.asked)
        if self._settings.rate is not None:
            tally.from_due.add(now - slot.due)
        slot.answers += 1
        slot.has_question = False
        self.open_questions -= 1
        if self._settings.each_its_own:
            self._drop(slot)
        self.release(slot)

    def _wait(self, slot: Slot, seconds: float) -> None:
        slot.state = State.LATER
        heapq.heappush(self.later, (time.monotonic() + seconds, next(self._order), slot))

    def _watch(self, slot: Slot, events: int) -> None:
        if not slot.watched:
            self.epoll.register(slot.fd, events)
        elif slot.watched != events:
            self.epoll.modify(slot.fd, events)
        slot.watched = events

    def _drop(self, slot: Slot) -> None:
        """Close the connection of a slot, if it has one."""
        self.connecting -= slot.is_connecting
        slot.is_connecting, slot.watched = False, 0
        if slot.sock is not None:
            self.by_fd.pop(slot.fd, None)
            slot.sock.close()  # which takes it out of the epoll set, too
            slot.sock = None
