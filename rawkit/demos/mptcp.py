"""Multipath TCP, and how it falls back to TCP where one side has never heard of it (RFC 8684)."""

import socket

from rawkit.demos.others import LOOPBACK
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, row, told

IPPROTO_MPTCP = 262
SOL_MPTCP, MPTCP_INFO = 284, 1
BOTH, CLIENT, SERVER, NEITHER = "both ask for it", "the client does", "the server does", "neither"
READING = """
Where both sides opened their sockets with IPPROTO_MPTCP the connection is {both}; where only the
client did, it is {client}, where only the server did, {server}, and the program notices nothing:
the SYN carries an option, and who does not know it leaves it out of his answer. So a server loses
nothing by asking for it, and as there is no other change to a program, socket(2)'s third argument
is all there is to it. What it is good for starts with a second path, which a path manager adds (ip
mptcp endpoint): then the connection outlives a change of network. Where the kernel has none,
socket(2) says EPROTONOSUPPORT, and where net.mptcp.enabled is 0 ENOPROTOOPT; then open it with 0.
"""


def run() -> Outcome:
    """Connect in four ways, and ask the kernel what came of it."""
    return reading(
        (
            *_measured(BOTH, IPPROTO_MPTCP, IPPROTO_MPTCP),
            *_measured(CLIENT, IPPROTO_MPTCP, 0),
            *_measured(SERVER, 0, IPPROTO_MPTCP),
            *_measured(NEITHER, 0, 0),
        )
    )


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say who spoke what."""
    spoke = {one.case: str(one.value) for one in figures if one.measure == "connection"}
    shown = spoke == {BOTH: "MPTCP", CLIENT: "TCP", SERVER: "TCP", NEITHER: "TCP"}
    words = {"both": spoke[BOTH], "client": spoke[CLIENT], "server": spoke[SERVER]}
    return judged(figures, shown, told(READING, **words))


def _measured(case: str, ours: int, theirs: int) -> tuple[Figure, ...]:
    stream = socket.SOCK_STREAM
    with (
        socket.socket(socket.AF_INET, stream, theirs) as server,
        socket.socket(socket.AF_INET, stream, ours) as client,
    ):
        server.bind((LOOPBACK, 0))
        server.listen()
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"hello")
            echoed = accepted.recv(5)
            return row(
                case,
                connection="MPTCP" if ours and _is_multipath(client) else "TCP",
                arrived=(len(echoed), "octets"),
            )


def _is_multipath(sock: socket.socket) -> bool:
    """Whether a socket opened with IPPROTO_MPTCP has not fallen back."""
    try:
        sock.getsockopt(SOL_MPTCP, MPTCP_INFO, 64)
    except OSError:  # EOPNOTSUPP: it is plain TCP by now
        return False
    return True


DEMO = Demo(
    "A client and a server connect; each opens its socket with IPPROTO_MPTCP, or does not.",
    run,
)
