"""A process for each processor, with a listener and an epoll of its own."""

from rawkit.posix.models import Notes, by_epoll
from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.workers import work_in_processes

NOTES = Notes(
    about="a process a processor, each with a listener (SO_REUSEPORT) and an epoll of its own",
    blocks="epoll_wait(2) in each process, for all its clients at once",
    slow_client="nothing; a service that computes stops those of its own process only",
    cost="as epoll, and a process each; the kernel deals connections out by a hash of both ends,"
    " so shares are uneven when there are few. Unix sockets cannot share a name: there all wait"
    " at one listener, and who waited last is woken first",
    history="Linux 3.9, 2013",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    work_in_processes(shift, by_epoll.run, shift.settings.processes)
