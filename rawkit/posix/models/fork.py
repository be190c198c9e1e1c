"""A process for each client: the model of the first Unix servers."""

from functools import partial

from rawkit.posix.models import Notes
from rawkit.posix.serving.children import Children, Ending
from rawkit.posix.serving.clients import Clients, Taken
from rawkit.posix.serving.converse import converse
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="a process for each client, made by fork(2)",
    blocks="poll(2) in each process, for its one client; the parent only accepts and reaps",
    slow_client="nothing: it has a process of its own, and blocks that one",
    cost="some 900 KiB and 500 µs each in Python, whose counting of references copies the pages"
    " that fork(2) shares; in C 110 KiB and 60 µs",
    history="UNP design 1",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""

    def told(ending: Ending) -> None:
        if ending.code < 0:  # it could not count its connection any more
            shift.counts.closed(Reason.ABORTED)
        shift.counts.take(shift.board.row(ending.number))

    children = Children(shift, shift.settings.max_connections, told)
    clients = Clients(shift, lambda: children.has_room, (children.fileno(), children.reap))
    try:
        while (taken := clients.next()) is not None:
            if not children.fork(partial(_serve, taken), taken[:1]):
                taken[0].close()
                shift.counts.add("accepted", -1)
                clients.pause()
        children.end()
    finally:
        children.close()
        clients.close()


def _serve(taken: Taken, shift: Shift) -> None:
    """Be the child: the listeners are the parent's alone."""
    for listener in shift.listeners:
        listener.sock.close()
    converse(shift, *taken)
