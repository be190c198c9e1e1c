"""The loop of ``rawkit decode``: packets are read, chosen, printed, counted, followed, copied."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from rawkit.capture.blocks import Captured
from rawkit.cli.decode_options import DecodeOptions
from rawkit.cli.decode_source import Packets
from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, cause_of, complain, write
from rawkit.cli.packet_lines import PacketLines, Seen
from rawkit.cli.sniff_lists import chosen_by
from rawkit.errors import UsageError
from rawkit.wire.verify_file import verdict_in_file

if TYPE_CHECKING:
    from rawkit.capture.choosing import CaptureFilter
    from rawkit.capture.writer import CaptureWriter
    from rawkit.cli.decode_follow import Follow
    from rawkit.engine.tally import Tally
    from rawkit.filters.filter import Filter

PRINTED_AT_ONCE = 1 << 16
"""Characters that are held back while there is more to print."""


class Run:
    """One source: printed, counted, followed, copied."""

    def __init__(self, options: DecodeOptions) -> None:
        """Open the source and what is to be written.

        Raises:
            NotationError: the hexadecimal or the filter makes no sense.
            UsageError: something else makes no sense.
            ParseError: it is no capture file.
            OSError: a file cannot be opened.
        """
        self._options = options
        self._held: list[str] = []
        self._held_size = 0
        self._read = self._passed = 0
        self._writer: CaptureWriter | None = None
        self._wanted = chosen_by(options)
        self._chosen = _filter(self._wanted)
        self._source = Packets(
            options.source,
            is_hex=options.is_hex,
            link_type=options.link_type,
            before_waiting=self.flush,
        )
        self._writer = _writer(options)
        self._lines = PacketLines(options.look)
        is_only = not (options.file or options.stats or options.follow is not None)
        self._print = _printer(options, self._lines) if is_only or options.print_too else None
        self._follow = _follow(options, self._lines)
        self._tally = _tally(options)

    def run(self) -> int:
        """Run to the end, and return the exit code."""
        try:
            with suppress(KeyboardInterrupt):
                self._read_all()
        finally:
            self._source.close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._conclude()
        if (error := self._source.error) is not None:
            complain("decode", cause_of(error))
            return TROUBLE
        return OK if self._passed else NO_ANSWER

    def flush(self) -> None:
        """Hand out what was printed and written so far."""
        if self._held:
            text = "".join(self._held)
            self._held.clear()
            self._held_size = 0
            write(text)
        if self._writer is not None:
            self._writer.flush()

    def _read_all(self) -> None:
        for captured in self._chosen_packets():
            self._passed += 1
            if self._writer is not None:
                self._writer.add(captured)
            if self._print is not None or self._follow is not None or self._tally is not None:
                self._take(captured)
            if self._passed == self._options.count:
                return

    def _chosen_packets(self) -> Iterator[Captured]:
        for block in self._source.blocks():
            if not isinstance(block, Captured):
                if self._writer is not None:
                    self._writer.add(block)
                continue
            self._read += 1
            if self._chosen is None or self._chosen(block):
                yield block

    def _take(self, captured: Captured) -> None:
        packet, checksum = captured.dissect(), None
        if self._options.check:
            checksum = verdict_in_file(packet, captured.octets, is_cut=captured.is_cut)
        seen = Seen(
            packet,
            captured.octets,
            self._read,
            captured.time_ns,
            captured.length,
            captured.interface.name,
            captured.direction,
            checksum,
            None,
        )
        if self._print is not None:
            self._hold(self._print(seen))
        if self._tally is not None:
            about = captured.length, len(captured.octets), captured.time_ns, checksum
            self._tally.add(packet, *about)
        if self._follow is not None:
            self._hold(self._follow.packet(seen))

    def _conclude(self) -> None:
        """Print what is known in the end."""
        options = self._options
        if self._follow is not None:
            self._hold(self._follow.closing())
        if self._tally is not None and options.json:
            from rawkit.cli.decode_json import closing_lines

            wanted = self._wanted if isinstance(self._wanted, str) else self._wanted.text
            self._hold(closing_lines(self._tally, self._source, self._read, options, wanted))
        elif self._tally is not None:
            from rawkit.cli.decode_stats import stats_text

            self._hold(stats_text(self._tally, self._source.counted))
        self.flush()
        if options.file is not None:
            told = f"{self._passed} of {self._read} packets written to {options.file}"
            with suppress(OSError):
                sys.stderr.write(f"{told}\n")

    def _hold(self, text: str) -> None:
        if text:
            self._held.append(text)
            self._held_size += len(text)
            if self._held_size >= PRINTED_AT_ONCE:
                self.flush()


def _filter(wanted: "str | Filter") -> "CaptureFilter | None":
    """Return what chooses packets.

    Raises:
        FilterError: it makes no sense.
    """
    if wanted == "":
        return None
    from rawkit.capture.choosing import CaptureFilter

    return CaptureFilter(wanted)


def _writer(options: DecodeOptions) -> "CaptureWriter | None":
    if options.file is None:
        return None
    from rawkit.capture.writer import CaptureWriter

    are_there = os.path.exists(options.source) and os.path.exists(options.file)
    if are_there and os.path.samefile(options.source, options.file):
        raise UsageError(f"{options.file} is what is read: write to another file")
    return CaptureWriter(options.file)


def _printer(options: DecodeOptions, lines: PacketLines) -> Callable[[Seen], str]:
    """Return what prints a packet."""
    deep = None
    if options.deep:
        from rawkit.cli.decode_deep import Deep

        deep = Deep()
    if options.json:
        from rawkit.cli.decode_json import packet_printer

        return packet_printer(options, deep)
    if deep is None:
        return lines.of
    return lambda seen: lines.of(seen) + deep.text(seen, with_fields=options.tree)


def _follow(options: DecodeOptions, lines: PacketLines) -> "Follow | None":
    if options.follow is None:
        return None
    from rawkit.cli.decode_follow import Follow

    return Follow(options, lines)


def _tally(options: DecodeOptions) -> "Tally | None":
    if not (options.stats or options.json):
        return None
    from rawkit.engine.tally import Tally

    return Tally()
