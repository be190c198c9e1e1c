"""A handshake by hand, which one's own kernel knows nothing of and ends (RFC 9293 §3.10.7.1)."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from ipaddress import IPv4Address
from time import monotonic

from rawkit.demos.others import LOOPBACK, listener
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, row, told
from rawkit.endpoint.guard import Guard
from rawkit.wire.dissect import dissect
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags

HERE = IPv4Address(LOOPBACK)
SEQUENCE = 1000
WORDS = b"hello"
LONGEST = 1 << 16
PATIENCE = 0.3
"""Seconds to wait for what may not come."""
NOTHING, BOUND, GUARDED = (
    "nothing is done about it",
    "a socket is bound to the port",
    "one listens, and drops all",
)
READING = """
The server answered the SYN as it should. That answer comes to this machine, whose kernel looks for
a socket with that port, finds none that has sent a SYN, and says {trap}: so it has to, for else
what an old connection left behind would never end. The server believes it, and what we sent then
({trap_server}) came too late. To bind a socket to the port is often advised, and {bound} came all
the same: a bound socket is not looked up. One that listens is. If it drops what it gets before its
TCP sees it, {guarded} is sent, and the server heard {guarded_server!r}: that is how rawkit connect
--raw does it. Others drop outgoing resets by a firewall rule, which has to be taken away again, or
use an address that the kernel does not have.
"""


def run() -> Outcome:
    """Shake hands by hand in three ways."""
    return reading((*_measured(NOTHING), *_measured(BOUND), *_measured(GUARDED)))


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say who sent what."""
    sent = {one.case: one.value for one in figures if one.measure == "our kernel sent"}
    heard = {one.case: one.value for one in figures if one.measure == "server heard"}
    words = WORDS.decode()
    shown = sent == {NOTHING: "RST", BOUND: "RST", GUARDED: "nothing"} and (
        heard == {NOTHING: "nothing", BOUND: "nothing", GUARDED: words}
    )
    text = told(
        READING,
        trap=sent[NOTHING],
        trap_server=f"of which it heard {heard[NOTHING]}",
        bound=sent[BOUND],
        guarded=sent[GUARDED],
        guarded_server=heard[GUARDED],
    )
    return judged(figures, shown, text)


def _measured(case: str) -> tuple[Figure, ...]:
    """Send SYN, ACK and data by raw sockets, and tell what else was sent."""
    with ExitStack() as stack:
        server = stack.enter_context(listener())
        ours = _port(case, stack)
        theirs = server.getsockname()[1]
        ears = stack.enter_context(
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        )
        mouth = stack.enter_context(
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        )
        _send(mouth, TCP(ours, theirs, SEQUENCE, flags=Flags.SYN) / b"")
        segments = [one for one in _heard(ears) if {ours, theirs} == {one.src_port, one.dst_port}]
        answers = [one for one in segments if one.src_port == theirs]
        resets = [one for one in segments if one.src_port == ours and Flags.RST in one.flags]
        next_one = answers[0].sequence + 1 if answers else 0
        data = TCP(ours, theirs, SEQUENCE + 1, next_one, flags=Flags.ACK | Flags.PSH) / WORDS
        _send(mouth, data)
        return row(
            case,
            server_answered=_flags(answers),
            our_kernel_sent=_flags(resets),
            server_heard=_accepted(server),
        )


def _port(case: str, stack: ExitStack) -> int:
    """Return a port of ours, and do about it what this case does."""
    if case == GUARDED:
        guard = Guard(HERE)
        stack.callback(guard.close)
        return guard.port
    sock = stack.enter_context(socket.socket())
    sock.bind((LOOPBACK, 0))
    port: int = sock.getsockname()[1]
    if case == NOTHING:
        sock.close()
    return port


def _send(mouth: socket.socket, segment: Packet) -> None:
    mouth.sendto(bytes(IPv4(HERE, HERE) / segment), (LOOPBACK, 0))


def _heard(ears: socket.socket) -> Iterator[TCP]:
    """Yield the segments that come until patience ends."""
    end = monotonic() + PATIENCE
    while (rest := end - monotonic()) > 0:
        ears.settimeout(rest)
        with suppress(TimeoutError):
            packet = dissect(ears.recv(LONGEST))
            if TCP in packet:
                yield packet[TCP]


def _flags(segments: list[TCP]) -> str:
    """Return the flags of the first segment in words."""
    if not segments:
        return "nothing"
    return "+".join(flag.name for flag in Flags if flag in segments[0].flags and flag.name)


def _accepted(server: socket.socket) -> str:
    """Return what a server hears of the connection, if there is one."""
    server.settimeout(PATIENCE)
    with suppress(TimeoutError):
        sock, _ = server.accept()
        with sock:
            sock.settimeout(PATIENCE)
            return sock.recv(LONGEST).decode()
    return "nothing"


DEMO = Demo(
    "SYN, and then ACK with data, are sent by a raw socket to a server on this machine, in three"
    " ways; another raw socket hears what passes.",
    run,
)
