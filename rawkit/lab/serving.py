"""Move frames between cables when their time has come (select(2), to the microsecond).

What becomes of a frame is the business of a :class:`Medium`, which knows neither clock nor
socket; the clock and the sockets are here. ``select`` it is because ``poll`` and ``epoll``
count in milliseconds.
"""

import math
import os
import select
import time
from collections.abc import Iterable
from typing import Protocol

from rawkit.lab.far_side import FarSide
from rawkit.lab.process import Line, Process
from rawkit.record import record

SPIN = 50e-6
"""Seconds that the processor is kept awake before a frame is due, at the most."""
LONGEST_SLEEP = 3600.0


@record
class Report:
    """The question that every medium can be asked: what it has counted."""


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

    def missed(self, count: int) -> None:
        """Learn that so many frames came faster than they were taken."""
        ...

    def ask(self, question: object) -> object:
        """Answer a question of the parent process; it must know all it can be asked."""
        ...


def serve(medium: Medium, far: FarSide) -> Process:
    """Let a process of its own run the medium; it takes the far side over."""
    try:
        return Process(lambda line: _run(medium, far, line), [far.fileno()])
    finally:
        far.close()


def _run(medium: Medium, far: FarSide, line: Line) -> None:
    # Duplicates take the lowest free numbers, and select knows none above 1023.
    arrived, asked, orphaned = (os.dup(fd) for fd in (far.fileno(), line.fileno(), line.parent))
    while True:
        _send(medium, far)
        readable, _, _ = select.select((arrived, asked, orphaned), (), (), _sleep(medium))
        if arrived in readable:
            for at, port, frame in far.receive():
                medium.take(at, port, frame)
                _send_due(medium, far, time.monotonic())  # not only when all have been taken
        if orphaned in readable or (asked in readable and not _answer(medium, far, line)):
            return


def _send(medium: Medium, far: FarSide) -> None:
    now = time.monotonic()
    while now < medium.next_at() <= now + SPIN:
        now = time.monotonic()
    _send_due(medium, far, now)


def _send_due(medium: Medium, far: FarSide, now: float) -> None:
    for port, frame in medium.due(now):
        if not far.send(port, frame):
            medium.refused(port)


def _sleep(medium: Medium) -> float:
    """Return for how many seconds nothing is to be done."""
    at = medium.next_at()
    if math.isinf(at):
        return LONGEST_SLEEP
    return min(max(0.0, at - SPIN - time.monotonic()), LONGEST_SLEEP)


def _answer(medium: Medium, far: FarSide, line: Line) -> bool:
    question = line.question()
    if question is None:
        return False
    medium.missed(far.missed())
    line.answer(medium.ask(question))
    return True
