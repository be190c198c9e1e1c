"""The same connections on asyncio: many on one event loop, and no thread."""

import errno
from types import TracebackType
from typing import Self

from rawkit.endpoint.conversation import Complaint, Conversation, check_size
from rawkit.endpoint.loop_driver import LoopDriver
from rawkit.endpoint.stream import CHUNK, GOODBYE, LINGER
from rawkit.errors import ConnectionFailed, NoAnswer
from rawkit.tcp.flow import Flow
from rawkit.tcp.info import Info
from rawkit.tcp.listener import Listener
from rawkit.tcp.state import State
from rawkit.wire.address import Address


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
        return await self._driver.until(
            lambda: put(octets), self.timeout, what, self._conversation.connection
        )

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
        return await self._driver.until(
            lambda: take(most), self.timeout, what, self._conversation.connection
        )

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
            connection = conversation.connection
            await until(conversation.is_quiet, linger, "", connection)
            await until(conversation.has_said_goodbye, min(linger, GOODBYE), "", connection)
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
        self._driver.wake_all()
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
