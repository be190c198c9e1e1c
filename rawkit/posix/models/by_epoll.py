"""One thread asks epoll(7), level-triggered, who is ready: the default."""

import os
import select

from rawkit.posix.models import Notes
from rawkit.posix.serving.reactor import SPECIAL, Reactor
from rawkit.posix.serving.shift import PIECE, Shift

NOTES = Notes(
    about="one thread for all; epoll(7) says who is ready, as long as it is",
    blocks="epoll_wait(2), for all at once; a service that sleeps or computes stops everybody",
    slow_client="nothing: what it does not read is kept, one answer at most, and it is not read"
    " from until that is gone",
    cost="some 2 KiB in the kernel and here; waiting costs the same for ten and for ten thousand",
    history="Linux 2.5.44, 2002",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    with select.epoll() as epoll:
        reactor = Reactor(shift, epoll)
        try:
            while reactor.goes_on():
                _turn(reactor, epoll)
        finally:
            reactor.close()


def _turn(reactor: Reactor, epoll: select.epoll) -> None:
    """Wait, and serve whoever is ready.

    What nearly always happens, a question and its answer, is done right here and on bare
    numbers: each call and each object less is a tenth of the time.
    """
    ages, function, read, write = reactor.ages, reactor.function, os.read, os.write
    received = sent = 0
    for fd, events in epoll.poll(reactor.patience):
        if events != select.EPOLLIN or ages[fd] >= SPECIAL or function is None:
            reactor.ready(fd)
            continue
        try:
            data = read(fd, PIECE)
        except BlockingIOError:
            continue  # somebody else had this number a moment ago
        except OSError as error:
            reactor.connection(fd).fail(error)
            continue
        if not data:
            reactor.connection(fd).end()
            continue
        ages[fd] = done = 0
        words = b""
        try:
            words = function(data)
            done = write(fd, words) if words else 0
        except BlockingIOError:
            pass  # it does not read
        except Exception as error:  # whatever the service raises: the server goes on
            reactor.connection(fd).fail(error)
            continue
        received += len(data)
        sent += done
        if done != len(words):
            reactor.connection(fd).keep(words, done)
    reactor.received += received
    reactor.sent += sent
