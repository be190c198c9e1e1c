"""Virtual time: hours pass in a moment, and the same way every time."""

import math
from collections.abc import Callable


class StuckError(Exception):
    """Everybody waits, and nothing will ever happen."""


class VirtualClock:
    """A clock for :class:`~rawkit.session.Session` that only goes on while somebody waits.

    Waiting jumps to the end of the wait, or to the next thing that is due to happen:
    memory networks enter themselves as a source of such things.
    """

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._sources: list[Callable[[], float]] = []

    def now(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def add_source(self, next_at: Callable[[], float]) -> None:
        """Have waits end early when ``next_at()`` comes; infinity: nothing is due."""
        self._sources.append(next_at)

    def advance(self, seconds: float) -> None:
        """Let time pass, as a busy program does."""
        self._now += seconds

    def wait(self, fd: int, seconds: float) -> None:
        """Jump ahead.

        Raises:
            StuckError: the wait is endless and nothing is due.
        """
        due = min((next_at() for next_at in self._sources), default=math.inf)
        until = max(self._now, min(self._now + seconds, due))
        if math.isinf(until):
            raise StuckError(f"at {self._now:g} s")
        self._now = until

    async def wait_async(self, fd: int, seconds: float) -> None:
        """Jump ahead, and let other tasks run."""
        import asyncio

        self.wait(fd, seconds)
        await asyncio.sleep(0)
