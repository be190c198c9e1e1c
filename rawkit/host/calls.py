"""The system calls that Python 3.11 has no name for, by ctypes.

ctypes is imported by the first call, not by this module.
"""

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

CLONE_NEWNS = 0x0002_0000  # linux/sched.h
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8  # linux/mount.h
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x4_0000
MNT_DETACH = 2

SYS_PIDFD_GETFD = 438  # asm-generic/unistd.h, and so on every architecture; since 5.6

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def unshare(flags: int) -> None:
    """Move the calling thread into new namespaces (unshare(2))."""
    check(libc().unshare(flags))


def setns(descriptor: int, kind: int = CLONE_NEWNET) -> None:
    """Move the calling thread into the namespace that a descriptor stands for (setns(2))."""
    check(libc().setns(descriptor, kind))


def mount(source: str, target: str, kind: str | None, flags: int = 0) -> None:
    """Attach a file system, or change how mounts travel (mount(2))."""
    names = source.encode(), os.fsencode(target), kind and kind.encode()
    check(libc().mount(*names, _wide(flags), None))


def unmount(target: str, flags: int = 0) -> None:
    """Take a file system off (umount2(2))."""
    check(libc().umount2(os.fsencode(target), flags))


def die_with_parent(signal: int) -> None:
    """Have the kernel send this process a signal when the thread that forked it ends.

    That is PR_SET_PDEATHSIG of prctl(2); a child of this process does not inherit it.
    """
    prctl(PR_SET_PDEATHSIG, signal)


def prctl(option: int, second: int = 0, third: int = 0) -> int:
    """Ask or tell the kernel something about the calling thread (prctl(2))."""
    return check(libc().prctl(option, *map(_wide, (second, third, 0, 0))))


def pidfd_getfd(process: int, number: int) -> int:
    """Return a descriptor of our own for one of another process (pidfd_getfd(2)).

    Args:
        process: a descriptor of the process, of pidfd_open(2).
        number: its descriptor.
    """
    return check(libc().syscall(SYS_PIDFD_GETFD, process, number, 0))


def getsockopt(descriptor: int, level: int, number: int, size: int) -> bytes:
    """Return the octets of a socket option, of families too that :mod:`socket` treats otherwise."""
    import ctypes

    room, length = ctypes.create_string_buffer(size), ctypes.c_uint(size)
    check(libc().getsockopt(descriptor, level, number, room, ctypes.byref(length)))
    return room.raw[: length.value]


def setsockopt(descriptor: int, level: int, number: int, octets: bytes) -> None:
    """Set a socket option to these octets, of any family."""
    check(libc().setsockopt(descriptor, level, number, octets, len(octets)))


@cache
def libc() -> "ctypes.CDLL":
    """Return the C library of this process."""
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def check(result: int) -> int:
    """Return what a call of :func:`libc` returned, if it went well.

    Raises:
        OSError: it did not.
    """
    if result < 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _wide(number: int) -> "ctypes.c_ulong":
    """Return a number as wide as variadic arguments and flags are."""
    import ctypes

    return ctypes.c_ulong(number)
