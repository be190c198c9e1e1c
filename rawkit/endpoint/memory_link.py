"""Segments through this process's memory: two hosts face to face, without network or privilege."""

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from rawkit.endpoint.link import Traffic
from rawkit.tcp.codec import Arrival, Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import Segment, parts_of

Passes = Callable[[bytes], bool]
"""Says of a packet whether it arrives."""


class MemoryLink:
    """One end of a cable; :func:`cable` makes both. Packets pass as octets."""

    name = "memory"

    def __init__(self, mtu: int = 1500, gso: int = 0, passes: Passes | None = None) -> None:
        """Make an end that is not plugged in.

        Args:
            mtu: octets; larger packets vanish.
            gso: the largest payload that is taken and cut here; 0: none is.
            passes: says which packets arrive; without it, all.
        """
        self.gso = gso
        self.traffic = Traffic()
        self.reader = Reader(takes_unfinished=False)
        self.peer: MemoryLink | None = None
        self._mtu = mtu
        self._passes = passes
        self._queue: deque[bytes] = deque()
        self._lock = threading.Lock()
        """Held while the descriptor is used: the other end may be another thread's."""
        self._ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def mtu_to(self, flow: Flow) -> int:
        return self._mtu

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        for segment in segments:
            for part in parts_of(segment) if segment.cut else (segment,):
                self._send(writer.pack(part))

    def receive(self, most: int) -> list[Arrival]:
        arrivals: list[Arrival] = []
        while self._queue and len(arrivals) < most:
            found = self.reader.read(self._queue.popleft())
            self.traffic.received += 1
            if found is not None:
                arrivals.append(found)
        if not self._queue:
            self._quieten()
        return arrivals

    def advice(self) -> list[tuple[Flow, Advice]]:
        return []

    def filenos(self) -> tuple[int, ...]:
        return (self._ready,)

    def close(self) -> None:
        with self._lock:
            if self._ready >= 0:
                os.close(self._ready)
                self._ready = -1

    def _send(self, octets: bytes) -> None:
        self.traffic.sent += 1
        arrives = len(octets) <= self._mtu and (self._passes is None or self._passes(octets))
        if arrives and self.peer is not None:
            self.peer._take(octets)

    def _take(self, octets: bytes) -> None:
        with self._lock:
            if self._ready >= 0:
                self._queue.append(octets)
                os.eventfd_write(self._ready, 1)

    def _quieten(self) -> None:
        with self._lock, suppress(BlockingIOError):
            if self._ready >= 0 and not self._queue:  # what came in between stays to be heard of
                os.eventfd_read(self._ready)


def cable(
    mtu: int = 1500, gso: int = 0, passes: Passes | None = None
) -> tuple[MemoryLink, MemoryLink]:
    """Return the two ends of a cable."""
    one, other = MemoryLink(mtu, gso, passes), MemoryLink(mtu, gso, passes)
    one.peer, other.peer = other, one
    return one, other
