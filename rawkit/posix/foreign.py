"""Sockets of other processes: which there are, and a descriptor of one's own for one of them.

The socket stays what it is: it is shared, as after fork(2). Whoever looks at it should not
read from it, send over it or shut it down.
"""

import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress

from rawkit.errors import NotPermitted, UsageError
from rawkit.host import calls, sysctl
from rawkit.record import record

SOCKET = re.compile(r"socket:\[(\d+)\]")
YAMA = "kernel.yama.ptrace_scope"


@record
class ForeignSocket:
    """A socket that a process has open."""

    number: int
    """Its descriptor there."""
    inode: int
    """What ss(8) shows with ``-e``, and /proc/net/tcp."""


def sockets_of(pid: int) -> Iterator[ForeignSocket]:
    """Yield the sockets of a process, by descriptor.

    Raises:
        UsageError: there is no such process.
        NotPermitted: we may not look at it; the message says why.
    """
    folder = f"/proc/{pid}/fd"
    try:
        numbers = sorted(int(name) for name in os.listdir(folder))
    except FileNotFoundError as error:
        raise UsageError(f"no process has the number {pid}") from error
    except PermissionError as error:
        raise _refused(pid, f"see the descriptors of process {pid}") from error
    for number in numbers:
        with suppress(OSError):  # closed since
            if match := SOCKET.fullmatch(os.readlink(f"{folder}/{number}")):
                yield ForeignSocket(number, int(match[1]))


def borrow(pid: int, number: int) -> socket.socket:
    """Return a socket of another process; closing ours leaves it open there.

    Raises:
        UsageError: there is no such process or descriptor, or it is no socket.
        NotPermitted: we may not have it (ptrace(2)); the message says why.
    """
    try:
        process = os.pidfd_open(pid)
    except (ProcessLookupError, OverflowError) as error:
        raise UsageError(f"no process has the number {pid}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise UsageError(f"{pid} is no process: a thread of one, or no number of one") from error
    try:
        ours = calls.pidfd_getfd(process, number)
    except OSError as error:
        match error.errno:
            case errno.EBADF:
                raise UsageError(f"process {pid} has no descriptor {number} open") from error
            case errno.ESRCH:
                raise UsageError(f"no process has the number {pid}") from error
            case errno.EPERM:
                raise _refused(pid, f"borrow a descriptor of process {pid}") from error
        raise
    finally:
        os.close(process)
    try:
        return socket.socket(fileno=ours)
    except OSError as error:
        os.close(ours)
        if error.errno != errno.ENOTSOCK:
            raise
        raise UsageError(f"descriptor {number} of process {pid} is no socket") from error


def _refused(pid: int, to: str) -> NotPermitted:
    """Return the error that says why the kernel keeps a process from us (ptrace(2))."""
    causes = []
    owner = _owner(pid)
    if owner is not None and owner != os.geteuid():
        causes.append(f"it belongs to user {owner}, and we are {os.geteuid()}")
    scope = sysctl.find(YAMA)
    if scope not in (None, "0"):
        causes.append(f"{YAMA} is {scope}")
    if not causes:
        causes.append("it has capabilities that we have not, or is kept from being dumped")
    return NotPermitted(to, tuple(causes), ("sudo, which has CAP_SYS_PTRACE",))


def _owner(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
