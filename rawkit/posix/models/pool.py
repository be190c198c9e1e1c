"""A fixed number of threads, each of which serves one client after the other."""

from rawkit.posix.models import Notes, iterative
from rawkit.posix.serving.crew import Crew
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="a fixed number of threads, each of which takes one client after the other",
    blocks="poll(2) in each thread, for its one client; of Python only one thread runs at a time",
    slow_client="it takes one of the threads; when all are taken, the next waits in the backlog",
    cost="45 KiB a thread, and nothing for the clients that wait: memory has a bound",
    history="UNP design 7",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    shift.shared = True
    crew = Crew(shift, shift.settings.threads)
    for _ in range(shift.settings.threads):
        if not crew.start(iterative.run):
            break
    crew.end(wait=True)
