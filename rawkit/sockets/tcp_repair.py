"""A kernel TCP socket whose state is read and written without a packet (tcp(7), TCP_REPAIR).

Made to move connections from one host to another (CRIU). Needs ``CAP_NET_ADMIN`` and Linux 4.8.
In repair a socket connects, and closes, in silence; yet it goes on to take in what arrives. So
there is a filter on it, that drops all of that.
"""

import errno
import fcntl
import select
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.sockets.bpf import attach
from rawkit.sockets.kernel import open_socket
from rawkit.sockets.options import SO_DETACH_FILTER, SO_RCVBUFFORCE, SO_SNDBUFFORCE, Option
from rawkit.sockets.ports import NOTHING

TCP = socket.IPPROTO_TCP
TCP_REPAIR = Option("TCP_REPAIR", TCP, 19, "int", "3.5", "CAP_NET_ADMIN")
TCP_REPAIR_QUEUE = Option("TCP_REPAIR_QUEUE", TCP, 20, "int", "3.5")
TCP_QUEUE_SEQ = Option("TCP_QUEUE_SEQ", TCP, 21, "int", "3.5")
TCP_REPAIR_OPTIONS = Option("TCP_REPAIR_OPTIONS", TCP, 22, "struct", "3.5")
TCP_TIMESTAMP = Option("TCP_TIMESTAMP", TCP, 24, "int", "3.9")
TCP_REPAIR_WINDOW = Option("TCP_REPAIR_WINDOW", TCP, 29, "struct", "4.8")
SO_BUF_LOCK = Option("SO_BUF_LOCK", socket.SOL_SOCKET, 72, "flags", "5.15")
MSS, WINDOW_SCALE, SACK, TIMESTAMPS = 2, 3, 4, 8
"""Kinds of TCP options (IANA), as TCP_REPAIR_OPTIONS has them."""
AGREED = struct.Struct("=II")
"""struct tcp_repair_opt: kind, value."""
WINDOW = struct.Struct("=5I")
"""struct tcp_repair_window: snd_wl1, snd_wnd, max_window, rcv_wnd, rcv_wup."""
INFO = struct.Struct("=8B")
"""The beginning of struct tcp_info (linux/tcp.h)."""
WITH_TIMESTAMPS, WITH_SACK, WITH_SCALES = 1, 2, 4
ESTABLISHED = 1
SIOCOUTQ, SIOCINQ = 0x5411, 0x541B
NUMBER = struct.Struct("=i")
WRAP = 0xFFFF_FFFF
PIECE = 0x4000
"""Octets that are put into a queue at once."""
ENOUGH = 8 << 20
"""Octets of a send buffer that is asked for; the kernel gives at most wmem_max."""
HIGHEST_MAXSEG = 0x7FFF
"""What TCP_MAXSEG takes."""
OVERHEAD = 4
"""By how much what the kernel counts may exceed the octets that it keeps."""


class Queue(IntEnum):
    """Which of a socket's queues is meant."""

    NONE = 0
    RECEIVE = 1
    SEND = 2


@record
class Window:
    """Both windows; numbers have 32 bits."""

    told_at: int
    """The number of the segment that told of theirs (SND.WL1)."""
    theirs: int
    largest: int
    """That theirs ever was."""
    ours: int
    """Behind ``ours_from``."""
    ours_from: int


@record
class Options:
    """What both SYNs agreed on."""

    mss: int
    scales: tuple[int, int] | None
    """Theirs and ours."""
    sack: bool
    timestamps: bool


class RepairSocket:
    """A TCP socket in repair that hears nothing."""

    def __init__(self, sock: socket.socket) -> None:
        """Put a socket into repair; it belongs to this object from now on.

        Raises:
            PermissionError: ``CAP_NET_ADMIN`` is missing.
            UsageError: this kernel cannot do it.
        """
        self.socket = sock
        attach(sock, NOTHING)  # first: or it would answer in between
        try:
            TCP_REPAIR.set(sock)
        except OSError as error:
            SO_DETACH_FILTER.set(sock)
            if error.errno == errno.ENOPROTOOPT:
                raise UsageError("this kernel cannot repair TCP sockets (Linux 3.5)") from error
            raise

    @classmethod
    def fresh(cls, version: int) -> "RepairSocket":
        """Return one that is not connected.

        Raises:
            PermissionError: ``CAP_NET_ADMIN`` is missing.
            UsageError: this kernel cannot do it.
        """
        sock = open_socket(version, socket.SOCK_STREAM, 0)
        try:
            made = cls(sock)
        except BaseException:
            sock.close()
            raise
        try:
            SO_SNDBUFFORCE.set(sock, ENOUGH)
        except PermissionError:  # beyond wmem_max only in the initial user namespace
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ENOUGH)
        return made

    @property
    def room(self) -> int:
        """How many octets in flight surely fit."""
        size: int = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        return size // OVERHEAD

    def sequence(self, queue: Queue) -> int:
        """Return the number behind the last octet of a queue."""
        TCP_REPAIR_QUEUE.set(self.socket, queue)
        return TCP_QUEUE_SEQ.get(self.socket) & WRAP

    def set_sequence(self, queue: Queue, number: int) -> None:
        """Give the first octet of a queue its number, before it connects."""
        TCP_REPAIR_QUEUE.set(self.socket, queue)
        TCP_QUEUE_SEQ.set(self.socket, signed(number))

    def put(self, queue: Queue, octets: bytes) -> None:
        """Add octets: to be read, or as if they had been sent.

        Raises:
            UsageError: the kernel has no room for so many.
        """
        TCP_REPAIR_QUEUE.set(self.socket, queue)
        rest = memoryview(octets)
        try:
            while rest:
                rest = rest[self.socket.send(rest[:PIECE]) :]
        except (BlockingIOError, OSError) as error:
            if error.errno not in (errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS):
                raise
            what = "are not read yet" if queue is Queue.RECEIVE else "are under way"
            said = f"{len(octets)} octets {what}: too many for the kernel's socket"
            raise UsageError(said) from error

    def unread(self) -> bytes:
        """Return what has arrived and was not read; it stays there."""
        TCP_REPAIR_QUEUE.set(self.socket, Queue.RECEIVE)
        size = queued(self.socket, SIOCINQ)
        flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
        return self.socket.recv(size, flags) if size else b""

    def set_segment_size(self, mss: int) -> None:
        """Have segments carry so much, before it connects: later that changes nothing at once."""
        self.socket.setsockopt(TCP, socket.TCP_MAXSEG, min(mss, HIGHEST_MAXSEG))

    def agree(self, options: Options) -> None:
        """Set what the SYNs would have agreed on, once it is connected."""
        # Without scales: else it would shift our windows by what its own SYN would have said.
        theirs, ours = options.scales or (0, 0)
        found = [(MSS, options.mss), (WINDOW_SCALE, theirs | ours << 16)]
        if options.sack:
            found.append((SACK, 0))
        if options.timestamps:
            found.append((TIMESTAMPS, 0))
        TCP_REPAIR_OPTIONS.set(self.socket, b"".join(AGREED.pack(*one) for one in found))

    def options(self) -> Options:
        """Return what the SYNs have agreed on."""
        info = self.socket.getsockopt(TCP, socket.TCP_INFO, INFO.size)
        flags, scales = INFO.unpack(info)[5:7]
        low, high = scales & 0x0F, scales >> 4
        theirs, ours = (low, high) if sys.byteorder == "little" else (high, low)
        return Options(
            self.socket.getsockopt(TCP, socket.TCP_MAXSEG),
            (theirs, ours) if flags & WITH_SCALES else None,
            bool(flags & WITH_SACK),
            bool(flags & WITH_TIMESTAMPS),
        )

    def stamp(self) -> int:
        """Return its timestamp at this time, in milliseconds."""
        return TCP_TIMESTAMP.get(self.socket) & WRAP

    def set_stamp(self, milliseconds: int) -> None:
        """Have its timestamps go on from here."""
        # The lowest bit would switch to microseconds.
        TCP_TIMESTAMP.set(self.socket, signed(milliseconds + 2 & ~1))

    def window(self) -> Window:
        """Return both windows."""
        found = self.socket.getsockopt(TCP, TCP_REPAIR_WINDOW.number, WINDOW.size)
        return Window(*WINDOW.unpack(found))

    def set_window(self, window: Window) -> None:
        """Set both windows."""
        with suppress(PermissionError):
            SO_RCVBUFFORCE.set(self.socket, 2 * window.ours)
        numbers = (window.told_at, window.theirs, window.largest, window.ours, window.ours_from)
        TCP_REPAIR_WINDOW.set(self.socket, WINDOW.pack(*(number & WRAP for number in numbers)))

    def silence(self) -> None:
        """Have it say now what it would say later by itself: timers run in repair, too."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
        self.socket.setsockopt(TCP, socket.TCP_QUICKACK, 1)  # an acknowledgment that was put off

    def release(self) -> socket.socket:
        """End the repair: return a socket that goes on by itself, beginning with a probe."""
        sock = self.socket
        with suppress(OSError):
            SO_BUF_LOCK.set(sock, 0)  # buffers grow by themselves again
        SO_DETACH_FILTER.set(sock)
        TCP_REPAIR.set(sock, 0)
        return sock

    def close(self) -> None:
        """Close it in silence."""
        self.socket.close()


def signed(number: int) -> int:
    """Return 32 bits as setsockopt(2) takes them."""
    return (number & WRAP ^ 0x8000_0000) - 0x8000_0000


def is_established(sock: socket.socket) -> bool:
    """Tell whether a TCP socket is connected, and neither side has ended."""
    info = sock.getsockopt(TCP, socket.TCP_INFO, INFO.size)
    state: int = INFO.unpack(info)[0]
    return state == ESTABLISHED


def queued(sock: socket.socket, which: int) -> int:
    """Return the octets not acknowledged (SIOCOUTQ), or not read (SIOCINQ)."""
    found: int = NUMBER.unpack(fcntl.ioctl(sock, which, bytes(NUMBER.size)))[0]
    return found


def wait_until_acknowledged(sock: socket.socket, seconds: float, now: Callable[[], float]) -> bool:
    """Wait until all that was written is acknowledged; tell whether it is.

    No event tells of it, so it is asked again and again.
    """
    until = now() + seconds
    while queued(sock, SIOCOUTQ):
        if now() >= until:
            return False
        select.select([], [], [], 0.002)
    return True
