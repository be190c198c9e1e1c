"""Coordinated omission: who waits for an answer before he asks again does not see the queue."""

import socket
from collections.abc import Iterator
from math import ceil
from time import monotonic, sleep

from rawkit.demos.others import child, listener
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, milliseconds, number, row, told

MESSAGE = bytes(64)
STOP, EVERY = 0.1, 1.0
"""The server stops for so many seconds, once in so many."""
LENGTH = 2.3
"""Seconds of each measurement: two stops at least."""
RATE = 500
CLOSED, SENT, DUE = (
    "as soon as answered",
    f"{RATE} a second, since sent",
    f"{RATE} a second, since due",
)
READING = """
The server stood still a tenth of the time. A client that asks again as soon as it is answered
(closed loop) has one question out when that happens, so of all its questions one a second is slow:
its 99 % is {closed}, and {slowest} stands for nobody but the slowest. It does not ask while there
is no answer, and so leaves out just what users would have noticed, who come when they like. {rate}
a second is such a stream of users. Measured from the moment at which a question could at last be
sent, it looks well, too (99 %: {sent}), for those that had to wait are sent late and in haste;
measured from the moment at which it was due, 99 % is {due}. So load has to come at a rate, and
latency to be counted from when it was due.
"""
Sample = tuple[float, float]
"""Seconds from due, and from sent, to the answer."""


def run() -> Outcome:
    """Measure the same server in two ways, and the second in two more."""
    with listener() as server:
        closed = _samples(server, _at_once())
        open_ = _samples(server, _at_a_rate(RATE))
    return reading(
        (
            *_row(CLOSED, [since_sent for _, since_sent in closed]),
            *_row(SENT, [since_sent for _, since_sent in open_]),
            *_row(DUE, [since_due for since_due, _ in open_]),
        )
    )


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say which of them a user would believe."""
    closed, sent, due = (number(figures, case, "99 %") for case in (CLOSED, SENT, DUE))
    times = {"closed": closed, "sent": sent, "due": due}
    times["slowest"] = number(figures, CLOSED, "slowest")
    shown = due > STOP / 2 and due > 3 * closed and due > 3 * sent
    words = {name: milliseconds(time) for name, time in times.items()}
    return judged(figures, shown, told(READING, rate=RATE, **words))


def _at_once() -> Iterator[float]:
    """Yield when to ask: now, and again."""
    while True:
        yield monotonic()


def _at_a_rate(rate: int) -> Iterator[float]:
    """Yield when to ask: so many times a second, whatever has been answered."""
    begun = monotonic()
    count = 0
    while True:
        yield begun + count / rate
        count += 1


def _samples(server: socket.socket, dues: Iterator[float]) -> list[Sample]:
    """Ask at these times, and return how long it took."""
    samples: list[Sample] = []
    with (
        child(lambda _: _serve(server), server),
        socket.create_connection(server.getsockname()) as sock,
    ):
        end = monotonic() + LENGTH
        for due in dues:
            if due > end:
                return samples
            if (rest := due - monotonic()) > 0:
                sleep(rest)
            sent = monotonic()
            sock.sendall(MESSAGE)
            sock.recv(len(MESSAGE))
            now = monotonic()
            samples.append((now - due, now - sent))
    return samples


def _serve(server: socket.socket) -> None:
    """Echo for one client, and stand still now and then, as for a collection of garbage."""
    sock, _ = server.accept()
    stops_at = monotonic() + EVERY
    while data := sock.recv(len(MESSAGE)):
        if monotonic() > stops_at:
            sleep(STOP)
            stops_at = monotonic() + EVERY - STOP
        sock.sendall(data)


def _row(case: str, times: list[float]) -> tuple[Figure, ...]:
    times.sort()
    return row(
        case,
        questions=(len(times), "questions"),
        median=(times[len(times) // 2], "s"),
        **{"99_%": (times[ceil(0.99 * len(times)) - 1], "s")},
        slowest=(times[-1], "s"),
    )


DEMO = Demo(
    f"A server answers at once, but stops for {STOP * 1000:.0f} ms every second. It is asked in two"
    f" ways, for {LENGTH} s each; the second is measured in two.",
    run,
)
