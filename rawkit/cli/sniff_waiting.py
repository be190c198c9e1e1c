"""How ``rawkit sniff`` waits: what is done goes out, and whatever should end it does."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rawkit.session import RealTime, naps

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)
"""They end it with the counters."""
IMPATIENCE = 1.0
"""Seconds."""


class Waiting(RealTime):
    """The monotonic clock, and waiting for more than packets."""

    now = staticmethod(time.monotonic)

    def __init__(self, flush: Callable[[], None], *watched: int) -> None:
        """Prepare.

        Args:
            flush: hands out what has been printed or written so far.
            watched: pipes whose other end may go away: there is nobody to work for then.
        """
        self._flush = flush
        self._watched = watched

    def wait(self, fd: int, seconds: float) -> None:
        """Block until ``fd`` is readable or ``seconds`` have passed.

        Raises:
            BrokenPipeError: whoever reads what we write has gone away.
        """
        self._flush()
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        for pipe in self._watched:
            poller.register(pipe, 0)  # errors are always told
        for nap in naps(seconds):
            ready = dict(poller.poll(nap * 1000))
            if any(pipe in ready for pipe in self._watched):
                raise BrokenPipeError
            if ready:
                return


def is_pipe(fd: int) -> bool:
    """Whether this is a pipe or a socket: its other end may go away."""
    import stat

    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


@contextmanager
def ended_by_signals(stop: Callable[[], None], *, is_patient: bool = False) -> Iterator[None]:
    """Have signals call ``stop``.

    One that comes a second later or still later ends it at once: whoever is to read what we
    write may not do so. One that comes sooner is often the same, sent to us in two ways.

    Args:
        stop: ends it in good order.
        is_patient: whether to end in good order, whatever comes.
    """
    asked_at = float("inf")

    def end(number: int, _: object) -> None:
        nonlocal asked_at
        now = time.monotonic()
        if now - asked_at >= IMPATIENCE and not is_patient:
            raise KeyboardInterrupt
        asked_at = min(asked_at, now)
        stop()

    before = [(number, signal.signal(number, end)) for number in ENDINGS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
