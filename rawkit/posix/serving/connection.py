"""One of many conversations in a thread that never waits for one of them.

A model says when the client is ready; what is then to be done is here. The rules: nothing is
read while something of the answer is unsent, so that a client that does not read costs one
answer of memory and no more; and a ready socket is not trusted to be ready, for the number of
one that was closed may be another client's by now.
"""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from rawkit.posix.service import Conversation, CutOff, Peer, Service
from rawkit.posix.serving.converse import is_empty_message, reset_at_close
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import LINGER, PIECE, Shift, reason_of

if TYPE_CHECKING:
    from rawkit.posix.listen import Listener

IN, OUT, NOTHING = 1, 4, 0  # POLLIN, POLLOUT; and EPOLLIN, EPOLLOUT


class Home(Protocol):
    """Where connections live: the reactor."""

    shift: Shift
    function: Service | None
    """The service, if it is a function."""

    def want(self, fd: int, events: int) -> None:
        """Wait for these events, and report them anew if they are there already."""

    def moved(self, fd: int) -> None:
        """Note that something has moved: the connection is not idle."""

    def rests(self, connection: "Connection") -> None:
        """Note that there is nothing to do but to read from this one."""

    def call_at(self, connection: "Connection", at: float) -> None:
        """Call ``wake`` at this time."""

    def forget(self, connection: "Connection") -> None:
        """Drop it: it is closed next."""


class Connection:
    """What is remembered of a client."""

    __slots__ = (
        *("fd", "talk", "client", "began", "received", "sent"),
        *("_home", "_listener", "_unsent", "_wanted", "_has_ended", "_is_leaving"),
    )

    def __init__(self, home: Home, fd: int, listener: "Listener", client: Peer | None) -> None:
        self.fd = fd
        self.talk: Conversation | None = None
        """``None``: the service is a function, and remembers nothing."""
        self.client = client
        self.began = time.monotonic()
        self.received = self.sent = 0
        self._home = home
        self._listener = listener
        self._unsent: bytes | memoryview = b""
        self._wanted = IN
        self._has_ended = False
        """The client says no more."""
        self._is_leaving = False
        """We say no more, and wait for the client to see it."""

    @property
    def is_stream(self) -> bool:
        """Whether its octets come in pieces of any length."""
        return self._listener.sock.type == socket.SOCK_STREAM

    def begin(self) -> None:
        """Say the first words, if the service has any."""
        if self._home.function is not None:
            return
        try:
            self.talk, words = self._home.shift.begin(self.fd)
        except Exception as error:  # whatever the service raises: the server goes on
            self.fail(error)
        else:
            self._say(words)

    def ready(self) -> bool:
        """Do what can be done now, and return whether there may be more to read."""
        if self._is_leaving:
            return self._read_farewell()
        if self._wanted == NOTHING:
            self.close(Reason.RESET)  # only that it has gone away is told now
            return False
        if self._wanted == OUT:
            self._go_on()
            return False
        return self._read()

    def end(self) -> None:
        """Say the last words: the client says no more."""
        self._has_ended = True
        if self.talk is None:
            self.close(Reason.DONE)
        else:
            self._ask(self.talk.end)

    def keep(self, words: bytes, done: int) -> None:
        """Keep what the client did not take yet."""
        self._unsent = memoryview(words)[done:]
        self._home.moved(self.fd)
        self._want(OUT)

    def wake(self) -> None:
        """End a rest, or a farewell that takes too long."""
        if self._is_leaving:
            self.close(Reason.SERVED)
        elif self.talk is not None and self._wanted == NOTHING:
            self._ask_for_more(self.talk)

    def fail(self, error: Exception) -> None:
        """Close it because of an error of the system, or of the service."""
        if isinstance(error, CutOff):
            self._with_socket(reset_at_close)
        self.close(reason_of(error), error)

    def close(self, reason: Reason, error: Exception | None = None) -> None:
        """Close it, by a reset if something is unsent: what has come is not the whole."""
        if self._unsent:
            self._with_socket(reset_at_close)
        if self.talk is not None:
            self.talk.close()
        self._home.forget(self)
        os.close(self.fd)
        self._home.shift.closed(
            reason,
            self.received,
            self.sent,
            client=self.client,
            seconds=time.monotonic() - self.began,
            error=error,
        )

    def _read(self) -> bool:
        """Read once, answer, and return whether there may be more."""
        is_message = self._listener.is_message
        try:
            data = os.read(self.fd, PIECE + is_message)
        except BlockingIOError:
            return False
        except OSError as error:
            self.fail(error)
            return False
        if not data and not (is_message and is_empty_message(self.fd)):
            self.end()
            return False
        if len(data) > PIECE:
            self.close(Reason.TOO_LONG)
            return False
        self.received += len(data)
        self._home.moved(self.fd)
        receive = self.talk.receive if self.talk else self._home.function
        assert receive is not None
        return self._ask(lambda: receive(data), is_empty=not data)

    def _ask(self, speak: Callable[[], bytes], *, is_empty: bool = False) -> bool:
        """Send what the service says; return whether the connection wants to read then."""
        try:
            words = speak()
            if is_empty and not words:
                os.write(self.fd, words)  # an empty message is answered by one
        except Exception as error:  # whatever the service raises: the server goes on
            self.fail(error)
            return False
        return self._say(words)

    def _say(self, words: bytes) -> bool:
        self._unsent = words
        return self._go_on()

    def _go_on(self) -> bool:
        """Send what is unsent, see what comes after that; return whether to read now."""
        if self._unsent and not self._send():
            return False
        talk = self.talk
        if talk is None:
            return self._listen()
        if talk.over:
            self._leave()
        elif talk.rest:
            self._rest(talk.rest)
        else:
            return self._ask_for_more(talk)
        return False

    def _send(self) -> bool:
        """Send, and return whether all is gone."""
        words = self._unsent
        try:
            done = os.write(self.fd, words)
        except BlockingIOError:
            done = 0
        except (OSError, TypeError) as error:
            self.fail(error)
            return False
        if done:
            self.sent += done
            self._home.moved(self.fd)
        if done == len(words):
            self._unsent = b""
            return True
        self._unsent = memoryview(words)[done:]
        self._want(OUT)
        return False

    def _ask_for_more(self, talk: Conversation) -> bool:
        try:
            words = self._unsent = talk.more()
        except Exception as error:  # whatever the service raises: the server goes on
            self.fail(error)
            return False
        if words:
            self._want(OUT, again=True)  # the others have their turn before
        elif talk.over:
            self._leave()
        elif talk.rest:
            self._rest(talk.rest)
        else:
            return self._listen()
        return False

    def _listen(self) -> bool:
        """Read what comes next, unless the client has said that nothing will."""
        if self._has_ended:
            self.close(Reason.DONE)
            return False
        self._want(IN)
        self._home.rests(self)
        return True

    def _rest(self, seconds: float) -> None:
        self._want(NOTHING)
        self._home.call_at(self, time.monotonic() + seconds)

    def _leave(self) -> None:
        """Say that this was all, and wait for the client to see it.

        To close while something is unread would send a reset, and that would take with it what
        the client has not read yet (RFC 1122 §4.2.2.13).
        """
        if self._has_ended:
            self.close(Reason.DONE)
            return
        with suppress(OSError):
            self._with_socket(lambda sock: sock.shutdown(socket.SHUT_WR))
        self._is_leaving = True
        self._want(IN)
        self._home.call_at(self, time.monotonic() + LINGER)

    def _read_farewell(self) -> bool:
        """Read what nobody is interested in any more, up to its end."""
        try:
            if os.read(self.fd, PIECE):
                return True
        except BlockingIOError:
            return False
        except OSError:
            pass  # it is over in any case
        self.close(Reason.SERVED)
        return False

    def _want(self, events: int, *, again: bool = False) -> None:
        if self._wanted != events or again:
            self._wanted = events
            self._home.want(self.fd, events)

    def _with_socket(self, use: Callable[[socket.socket], object]) -> None:
        kind = self._listener.sock
        sock = socket.socket(kind.family, kind.type, fileno=self.fd)
        try:
            use(sock)
        finally:
            sock.detach()
