"""The other side of a demonstration: a child process, which ends with it whatever happens."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rawkit.lab.process import Line, Process

LOOPBACK = "127.0.0.1"
Address = tuple[str, int]


@contextmanager
def child(body: Callable[[Line], None], *keep: socket.socket) -> Iterator[Process]:
    """Run a function in a child process for the block; it is killed at the end of that.

    Args:
        body: what it does; it is given its line to this process.
        keep: the sockets that it needs. All others are closed in it.
    """
    process = Process(body, [sock.fileno() for sock in keep])
    try:
        yield process
    finally:
        process.close()


def listener(backlog: int = 128) -> socket.socket:
    """Return a TCP socket that listens on loopback, at a port that the kernel has chosen."""
    sock = socket.socket()
    sock.bind((LOOPBACK, 0))
    sock.listen(backlog)
    return sock


def exactly(sock: socket.socket, octets: int) -> bytes:
    """Return so many octets; fewer, if that is all that ever comes."""
    parts = bytearray()
    while len(parts) < octets and (data := sock.recv(octets - len(parts))):
        parts += data
    return bytes(parts)
