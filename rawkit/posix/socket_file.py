"""The file of a Unix socket: made with its mode, taken over from the dead only, removed if ours.

A server that ends leaves its file behind, and bind(2) then says that the name is taken. To
remove it without a look would cut off a server that lives: two that start at once would each
remove the other's. So a taken name is tried first, under a lock; and in the end the file is
removed if it is still the one that was made.
"""

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rawkit.errnos.table import said
from rawkit.errors import ListenRefused
from rawkit.posix.taken import peer_process
from rawkit.record import record

LOCK = ".lock"


@record
class SocketFile:
    """A file that this process made by bind(2)."""

    path: bytes
    device: int
    inode: int
    replaced: bool = False
    """Whether it stands in the place of one that a server had left that is gone."""

    def is_there(self) -> bool:
        """Whether the name still stands for it."""
        try:
            found = os.lstat(self.path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (self.device, self.inode)

    def remove(self) -> None:
        """Remove it, unless it is another one's by now."""
        if self.is_there():
            with suppress(OSError):
                os.unlink(self.path)


def bind(sock: socket.socket, path: bytes, mode: int, owner: tuple[int, int] | None) -> SocketFile:
    """Bind a Unix socket to a file that belongs to nobody alive.

    Args:
        sock: the socket.
        path: where.
        mode: of the file. It has this mode from its first moment on, whatever the umask.
        owner: user and group, -1: as it is.

    Raises:
        ListenRefused: somebody lives there, or it is no socket.
        OSError: no such directory, or no permission.
    """
    os.fchmod(sock.fileno(), mode)  # before it has a name: after that, others may be quicker
    replaced = False
    try:
        sock.bind(path)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        with _lock(path):
            replaced = remove_dead(path, sock.type)
            sock.bind(path)
    if owner is not None:
        os.chown(path, *owner, follow_symlinks=False)
    made = os.lstat(path)
    if stat.S_IMODE(made.st_mode) != mode:
        os.chmod(path, mode)  # wider than the umask allows: there is no race to lose
    return SocketFile(path, made.st_dev, made.st_ino, replaced)


def remove_dead(path: bytes, kind: int) -> bool:
    """Remove the socket of a server that is gone; return whether there was one.

    Raises:
        ListenRefused: it is not gone, or there is no telling, or it is no socket.
    """
    shown = os.fsdecode(path)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(found.st_mode):
        what = f"{shown} is there and no socket: it is left alone (try: another path)"
        raise ListenRefused(errno.EADDRINUSE, f"cannot listen: {what}")
    who = "a server"
    with socket.socket(socket.AF_UNIX, kind) as probe:
        probe.setblocking(False)
        number = probe.connect_ex(path)
        if number == 0:
            who = peer_process(probe) or who
    match number:
        case errno.ECONNREFUSED:
            os.unlink(path)
            return True
        case errno.ENOENT:
            return False
        case 0 | errno.EAGAIN | errno.EPROTOTYPE:
            what = f"{who} lives at {shown} (try: another path; ss -xlp shows them)"
        case _:
            what = f"whether anybody lives at {shown} cannot be told: {said(number)}"
    raise ListenRefused(errno.EADDRINUSE, f"cannot listen: {what}")


@contextmanager
def _lock(path: bytes) -> Iterator[None]:
    """Keep others from looking whether the same file is of the dead."""
    name = path + os.fsencode(LOCK)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        handle = os.open(name, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_at(handle, name):  # and not removed by whoever held it before
                try:
                    yield
                finally:
                    os.unlink(name)
                return
        finally:
            os.close(handle)


def _is_at(handle: int, name: bytes) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(name, follow_symlinks=False))
    except FileNotFoundError:
        return False
