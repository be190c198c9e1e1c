"""Which octets count where fragments of a datagram overlap.

Hosts differ in it, which hides attacks from who watches them: T. H. Ptacek and T. N.
Newsham, Insertion, Evasion, and Denial of Service (1998); U. Shankar and V. Paxson, Active
Mapping (2003); J. Novak, Target-Based Fragmentation Reassembly (2005).
"""

from bisect import bisect_left, bisect_right
from enum import Enum

from rawkit.record import record

SEGMENT_COST = 200
"""Octets of memory that a segment takes besides its data, about."""


class Policy(Enum):
    """What a host does about fragments that overlap."""

    FIRST = "first"
    """Octets that came first stay."""
    LAST = "last"
    """Octets that came last count; RFC 791's example of an algorithm does so."""
    BSD = "bsd"
    """Those of the fragment that begins earlier; of two, the one that came first."""
    BSD_RIGHT = "bsd-right"
    """Those of the fragment that begins later; of two, the one that came last."""
    LINUX_CLASSIC = "linux-classic"
    """Linux below 4.19, IPv4: as BSD, but of two that begin alike, the one that came last."""
    WINDOWS = "windows"
    """Octets that came first, unless a fragment reaches out over both ends of them."""
    SOLARIS = "solaris"
    """As Windows, but to reach the same end is enough."""
    LINUX = "linux"
    """Linux as it is, for IPv4 since 4.19: what lies within octets that are there in one run
    is ignored; any other overlap throws everything away."""
    REJECT = "reject"
    """RFC 5722 and RFC 8200 §4.5: any overlap throws everything away, and what is still to
    come of it. Only an exact copy of a fragment is ignored."""


class Outcome(Enum):
    """What became of a fragment."""

    KEPT = "kept"
    IGNORED = "ignored"
    """There is nothing new in it."""
    SPOILED = "spoiled"
    """It does not go with the others: the datagram is lost."""


@record
class Span:
    """Where a fragment lies in the datagram, in octets."""

    start: int
    end: int


@record
class Segment:
    """Octets of one fragment that count."""

    start: int
    end: int
    origin: Span


class Assembly:
    """What has arrived of one datagram.

    A fragment costs time in proportion to its length, however many there are.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.end: int | None = None
        """Where the datagram ends, once that is known."""
        self.first: Span | None = None
        """The fragment whose octet is the first."""
        self._octets = bytearray()
        self._segments: list[Segment] = []
        self._starts: list[int] = []
        self._covered = 0
        self._runs = Runs()

    @property
    def cost(self) -> int:
        """Octets of memory that it takes, about."""
        return len(self._octets) + SEGMENT_COST * len(self._segments)

    @property
    def whole(self) -> bytes | None:
        """All octets, if none is missing."""
        return bytes(self._octets) if self._covered == self.end else None

    def add(self, start: int, octets: bytes, more: bool) -> Outcome:
        """Take in a fragment.

        Args:
            start: where it begins, in octets.
            octets: what it carries.
            more: whether further fragments follow it.
        """
        if not octets:
            return Outcome.SPOILED if self.policy is Policy.LINUX else Outcome.IGNORED
        span = Span(start, start + len(octets))
        if self._contradicts(span, more):
            return Outcome.SPOILED
        if not more:
            self.end = span.end
        outcome = self._judge(span, octets)
        if outcome is Outcome.KEPT:
            self._lay(span, octets)
        return outcome

    def _contradicts(self, span: Span, more: bool) -> bool:
        """Whether a fragment and the others do not agree where the datagram ends."""
        if self.end is not None and (span.end > self.end or (not more and span.end != self.end)):
            return True
        return not more and span.end < len(self._octets)

    def _judge(self, span: Span, octets: bytes) -> Outcome:
        if self.policy is Policy.LINUX:
            return self._runs.add(span)
        if self.policy is Policy.REJECT:
            first, behind = self._touched(span)
            if first == behind:
                return Outcome.KEPT
            same = self._segments[first].origin == span and behind == first + 1
            copy = same and self._octets[span.start : span.end] == octets
            return Outcome.IGNORED if copy else Outcome.SPOILED
        return Outcome.KEPT

    def _touched(self, span: Span) -> tuple[int, int]:
        """Return the first segment that a fragment overlaps, and the one behind the last."""
        first = bisect_right(self._starts, span.start) - 1
        if first < 0 or self._segments[first].end <= span.start:
            first += 1
        return first, bisect_left(self._starts, span.end)

    def _lay(self, span: Span, octets: bytes) -> None:
        """Put the octets of a fragment where they count."""
        first, behind = self._touched(span)
        old = self._segments[first:behind]
        segments = self._shared_out(span, old)
        self._octets.extend(bytes(max(0, span.end - len(self._octets))))
        for one in segments:
            if one.origin is span:
                place = slice(one.start - span.start, one.end - span.start)
                self._octets[one.start : one.end] = octets[place]
                if one.start == 0:
                    self.first = span
        self._covered += _length(segments) - _length(old)
        self._segments[first:behind] = segments
        self._starts[first:behind] = [one.start for one in segments]

    def _shared_out(self, new: Span, old: list[Segment]) -> list[Segment]:
        """Return the segments that take the place of those that a fragment overlaps."""
        left, middle, right = list[Segment](), list[Segment](), list[Segment]()
        at = new.start
        for one in old:
            if _wins(self.policy, new, one.origin):
                if one.start < new.start:
                    left.append(Segment(one.start, new.start, one.origin))
                if one.end > new.end:
                    right.append(Segment(new.end, one.end, one.origin))
                continue
            if at < one.start:
                middle.append(Segment(at, one.start, new))
            middle.append(one)
            at = one.end
        if at < new.end:
            middle.append(Segment(at, new.end, new))
        return left + middle + right


def _wins(policy: Policy, new: Span, old: Span) -> bool:
    """Whether the octets of a new fragment count where it overlaps an older one."""
    match policy:
        case Policy.LAST:
            return True
        case Policy.BSD:
            return new.start < old.start
        case Policy.BSD_RIGHT:
            return new.start >= old.start
        case Policy.LINUX_CLASSIC:
            return new.start <= old.start
        case Policy.WINDOWS:
            return new.start < old.start and new.end > old.end
        case Policy.SOLARIS:
            return new.start < old.start and new.end >= old.end
    return False


def _length(segments: list[Segment]) -> int:
    return sum(one.end - one.start for one in segments)


class Runs:
    """Where octets have arrived without a gap, as Linux notes it (inet_frag_queue_insert).

    A run grows at the end of all; elsewhere a fragment makes one of its own, so runs that
    touch each other may stay two.
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._tail = Span(0, 0)

    def add(self, new: Span) -> Outcome:
        """Note a fragment, if it may be kept."""
        if not self._starts or self._tail.end < new.end:
            if self._starts and new.start < self._tail.end:
                return Outcome.SPOILED
            if self._starts and new.start == self._tail.end:
                self._ends[-1] = new.end
            else:
                self._starts.append(new.start)
                self._ends.append(new.end)
            self._tail = new
            return Outcome.KEPT
        first = bisect_right(self._ends, new.start)
        if self._starts[first] < new.end:
            inside = self._starts[first] <= new.start and new.end <= self._ends[first]
            return Outcome.IGNORED if inside else Outcome.SPOILED
        self._starts.insert(first, new.start)
        self._ends.insert(first, new.end)
        return Outcome.KEPT
