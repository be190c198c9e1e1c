"""Octets of a file or of a pipe, as they come, and decompressed where they are compressed."""

from collections.abc import Callable
from contextlib import suppress

from rawkit.capture.compression import Decompressor, Method, method_of
from rawkit.errors import ParseError

CHUNK = 1 << 18
COMPRESSED_CHUNK = 1 << 14
"""Octets given to a decompressor at once: what it makes of them has to fit into memory."""
LONGEST_MAGIC = 4

Read = Callable[[int], bytes]
"""Returns some octets, at most so many; none at the end. Waits only if there are none."""


class Buffer:
    """Octets that have been read and not yet been used."""

    __slots__ = ("_read", "at", "data", "error", "passed")

    def __init__(self, read: Read, data: bytes = b"") -> None:
        self._read = read
        self.data = data
        self.at = 0
        """Where in ``data`` one is."""
        self.passed = 0
        """Octets before ``data``."""
        self.error: ParseError | OSError | None = None
        """Why no more could be read, unless it was the end."""

    @property
    def place(self) -> int:
        """Where in the file, decompressed, one is."""
        return self.passed + self.at

    @property
    def left(self) -> int:
        """Octets that are there."""
        return len(self.data) - self.at

    def fill(self, wanted: int) -> bool:
        """Have so many octets from ``at`` on; tell whether they are there."""
        if len(self.data) - self.at >= wanted:
            return True
        parts = [self.data[self.at :]]
        have = len(parts[0])
        self.passed, self.at = self.passed + self.at, 0
        while have < wanted and self.error is None:
            try:
                chunk = self._read(CHUNK)
            except (ParseError, OSError) as error:
                self.error = error
                break
            if not chunk:
                break
            parts.append(chunk)
            have += len(chunk)
        self.data = parts[0] if len(parts) == 1 else b"".join(parts)
        return have >= wanted


def decompressed(read: Read) -> tuple[Buffer, str | None]:
    """Return the octets of a file, decompressed, and how they were compressed.

    Raises:
        UsageError: it takes a module that is not there.
    """
    raw = Buffer(read)
    raw.fill(LONGEST_MAGIC)
    method = method_of(raw.data)
    return (raw, None) if method is None else (Buffer(_Inflated(raw, method)), method.name)


class _Inflated:
    """Reads what is behind a decompressor; one member or frame may follow another."""

    def __init__(self, raw: Buffer, method: Method) -> None:
        self._raw = raw
        self._method = method
        self._current = method.make()
        self._damage: ParseError | None = None

    def __call__(self, _: int) -> bytes:
        """Return some octets.

        Raises:
            ParseError: the compressed data are damaged, or end too early.
            OSError: the file cannot be read.
        """
        raw = self._raw
        while self._damage is None and raw.fill(1):
            part = raw.data[raw.at : raw.at + COMPRESSED_CHUNK]
            if self._current.eof:
                self._current = self._method.make()
            before = self._method.copy(self._current)
            try:
                octets = self._current.decompress(part)
                raw.at += len(part) - len(self._current.unused_data)
            except self._method.errors:
                octets = self._saved(before, part)
            if octets:
                return octets
        if self._damage is not None:
            raise self._damage
        if raw.error is not None:
            raise raw.error
        if not self._current.eof:
            raise ParseError(f"{self._method.name} data break off at octet {raw.place}")
        return b""

    def _saved(self, before: Decompressor | None, part: bytes) -> bytes:
        """Return what can be had of some octets before the one that is damaged."""
        saved = bytearray()
        good = 0
        if before is not None:
            with suppress(self._method.errors):
                for good in range(len(part)):
                    saved += before.decompress(part[good : good + 1])
        place = self._raw.place + good
        self._damage = ParseError(f"{self._method.name} data are damaged before octet {place}")
        return bytes(saved)
