"""What a worker has to work with, be it a process, a thread, or the whole server."""

import errno
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rawkit.errnos.table import said
from rawkit.posix.address import Address
from rawkit.posix.resolution import address_of
from rawkit.posix.service import Client, Conversation, Credentials, Offer, Peer
from rawkit.posix.serving.counts import Board, Reason, Row
from rawkit.posix.serving.settings import Settings
from rawkit.posix.serving.stop import Stop
from rawkit.record import record

if TYPE_CHECKING:
    from rawkit.posix.listen import Listener

PIECE = 1 << 16
"""Octets that are read at once; a message or datagram is no longer than that."""
LINGER = 1.0
"""Seconds in which a client may close, after the server has said that it will."""
QUIET = 1.0
"""Seconds in which the same trouble is told once."""
GONE = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN, errno.ECONNABORTED)


@record
class Closed:
    """A connection has ended."""

    worker: int
    client: Address | None
    credentials: Credentials | None
    reason: Reason
    received: int
    sent: int
    seconds: float
    error: str = ""
    """What the system, or the service, said."""


@record
class Trouble:
    """Something did not go as it should; the same is told once a second."""

    worker: int
    about: str
    times: int = 1
    """How often since it was last told."""


Event = Closed | Trouble
Log = Callable[[Event], None]
"""Is called where it happens: in the process and thread that serves."""


class Shift:
    """A worker's task: what to offer where, within which limits, and until when."""

    def __init__(
        self,
        offer: Offer,
        listeners: Sequence["Listener"],
        settings: Settings,
        board: Board,
        stop: Stop,
        log: Log | None = None,
    ) -> None:
        """Describe it.

        Args:
            offer: the service.
            listeners: where clients come from.
            settings: limits and the like.
            board: where it is counted.
            stop: the bell that ends it.
            log: is told of every connection and of trouble.
        """
        self.offer = offer
        self.listeners = tuple(listeners)
        self.settings = settings
        self.board = board
        self.stop = stop
        self.log = log
        self.groups = (self.listeners,)
        """Listeners of each worker, where each has some of its own."""
        self.number = 0
        """Of the worker."""
        self.shared = False
        """Whether other workers wait at the same listeners."""
        self.failure: BaseException | None = None
        """Why it cannot go on, if it cannot."""
        self._deadline: float | None = None
        self._told: dict[str, tuple[float, int]] = {}
        self._tokens = -1
        if settings.count is not None:
            flags = os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC
            self._tokens = os.eventfd(settings.count, flags)

    @property
    def counts(self) -> Row:
        """The counters of this worker."""
        return self.board.row(self.number)

    @property
    def is_datagram(self) -> bool:
        """Whether there are no connections, but datagrams."""
        return self.listeners[0].is_datagram

    def take_token(self) -> bool:
        """Take one of as many clients as there are to be; ``False``: there are no more."""
        if self._tokens < 0:
            return True
        try:
            os.eventfd_read(self._tokens)
        except BlockingIOError:
            return False  # whoever took the last one rings the bell
        return True

    def note_arrival(self) -> None:
        """Ring the bell if this was the last of as many as there are to be."""
        count = self.settings.count
        if count is not None and self.board.arrived() >= count:
            self.stop.drain()

    def return_token(self) -> None:
        """Give it back: nobody came."""
        if self._tokens >= 0:
            os.eventfd_write(self._tokens, 1)

    @property
    def last_orders(self) -> float:
        """When the grace is over, by the monotonic clock: it begins when this is first asked."""
        if self._deadline is None:
            self._deadline = time.monotonic() + self.settings.grace
        return self._deadline

    @property
    def tells_closed(self) -> bool:
        """Whether somebody is told of each connection that ends."""
        return self.log is not None and self.settings.log_connections

    def peer_of(self, sock: socket.socket, sockaddr: object) -> Peer | None:
        """Return who a client is, if anybody is to be told."""
        if not self.tells_closed:
            return None
        return Peer(address_of(sock, sockaddr), Client(sock.fileno()).credentials)

    def begin(self, fd: int) -> tuple[Conversation, bytes]:
        """Return the conversation with the client behind a descriptor, and its first words."""
        talk = self.offer.converse(Client(fd))
        return talk, talk.begin()

    def closed(
        self,
        reason: Reason,
        received: int = 0,
        sent: int = 0,
        *,
        client: Peer | None = None,
        seconds: float = 0.0,
        error: BaseException | None = None,
    ) -> None:
        """Count a connection that has ended, and tell of it."""
        self.counts.closed(reason, received, sent)
        if self.tells_closed:
            said = "" if error is None else _said(error)
            who = client or Peer(None, None)
            self._tell(Closed(self.number, *who, reason, received, sent, seconds, said))

    def trouble(self, about: str) -> None:
        """Tell of trouble, the same once a second."""
        if self.log is None:
            return
        now = time.monotonic()
        told_at, times = self._told.get(about, (-QUIET, 0))
        if now - told_at < QUIET:
            self._told[about] = told_at, times + 1
            return
        self._told[about] = now, 0
        self._tell(Trouble(self.number, about, times + 1))

    def fail(self, error: BaseException) -> None:
        """Note why it cannot go on, and end it for everybody."""
        if self.failure is None:
            self.failure = error
        self.stop.cut()

    def close(self) -> None:
        """Let go of what the shift has opened."""
        if self._tokens >= 0:
            os.close(self._tokens)
            self._tokens = -1

    def _tell(self, event: Event) -> None:
        if self.log is None:
            return
        try:
            self.log(event)
        except OSError as error:  # nobody reads it any more, or the disk is full
            self.log = None
            self.fail(error)


def reason_of(error: BaseException) -> Reason:
    """Return why a connection ends by an error of the system, or of the service."""
    if not isinstance(error, OSError) or error.errno is None:
        return Reason.FAILED
    return Reason.RESET if error.errno in GONE else Reason.ERROR


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return said(error.errno)
    return f"{type(error).__name__}: {error}".removeprefix("CutOff: ").removesuffix(": ")
