"""Take connections: ``python -m scripts.benches.tcp_taking TOOL HOST COUNT``.

Prints the port, then takes so many connections, reads each to its end and closes it; and how many
nanoseconds that took from the first one on, and for how many of them this process was busy.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawkit.endpoint.awaiting import AsyncStream

PATIENCE = 60.0
BACKLOG = 4096
Took = tuple[int, int]


def clocks() -> Took:
    """Return wall time and CPU time of this process, in nanoseconds."""
    return time.perf_counter_ns(), time.process_time_ns()


def by_sockets(host: str, count: int) -> Took:
    """Take them on the kernel's TCP."""
    with socket.create_server((host, 0), backlog=BACKLOG) as sock:
        print(sock.getsockname()[1], flush=True)
        began = (0, 0)
        for number in range(count):
            connection, _ = sock.accept()
            if not number:
                began = clocks()
            with connection:
                while connection.recv(64):
                    pass
    return since(began)


def by_threads(host: str, count: int) -> Took:
    """Take them on a TCP in user space, one after the other."""
    import rawkit

    with rawkit.listen(host, 0, backlog=BACKLOG) as listening:
        print(listening.port, flush=True)
        listening.timeout = PATIENCE
        began = (0, 0)
        for number in range(count):
            with listening.accept() as stream:
                if not number:
                    began = clocks()
                while stream.recv(64):
                    pass
        took = since(began)
        listening.stop()
    return took


def by_loop(host: str, count: int) -> Took:
    """Take them on a TCP in user space, many at once on an event loop."""
    import rawkit

    async def take() -> Took:
        listening = await rawkit.listen_async(host, 0, backlog=BACKLOG)
        print(listening.port, flush=True)
        listening.timeout = PATIENCE
        began = (0, 0)
        tasks: list[asyncio.Task[None]] = []
        for number in range(count):
            stream = await listening.accept()
            if not number:
                began = clocks()
            tasks.append(asyncio.create_task(serve(stream)))
        await asyncio.gather(*tasks)
        took = since(began)
        listening.stop()
        return took

    async def serve(stream: "AsyncStream") -> None:
        async with stream:
            while await stream.recv(64):
                pass

    return asyncio.run(take())


def since(began: Took) -> Took:
    """Return what has gone by."""
    wall, cpu = clocks()
    return wall - began[0], cpu - began[1]


TOOLS: dict[str, Callable[[str, int], Took]] = {
    "sockets": by_sockets,
    "rawkit, calls": by_threads,
    "rawkit, asyncio": by_loop,
}


def main(tool: str, host: str, count: str) -> int:
    """Take them, and print what it took."""
    print(*TOOLS[tool](host, int(count)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
