"""Datagrams to somebody who does not read: UDP drops them, and tells nobody who does not ask."""

import socket
import struct
from contextlib import suppress

from rawkit.demos.others import LOOPBACK
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, number, row, told
from rawkit.errnos.table import name_of
from rawkit.sockets.options import SK_MEMINFO_DROPS, SK_MEMINFO_VARS, SO_MEMINFO

COUNT = 5000
SMALL, LARGE = 64, 1400
UDP_SMALL, UDP_LARGE, UNIX = (
    f"UDP, {SMALL} octets",
    f"UDP, {LARGE:,} octets",
    f"unix, {SMALL} octets",
)
MEMINFO = struct.Struct(f"={SK_MEMINFO_VARS}I")
READING = """
All {sent} sends succeeded: send(2) says that the kernel took a datagram, not that anybody will
have it. {arrived} fitted into the receive buffer (SO_RCVBUF), and {larger} of the larger ones;
each is charged for more than its octets, so small ones fill it, too. The other {lost} are gone.
Nobody is told, unless he asks: the kernel counted {counted} drops at this socket (SO_MEMINFO, and
SO_RXQ_OVFL beside the next datagram; RcvbufErrors in /proc/net/snmp is of all). A unix datagram
socket does not lose: after {unix}, one that would not wait was told EAGAIN, and one that does
waits. So who needs all of it over UDP has to number, acknowledge and repeat, or send more slowly
than the slowest reader reads.
"""


def run() -> Outcome:
    """Send to receivers that sleep, and count what is there when they wake."""
    return reading((*_udp(UDP_SMALL, SMALL), *_udp(UDP_LARGE, LARGE), *_unix(UNIX, SMALL)))


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say where the others are."""
    sent, arrived, lost, counted = (
        number(figures, UDP_SMALL, name)
        for name in ("sent", "arrived", "lost", "counted by kernel")
    )
    larger = number(figures, UDP_LARGE, "arrived")
    unix_sent, unix_lost = (number(figures, UNIX, name) for name in ("sent", "lost"))
    shown = 0 < arrived < sent == COUNT and unix_lost == 0 < unix_sent < COUNT
    counts = {"sent": sent, "arrived": arrived, "lost": lost, "counted": counted}
    counts |= {"larger": larger, "unix": unix_sent}
    text = told(READING, **{name: f"{count:,.0f}" for name, count in counts.items()})
    return judged(figures, shown, text)


def _udp(case: str, octets: int) -> tuple[Figure, ...]:
    kind = socket.SOCK_DGRAM
    with (
        socket.socket(socket.AF_INET, kind) as receiver,
        socket.socket(socket.AF_INET, kind) as sender,
    ):
        receiver.bind((LOOPBACK, 0))
        sender.connect(receiver.getsockname())
        sent, stopped_by = _sent(sender, octets)
        counters = receiver.getsockopt(socket.SOL_SOCKET, SO_MEMINFO.number, MEMINFO.size)
        drops = MEMINFO.unpack(counters)[SK_MEMINFO_DROPS]
        return _row(case, sent, stopped_by, _arrived(receiver), drops)


def _unix(case: str, octets: int) -> tuple[Figure, ...]:
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender:
        sent, stopped_by = _sent(sender, octets)
        return _row(case, sent, stopped_by, _arrived(receiver), None)


def _sent(sender: socket.socket, octets: int) -> tuple[int, str]:
    """Send without waiting; return how many were taken, and what stopped that."""
    sender.setblocking(False)
    for count in range(COUNT):
        try:
            sender.send(bytes(octets))
        except OSError as error:
            return count, name_of(error.errno or 0)
    return COUNT, "nothing"


def _arrived(receiver: socket.socket) -> int:
    """Return how many are there to be read."""
    receiver.setblocking(False)
    count = 0
    with suppress(BlockingIOError):
        while receiver.recv(LARGE):
            count += 1
    return count


def _row(
    case: str, sent: int, stopped_by: str, arrived: int, drops: int | None
) -> tuple[Figure, ...]:
    return row(
        case,
        sent=(sent, "datagrams"),
        stopped_by=stopped_by,
        arrived=(arrived, "datagrams"),
        lost=(sent - arrived, "datagrams"),
        counted_by_kernel=(drops, "datagrams"),
    )


DEMO = Demo(
    f"{COUNT:,} datagrams are sent, one after the other, to a socket that nobody reads from; then"
    " it is read until it is empty.",
    run,
)
