"""One thread, and a task for each client, that waits without blocking the others: trio."""

from rawkit.posix.models import Notes
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="one thread for all, a task for each client: trio",
    blocks="the loop's epoll_wait(2), for all at once; a service that sleeps or computes stops"
    " everybody",
    slow_client="nothing: its task waits, and the others go on",
    cost="some 7 KiB, and five times the time of epoll; in return it reads like the blocking one",
    history="2017; needs the package trio",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    import trio

    from rawkit.posix.serving.tasks import serve

    trio.run(serve, shift)
