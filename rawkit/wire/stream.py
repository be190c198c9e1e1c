"""One direction of a TCP connection, put in order again (RFC 9293 §3.4).

Places are counted from the first octet, which is 0, and go on where sequence numbers wrap.
"""

from bisect import bisect_left, bisect_right
from enum import Enum
from typing import NamedTuple

from rawkit.wire.overlap import SEGMENT_COST, Span

MODULUS = 1 << 32
FARTHEST = 1 << 30
"""Octets that a window can have at most (RFC 7323 §2.3): nothing lies farther ahead."""
MOST_BLANKS = 1024


class SegmentPolicy(Enum):
    """Whose octets count where segments overlap that are ahead of what is complete."""

    FIRST = "first"
    """Those of the segment that came first."""
    LAST = "last"
    """Those of the segment that came last."""
    BSD = "bsd"
    """Those of the segment that begins earlier; of two, the one that came first."""
    LINUX = "linux"
    """As BSD, but of two that begin alike, the longer one (tcp_data_queue_ofo)."""


class Piece(NamedTuple):
    """Octets of one segment that count, as long as some before them are missing."""

    start: int
    end: int
    octets: bytes
    origin: Span


class Added(NamedTuple):
    """What a segment brought."""

    ahead: bool = False
    """Whether octets before it were missing when it came."""
    new: int = 0
    """Octets that were not there before."""
    differing: int = 0
    """Octets that were there, waiting, with another value."""


NOTHING = Added()


class Stream:
    """What has come of one direction, and is not yet given out.

    It takes time in proportion to what is added, and memory as :attr:`cost` tells.
    """

    def __init__(self, policy: SegmentPolicy = SegmentPolicy.LINUX) -> None:
        self.policy = policy
        self.next = 0
        """The place of the first octet that has not been given out."""
        self.cost = 0
        """Octets of memory that wait here, about."""
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._blanks: list[Span] = []

    @property
    def is_waiting(self) -> bool:
        """Whether there are octets behind some that are missing."""
        return bool(self._pieces)

    @property
    def hole_end(self) -> int | None:
        """Where octets are again, if those at ``next`` are missing and others are there."""
        return self._starts[0] if self._starts else None

    def add(self, start: int, octets: bytes) -> Added:
        """Take in a segment; what is given out then, :meth:`take` tells.

        Args:
            start: its place.
            octets: what it carries.
        """
        origin = Span(start, start + len(octets))
        if origin.end <= self.next:
            return NOTHING
        first = max(start, self.next)
        new = Piece(first, origin.end, octets[first - start :], origin)
        begin, behind = self._touched(first, origin.end)
        old = self._pieces[begin:behind]
        shared = self._shared_out(new, old)
        covered = sum(piece.end - piece.start for piece in old)
        added = sum(piece.end - piece.start for piece in shared) - covered
        self.cost += added + SEGMENT_COST * (len(shared) - len(old))
        self._pieces[begin:behind] = shared
        self._starts[begin:behind] = [piece.start for piece in shared]
        return Added(start > self.next, added, sum(_differing(new, piece) for piece in old))

    def note_blank(self, start: int, end: int) -> None:
        """Take note of octets that passed, and that the capture does not have."""
        if len(self._blanks) >= MOST_BLANKS:
            self._prune()
        last = self._blanks[-1] if self._blanks else None
        if last is not None and last.start <= start <= last.end:
            self._blanks[-1] = Span(last.start, max(last.end, end))
        elif end > self.next and len(self._blanks) < MOST_BLANKS:
            self._blanks.append(Span(start, end))

    @property
    def is_blank(self) -> bool:
        """Whether the octet at ``next`` passed and was not captured."""
        if self._blanks:
            self._prune()
        return any(blank.start <= self.next for blank in self._blanks)

    def blank_end(self, end: int) -> int:
        """Return how far octets from ``next`` on are alike: all blank, or none; at most ``end``."""
        if self.is_blank:
            return min(end, max(blank.end for blank in self._blanks if blank.start <= self.next))
        return min((blank.start for blank in self._blanks if blank.start < end), default=end)

    @property
    def known_end(self) -> int:
        """Where the last octets end that passed, captured or not."""
        ends = [blank.end for blank in self._blanks]
        if self._pieces:
            ends.append(self._pieces[-1].end)
        return max(ends, default=self.next)

    def take(self) -> bytes:
        """Give out what is complete from ``next`` on."""
        count = 0
        for piece in self._pieces:
            if piece.start != self.next:
                break
            self.next = piece.end
            count += 1
        taken = self._pieces[:count]
        del self._pieces[:count], self._starts[:count]
        self.cost -= sum(len(piece.octets) + SEGMENT_COST for piece in taken)
        return taken[0].octets if count == 1 else b"".join(piece.octets for piece in taken)

    def skip(self, end: int) -> None:
        """Give up the octets from ``next`` up to ``end``, which lie before all that wait."""
        self.next = end

    def _prune(self) -> None:
        self._blanks = [blank for blank in self._blanks if blank.end > self.next]

    def _touched(self, start: int, end: int) -> tuple[int, int]:
        """Return the first piece that overlaps, and the one behind the last."""
        first = bisect_right(self._starts, start) - 1
        if first < 0 or self._pieces[first].end <= start:
            first += 1
        return first, bisect_left(self._starts, end)

    def _shared_out(self, new: Piece, old: list[Piece]) -> list[Piece]:
        """Return the pieces that take the place of those that a new one overlaps."""
        left, middle, right = list[Piece](), list[Piece](), list[Piece]()
        at = new.start
        for one in old:
            if self._wins(new.origin, one.origin):
                if one.start < new.start:
                    left.append(_part(one, one.start, new.start))
                if one.end > new.end:
                    right.append(_part(one, new.end, one.end))
                continue
            if at < one.start:
                middle.append(_part(new, at, one.start))
            middle.append(one)
            at = one.end
        if at < new.end:
            middle.append(_part(new, at, new.end))
        return left + middle + right

    def _wins(self, new: Span, old: Span) -> bool:
        """Whether the octets of a new segment count where it overlaps an older one."""
        match self.policy:
            case SegmentPolicy.FIRST:
                return False
            case SegmentPolicy.LAST:
                return True
            case SegmentPolicy.BSD:
                return new.start < old.start
        return new.start < old.start or (new.start == old.start and new.end > old.end)


def unwrapped(sequence: int, near: int) -> int:
    """Return the number that a sequence number stands for: the nearest one of them.

    Args:
        sequence: 32 bits.
        near: a number about as large as the one that is looked for.
    """
    ahead = (sequence - near) % MODULUS
    return near + ahead - (MODULUS if ahead >= MODULUS // 2 else 0)


def _part(piece: Piece, start: int, end: int) -> Piece:
    if (start, end) == (piece.start, piece.end):
        return piece
    octets = piece.octets[start - piece.start : end - piece.start]
    return Piece(start, end, octets, piece.origin)


def _differing(new: Piece, old: Piece) -> int:
    start, end = max(new.start, old.start), min(new.end, old.end)
    ours = new.octets[start - new.start : end - new.start]
    theirs = old.octets[start - old.start : end - old.start]
    return 0 if ours == theirs else sum(a != b for a, b in zip(ours, theirs, strict=True))
