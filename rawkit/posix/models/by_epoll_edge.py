"""One thread asks epoll(7), edge-triggered: who becomes ready is told once."""

import select

from rawkit.posix.models import Notes
from rawkit.posix.serving.reactor import Reactor
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="one thread for all; epoll(7) says once who has become ready",
    blocks="epoll_wait(2), for all at once; a service that sleeps or computes stops everybody",
    slow_client="nothing: what it does not read is kept, one answer at most",
    cost="as epoll, and slower in Python: that there is no more to read is learnt by reading once"
    " more, and by an exception each time",
    history="Linux 2.5.44, 2002",
)
READ_AT_ONCE = 16
"""Pieces that one client may send before the others have their turn."""


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    with select.epoll() as epoll:
        reactor = Reactor(shift, epoll, flags=select.EPOLLET)
        try:
            while reactor.goes_on():
                for fd, _ in epoll.poll(reactor.patience):
                    _read_up(reactor, fd)
        finally:
            reactor.close()


def _read_up(reactor: Reactor, fd: int) -> None:
    """Read until there is nothing left: nobody says again that there is something."""
    for _ in range(READ_AT_ONCE):
        if not reactor.ready(fd):
            return
    reactor.again(fd)
