"""Move frames between far ends when their time has come (select(2), to the microsecond).

What becomes of a frame is the business of a :class:`Medium`, which knows neither clock nor
socket; the clock and the sockets are here. ``select`` it is because ``poll`` and ``epoll``
count in milliseconds.
"""

import math
import os
import select
import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from rawkit.lab.far_end import FarEnd
from rawkit.lab.process import Line, Process

SPIN = 50e-6
"""Seconds that the processor is kept awake before a frame is due, at the most."""
LONGEST_SLEEP = 3600.0


class Medium(Protocol):
    """What frames pass through: it says when each one leaves, and by which port."""

    def take(self, now: float, port: int, frame: bytes) -> None:
        """Let in a frame that came by this port at ``now``."""
        ...

    def due(self, now: float) -> Iterable[tuple[int, bytes]]:
        """Give out, in order, what is to be sent by now, and by which port."""
        ...

    def next_at(self) -> float:
        """Return when the next frame is due; infinity: none is."""
        ...

    def refused(self, port: int) -> None:
        """Learn that the frame just given out for this port could not be sent."""
        ...

    def missed(self, port: int, count: int) -> None:
        """Learn that so many frames came by this port faster than they were taken."""
        ...

    def ask(self, question: object) -> object:
        """Answer a question of the parent process; it must know all it can be asked."""
        ...


def serve(medium: Medium, ends: Sequence[FarEnd]) -> Process:
    """Let a process of its own run the medium; it takes the ends over."""
    try:
        return Process(lambda line: _run(medium, ends, line), [end.fileno() for end in ends])
    finally:
        for end in ends:
            end.close()


def _run(medium: Medium, ends: Sequence[FarEnd], line: Line) -> None:
    # Duplicates take the lowest free numbers, and select knows none above 1023.
    ports = {os.dup(end.fileno()): port for port, end in enumerate(ends)}
    asked, orphaned = os.dup(line.fileno()), os.dup(line.parent)
    watched = [*ports, asked, orphaned]
    while True:
        _send(medium, ends)
        readable, _, _ = select.select(watched, [], [], _time_to_sleep(medium))
        for fd in readable:
            if fd in ports:
                port = ports[fd]
                for at, frame in ends[port].receive():
                    medium.take(at, port, frame)
            elif fd == orphaned or not _answer(medium, ends, line):
                return


def _send(medium: Medium, ends: Sequence[FarEnd]) -> None:
    now = time.monotonic()
    while now < medium.next_at() <= now + SPIN:
        now = time.monotonic()
    for port, frame in medium.due(now):
        if not ends[port].send(frame):
            medium.refused(port)


def _time_to_sleep(medium: Medium) -> float:
    at = medium.next_at()
    if math.isinf(at):
        return LONGEST_SLEEP
    return min(max(0.0, at - SPIN - time.monotonic()), LONGEST_SLEEP)


def _answer(medium: Medium, ends: Sequence[FarEnd], line: Line) -> bool:
    question = line.question()
    if question is None:
        return False
    for port, end in enumerate(ends):
        medium.missed(port, end.missed())
    line.answer(medium.ask(question))
    return True
