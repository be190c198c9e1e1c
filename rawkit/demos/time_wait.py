"""An address in use by nobody: TIME_WAIT, and what SO_REUSEADDR is for (RFC 9293 §3.6.1)."""

import socket
from collections import Counter
from time import monotonic, sleep

from rawkit.demos.others import LOOPBACK
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, row, told
from rawkit.errnos.table import name_of

TIME_WAIT, LISTEN = "06", "0A"
"""In /proc/net/tcp (net/tcp_states.h in the kernel)."""
SETTLED = Counter({TIME_WAIT: 1, LISTEN: 1})
PATIENCE = 2.0
"""Seconds for the last segments to pass; on loopback it takes microseconds."""
SERVER, REUSED, CLIENT, LIVE = (
    "server closed first",
    "the same, SO_REUSEADDR",
    "client closed first",
    "server lives, SO_REUSEADDR",
)
IN_USE, FINE = "EADDRINUSE", "ok"
READING = """
The server has ended and nobody has its port, yet bind(2) said {server}. The side that closes first
keeps the connection for a minute more, in TIME_WAIT: its last acknowledgement may be lost, and
what is late must not be taken for part of a new connection between the same ports. With
SO_REUSEADDR, which was set by the old server too, bind said {reused}: the kernel lets a new
listener have the port, and still looks after the old connection. Where the client closed first, it
is the client that waits, at a port that nobody asks for, and bind said {client}; that is why
protocols in which clients hang up first spare their servers this. From somebody who listens
SO_REUSEADDR takes nothing: {live}. So every server of TCP sets it. Those of UDP must not: there it
does let two have one port.
"""


def run() -> Outcome:
    """End a server in three ways, and bind its address again; and once without its having ended."""
    return reading(
        (
            *_ended(SERVER, server_first=True, reuse=False),
            *_ended(REUSED, server_first=True, reuse=True),
            *_ended(CLIENT, server_first=False, reuse=False),
            *_living(LIVE),
        )
    )


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say who had the port."""
    said = {one.case: one.value for one in figures if one.measure == "bind again"}
    shown = said == {SERVER: IN_USE, REUSED: FINE, CLIENT: FINE, LIVE: IN_USE}
    names = {"server": SERVER, "reused": REUSED, "client": CLIENT, "live": LIVE}
    words = {name: said[case] for name, case in names.items()}
    return judged(figures, shown, told(READING, **words))


def _ended(case: str, *, server_first: bool, reuse: bool) -> tuple[Figure, ...]:
    """Serve a client, end, and bind the address again."""
    with _listener(reuse=reuse) as server:
        address = server.getsockname()
        with socket.create_connection(address) as client:
            accepted, _ = server.accept()
            first, second = (accepted, client) if server_first else (client, accepted)
            first.close()
            second.recv(1)  # the end of the stream
            second.close()
    left = _kept_back(address[1])
    return row(case, kept_back=(left, "connections"), bind_again=_bind(address, reuse=reuse))


def _living(case: str) -> tuple[Figure, ...]:
    """Bind the address of a server that is there."""
    with _listener(reuse=True) as server:
        address = server.getsockname()
        return row(
            case,
            kept_back=(_kept_back(address[1]), "connections"),
            bind_again=_bind(address, reuse=True),
        )


def _listener(*, reuse: bool) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    sock.bind((LOOPBACK, 0))
    sock.listen()
    return sock


def _bind(address: tuple[str, int], *, reuse: bool) -> str:
    """Return what bind(2) says."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        try:
            sock.bind(address)
        except OSError as error:
            return name_of(error.errno or 0)
    return FINE


def _kept_back(port: int) -> int:
    """Return how many connections of a local port are in TIME_WAIT, once all have ended."""
    end = monotonic() + PATIENCE
    while (states := _states(port)) - SETTLED and monotonic() < end:
        sleep(0.01)
    return states[TIME_WAIT]


def _states(port: int) -> Counter[str]:
    """Return how many sockets of a local port are in which state."""
    with open("/proc/thread-self/net/tcp") as file:
        _, *lines = (line.split() for line in file)
    return Counter(line[3] for line in lines if line[1].endswith(f":{port:04X}"))


DEMO = Demo(
    "A server talks with one client and ends; then another binds the address that it had.", run
)
