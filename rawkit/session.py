"""Run an engine over a socket: blocking, or on asyncio, with the same object."""

import asyncio
import math
import select
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rawkit.engine.step import Engine
from rawkit.wire.news import News, SendFailed
from rawkit.sockets.packet_io import PacketIO

Event = TypeVar("Event")
Report = TypeVar("Report")


@dataclass(frozen=True, slots=True)
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._open_io = open_io
        self._clock = clock

    def run(self) -> Report:
        """Run to the end and return the report."""
        for _ in self:
            pass
        return self._engine.report()

    def __await__(self) -> Generator[Any, None, Report]:
        return self._finish().__await__()

    def __iter__(self) -> Iterator[Event]:
        io = self._open_io()
        try:
            for item in self._play(io):
                if isinstance(item, Wait):
                    wait_readable(io.fileno(), item.seconds)
                else:
                    yield item
        finally:
            io.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        io = self._open_io()
        try:
            for item in self._play(io):
                if isinstance(item, Wait):
                    await wait_readable_async(io.fileno(), item.seconds)
                else:
                    yield item
        finally:
            io.close()

    def _play(self, io: PacketIO) -> Iterator[Event | Wait]:
        """Step the engine to its end; yield its events, and a ``Wait`` where time must pass."""
        news = deque[News]()
        while True:
            step = self._engine.step(self._clock(), news.popleft() if news else None)
            for packet in step.send:
                try:
                    io.send(packet)
                except OSError as error:
                    news.append(SendFailed(packet, error))
            yield from step.events
            if news:
                continue
            if step.wake_at is None:
                return
            if (received := io.receive()) is None:
                yield Wait(max(0.0, step.wake_at - self._clock()))
                received = io.receive()
            if received is not None:
                news.append(received)

    async def _finish(self) -> Report:
        async for _ in self:
            pass
        return self._engine.report()


def wait_readable(fd: int, seconds: float) -> None:
    """Block until ``fd`` is readable or ``seconds`` have passed."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    poller.poll(None if math.isinf(seconds) else seconds * 1000)


async def wait_readable_async(fd: int, seconds: float) -> None:
    """Wait on the running loop until ``fd`` is readable or ``seconds`` have passed."""
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
