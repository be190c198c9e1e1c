"""What was written and is not yet acknowledged; the first octet has a sequence number.

Much that is written at once and cannot change is not copied: the buffer keeps it as it is. The
rest is, and little by little it is joined.
"""

from bisect import bisect_right

WHOLE = 4096
"""Octets from which on something is kept as it is."""
JOINED = 0x1_0000
"""Joined pieces grow to this, or a little more."""

Octets = bytes | bytearray | memoryview


class SendBuffer:
    """Octets from ``start`` to ``end``; those acknowledged are dropped in front."""

    __slots__ = ("_pieces", "_starts", "end", "limit", "start")

    def __init__(self, start: int, limit: int) -> None:
        self._pieces: list[bytearray | memoryview] = []
        """In order; a ``memoryview`` is one of ``bytes``."""
        self._starts: list[int] = []
        """The number of the first octet of each; of the first piece some may be dropped."""
        self.start = self.end = start
        self.limit = limit

    @property
    def room(self) -> int:
        """How many octets can be added."""
        return self.limit - (self.end - self.start)

    def __len__(self) -> int:
        return self.end - self.start

    def begin(self, start: int) -> None:
        """Give the first octet its number, before any was sent."""
        ahead = start - self.start
        self._starts = [one + ahead for one in self._starts]
        self.start, self.end = start, start + len(self)

    def add(self, octets: Octets) -> None:
        """Add octets; there is room for them."""
        size = len(octets)
        last = self._pieces[-1] if self._pieces else None
        if size >= WHOLE and _is_constant(octets):
            self._append(memoryview(octets))
        elif isinstance(last, bytearray) and len(last) < JOINED:
            last += octets
        elif size:
            self._append(bytearray(octets))
        self.end += size

    def part(self, start: int, end: int) -> bytes | memoryview:
        """Return a copy of some of them; or, if they are many and cannot change, a view."""
        place = bisect_right(self._starts, start) - 1
        if place < 0:
            return b""  # there is nothing
        at, size, piece = start - self._starts[place], end - start, self._pieces[place]
        if size >= WHOLE and isinstance(piece, memoryview) and at + size <= len(piece):
            return piece[at : at + size]
        taken = [_copy(piece, at, size)]
        left = size - len(taken[0])
        while left > 0:
            place += 1
            taken.append(_copy(self._pieces[place], 0, left))
            left -= len(taken[-1])
        return b"".join(taken)

    def parts(self, start: int, size: int, count: int) -> list[bytes | memoryview]:
        """Return parts of one size, one behind the other."""
        return [self.part(one, one + size) for one in range(start, start + size * count, size)]

    def drop(self, edge: int) -> None:
        """Forget octets before ``edge``."""
        if edge <= self.start:
            return
        self.start = min(edge, self.end)
        gone = len(self._starts) if self.start == self.end else bisect_right(self._starts, edge) - 1
        del self._starts[:gone], self._pieces[:gone]

    def clear(self) -> None:
        """Forget all."""
        self._pieces.clear()
        self._starts.clear()
        self.start = self.end

    def _append(self, piece: bytearray | memoryview) -> None:
        self._starts.append(self.end)
        self._pieces.append(piece)


def _is_constant(octets: Octets) -> bool:
    """Whether nobody can change them behind our back."""
    whole = octets.obj if isinstance(octets, memoryview) else octets
    return isinstance(whole, bytes)


def _copy(piece: bytearray | memoryview, at: int, size: int) -> bytes:
    with memoryview(piece) as view:  # while it lives, a bytearray cannot grow
        return bytes(view[at : at + size])
