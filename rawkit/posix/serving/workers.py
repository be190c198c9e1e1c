"""A fixed number of processes that all do the same, and one that watches over them."""

import time
from collections import deque
from collections.abc import Callable

from rawkit.errors import RawkitError
from rawkit.posix.serving.children import Children, Ending
from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.stop import Stage

MOST_DEATHS, WITHIN = 10, 10.0
"""So many workers that die within so many seconds are too many to go on."""


class Deaths:
    """Workers that died before the bell rang."""

    def __init__(self, shift: Shift) -> None:
        self._shift = shift
        self._times: deque[float] = deque(maxlen=MOST_DEATHS)

    def note(self, ending: Ending) -> None:
        """Tell of one."""
        if self._shift.stop.stage is Stage.OPEN or ending.code:
            self._times.append(time.monotonic())
            self._shift.trouble(f"a worker is gone: {ending}")

    def check(self) -> None:
        """Do nothing, as long as they are few.

        Raises:
            RawkitError: they die faster than it makes sense to start others.
        """
        times = self._times
        if len(times) == MOST_DEATHS and time.monotonic() - times[0] < WITHIN:
            raise RawkitError(f"{MOST_DEATHS} workers have died within {WITHIN:g} s")


def work_in_processes(shift: Shift, run: Callable[[Shift], None], number: int) -> None:
    """Have processes run a model until the bell rings; start anew whichever dies before.

    Args:
        shift: what they work with. Each has the listeners of its own group, if there are
            several, and else shares those that there are.
        run: the model.
        number: how many.

    Raises:
        RawkitError: they die faster than it makes sense to start others.
    """
    shift.board.tell_apart(number)
    deaths = Deaths(shift)
    missing = number

    def told(ending: Ending) -> None:
        nonlocal missing
        missing += 1
        deaths.note(ending)

    children = Children(shift, number, told)
    try:
        while shift.stop.stage is Stage.OPEN:
            deaths.check()
            while missing and children.fork(lambda child: run(_as_worker(child))):
                missing -= 1
            shift.stop.wait(1.0 if missing else None, children.fileno())
            children.reap()
        children.end()
    finally:
        children.close()


def _as_worker(shift: Shift) -> Shift:
    """Take the listeners that are for this worker."""
    groups = shift.groups
    shift.shared = len(groups) == 1
    if not shift.shared:
        shift.listeners = groups[shift.number - 1]
    return shift
