"""The three segments that open a connection, one by one, each with its reason (RFC 9293 §3.5)."""

import errno
import select
import time
from collections import deque
from collections.abc import Iterator
from math import inf

from rawkit.endpoint.conversation import Conversation, called, failure_of
from rawkit.endpoint.host import Host
from rawkit.errors import ConnectionFailed
from rawkit.record import record
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Established, Moved
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import ACK, RST, SYN, Segment
from rawkit.tcp.sending import DUE
from rawkit.tcp.settings import Settings
from rawkit.tcp.state import Cause, State

ALL = 3
"""Segments of a handshake."""
ANSWERS = {
    State.ESTABLISHED: "it acknowledges their SYN: data may follow (§3.10.7.3, fourth)",
    State.TIME_WAIT: "it acknowledges their FIN, and waits for stragglers (§3.10.7.4, eighth)",
    State.CLOSING: "it acknowledges their FIN (§3.10.7.4, eighth)",
    State.CLOSE_WAIT: "it acknowledges their FIN (§3.10.7.4, eighth)",
}
"""What an acknowledgment without data is for, by the state of our side."""


@record
class Shown:
    """One segment, and what it did."""

    number: int
    """From 1."""
    at: float
    """Seconds since the first one left."""
    is_ours: bool
    before: State
    """Of our side, before it came or left."""
    after: State
    segment: Segment
    reason: str

    @property
    def is_repeated(self) -> bool:
        """Whether it was sent before."""
        return self.is_ours and "again" in self.reason


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
        self.established: Established | None = None
        """What both sides agreed on; ``None``: the handshake is not complete."""
        self.failure: ConnectionFailed | None = None
        """Why there is no connection."""
        self._settings = settings
        self._segments = segments
        self._timeout = timeout
        self._whole = whole
        self._seen: deque[tuple[float, Segment, bool]] = deque()
        self._count = 0
        self._began: float | None = None
        self._state = State.CLOSED
        host.watch = self._watch

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

    def _silence(self) -> ConnectionFailed:
        said = f"{called(self.flow)}: nothing came back in {self._timeout or 0:g} s"
        return ConnectionFailed(errno.ETIMEDOUT, said, "nothing")

    def _arrived(self, connection: Connection) -> Iterator[Shown]:
        """Take in one segment, and do what is due."""
        self.host.take_in(most=1)
        moved = [one for one in connection.block.events if isinstance(one, Moved)]
        opened = (one for one in connection.block.events if isinstance(one, Established))
        self.established = next(opened, self.established)
        said = list(connection.block.story or ())
        connection.block.story = []
        yield from self._shown(connection, moved, said)

    def _sent(self, connection: Connection) -> Iterator[Shown]:
        self.host.flush()
        yield from self._shown(connection, [], [])

    def _shown(
        self, connection: Connection, moved: list[Moved], said: list[str]
    ) -> Iterator[Shown]:
        while self._seen:
            at, segment, is_ours = self._seen.popleft()
            if self._began is None:
                self._began = at
            before, self._state = self._state, connection.state
            why = _reason(segment, before, moved, said)
            if is_ours:
                why = ANSWERS.get(self._state, segment.why) if segment.why == DUE else segment.why
            self._count += 1
            yield Shown(self._count, at - self._began, is_ours, before, self._state, segment, why)

    def _watch(self, now: float, flow: Flow, segment: Segment, is_ours: bool) -> None:
        if flow == self.flow:
            self._seen.append((now, segment, is_ours))


def _reason(s: Segment, before: State, moved: list[Moved], said: list[str]) -> str:
    """Return what a segment of theirs did, in words."""
    for one in moved:
        if one.cause is Cause.SYN_ACK:
            return "it acknowledges our SYN, and is theirs (§3.10.7.3, fourth)"
        if one.cause is Cause.SYN:
            return "their SYN crosses ours: both sides open (§3.5, Figure 7)"
        if one.cause is Cause.RST and before is State.SYN_SENT:
            return "nobody listens there: the connection is refused (§3.10.7.3, second)"
    if moved:
        return ", ".join(str(one.cause) for one in moved)
    if said:
        return said[-1]
    if s.flags & (SYN | RST):
        return "it changes nothing"
    return "it acknowledges what was sent" if s.flags & ACK else "it changes nothing"
