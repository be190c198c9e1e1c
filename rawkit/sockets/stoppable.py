"""A pipe of frames that can be told to let nothing more in."""

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from rawkit.sockets.frame_ring import FrameRing
from rawkit.sockets.frames import FrameSocket
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.news import News
from rawkit.wire.packet import Packet

if TYPE_CHECKING:
    from rawkit.sockets.keeping import Keeping


class Stoppable:
    """A packet socket whose counters outlive it, and whose reader can be woken."""

    def __init__(self, frames: FrameSocket, outer: PacketIO | None = None) -> None:
        """Take a socket over.

        Args:
            frames: the socket.
            outer: a pipe around it, through which to send and receive; ``None``: there is none.
        """
        self.frames = frames
        self._outer = outer or frames
        self.receive: Callable[[], News | None] = self._outer.receive
        """Returns the next thing that has happened, as every pipe does."""
        self._counts = (0, 0)
        self._lock = threading.RLock()  # a signal handler may interrupt its own thread
        self._is_stopped = self._is_closed = False
        self._keeping: Keeping | None = None
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._both = select.epoll()
        for fd in (self._wake, self._outer.fileno()):
            self._both.register(fd, select.EPOLLIN)

    @property
    def ring(self) -> FrameRing | None:
        """The socket, if it has a ring and nobody is to see what comes out of it."""
        frames = self.frames
        return frames if isinstance(frames, FrameRing) and frames is self._outer else None

    def keep(self) -> None:
        """Have what comes taken out of the ring, until :meth:`resume`."""
        if isinstance(self.frames, FrameRing) and self._keeping is None:
            from rawkit.sockets.keeping import Keeping

            self._keeping = Keeping(self.frames)

    def resume(self) -> None:
        """Be ready to receive again."""
        if self._keeping is not None:
            self._keeping.end()
            self._keeping = None

    def send(self, packet: Packet) -> None:
        self._outer.send(packet)

    def fileno(self) -> int:
        return self._both.fileno()

    def stop(self) -> None:
        """Let nothing more in, and wake who waits; what has come by now is still received.

        It may be called from anywhere, and more than once.
        """
        with self._lock:
            if not self._is_closed:
                self.frames.stop()
                if not self._is_stopped:
                    os.eventfd_write(self._wake, 1)
                self._is_stopped = True

    def finish(self) -> None:
        """Let nothing more in, and wake nobody: who calls this reads what there still is."""
        self.stop()
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    @property
    def is_empty(self) -> bool:
        """After :meth:`stop`, and when ``receive`` has none: whether none will come any more."""
        return self._is_closed or self.frames.is_empty

    def counts(self) -> tuple[int, int]:
        """Return how many frames have passed the filter, and how many of them were lost here."""
        if not self._is_closed:
            self._counts = self.frames.counts()
        return self._counts

    def close(self) -> None:
        """Give the socket back; the counters stay. Closing twice is harmless."""
        with self._lock:
            if self._is_closed:
                return
            self.resume()
            self.counts()
            self._is_closed = True
            self._outer.close()
            self._both.close()
            os.close(self._wake)
