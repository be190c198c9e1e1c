"""A connection in user space, used like a socket: calls wait until they are done."""

import socket
from types import TracebackType
from typing import Self

from rawkit.endpoint.conversation import Complaint, Conversation, check_size
from rawkit.endpoint.driver import Driver
from rawkit.errors import NoAnswer, UsageError
from rawkit.tcp.flow import Flow
from rawkit.tcp.info import Info
from rawkit.tcp.state import State

LINGER = 10.0
"""Seconds that ``close`` waits for what was written to be acknowledged."""
GOODBYE = 0.5
"""Seconds that it then waits for the other side to end, too."""
CHUNK = 0x1_0000


class Stream:
    """Octets both ways, in order. Threads may share it: one reads, another writes."""

    def __init__(self, driver: Driver, conversation: Conversation, *, owns: bool) -> None:
        """Wrap a connection; :func:`rawkit.connect` makes these.

        Args:
            driver: who drives its host.
            conversation: the connection.
            owns: whether the host is for it alone.
        """
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
        with self._driver.changed:
            return self._conversation.info()

    @property
    def guard(self) -> tuple[str, ...]:
        """What keeps the kernel away (:class:`rawkit.endpoint.guard.Guard`)."""
        return self._driver.host.guard_layers

    def send(self, octets: bytes | bytearray | memoryview) -> int:
        """Have some octets sent; return how many were taken.

        Raises:
            ConnectionFailed: the connection is over; the message says how.
            NoAnswer: there was no room in time.
            UsageError: it was shut down.
        """
        put, what = self._conversation.put, Complaint(self.flow, "no room")
        return self._driver.until(lambda: put(octets), self.timeout, what)

    def sendall(self, octets: bytes | bytearray | memoryview) -> None:
        """Have all octets sent: return when there was room for the last.

        Raises:
            ConnectionFailed: the connection is over; the message says how.
            NoAnswer: for ``timeout`` seconds there was no room.
            UsageError: it was shut down.
        """
        rest = memoryview(octets)
        while rest:
            rest = rest[self.send(rest) :]

    def recv(self, limit: int = CHUNK) -> bytes:
        """Return octets as soon as there are some; none at the end of the stream.

        Raises:
            ConnectionFailed: the connection was reset, or timed out.
            NoAnswer: nothing came in time.
        """
        take, most = self._conversation.take, check_size(limit)
        return self._driver.until(
            lambda: take(most), self.timeout, Complaint(self.flow, "nothing came")
        )

    def recv_all(self) -> bytes:
        """Return all that comes until the other side ends.

        Raises:
            ConnectionFailed: the connection was reset, or timed out.
            NoAnswer: for ``timeout`` seconds nothing came.
        """
        parts: list[bytes] = []
        while part := self.recv(CHUNK << 4):
            parts.append(part)
        return b"".join(parts)

    def shutdown(self) -> None:
        """Say that no more will be sent (half-close); reading goes on."""
        with self._driver.acting():
            self._conversation.connection.shutdown()

    def abort(self) -> None:
        """Reset the connection: what is under way is lost."""
        with self._driver.acting():
            self._conversation.abort()
        self._let_go()

    def close(self, linger: float = LINGER) -> None:
        """Close it in good order: wait until all that was written is acknowledged.

        What has come and was not read makes that a reset (RFC 9293 §3.6.1). The host lives on
        behind it until nothing of the connection can be under way any more, as long as the
        process does.

        Args:
            linger: the longest to wait, in seconds; then the connection is reset.
        """
        if self._closed:
            return
        conversation, until = self._conversation, self._driver.until
        with self._driver.acting():
            conversation.close()
        try:
            until(conversation.is_quiet, linger, "")
            until(conversation.has_said_goodbye, min(linger, GOODBYE), "")
        except NoAnswer:
            if not conversation.is_quiet():
                self.abort()
        self._let_go()

    def hand_over(self, timeout: float = LINGER) -> socket.socket:
        """Give the connection to the kernel: return an ordinary socket that goes on with it.

        The other side notices nothing. Needs ``CAP_NET_ADMIN``, and to be called in the same
        network. This stream is used up; if it fails, it goes on as it was.

        Args:
            timeout: the longest to wait until all that was written has left, in seconds.

        Raises:
            MissingCapability: ``CAP_NET_ADMIN``.
            NoAnswer: not all has left in time, or too much of it is not acknowledged.
            UsageError: it shares its port with others; or it is not open, or one of the sides
                has ended; or too much has come that was not read.
        """
        from rawkit.endpoint.hand_over import ToKernel

        if not self._owns:
            raise UsageError(f"{self.flow}: its port has other connections, and a listener")
        moving = ToKernel(self._driver.host, self._conversation.connection)
        try:
            what = f"{self.flow}: not all that was written has arrived"
            made = self._driver.until(moving.attempt, timeout, what)
        except BaseException:
            moving.give_up()
            raise
        self._closed = True
        self._driver.stop()
        made.settimeout(self.timeout)
        return made

    def _let_go(self) -> None:
        self._closed = True
        if self._owns:
            self._driver.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.flow} {self.state}>"
