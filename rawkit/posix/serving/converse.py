"""One conversation from beginning to end, by one thread that waits for nobody else.

The thread sleeps in poll(2) until its client can be read from or written to, a limit is
reached, or the bell rings. Nothing is kept but what is being sent.
"""

import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from math import inf
from termios import FIONREAD

from rawkit.posix.service import Conversation, CutOff, Peer
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import LINGER, PIECE, Shift, reason_of
from rawkit.posix.serving.stop import Stage

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: close(2) sends a reset (socket(7))."""


class Over(Exception):
    """It is over, and this is why."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def converse(
    shift: Shift,
    sock: socket.socket,
    sockaddr: object,
    at_bell: Callable[[], None] = lambda: None,
) -> None:
    """Serve one client until it is over, and close its connection.

    Args:
        shift: the service, and the limits.
        sock: the connection.
        sockaddr: the client, as accept(2) has it.
        at_bell: what to do when the bell rings meanwhile.
    """
    client = shift.peer_of(sock, sockaddr)
    Dialogue(shift, sock, client, at_bell).run()


class Dialogue:
    """The state of one conversation."""

    def __init__(
        self,
        shift: Shift,
        sock: socket.socket,
        client: Peer | None,
        at_bell: Callable[[], None],
    ) -> None:
        self._at_bell = at_bell
        self._shift = shift
        self._sock = sock
        self._client = client
        self._is_message = sock.type == socket.SOCK_SEQPACKET
        self._received = self._sent = 0
        self._pending = False
        """Whether something that was to be sent is not."""
        settings = shift.settings
        self._began = time.monotonic()
        self._ends = self._began + (settings.lifetime or inf)
        self._why = Reason.LIFETIME
        """What it means when that time has come."""
        self._poller = select.poll()
        self._poller.register(sock, 0)
        for fd in shift.stop.stages:
            self._poller.register(fd, select.POLLIN)

    def run(self) -> None:
        """Go through with it."""
        sock, talk, error = self._sock, None, None
        sock.setblocking(False)
        try:
            talk, first = self._shift.begin(sock.fileno())
            self._speak(talk, first)
            reason = self._hear_all(talk)
        except Over as over:
            reason = over.reason
        except Exception as caught:  # whatever the service raises: the server goes on
            reason, error = reason_of(caught), caught
        except BaseException:
            self._close(Reason.ABORTED, None)
            raise
        finally:
            if talk is not None:
                talk.close()
        self._close(reason, error)

    def _hear_all(self, talk: Conversation) -> Reason:
        while not talk.over:
            data = self._hear()
            if data is None:
                self._speak(talk, talk.end())
                return Reason.DONE
            words = talk.receive(data)
            if not data and not words:
                self._sock.send(words)  # an empty message is answered by one
            self._speak(talk, words)
        self._say_goodbye()
        return Reason.SERVED

    def _hear(self) -> bytes | None:
        """Return what comes next; ``None``: the client says no more.

        Raises:
            Over: a limit is reached, or the message is too long.
            OSError: the client is gone.
        """
        while True:
            self._wait(select.POLLIN, self._idle)
            with suppress(BlockingIOError):
                data = self._sock.recv(PIECE + self._is_message)
                if len(data) > PIECE:
                    raise Over(Reason.TOO_LONG)
                self._received += len(data)
                is_end = not data and not (self._is_message and is_empty_message(self._sock))
                return None if is_end else data

    def _speak(self, talk: Conversation, words: bytes) -> None:
        """Send words, and all that the service has to add to them."""
        while True:
            if words:
                self._send(words)
            if talk.over:
                return
            if talk.rest:
                self._rest(talk.rest)
            words = talk.more()
            if not words and not talk.rest and not talk.over:
                return

    def _send(self, words: bytes) -> None:
        rest = memoryview(words)
        self._pending = True
        while rest:
            try:
                done = self._sock.send(rest)
            except BlockingIOError:
                self._wait(select.POLLOUT, self._idle)
                continue
            self._sent += done
            rest = rest[done:]
        self._pending = False

    def _rest(self, seconds: float) -> None:
        """Be silent and deaf, but notice when the client is gone."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._wait(0, min(left, self._idle), may_pass=left < self._idle):
                raise Over(Reason.RESET)

    @property
    def _idle(self) -> float:
        return self._shift.settings.idle or inf

    def _wait(self, wanted: int, longest: float, *, may_pass: bool = False) -> int:
        """Wait until the client can be read from or written to, and return what is so.

        Args:
            wanted: events of poll(2).
            longest: seconds after which the connection is idle,
            may_pass: unless that may be; nothing has happened then.

        Raises:
            Over: a limit is reached, or the server stops.
        """
        until = time.monotonic() + longest
        fd = self._sock.fileno()
        self._poller.modify(fd, wanted)
        while True:
            left = min(until, self._ends) - time.monotonic()
            ready = dict(self._poller.poll(None if left == inf else max(0.0, left) * 1000))
            if fd in ready:
                return ready.pop(fd)
            if not ready and left <= 0:
                if until < self._ends and may_pass:
                    return 0
                raise Over(Reason.IDLE if until < self._ends else self._why)
            self._obey(list(ready))

    def _obey(self, rung: list[int]) -> None:
        """Take note of the bell."""
        stages = self._shift.stop.stages
        for fd in rung:
            if stages[fd] is Stage.CUT:
                raise Over(Reason.ABORTED)
            self._poller.unregister(fd)
            self._ends = min(self._ends, self._shift.last_orders)
            self._why = Reason.ABORTED
            self._at_bell()

    def _say_goodbye(self) -> None:
        """Say that this was all, and wait for the client to see it.

        To close while something is unread would send a reset, and that would take with it what
        the client has not read yet (RFC 1122 §4.2.2.13).
        """
        with suppress(OSError, Over):
            self._sock.shutdown(socket.SHUT_WR)
            until = time.monotonic() + LINGER
            while (left := until - time.monotonic()) > 0:
                self._wait(select.POLLIN, left)
                if not self._sock.recv(PIECE):
                    return

    def _close(self, reason: Reason, error: Exception | None) -> None:
        if self._pending or isinstance(error, CutOff):
            reset_at_close(self._sock)
        self._sock.close()
        self._shift.closed(
            reason,
            self._received,
            self._sent,
            client=self._client,
            seconds=time.monotonic() - self._began,
            error=error,
        )


def is_empty_message(sock: socket.socket | int) -> bool:
    """Whether nothing was read because the message was empty, and not because it was the last."""
    fd = sock if isinstance(sock, int) else sock.fileno()
    poller = select.poll()
    poller.register(fd, select.POLLRDHUP)
    if not poller.poll(0):
        return True  # the client has not shut down its side, so it was one
    (waiting,) = struct.unpack("i", ioctl(fd, FIONREAD, bytes(4)))
    return bool(waiting)


def reset_at_close(sock: socket.socket) -> None:
    """Have close(2) send a reset, so that nobody takes what has come for the whole."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
