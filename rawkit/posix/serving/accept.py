"""Taking the next connection, whatever accept(2) says."""

import errno
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import Shift

if TYPE_CHECKING:
    from rawkit.posix.listen import Listener

PAUSE = 0.1
"""Seconds without accepting when something has run out, unless a connection ends before."""
OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)
OUT = (*OUT_OF_FILES, errno.ENOBUFS, errno.ENOMEM)
CLOSED = (errno.EINVAL, errno.EBADF)
"""The listener has been shut down: by another worker, as all stop."""


class Acceptor:
    """Takes connections from listeners, one at a time, and copes when it cannot.

    When descriptors run out, the queue of connections stays full and every wait returns at
    once: a server that just tries again spins. So one descriptor is kept in reserve. It is let
    go to take one connection and close it, that the client may know; then nothing is accepted
    for a while.
    """

    def __init__(self, shift: Shift) -> None:
        self._shift = shift
        self._reserve = _nothing()
        self.paused_until = 0.0
        """No use to accept before, by the monotonic clock."""

    def accept(
        self, listener: "Listener", *, room: bool = True
    ) -> tuple[socket.socket, object] | None:
        """Take a connection, and what the system says of the client; ``None``: there is none.

        Args:
            listener: where to.
            room: whether there may be one more; if not, it is closed at once.
        """
        shift = self._shift
        if not shift.take_token():
            return None
        try:
            taken = listener.sock.accept()
        except OSError as error:
            shift.return_token()
            if error.errno in OUT:
                self._ran_out(listener, error)
            elif error.errno not in (errno.EAGAIN, *CLOSED):
                # Linux hands on errors of the network that the client has met (accept(2)).
                shift.counts.add("accept_errors")
            return None
        if not room:
            shift.counts.add("full")
            shift.return_token()
            taken[0].close()
            return None
        shift.counts.add("accepted")
        shift.note_arrival()
        if shift.settings.mischief.drop_accept:
            taken[0].close()
            shift.counts.closed(Reason.DROPPED)
            return None
        return taken

    def resume(self) -> None:
        """Accept again: something has become free."""
        self.paused_until = 0.0

    def run_out(self) -> None:
        """Stop accepting for a while."""
        self.paused_until = time.monotonic() + PAUSE

    def close(self) -> None:
        """Let go of the reserve."""
        if self._reserve >= 0:
            os.close(self._reserve)
            self._reserve = -1

    def _ran_out(self, listener: "Listener", error: OSError) -> None:
        shift = self._shift
        shift.counts.add("descriptors")
        shift.trouble(f"no connections for now: {error.strerror}")
        if error.errno in OUT_OF_FILES and self._reserve >= 0:
            os.close(self._reserve)
            with suppress(OSError):
                listener.sock.accept()[0].close()
            self._reserve = _nothing()
        elif self._reserve < 0:
            self._reserve = _nothing()
        self.run_out()


def _nothing() -> int:
    """Return a descriptor that is there to be given up; -1: there is none left."""
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
