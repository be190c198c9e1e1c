"""As asyncio, on the loop that Node.js has: uvloop."""

import asyncio

from rawkit.posix.models import Notes
from rawkit.posix.models.by_asyncio import serve
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="as asyncio, on a loop in C: uvloop",
    blocks="the loop's epoll_wait(2), for all at once; a service that sleeps or computes stops"
    " everybody",
    slow_client="nothing: the transport's buffer has a limit here, which it has not by itself",
    cost="some 3 KiB, and hardly more time than epoll",
    history="2016; needs the package uvloop",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(shift))
