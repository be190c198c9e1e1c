"""Hear what really is on the wire: a packet socket of the tests' own."""

import errno
import socket
import struct
import time
from collections.abc import Callable

from rawkit.lab.namespace import Namespace
from rawkit.record import record

ETH_P_ALL = 0x0003
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@qq")
OUTGOING = 4


@record
class Frame:
    """A frame as the kernel saw it."""

    time: float
    """Seconds of real time, stamped by the kernel."""
    outgoing: bool
    octets: bytes


class Capture:
    """All frames at one interface of a node, both ways."""

    def __init__(self, node: Namespace, interface: str) -> None:
        with node.here():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((interface, ETH_P_ALL))

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def next(self, timeout: float) -> Frame | None:
        """Return the next frame, or ``None`` if none comes in time."""
        self._socket.settimeout(max(timeout, 1e-6))
        try:
            octets, ancillary, _, address = self._socket.recvmsg(
                1 << 17, socket.CMSG_SPACE(TIMESPEC.size)
            )
        except (TimeoutError, BlockingIOError):
            return None
        except OSError as error:
            if error.errno != errno.ENETDOWN:  # told once, when an interface goes down
                raise
            return self.next(timeout)
        seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
        return Frame(seconds + nanoseconds / 1e9, address[2] == OUTGOING, octets)

    def until(
        self, wanted: Callable[[Frame], bool], count: int = 1, timeout: float = 2.0
    ) -> list[Frame]:
        """Return the first ``count`` frames of a kind, or as many as come in time."""
        end, found = time.monotonic() + timeout, list[Frame]()
        while len(found) < count and (frame := self.next(end - time.monotonic())):
            if wanted(frame):
                found.append(frame)
        return found

    def during(self, seconds: float) -> list[Frame]:
        """Return every frame of a while."""
        return self.until(lambda frame: True, 1 << 30, seconds)
