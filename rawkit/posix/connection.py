"""A connection, whoever makes it: the kernel, or a protocol in user space.

A driver waits until :meth:`Connection.fileno` is ready for :meth:`Connection.interest`, or
until :meth:`Connection.wake_at`, and then calls :meth:`Connection.work`,
:meth:`Connection.send` and :meth:`Connection.receive`, which never wait. Whoever has nothing
else to do calls :meth:`Connection.send_all` and :meth:`Connection.receive_all`, which do.
"""

import select
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from rawkit.errors import NoAnswer
from rawkit.posix.address import Address

CHUNK = 0x1_0000
"""Octets that are taken at once."""


class Connection(ABC):
    """Somebody to talk to."""

    peer: Address | None
    """Whom it is with; ``None``: he has no name."""
    local: Address | None
    """Where it is from."""
    is_message: bool
    """Whether what is sent at once arrives at once, or not at all."""
    is_datagram: bool
    """Whether nobody says that it is over."""
    sent: int = 0
    """Octets."""
    received: int = 0
    """Octets."""
    cut: int = 0
    """Messages that were too long, and are not whole."""
    peer_ended: bool = False
    """Whether the other side has said that it sends no more."""

    @abstractmethod
    def fileno(self) -> int:
        """Return what to poll."""

    @abstractmethod
    def interest(self, *, reading: bool, writing: bool) -> int:
        """Return the events of poll(2) to wait for; 0: none."""

    def wake_at(self) -> float | None:
        """Return when to call :meth:`work` at the latest (monotonic); ``None``: never."""
        return None

    def work(self) -> None:  # noqa: B027  # most need not
        """Do what is due; called after each wait. The kernel works by itself.

        Raises:
            ConnectionFailed: it is broken.
        """

    @abstractmethod
    def send(self, data: bytes | memoryview) -> int:
        """Send what there is room for; return how many octets that was: of a message all, or 0.

        Raises:
            ConnectionFailed: it is broken; the message says why, and what came back.
        """

    @abstractmethod
    def receive(self) -> bytes | None:
        """Return what has come, a message or a part of the stream; ``None``: nothing.

        At the end of the stream, ``peer_ended`` becomes true.

        Raises:
            ConnectionFailed: it is broken; the message says why, and what came back.
        """

    @abstractmethod
    def end(self) -> None:
        """Say that no more will be sent (half-close); receiving goes on.

        Raises:
            ConnectionFailed: it is broken.
        """

    @abstractmethod
    def is_drained(self) -> bool:
        """Whether the other side has acknowledged all that was sent, as far as can be known."""

    @abstractmethod
    def abort(self) -> None:
        """Close it by RST: what is under way is lost, and the other side hears of an error."""

    @abstractmethod
    def close(self) -> None:
        """Close it in good order. A second time does nothing."""

    def wait(self, *, reading: bool, writing: bool, until: float | None = None) -> bool:
        """Wait until there may be something to do; return false when it is too late.

        Args:
            reading: wait for what comes.
            writing: wait for room to send.
            until: the longest, in monotonic seconds.
        """
        wanted = select.poll()
        wanted.register(self.fileno(), self.interest(reading=reading, writing=writing))
        ends = [one for one in (until, self.wake_at()) if one is not None]
        left = max(0.0, min(ends) - time.monotonic()) if ends else None
        wanted.poll(None if left is None else left * 1000)
        self.work()
        return until is None or time.monotonic() < until

    def send_all(self, data: bytes | memoryview, timeout: float | None = None) -> None:
        """Send everything, waiting for room.

        Args:
            data: a message, or a part of the stream.
            timeout: the longest that may take, in seconds.

        Raises:
            ConnectionFailed: it broke; the message says why.
            NoAnswer: the other side did not take it in time.
        """
        rest, until = memoryview(data), _until(timeout)
        while True:
            taken = self.send(rest)
            rest = rest[taken:]
            if not rest:
                return
            if not taken and not self.wait(reading=False, writing=True, until=until):
                raise NoAnswer(f"{self.peer}: {len(rest)} octets not taken in {timeout:g} s")

    def receive_some(self, timeout: float | None = None) -> bytes:
        """Wait for a message, or for a part of the stream; empty: the stream is at its end.

        Args:
            timeout: the longest to wait, in seconds.

        Raises:
            ConnectionFailed: it broke; the message says why.
            NoAnswer: nothing came in time.
        """
        until = _until(timeout)
        while not self.peer_ended:
            if (data := self.receive()) is not None:
                return data
            if not self.peer_ended and not self.wait(reading=True, writing=False, until=until):
                raise NoAnswer(f"{self.peer}: nothing came in {timeout:g} s")
        return b""

    def receive_all(self, timeout: float | None = None, limit: int | None = None) -> bytes:
        """Return all that comes until the other side ends.

        Args:
            timeout: the longest that all of it may take, in seconds.
            limit: stop when there are so many octets; there may be a few more.

        Raises:
            ConnectionFailed: it broke; the message says why.
            NoAnswer: the other side did not end in time.
        """
        until, parts, size = _until(timeout), list[bytes](), 0
        while not self.peer_ended and (limit is None or size < limit):
            if (data := self.receive()) is not None:
                parts.append(data)
                size += len(data)
            elif not self.peer_ended and not self.wait(reading=True, writing=False, until=until):
                raise NoAnswer(f"{self.peer}: no end in {timeout:g} s, after {size} octets")
        return b"".join(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _until(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout
