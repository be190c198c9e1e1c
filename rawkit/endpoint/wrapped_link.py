"""Links around links: one that loses segments on purpose, and a plain one to start from.

Before its first segment a host can be given another link, such as one of these around its own.
"""

from random import Random

from rawkit.endpoint.link import Link, Traffic
from rawkit.tcp.codec import Arrival, Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import Segment, parts_of


class WrappedLink:
    """A link around another one that changes nothing; it belongs to this one from now on."""

    def __init__(self, inner: Link) -> None:
        self.inner = inner
        self.name = inner.name
        self.gso = inner.gso

    @property
    def traffic(self) -> Traffic:
        """What the inner link has done."""
        return self.inner.traffic

    @traffic.setter
    def traffic(self, traffic: Traffic) -> None:
        self.inner.traffic = traffic

    @property
    def reader(self) -> Reader:
        """What the inner link made of what arrived."""
        return self.inner.reader

    @reader.setter
    def reader(self, reader: Reader) -> None:
        self.inner.reader = reader

    def mtu_to(self, flow: Flow) -> int:
        return self.inner.mtu_to(flow)

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        self.inner.send(writer, segments)

    def receive(self, most: int) -> list[Arrival]:
        return self.inner.receive(most)

    def advice(self) -> list[tuple[Flow, Advice]]:
        return self.inner.advice()

    def filenos(self) -> tuple[int, ...]:
        return self.inner.filenos()

    def close(self) -> None:
        self.inner.close()


class LosingLink(WrappedLink):
    """Loses segments, ours and theirs, each with the same chance."""

    def __init__(self, inner: Link, share: float, *, seed: int | None = None) -> None:
        """Wrap a link.

        Args:
            inner: the link.
            share: of segments that are lost, 0 to 1, each way.
            seed: the same one loses the same segments; ``None``: others each time.
        """
        super().__init__(inner)
        self.lost_sent = self.lost_received = 0
        """Segments that were lost, by way."""
        self._share = share
        self._random = Random(seed)

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        """Send those that are not lost; large pieces are cut here, so that each is by itself."""
        parts = [part for one in segments for part in (parts_of(one) if one.cut else [one])]
        kept = [one for one in parts if not self._loses()]
        self.lost_sent += len(parts) - len(kept)
        if kept:
            self.inner.send(writer, kept)

    def receive(self, most: int) -> list[Arrival]:
        came = self.inner.receive(most)
        kept = [one for one in came if not self._loses()]
        self.lost_received += len(came) - len(kept)
        return kept

    def _loses(self) -> bool:
        return self._random.random() < self._share
