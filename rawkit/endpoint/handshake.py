"""The three segments that open a connection, one by one, each with its reason (RFC 9293 §3.5)."""

import errno
import select
import time
from collections.abc import Iterator
from math import inf

from rawkit.endpoint.conversation import Conversation, called, failure_of
from rawkit.endpoint.host import Host
from rawkit.endpoint.narration import Narrator, Shown
from rawkit.errors import ConnectionFailed
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Established
from rawkit.tcp.flow import Flow
from rawkit.tcp.settings import Settings

ALL = 3
"""Segments of a handshake."""


class Handshake:
    """A handshake that is watched, and may stop after any of its segments. It is used once.

    ``for shown in handshake`` gives the segments. At the end of the loop nothing of the
    connection is left: it was reset, or closed in good order.
    """

    def __init__(
        self,
        host: Host,
        flow: Flow,
        settings: Settings,
        *,
        segments: int = ALL,
        timeout: float | None = None,
        whole: bool = False,
    ) -> None:
        """Prepare; the host belongs to the handshake from now on.

        Args:
            host: with a guard on the local port.
            flow: the two ends.
            settings: how our side is to behave.
            segments: 1 to 3: stop when so many have been seen.
            timeout: the longest to wait for each answer, in seconds.
            whole: close in good order, and give the segments of that, too; else by reset.
        """
        self.host, self.flow = host, flow
        self.failure: ConnectionFailed | None = None
        """Why there is no connection."""
        self._settings = settings
        self._segments = segments
        self._timeout = timeout
        self._whole = whole
        self._narrator = Narrator(flow)
        host.watch = self._narrator.watch

    @property
    def established(self) -> Established | None:
        """What both sides agreed on; ``None``: the handshake is not complete."""
        return self._narrator.established

    def __iter__(self) -> Iterator[Shown]:
        try:
            connection = self.host.connect(self.flow, self._settings)
            connection.block.story = []
            yield from self._sent(connection)
            yield from self._answers(connection)
            if self._whole and connection.is_open:
                yield from self._farewell(connection)
        finally:
            self.host.close()

    def _answers(self, connection: Connection) -> Iterator[Shown]:
        """Give segments until enough were seen, or there will be none."""
        until = inf if self._timeout is None else time.monotonic() + self._timeout
        while self._segments > 1 and not connection.is_open:
            if connection.ended is not None:
                self.failure = failure_of(self.flow, connection.ended)
                return
            if not self._wait(until):
                self.failure = self._silence()
                return
            yield from self._arrived(connection)
            if self._segments == ALL or not connection.is_open:
                yield from self._sent(connection)

    def _farewell(self, connection: Connection) -> Iterator[Shown]:
        """Close in good order."""
        conversation = Conversation(self.host, connection, self.flow)
        conversation.close()
        yield from self._sent(connection)
        until = time.monotonic() + (1.0 if self._timeout is None else min(1.0, self._timeout))
        while not conversation.has_said_goodbye() and self._wait(until):
            yield from self._arrived(connection)
            yield from self._sent(connection)

    def _wait(self, until: float) -> bool:
        """Wait until something has come or is due; tell whether it is not too late."""
        seconds = max(0.0, min(until, self.host.wake_at) - time.monotonic())
        select.select([self.host], [], [], None if seconds == inf else seconds)
        return time.monotonic() < until

    def _arrived(self, connection: Connection) -> list[Shown]:
        """Take in one segment, and do what is due."""
        self.host.take_in(most=1)
        return self._narrator.tell(connection)

    def _sent(self, connection: Connection) -> list[Shown]:
        self.host.flush()
        return self._narrator.tell(connection)

    def _silence(self) -> ConnectionFailed:
        said = f"{called(self.flow)}: nothing came back in {self._timeout or 0:g} s"
        return ConnectionFailed(errno.ETIMEDOUT, said, "nothing")
