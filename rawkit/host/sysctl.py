"""Kernel settings under /proc/sys, those of the calling thread's namespaces (sysctl(8))."""

import errno
import os

from rawkit.errors import NotPermitted, UsageError

ROOT = "/proc/sys/"


def path_of(key: str) -> str:
    """Return the file of a setting, ``net.ipv4.ip_forward`` or ``net/ipv4/ip_forward``.

    As with sysctl(8) the first separator decides: in the dotted form a ``/``
    stands for a dot in a name (``net.ipv4.conf.eth0/1.forwarding``).
    """
    first = next((letter for letter in key if letter in "./"), ".")
    parts = key.split(first)
    if first == ".":
        parts = [part.replace("/", ".") for part in parts]
    if not all(parts) or ".." in parts or "\0" in key:
        raise UsageError(f"no such thing as a setting called {key!r}; say net.ipv4.ip_forward")
    return ROOT + "/".join(parts)


def read(key: str) -> str:
    """Return a setting without its line end.

    Raises:
        OSError: this kernel or namespace has none of that name, or hides it.
    """
    with open(path_of(key), encoding="ascii", errors="replace") as file:
        return file.read().rstrip("\n")


def find(key: str) -> str | None:
    """Return a setting, or ``None`` where there is none to be read."""
    try:
        return read(key)
    except OSError:
        return None


def numbers(key: str) -> tuple[int, ...] | None:
    """Return a setting that consists of numbers, or ``None`` where there is none to be read."""
    text = find(key)
    return None if text is None else tuple(int(word) for word in text.split())


def write(key: str, value: int | str) -> None:
    """Change a setting; it lasts as long as the namespace, at most until the next boot.

    Raises:
        NotPermitted: it belongs to somebody else, or /proc/sys is read-only here.
        OSError: there is no such setting, or it does not take this value.
    """
    path = path_of(key)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(handle, f"{value}\n".encode())
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise NotPermitted(f"set {key}", *_refusal(error.errno, key)) from error
        raise OSError(error.errno, f"{error.strerror}, setting {key} to {value!r}", path) from error


def _refusal(number: int, key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return causes and ways out."""
    if number == errno.EROFS:
        return ("/proc/sys is read-only here",), (
            "set it when the container is started (--sysctl)",
        )
    return ("it belongs to another user namespace or user",), (
        f"sudo sysctl -w {key}=…",
        "a network of your own: rawkit lab",
    )
