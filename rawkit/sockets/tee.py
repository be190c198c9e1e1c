"""A pipe that writes what passes to a capture file."""

import time
from collections.abc import Callable
from typing import BinaryIO

from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.pcap import LinkType, PcapWriter
from rawkit.wire.received import Received


class PcapTee:
    """Another pipe, and a pcap file of the packets that left and came.

    A sent packet is written when the kernel has said at what time it left, so one
    that never left is not in the file. What the kernel itself fills in (of the IP
    header: identification and fragments) is not seen here; behind a ping socket the
    IP header of a received packet is put together from what the kernel tells of it.
    """

    def __init__(
        self,
        inner: PacketIO,
        file: BinaryIO,
        source_of: Callable[[Address], Address | None] = lambda _: None,
        *,
        link_type: int = LinkType.RAW,
        writer: PcapWriter | None = None,
    ) -> None:
        """Put a file beside a pipe.

        Args:
            inner: the pipe.
            file: open for writing; the caller closes it, after the pipe.
            source_of: which source address the kernel fills in on the way to a destination;
                asked once for each. ``None``: it is not known.
            link_type: what packets begin with; behind a pipe of frames, Ethernet.
            writer: what has begun the file, where it goes on with another pipe.
        """
        self._inner = inner
        self._source_of = source_of
        self._sources: dict[Address, Address | None] = {}
        self._file = file
        self._writer = writer or PcapWriter(file, link_type)
        # Once and for all, so that differences of times stay exact whatever the clock does.
        self._epoch = time.time_ns() - time.monotonic_ns()

    def send(self, packet: Packet) -> None:
        self._inner.send(packet)

    def receive(self) -> News | None:
        news = self._inner.receive()
        if isinstance(news, Received | Transmitted):
            packet = self._sourced(news.packet) if isinstance(news, Transmitted) else news.packet
            self._write(bytes(packet), round(news.time * 10**9) + self._epoch)
        return news

    def fileno(self) -> int:
        return self._inner.fileno()

    def _sourced(self, packet: Packet) -> Packet:
        """Return a packet as it left, with the source address that the kernel gave it."""
        outer = packet.headers[0]
        if not isinstance(outer, IPv4 | IPv6) or not outer.src.is_unspecified:
            return packet
        if outer.dst not in self._sources:
            self._sources[outer.dst] = self._source_of(outer.dst)
        source = self._sources[outer.dst]
        return packet if source is None else packet.replace(type(outer), src=source)

    def _write(self, octets: bytes, time_ns: int) -> None:
        try:
            self._writer.write(octets, time_ns)
            self._file.flush()  # whoever stops us must not cost the last packets
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._file.name) from error

    def close(self) -> None:
        self._inner.close()
