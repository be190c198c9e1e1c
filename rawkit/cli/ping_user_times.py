"""``rawkit ping -U``: times as a program sees them, system calls and wake-ups included."""

import time

from rawkit.record import replace
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.news import News, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received


class UserTimes:
    """Another pipe, whose packets bear the times at which they pass here."""

    def __init__(self, inner: PacketIO) -> None:
        self._inner = inner
        self._sent: dict[int, float] = {}

    def send(self, packet: Packet) -> None:
        self._sent[id(packet)] = time.monotonic()
        self._inner.send(packet)

    def receive(self) -> News | None:
        match self._inner.receive():
            case Received() as received:
                return replace(received, time=time.monotonic(), clock=Clock.USER)
            case Transmitted(packet=packet) as transmitted:
                sent = self._sent.pop(id(packet), transmitted.time)
                return Transmitted(packet, sent, Clock.USER)
            case news:
                return news

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()
