"""Signals that end a server: the first one asks it to finish, the second one does not ask."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rawkit.posix.serving.stop import Stage, Stop

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
SLACK = 0.5
"""Seconds until a server that does not obey is stuck in its service: then it is torn out of it."""


class Cut(KeyboardInterrupt):
    """It ends at once, wherever it is: a service may be asleep, or compute."""


@contextmanager
def obeying(
    stop: Stop, grace: float, *, ends_in: float | None = None, terminal: bool = True
) -> Iterator[None]:
    """Have signals ring the bell; in other threads than the main one, do nothing.

    Args:
        stop: the bell.
        grace: seconds that connections may go on after it was rung.
        ends_in: ring it by itself after so many seconds.
        terminal: whether Ctrl-C is for this process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    heard = Stage.OPEN

    def obey(number: int, _: FrameType | None) -> None:
        nonlocal heard
        match heard:
            case Stage.OPEN:
                heard = Stage.DRAINING
                stop.drain()
                signal.setitimer(signal.ITIMER_REAL, grace + SLACK)
            case Stage.DRAINING:
                heard = Stage.CUT
                stop.cut()
                signal.setitimer(signal.ITIMER_REAL, SLACK)
            case Stage.CUT:
                raise Cut

    wanted = (*ENDINGS, signal.SIGALRM) if terminal else (signal.SIGTERM, signal.SIGALRM)
    before = [(number, signal.signal(number, obey)) for number in wanted]
    if not terminal:
        before.append((signal.SIGINT, signal.signal(signal.SIGINT, signal.SIG_IGN)))
    if ends_in is not None:
        signal.setitimer(signal.ITIMER_REAL, max(ends_in, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before:
            signal.signal(number, handler)
