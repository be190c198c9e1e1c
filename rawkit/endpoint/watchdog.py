"""What resets connections when their process is killed: it cannot do so itself any more.

The kernel says it for the connections of its own that a killed process leaves behind. Of ours it
knows nothing: it answers whatever still comes with a reset, but a peer that only listens would
wait for ever. So a small process waits for the end of ours. A table in memory that both see has a
reset for each connection, always with the next sequence number: that is all it has to send.
"""

import fcntl
import mmap
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Self

from rawkit.endpoint import watchdog_process
from rawkit.endpoint.watchdog_process import OUT, ROW, STARTER, TABLE
from rawkit.errors import UsageError
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.sockets.kernel import open_socket
from rawkit.sockets.ports import NOTHING
from rawkit.sockets.settings import Settings, apply
from rawkit.tcp.codec import Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import RST, WRAP, Segment

FIRST_ROWS = 64
ABOVE = 10
"""Descriptors for the process are kept above those that it is to find them at."""
NUMBER_AT = 4
"""Where a row has the sequence number."""


class Watchdog:
    """A process that sends resets for connections once ours is gone, however it went."""

    def __init__(self, version: int, interface: str | None = None) -> None:
        """Start it, in the network of this thread.

        Args:
            version: of IP.
            interface: to send on this one alone.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: there is no Python to run it, or no process can be made.
        """
        self._rows: dict[bytes, int] = {}
        """By the flow's key."""
        self._free = list(range(FIRST_ROWS - 1, -1, -1))
        self._count = FIRST_ROWS
        self._pid = 0
        self._file = os.memfd_create("rawkit-watchdog", os.MFD_CLOEXEC)
        try:
            os.ftruncate(self._file, FIRST_ROWS * ROW.size)
            self._table = mmap.mmap(self._file, FIRST_ROWS * ROW.size)
            with open_socket(version, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
                attach(out, NOTHING)
                if version == 6:
                    options.IPV6_HDRINCL.set(out)
                apply(out, version, Settings(interface=interface))
                self._start(out)
        except BaseException:
            os.close(self._file)
            raise

    @property
    def pid(self) -> int:
        """The process, or 0."""
        return self._pid

    def note(self, flow: Flow, key: bytes, following: int) -> None:
        """Have a connection reset with this sequence number, SND.NXT.

        Args:
            flow: the two ends.
            key: of the flow.
            following: what is to be sent next; it may have more than 32 bits.
        """
        row = self._rows.get(key)
        if row is not None:
            number = (following & WRAP).to_bytes(4, sys.byteorder)
            at = row * ROW.size + NUMBER_AT
            self._table[at : at + 4] = number
            return
        if not self._free:
            self._grow()
        row = self._rows[key] = self._free.pop()
        packet = bytes(Writer(flow, 64, 0, 0).pack(Segment(RST, 0)))
        ROW.pack_into(self._table, row * ROW.size, len(packet), following & WRAP, packet)

    def forget(self, key: bytes) -> None:
        """Leave a connection alone: it is over."""
        row = self._rows.pop(key, None)
        if row is not None:
            ROW.pack_into(self._table, row * ROW.size, 0, 0, b"")
            self._free.append(row)

    def table(self) -> bytes:
        """Return what the process will find: rows of :data:`ROW`."""
        return bytes(self._table)

    def close(self) -> None:
        """End the process. Closing twice is harmless."""
        if not self._pid:
            return
        pid, self._pid = self._pid, 0
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)  # it is our child and not reaped: the number is its own
            os.waitpid(pid, 0)
        self._table.close()
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _grow(self) -> None:
        rows = 2 * self._count
        os.ftruncate(self._file, rows * ROW.size)
        self._table.resize(rows * ROW.size)
        self._free.extend(range(rows - 1, self._count - 1, -1))
        self._count = rows

    def _start(self, out: socket.socket) -> None:
        if not sys.executable:
            raise UsageError("no Python to start a watchdog with: sys.executable is empty")
        starter = os.pidfd_open(os.getpid())
        kept = [
            (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, ABOVE), place)
            for one, place in ((self._file, TABLE), (out.fileno(), OUT), (starter, STARTER))
        ]
        os.close(starter)
        nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
        given = [(os.POSIX_SPAWN_DUP2, fd, place) for fd, place in kept]
        words = [sys.executable, "-I", "-S", watchdog_process.__file__]
        try:
            self._pid = os.posix_spawn(
                sys.executable, words, os.environ, file_actions=[*nowhere, *given], setsid=True
            )
        except OSError as error:
            raise UsageError(f"cannot start a watchdog: {error.strerror}") from error
        finally:
            for fd, _ in kept:
                os.close(fd)
