"""One thread asks select(2) who is ready: the oldest of its kind, with a wall at 1024."""

import select

from rawkit.posix.models import Notes
from rawkit.posix.serving.connection import IN, OUT
from rawkit.posix.serving.reactor import Reactor
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="one thread for all; select(2) says who is ready",
    blocks="select(2), for all at once; a service that sleeps or computes stops everybody",
    slow_client="nothing: what it does not read is kept, one answer at most",
    cost="some 2 KiB; each wait looks at every connection, and a descriptor above 1023 does not"
    " fit in its sets at all",
    history="4.2BSD, 1983; UNP 6.8",
)
MOST_FD = 1023
"""FD_SETSIZE - 1."""


class Sets:
    """The two sets of select(2), used as an epoll is."""

    def __init__(self) -> None:
        self.readers: set[int] = set()
        self.writers: set[int] = set()

    def register(self, fd: int, events: int) -> None:
        """Wait for these events."""
        self.modify(fd, events)

    def modify(self, fd: int, events: int) -> None:
        """Wait for these events from now on."""
        (self.readers.add if events & IN else self.readers.discard)(fd)
        (self.writers.add if events & OUT else self.writers.discard)(fd)

    def unregister(self, fd: int) -> None:
        """Do not wait for it any more."""
        self.modify(fd, 0)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    sets = Sets()
    reactor = Reactor(shift, sets, most_fd=MOST_FD)
    try:
        while reactor.goes_on():
            readers, writers, _ = select.select(sets.readers, sets.writers, (), reactor.patience)
            for fd in (*readers, *writers):
                reactor.ready(fd)
    finally:
        reactor.close()
