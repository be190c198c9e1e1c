"""Pipes around the socket of ``rawkit ping``, for what it is asked to show."""

import time
from collections.abc import Callable
from typing import BinaryIO

from rawkit.cli.ping_options import PingOptions
from rawkit.record import replace
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.address import Address
from rawkit.wire.news import News, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received


def wrapper(options: PingOptions, capture: BinaryIO | None) -> Callable[[PacketIO], PacketIO]:
    """Return what is done to the socket once it is open."""

    def wrap(io: PacketIO) -> PacketIO:
        _drop_privileges()
        if options.user_times:
            io = UserTimes(io)
        if capture is not None:
            from rawkit.sockets.tee import PcapTee

            io = PcapTee(io, capture, source_of)
        return io

    def source_of(dst: Address) -> Address | None:
        from rawkit.host.source import source_for

        try:
            return source_for(dst, options.interface, options.mark)
        except OSError:
            return None  # the way there is gone, or the privilege to mark

    return wrap


class UserTimes:
    """Another pipe, whose packets bear the times at which they pass here (``-U``).

    So they are as a program sees them, system calls and waking up included.
    """

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


def _drop_privileges() -> None:
    """Give up every capability: the socket is open, and nothing more is needed."""
    from rawkit.host import capability

    if capability.read().permitted:
        capability.drop()
