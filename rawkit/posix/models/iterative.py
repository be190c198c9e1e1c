"""One client after the other: the oldest model, and the baseline of all."""

from rawkit.posix.models import Notes
from rawkit.posix.serving.clients import Clients
from rawkit.posix.serving.converse import converse
from rawkit.posix.serving.datagrams import answer_all
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="one client after the other",
    blocks="poll(2), for the one client that is being served; everybody else waits in the backlog",
    slow_client="it holds up all others, until it is idle for too long",
    cost="nothing but the kernel's: a connection has no state of its own",
    history="UNP design 0",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings."""
    if shift.is_datagram:
        answer_all(shift)
        return
    clients = Clients(shift)
    try:
        while (taken := clients.next()) is not None:
            converse(shift, *taken, at_bell=clients.collect)
    finally:
        clients.close()
