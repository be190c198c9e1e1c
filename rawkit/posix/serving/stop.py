"""How a server is told to stop: a bell that all its threads and processes hear.

An eventfd(2) that nobody reads stays readable, so whoever waits for clients waits for it, too,
in the same call. First all connections may go on to their end; then they are cut.
"""

import os
import select
from enum import IntEnum

FLAGS = os.EFD_CLOEXEC | os.EFD_NONBLOCK


class Stage(IntEnum):
    """How far the end has come."""

    OPEN = 0
    DRAINING = 1
    """Accept what waits already, and no more; connections may go on."""
    CUT = 2
    """Close everything at once."""


class Stop:
    """The bell. It is inherited by fork(2), and rung for everybody."""

    def __init__(self) -> None:
        self._drain = self._cut = -1
        self.stages: dict[int, Stage] = {}
        """Descriptors to wait for, and what it means when they can be read."""

    def open(self) -> None:
        """Hang it up."""
        self._drain, self._cut = os.eventfd(0, FLAGS), os.eventfd(0, FLAGS)
        self.stages = {self._drain: Stage.DRAINING, self._cut: Stage.CUT}

    def hang_on(self, lifeline: int) -> None:
        """Cut everything when whoever has the other end of this pipe is gone."""
        self.stages[lifeline] = Stage.CUT

    def drain(self) -> None:
        """Ring for the first time."""
        if self.stages:
            os.eventfd_write(self._drain, 1)

    def cut(self) -> None:
        """Ring for the last time."""
        self.drain()
        if self.stages:
            os.eventfd_write(self._cut, 1)

    @property
    def stage(self) -> Stage:
        """How far it has come."""
        return self.wait(0.0)

    def wait(self, seconds: float | None, *others: int, after: Stage = Stage.OPEN) -> Stage:
        """Wait for the bell, or other descriptors to be readable, or so long.

        Args:
            seconds: at most; ``None``: as long as it takes.
            others: descriptors.
            after: the stage that is known of: wait for one beyond that.

        Returns:
            How far it has come.
        """
        poller = select.poll()
        beyond = [fd for fd, stage in self.stages.items() if stage > after]
        for fd in (*beyond, *others):
            poller.register(fd, select.POLLIN)
        ready = poller.poll(None if seconds is None else max(0.0, seconds) * 1000)
        return max((self.stages[fd] for fd, _ in ready if fd in beyond), default=after)

    def close(self) -> None:
        """Let go of the descriptors."""
        for fd in self.stages:
            os.close(fd)
        self.stages = {}
