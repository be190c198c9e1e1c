"""Many datagrams in one call: what a system call costs, and what a datagram does (udp(7))."""

import ctypes
import socket
import struct
from collections.abc import Callable
from time import thread_time

from rawkit.demos.others import LOOPBACK
from rawkit.demos.outcome import Demo, Figure, Outcome, judged, number, row, told
from rawkit.host.calls import libc

OCTETS = 64
BATCH = 40
BATCHES = 50
ROUNDS = 7
"""The least disturbed one counts."""
UDP_SEGMENT = 103
"""linux/udp.h, Linux 4.18."""
SEND = "send, one by one"
SENDMMSG, SEGMENT = f"sendmmsg, {BATCH} a call", f"UDP_SEGMENT, {BATCH} a call"
READING = """
One datagram a call takes {send:.0f} ns of this processor's time, until it is in the buffer of a
socket on the same machine. sendmmsg(2) saves {of} of {of_and_one} system calls and still takes
{sendmmsg:.0f} ns for each: it is a loop in the kernel, which walks the whole way down for every
datagram, and from Python its arguments have to be built by ctypes (here they were built before).
UDP_SEGMENT goes down once, with {batch} datagrams in one buffer of the kernel, and cuts them apart
at the end, as late as in the network card where that can do it: {segment:.0f} ns, {times:.1f}
times as fast. So what is expensive is the way through the kernel, not the door. All of a batch go
to one address, and all but the last are equally long.
"""


class _Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", _Header), ("sent", ctypes.c_uint))


def run() -> Outcome:
    """Send the same datagrams in three ways, and time each."""
    kind = socket.SOCK_DGRAM
    with (
        socket.socket(socket.AF_INET, kind) as receiver,
        socket.socket(socket.AF_INET, kind) as sender,
    ):
        receiver.bind((LOOPBACK, 0))
        sender.connect(receiver.getsockname())
        ways = {SEND: _one_by_one(sender), SENDMMSG: _together(sender), SEGMENT: _as_one(sender)}
        best = {case: _Best() for case in ways}
        for _ in range(ROUNDS):  # interleaved, so that a disturbance meets all of them
            for case, way in ways.items():
                best[case].measure(way, receiver)
    return reading(tuple(figure for case, it in best.items() for figure in it.row(case)))


def reading(figures: tuple[Figure, ...]) -> Outcome:
    """Say what was saved, and what was not."""
    times = {case: number(figures, case, "a datagram") * 1e9 for case in (SEND, SENDMMSG, SEGMENT)}
    shown = times[SEGMENT] < times[SEND] / 1.5 and times[SEGMENT] < times[SENDMMSG] / 1.5
    text = told(
        READING,
        send=times[SEND],
        sendmmsg=times[SENDMMSG],
        segment=times[SEGMENT],
        times=times[SEND] / times[SEGMENT],
        of=BATCH - 1,
        of_and_one=BATCH,
        batch=BATCH,
    )
    return judged(figures, shown, text)


class _Best:
    """The least time that a way of sending has taken."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._arrived: list[int] = []

    def measure(self, way: Callable[[], object], receiver: socket.socket) -> None:
        """Send all batches; read what has arrived after each, untimed."""
        spent = 0.0
        arrived = 0
        for _ in range(BATCHES):
            begun = thread_time()
            way()
            spent += thread_time() - begun
            arrived += _drain(receiver)
        self._seconds.append(spent / (BATCH * BATCHES))
        self._arrived.append(arrived)

    def row(self, case: str) -> tuple[Figure, ...]:
        return row(
            case,
            a_datagram=(min(self._seconds), "s"),
            arrived=(max(self._arrived), "datagrams"),
        )


def _one_by_one(sender: socket.socket) -> Callable[[], object]:
    message = bytes(OCTETS)

    def send() -> None:
        for _ in range(BATCH):
            sender.send(message)

    return send


def _together(sender: socket.socket) -> Callable[[], object]:
    message = ctypes.create_string_buffer(OCTETS)
    vector = _Vector(ctypes.addressof(message), OCTETS)
    messages = (_Message * BATCH)()
    for one in messages:
        one.header.vectors = ctypes.pointer(vector)
        one.header.vector_count = 1
    library, descriptor = libc(), sender.fileno()

    def send() -> None:
        # `message` is named here so that it lives as long as the pointers to it.
        if library.sendmmsg(descriptor, messages, BATCH, 0) != BATCH:
            raise OSError(ctypes.get_errno(), f"sendmmsg of {message}")

    return send


def _as_one(sender: socket.socket) -> Callable[[], object]:
    together = [bytes(OCTETS * BATCH)]
    size = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", OCTETS))]
    return lambda: sender.sendmsg(together, size)


def _drain(receiver: socket.socket) -> int:
    """Return how many datagrams are there, and take them."""
    count = 0
    while True:
        try:
            receiver.recv(OCTETS, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return count
        count += 1


DEMO = Demo(
    f"{BATCH * BATCHES:,} datagrams of {OCTETS} octets are sent over loopback in three ways, in"
    f" batches of {BATCH}, {ROUNDS} times; the processor's time is measured.",
    run,
)
