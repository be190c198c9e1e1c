"""Threads of a server: as many as there may be, and none of them left waiting at the end."""

import threading
import time
from collections.abc import Callable

from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.stop import Stage

HURRY = 0.5
"""Seconds that a thread may take to obey the bell."""
LOOK = 0.1
"""Seconds between looks at the bell, by the one who waits for the others."""


class Crew:
    """The threads of one server. The interpreter can end while one of them is stuck."""

    def __init__(self, shift: Shift, most: int) -> None:
        """Prepare for at most so many."""
        self._shift = shift
        self._most = most
        self._number = 0
        self._changed = threading.Condition()

    @property
    def has_room(self) -> bool:
        """Whether there may be one more."""
        return self._number < self._most

    def start(self, work: Callable[..., None], *arguments: object) -> bool:
        """Have a thread do some work with the shift; return whether there is one that does."""
        thread = threading.Thread(target=self._run, args=(work, *arguments), daemon=True)
        with self._changed:
            self._number += 1
        try:
            thread.start()
        except RuntimeError as error:  # that is all Python says
            self._leave()
            self._shift.counts.add("descriptors")
            self._shift.trouble(f"cannot make a thread: {error}")
            return False
        return True

    def end(self, *, wait: bool = False) -> None:
        """Wait until all have ended: as long as the grace, and hardly longer.

        Args:
            wait: wait for the bell before.
        """
        if wait:
            self._shift.stop.wait(None)
        until = self._shift.last_orders + HURRY
        with self._changed:
            while self._number and (left := until - time.monotonic()) > 0:
                self._changed.wait(min(left, LOOK))
                if left > HURRY and self._shift.stop.stage is Stage.CUT:
                    until = time.monotonic() + HURRY

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(self._shift, *arguments)
        except Exception as error:
            self._shift.fail(error)
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._number -= 1
            self._changed.notify_all()
