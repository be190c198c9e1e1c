"""The books of a load test, and what the generator itself takes."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rawkit.engine.histogram import Histogram
from rawkit.engine.load_report import Cause, Effort
from rawkit.host.calls import prctl

SCHEDSTAT = "/proc/thread-self/schedstat"
"""Nanoseconds on a processor, and waiting for one (kernel, scheduler/sched-stats)."""

PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 29, 30  # linux/prctl.h


class Tally:
    """Counts what was asked, answered, and went wrong."""

    def __init__(self) -> None:
        self.asked = self.answered = self.answered_in_time = self.connected = 0
        self.unasked = self.unfinished = self.different = self.strays = self.late = 0
        self.latencies = Histogram()
        """From when questions were asked."""
        self.from_due = Histogram()
        """From when they were due."""
        self.connecting = Histogram()
        self.causes: Counter[Cause] = Counter()

    def failed(self, what: str, number: int = 0, says: str = "") -> None:
        """Count something that went wrong.

        Args:
            what: ``"connect"``, ``"ask"`` or ``"answer"``.
            number: the errno; 0: it is none.
            says: in words, if it is none.
        """
        self.causes[Cause(what, number, says or os.strerror(number).lower())] += 1


class Meter:
    """Measures what this thread takes."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy = time.thread_time()
        self._waited = _waited()

    def read(self, late: int) -> Effort:
        """Return what it took since this began."""
        elapsed = max(1e-9, time.monotonic() - self._began)
        busy = (time.thread_time() - self._busy) / elapsed
        waited = (_waited() - self._waited) / elapsed
        return Effort(min(1.0, max(0.0, busy)), min(1.0, max(0.0, waited)), late)


@contextmanager
def punctual() -> Iterator[None]:
    """Have the kernel wake this thread up in time, and not 50 us later as it may (prctl(2))."""
    before = prctl(PR_GET_TIMERSLACK)
    prctl(PR_SET_TIMERSLACK, 1)
    try:
        yield
    finally:
        prctl(PR_SET_TIMERSLACK, before)


def _waited() -> float:
    """Return how long this thread has waited for a processor, in seconds; 0: not known."""
    try:
        with open(SCHEDSTAT, encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
