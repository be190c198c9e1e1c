"""Read capture files of either format, compressed or not, from a path, a pipe or a program."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Self, cast

from rawkit.capture.blocks import Block, Captured, Interface, NameRecord, Names, Section, Statistics
from rawkit.capture.buffer import Buffer, Read, decompressed
from rawkit.capture.pcap import MAGIC as PCAP
from rawkit.capture.pcap import read_pcap
from rawkit.capture.pcapng_read import MAGIC as PCAPNG
from rawkit.capture.pcapng_read import read_pcapng
from rawkit.errors import ParseError, TruncatedError

Source = str | os.PathLike[str] | BinaryIO
"""A path, ``"-"`` for standard input, or a binary file."""


def read_capture(source: Source) -> "Capture":
    """Open a capture file; iterate over what this returns to get the packets.

    The file is closed when it has been read, or by ``with``.

    Args:
        source: pcap or pcapng, perhaps compressed by gzip or Zstandard.

    Raises:
        ParseError: it is no capture file.
        UsageError: it takes a module that is not there to decompress it.
        OSError: it cannot be opened or read.
    """
    file, name, is_ours = _opened(source)
    try:
        return Capture(file, name, is_ours)
    except BaseException:
        if is_ours:
            file.close()
        raise


class Capture:
    """A capture file that is being read, once, from its beginning on.

    Reading ends where the file ends, and where it is damaged: ``error`` tells, and what
    came before is good.
    """

    def __init__(self, file: BinaryIO, name: str, is_ours: bool = True) -> None:
        """Look what kind of file it is; see :func:`read_capture`."""
        self.name = name
        """Of the file; ``-`` for standard input."""
        self.sections: list[Section] = []
        self.interfaces: list[Interface] = []
        """Those of all sections, as far as the file has been read."""
        self.statistics: dict[Interface, Statistics] = {}
        """The last that was told of each interface."""
        self.names: list[NameRecord] = []
        self.count = 0
        """Packets read so far."""
        self.error: ParseError | OSError | None = None
        """Why reading ended before the end of the file, and where."""
        self._file = file
        self._is_ours = is_ours
        self._buffer, self.compression = decompressed(_reading(file))
        self.format, found = _recognized(self._buffer, name)
        self._blocks = self._noted(found)

    def blocks(self) -> Iterator[Block]:
        """Return everything that is in the file, in its order: packets, and what is around them."""
        return self._blocks

    def __iter__(self) -> Iterator[Captured]:
        """Return the packets."""
        return (block for block in self._blocks if isinstance(block, Captured))

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._is_ours:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _noted(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Pass blocks on and take note of what they tell; end at the first that is damaged."""
        try:
            for block in blocks:
                if isinstance(block, Captured):
                    self.count += 1
                else:
                    self._note(block)
                yield block
        except ParseError as error:
            self.error = self._placed(error)
        finally:
            self.close()
        failure = self._buffer.error  # it is why the rest is missing
        if failure is not None:
            self.error = self._placed(failure) if isinstance(failure, ParseError) else failure

    def _note(self, block: Block) -> None:
        match block:
            case Section():
                self.sections.append(block)
            case Interface():
                self.interfaces.append(block)
            case Statistics():
                self.statistics[block.interface] = block
            case Names():
                self.names += block.records

    def _placed(self, error: ParseError) -> ParseError:
        """Return an error that says where in the file it is."""
        place, count = self._buffer.place, self.count
        packets = f"{count} packet{'' if count == 1 else 's'}"
        return type(error)(f"{self.name}: {error} (octet {place}, behind {packets})")


def _opened(source: Source) -> tuple[BinaryIO, str, bool]:
    """Return a file, its name, and whether it was opened here."""
    if source == "-":
        return sys.stdin.buffer, "-", False
    if isinstance(source, str | os.PathLike):
        return cast("BinaryIO", open(source, "rb", buffering=0)), os.fspath(source), True
    return source, str(getattr(source, "name", "the capture")), False


def _reading(file: BinaryIO) -> Read:
    """Return a way to read what is there, without waiting for more."""
    with suppress(AttributeError):
        read: Read = file.read1  # type: ignore[attr-defined]  # of buffered files and of sockets'
        return read
    return lambda size: file.read(size) or b""


def _recognized(buffer: Buffer, name: str) -> tuple[str, Iterator[Block]]:
    buffer.fill(len(PCAPNG))
    beginning = buffer.data[:4]
    failure = buffer.error
    if failure is not None and len(beginning) < len(PCAPNG):
        if isinstance(failure, ParseError):
            raise type(failure)(f"{name}: {failure}, before any packet") from failure
        raise failure
    if beginning in PCAP:
        return "pcap", read_pcap(buffer)
    if beginning == PCAPNG:
        return "pcapng", read_pcapng(buffer)
    if len(beginning) < len(PCAPNG):
        raise TruncatedError(f"{name}: {len(beginning) or 'no'} octets, and no capture file")
    shown = beginning.hex(" ")
    raise ParseError(f"{name}: no capture file: it begins with {shown}, as neither pcap nor pcapng")
