"""Places for a connection each, and how connections are opened for them."""

import errno
import socket
from contextlib import suppress
from enum import IntEnum

from rawkit.posix.attempts import UNDER_WAY
from rawkit.posix.loading.settings import LoadSettings
from rawkit.posix.options import apply
from rawkit.posix.resolution import Target

INTERNET = (socket.AF_INET, socket.AF_INET6)


class State(IntEnum):
    """What a slot waits for."""

    ASKED = 0
    """Its answer."""
    ASKING = 1
    """Room to send the rest of its question."""
    CONNECTING = 2
    LATER = 3
    """The time of the next attempt."""
    IDLE = 4
    """Something to do."""


class Slot:
    """A place for a connection, and the question that is under way on it."""

    __slots__ = (
        *("answers", "asked", "began", "due", "fd", "got", "has_question", "is_connecting"),
        *("message", "same", "sock", "state", "unsent", "watched"),
    )

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.sock: socket.socket | None = None
        self.fd = -1
        self.state = State.IDLE
        self.watched = 0
        """The events that are waited for."""
        self.is_connecting = self.has_question = False
        self.due = self.asked = 0.0
        """When its question was to be asked, and when it was."""
        self.began = 0.0
        """When it began to connect, or to be free."""
        self.unsent = memoryview(b"")
        self.got = 0
        """Octets of the answer so far."""
        self.same = True
        """Whether they are those of the question."""
        self.answers = 0


class Opener:
    """Opens connections to one place, without waiting for them."""

    def __init__(self, target: Target, settings: LoadSettings) -> None:
        self._target = target
        self._settings = settings
        self.is_datagram = target.type == socket.SOCK_DGRAM
        self.is_message = target.type != socket.SOCK_STREAM

    def open(self) -> socket.socket:
        """Return a socket that is set up, and bound where that has to be.

        Raises:
            OSError: there is none left, or an option was refused.
        """
        sock = self._target.open()
        try:
            self.set_up(sock)
            apply(sock, self._settings.options)
            if sock.family == socket.AF_UNIX and self.is_datagram:
                sock.bind("")  # a name that the kernel chooses, or nobody could answer
        except BaseException:
            sock.close()
            raise
        return sock

    def set_up(self, sock: socket.socket) -> None:
        """Have a socket wait for nothing."""
        sock.setblocking(False)
        if sock.type == socket.SOCK_STREAM and sock.family in INTERNET:
            with suppress(OSError):  # multipath TCP does not have it everywhere
                sock.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_NODELAY, int(self._settings.no_delay)
                )

    def connect(self, sock: socket.socket) -> bool | None:
        """Begin to connect; return whether it is done, ``None``: its queue is full just now.

        Raises:
            OSError: it failed.
        """
        code = sock.connect_ex(self._target.sockaddr)
        if not code:
            return True
        if code in UNDER_WAY:
            return False
        if code == errno.EAGAIN and sock.family == socket.AF_UNIX:
            return None
        raise OSError(code, "connect")
