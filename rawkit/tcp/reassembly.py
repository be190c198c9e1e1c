"""What has arrived beyond a gap (RFC 9293 §3.10.7.4), and how it is reported (RFC 2018).

Where segments contradict each other, the octets that came first count. All that is kept lies
within the window, and there are at most so many pieces: memory is bounded whatever comes.
"""

from bisect import bisect_right

from rawkit.record import field, record
from rawkit.tcp.chunks import Chunk, append
from rawkit.tcp.options import Range

MOST_PIECES = 1024
"""Gaps that are remembered. What would make another one is dropped, and comes again."""


@record(frozen=False, eq=False)
class Piece:
    """Octets without a gap."""

    start: int
    end: int
    chunks: list[Chunk] = field(default_factory=list)


class Reassembly:
    """Octets that cannot be read yet, for some before them are missing."""

    __slots__ = ("_pieces", "_recent", "_starts", "size")

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._recent: list[Piece] = []
        """The same pieces, the one that changed last in front."""
        self.size = 0
        """Octets that wait here."""

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __len__(self) -> int:
        return len(self._pieces)

    def add(self, start: int, octets: bytes) -> int:
        """Take in octets beyond a gap; return how many of them were new."""
        end = start + len(octets)
        first, behind = self._touched(start, end)
        if first == behind:
            if len(self._pieces) >= MOST_PIECES:
                return 0
            self._insert(first, Piece(start, start))
            behind += 1
        piece = self._pieces[first]
        before = self.size
        if start < piece.start:
            piece = self._begun_before(first, start, octets)
        self._grow(piece, first, behind, start, octets)
        self._now_first(piece)
        return self.size - before

    def take(self, edge: int) -> list[Chunk]:
        """Give out what follows ``edge``, if anything does. Octets before it are left out."""
        taken: list[Chunk] = []
        while self._pieces and self._pieces[0].start <= edge:
            piece = self._pieces[0]
            self._remove(0, 1)
            if piece.end > edge:
                self.size -= piece.end - piece.start
                taken += _without(piece.chunks, edge - piece.start)
                edge = piece.end
            else:
                self.size -= piece.end - piece.start
        return taken

    def blocks(self, most: int) -> list[Range]:
        """Return the pieces for a SACK option, the latest first (RFC 2018 §4)."""
        return [(piece.start, piece.end) for piece in self._recent[:most]]

    def covers(self, start: int, end: int) -> Range | None:
        """Return the piece that has all these octets, if one does."""
        place = bisect_right(self._starts, start) - 1
        if place >= 0 and self._pieces[place].end >= end:
            return self._pieces[place].start, self._pieces[place].end
        return None

    @property
    def end(self) -> int | None:
        """The number behind the last octet here."""
        return self._pieces[-1].end if self._pieces else None

    def clear(self) -> None:
        """Forget all."""
        self._pieces.clear()
        self._starts.clear()
        self._recent.clear()
        self.size = 0

    def _touched(self, start: int, end: int) -> tuple[int, int]:
        """Return the first piece that overlaps or adjoins, and the one behind the last."""
        first = bisect_right(self._starts, start) - 1
        if first < 0 or self._pieces[first].end < start:
            first += 1
        return first, max(first, bisect_right(self._starts, end))

    def _begun_before(self, place: int, start: int, octets: bytes) -> Piece:
        """Have a piece begin with the octets that are missing in front of it."""
        piece = self._pieces[place]
        front: list[Chunk] = []
        append(front, octets[: piece.start - start])
        self.size += piece.start - start
        piece.chunks[:0] = front
        piece.start = self._starts[place] = start
        return piece

    def _grow(self, piece: Piece, place: int, behind: int, start: int, octets: bytes) -> None:
        """Add what is new behind a piece, and the pieces that follow now without a gap."""
        for other in self._pieces[place + 1 : behind]:
            self._extend(piece, octets[piece.end - start : other.start - start])
            piece.chunks += other.chunks
            piece.end = other.end
        self._remove(place + 1, behind)
        end = start + len(octets)
        if end > piece.end:
            self._extend(piece, octets[piece.end - start :])

    def _extend(self, piece: Piece, octets: bytes) -> None:
        append(piece.chunks, octets)
        piece.end += len(octets)
        self.size += len(octets)

    def _insert(self, place: int, piece: Piece) -> None:
        self._pieces.insert(place, piece)
        self._starts.insert(place, piece.start)
        self._recent.insert(0, piece)

    def _remove(self, place: int, behind: int) -> None:
        if place >= behind:
            return
        for piece in self._pieces[place:behind]:
            self._recent.remove(piece)
        del self._pieces[place:behind]
        del self._starts[place:behind]

    def _now_first(self, piece: Piece) -> None:
        if self._recent[0] is not piece:
            self._recent.remove(piece)
            self._recent.insert(0, piece)


def _without(chunks: list[Chunk], count: int) -> list[Chunk]:
    """Return chunks without so many octets in front."""
    place = 0
    while count and len(chunks[place]) <= count:
        count -= len(chunks[place])
        place += 1
    rest = chunks[place:]
    if count:
        rest[0] = rest[0][count:]
    return rest
