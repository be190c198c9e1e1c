"""``rawkit decode --follow``: what was said over TCP, as text, hexadecimal, octets or JSON."""

import os
import sys
from collections.abc import Iterator
from typing import Protocol

from rawkit.api.follow import chosen, policy_of
from rawkit.cli.decode_options import DecodeOptions
from rawkit.cli.errors import WriteError, complain
from rawkit.cli.packet_lines import PacketLines, Seen, ascii_of, hex_rows
from rawkit.engine.follow import DEFAULT, Follower
from rawkit.engine.follow_events import (
    Began,
    Conversation,
    Counts,
    Data,
    Ended,
    FollowEvent,
    How,
    Missing,
    Side,
)
from rawkit.record import replace

SECOND, MICROSECONDS = 10**9, 10**6
"""Their parts."""
ARROWS = {Side.CLIENT: ">", Side.SERVER: "<"}


class Sink(Protocol):
    """Where what was said goes to; it returns what is to be printed."""

    def event(self, event: FollowEvent, time_ns: int | None) -> str: ...


class Follow:
    """Follows conversations, and tells what is said."""

    def __init__(self, options: DecodeOptions, lines: PacketLines) -> None:
        """Prepare.

        Args:
            options: what is wanted.
            lines: knows how to print times.

        Raises:
            OSError: the folder cannot be made.
        """
        settings = DEFAULT
        if options.policy is not None:
            settings = replace(settings, policy=policy_of(options.policy))
        self._follower = Follower(settings, chosen(options.follow or None))
        self._side = None if options.side is None else Side(options.side)
        self._sink = _sink(options, lines)
        self._now = 0.0
        self._time_ns: int | None = None

    def packet(self, seen: Seen) -> str:
        """Take in a packet, and return what is to be printed."""
        self._time_ns = seen.time_ns
        if seen.time_ns is not None:
            self._now = seen.time_ns / SECOND
        events = self._follower.add(self._now, seen.packet, seen.checksum)
        return self._told(events) if events else ""

    def closing(self) -> str:
        """Return what is to be printed when no more packets come."""
        return self._told(self._follower.finish())

    def _told(self, events: tuple[FollowEvent, ...]) -> str:
        return "".join(
            self._sink.event(event, self._exact(event))
            for event in events
            if self._side is None or getattr(event, "sender", self._side) is self._side
        )

    def _exact(self, event: FollowEvent) -> int | None:
        """Return the time of an event without what a float adds to it."""
        if self._time_ns is None:
            return None
        time = event.conversation.began if isinstance(event, Began) else event.time
        if time == self._now:
            return self._time_ns
        return round(time * MICROSECONDS) * (SECOND // MICROSECONDS)


class Text:
    """Prints what was said, as text or in hexadecimal."""

    def __init__(self, lines: PacketLines, *, is_hex: bool) -> None:
        self._lines = lines
        self._is_hex = is_hex

    def event(self, event: FollowEvent, time_ns: int | None) -> str:
        """Return an event as text; what was said has an arrow before each line."""
        if isinstance(event, Began):
            begins = "" if event.conversation.is_whole else " (its beginning is not here)"
            return f"#{event.conversation.number} {event.conversation}{begins}\n"
        head = f"{self._lines.time(time_ns)}#{event.conversation.number} "
        match event:
            case Data(sender=sender, offset=offset, octets=octets):
                arrow = ARROWS[sender]
                body = "".join(f"{row}\n" for row in self._rows(arrow, octets, offset))
                return f"{head}{arrow} {_counted(len(octets))} at {offset}\n{body}"
            case Missing(sender=sender):
                return f"{head}{ARROWS[sender]} {_missing(event)}\n"
            case Ended():
                return f"{head}{_ending(event)}\n"

    def _rows(self, arrow: str, octets: bytes, offset: int) -> Iterator[str]:
        if self._is_hex:
            yield from hex_rows(octets, with_text=True, first=offset)
        else:
            for row in ascii_of(octets).removesuffix("\n").split("\n"):
                yield f"{arrow} {row}"


class Raw:
    """Writes octets to stdout, and nothing else."""

    def event(self, event: FollowEvent, _: int | None) -> str:
        """Write what was said; say on stderr what is missing."""
        match event:
            case Data(octets=octets):
                try:
                    sys.stdout.buffer.write(octets)
                    sys.stdout.buffer.flush()
                except BrokenPipeError:
                    raise
                except OSError as error:
                    raise WriteError(f"write error: {error.strerror}") from error
            case Missing(conversation=conversation, sender=sender):
                _complain_of(event, conversation, sender)
        return ""


class Files:
    """Writes each side of each conversation to a file of its own, named after it.

    An octet's place in the file is its place in what was said: what is missing is a hole.
    """

    def __init__(self, folder: str) -> None:
        """Make the folder, unless it is there.

        Raises:
            OSError: it cannot be made.
        """
        os.makedirs(folder, exist_ok=True)
        self._folder = folder
        self._begun = set[str]()

    def event(self, event: FollowEvent, _: int | None) -> str:
        """Write what was said; return a line for each file at its end."""
        match event:
            case Data(conversation=conversation, sender=sender, offset=offset, octets=octets):
                path = self._path(conversation, sender)
                with open(path, "r+b" if path in self._begun else "wb") as file:
                    file.seek(offset)
                    file.write(octets)
                self._begun.add(path)
            case Missing(conversation=conversation, sender=sender):
                _complain_of(event, conversation, sender)
            case Ended(conversation=conversation):
                counts = {Side.CLIENT: event.client, Side.SERVER: event.server}
                paths = {self._path(conversation, side): one for side, one in counts.items()}
                told = {path: one.octets for path, one in paths.items() if path in self._begun}
                self._begun.difference_update(told)
                return "".join(f"{path}: {_counted(count)}\n" for path, count in told.items())
        return ""

    def _path(self, conversation: Conversation, side: Side) -> str:
        ends = [conversation.client, conversation.server]
        first, other = ends if side is Side.CLIENT else ends[::-1]
        name = f"{conversation.number}-{first.address}.{first.port}-{other.address}.{other.port}"
        return os.path.join(self._folder, name)


def _sink(options: DecodeOptions, lines: PacketLines) -> Sink:
    if options.folder is not None:
        return Files(options.folder)
    if options.json:
        from rawkit.cli.decode_follow_json import JSON

        return JSON()
    if options.form == "raw":
        return Raw()
    return Text(lines, is_hex=options.form == "hex")


def _counted(octets: int) -> str:
    return f"{octets} octet{'' if octets == 1 else 's'}"


def _missing(event: Missing) -> str:
    words = f"{_counted(event.length)} at {event.offset} missing: {event.cause.value}"
    return words if event.acknowledged else f"{words}, nor acknowledged"


def _complain_of(event: Missing, conversation: Conversation, sender: Side) -> None:
    arrow = ARROWS[sender]
    complain("decode", f"#{conversation.number} {conversation} {arrow} {_missing(event)}")


def _ending(event: Ended) -> str:
    by = f" by the {event.by.value}" if event.by and event.how is not How.REFUSED else ""
    sides = (f"> {_sent(event.client)}", f"< {_sent(event.server)}")
    return f"{event.how.value}{by}: {'; '.join(sides)}"


def _sent(counts: Counts) -> str:
    words = [f"{_counted(counts.octets)} in {counts.segments}"]
    for number, what in (
        (counts.repeated, "repeated"),
        (counts.ahead, "ahead of others"),
        (counts.missing, "octets missing"),
        (counts.differing, "octets that differ"),
        (counts.damaged, "damaged"),
        (counts.stray, "stray"),
    ):
        if number:
            words.append(f"{number} {what}")
    return ", ".join(words)
