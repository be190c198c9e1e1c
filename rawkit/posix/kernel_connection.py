"""A connection that the kernel makes: a socket."""

import array
import errno
import fcntl
import os
import select
import socket
import struct
import termios
from contextlib import suppress

from rawkit.posix import failures
from rawkit.posix.address import Address
from rawkit.posix.connection import CHUNK, Connection
from rawkit.posix.resolution import local_address, peer_address
from rawkit.sockets.options import IP_RECVERR, IPV6_RECVERR

ABORT = struct.pack("@ii", 1, 0)
"""struct linger: close at once, by RST."""
LONGEST_MESSAGE = 0x10_0000
"""Octets: more than the kernel lets a message of a unix socket have, unless it is told to."""
NOT_NOW = (errno.EAGAIN, errno.ENOBUFS)
NO_WAIT = socket.MSG_DONTWAIT


class BoundFile:
    """The file of a unix socket of ours."""

    def __init__(self, path: str) -> None:
        """Note which file it is, right after bind(2) has made it."""
        self._path = path
        self._known = self._identity()

    def remove(self) -> None:
        """Remove it, if it is still the same; a second time does nothing."""
        with suppress(OSError):
            if self._identity() == self._known:
                os.unlink(self._path)

    def _identity(self) -> tuple[int, int]:
        found = os.lstat(self._path)
        return found.st_dev, found.st_ino


class KernelConnection(Connection):
    """A connected socket; whether it blocks does not matter."""

    def __init__(
        self, sock: socket.socket, address: Address, file: BoundFile | None = None
    ) -> None:
        """Take over a socket.

        Args:
            sock: connected; :meth:`close` closes it.
            address: whom it is with, in case he has no name.
            file: where it is bound to; :meth:`close` removes it.

        Raises:
            OSError: it is not connected.
        """
        self.sock = sock
        self.address = address
        self._file = file
        self.peer = peer_address(sock)
        self.local = local_address(sock)
        self.is_datagram = sock.type == socket.SOCK_DGRAM
        self.is_message = sock.type != socket.SOCK_STREAM
        if sock.type == socket.SOCK_STREAM:
            # An ICMP error is no reason to end a connection (RFC 1122 §4.2.3.9).
            with suppress(OSError):
                if sock.family == socket.AF_INET:
                    IP_RECVERR.set(sock, 0)
                elif sock.family == socket.AF_INET6:
                    IPV6_RECVERR.set(sock, 0)
        self._size = LONGEST_MESSAGE if sock.family == socket.AF_UNIX and self.is_message else CHUNK

    def fileno(self) -> int:
        return self.sock.fileno()

    def interest(self, *, reading: bool, writing: bool) -> int:
        return select.POLLIN * reading | select.POLLOUT * writing

    def send(self, data: bytes | memoryview) -> int:
        try:
            taken = self.sock.send(data, NO_WAIT | socket.MSG_NOSIGNAL)
        except OSError as error:
            if error.errno in NOT_NOW:
                return 0
            raise self._failed("send", error) from error
        self.sent += taken
        return taken

    def receive(self) -> bytes | None:
        try:
            data, _, flags, _ = self.sock.recvmsg(self._size, 0, NO_WAIT)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return None
            raise self._failed("recv", error) from error
        if not data and not self.is_datagram:
            self.peer_ended = True
            return None
        self.received += len(data)
        self.cut += bool(flags & socket.MSG_TRUNC)
        return data

    def end(self) -> None:
        if self.is_datagram:
            return
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise self._failed("shutdown", error) from error

    def is_drained(self) -> bool:
        left = array.array("i", [0])
        try:
            fcntl.ioctl(self.sock, termios.TIOCOUTQ, left)
        except OSError:
            return True
        return left[0] == 0

    def abort(self) -> None:
        with suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.close()

    def close(self) -> None:
        self.sock.close()
        if self._file is not None:
            self._file.remove()

    def _failed(self, call: str, error: OSError) -> Exception:
        failure = failures.of_error(self.sock, self.address, call, error)
        return failure.error()
