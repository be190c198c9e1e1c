"""A thread for each client: as fork, with less to copy, and one address space."""

from rawkit.posix.models import Notes
from rawkit.posix.serving.clients import Clients
from rawkit.posix.serving.converse import converse
from rawkit.posix.serving.crew import Crew
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="a thread for each client",
    blocks="poll(2) in each thread, for its one client; of Python only one thread runs at a time",
    slow_client="nothing: it has a thread of its own, and blocks that one",
    cost="some 45 KiB, most of it stack, and 40 µs each",
    history="UNP design 6",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    crew = Crew(shift, shift.settings.max_connections)
    clients = Clients(shift, lambda: crew.has_room)
    try:
        while (taken := clients.next()) is not None:
            if not crew.start(converse, *taken):
                taken[0].close()
                shift.counts.add("accepted", -1)
                clients.pause()
        crew.end()
    finally:
        clients.close()
