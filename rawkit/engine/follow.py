"""Follow TCP conversations: what each side said, in order, whatever happened on the way.

It watches and sends nothing, so it has no steps: it takes packets as they were captured, and
returns what is to be told. Memory is bounded, whatever comes.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from rawkit.engine.follow_events import (
    Began,
    Conversation,
    Ended,
    Endpoint,
    FollowEvent,
    How,
    Side,
)
from rawkit.engine.follow_half import Half
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.packet import Packet
from rawkit.wire.reassembly import Reassembler
from rawkit.wire.received import Checksum
from rawkit.wire.segment import Segment, segment_of
from rawkit.wire.stream import SegmentPolicy
from rawkit.wire.tcp import Flags

Key = tuple[Address, int, Address, int]
"""Source and port, destination and port."""
Wanted = Callable[[Conversation], bool]
"""Whether a conversation is to be told of."""


@record(kw_only=True)
class FollowSettings:
    """How conversations are followed."""

    policy: SegmentPolicy = SegmentPolicy.LINUX
    """Whose octets count where segments overlap."""
    patience: float = 0.1
    """Seconds for which octets may come late that the other side already has: captures of
    several queues are not quite in order."""
    most_conversations: int = 16_384
    most_waiting: int = 4 << 20
    """Octets of one side that may wait for some before them."""
    most_octets: int = 64 << 20
    """Octets of all that may wait."""


DEFAULT = FollowSettings()


class Followed:
    """One conversation that is followed."""

    def __init__(self, number: int, now: float, segment: Segment, settings: FollowSettings) -> None:
        first = Endpoint(segment.src, segment.tcp.src_port)
        other = Endpoint(segment.dst, segment.tcp.dst_port)
        flags = segment.tcp.flags
        if flags & Flags.SYN and flags & Flags.ACK:
            first, other = other, first
        self.is_over = False
        self.is_wanted = True
        self.reset_by: Side | None = None
        self.last = now
        self.client, self.server = (
            Half(side, settings.policy, settings.patience) for side in (Side.CLIENT, Side.SERVER)
        )
        self.conversation = Conversation(number, first, other, now, bool(flags & Flags.SYN))
        self.client.conversation = self.server.conversation = self.conversation

    @property
    def halves(self) -> tuple[Half, Half]:
        """Both sides, the client first."""
        return self.client, self.server

    @property
    def is_told(self) -> bool:
        """Whether its end is still to be told."""
        return self.is_wanted and not self.is_over

    @property
    def cost(self) -> int:
        """Octets of memory that wait here, about."""
        return self.client.cost + self.server.cost

    def sides_of(self, segment: Segment) -> tuple[Half, Half]:
        """Return who sent a segment, and whom it goes to."""
        client = self.conversation.client
        if (segment.src, segment.tcp.src_port) == (client.address, client.port):
            return self.client, self.server
        return self.server, self.client

    def is_another(self, segment: Segment) -> bool:
        """Whether a segment begins another conversation between the same ports."""
        flags, (sender, _) = segment.tcp.flags, self.sides_of(segment)
        if not flags & Flags.SYN or segment.tcp.sequence == sender.syn:
            return False
        if flags & Flags.ACK:
            return self.is_over and sender.syn is not None
        return self.is_over or sender.base is not None

    def add(self, now: float, segment: Segment) -> Iterator[FollowEvent]:
        """Take in a segment."""
        self.last = now
        tcp = segment.tcp
        sender, receiver = self.sides_of(segment)
        if tcp.flags & Flags.RST:
            if tcp.flags & Flags.ACK and sender.base is None and sender.side is Side.SERVER:
                receiver.acknowledge(tcp.acknowledgment)
            yield from self._reset(now, sender, segment)
            return
        yield from sender.sent(now, segment)
        if tcp.flags & Flags.ACK:
            receiver.acknowledge(tcp.acknowledgment)
        yield from receiver.resolve(now)
        yield from sender.resolve(now)
        if sender.is_complete and receiver.is_complete:
            yield self._ended(How.CLOSED)

    def end(self, how: How) -> Iterator[FollowEvent]:
        """Tell all that is left, and that this was all."""
        for half in self.halves:
            yield from half.flush(self.last)
        yield self._ended(How.RESET if self.reset_by and how is How.OPEN else how)

    def _reset(self, now: float, sender: Half, segment: Segment) -> Iterator[FollowEvent]:
        """Take in a RST: one with the very number that is waited for is believed at once."""
        if not sender.may_be(segment.tcp.sequence):
            sender.counts.stray += 1
            return
        self.reset_by = sender.side
        if sender.is_next(segment.tcp.sequence):
            refused = sender.side is Side.SERVER and sender.base is None
            yield from self.end(How.REFUSED if refused else How.RESET)

    def _ended(self, how: How) -> Ended:
        self.is_over = True
        by = self.reset_by if how in (How.RESET, How.REFUSED) else None
        counts = self.client.counts, self.server.counts
        return Ended(self.conversation, how, by, *counts, self.last)


class Follower:
    """Follows all conversations in the packets that it is given."""

    def __init__(self, settings: FollowSettings = DEFAULT, wanted: Wanted | None = None) -> None:
        """Prepare.

        Args:
            settings: how to follow.
            wanted: which conversations are told of; ``None``: all. Others have their
                numbers as well.
        """
        self.settings = settings
        self.count = 0
        """Conversations so far."""
        self.cost = 0
        """Octets of memory that wait for others, about."""
        self._followed: OrderedDict[Key, Followed] = OrderedDict()
        """The one that was longest silent first."""
        self._wanted = wanted
        self._reassembler = Reassembler()

    def add(
        self, now: float, packet: Packet, checksum: Checksum | None = None
    ) -> tuple[FollowEvent, ...]:
        """Take in a packet, and return what is to be told.

        Args:
            now: when it was captured, in seconds.
            packet: of any kind, from its outermost header on. Fragments are put together.
            checksum: what is known of its checksum. A segment with a bad one is left out, as
                its receiver did.
        """
        whole = self._reassembler.add(now, packet)
        segment = None if whole is None else segment_of(whole)
        return () if segment is None else tuple(self._add(now, segment, checksum))

    def finish(self) -> tuple[FollowEvent, ...]:
        """Tell what is left: no more packets will come."""
        events = tuple(
            event
            for followed in self._followed.values()
            if followed.is_told
            for event in followed.end(How.OPEN)
        )
        self._followed.clear()
        self.cost = 0
        return events

    def _add(
        self, now: float, segment: Segment, checksum: Checksum | None
    ) -> Iterator[FollowEvent]:
        key, followed = self._find(segment)
        if checksum is Checksum.BAD:
            if followed is not None:
                followed.sides_of(segment)[0].counts.damaged += 1
            return
        if followed is not None and followed.is_another(segment):
            if followed.is_told:
                yield from self._ended(followed, How.OPEN)
            del self._followed[key]
            followed = None
        if followed is None:
            followed = Followed(self.count, now, segment, self.settings)
            self.count += 1
            self._followed[key] = followed
            followed.is_wanted = self._wanted is None or self._wanted(followed.conversation)
            if followed.is_wanted:
                yield Began(followed.conversation)
        else:
            self._followed.move_to_end(key)
        if not followed.is_wanted:
            followed.sides_of(segment)[0].hear(segment)
        elif not followed.is_over:
            before = followed.cost
            yield from followed.add(now, segment)
            self.cost += followed.cost - before
        yield from self._make_room(now, followed)

    def _find(self, segment: Segment) -> tuple[Key, Followed | None]:
        src, dst, tcp = segment.src, segment.dst, segment.tcp
        key = src, tcp.src_port, dst, tcp.dst_port
        if (found := self._followed.get(key)) is not None:
            return key, found
        back = dst, tcp.dst_port, src, tcp.src_port
        found = self._followed.get(back)
        return (key, None) if found is None else (back, found)

    def _ended(self, followed: Followed, how: How) -> Iterator[FollowEvent]:
        before = followed.cost
        yield from followed.end(how)
        self.cost += followed.cost - before

    def _make_room(self, now: float, followed: Followed) -> Iterator[FollowEvent]:
        for half in followed.halves:
            while half.cost > self.settings.most_waiting:
                before = half.cost
                yield from half.give_up(now)
                self.cost += half.cost - before
        while (
            self.cost > self.settings.most_octets
            or len(self._followed) > self.settings.most_conversations
        ):
            _, oldest = self._followed.popitem(last=False)
            if oldest.is_told:
                yield from self._ended(oldest, How.FORGOTTEN)
