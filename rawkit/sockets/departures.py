"""Packets on their way out: which of them has left, and when."""

import socket
import time

from rawkit.sockets.timestamps import ask_for_timestamps, converter
from rawkit.wire.news import Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock

NEVER_LEFT = 5.0
"""Seconds after which a packet has not left and will not: its neighbour did not answer."""
MANY = 64
"""Packets under way before those that never left are looked for."""
SLACK = 100e-6
"""Seconds by which a stamp may miss the time between sending and now."""
KEYS = 1 << 32


class Departures:
    """Matches the kernel's departure stamps with packets.

    The kernel counts what is sent on a socket and stamps that number. A failed
    sending may or may not have been counted, so the count then starts anew.
    """

    def __init__(self, sock: socket.socket, *, wanted: bool) -> None:
        self.waiting: dict[int, tuple[Packet, float]] = {}
        """Packets without a stamp yet, with the time before their sending."""
        self.doubtful = False
        """Whether a stamp may come that nobody waits for."""
        self.wanted = wanted
        """Whether the kernel stamps departures at all."""
        self._socket = sock
        self._next = 0
        self._stamped = False
        ask_for_timestamps(sock, departures=wanted)

    def add(self, packet: Packet, before: float) -> Transmitted | None:
        """Note that a packet was sent; return the news if no stamp will come."""
        if not self.wanted:
            return Transmitted(packet, before, Clock.USER)
        self.waiting[self._next] = packet, before
        self._next = (self._next + 1) % KEYS
        if len(self.waiting) > MANY:
            self._forget(before - NEVER_LEFT)
        return None

    def stamped(self, key: int, seconds: int, nanoseconds: int) -> Transmitted | None:
        """Return the news of a departure, or ``None`` for one that is none of ours."""
        if key not in self.waiting:
            return None
        packet, before = self.waiting.pop(key)
        at = converter.to_monotonic(seconds, nanoseconds)
        self._stamped = True
        if before - SLACK <= at <= time.monotonic() + SLACK:
            return Transmitted(packet, at)
        return Transmitted(packet, before, Clock.USER)  # a stamp from an earlier count

    def pause(self) -> list[Transmitted]:
        """Have the kernel stamp no departures until :meth:`restart`."""
        if self.wanted:
            ask_for_timestamps(self._socket, departures=False)
        return self._give_up()

    def restart(self) -> list[Transmitted]:
        """Have the kernel count anew; return the news of packets that now get no stamp."""
        if not self.wanted:
            return []
        self._next = 0
        ask_for_timestamps(self._socket, departures=True)
        return self._give_up()

    def answered(self) -> list[Transmitted]:
        """Note that an answer came; return the news of packets that will get no stamp.

        An answer before the very first stamp shows that the driver makes none.
        """
        if self._stamped or not self.wanted:
            return []
        self.wanted = False
        ask_for_timestamps(self._socket, departures=False)
        return self._give_up()

    def _give_up(self) -> list[Transmitted]:
        told = [Transmitted(packet, before, Clock.USER) for packet, before in self.waiting.values()]
        self.waiting.clear()
        self.doubtful = self.doubtful or bool(told)
        return told

    def _forget(self, sent_before: float) -> None:
        """Forget packets that never left."""
        while self.waiting:
            oldest = next(iter(self.waiting))
            if self.waiting[oldest][1] >= sent_before:
                return
            del self.waiting[oldest]
            self.doubtful = True
