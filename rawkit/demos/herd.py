"""Who wakes up for a connection: the thundering herd, and what became of it."""

import mmap
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import sleep

from rawkit.demos.others import LOOPBACK, child, listener
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, number, row, told
from rawkit.lab.process import Line

WORKERS, CLIENTS = 4, 200
REST = 0.001
"""Seconds between clients, in which workers go to sleep again."""
ACCEPT, EPOLL, EXCLUSIVE, REUSEPORT = (
    "accept() sleeps",
    "epoll",
    "epoll, EPOLLEXCLUSIVE",
    "epoll, SO_REUSEPORT",
)
READING = """
Processes that sleep in accept(2) are woken one for each connection, in turn, and have been since
Linux 2.4: {accept} wake-ups for {all} clients, those for their words included. epoll_wait(2) says
that there is something, and says so to everybody as long as nobody has taken it: {epoll} wake-ups.
Most find on waking that it is gone and go to sleep again; those that were nearly as quick as the
first, {vain} times, get to call accept, for an EAGAIN. EPOLLEXCLUSIVE wakes one as a rule
({exclusive}), but the one that came last: the busiest served {most} of {all}, which is good for
its cache and bad for those who had hoped to share work. With SO_REUSEPORT there is nobody to race
against: chance shares out, and the busiest had {shared}. (That has a price of its own, which
rawkit demo reuseport shows.)
"""


class Counts:
    """What workers count, in memory that they and this process share."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self._numbers = memoryview(self._memory).cast("Q")

    def close(self) -> None:
        """Let go of the memory."""
        self._numbers.release()
        self._memory.close()

    def served(self, worker: int) -> None:
        """Count a client."""
        self._numbers[worker] += 1

    def woken_in_vain(self, worker: int) -> None:
        """Count that somebody else was quicker."""
        self._numbers[WORKERS + worker] += 1

    def ready(self, worker: int) -> None:
        """Say that a worker waits for clients, or is just about to."""
        self._numbers[2 * WORKERS + worker] = 1

    @property
    def all_ready(self) -> bool:
        return sum(self._numbers[2 * WORKERS : 3 * WORKERS]) == WORKERS

    @property
    def shares(self) -> list[int]:
        """How many each has served, the most first."""
        return sorted(self._numbers[:WORKERS], reverse=True)

    @property
    def in_vain(self) -> int:
        """How often somebody woke up for nothing."""
        return sum(self._numbers[WORKERS : 2 * WORKERS])


def run() -> Outcome:
    """Have four workers wait in four ways."""
    cases = (ACCEPT, EPOLL, EXCLUSIVE, REUSEPORT)
    return reading(tuple(figure for case in cases for figure in _measured(case)))


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say who was woken, and who was served."""
    woken = {case: number(figures, case, "wake-ups") for case in (ACCEPT, EPOLL, EXCLUSIVE)}
    most = {case: number(figures, case, "most by one") for case in (EXCLUSIVE, REUSEPORT)}
    vain = number(figures, EPOLL, "EAGAIN")
    shown = woken[EPOLL] > 1.5 * woken[ACCEPT] and woken[EPOLL] > 1.5 * woken[EXCLUSIVE]
    counts = {"accept": woken[ACCEPT], "epoll": woken[EPOLL], "exclusive": woken[EXCLUSIVE]}
    counts |= {"vain": vain, "most": most[EXCLUSIVE], "shared": most[REUSEPORT]}
    numbers = {name: f"{count:,.0f}" for name, count in counts.items()}
    return judged(figures, shown, told(READING, all=CLIENTS, of=WORKERS, **numbers))


def _measured(case: str) -> tuple[Figure, ...]:
    """Serve clients, one after the other, and return who did."""
    counts = Counts()
    with ExitStack() as stack:
        stack.callback(counts.close)
        listeners = stack.enter_context(_listeners(case))
        workers = []
        for worker in range(WORKERS):
            sock = listeners[worker % len(listeners)]

            def body(_: Line, worker: int = worker, sock: socket.socket = sock) -> None:
                _work(case, sock, counts, worker)

            workers.append(stack.enter_context(child(body, sock)).pid)
        while not counts.all_ready:
            sleep(REST)
        before = sum(map(_sleeps, workers))
        for _ in range(CLIENTS):
            sleep(REST)
            _ask(listeners[0].getsockname())
        shares = counts.shares
        return row(
            case,
            most_by_one=(shares[0], "connections"),
            least_by_one=(shares[-1], "connections"),
            EAGAIN=(counts.in_vain, "times"),
            **{"wake-ups": (sum(map(_sleeps, workers)) - before, "times")},
        )


def _sleeps(pid: int) -> int:
    """Return how often a process has gone to sleep: each time it was woken before."""
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["voluntary_ctxt_switches"])


@contextmanager
def _listeners(case: str) -> Iterator[list[socket.socket]]:
    """Give one socket for all workers, or one for each."""
    with ExitStack() as stack:
        if case != REUSEPORT:
            yield [stack.enter_context(listener(CLIENTS))]
            return
        sockets = [stack.enter_context(socket.socket()) for _ in range(WORKERS)]
        port = 0
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind((LOOPBACK, port))
            sock.listen(CLIENTS)
            port = sock.getsockname()[1]
        yield sockets


def _ask(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as sock:
        sock.sendall(b"x")
        sock.recv(1)


def _work(case: str, listener: socket.socket, counts: Counts, worker: int) -> None:
    """Take clients as they come, for ever."""
    poll = select.epoll()
    if case != ACCEPT:
        listener.setblocking(False)
        poll.register(
            listener, select.EPOLLIN | (select.EPOLLEXCLUSIVE if case == EXCLUSIVE else 0)
        )
    counts.ready(worker)
    while True:
        if case != ACCEPT:
            poll.poll()
        try:
            sock, _ = listener.accept()
        except BlockingIOError:
            counts.woken_in_vain(worker)
            continue
        with sock:
            counts.served(worker)
            sock.sendall(sock.recv(1))


DEMO = Demo(
    f"{WORKERS} worker processes wait for the same port, in four ways; {CLIENTS} clients come, one"
    " after the other, while all of them sleep.",
    run,
)
