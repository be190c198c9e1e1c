"""One thread, and an event loop that calls protocols when their clients are ready: asyncio."""

import asyncio
import socket

from rawkit.posix.models import Notes
from rawkit.posix.serving.loop import serve_messages, serve_streams
from rawkit.posix.serving.shift import Shift

NOTES = Notes(
    about="one thread for all; asyncio's loop calls a protocol when its client is ready",
    blocks="the loop's epoll_wait(2), for all at once; a service that sleeps or computes stops"
    " everybody",
    slow_client="nothing: the transport's buffer has a limit here, which it has not by itself",
    cost="some 6 KiB, and twice the time of epoll: a transport, a protocol and a handle each",
    history="Python 3.4, 2014",
)


def run(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    with asyncio.Runner() as runner:
        runner.run(serve(shift))


async def serve(shift: Shift) -> None:
    """Serve on the loop that runs, whichever it is."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, told: shift.trouble(f"asyncio: {told['message']}"))
    is_stream = all(one.sock.type == socket.SOCK_STREAM for one in shift.listeners)
    await (serve_streams(shift) if is_stream else serve_messages(shift))
