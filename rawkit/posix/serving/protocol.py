"""One of many conversations on an event loop of asyncio: transport below, service above.

The transport buffers whatever is written to it, without a bound: the echo of Python's own
documentation grows by all that a client sends and does not read. So the limit of its buffer is
zero here, and nothing is read until the transport says that the buffer is empty.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Protocol, cast

from rawkit.posix.service import Conversation, CutOff, Peer
from rawkit.posix.serving.converse import reset_at_close
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import LINGER, Shift, reason_of


class Floor(Protocol):
    """Where conversations live."""

    shift: Shift
    step: int
    """The time, in steps."""

    def left(self, one: "ClientProtocol") -> None:
        """Take note that a connection is closed."""


class ClientProtocol(asyncio.Protocol):
    """What is remembered of a client."""

    def __init__(self, floor: Floor, sock: socket.socket, client: Peer | None) -> None:
        self.client = client
        self.began = time.monotonic()
        self.moved_at = floor.step
        self._floor = floor
        self._sock = sock
        self._function = floor.shift.offer.function
        self._talk: Conversation | None = None
        self._received = self._sent = 0
        self._is_full = self._has_ended = self._is_leaving = self._is_over = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's derives from nothing
        if self._is_over:
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=0)
        if self._function is None:
            self._guard(self._begin)

    def data_received(self, data: bytes) -> None:
        self.moved_at = self._floor.step
        if self._is_leaving:
            return  # nobody is interested in it any more
        self._received += len(data)
        self._guard(lambda: self._say(self._receive(data)))

    def eof_received(self) -> bool:
        self._has_ended = True
        if self._is_leaving:
            self.close(Reason.SERVED)
        elif self._talk is None:
            self._go_on()
        else:
            end = self._talk.end
            self._guard(lambda: self._say(end()))
        return not self._is_over

    def pause_writing(self) -> None:
        self._is_full = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self.moved_at = self._floor.step
        self._guard(self._go_on)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(Reason.RESET if error is None else reason_of(error), error)

    def close(self, reason: Reason, error: BaseException | None = None) -> None:
        """Close it, by a reset if something is unsent: what has come is not the whole."""
        if self._is_over:
            return
        if not hasattr(self, "_transport"):  # it was accepted a moment ago
            self._end(reason, error)
            return
        unsent = self._transport.get_write_buffer_size()
        if unsent or isinstance(error, CutOff):
            reset_at_close(self._sock)
        self._sent -= unsent
        self._end(reason, error)
        self._transport.abort()

    def _begin(self) -> None:
        self._talk, words = self._floor.shift.begin(self._sock.fileno())
        self._say(words)

    def _receive(self, data: bytes) -> bytes:
        if self._talk is not None:
            return self._talk.receive(data)
        assert self._function is not None
        return self._function(data)

    def _say(self, words: bytes) -> None:
        if words:
            self._transport.write(words)
            self._sent += len(words)
        self._go_on()

    def _go_on(self) -> None:
        """See what comes after what was said, once it is gone."""
        if self._is_full or self._is_over:
            return
        talk = self._talk
        if talk is None:
            self._listen()
        elif talk.over:
            self._leave()
        elif talk.rest:
            self._rest(talk.rest)
        else:
            self._ask_for_more(talk)

    def _ask_for_more(self, talk: Conversation) -> None:
        words = talk.more()
        if words:
            self._transport.write(words)
            self._sent += len(words)
            if not self._is_full:  # the others have their turn before
                self._transport.pause_reading()
                self._call_in(0.0, self._go_on)
        elif talk.over:
            self._leave()
        elif talk.rest:
            self._rest(talk.rest)
        else:
            self._listen()

    def _listen(self) -> None:
        if self._has_ended:
            self.close(Reason.DONE)
        elif not self._transport.is_reading():
            self._transport.resume_reading()

    def _rest(self, seconds: float) -> None:
        self._transport.pause_reading()
        self._call_in(seconds, self._wake)

    def _wake(self) -> None:
        if self._talk is not None:
            self._ask_for_more(self._talk)

    def _leave(self) -> None:
        """Say that this was all, and wait for the client to see it."""
        if self._has_ended:
            self.close(Reason.DONE)
            return
        self._is_leaving = True
        self._transport.write_eof()
        self._transport.resume_reading()
        self._call_in(LINGER, lambda: self.close(Reason.SERVED))

    def _call_in(self, seconds: float, call: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._guard, call)

    def _guard(self, call: Callable[[], None]) -> None:
        """Call, and close the connection if that fails, whatever the service raises."""
        if self._is_over:
            return
        try:
            call()
        except Exception as error:
            self.close(reason_of(error), error)

    def _end(self, reason: Reason, error: BaseException | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._talk is not None:
            self._talk.close()
        self._floor.left(self)
        self._floor.shift.closed(
            reason,
            self._received,
            self._sent,
            client=self.client,
            seconds=time.monotonic() - self.began,
            error=error,
        )
