"""One side of a TCP conversation that is followed: what it sent, in order."""

from collections.abc import Iterator

from rawkit.engine.follow_events import Cause, Conversation, Counts, Data, Missing, Side
from rawkit.wire.segment import Segment
from rawkit.wire.stream import FARTHEST, SegmentPolicy, Stream, unwrapped
from rawkit.wire.tcp import Flags

Told = Iterator[Data | Missing]


class Half:
    """What one side has sent, and what the other one has acknowledged of it."""

    def __init__(self, side: Side, policy: SegmentPolicy, patience: float) -> None:
        self.side = side
        self.counts = Counts()
        self.syn: int | None = None
        """The sequence number of its SYN, if one was seen."""
        self.base: int | None = None
        """The sequence number of its first octet, once it has been heard."""
        self.conversation: Conversation
        self._stream = Stream(policy)
        self._patience = patience
        self._fin: int | None = None
        self._acked = 0
        self._stuck_since: float | None = None

    @property
    def cost(self) -> int:
        """Octets of memory that wait here, about."""
        return self._stream.cost

    @property
    def is_complete(self) -> bool:
        """Whether it has said all, and that it has."""
        return self._fin is not None and self._stream.next >= self._fin

    def is_next(self, sequence: int) -> bool:
        """Whether a sequence number is the one that the other side waits for (RFC 5961 §3)."""
        if self.base is None:
            return True
        place = self._place(sequence)
        return place in (self._stream.next, max(self._acked, self._stream.next), self._after_fin)

    def may_be(self, sequence: int) -> bool:
        """Whether a sequence number may lie in the other side's window."""
        place = 0 if self.base is None else self._place(sequence)
        return self._stream.next <= place + 1 and place <= self._stream.next + FARTHEST

    def hear(self, segment: Segment) -> int:
        """Take note of where this side's numbers begin; return that of the first octet."""
        sequence = segment.tcp.sequence
        if segment.tcp.flags & Flags.SYN:
            self.syn = sequence
            sequence += 1
        if self.base is None:
            self.base = sequence
        return sequence

    def sent(self, now: float, segment: Segment) -> Told:
        """Take in a segment of this side, and yield what is complete by it."""
        tcp, length = segment.tcp, len(segment.payload) + segment.missing
        place = self._place(self.hear(segment))
        if place + length > self._stream.next + FARTHEST:
            self.counts.stray += 1
            return
        if length:
            self._add(place, segment)
        if tcp.flags & Flags.FIN and self._fin is None:
            self._fin = place + length
        yield from self._complete(now)

    def acknowledge(self, sequence: int) -> None:
        """Take in what the other side says to have."""
        if self.base is not None:
            place = self._place(sequence)
            if self._fin is not None:
                place = min(place, self._fin)
            if place <= self._stream.next + FARTHEST:
                self._acked = max(self._acked, place)

    def resolve(self, now: float) -> Told:
        """Give up octets that the other side has, and that will not be seen any more.

        An acknowledgment alone is not believed: it takes octets behind those, too.
        """
        stream = self._stream
        while stream.next < self._acked and (stream.is_waiting or stream.is_blank):
            if self._stuck_since is None:
                self._stuck_since = now
            if not stream.is_blank and now - self._stuck_since < self._patience:
                return
            yield from self._give_up(now, min(self._acked, stream.hole_end or self._acked))
        self._stuck_since = None

    def give_up(self, now: float) -> Told:
        """Give up what is missing before the first octets that wait."""
        if (end := self._stream.hole_end) is not None:
            yield from self._give_up(now, end)

    def flush(self, now: float) -> Told:
        """Tell all that is left: nothing more will come."""
        stream = self._stream
        while stream.is_waiting:
            yield from self.give_up(now)
        end = max(stream.known_end, self._acked, self._fin or 0)
        while stream.next < end and self.base is not None:
            yield from self._give_up(now, end)

    def _add(self, place: int, segment: Segment) -> None:
        counts, stream, octets = self.counts, self._stream, segment.payload
        added = stream.add(place, octets)
        end = place + len(octets)
        if segment.missing:
            stream.note_blank(end, end + segment.missing)
        counts.segments += 1
        counts.ahead += added.ahead
        counts.differing += added.differing
        counts.repeated += not added.new and end + segment.missing <= stream.next

    def _complete(self, now: float) -> Told:
        offset = self._stream.next
        if octets := self._stream.take():
            self._stuck_since = None
            self.counts.octets += len(octets)
            yield Data(self.conversation, self.side, offset, octets, now)

    def _give_up(self, now: float, end: int) -> Told:
        """Tell that octets are missing, and what comes behind them."""
        stream, start = self._stream, self._stream.next
        cause = Cause.CUT if stream.is_blank else Cause.NOT_CAPTURED
        end = stream.blank_end(end)
        self.counts.missing += end - start
        is_acked = end <= self._acked
        yield Missing(self.conversation, self.side, start, end - start, cause, is_acked, now)
        stream.skip(end)
        yield from self._complete(now)

    def _place(self, sequence: int) -> int:
        """Return the place of a sequence number, by the octets that are known."""
        assert self.base is not None
        return unwrapped(sequence, self.base + self._stream.next) - self.base

    @property
    def _after_fin(self) -> int | None:
        return None if self._fin is None else self._fin + 1
