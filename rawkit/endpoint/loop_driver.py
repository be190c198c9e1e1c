"""A host on an event loop: turned when something has come or is due, without a thread.

What has come is taken in at once, and whoever waits for it is woken; what is to be sent leaves when
they have had their turn of the loop. So an acknowledgment goes along with the answer.
"""

import asyncio
from collections.abc import Callable
from math import inf
from typing import TypeVar

from rawkit.endpoint.host import Host
from rawkit.errors import NoAnswer
from rawkit.tcp.connection import Connection

Value = TypeVar("Value")


class LoopDriver:
    """Turns a host on the running event loop; goes away with its last connection."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.leaving = False
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Connection | None, set[asyncio.Future[None]]] = {}
        """By what they wait for; ``None``: for a new connection."""
        self._flushing = False
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = inf
        self._loop.add_reader(host.fileno(), self._turn)
        self._keeper = self._loop.create_task(self._keep())
        self.settle()

    async def until(
        self,
        attempt: Callable[[], Value | None],
        patience: float | None,
        what: object,
        connection: Connection | None = None,
    ) -> Value:
        """Try until it succeeds.

        Args:
            attempt: what is tried; ``None``: not yet.
            patience: the longest that may take, in seconds.
            what: for the message of the error, in which it is shown.
            connection: try again when something has happened to this one; ``None``: when there
                is a new one.

        Raises:
            NoAnswer: it did not succeed in time.
        """
        value = attempt()
        if value is None:  # a timeout costs more than the attempt
            value = await self._waited(attempt, patience, what, connection)
        self.settle()
        return value

    async def _waited(
        self,
        attempt: Callable[[], Value | None],
        patience: float | None,
        what: object,
        connection: Connection | None,
    ) -> Value:
        is_late = False

        def expire() -> None:
            nonlocal is_late
            is_late = True
            self._wake(connection)

        timer = None if patience is None else self._loop.call_later(patience, expire)
        try:
            while True:
                await self._change(connection)
                if (value := attempt()) is not None:
                    return value
                if is_late:
                    raise NoAnswer(f"{what} in {patience:g} s")
        finally:
            if timer is not None:
                timer.cancel()

    def settle(self) -> None:
        """Have sent what follows from what a user did."""
        if self.leaving or not self.host.stack.is_calm:
            self._flush_soon()

    def leave(self) -> None:
        """Go away once no connection is left."""
        self.leaving = True
        self.settle()

    def stop(self) -> None:
        """Reset what is open and give link and guard back, now."""
        if self.host.is_closed:
            return
        self._loop.remove_reader(self.host.fileno())
        self._keeper.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self.host.close()
        self.wake_all()

    def wake_all(self) -> None:
        """Have all who wait look again."""
        for connection in tuple(self._waiting):
            self._wake(connection)

    async def _keep(self) -> None:
        """Give everything back when the loop ends: it cancels what still runs."""
        try:
            await self._loop.create_future()
        finally:
            self.stop()

    def _turn(self) -> None:
        """Take in what has come, and wake whom it is for."""
        if not self.host.is_closed:
            self.host.take_in()
            for connection in self.host.stack.touched:
                self._wake(connection)
            self._wake(None)
            self._flush_soon()

    def _flush_soon(self) -> None:
        """Send when those had a turn who were woken, and those whom they have begun."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._loop.call_soon, self._flush)

    def _flush(self) -> None:
        """Send what is to be sent, and set the timer."""
        self._flushing = False
        if self.host.is_closed:
            return
        for told in self.host.flush():
            self._wake(told.connection)  # perhaps somebody else has ended it
        self._wake(None)
        self._after()

    def _after(self) -> None:
        if self.leaving and self.host.is_idle:
            self.stop()
            return
        at = self.host.wake_at
        if at >= self._wakes_at:
            return  # the timer is early at most, which costs less than another one each time
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = at
        self._timer = self._loop.call_at(at, self._on_time)

    def _on_time(self) -> None:
        self._timer, self._wakes_at = None, inf
        self._turn()

    async def _change(self, connection: Connection | None) -> None:
        """Wait until something has happened."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.setdefault(connection, set()).add(future)
        try:
            await future
        finally:
            if waiting := self._waiting.get(connection):  # nobody has woken them all
                waiting.discard(future)
                if not waiting:
                    del self._waiting[connection]

    def _wake(self, connection: Connection | None) -> None:
        """Have those who wait for this look again."""
        for future in self._waiting.pop(connection, ()):
            if not future.done():
                future.set_result(None)
