"""Both ways at once: the input to the other side, and what comes from there to the output."""

import math
import re
import select
import time
from collections.abc import Callable
from typing import Literal

from rawkit.cli.connect_input import Input
from rawkit.cli.connect_output import Output
from rawkit.posix.connection import CHUNK, Connection
from rawkit.record import record

SILENCE = 1.0
"""Seconds after which datagrams count as over, once the input is."""
DRAINING = 1.0
"""Seconds that an RST waits for what was sent to be acknowledged."""
REMEMBERED = 0x1_0000
"""Octets among which what is expected is looked for."""

AtEnd = Literal["half-close", "hold", "rst"]
Reason = Literal["peer", "expected", "idle", "reset", "interrupted"]
Shown = Callable[[bytes], bytes]


@record(kw_only=True)
class RelaySettings:
    """When it is over."""

    at_end: AtEnd = "half-close"
    """What to do when the input has ended."""
    idle: float | None = None
    """Seconds without anything coming or going."""
    expect: re.Pattern[bytes] | None = None
    """What has to come."""
    follows_peer: bool = False
    """Whether it is over as soon as the other side ends, even if the input goes on."""


class Watch:
    """Looks out for what is expected in what comes, wherever it is cut."""

    def __init__(self, expected: re.Pattern[bytes] | None) -> None:
        self._expected = expected
        self._seen = bytearray()
        self._start = 0
        self.is_met = False

    def see(self, data: bytes) -> None:
        """Take in what came."""
        if self._expected is None or self.is_met:
            return
        self._seen += data
        self.is_met = self._expected.search(self._seen, self._start) is not None
        if len(self._seen) > REMEMBERED:
            del self._seen[:-REMEMBERED]
            self._start = 1  # so that ^ is not true at what is only the cut


class Relay:
    """Moves octets until it is over; memory is bounded, whoever is slow."""

    def __init__(
        self,
        connection: Connection,
        source: Input,
        sink: Output,
        how: RelaySettings,
        bell: int,
        shown: Shown | None = None,
    ) -> None:
        """Prepare.

        Args:
            connection: the other side.
            source: what to send.
            sink: where to put what comes.
            how: when it is over.
            bell: a descriptor that can be read from when somebody wants an end. (An exception
                out of a signal handler could come between a write and the note of it.)
            shown: makes what is to be put out of what comes; without it, that itself.
        """
        self._connection = connection
        self._source = source
        self._sink = sink
        self._how = how
        self._bell = bell
        self._is_interrupted = False
        self._shown = shown
        self.watch = Watch(how.expect)
        self._piece: memoryview | None = None
        """What is being sent."""
        self._has_ended = False
        self._hung_up = False
        self._drain_until = math.inf
        self._last = time.monotonic()

    def run(self) -> Reason:
        """Return why it is over.

        Raises:
            BrokenPipeError: nobody reads the output any more.
            ConnectionFailed: the connection broke; what came before is in the output.
        """
        try:
            while (reason := self._reason(time.monotonic())) is None:
                self._turn()
        finally:
            if not self._sink.finish(self._bell):
                self._is_interrupted = True
        if self._is_interrupted:
            return "interrupted"
        if reason == "reset":
            self._connection.abort()
        return reason

    def _reason(self, now: float) -> Reason | None:
        connection = self._connection
        if self._is_interrupted:
            return "interrupted"
        if self.watch.is_met:
            return "expected"
        if self._drain_until < math.inf:
            return "reset" if connection.is_drained() or now >= self._drain_until else None
        is_over = self._has_ended or self._how.follows_peer or self._hung_up
        if connection.peer_ended and self._piece is None and is_over:
            return "peer"
        return "idle" if now >= self._idle_at() else None

    def _idle_at(self) -> float:
        idle = self._how.idle
        if idle is None and self._connection.is_datagram and self._has_ended:
            idle = None if self._how.at_end == "hold" else SILENCE
        if idle is None or not self._sink.is_empty:
            return math.inf
        return self._last + idle

    def _turn(self) -> None:
        """Wait for something to do, and do it."""
        ready = self._wait()
        if self._bell in ready:
            self._is_interrupted = True
            return
        if ready.get(self._source.descriptor):
            self._source.read()
        self._connection.work()
        self._send()
        if self._source.is_over and self._piece is None and not self._has_ended:
            self._end()
        events = ready.get(self._connection.fileno(), 0)
        self._hung_up = self._hung_up or bool(events & select.POLLHUP)
        if self._sink.has_room and not self._connection.peer_ended:
            self._receive()
        self._sink.ready(ready.get(self._sink.descriptor, 0))

    def _wait(self) -> dict[int, int]:
        wanted = select.poll()
        now = time.monotonic()
        wanted.register(self._bell, select.POLLIN)
        if self._source.wants_more and self._piece is None:
            wanted.register(self._source.descriptor, select.POLLIN)
        reading = self._sink.has_room and not self._connection.peer_ended
        writing = self._piece is not None
        if events := self._connection.interest(reading=reading, writing=writing):
            wanted.register(self._connection.fileno(), events)
        wanted.register(self._sink.descriptor, self._sink.interest)
        due = None if writing else self._source.due()
        ends = (self._idle_at(), due, self._connection.wake_at(), self._drain_at(now))
        until = min(one for one in ends if one is not None)
        return dict(wanted.poll(None if until == math.inf else max(0.0, until - now) * 1000))

    def _drain_at(self, now: float) -> float | None:
        """Return when to look again whether all is acknowledged."""
        return None if self._drain_until == math.inf else min(self._drain_until, now + 0.01)

    def _send(self) -> None:
        """Send what there is, as long as there is room."""
        now = time.monotonic()
        while True:
            if self._piece is None:
                piece = self._source.next(now)
                if piece is None:
                    return
                self._piece = memoryview(piece)
            taken = self._connection.send(self._piece)
            if rest := self._piece[taken:]:
                self._piece = rest
                self._last = now if taken else self._last
                return
            self._piece, self._last = None, now

    def _end(self) -> None:
        """Do what is to be done when the input has ended."""
        self._has_ended = True
        self._last = time.monotonic()
        if self._how.at_end == "half-close":
            self._connection.end()
        elif self._how.at_end == "rst":
            self._drain_until = time.monotonic() + DRAINING

    def _receive(self) -> None:
        """Take what has come."""
        size = 0
        while size < CHUNK and (data := self._connection.receive()) is not None:
            size += max(1, len(data))
            self._last = time.monotonic()
            self.watch.see(data)
            self._sink.put(data if self._shown is None else self._shown(data))
            if self.watch.is_met:
                return
