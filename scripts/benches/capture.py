"""What really happened on the wire: echo requests and replies with the kernel's time stamps.

A packet socket (packet(7)) sees both directions, and stamps where the packet leaves and
enters the stack. Nobody reads it while a tool runs, so watching wakes nobody up.
"""

import socket
import struct
from collections.abc import Iterable
from typing import NamedTuple, Self

from rawkit.lab import Node

ETH_P_ALL, ETH_P_IP = 0x0003, 0x0800
SO_TIMESTAMPNS = 35  # asm-generic/socket.h
SOL_PACKET, PACKET_STATISTICS = 263, 6  # linux/if_packet.h
STATISTICS = struct.Struct("=II")
TIMESPEC = struct.Struct("@qq")
ROOM = 1 << 20
"""Octets; the kernel gives what net.core.rmem_max allows, some 500 small packets."""
ETHERNET = 14
ECHO_REPLY, ECHO_REQUEST, ICMP = 0, 8, 1
NANOSECONDS = 1_000_000_000


class Frame(NamedTuple):
    """A frame, and when it passed, in nanoseconds since 1970."""

    octets: bytes
    time: int


class Exchange(NamedTuple):
    """An echo request and its first reply, in seconds."""

    sent: float
    """Since the first request."""
    rtt: float


class Capture:
    """Watches one interface of a node from now on.

    Raises:
        OSError: this process may not.
    """

    def __init__(self, node: Node, interface: str) -> None:
        self._socket = node.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self._socket.setblocking(False)
        self._socket.bind((interface, ETH_P_ALL))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def take(self) -> list[Frame]:
        """Return what has passed since the last time.

        Raises:
            OSError: there was more than the queue holds.
        """
        frames = []
        while True:
            try:
                octets, ancillary, _, _ = self._socket.recvmsg(2048, 128)
            except BlockingIOError:
                break
            seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
            frames.append(Frame(octets, seconds * NANOSECONDS + nanoseconds))
        counters = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, STATISTICS.size)
        _, dropped = STATISTICS.unpack(counters)
        if dropped:
            raise OSError(f"the capture missed {dropped} packets")
        return frames


def exchanges(frames: Iterable[Frame]) -> list[Exchange]:
    """Return every echo request that was answered, in the order of the requests."""
    requests: dict[bytes, int] = {}
    replies: dict[bytes, int] = {}
    for octets, time in frames:
        message = icmp_of(octets)
        if message[:1] == bytes((ECHO_REQUEST,)):
            requests.setdefault(message[4:8], time)
        elif message[:1] == bytes((ECHO_REPLY,)):
            replies.setdefault(message[4:8], time)
    start = min(requests.values(), default=0)
    return [
        Exchange((time - start) / NANOSECONDS, (replies[key] - time) / NANOSECONDS)
        for key, time in sorted(requests.items(), key=lambda item: item[1])
        if key in replies
    ]


def icmp_of(frame: bytes) -> bytes:
    """Return the ICMP message in an Ethernet frame, or nothing (RFC 791, RFC 792)."""
    if int.from_bytes(frame[12:14]) != ETH_P_IP or len(frame) < ETHERNET + 28:
        return b""
    if frame[ETHERNET + 9] != ICMP:
        return b""
    return frame[ETHERNET + 4 * (frame[ETHERNET] & 0x0F) :]
