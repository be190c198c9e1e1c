"""Octets in pieces: what has arrived in order and waits to be read.

A peer that sends one octet a segment must not cost fifty octets of memory for each, so small
pieces are joined.
"""

from collections import deque

SMALL = 512
"""Pieces below this are joined with the one before them, if that is small, too."""
JOINED = 4096
"""Joined pieces grow to this."""
LARGE = 0x4000
"""Pieces from here on are not worth being joined to others: that would copy them."""

Chunk = bytes | bytearray


def append(chunks: list[Chunk] | deque[Chunk], octets: bytes) -> None:
    """Add octets behind all others."""
    if len(octets) >= SMALL:
        chunks.append(octets)
        return
    last = chunks[-1] if chunks else None
    if isinstance(last, bytearray) and len(last) + len(octets) <= JOINED:
        last += octets
    else:
        chunks.append(bytearray(octets))


class Inbox:
    """Octets that are there to be read, in order."""

    __slots__ = ("_chunks", "_read", "size")

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()
        self._read = 0
        """Octets of the first piece that were given out."""
        self.size = 0

    def add(self, octets: bytes) -> None:
        """Take in octets that follow the others."""
        self.size += len(octets)
        append(self._chunks, octets)

    def read(self, limit: int) -> bytes:
        """Give out so many octets, or all."""
        left = min(limit, self.size)
        parts: list[bytes] = []
        while left > 0:
            parts.append(self._part(left))
            left -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_some(self, limit: int) -> bytes:
        """Give out at most so many octets, but some; a large piece alone, without a copy."""
        if limit > 0 and self.size and len(self._chunks[0]) - self._read >= LARGE:
            return self._part(limit)
        return self.read(limit)

    def clear(self) -> None:
        """Forget all."""
        self._chunks.clear()
        self._read = self.size = 0

    def _part(self, limit: int) -> bytes:
        """Give out of the first piece."""
        first, begin = self._chunks[0], self._read
        if begin + limit < len(first):
            self._read += limit
            taken = bytes(first[begin : begin + limit])
        else:
            self._chunks.popleft()
            self._read = 0
            taken = bytes(first[begin:]) if begin else bytes(first)
        self.size -= len(taken)
        return taken
