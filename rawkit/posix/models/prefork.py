"""A fixed number of processes, each of which serves one client after the other."""

from rawkit.posix.models import Notes, iterative
from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.workers import work_in_processes

NOTES = Notes(
    about="a fixed number of processes, each of which takes one client after the other",
    blocks="poll(2) in each process, for its one client; waiting for the next one, the kernel"
    " wakes one of them and not the herd",
    slow_client="it takes one of the processes; when all are taken, the next waits in the backlog",
    cost="a process, made once; a connection has no state of its own",
    history="UNP design 2; with --hand-over design 5",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    if shift.settings.hand_over and not shift.is_datagram:
        from rawkit.posix.serving.handing import hand_over

        hand_over(shift, shift.settings.processes)
        return
    work_in_processes(shift, iterative.run, shift.settings.processes)
