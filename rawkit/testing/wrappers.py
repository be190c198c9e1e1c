"""Pipes around pipes: one that tells what passes, one that breaks things on purpose."""

from collections.abc import Callable
from random import Random

from rawkit.record import field, record
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.news import News
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received


@record(frozen=False)
class Tracer:
    """Tells of every packet that passes: ``tell(">", packet)`` out, ``tell("<", packet)`` in."""

    inner: PacketIO
    tell: Callable[[str, Packet], None]

    def send(self, packet: Packet) -> None:
        self.inner.send(packet)
        self.tell(">", packet)

    def receive(self) -> News | None:
        news = self.inner.receive()
        if isinstance(news, Received):
            self.tell("<", news.packet)
        return news

    def fileno(self) -> int:
        return self.inner.fileno()

    def close(self) -> None:
        self.inner.close()


@record(frozen=False)
class FaultInjector:
    """Loses packets and refuses sends, each with a seeded chance; else a plain pipe."""

    inner: PacketIO
    drop_sent: float = 0.0
    """Share of packets that are taken and never leave, 0 to 1."""
    drop_received: float = 0.0
    refuse: float = 0.0
    """Share of sends that raise ``error``."""
    error: OSError = field(default_factory=lambda: OSError(105, "No buffer space available"))
    seed: int = 1
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def send(self, packet: Packet) -> None:
        if self._random.random() < self.refuse:
            raise self.error
        if self._random.random() >= self.drop_sent:
            self.inner.send(packet)

    def receive(self) -> News | None:
        while isinstance(news := self.inner.receive(), Received):
            if self._random.random() >= self.drop_received:
                return news
        return news

    def fileno(self) -> int:
        return self.inner.fileno()

    def close(self) -> None:
        self.inner.close()
