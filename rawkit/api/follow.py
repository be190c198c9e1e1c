"""``follow``: TCP conversations in captured packets, each side's octets in order."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, TypedDict, Unpack

from rawkit.api.common import check_keywords
from rawkit.capture.blocks import Captured
from rawkit.capture.choosing import CaptureFilter
from rawkit.capture.reader import Capture, read_capture
from rawkit.engine.follow import Follower, FollowSettings, Wanted
from rawkit.engine.follow_events import (
    Began,
    Conversation,
    Counts,
    Data,
    Ended,
    Endpoint,
    FollowEvent,
    How,
    Missing,
    Side,
)
from rawkit.errors import UsageError
from rawkit.filters.filter import Filter
from rawkit.host.names import numeric
from rawkit.record import field, record, replace
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.stream import SegmentPolicy
from rawkit.wire.verify_file import verdict_in_file

Seen = Captured | Received | Packet
"""A packet of a file, one that was heard, or one by itself."""
Source = str | os.PathLike[str] | BinaryIO | Iterable[Seen]
"""A capture file, ``"-"`` for standard input, or packets in the order of their capture."""


class FollowOptions(TypedDict, total=False):
    """The keywords of :func:`follow`."""

    filter: str | Filter
    which: int | str | None
    policy: SegmentPolicy | str
    patience: float
    checksums: bool


@record
class Transcript:
    """All that was said in a conversation."""

    conversation: Conversation
    client: bytes
    """What the client sent; nothing stands in it for octets that are missing."""
    server: bytes
    missing: tuple[Missing, ...]
    how: How
    """How it ended."""
    by: Side | None
    """Who reset it."""
    client_counts: Counts
    server_counts: Counts
    ended: float
    """When its last segment was captured."""


class Following:
    """Conversations that are followed, once: iterate for events, or :meth:`run`."""

    def __init__(self, packets: Iterable[Seen], follower: Follower, *, checksums: bool) -> None:
        self._packets = packets
        self._follower = follower
        self._checksums = checksums

    def __iter__(self) -> Iterator[FollowEvent]:
        """Yield what is told, as packets come. A file that was opened is closed in the end."""
        now = 0.0
        try:
            for seen in self._packets:
                packet, time, checksum = self._parts(seen)
                now = now if time is None else time
                yield from self._follower.add(now, packet, checksum)
            yield from self._follower.finish()
        finally:
            if isinstance(self._packets, _Chosen):
                self._packets.capture.close()

    def run(self) -> tuple[Transcript, ...]:
        """Return all conversations, in the order of their beginning.

        It keeps all that was said in memory; iterate where that may be too much.
        """
        drafts: dict[int, _Draft] = {}
        for event in self:
            match event:
                case Began(conversation=conversation):
                    drafts[conversation.number] = _Draft()
                case _:
                    drafts[event.conversation.number].add(event)
        return tuple(draft.transcript for draft in drafts.values())

    def _parts(self, seen: Seen) -> tuple[Packet, float | None, Checksum | None]:
        match seen:
            case Captured():
                packet = seen.dissect()
                checksum = None
                if self._checksums:
                    checksum = verdict_in_file(packet, seen.octets, is_cut=seen.is_cut)
                return packet, seen.time, checksum
            case Received():
                return seen.packet, seen.time, seen.checksum if self._checksums else None
        return seen, None, None


def follow(packets: Source, **options: Unpack[FollowOptions]) -> Following:
    """Follow TCP conversations: who said what, in order, each octet once.

    Segments that came late, twice or overlapping are put right; what the capture lacks is
    told. Fragments are put together, tunnels looked into. Memory is bounded as long as one
    iterates, whatever the packets are.

    Args:
        packets: a capture file; or packets, such as those of a session that listens.
        **options: ``filter`` for a file, in tcpdump's words; ``which`` conversation: its
            number, or its ends (``192.0.2.1:40000-192.0.2.7:80``, or one of them), ``None``:
            all; ``policy`` where segments overlap (what Linux does); ``patience``: seconds
            for which octets may come late that the other side already has (0.1);
            ``checksums``: leave out segments with a bad one (yes).

    Raises:
        UsageError: an option makes no sense.
        FilterError: the filter makes no sense.
        ParseError: it is no capture file.
        OSError: it cannot be read.
    """
    check_keywords("follow", options, FollowOptions.__optional_keys__)
    settings = FollowSettings()
    if (policy := options.get("policy")) is not None:
        settings = replace(settings, policy=policy_of(policy))
    if (patience := options.get("patience")) is not None:
        settings = replace(settings, patience=patience)
    follower = Follower(settings, chosen(options.get("which")))
    chosen_by = options.get("filter")
    seen: Iterable[Seen]
    if isinstance(packets, str | os.PathLike) or hasattr(packets, "read"):
        passes = CaptureFilter(chosen_by) if chosen_by else None
        seen = _Chosen(read_capture(packets), passes)  # type: ignore[arg-type]  # it is a file
    elif chosen_by:
        raise UsageError("a filter is for a file: choose packets before they are followed")
    else:
        seen = packets
    return Following(seen, follower, checksums=options.get("checksums", True))


def policy_of(policy: SegmentPolicy | str) -> SegmentPolicy:
    """Return a policy by its name.

    Raises:
        UsageError: there is none of this name.
    """
    try:
        return SegmentPolicy(policy)
    except ValueError:
        known = ", ".join(one.value for one in SegmentPolicy)
        raise UsageError(f"policy is {policy!r}, not one of {known}") from None


def chosen(which: int | str | None) -> Wanted:
    """Return what tells whether a conversation is the one that is meant.

    Args:
        which: a number, or its ends: ``HOST:PORT-HOST:PORT``, either of them, or a host.

    Raises:
        UsageError: it is neither.
    """
    if which is None:
        return lambda _: True
    if isinstance(which, int) or which.isdecimal():
        number = int(which)
        return lambda conversation: conversation.number == number
    ends = [_end(word) for word in which.split("-")]
    if len(ends) > 2:
        raise UsageError(f"{which!r} is no conversation: HOST:PORT-HOST:PORT, or its number")
    first, *other = ends

    def wanted(conversation: Conversation) -> bool:
        pairs = (
            (conversation.client, conversation.server),
            (conversation.server, conversation.client),
        )
        return any(first(a) and all(second(b) for second in other) for a, b in pairs)

    return wanted


def _end(word: str) -> Callable[[Endpoint], bool]:
    """Return what tells whether an end of a conversation is the one that is meant.

    Raises:
        UsageError: it is none.
    """
    host, colon, port = word.rpartition(":")
    if not colon or (host.count(":") and not host.endswith("]")):
        host, port = word, ""
    address = numeric(host.removeprefix("[").removesuffix("]"))
    if address is None or (port and not (port.isdecimal() and int(port) < 1 << 16)):
        raise UsageError(f"{word!r} is no end of a conversation: 192.0.2.7:80, [2001:db8::7]:80")
    return lambda end: end.address == address and (not port or end.port == int(port))


class _Chosen:
    """The packets of a file that pass a filter."""

    def __init__(self, capture: Capture, passes: CaptureFilter | None) -> None:
        self.capture = capture
        self._passes = passes

    def __iter__(self) -> Iterator[Captured]:
        return filter(self._passes, self.capture)


@record(frozen=False)
class _Draft:
    """A transcript that is being written."""

    parts: dict[Side, list[bytes]] = field(default_factory=lambda: {side: [] for side in Side})
    missing: list[Missing] = field(default_factory=list)
    ended: Ended | None = None

    def add(self, event: FollowEvent) -> None:
        match event:
            case Data(sender=sender, octets=octets):
                self.parts[sender].append(octets)
            case Missing():
                self.missing.append(event)
            case Ended():
                self.ended = event

    @property
    def transcript(self) -> Transcript:
        assert self.ended is not None
        return Transcript(
            self.ended.conversation,
            b"".join(self.parts[Side.CLIENT]),
            b"".join(self.parts[Side.SERVER]),
            tuple(self.missing),
            self.ended.how,
            self.ended.by,
            self.ended.client,
            self.ended.server,
            self.ended.time,
        )
