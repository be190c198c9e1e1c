"""A thread that drives a host, so that acknowledgments leave while its user does something else."""

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import ceil, inf
from typing import TypeVar

from rawkit.endpoint.host import Host
from rawkit.errors import NoAnswer

SELECT_LIMIT = 1024
"""select(2) knows no descriptor from here on."""
Value = TypeVar("Value")


class Driver:
    """Turns a host whenever something has come or is due; goes away with its last connection."""

    def __init__(self, host: Host) -> None:
        """Start the thread; it opens no sockets, and ends with the process."""
        self.host = host
        self.changed = threading.Condition()
        """Held while anybody touches the host; told of whatever happens."""
        self.leaving = False
        """Whether nobody will open or accept another connection."""
        self.broken: BaseException | None = None
        """What ended the thread before its time."""
        self._fd = host.fileno()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wakes_at = -inf
        self._thread = threading.Thread(target=self._run, name="rawkit-tcp", daemon=True)
        self._thread.start()

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Touch the host within the block; what follows from it is sent behind it."""
        with self.changed:
            yield
            self._settle()

    def until(
        self, attempt: Callable[[], Value | None], timeout: float | None, what: object
    ) -> Value:
        """Try until it succeeds.

        Args:
            attempt: what is tried; ``None``: not yet.
            timeout: the longest that may take, in seconds.
            what: for the message of the error, in which it is shown.

        Raises:
            NoAnswer: it did not succeed in time.
        """
        until = inf if timeout is None else time.monotonic() + timeout
        with self.changed:
            while True:
                if self.broken is not None:
                    raise self.broken
                value = attempt()
                if value is not None:
                    self._settle()
                    return value
                left = until - time.monotonic()
                if left <= 0:
                    raise NoAnswer(f"{what} in {timeout:g} s")
                self.changed.wait(None if left == inf else left)

    def leave(self) -> None:
        """Have the thread end once no connection is left."""
        with self.acting():
            self.leaving = True
            self._ring()

    def stop(self) -> None:
        """Reset what is open and end the thread, now."""
        with self.changed:
            self.host.close()
            self._ring()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _settle(self) -> None:
        if self.host.is_closed:
            return
        self.host.flush()
        if self.host.wake_at < self._wakes_at:
            self._ring()

    def _ring(self) -> None:
        """Wake the thread; the lock is held."""
        if self._bell >= 0:
            os.eventfd_write(self._bell, 1)

    def _run(self) -> None:
        try:
            while self._turn():
                self._sleep()
        except BaseException as error:
            if not self.host.is_closed:  # else the descriptors are gone: somebody stopped it
                self.broken = error
        finally:
            with self.changed:
                self.host.close()
                self.changed.notify_all()
                os.close(self._bell)
                self._bell = -1

    def _turn(self) -> bool:
        """Turn the host once; tell whether there is more to do."""
        with self.changed:
            if self.host.is_closed:
                return False
            self.host.turn()
            self.changed.notify_all()
            self._wakes_at = self.host.wake_at
            return not (self.leaving and self.host.is_idle)

    def _sleep(self) -> None:
        """Wait until something has come, is due, or the bell rings."""
        seconds = max(0.0, self._wakes_at - time.monotonic())
        descriptors = [self._fd, self._bell]
        if max(descriptors) < SELECT_LIMIT:
            ready, _, _ = select.select(descriptors, [], [], None if seconds == inf else seconds)
        else:
            poller = select.poll()
            for one in descriptors:
                poller.register(one, select.POLLIN)
            ready = [fd for fd, _ in poller.poll(None if seconds == inf else ceil(seconds * 1000))]
        if self._bell in ready:
            with suppress(BlockingIOError):
                os.eventfd_read(self._bell)
