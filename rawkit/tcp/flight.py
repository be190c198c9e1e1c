"""What was sent and is not acknowledged: segments with the time at which each left.

The pipe is RFC 6675's: the octets that are thought to be in the network. A segment counts from
the time it is sent until it is acknowledged, selectively or not, or held for lost; sent again,
it counts again.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator
from operator import attrgetter, itemgetter

from rawkit.record import field, record
from rawkit.tcp.options import Range
from rawkit.tcp.ranges import Ranges

START = attrgetter("start")
SERIAL = itemgetter(0)


@record(frozen=False, eq=False)
class Sent:
    """A segment of ours, or what is left of it."""

    start: int
    end: int
    """The number behind its last octet; SYN and FIN have numbers, too."""
    at: float
    """When it left last."""
    flags: int = 0
    """SYN or FIN, if it has one."""
    tries: int = 1
    """How often it left."""
    serial: int = 0
    """Of its last departure: what left later has a higher one."""
    sacked: bool = False
    lost: bool = False
    """Held for lost, and not yet sent again."""
    done: bool = False
    """Acknowledged for good."""


Departure = tuple[int, Sent]
"""The serial number of a departure, and of which segment it is."""


@record(frozen=False, eq=False)
class Flight:
    """The segments under way, by number and by time."""

    segments: list[Sent] = field(default_factory=list)
    """In order of their numbers; there is no gap between them."""
    pipe: int = 0
    """Octets in the network, as far as we know."""
    sacked: int = 0
    sacked_segments: int = 0
    lost: int = 0
    """Octets held for lost that are to be sent again."""
    unseen: int = 0
    """Octets that duplicate acknowledgments without SACK say have left the network."""
    scoreboard: Ranges = field(default_factory=Ranges)
    """What SACK blocks have said (RFC 6675 §4)."""
    _departures: int = 0
    _by_time: deque[Departure] = field(default_factory=deque)
    """In order of departure. Entries of segments that left again or are done are stale."""
    _waiting: list[Sent] = field(default_factory=list)
    """Those held for lost, in order; some may not be any more."""

    def __bool__(self) -> bool:
        return bool(self.segments)

    def sent(self, start: int, end: int, now: float, flags: int = 0) -> Sent:
        """Add a segment that leaves for the first time."""
        self._departures = serial = self._departures + 1
        one = Sent(start, end, now, flags, 1, serial)
        self.segments.append(one)
        self._by_time.append((serial, one))
        self.pipe += end - start
        return one

    def sent_many(self, start: int, size: int, count: int, now: float) -> None:
        """Add segments of one size that leave for the first time."""
        end = start + size * count
        serials = range(self._departures + 1, self._departures + count + 1)
        self._departures += count
        starts = zip(range(start, end, size), serials, strict=True)
        made = [Sent(at, at + size, now, 0, 1, serial) for at, serial in starts]
        self.segments += made
        self._by_time += zip(serials, made, strict=True)
        self.pipe += end - start

    def resent(self, one: Sent, now: float) -> None:
        """Note that a segment leaves again."""
        size = one.end - one.start
        if one.lost:
            one.lost = False
            self.lost -= size
            self.pipe += size
        one.at = now
        one.tries += 1
        self._departures = one.serial = self._departures + 1
        self._by_time.append((one.serial, one))

    def acknowledge(self, edge: int) -> list[Sent]:
        """Take out what was sent before ``edge``, and return it."""
        segments = self.segments
        count = 0
        for one in segments:
            if one.end > edge:
                break
            count += 1
        done = segments[:count]
        del segments[:count]
        if segments and segments[0].start < edge:
            done.append(self._front(segments[0], edge))
        for one in done:
            one.done = True
            size = one.end - one.start
            if one.sacked:
                self.sacked -= size
                self.sacked_segments -= 1
            elif one.lost:
                self.lost -= size
            else:
                self.pipe -= size
        self.unseen = min(self.unseen, self.pipe)
        self._forget_stale()
        if self.scoreboard:
            self.scoreboard.drop(edge)
        return done

    def sack(self, blocks: list[Range], unit: int) -> list[Sent]:
        """Mark what blocks cover, and return what was not marked before.

        Args:
            blocks: within what is in flight.
            unit: octets of one segment on the wire; larger ones are divided only at its
                multiples, so that a peer cannot have us keep books of single octets.
        """
        marked: list[Sent] = []
        if not self.segments:
            return marked
        begin, behind = self.segments[0].start, self.segments[-1].end
        most = (behind - begin) // unit + 2
        for left, right in blocks:
            left, right = max(left, begin), min(right, behind)
            if left < right:
                whole = self.scoreboard.add(left, right, most)
                if whole is not None:
                    self._mark(left, right, whole, unit, marked)
        return marked

    def hold_for_lost(self, one: Sent) -> None:
        """Hold a segment for lost: it is to be sent again."""
        if one.lost or one.sacked or one.done:
            return
        one.lost = True
        size = one.end - one.start
        self.pipe -= size
        self.lost += size
        self.unseen = min(self.unseen, self.pipe)
        if self._waiting and self._waiting[-1].start > one.start:
            insort(self._waiting, one, key=START)
        else:
            self._waiting.append(one)

    def next_lost(self) -> Sent | None:
        """Return the first segment that is to be sent again, or ``None``."""
        waiting = self._waiting
        stale = 0
        while stale < len(waiting) and not self._is_waiting(waiting[stale]):
            stale += 1
        del waiting[:stale]
        return waiting[0] if waiting else None

    def divide(self, one: Sent, at: int) -> Sent:
        """Cut a segment in two, and return the second part."""
        left = one.tries, one.serial
        rest = Sent(at, one.end, one.at, one.flags, *left, one.sacked, one.lost)
        one.end, one.flags = at, 0  # SYN is never divided, FIN is behind all
        place = bisect_left(self.segments, one.start, key=START)
        self.segments.insert(place + 1, rest)
        if rest.lost:
            insort(self._waiting, rest, key=START)
        else:
            place = bisect_right(self._by_time, one.serial, key=SERIAL)
            self._by_time.insert(place, (one.serial, rest))
        return rest

    def under_way(self) -> Iterator[Sent]:
        """Yield what is in the network, the oldest departure first."""
        self._forget_stale()
        for serial, one in self._by_time:
            if one.serial == serial and not (one.done or one.sacked or one.lost):
                yield one

    def renege(self) -> None:
        """Forget all SACK blocks: the other side has thrown away what it had (RFC 2018 §8)."""
        for one in self.segments:
            if one.sacked:
                one.sacked = False
                size = one.end - one.start
                self.sacked -= size
                self.pipe += size
        self.sacked_segments = 0
        self.scoreboard.clear()
        self._order_by_time()

    def find_again(self) -> None:
        """Hold nothing for lost any more: it was not."""
        for one in self.segments:
            if one.lost:
                one.lost = False
                size = one.end - one.start
                self.lost -= size
                self.pipe += size
        self._waiting.clear()
        self._order_by_time()

    def clear(self) -> None:
        """Forget all."""
        self.segments.clear()
        self._by_time.clear()
        self._waiting.clear()
        self.scoreboard.clear()
        self.pipe = self.sacked = self.sacked_segments = self.lost = self.unseen = 0

    def _is_waiting(self, one: Sent) -> bool:
        return one.lost and not one.done

    def _front(self, one: Sent, edge: int) -> Sent:
        """Cut off what an acknowledgment covers of a segment, and return it."""
        front = Sent(one.start, edge, one.at, 0, one.tries, one.serial, one.sacked, one.lost)
        one.start = edge
        self.sacked_segments += one.sacked
        return front

    def _mark(self, left: int, right: int, whole: Range, unit: int, marked: list[Sent]) -> None:
        """Mark the segments that a new range touches, and that the whole one covers."""
        start, end = whole
        place = max(0, bisect_right(self.segments, left, key=START) - 1)
        while place < len(self.segments) and self.segments[place].start < right:
            one = self.segments[place]
            if not one.sacked:
                covered = self._covered_part(one, start, end, unit)
                if covered is not None:
                    self._now_sacked(covered)
                    marked.append(covered)
            place += 1

    def _covered_part(self, one: Sent, start: int, end: int, unit: int) -> Sent | None:
        """Return what is covered of a segment, cut out of it; ``None`` if nothing is."""
        if one.start >= start and one.end <= end:
            return one
        low = one.start + -(-max(0, start - one.start) // unit) * unit
        high = one.end if one.end <= end else one.start + (end - one.start) // unit * unit
        if low >= high:
            return None
        if high < one.end:
            self.divide(one, high)
        return one if low == one.start else self.divide(one, low)

    def _now_sacked(self, one: Sent) -> None:
        size = one.end - one.start
        if one.lost:
            one.lost = False
            self.lost -= size
        else:
            self.pipe -= size
        one.sacked = True
        self.sacked += size
        self.sacked_segments += 1

    def _order_by_time(self) -> None:
        under_way = (one for one in self.segments if not (one.sacked or one.lost))
        entries = [(one.serial, one) for one in under_way]
        self._by_time = deque(sorted(entries, key=SERIAL))

    def _forget_stale(self) -> None:
        by_time = self._by_time
        while by_time:
            serial, one = by_time[0]
            if one.serial == serial and not (one.done or one.sacked or one.lost):
                break
            by_time.popleft()
