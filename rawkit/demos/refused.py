"""Nobody at the other end: how TCP, UDP and unix sockets come to know."""

import socket
from contextlib import suppress

from rawkit.demos.others import LOOPBACK
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, row, told
from rawkit.errnos.table import name_of

TCP, CONNECTED, LOOSE, UNIX = "TCP", "UDP, connected", "UDP, by sendto", "unix datagram"
CALLS = ("connect", "first send", "second send", "then recv")
PATIENCE = 0.2
"""Seconds to wait for an answer that there is none of."""
READING = """
TCP asks before it speaks, and connect(2) said {tcp}: a reset came back. For UDP connect(2) only
notes an address, and the first send said {first}; what it causes, an ICMP error, can only be told
by a later call. So it was the second send, of a datagram with nothing wrong about it, that said
{second}, and did not send; after that all goes on as if nothing had been. A socket that is not
connected is told nothing at all (its second sendto said {loose}), for it may have sent to many,
unless it asks by IP_RECVERR. Hence clients of UDP need a time limit, and servers must not die of
ECONNREFUSED. Within a machine there is nothing to wait for: a unix socket said {unix} at once.
"""


def run() -> Outcome:
    """Speak to a port that was free a moment ago, and note what each call says."""
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        stream.bind((LOOPBACK, 0))  # both are taken, so that no other can have them meanwhile
        datagram.bind((LOOPBACK, 0))
        tcp, udp = stream.getsockname(), datagram.getsockname()
        figures = _tcp(tcp)
        datagram.close()
        return reading((*figures, *_connected(udp), *_loose(udp), *_unix()))


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say who was told, and when."""
    said = {(one.case, one.measure): one.value for one in figures}
    refused = "ECONNREFUSED"
    shown = (
        said[TCP, "connect"] == said[CONNECTED, "second send"] == said[UNIX, "connect"] == refused
        and said[CONNECTED, "first send"] == "ok"
        and said[LOOSE, "second send"] == "ok"
    )
    text = told(
        READING,
        tcp=said[TCP, "connect"],
        first=said[CONNECTED, "first send"],
        second=said[CONNECTED, "second send"],
        loose=said[LOOSE, "second send"],
        unix=said[UNIX, "connect"],
    )
    return judged(figures, shown, text)


def _tcp(address: tuple[str, int]) -> tuple[Figure, ...]:
    with socket.socket() as sock:
        return row(TCP, **_said([_name(sock.connect_ex(address))]))


def _connected(address: tuple[str, int]) -> tuple[Figure, ...]:
    with _datagram() as sock:
        told = [_name(sock.connect_ex(address)), _send(sock), _send(sock), _receive(sock)]
        return row(CONNECTED, **_said(told))


def _loose(address: tuple[str, int]) -> tuple[Figure, ...]:
    with _datagram() as sock:
        told = ["-", _send(sock, address), _send(sock, address), _receive(sock)]
        return row(LOOSE, **_said(told))


def _unix() -> tuple[Figure, ...]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # an abstract name, which nobody has once it is closed
        address = sock.getsockname()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        return row(UNIX, **_said([_name(sock.connect_ex(address))]))


def _datagram() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(PATIENCE)
    return sock


def _send(sock: socket.socket, address: tuple[str, int] | None = None) -> str:
    try:
        if address:
            sock.sendto(b"hello", address)
        else:
            sock.send(b"hello")
    except OSError as error:
        return _name(error.errno or 0)
    return "ok"


def _receive(sock: socket.socket) -> str:
    with suppress(TimeoutError):
        try:
            sock.recv(99)
        except ConnectionError as error:
            return _name(error.errno or 0)
    return "nothing"


def _name(number: int) -> str:
    return name_of(number) if number else "ok"


def _said(told: list[str]) -> dict[str, str]:
    """Return what each call said; those after a failure were not made."""
    words = [*told, *["-"] * (len(CALLS) - len(told))]
    return dict(zip((call.replace(" ", "_") for call in CALLS), words, strict=True))


DEMO = Demo("A client speaks to an address where nobody is, in four ways.", run)
