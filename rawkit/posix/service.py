"""What a server does with what a client says: a function, or a conversation that remembers.

A service knows nothing of sockets and of waiting, so every model of a server can offer it.
"""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rawkit.errors import RawkitError, UsageError
from rawkit.posix.address import Address, InternetAddress
from rawkit.posix.resolution import (
    IPAddress,
    address_of,
    local_address,
    peer_address,
    socket_address,
)
from rawkit.record import record

CREDENTIALS = struct.Struct("=iII")
SO_PEERPIDFD = 77  # asm-generic/socket.h, Linux 6.5

Service = Callable[[bytes], bytes]
"""Takes what has come and returns the answer. A stream comes in pieces of any length; a
datagram, or a message, comes whole, and an empty answer to it is not sent."""


class CutOff(RawkitError):
    """Raised by a service: the connection is to be reset, and no more said."""


class Conversation:
    """What a service says to one client, for those that remember, begin, or go on by themselves.

    A server calls the methods one at a time and sends what they return before it calls the
    next one. So nothing piles up, however slowly the client reads.
    """

    over = False
    """To be set when all is said: the server then says goodbye in good order."""
    rest = 0.0
    """Seconds to be silent and deaf before :meth:`more` is called."""

    def begin(self) -> bytes:
        """Return the first words, before anything has come."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Return the answer to what has come: of a stream, a piece of any length."""
        return b""

    def end(self) -> bytes:
        """Return the last words: the client says no more, but may still read."""
        return b""

    def more(self) -> bytes:
        """Return what else is to be said, now that all before has been sent; or nothing.

        As long as there is something, nothing is read.
        """
        return b""

    def close(self) -> None:
        """Let go of what was needed: the connection is over, however it ended."""


class Credentials(NamedTuple):
    """Who was at the other end when it connected, as the kernel says (unix(7))."""

    pid: int
    """0: somebody of another pid namespace."""
    uid: int
    gid: int


class Peer(NamedTuple):
    """Who a client is, for those who are told of it."""

    address: Address | None
    """``None``: it has no name, as a rule over a Unix socket."""
    credentials: Credentials | None
    """``None``: it is not on this machine, or there is no telling."""


class Client:
    """The other end of a connection."""

    __slots__ = ("_fd",)
    has_socket = True
    """Whether the connection is the kernel's; else there is no :meth:`as_socket`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @property
    def address(self) -> Address | None:
        """Its address; ``None``: it has none, or is gone."""
        with self.as_socket() as sock:
            try:
                return peer_address(sock)
            except OSError:
                return None

    @property
    def local(self) -> Address | None:
        """Our address in this connection."""
        with self.as_socket() as sock:
            return local_address(sock)

    @property
    def credentials(self) -> Credentials | None:
        """Who it is; ``None``: it is not on this machine, or there is no telling."""
        with self.as_socket() as sock:
            if sock.family != socket.AF_UNIX:
                return None
            octets = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        return Credentials(*CREDENTIALS.unpack(octets))

    def process(self) -> int:
        """Return a descriptor of its process, to be closed by the caller (pidfd_open(2)).

        Unlike the number in the credentials it never comes to mean another process.

        Raises:
            OSError: it is gone, or not on this machine; or the kernel is older than 6.5.
        """
        with self.as_socket() as sock:
            return sock.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD)

    @contextmanager
    def as_socket(self) -> Iterator[socket.socket]:
        """Lend the connection as a socket, which closes nothing when it goes."""
        sock = socket.socket(fileno=self._fd)
        try:
            yield sock
        finally:
            sock.detach()


class Sender:
    """Who sent a datagram."""

    __slots__ = ("_local", "_sock", "_sockaddr")

    def __init__(self, sock: socket.socket, sockaddr: object, local: IPAddress | None) -> None:
        self._sock = sock
        self._sockaddr = sockaddr
        self._local = local

    @property
    def address(self) -> Address | None:
        """His address; ``None``: he has none, and cannot be answered (unix(7))."""
        return address_of(self._sock, self._sockaddr)

    @property
    def local(self) -> Address | None:
        """Where it came to."""
        bound = local_address(self._sock)
        if self._local is None or not isinstance(bound, InternetAddress):
            return bound
        sockaddr = socket_address(self._local, bound.port)
        return address_of(self._sock, sockaddr)


Answer = Callable[[bytes, Sender], bytes | None]
"""Takes a datagram and returns the answer, if there is to be any."""


@record
class Offer:
    """A service in all its forms."""

    name: str
    about: str = ""
    source: str = ""
    """The RFC, if it has one."""
    function: Service | None = None
    """For streams and messages; or else:"""
    conversation: Callable[[Client], Conversation] | None = None
    datagram: Answer | None = None
    """For datagrams; ``None``: there is no sense in it."""
    lends_itself: bool = False
    """Whether an answer can be longer than the question: a gift to whoever forges addresses."""

    def converse(self, client: Client) -> Conversation:
        """Return the conversation with a new client."""
        if self.conversation is not None:
            return self.conversation(client)
        assert self.function is not None
        return Stateless(self.function)


class Stateless(Conversation):
    """A function, where a conversation is called for."""

    def __init__(self, function: Service) -> None:
        self.receive = function  # type: ignore[method-assign, assignment]  # called as a method is


def offer_of(service: Service | type[Conversation] | Offer) -> Offer:
    """Return a service of any form as an offer.

    Raises:
        UsageError: it is none.
    """
    if isinstance(service, Offer):
        return service
    name = getattr(service, "__name__", type(service).__name__)
    if isinstance(service, type):
        if not issubclass(service, Conversation):
            raise UsageError(f"{name} is no service: a class of them derives from Conversation")
        return Offer(name, conversation=_made_by(service))
    if not callable(service):
        raise UsageError(f"{service!r} is no service: give a function of octets, or a Conversation")
    return Offer(name, function=service, datagram=as_datagram(service), lends_itself=True)


def as_datagram(function: Service) -> Answer:
    """Return the function as an answer to datagrams: nothing is said to be answered by nothing."""

    def answer(data: bytes, _: Sender) -> bytes | None:
        return function(data) or (None if data else b"")

    return answer


def _made_by(kind: type[Conversation]) -> Callable[[Client], Conversation]:
    """Return what makes conversations of a class, whether or not it asks who the client is."""
    takes_client = kind.__init__ is not object.__init__

    def make(client: Client) -> Conversation:
        return kind(client) if takes_client else kind()  # type: ignore[call-arg]  # as it asks

    return make
