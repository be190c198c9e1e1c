"""Write capture files: pcapng or pcap, compressed or not."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Literal, Self, TypedDict, Unpack, cast

from rawkit.capture import options as opt
from rawkit.capture.blocks import Block, Captured, Interface, Section, Statistics, flags_of
from rawkit.capture.compression import SUFFIXES, compressing
from rawkit.capture.files import PcapFile, PcapngFile
from rawkit.capture.options import Option, Options, of_text
from rawkit.errors import UsageError
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType

Target = str | os.PathLike[str] | BinaryIO
"""A path, ``"-"`` for standard output, or a binary file."""

FORMATS = {".pcap": "pcap", ".cap": "pcap", ".dmp": "pcap", ".pcapng": "pcapng", ".ntar": "pcapng"}
"""By the suffix of a file's name."""
COUNT_CODES = {
    "received": opt.RECEIVED,
    "dropped": opt.DROPPED,
    "accepted": opt.ACCEPTED,
    "os_dropped": opt.OS_DROPPED,
    "delivered": opt.DELIVERED,
}


class Layout(TypedDict, total=False):
    """What kind of file to write."""

    format: Literal["pcap", "pcapng"]
    """If it is not said, the suffix of the name tells, and pcapng is the default."""
    compression: Literal["gzip", "zstd"] | None
    """If it is not said, the suffix of the name tells."""
    nanoseconds: bool
    """Whether times have nine digits, the default, or six."""
    order: Literal["little", "big"]
    """Of numbers. If it is not said: that of the first section added, or little-endian."""
    link_type: int
    """Of packets of which no interface is told; Ethernet is the default."""
    comments: tuple[str, ...]
    """About the file; pcap has no room for them."""
    immediate: bool
    """Whether to hand each packet to the system at once, lest it be lost with the program."""


class Naming(TypedDict, total=False):
    """What is told of an interface."""

    name: str
    description: str
    filter: str
    """What chose the packets."""
    snap_length: int
    """Octets that were kept of each packet at most; 0: all."""
    comments: tuple[str, ...]


class About(TypedDict, total=False):
    """What is told of a packet besides its octets and its time; pcap keeps the length only."""

    length: int
    """Octets that it had; as many as there are, if it is not said."""
    interface: Interface
    """Where it was captured: one of :meth:`CaptureWriter.add_interface`."""
    direction: Direction | None
    drop_count: int
    """Packets that were lost before it."""
    comments: tuple[str, ...]


class Counts(TypedDict, total=False):
    """What an interface counted."""

    received: int
    dropped: int
    accepted: int
    os_dropped: int
    delivered: int


class CaptureWriter:
    """A capture file that is being written."""

    def __init__(self, target: Target, **layout: Unpack[Layout]) -> None:
        """Open the file; what was in it is lost.

        Args:
            target: where to write to.
            **layout: see :class:`Layout`.

        Raises:
            UsageError: there is no such format or way to compress.
            OSError: the file cannot be written.
        """
        self.name = _name_of(target)
        stem, compression = _compression(self.name)
        compression = layout.get("compression", compression)
        kind = layout.get("format") or FORMATS.get(os.path.splitext(stem)[1].lower(), "pcapng")
        if kind not in FORMATS.values():
            raise UsageError(f"no format {kind!r}: there are pcap and pcapng")
        self._is_ours = isinstance(target, str | os.PathLike) and target != "-"
        self._file = _opened(target)
        try:
            self._out = compressing(self._file, compression)
        except BaseException:
            if self._is_ours:
                self._file.close()
            raise
        digits = 9 if layout.get("nanoseconds", True) else 6
        order = layout.get("order")
        self._format: PcapFile | PcapngFile
        if kind == "pcap":
            self._format = PcapFile(digits, order or "little")
        else:
            self._format = PcapngFile(digits, order, layout.get("comments", ()))
        self._link_type = layout.get("link_type", LinkType.ETHERNET)
        self._is_immediate = layout.get("immediate", False)
        self._default: Interface | None = None
        self._is_closed = False

    @property
    def format(self) -> str:
        """``pcap`` or ``pcapng``."""
        return self._format.name

    def add_interface(self, link_type: int, **naming: Unpack[Naming]) -> Interface:
        """Tell of an interface, and return it for its packets.

        Args:
            link_type: what its packets begin with.
            **naming: see :class:`Naming`.

        Raises:
            BuildError: pcap has one link type a file, and this is another.
        """
        options = of_text(opt.COMMENT, naming.get("comments", ()))
        for code, word in (
            (opt.NAME, naming.get("name")),
            (opt.DESCRIPTION, naming.get("description")),
        ):
            options += of_text(code, () if word is None else (word,))
        if "filter" in naming:
            options += (Option(opt.FILTER, b"\0" + naming["filter"].encode()),)
        snap_length = naming.get("snap_length", 0)
        octets, interface = self._format.new_interface(link_type, snap_length, options)
        self._put(octets)
        return interface

    def write(self, octets: bytes, time_ns: int, **about: Unpack[About]) -> None:
        """Add a packet.

        Args:
            octets: those of it that are kept.
            time_ns: nanoseconds since 1970, UTC.
            **about: see :class:`About`.

        Raises:
            BuildError: something does not fit.
            OSError: the file cannot be written.
        """
        interface = about.get("interface")
        if interface is None:
            if self._default is None:
                self._default = self.add_interface(self._link_type)
            interface = self._default
        numbers = []
        if (direction := about.get("direction")) is not None:
            numbers.append(self._format.number(opt.FLAGS, flags_of(direction), 4))
        if "drop_count" in about:
            numbers.append(self._format.number(opt.DROP_COUNT, about["drop_count"], 8))
        options = (*of_text(opt.COMMENT, about.get("comments", ())), *numbers)
        length = about.get("length", len(octets))
        self._put(self._format.packet(Captured(octets, time_ns, length, interface, options)))

    def lane(
        self, interface: Interface, direction: Direction | None = None
    ) -> Callable[[bytes, int, int], None]:
        """Return what adds packets of an interface as :meth:`write` does, with less ado for each.

        It takes octets, time and length of a packet, and raises what ``write`` raises. It is
        good until another section begins.

        Args:
            interface: one of :meth:`add_interface`.
            direction: where all of them were going.
        """
        options: Options = ()
        if direction is not None:
            options = (self._format.number(opt.FLAGS, flags_of(direction), 4),)
        self._put(self._format.beginning(interface.link_type))
        pack, put = self._format.packer(interface, options), self._put

        def add(octets: bytes, time_ns: int, length: int) -> None:
            put(pack(octets, time_ns, length))

        return add

    def write_statistics(
        self, interface: Interface, time_ns: int, **counts: Unpack[Counts]
    ) -> None:
        """Add what an interface has counted so far; in pcap there is no room for it."""
        told = cast("dict[str, int]", counts)
        options = tuple(
            self._format.number(code, told[name], 8)
            for name, code in COUNT_CODES.items()
            if name in told
        )
        self._put(self._format.block(Statistics(interface, time_ns, options)))

    def add(self, block: Block) -> None:
        """Add what a reader gave: a packet, or what is around packets.

        An interface is told of when its first packet comes, if it has not been before. What
        pcap has no room for is left out.

        Raises:
            BuildError: something does not fit.
            OSError: the file cannot be written.
        """
        if isinstance(block, Captured):
            self._put(self._format.packet(block))
            return
        if isinstance(block, Section):
            self._default = None
        self._put(self._format.block(block))

    def flush(self) -> None:
        """Hand everything to the system; of an empty file, its beginning."""
        self._put(self._format.beginning(self._link_type), flushed=True)

    def close(self) -> None:
        """Complete the file. Closing twice is harmless."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._out.write(self._format.beginning(self._link_type))
            if self._out is not self._file:
                self._out.close()
            self._file.flush()
            if self._is_ours:
                self._file.close()
        except OSError as error:
            with suppress(OSError):
                self._file.close()  # it tries once more to write what it holds
            raise OSError(error.errno, error.strerror, self.name) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, octets: bytes, flushed: bool = False) -> None:
        try:
            self._out.write(octets)
            if flushed or self._is_immediate:
                self._out.flush()
                self._file.flush()
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.name) from error


def _name_of(target: Target) -> str:
    if isinstance(target, str | os.PathLike):
        return os.fspath(target)
    return str(getattr(target, "name", "the capture"))


def _opened(target: Target) -> BinaryIO:
    if target == "-":
        return sys.stdout.buffer
    if isinstance(target, str | os.PathLike):
        return open(target, "wb")
    return target


def _compression(name: str) -> tuple[str, str | None]:
    """Return a name without the suffix of a compressed file, and what that suffix stands for."""
    stem, suffix = os.path.splitext(name)
    return (stem, SUFFIXES[suffix]) if suffix in SUFFIXES else (name, None)
