"""One attempt to connect, by the kernel: begun, watched, given up."""

import errno
import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from rawkit.errnos.table import explain, kind_for
from rawkit.errors import OptionRefused, RawkitError
from rawkit.host.capability import Capability, why_missing
from rawkit.posix import failures
from rawkit.posix.address import InternetAddress, UnixAddress
from rawkit.posix.connection import Connection
from rawkit.posix.failures import Failure
from rawkit.posix.kernel_connection import BoundFile, KernelConnection
from rawkit.posix.options import Setting, apply
from rawkit.posix.ports import UNPRIVILEGED
from rawkit.posix.resolution import Target
from rawkit.record import record, replace
from rawkit.sockets.options import IP_BIND_ADDRESS_NO_PORT, IP_RECVERR, IPV6_RECVERR

UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EINTR)
NO_MPTCP = (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT, errno.EINVAL)
INTERNET = (socket.AF_INET, socket.AF_INET6)
TCP_INFO = struct.Struct("@B99xI")
"""Of struct tcp_info (linux/tcp.h): the state, and how many segments were sent again."""
SYN_SENT = 2
TIMEVAL = struct.Struct("@ll")
QUEUE_IS_FULL = "the server's queue of connections stayed full (try: a larger backlog there)"
MET_ITSELF = "nobody listens there: the socket has met itself, both ends being the same port"


@record
class Manner:
    """How a socket is to be set up."""

    options: tuple[Setting, ...] = ()
    local: Target | None = None
    """Where it is to be bound."""
    timeout: float | None = None
    """Seconds until a call that waits gives up: of unix sockets only, which cannot be polled."""


class Attempt(Protocol):
    """A connection in the making."""

    target: Target

    def fileno(self) -> int:
        """Return what to poll; -1: nothing, for the outcome is known."""

    def interest(self) -> int:
        """Return the events of poll(2) to wait for."""

    def wake_at(self) -> float | None:
        """Return when ``outcome`` is to be called at the latest (monotonic); ``None``: never."""

    def outcome(self) -> Connection | Failure | None:
        """Return what became of it; ``None``: it is under way."""

    def give_up(self, patience: float) -> Failure:
        """End it without a trace after so many seconds, and tell how far it came."""

    def close(self) -> None:
        """End it without a trace."""


Opener = Callable[[Target, Manner], Attempt]
"""Begins to connect; the kernel's is :class:`KernelAttempt`."""


class KernelAttempt:
    """A socket that connects."""

    def __init__(self, target: Target, manner: Manner) -> None:
        """Begin; what fails at once is an outcome, and no error.

        Raises:
            MissingCapability: an option takes one.
        """
        self.target = target
        self.note = ""
        """What is not as it was asked for."""
        self._started = time.monotonic()
        self._manner = manner
        self._sock: socket.socket | None = None
        self._file: BoundFile | None = None
        self._outcome: Failure | KernelConnection | None = None
        call = "socket"
        try:
            sock = self._sock = self._open()
            call = "setsockopt"
            self._set_up(sock)
            call = "bind"
            self._bind(sock)
            call = "connect"
            self._connect(sock)
        except OSError as error:
            if not isinstance(error, RawkitError):
                self._fail(call, error.errno or 0)
            elif isinstance(error, OptionRefused):
                self._fail(call, error.errno or 0, str(error))
            else:
                self.close()
                raise
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return -1 if self._sock is None else self._sock.fileno()

    def interest(self) -> int:
        return select.POLLOUT

    def wake_at(self) -> float | None:
        return None

    def outcome(self) -> Connection | Failure | None:
        if self._outcome is None and self._sock is not None:
            self._look(self._sock)
        return self._outcome

    def give_up(self, patience: float) -> Failure:
        address, kind = self.target.address, self._kind
        asked = 0 if self._sock is None else _syns(self._sock)
        self.close()
        return Failure(
            address, "connect", errno.ETIMEDOUT, kind,
            took=self._took, asked=asked, patience=patience,
        )  # fmt: skip

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        if self._file is not None:
            self._file.remove()
            self._file = None

    @property
    def _kind(self) -> str | None:
        return kind_for(self.target.family, self.target.type, self.target.protocol)

    @property
    def _took(self) -> float:
        return time.monotonic() - self._started

    def _open(self) -> socket.socket:
        """Open the socket; plain TCP, where there is no multipath TCP."""
        try:
            return self.target.open()
        except OSError as error:
            if self.target.protocol != socket.IPPROTO_MPTCP or error.errno not in NO_MPTCP:
                raise
            self.note = f"plain TCP: {explain(error.errno, 'socket', 'mptcp')}"
            self.target = replace(self.target, protocol=socket.IPPROTO_TCP)
            return self.target.open()

    def _set_up(self, sock: socket.socket) -> None:
        with suppress(OSError):  # multipath TCP has no such option
            if sock.family == socket.AF_INET:
                IP_RECVERR.set(sock)
            elif sock.family == socket.AF_INET6:
                IPV6_RECVERR.set(sock)
        apply(sock, self._manner.options)

    def _bind(self, sock: socket.socket) -> None:
        local = self._manner.local
        if local is None:
            if sock.family == socket.AF_UNIX and sock.type == socket.SOCK_DGRAM:
                sock.bind("")  # a name that the kernel chooses, or nobody could answer
            return
        if sock.family in INTERNET and sock.type == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if isinstance(local.address, InternetAddress) and not local.address.port:
                with suppress(OSError):  # since Linux 4.2: one port may go to many servers
                    IP_BIND_ADDRESS_NO_PORT.set(sock)
        sock.bind(local.sockaddr)
        if isinstance(local.address, UnixAddress) and not local.address.abstract:
            self._file = BoundFile(local.address.path)

    def _connect(self, sock: socket.socket) -> None:
        timeout = self._manner.timeout
        if sock.family == socket.AF_UNIX:  # a full queue there cannot be polled for
            if timeout is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(timeout))
            sock.connect(self.target.sockaddr)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(0))
            return
        sock.setblocking(False)
        code = sock.connect_ex(self.target.sockaddr)
        if code and code not in UNDER_WAY:
            self._fail("connect", code)

    def _look(self, sock: socket.socket) -> None:
        """Find out what became of it."""
        wanted = select.poll()
        wanted.register(sock, select.POLLOUT)
        if not wanted.poll(0):
            return
        if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._fail("connect", code)
        elif sock.family in INTERNET and _has_met_itself(sock):
            self._fail("connect", errno.ECONNREFUSED, MET_ITSELF)
        else:
            try:
                self._outcome = KernelConnection(sock, self.target.address, self._file)
            except OSError as error:  # the other side has left in the meantime
                self._fail("connect", error.errno or 0)
                return
            self._sock = self._file = None  # the connection's from now on

    def _fail(self, call: str, number: int, why: str = "") -> None:
        address, took = self.target.address, self._took
        if self._sock is None:
            self._outcome = Failure(address, call, number, self._kind, took=took)
            return
        timed_out = number == errno.EAGAIN and self._kind == "unix"
        found = failures.of_error(
            self._sock, address, call, errno.ETIMEDOUT if timed_out else number,
            took=took, asked=_syns(self._sock),
        )  # fmt: skip
        if timed_out:
            why = QUEUE_IS_FULL
            found = replace(found, patience=self._manner.timeout)
        elif call == "bind" and number == errno.EACCES and self._kind != "unix":
            why = _low_port(self._manner.local)
        local = self._manner.local if call == "bind" else None
        self._outcome = replace(found, why=why, place=None if local is None else local.address)
        self.close()


def _syns(sock: socket.socket) -> int:
    """Return how many SYNs a socket that is connecting has sent; 0: none, or not known."""
    if sock.family not in INTERNET or sock.type != socket.SOCK_STREAM:
        return 0
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
        state, resent = TCP_INFO.unpack(info)
    except (OSError, struct.error):
        return 0
    return int(resent) + 1 if state == SYN_SENT else 0


def _has_met_itself(sock: socket.socket) -> bool:
    """Whether a socket is connected to itself (RFC 9293 §3.5, both ends opened at once)."""
    try:
        return sock.type == socket.SOCK_STREAM and sock.getsockname() == sock.getpeername()
    except OSError:
        return False  # the other side has left already: it was another


def _low_port(local: Target | None) -> str:
    """Return why a port cannot be bound, and the ways out."""
    cause, ways = why_missing(Capability.NET_BIND_SERVICE)
    port = getattr(local.address, "port", 0) if local is not None else 0
    lower = f"sysctl {UNPRIVILEGED}={port}"
    return f"{cause} (try: {'; or '.join(('another port', lower, *ways))})"


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return TIMEVAL.pack(whole, int((seconds - whole) * 1e6))
