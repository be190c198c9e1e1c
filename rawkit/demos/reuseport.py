"""Several listeners on one port: SO_REUSEPORT, who gets whom, and what is lost with one of them."""

import socket
from contextlib import ExitStack, suppress
from sys import byteorder
from time import monotonic, sleep

from rawkit.demos.others import LOOPBACK
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, number, row, told
from rawkit.host import sysctl

LISTENERS, CLIENTS = 4, 200
ONE, MANY, MIGRATING = "one listener, shared", "SO_REUSEPORT", "SO_REUSEPORT, tcp_migrate_req"
MIGRATE = "net.ipv4.tcp_migrate_req"
"""Linux 5.14."""
UNACKED = slice(24, 28)
"""In struct tcp_info (linux/tcp.h)."""
PATIENCE = 2.0
"""Seconds for a reset to arrive; it takes microseconds."""
READING = """
With SO_REUSEPORT each of the {of} sockets has a queue of its own, and the kernel chooses by a hash
of addresses and ports: between {least} and {most} of {all} came to each, which is even on the
average and blind to who is busy. What is in one worker's queue nobody else can accept. When a
listener was closed, {lost} connections that were made but not yet accepted were reset, and their
clients had done nothing wrong; where all share one queue, {shared} were.
"""
MOVED = """
With {sysctl} the kernel gives them to another listener of the group: {moved} were reset.
"""
NOT_MOVED = "This kernel has no {sysctl}, by which they would move."
SAME_USER = """
Everybody on a port has to set the option before bind(2), and all have to be of one user, so that
nobody else can take from it.
"""


def run() -> Outcome:
    """Connect, close one listener, and see who is left."""
    figures = (*_measured(ONE), *_measured(MANY))
    before = sysctl.find(MIGRATE)
    if before is not None:
        sysctl.write(MIGRATE, 1)
        try:
            figures += _measured(MIGRATING)
        finally:
            sysctl.write(MIGRATE, before)
    return reading(figures)


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say who was served."""
    most, least, lost = (
        number(figures, MANY, name) for name in ("longest queue", "shortest queue", "reset")
    )
    shared = number(figures, ONE, "reset")
    migrates = any(one.case == MIGRATING for one in figures)
    moved = number(figures, MIGRATING, "reset") if migrates else None
    shown = 0 < least <= most < CLIENTS and lost > 0 and shared == 0 and not moved
    counts = {"most": most, "least": least, "lost": lost, "shared": shared, "moved": moved or 0}
    text = READING + (MOVED if migrates else NOT_MOVED) + SAME_USER
    numbers = {name: int(count) for name, count in counts.items()}
    return judged(figures, shown, told(text, of=LISTENERS, all=CLIENTS, sysctl=MIGRATE, **numbers))


def _measured(case: str) -> tuple[Figure, ...]:
    """Let clients connect, close a listener, accept the rest, and count."""
    with ExitStack() as stack:
        *others, closed = _listeners(stack, is_shared=case == ONE)
        address = closed.getsockname()
        clients = [stack.enter_context(socket.create_connection(address)) for _ in range(CLIENTS)]
        queues = [_waiting(one) for one in (*others, closed)]
        closed.close()
        accepted = sum(_accept_all(one, stack) for one in others)
        return row(
            case,
            longest_queue=(max(queues), "connections"),
            shortest_queue=(min(queues), "connections"),
            accepted=(accepted, "connections"),
            reset=(_resets(clients, CLIENTS - accepted), "connections"),
        )


def _listeners(stack: ExitStack, *, is_shared: bool) -> list[socket.socket]:
    """Return what workers would accept from."""
    first = stack.enter_context(socket.socket())
    sockets = [first]
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, not is_shared)
    first.bind((LOOPBACK, 0))
    first.listen(CLIENTS)
    for _ in range(LISTENERS - 1):
        if is_shared:
            sockets.append(stack.enter_context(first.dup()))
            continue
        another = stack.enter_context(socket.socket())
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        another.bind(first.getsockname())
        another.listen(CLIENTS)
        sockets.append(another)
    return sockets


def _waiting(listener: socket.socket) -> int:
    """Return how many connections are in its queue: what is "unacked" of a listener."""
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, UNACKED.stop)
    return int.from_bytes(info[UNACKED], byteorder)


def _accept_all(listener: socket.socket, stack: ExitStack) -> int:
    """Accept what is in the queue, and keep it; return how many that were."""
    listener.setblocking(False)
    count = 0
    with suppress(BlockingIOError):
        while True:
            stack.enter_context(listener.accept()[0])
            count += 1
    return count


def _resets(clients: list[socket.socket], expected: int) -> int:
    """Return how many were reset, once those that are expected to be have had the time."""
    end = monotonic() + PATIENCE
    while (count := sum(map(_is_reset, clients))) < expected and monotonic() < end:
        sleep(0.01)
    return count


def _is_reset(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


DEMO = Demo(
    f"{CLIENTS} clients connect to a port where {LISTENERS} workers listen. Before anybody accepts,"
    " one of them closes his socket; the others accept what is there.",
    run,
)
