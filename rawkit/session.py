"""Run an engine over a socket: blocking, or on asyncio, with the same object."""

import math
import select
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, Generic, Protocol, TypeVar

from rawkit.engine.step import Engine
from rawkit.record import record
from rawkit.sockets.packet_io import PacketIO, VolleyIO
from rawkit.wire.news import Fired, News, Salvo, SendFailed, Volley, Volleyed

Event = TypeVar("Event")
Report = TypeVar("Report")

LAST_NEWS = 256
"""Arrivals still told to an engine that is done: what has come by then counts."""
SELECT_LIMIT = 1024
"""select(2) knows no descriptor from here on."""
LONGEST_NAP = 0.5
"""Seconds: a signal that comes right before a system call is heard when the call is over."""


class Timekeeper(Protocol):
    """The clock of a session, and its way to wait."""

    def now(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    def wait(self, fd: int, seconds: float) -> None:
        """Block until ``fd`` is readable or ``seconds`` have passed."""
        ...

    async def wait_async(self, fd: int, seconds: float) -> None:
        """Do the same on the running asyncio loop."""
        ...


class RealTime:
    """The monotonic clock, and real waiting."""

    now = staticmethod(time.monotonic)

    def wait(self, fd: int, seconds: float) -> None:
        """Wait to the microsecond, where the descriptor is small enough for select(2)."""
        if fd < SELECT_LIMIT:
            for nap in naps(seconds):
                if select.select([fd], [], [], nap)[0]:
                    return
            return
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        for nap in naps(seconds):
            if poller.poll(math.ceil(nap * 1000)):
                return

    async def wait_async(self, fd: int, seconds: float) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(fd, readable.set)
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await readable.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(fd)


def naps(seconds: float) -> Iterator[float]:
    """Yield the parts of a wait, each short enough for who wants to end it by a signal."""
    while seconds > LONGEST_NAP:
        yield LONGEST_NAP
        seconds -= LONGEST_NAP
    yield seconds


REAL_TIME = RealTime()


@record
class Wait:
    """Nothing to do until a packet arrives or this many seconds have passed."""

    seconds: float


class Session(Generic[Event, Report]):
    """One engine on one socket, opened when the session starts and closed when it ends.

    There are four ways to use a session, each once:

    =====================  ===========================================
    ``session.run()``      block, return the report
    ``await session``      the same, on asyncio
    ``for event in``       block between events
    ``async for event in`` the same, on asyncio
    =====================  ===========================================
    """

    def __init__(
        self,
        engine: Engine[Event, Report],
        open_io: Callable[[], PacketIO],
        time: Timekeeper = REAL_TIME,
    ) -> None:
        self._engine = engine
        self._open_io = open_io
        self._time = time
        self._started = False

    def run(self) -> Report:
        """Run to the end and return the report."""
        for _ in self:
            pass
        return self.report()

    def report(self) -> Report:
        """Return the outcome so far."""
        return self._engine.report()

    def __await__(self) -> Generator[Any, None, Report]:
        return self._finish().__await__()

    def __iter__(self) -> Iterator[Event]:
        io = self._open()
        try:
            for item in self._play(io):
                if isinstance(item, Wait):
                    self._time.wait(io.fileno(), item.seconds)
                else:
                    yield item
        finally:
            io.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        io = self._open()
        try:
            for item in self._play(io):
                if isinstance(item, Wait):
                    await self._time.wait_async(io.fileno(), item.seconds)
                else:
                    yield item
        finally:
            io.close()

    def _open(self) -> PacketIO:
        if self._started:
            raise RuntimeError("a session runs once: make a new one")
        self._started = True
        return self._open_io()

    def _play(self, io: PacketIO) -> Iterator[Event | Wait]:
        """Step the engine to its end; yield its events, and a ``Wait`` where time must pass."""
        now, step_engine = self._time.now, self._engine.step
        failures = deque[SendFailed]()
        news: News | None = None
        while True:
            step = step_engine(now(), news)
            for packet in step.send:
                try:
                    io.send(packet)
                except OSError as error:
                    failures.append(SendFailed(packet, error))
            yield from step.events
            if failures:
                news = failures.popleft()
                continue
            if step.wake_at is None:
                break
            if step.volley is not None:
                news = play(io, step.volley)
                continue
            news = io.receive()
            if news is None and (seconds := step.wake_at - now()) > 0:
                yield Wait(seconds)
                news = io.receive()
        yield from self._last_events(io)

    def _last_events(self, io: PacketIO) -> Iterator[Event | Wait]:
        """Tell the engine what has already come: a second answer, or the count of drops."""
        for _ in range(LAST_NEWS):
            if (news := io.receive()) is None:
                return
            yield from self._engine.step(self._time.now(), news).events

    async def _finish(self) -> Report:
        async for _ in self:
            pass
        return self.report()


def play(io: PacketIO, volley: Volley | Salvo) -> Volleyed | Fired:
    """Have a pipe play a volley or fire a salvo; one that cannot sends nothing of it."""
    match volley:
        case Salvo():
            return io.fire(volley) if isinstance(io, VolleyIO) else Fired(volley)
        case _ if isinstance(io, VolleyIO):
            try:
                return io.play(volley)
            except OSError:
                pass  # the ordinary way will tell of the error
    return Volleyed(volley)
