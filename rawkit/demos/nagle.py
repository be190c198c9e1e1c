"""Nagle's algorithm meets delayed acknowledgements (RFC 896, RFC 9293 §3.7.4 and §3.8.6.3).

One side holds a small segment back until what it sent before is acknowledged; the other side
holds the acknowledgement back until it has something to say. Neither knows of the other.
"""

import socket
from collections.abc import Callable
from statistics import median
from time import perf_counter

from rawkit.demos.others import child, exactly, listener
from rawkit.demos.outcome import Demo, Figure, Outcome, milliseconds, number, row, told

HEAD, BODY = bytes(4), bytes(16)
QUESTION = len(HEAD) + len(BODY)
DELAY = 0.04
"""Seconds by which Linux delays an acknowledgement at the least (TCP_DELACK_MIN)."""
ROUNDS = 25
QUICK = 5
"""Rounds at the beginning that do not count: Linux acknowledges at once for a while."""

TWO, NODELAY, ONE, QUICKACK = (
    "two writes",
    "two writes, TCP_NODELAY",
    "one write (sendmsg)",
    "two writes, other side TCP_QUICKACK",
)
NOT_SHOWN = "Two writes took {slow}, one write {one}: there was no wait to be seen this time."
READING = """
The first 4 octets leave at once. The other 16 are less than a full segment, and there is something
unacknowledged, so Nagle's algorithm holds them back. The server has not got a whole question and
says nothing, so its kernel delays the acknowledgement, 40 ms at the least, hoping to send it along
with an answer. That is {slow} for a question that takes {fast} with TCP_NODELAY and {one} in one
write. Best is to write once: it is one segment, too. TCP_NODELAY sends two. With TCP_QUICKACK on
the other side it is {quick}; but that has to be set anew after every read, as it is no state that
lasts.
"""


def run() -> Outcome:
    """Ask in four ways, and read the times."""
    measured = (
        *_measured(TWO, _write_twice),
        *_measured(NODELAY, _write_twice, no_delay=True),
        *_measured(ONE, lambda sock: sock.sendmsg([HEAD, BODY])),
        *_measured(QUICKACK, _write_twice, quick_ack=True),
    )
    return reading(measured)


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say what the times mean."""
    slow, fast, one, quick = (
        number(figures, case, "median") for case in (TWO, NODELAY, ONE, QUICKACK)
    )
    times = {"slow": slow, "fast": fast, "one": one, "quick": quick}
    words = {name: milliseconds(time) for name, time in times.items()}
    if slow < DELAY / 2 or slow < 2 * max(fast, one):
        return Outcome(figures, False, told(NOT_SHOWN, **words))
    return Outcome(figures, True, told(READING, **words))


def _write_twice(sock: socket.socket) -> None:
    sock.send(HEAD)
    sock.send(BODY)


def _measured(
    case: str,
    ask: Callable[[socket.socket], object],
    *,
    no_delay: bool = False,
    quick_ack: bool = False,
) -> tuple[Figure, ...]:
    """Ask so many times, and return how long it took."""
    with (
        listener() as server,
        child(lambda _: _answer(server, quick_ack), server),
        socket.create_connection(server.getsockname()) as sock,
    ):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, no_delay)
        times = [_timed(sock, ask) for _ in range(ROUNDS)][QUICK:]
    return row(case, median=(median(times), "s"), slowest=(max(times), "s"))


def _timed(sock: socket.socket, ask: Callable[[socket.socket], object]) -> float:
    begun = perf_counter()
    ask(sock)
    sock.recv(1)
    return perf_counter() - begun


def _answer(server: socket.socket, quick_ack: bool) -> None:
    """Answer questions of one client with an octet each."""
    sock, _ = server.accept()
    while True:
        if quick_ack:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if not (part := sock.recv(QUESTION)):
            return
        if quick_ack:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if len(part) < QUESTION and not exactly(sock, QUESTION - len(part)):
            return
        sock.send(b"k")


DEMO = Demo(
    "A client asks 20 times, each time 4 octets and then 16; a server answers each with one.", run
)
