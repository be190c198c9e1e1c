"""The end of one direction is not the end of the conversation: shutdown(2) and close(2)."""

import socket
from collections.abc import Callable

from rawkit.demos.others import child, listener
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, number, row, told
from rawkit.errnos.table import name_of
from rawkit.lab.process import Line, Process

ANSWER = 300_000
PATIENCE = 0.4
"""Seconds that a client waits for an answer before it gives up."""
QUESTION = b"how much?\n"

NOTHING, HALF, CLOSED, UNREAD = (
    "says nothing more, and waits",
    "shutdown(SHUT_WR), then reads",
    "close() at once",
    "shutdown, reads 1,000, close()",
)
READING = """
The server reads to the end before it answers, so it has to be told where the end is. A client that
only waits is not answered: each waits for the other, and it heard {waited} octets in {patience} s.
shutdown(SHUT_WR) sends a FIN: I have said all. The other direction stays open, and {half} octets
came back. close() sends the same FIN, for TCP has no other; but then there is nobody to read, so
the client's kernel answers data with a reset, and the server's next send(2) fails ({closed}). A
client that closes while something is unread sends a reset at once: whatever it had not read is
lost.
"""


def run() -> Outcome:
    """Have the same conversation with four clients."""
    return reading(
        (
            *_conversation(NOTHING, lambda sock: _heard(sock)),
            *_conversation(HALF, _half_close),
            *_conversation(CLOSED, lambda _: 0),
            *_conversation(UNREAD, _read_a_little),
        )
    )


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say what became of the answers."""
    heard = {case: number(figures, case, "heard") for case in (NOTHING, HALF, CLOSED)}
    closed = next(f.value for f in figures if (f.case, f.measure) == (CLOSED, "server"))
    shown = heard == {NOTHING: 0, HALF: ANSWER, CLOSED: 0} and closed != "sent all"
    waited, half = (f"{heard[case]:,.0f}" for case in (NOTHING, HALF))
    text = told(READING, waited=waited, half=half, patience=PATIENCE, closed=closed)
    return judged(figures, shown, text)


def _half_close(sock: socket.socket) -> int:
    sock.shutdown(socket.SHUT_WR)
    return _heard(sock)


def _read_a_little(sock: socket.socket) -> int:
    sock.shutdown(socket.SHUT_WR)
    return len(sock.recv(1000))


def _heard(sock: socket.socket) -> int:
    """Return how many octets come until the end, or until patience ends."""
    sock.settimeout(PATIENCE)
    count = 0
    try:
        while data := sock.recv(1 << 16):
            count += len(data)
    except TimeoutError:
        pass
    return count


def _conversation(case: str, rest: Callable[[socket.socket], int]) -> tuple[Figure, ...]:
    """Ask, do the rest, close; return what either side has to say of it."""
    with listener() as server, child(lambda line: _serve(server, line), server) as process:
        with socket.create_connection(server.getsockname()) as sock:
            sock.sendall(QUESTION)
            heard = rest(sock)
        return row(case, heard=(heard, "octets"), server=_said(process))


def _said(process: Process) -> str:
    """Return what became of the answer on the side of the server."""
    return str(process.ask("what became of it?"))


def _serve(server: socket.socket, line: Line) -> None:
    """Read one client to the end, answer, and tell what came of it."""
    sock, _ = server.accept()
    # Little room, so that the last octets cannot leave before the first have arrived, or not.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    while sock.recv(1 << 16):
        pass
    said = "sent all"
    try:
        for _ in range(ANSWER // 1000):
            sock.send(bytes(1000))
        sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        said = name_of(error.errno or 0)
    sock.close()
    line.question()
    line.answer(said)


DEMO = Demo(
    "A server reads all that a client says, to the end, and then answers with 300,000 octets. Four"
    " clients end differently.",
    run,
)
