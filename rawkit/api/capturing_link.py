"""A link that writes what passes into a capture file, for connections made in user space."""

import time
from typing import Self

from rawkit.capture.writer import CaptureWriter, Target
from rawkit.endpoint.host import Host
from rawkit.endpoint.link import Link
from rawkit.endpoint.wrapped_link import LosingLink, WrappedLink
from rawkit.tcp.codec import Arrival, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import Segment
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType

WRITERS = 1024
"""Flows whose headers are remembered."""


class Tap:
    """What is put around the links of hosts: a capture file for all of them, and losses."""

    def __init__(self, target: Target | None = None, share: float = 0.0) -> None:
        """Open the file.

        Args:
            target: where to write packets to; ``None``: nowhere.
            share: of segments that are lost on purpose, each way, 0 to 1.

        Raises:
            OSError: the file cannot be written.
            UsageError: its name asks for a format or a compression that there is not.
        """
        self._share = share
        self._capture = None
        if target is not None:
            self._capture = CaptureWriter(target, link_type=LinkType.RAW, immediate=True)

    def around(self, host: Host) -> None:
        """Put both around a host's link; what is lost on its way out is not in the file."""
        if self._capture is not None:
            host.link = CapturingLink(host.link, self._capture)
        if self._share:
            host.link = LosingLink(host.link, self._share)

    def close(self) -> None:
        """Complete the file. Closing twice is harmless."""
        if self._capture is not None:
            self._capture.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class CapturingLink(WrappedLink):
    """Writes each segment that leaves or has come, with the IP header that it would have.

    A segment knows nothing of its IP header beyond addresses and ECN: of those that have come,
    TTL and the like are ours. What the link cuts itself is one long packet, as in tcpdump(1).
    """

    def __init__(self, inner: Link, capture: CaptureWriter) -> None:
        super().__init__(inner)
        self._capture = capture
        self._theirs: dict[bytes, Writer] = {}

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        for one in segments:
            self._write(writer, one, Direction.OUT)
        self.inner.send(writer, segments)

    def receive(self, most: int) -> list[Arrival]:
        came = self.inner.receive(most)
        for key, segment in came:
            self._write(self._writer_of(key), segment, Direction.IN)
        return came

    def _writer_of(self, key: bytes) -> Writer:
        """Return what makes packets as the other side would."""
        found = self._theirs.get(key)
        if found is None:
            if len(self._theirs) >= WRITERS:
                self._theirs.clear()
            ours = Flow.of_key(key)
            turned = Flow(ours.remote, ours.remote_port, ours.local, ours.local_port)
            found = self._theirs[key] = Writer(turned)
        return found

    def _write(self, writer: Writer, segment: Segment, direction: Direction) -> None:
        self._capture.write(writer.pack(segment), time.time_ns(), direction=direction)
