"""TCP Fast Open: a question in the SYN, and what a client needs for that (RFC 7413)."""

import socket
from time import perf_counter

from rawkit.demos.others import child
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, milliseconds, number, row, told
from rawkit.lab import Node, pair

DELAY = 0.02
"""Seconds each way."""
BOTH = 3
"""net.ipv4.tcp_fastopen: as a client, and as a server."""
TIMES = 4
"""How often is asked; the quickest counts. What is the first time is so only once."""
QUEUE = 16
MSG_FASTOPEN = 0x2000_0000
OPTIONS = 5
"""Place of tcpi_options in struct tcp_info (linux/tcp.h)."""
SYN_DATA = 32
"""TCPI_OPT_SYN_DATA: data in our SYN was acknowledged by the SYN-ACK."""
PLAIN, FIRST, SECOND = "connect, then send", "Fast Open, first time", "Fast Open, second time"
READING = """
A round trip takes {rtt} here. Whoever connects first and then asks waits for two: {plain}. Fast
Open puts the question into the SYN, but not the first time: then the client has no cookie, which
proves that it can be reached at its address; the SYN asks for one, and the question goes the usual
way ({first}). The second time, the data in the SYN was {accepted}, and the answer there after
{second}. There is a price: a SYN may arrive twice, so the question has to be one that may be asked
twice; there are middleboxes that drop such SYNs, upon which the kernel stops trying; and the
server has to switch it on for its socket (TCP_FASTOPEN), the system for itself
(net.ipv4.tcp_fastopen, of which the bit for servers is not set by default).
"""


def run() -> Outcome:
    """Ask across a slow link, the usual way and by Fast Open."""
    with pair(delay=DELAY, sysctls={"net.ipv4.tcp_fastopen": BOTH}) as net:
        with _listener(net.last) as server, child(lambda _: _serve(server), server):
            address = (str(net.last.ipv4), server.getsockname()[1])
            _ask(net.first, address, 0)  # who finds out hardware addresses takes longer
            plain = min(_ask(net.first, address, 0) for _ in range(TIMES))
            first = _ask(net.first, address, MSG_FASTOPEN)
            second = min(_ask(net.first, address, MSG_FASTOPEN) for _ in range(TIMES))
        figures = (*_row(PLAIN, *plain), *_row(FIRST, *first), *_row(SECOND, *second))
        return reading(figures)


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say who waited for how many round trips."""
    plain, first, second = (number(figures, case, "answer") for case in (PLAIN, FIRST, SECOND))
    in_syn = {one.case: one.value for one in figures if one.measure == "data in SYN"}
    shown = in_syn == {PLAIN: "no", FIRST: "no", SECOND: "yes"} and second < 0.8 * plain
    times = {"rtt": 2 * DELAY, "plain": plain, "first": first, "second": second}
    words = {name: milliseconds(time) for name, time in times.items()}
    accepted = "accepted" if in_syn[SECOND] == "yes" else "not accepted"
    return judged(figures, shown, told(READING, accepted=accepted, **words))


def _listener(node: Node) -> socket.socket:
    sock = node.socket()
    sock.bind((str(node.ipv4), 0))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, QUEUE)
    sock.listen()
    return sock


def _ask(node: Node, address: tuple[str, int], flags: int) -> tuple[float, bool]:
    """Return how long an answer took, and whether the question was in the SYN."""
    with node.socket() as sock:
        begun = perf_counter()
        if flags:
            sock.sendto(b"?", flags, address)
        else:
            sock.connect(address)
            sock.sendall(b"?")
        sock.recv(1)
        took = perf_counter() - begun
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, OPTIONS + 1)
        return took, bool(info[OPTIONS] & SYN_DATA)


def _serve(server: socket.socket) -> None:
    """Answer each client with an octet, for ever."""
    while True:
        sock, _ = server.accept()
        with sock:
            sock.recv(1)
            sock.sendall(b"!")


def _row(case: str, took: float, in_syn: bool) -> tuple[Figure, ...]:
    return row(
        case,
        answer=(took, "s"),
        round_trips=(round(took / (2 * DELAY)), "round trips"),
        data_in_SYN="yes" if in_syn else "no",
    )


DEMO = Demo(
    f"A client asks one octet and gets one, across a link with a delay of {DELAY * 1000:.0f} ms"
    f" each way, in three ways; the quickest of {TIMES} counts, but for the first time.",
    run,
)
