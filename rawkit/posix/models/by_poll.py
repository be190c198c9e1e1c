"""One thread asks poll(2) who is ready: select without the wall."""

import select

from rawkit.posix.models import Notes
from rawkit.posix.serving.reactor import Reactor
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="one thread for all; poll(2) says who is ready",
    blocks="poll(2), for all at once; a service that sleeps or computes stops everybody",
    slow_client="nothing: what it does not read is kept, one answer at most",
    cost="some 2 KiB; each wait hands the kernel the whole list and looks at every connection:"
    " with 10,000 of them five times the price of epoll",
    history="System V, 1986; Linux 2.1.23",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    poller = select.poll()
    reactor = Reactor(shift, poller)
    try:
        while reactor.goes_on():
            patience = reactor.patience
            for fd, _ in poller.poll(None if patience is None else patience * 1000):
                reactor.ready(fd)
    finally:
        reactor.close()
