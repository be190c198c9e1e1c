"""Sockets on loopback for the lessons; all are closed with the block."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HERE = "127.0.0.1"
PATIENCE = 10.0
"""Seconds after which a call that should have returned fails its test."""
A_WHILE = 0.05
"""Seconds that a call is watched which should not return."""
Pair = tuple[socket.socket, socket.socket]


def errno_of(call: Callable[[], object]) -> int:
    """Return the errno that a call fails with; 0: it succeeds."""
    try:
        call()
    except OSError as error:
        return error.errno or 0
    return 0


@contextmanager
def listening(backlog: int = 16) -> Iterator[socket.socket]:
    """A TCP server that listens, and accepts nobody by itself."""
    with socket.socket() as server:
        server.settimeout(PATIENCE)
        server.bind((HERE, 0))
        server.listen(backlog)
        yield server


@contextmanager
def connected() -> Iterator[Pair]:
    """A TCP connection: the client's socket, and the server's."""
    with listening() as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            for sock in (client, accepted):
                sock.settimeout(PATIENCE)
            yield client, accepted


@contextmanager
def datagrams() -> Iterator[Pair]:
    """Two UDP sockets that have an address each, and know nothing of each other."""
    kind = socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as one, socket.socket(socket.AF_INET, kind) as two:
        for sock in (one, two):
            sock.settimeout(PATIENCE)
            sock.bind((HERE, 0))
        yield one, two
