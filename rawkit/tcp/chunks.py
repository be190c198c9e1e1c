"""Octets in pieces: what has arrived in order and waits to be read.

A peer that sends one octet a segment must not cost fifty octets of memory for each, so small
pieces are joined.
"""

from collections import deque

SMALL = 512
"""Pieces below this are joined with the one before them, if that is small, too."""
JOINED = 4096
"""Joined pieces grow to this."""

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

    __slots__ = ("chunks", "size")

    def __init__(self) -> None:
        self.chunks: deque[Chunk] = deque()
        self.size = 0

    def add(self, octets: bytes) -> None:
        """Take in octets that follow the others."""
        self.size += len(octets)
        append(self.chunks, octets)

    def read(self, limit: int) -> bytes:
        """Give out at most so many octets; whole pieces are not copied."""
        if limit <= 0 or not self.size:
            return b""
        first = self.chunks[0]
        if len(first) >= limit or len(self.chunks) == 1:
            return self._part(limit)
        parts: list[Chunk] = []
        left = min(limit, self.size)
        while left and len(self.chunks[0]) <= left:
            parts.append(self.chunks.popleft())
            left -= len(parts[-1])
        self.size -= sum(map(len, parts))
        if left:
            parts.append(self._part(left))
        return b"".join(parts)

    def clear(self) -> None:
        """Forget all."""
        self.chunks.clear()
        self.size = 0

    def _part(self, limit: int) -> bytes:
        """Give out of the first piece."""
        first = self.chunks[0]
        if len(first) > limit:
            taken = bytes(first[:limit])
            self.chunks[0] = first[limit:]
        else:
            taken = bytes(self.chunks.popleft())
        self.size -= len(taken)
        return taken
