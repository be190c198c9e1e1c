"""A port on which a user-space TCP waits for connections, used like a socket that listens."""

import errno
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rawkit.endpoint.conversation import Conversation
from rawkit.endpoint.driver import Driver
from rawkit.endpoint.stream import Stream
from rawkit.errors import ConnectionFailed
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.wire.address import Address


class Listening:
    """Connections that others open, one after the other."""

    def __init__(self, driver: Driver, listener: Listener, address: Address, port: int) -> None:
        """Wrap a listener; :func:`rawkit.listen` makes these."""
        self._driver = driver
        self._listener = listener
        self.address = address
        self.port = port
        self.timeout: float | None = None
        """The longest that ``accept`` waits, in seconds; ``None``: as long as it takes."""
        self._closed = False

    @property
    def guard(self) -> tuple[str, ...]:
        """What keeps the kernel away (:class:`rawkit.endpoint.guard.Guard`)."""
        return self._driver.host.guard_layers

    def accept(self) -> Stream:
        """Return the next connection.

        Raises:
            ConnectionFailed: it was closed, perhaps by another thread.
            NoAnswer: nobody connected in time.
        """
        return self._driver.until(self._next, self.timeout, f"{self}: nobody connected")

    def __iter__(self) -> Iterator[Stream]:
        """Yield connections as they come, until it is closed."""
        while not self._closed:
            try:
                stream = self.accept()
            except ConnectionFailed:
                if self._closed:
                    return
                raise
            yield stream

    def close(self) -> None:
        """Take no more connections; those that nobody took are reset, the others go on."""
        if self._closed:
            return
        with self._driver.acting():
            self._closed = True
            self._driver.changed.notify_all()
            self._driver.host.stop_listening(self.address, self.port)
        self._driver.leave()

    def stop(self) -> None:
        """Reset all its connections, and give the port back at once."""
        with self._driver.changed:
            self._closed = True
            self._driver.changed.notify_all()
        self._driver.stop()

    def _next(self) -> Stream | None:
        if self._closed:
            raise ConnectionFailed(errno.ECONNABORTED, f"{self}: closed", is_local=True)
        while self._listener.ready:
            connection = self._listener.ready.popleft()
            flow = connection.flow
            if isinstance(flow, Flow):
                conversation = Conversation(self._driver.host, connection, flow)
                return Stream(self._driver, conversation, owns=False)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __str__(self) -> str:
        shown = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"tcp:{shown}:{self.port}"
