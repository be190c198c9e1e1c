"""Where ``rawkit decode`` gets packets from: a capture file, standard input, or hexadecimal."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from typing import BinaryIO, cast

from rawkit.capture.blocks import Block, Captured, Interface, Statistics
from rawkit.capture.reader import Capture
from rawkit.errors import ParseError, UsageError
from rawkit.record import replace
from rawkit.wire.hex_text import looks_like_hex, read_hex
from rawkit.wire.link_guess import link_of

PCAPNG = b"\n\r\r\n"
"""The only capture file that begins as a text may."""
TEXT = frozenset((*range(0x20, 0x7F), *b"\t\r\n\f"))
LONGEST_MAGIC = 4


class Packets:
    """The packets of a source, once, with what is around them."""

    def __init__(
        self,
        source: str,
        *,
        is_hex: bool,
        link_type: int | None,
        before_waiting: Callable[[], None],
    ) -> None:
        """Open it.

        Args:
            source: a path, ``-``, or octets in hexadecimal.
            is_hex: whether the latter are meant in any case, or what is in the file.
            link_type: what packets begin with; ``None``: as the file says, or as it seems.
            before_waiting: called before more is read.

        Raises:
            NotationError: something in it is no octet.
            ParseError: it is no capture file.
            UsageError: it takes a module that is not there to decompress it.
            OSError: it cannot be opened or read.
        """
        self.name = source
        self._link_type = link_type
        self._capture: Capture | None = None
        self._octets: tuple[bytes, ...] = ()
        self._changed: dict[Interface, Interface] = {}
        is_file = source == "-" or os.path.exists(source)
        if not is_file and not (is_hex or looks_like_hex(source)):
            raise UsageError(f"{source}: no such file, and no octets in hexadecimal")
        if is_file:
            self._open(source, is_hex, before_waiting)
        else:
            self.name = "hex"
            self._octets = read_hex(source)

    @property
    def error(self) -> ParseError | OSError | None:
        """Why reading ended before the end, and where."""
        return None if self._capture is None else self._capture.error

    @property
    def counted(self) -> Mapping[Interface, Statistics]:
        """What the file says that interfaces have counted."""
        return {} if self._capture is None else self._capture.statistics

    def blocks(self) -> Iterator[Block]:
        """Yield packets, and what is around them."""
        if self._capture is None:
            yield from self._from_octets()
            return
        for block in self._capture.blocks():
            if self._link_type is None:
                yield block
            elif isinstance(block, Captured):
                yield replace(block, interface=self._linked(block.interface))
            else:
                yield self._linked(block) if isinstance(block, Interface) else block

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.close()

    def _open(self, source: str, is_hex: bool, before_waiting: Callable[[], None]) -> None:
        file: BufferedReader
        if source == "-":
            file, is_ours = cast("BufferedReader", sys.stdin.buffer), False
        else:
            file, is_ours = open(source, "rb"), True  # noqa: SIM115  # the capture closes it
        try:
            if is_hex or _is_text(file):
                text = file.read().decode("ascii", errors="replace")
                self._octets = read_hex(text, f"{source}: no capture file, and as hex")
                return
            reading = cast("BinaryIO", _Announcing(file, before_waiting))
            self._capture = Capture(reading, source, is_ours)
        finally:
            if is_ours and self._capture is None:
                file.close()

    def _linked(self, interface: Interface) -> Interface:
        """Return an interface whose packets begin as was said."""
        if interface not in self._changed:
            assert self._link_type is not None
            self._changed[interface] = replace(interface, link_type=self._link_type)
        return self._changed[interface]

    def _from_octets(self) -> Iterator[Block]:
        made: dict[int, Interface] = {}
        for octets in self._octets:
            link_type = link_of(octets) if self._link_type is None else self._link_type
            if link_type not in made:
                made[link_type] = Interface(link_type, 0, (), len(made))
                yield made[link_type]
            yield Captured(octets, None, len(octets), made[link_type])


class _Announcing:
    """A file that says so before it may have to wait for more."""

    def __init__(self, file: BufferedReader, before_waiting: Callable[[], None]) -> None:
        self._file = file
        self._before_waiting = before_waiting

    def read1(self, size: int) -> bytes:
        """Return what is there, at most so many octets."""
        self._before_waiting()
        return self._file.read1(size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _is_text(file: BufferedReader) -> bool:
    beginning = file.peek(LONGEST_MAGIC)[:LONGEST_MAGIC]
    return beginning != PCAPNG and bool(beginning) and TEXT.issuperset(beginning)
