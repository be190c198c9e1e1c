"""Streams have no messages, datagrams have: what arrives of three sends."""

import socket
from contextlib import ExitStack
from functools import partial

from rawkit.demos.others import LOOPBACK, exactly
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, row, told

SENT = (b"first", b"second", b"third")
WHOLE = b"".join(SENT)
SHORT = 2
"""Octets of a buffer that is too small."""
TCP, UDP = "TCP stream", "UDP datagram"
UNIX_STREAM, UNIX_DATAGRAM, SEQPACKET = "unix stream", "unix datagram", "unix seqpacket"
STREAMS, DATAGRAMS = (TCP, UNIX_STREAM), (UDP, UNIX_DATAGRAM, SEQPACKET)
Pair = tuple[socket.socket, socket.socket]
READING = """
The three sends are {sizes} octets. A stream knows only that these are {whole} octets in this
order: one recv gave {stream} of them, and under other conditions gives fewer. So a program that
reads messages from a stream needs a rule where they end, such as a length in front, or a line end,
and a loop. A datagram is a message: recv gave {datagram} octets, the first send and nothing else.
In return, what does not fit into the buffer is gone: recv({short}) lost {lost} octets, with no
error but MSG_TRUNC for those who look. What a stream does not hand over, it keeps. SOCK_SEQPACKET
is both: messages, and a connection.
"""


def run() -> Outcome:
    """Send the same by every kind of socket, and look at what recv gives."""
    unix = partial(socket.socketpair, socket.AF_UNIX)
    figures = (
        *_measured(TCP, _stream_pair(), _stream_pair()),
        *_measured(UNIX_STREAM, unix(socket.SOCK_STREAM), unix(socket.SOCK_STREAM)),
        *_measured(UDP, _datagram_pair(), _datagram_pair()),
        *_measured(UNIX_DATAGRAM, unix(socket.SOCK_DGRAM), unix(socket.SOCK_DGRAM)),
        *_measured(SEQPACKET, unix(socket.SOCK_SEQPACKET), unix(socket.SOCK_SEQPACKET)),
    )
    return reading(figures)


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say what the pieces mean."""
    cells = {(one.case, one.measure): one.value for one in figures}
    first, lost = "first recv(99)", f"lost by recv({SHORT})"
    shown = (
        all(cells[case, first] == len(WHOLE) and cells[case, lost] == 0 for case in STREAMS)
        and all(cells[case, first] == len(SENT[0]) for case in DATAGRAMS)
        and all(cells[case, lost] == len(SENT[0]) - SHORT for case in DATAGRAMS)
    )
    text = told(
        READING,
        sizes=", ".join(str(len(part)) for part in SENT),
        whole=len(WHOLE),
        short=SHORT,
        stream=cells[TCP, first],
        datagram=cells[UDP, first],
        lost=cells[UDP, lost],
    )
    return judged(figures, shown, text)


def _measured(case: str, whole: Pair, short: Pair) -> tuple[Figure, ...]:
    """Send over two connections, and read one with a large buffer and one with a small one."""
    with ExitStack() as stack:
        for end in (*whole, *short):
            stack.enter_context(end)
        for ours, _ in (whole, short):
            for part in SENT:
                ours.send(part)
        if case in STREAMS:
            _wait_for_all(whole[1])
        first = whole[1].recv(99)
        short[1].recv(SHORT)
        rest = exactly(short[1], len(WHOLE) - SHORT) if case in STREAMS else short[1].recv(99)
    came_next = WHOLE[SHORT:] if case in STREAMS else SENT[1]
    lost = len(SENT[0]) - SHORT if rest != WHOLE[SHORT:] else 0
    assert rest == came_next, "octets came in another order"
    return row(
        case,
        **{"first_recv(99)": (len(first), "octets"), f"lost_by_recv({SHORT})": (lost, "octets")},
        the_next_recv=(len(rest), "octets"),
    )


def _wait_for_all(sock: socket.socket) -> None:
    """Wait until all has arrived; nothing is taken."""
    while len(sock.recv(99, socket.MSG_PEEK)) < len(WHOLE):
        pass


def _stream_pair() -> Pair:
    with socket.create_server((LOOPBACK, 0)) as server:
        ours = socket.create_connection(server.getsockname())
        return ours, server.accept()[0]


def _datagram_pair() -> Pair:
    theirs = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    theirs.bind((LOOPBACK, 0))
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ours.connect(theirs.getsockname())
    return ours, theirs


DEMO = Demo(
    "The same three sends by five kinds of socket, then recv with a large buffer, or a small one.",
    run,
)
