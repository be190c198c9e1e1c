"""Empty a ring while its owner is busy elsewhere."""

import os
import select
import threading

from rawkit.sockets.frame_ring import FrameRing


class Keeping:
    """A thread that takes out of a ring what comes, until the owner wants to read himself.

    A ring is emptied by whoever reads it. Somebody who starts to listen, and reads only
    when he has done something else, may take longer than its blocks last.
    """

    def __init__(self, ring: FrameRing) -> None:
        self._ring = ring
        self._end = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="rawkit keeping", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Leave the ring to its owner. Ending twice is harmless."""
        if self._end >= 0:
            os.eventfd_write(self._end, 1)
            self._thread.join()
            os.close(self._end)
            self._end = -1

    def _run(self) -> None:
        poller = select.poll()
        for fd in (self._end, self._ring.fileno()):
            poller.register(fd, select.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self._end in ready:
                return
            is_all = self._ring.ring.take_out()
            if not is_all or not ready[self._ring.fileno()] & select.POLLIN:
                return  # there is no more room; or an error, which the owner is to be told of
