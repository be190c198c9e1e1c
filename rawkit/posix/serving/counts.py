"""What a server counts: in memory that all its processes share, a row for each worker.

A row has one writer at a time, and the parent of all makes them, so nothing is locked but the
threads of one process among themselves. Whoever reads may see a number that is a moment old.
"""

import mmap
import threading
from collections.abc import Iterable
from enum import StrEnum

from rawkit.record import field, record


class Reason(StrEnum):
    """Why a connection was closed."""

    DONE = "done"
    """The client said no more, and has been answered."""
    SERVED = "served"
    """All was said, by a service that hangs up itself."""
    RESET = "reset"
    """The client has gone away in the middle of it."""
    IDLE = "idle"
    LIFETIME = "lifetime"
    ABORTED = "aborted"
    """The server was told to stop, and the grace was over."""
    FAILED = "failed"
    """The service has failed, or wanted the connection reset."""
    TOO_LONG = "too_long"
    """A message was longer than a server reads at once."""
    DROPPED = "dropped"
    """On purpose: see the faults."""
    ERROR = "error"
    """The system said something else."""


WORK = ("accepted", "received", "sent", "full", "descriptors", "accept_errors")
POST = (
    *("datagrams", "answered", "truncated", "nameless", "unsafe", "withheld", "undelivered"),
    *("failures", "overflowed"),
)
NAMES = (*WORK, *POST, *(reason.value for reason in Reason))
PLACE = {name: place for place, name in enumerate(NAMES)}
SIZE = 8
HEAD = 2
"""Cells before the rows: how many rows have been used, and how many are workers'."""


@record
class Stats:
    """What was counted; of the whole server, or of one worker."""

    accepted: int = 0
    """Connections."""
    received: int = 0
    """Octets, datagrams included."""
    sent: int = 0
    """Octets, datagrams included."""
    full: int = 0
    """Connections closed at once, as there were as many as there may be."""
    descriptors: int = 0
    """Connections closed at once, or not accepted for a while, for want of descriptors,
    memory, processes or threads."""
    accept_errors: int = 0
    """Connections that were gone before they were accepted."""
    datagrams: int = 0
    """Datagrams received."""
    answered: int = 0
    """Answers to datagrams."""
    truncated: int = 0
    """Datagrams longer than a server reads; they are not answered."""
    nameless: int = 0
    """Datagrams of senders without an address: nobody could answer them."""
    unsafe: int = 0
    """Datagrams not answered because of their port: below 1024, or our own."""
    withheld: int = 0
    """Answers not sent because they were longer than the question."""
    undelivered: int = 0
    """Answers, or the receiving of datagrams, that the system refused."""
    failures: int = 0
    """Datagrams whose answering failed in the service."""
    overflowed: int = 0
    """Datagrams that the kernel dropped as they were not read in time; known at the end."""
    closed: dict[Reason, int] = field(default_factory=dict)
    """Connections by the reason of their end; those that never were are left out."""
    workers: tuple["Stats", ...] = ()
    """The same for each process of a fixed number, in order."""

    @property
    def open(self) -> int:
        """Connections that are open."""
        return self.accepted - sum(self.closed.values())


class Row:
    """The counters of one worker."""

    __slots__ = ("_cells", "_lock")

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells
        self._lock = threading.Lock()

    def add(self, name: str, number: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._cells[PLACE[name]] += number

    def closed(self, reason: Reason, received: int = 0, sent: int = 0) -> None:
        """Count a connection that has ended, and its octets."""
        cells = self._cells
        with self._lock:
            cells[PLACE[reason]] += 1
            cells[PLACE["received"]] += received
            cells[PLACE["sent"]] += sent

    def octets(self, received: int, sent: int) -> None:
        """Count octets."""
        cells = self._cells
        with self._lock:
            cells[PLACE["received"]] += received
            cells[PLACE["sent"]] += sent

    def take(self, other: "Row") -> None:
        """Add all that another row has counted, and leave that at zero."""
        with self._lock:
            for place, number in enumerate(other._cells):
                self._cells[place] += number
                other._cells[place] = 0


class Board:
    """The counters of a server."""

    def __init__(self, rows: int) -> None:
        """Make room.

        Args:
            rows: how many workers can count at a time.
        """
        self._cells = memoryview(mmap.mmap(-1, (HEAD + rows * len(NAMES)) * SIZE)).cast("Q")
        self._rows: dict[int, Row] = {}

    def tell_apart(self, workers: int) -> None:
        """Count so many workers one by one, too: theirs are the rows from 1 on."""
        self._cells[1] = workers

    def row(self, number: int) -> Row:
        """Return a row; a child's has to be made before the child is."""
        if number not in self._rows:
            self._cells[0] = max(self._cells[0], number + 1)
            self._rows.setdefault(number, Row(self._of(number)))  # another thread may be quicker
        return self._rows[number]

    def arrived(self) -> int:
        """Return how many connections and datagrams have come, to all workers."""
        rows = map(self._of, range(max(1, self._cells[0])))
        return sum(row[PLACE["accepted"]] + row[PLACE["datagrams"]] for row in rows)

    def stats(self) -> Stats:
        """Return what all workers have counted so far."""
        every = [self._of(number) for number in range(max(1, self._cells[0]))]
        totals = [sum(column) for column in zip(*every, strict=True)]
        workers = [self._of(number) for number in range(1, 1 + self._cells[1])]
        return _stats(totals, tuple(map(_stats, workers)))

    def _of(self, number: int) -> memoryview:
        at = HEAD + number * len(NAMES)
        return self._cells[at : at + len(NAMES)]


def _stats(cells: Iterable[int], workers: tuple[Stats, ...] = ()) -> Stats:
    numbers = dict(zip(NAMES, cells, strict=True))
    closed = {reason: numbers[reason] for reason in Reason if numbers[reason]}
    plain = {name: numbers[name] for name in (*WORK, *POST)}
    return Stats(**plain, closed=closed, workers=workers)
