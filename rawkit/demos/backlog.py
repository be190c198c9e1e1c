"""How many connections there are before anybody accepts one: listen(2)'s second argument."""

import errno
import select
import socket
from contextlib import ExitStack

from rawkit.demos.others import LOOPBACK
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, number, row, told
from rawkit.errnos.table import name_of
from rawkit.host import sysctl

BACKLOGS = (0, 1, 5, 128)
UNIX_BACKLOGS = (0, 5)
LIMIT, ABOVE_LIMIT = 8, 100
PATIENCE = 0.3
"""Seconds for a SYN to be answered; on loopback it takes some ten microseconds."""
LIMITED = f"TCP, listen({ABOVE_LIMIT}), somaxconn {LIMIT}"
CONNECTED = "connected"
LIMIT_OF_ALL = "net.core.somaxconn"
AS_EXPECTED = "one more than it was told, as the kernel asks whether there are more than that"
READING = """
Nobody has called accept(2), and yet connect(2) succeeded: the kernel shakes hands by itself and
keeps connections in a queue. With listen({told}) there was room for {found}, {why}. More than
net.core.somaxconn is never had: listen({above}) took {limited} where that is {limit}, and did not
complain. When the queue of TCP is full the next SYN is dropped. The client is not refused but
hears nothing, sends it again after 1 s, 3 s, 7 s, and looks as if the network were slow;
ListenOverflows in /proc/net/netstat counts it. A unix socket cannot drop: a client that does not
wait is told EAGAIN, and one that does sleeps until there is room.
"""


def run() -> Outcome:
    """Connect until it does not work any more."""
    figures = [figure for size in BACKLOGS for figure in _tcp(f"TCP, listen({size})", size)]
    before = sysctl.read(LIMIT_OF_ALL)
    sysctl.write(LIMIT_OF_ALL, LIMIT)
    try:
        figures += _tcp(LIMITED, ABOVE_LIMIT)
    finally:
        sysctl.write(LIMIT_OF_ALL, before)
    figures += [figure for size in UNIX_BACKLOGS for figure in _unix(f"unix, listen({size})", size)]
    return reading(tuple(figures))


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say what the numbers mean."""
    found = [number(figures, f"TCP, listen({size})", CONNECTED) for size in BACKLOGS]
    limited = number(figures, LIMITED, CONNECTED)
    shown = found == [size + 1 for size in BACKLOGS] and limited == LIMIT + 1
    numbers = {"told": BACKLOGS[-1], "above": ABOVE_LIMIT, "limit": LIMIT}
    why = AS_EXPECTED if shown else "which is not what was expected"
    text = told(READING, found=int(found[-1]), limited=int(limited), why=why, **numbers)
    return judged(figures, shown, text)


def _tcp(case: str, backlog: int) -> tuple[Figure, ...]:
    before = _overflows()
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind((LOOPBACK, 0))
        server.listen(backlog)
        count = 0
        while not (problem := _problem(stack.enter_context(socket.socket()), server)):
            count += 1
        dropped = _overflows() - before
    return _row(case, count, problem, dropped)


def _problem(sock: socket.socket, server: socket.socket) -> str:
    """Return why no connection comes about in time; empty: it does."""
    sock.setblocking(False)
    number = sock.connect_ex(server.getsockname())
    if number not in (0, errno.EINPROGRESS):
        return name_of(number)
    _, writable, _ = select.select([], [sock], [], PATIENCE)
    if not writable:
        return "no answer"
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return name_of(number) if number else ""


def _unix(case: str, backlog: int) -> tuple[Figure, ...]:
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind("")  # an abstract name of the kernel's choice
        server.listen(backlog)
        count = 0
        while not (number := _refusal(stack.enter_context(socket.socket(socket.AF_UNIX)), server)):
            count += 1
        return _row(case, count, name_of(number), None)


def _refusal(sock: socket.socket, server: socket.socket) -> int:
    """Return the errno of connecting without waiting; 0: it is connected."""
    sock.setblocking(False)
    return sock.connect_ex(server.getsockname())


def _row(case: str, count: int, problem: str, dropped: int | None) -> tuple[Figure, ...]:
    return row(
        case,
        connected=(count, "connections"),
        the_next_one=problem,
        counted_by_kernel=(dropped, "SYNs"),
    )


def _overflows() -> int:
    """Return how often the queue of a listener was full, in this network."""
    with open("/proc/thread-self/net/netstat") as file:
        lines = [line.split() for line in file if line.startswith("TcpExt:")]
    return int(dict(zip(*lines, strict=True))["ListenOverflows"])


DEMO = Demo(
    "Clients connect to a server that listens and never accepts, until one does not get through.",
    run,
)
