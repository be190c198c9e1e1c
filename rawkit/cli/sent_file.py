"""The capture file of ``rawkit send`` and ``rawkit exchange``: what left, and what came."""

import time
from contextlib import nullcontext, suppress

from rawkit.capture.blocks import Interface
from rawkit.capture.writer import CaptureWriter, Naming
from rawkit.errors import UsageError
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet


class SentFile:
    """A capture file that packets of any layer can be written to."""

    def __init__(self, name: str) -> None:
        """Open the file.

        Raises:
            UsageError: it cannot be written.
        """
        if name == "-":
            raise UsageError("stdout is for the text: --pcap FILE, or --pcap >(tcpdump -r -)")
        try:
            self._writer = CaptureWriter(name, immediate=True)
        except OSError as error:
            raise UsageError(f"cannot write packets to {name!r}: {error.strerror}") from error
        self._interfaces: dict[tuple[LinkType, str | None], Interface] = {}
        self._is_broken = False

    def add(
        self,
        first: Packet,
        octets: bytes,
        interface: str | None,
        direction: Direction,
        time_ns: int | None = None,
    ) -> None:
        """Write a packet.

        Args:
            first: the packet, of which the outermost header tells what it begins with.
            octets: what to write.
            interface: where it left or came.
            direction: which of these.
            time_ns: when, in nanoseconds since 1970; ``None``: now.

        Raises:
            BuildError: the file has room for one kind of links, and this is another.
            OSError: the file cannot be written.
        """
        is_frame = bool(first.headers) and isinstance(first.headers[0], Ethernet)
        at = time.time_ns() if time_ns is None else time_ns
        try:
            where = self._interface(LinkType.ETHERNET if is_frame else LinkType.RAW, interface)
            self._writer.write(octets, at, interface=where, direction=direction)
        except OSError:
            self._is_broken = True
            raise

    def close(self) -> None:
        """Complete the file; what was wrong with it before is not said again."""
        with suppress(OSError) if self._is_broken else nullcontext():
            self._writer.close()

    def _interface(self, link_type: LinkType, name: str | None) -> Interface:
        key = link_type, name
        if key not in self._interfaces:
            naming: Naming = {"name": name} if name else {}
            self._interfaces[key] = self._writer.add_interface(link_type, **naming)
        return self._interfaces[key]
