"""The same connections on asyncio: many on one event loop, and no thread."""

import asyncio
import errno
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Self, TypeVar

from rawkit.endpoint.conversation import Complaint, Conversation, check_size
from rawkit.endpoint.host import Host
from rawkit.endpoint.stream import CHUNK, GOODBYE, LINGER
from rawkit.errors import ConnectionFailed, NoAnswer
from rawkit.tcp.flow import Flow
from rawkit.tcp.info import Info
from rawkit.tcp.listener import Listener
from rawkit.tcp.state import State
from rawkit.wire.address import Address

Value = TypeVar("Value")


class LoopDriver:
    """Turns a host on the running event loop; goes away with its last connection."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.leaving = False
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Future[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = inf
        self._loop.add_reader(host.fileno(), self._turn)
        self._keeper = self._loop.create_task(self._keep())
        self.settle()

    async def until(
        self, attempt: Callable[[], Value | None], patience: float | None, what: object
    ) -> Value:
        """Try until it succeeds.

        Args:
            attempt: what is tried; ``None``: not yet.
            patience: the longest that may take, in seconds.
            what: for the message of the error, in which it is shown.

        Raises:
            NoAnswer: it did not succeed in time.
        """
        value = attempt()
        if value is None:  # a timeout costs more than the attempt
            value = await self._waited(attempt, patience, what)
        self.settle()
        return value

    async def _waited(
        self, attempt: Callable[[], Value | None], patience: float | None, what: object
    ) -> Value:
        try:
            async with asyncio.timeout(patience):
                while True:
                    await self._change()
                    if (value := attempt()) is not None:
                        return value
        except TimeoutError as error:
            raise NoAnswer(f"{what} in {patience:g} s") from error

    def settle(self) -> None:
        """Send what follows from what a user did, and set the timer."""
        if self.host.is_closed:
            return
        if not self.host.stack.is_calm:
            self.host.flush()
            self._after()
        elif self.leaving:
            self._after()

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
        self.wake()

    async def _keep(self) -> None:
        """Give everything back when the loop ends: it cancels what still runs."""
        try:
            await self._loop.create_future()
        finally:
            self.stop()

    def _turn(self) -> None:
        if not self.host.is_closed:
            self.host.turn()
            self.wake()
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

    async def _change(self) -> None:
        """Wait until something has happened."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def wake(self) -> None:
        """Have whoever waits look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)


class AsyncStream:
    """Octets both ways, in order; as :class:`~rawkit.endpoint.stream.Stream`, with ``await``."""

    def __init__(self, driver: LoopDriver, conversation: Conversation, *, owns: bool) -> None:
        self._driver = driver
        self._conversation = conversation
        self._owns = owns
        self._closed = False
        self.timeout: float | None = None
        """The longest that a call waits, in seconds; ``None``: as long as it takes."""

    @property
    def flow(self) -> Flow:
        """The two ends."""
        return self._conversation.flow

    @property
    def state(self) -> State:
        return self._conversation.connection.state

    @property
    def info(self) -> Info:
        """How it is doing, in the fields of ``ss -i``."""
        return self._conversation.info()

    @property
    def guard(self) -> tuple[str, ...]:
        """What keeps the kernel away (:class:`rawkit.endpoint.guard.Guard`)."""
        return self._driver.host.guard_layers

    async def send(self, octets: bytes | bytearray | memoryview) -> int:
        """Have some octets sent; return how many were taken."""
        put, what = self._conversation.put, Complaint(self.flow, "no room")
        return await self._driver.until(lambda: put(octets), self.timeout, what)

    async def sendall(self, octets: bytes | bytearray | memoryview) -> None:
        """Have all octets sent: return when there was room for the last.

        Raises:
            ConnectionFailed: the connection is over; the message says how.
            NoAnswer: for ``timeout`` seconds there was no room.
            UsageError: it was shut down.
        """
        rest = memoryview(octets)
        while rest:
            rest = rest[await self.send(rest) :]

    async def recv(self, limit: int = CHUNK) -> bytes:
        """Return octets as soon as there are some; none at the end of the stream.

        Raises:
            ConnectionFailed: the connection was reset, or timed out.
            NoAnswer: nothing came in time.
        """
        take, most = self._conversation.take, check_size(limit)
        what = Complaint(self.flow, "nothing came")
        return await self._driver.until(lambda: take(most), self.timeout, what)

    async def recv_all(self) -> bytes:
        """Return all that comes until the other side ends."""
        parts: list[bytes] = []
        while part := await self.recv(CHUNK << 4):
            parts.append(part)
        return b"".join(parts)

    def shutdown(self) -> None:
        """Say that no more will be sent (half-close); reading goes on."""
        self._conversation.connection.shutdown()
        self._driver.settle()

    def abort(self) -> None:
        """Reset the connection: what is under way is lost."""
        self._conversation.abort()
        self._driver.settle()
        self._let_go()

    async def close(self, linger: float = LINGER) -> None:
        """Close it in good order: wait until all that was written is acknowledged.

        Args:
            linger: the longest to wait, in seconds; then the connection is reset.
        """
        if self._closed:
            return
        conversation, until = self._conversation, self._driver.until
        conversation.close()
        self._driver.settle()
        try:
            await until(conversation.is_quiet, linger, "")
            await until(conversation.has_said_goodbye, min(linger, GOODBYE), "")
        except NoAnswer:
            if not conversation.is_quiet():
                self.abort()
        self._let_go()

    def _let_go(self) -> None:
        self._closed = True
        if self._owns:
            self._driver.leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.close()
        else:
            self.abort()


class AsyncListening:
    """Connections that others open, one after the other, on asyncio."""

    def __init__(self, driver: LoopDriver, listener: Listener, address: Address, port: int) -> None:
        self._driver = driver
        self._listener = listener
        self.address = address
        self.port = port
        self._closed = False
        self.timeout: float | None = None
        """The longest that ``accept`` waits, in seconds; ``None``: as long as it takes."""

    @property
    def guard(self) -> tuple[str, ...]:
        """What keeps the kernel away (:class:`rawkit.endpoint.guard.Guard`)."""
        return self._driver.host.guard_layers

    async def accept(self) -> AsyncStream:
        """Return the next connection.

        Raises:
            ConnectionFailed: it was closed, perhaps by another task.
            NoAnswer: nobody connected in time.
        """
        what = f"port {self.port}: nobody connected"
        return await self._driver.until(self._next, self.timeout, what)

    def close(self) -> None:
        """Take no more connections; those that nobody took are reset, the others go on."""
        self._closed = True
        self._driver.host.stop_listening(self.address, self.port)
        self._driver.wake()
        self._driver.leave()

    def stop(self) -> None:
        """Reset all its connections, and give the port back at once."""
        self._closed = True
        self._driver.stop()

    def _next(self) -> AsyncStream | None:
        if self._closed:
            said = f"port {self.port}: closed"
            raise ConnectionFailed(errno.ECONNABORTED, said, is_local=True)
        while self._listener.ready:
            connection = self._listener.ready.popleft()
            if isinstance(flow := connection.flow, Flow):
                conversation = Conversation(self._driver.host, connection, flow)
                return AsyncStream(self._driver, conversation, owns=False)
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
