"""The files of ``rawkit sniff -w``: one, or one after the other by size or by time."""

import os
import time
from collections.abc import Callable
from typing import Literal

from rawkit.api.frame_files import Counts, FrameWriter, about, add_to
from rawkit.capture.compression import SUFFIXES as COMPRESSED
from rawkit.capture.writer import FORMATS, CaptureWriter
from rawkit.record import record
from rawkit.sockets.timestamps import SECOND
from rawkit.wire.received_frame import ReceivedFrame

Format = Literal["pcap", "pcapng"]


@record(kw_only=True)
class Rotation:
    """When another file begins."""

    size: int | None = None
    """Octets after which it does."""
    seconds: int | None = None
    """Seconds after which it does."""
    count: int | None = None
    """With a size, how many files stay; with seconds alone, how many there will be."""


class AllWritten(Exception):
    """There are as many files as were wanted."""


class FrameFiles:
    """Writes frames to one file after the other."""

    def __init__(
        self, name: str, rotation: Rotation, make: Callable[[CaptureWriter], FrameWriter]
    ) -> None:
        """Open the first file.

        Args:
            name: of the file, with strftime(3)'s words if it changes with time. A number is put
                before its suffixes if it changes with size.
            rotation: when it changes.
            make: makes what writes frames to one file.

        Raises:
            UsageError: there is no such way to compress.
            OSError: the file cannot be written.
        """
        self.count = 0
        """Packets that were written."""
        self._name = name
        self._rotation = rotation
        self._make = make
        self._number = self._files = 0
        self._counts: dict[str | None, list[int]] = {}
        self._ends_ns: float = self._end_of_period(time.time_ns())
        self._current = self._open()

    def add(
        self,
        octets: bytes,
        time_ns: int,
        length: int,
        interface: str | None,
        link_type: int,
        where: int,
    ) -> None:
        """Add a frame, as :meth:`FrameWriter.add` does.

        Raises:
            AllWritten: it would begin another file than were wanted.
            OSError: the file cannot be written.
        """
        size = self._rotation.size
        if time_ns >= self._ends_ns:
            self._next_period(time_ns)
        elif size is not None and self._current.octets >= size:
            self._next_number()
        self.count += 1
        self._current.add(octets, time_ns, length, interface, link_type, where)

    def write(self, frame: ReceivedFrame) -> None:
        """Add a frame that was received."""
        self.add(frame.octets, frame.time_ns, frame.length, *about(frame))

    def take_counts(self) -> Counts:
        """Return what was written since the last such question."""
        self._keep_counts()
        counts = {name: (one[0], one[1], one[2]) for name, one in self._counts.items()}
        self._counts.clear()
        return counts

    def flush(self) -> None:
        """Hand everything to the system."""
        self._current.flush()

    def close(self, passed: int = 0, dropped: int = 0) -> None:
        """Complete the last file, with what the kernel has counted if it is the only one."""
        is_only = self._files == 1
        self._current.close(time.time_ns() if is_only else 0, passed, dropped)

    def _keep_counts(self) -> None:
        for interface, counts in self._current.take_counts().items():
            add_to(self._counts.setdefault(interface, [0, 0, 0]), counts)

    def _next_period(self, time_ns: int) -> None:
        self._ends_ns = self._end_of_period(time_ns)
        if self._rotation.size is None and self._files == self._rotation.count:
            raise AllWritten
        self._number = 0
        self._change()

    def _next_number(self) -> None:
        self._number += 1
        if self._rotation.count is not None:
            self._number %= self._rotation.count
        self._change()

    def _change(self) -> None:
        self._keep_counts()
        self._current.close()
        self._current = self._open()

    def _open(self) -> FrameWriter:
        name, kind = self._numbered()
        if self._rotation.seconds is not None:
            name = time.strftime(name, time.localtime())
        self._files += 1
        return self._make(CaptureWriter(name, format=kind))

    def _numbered(self) -> tuple[str, Format]:
        """Return the name of the next file, and its format."""
        stem, packed = self._name, ""
        for suffix in COMPRESSED:
            if stem.lower().endswith(suffix):
                stem, packed = stem[: -len(suffix)], stem[-len(suffix) :]
        stem, suffix = os.path.splitext(stem)
        kind: Format = "pcap" if FORMATS.get(suffix.lower()) == "pcap" else "pcapng"
        digits = 0 if self._rotation.count is None else len(str(self._rotation.count - 1))
        is_numbered = self._rotation.size is not None and (self._number or digits)
        number = f"{self._number:0{digits}}" if is_numbered else ""
        return f"{stem}{number}{suffix}{packed}", kind

    def _end_of_period(self, time_ns: int) -> float:
        seconds = self._rotation.seconds
        return float("inf") if seconds is None else time_ns + seconds * SECOND
