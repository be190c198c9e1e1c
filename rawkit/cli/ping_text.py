"""What ``rawkit ping`` prints: the lines of ping(8), to the letter.

Programs parse them, so nothing is nicer here than it is there. A line of our own
appears only where ping(8) has none: marks for late replies, a name before each
line when several hosts are asked, and whatever ``--stats`` adds.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rawkit.cli.ping_numbers import rounded
from rawkit.cli.ping_options import TIMEVAL, PingOptions
from rawkit.engine.ping_events import (
    Burst,
    ErrorReply,
    NotSent,
    PingEvent,
    Reply,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.ping_report import PingReport
from rawkit.wire.address import Address

if TYPE_CHECKING:
    from rawkit.cli.ping_question_text import QuestionText

ECHO_HEADER = 8
IPV4_HEADER = 20
MOST_OPTIONS = 40
"""Octets of IPv4 options, as ping(8) counts them, whatever their length is."""
SEQUENCES = 1 << 16

Names = Callable[[Address], str | None]
Wall = Callable[[float], float]


class Progress:
    """How far the requests to one target have come."""

    __slots__ = ("acknowledged", "answered", "local_errors", "pipe", "route", "sent")

    def __init__(self) -> None:
        self.sent = 0
        """The last sequence number."""
        self.answered = False
        """Whether anything good came back for it."""
        self.acknowledged = 0
        """The highest sequence number that came back."""
        self.pipe = 0
        """The most requests that were under way when an answer came."""
        self.local_errors = 0
        self.route = b""
        """The last route shown."""

    def acknowledge(self, sequence: int) -> None:
        """Take note of an answer."""
        self.pipe = max(self.pipe, self.sent - sequence + 1)
        self.acknowledged = max(self.acknowledged, sequence)


class PingText:
    """Turns the events of a ping into ping(8)'s lines."""

    def __init__(
        self,
        options: PingOptions,
        names: Names,
        wall: Wall,
        *,
        several: bool = False,
        width: int | None = None,
    ) -> None:
        """Prepare to print.

        Args:
            options: what was asked for.
            names: the host name of an address, or ``None``; never waits.
            wall: turns a monotonic time into seconds since 1970.
            several: whether there is more than one target.
            width: columns of the terminal, if stdout is one.
        """
        self.options = options
        self._names = names
        self._wall = wall
        self._several = several
        self._width = width
        self._progress: dict[int, Progress] = {}
        self._question = _question_of(options)
        self._sequence = self._question.sequence if self._question else "icmp_seq"

    def opening(self, targets: Iterable[Target]) -> str:
        """Return the lines before anything has come."""
        options, lines = self.options, []
        if options.pattern is not None and not options.quiet:
            lines.append(f"PATTERN: 0x{options.pattern[: options.size].hex()}\n")
        return "".join(lines) + "".join(self._header(target) for target in targets)

    def event(self, event: PingEvent) -> str:
        """Return what is to be printed for an event: mostly a line, often nothing."""
        progress = self.progress(event.target)
        match event:
            case Sent():
                return self._sent(event, progress)
            case Reply():
                return self._reply(event, progress)
            case ErrorReply():
                return self._error(event, progress)
            case NotSent():
                return self._not_sent(event, progress)
            case Burst():
                return self._burst(event, progress)
            case _:
                return ""

    def closing(self, report: PingReport) -> str:
        """Return the statistics of one target."""
        from rawkit.cli.ping_summary import ledger, statistics

        text = statistics(report, self.options, self.progress(report.target))
        # Parsers tell whose output it is by its last two lines, so those stay ping(8)'s.
        if self.options.stats:
            text = ledger(report, several=self._several) + text
        if self._question is not None:
            return self._question.conclusion(report) + text
        return text

    def progress(self, target: Target) -> Progress:
        """Return how far a target has come."""
        # By identity: the engine hands out the same object, and may ask one host twice.
        progress = self._progress.get(id(target))
        if progress is None:
            progress = self._progress[id(target)] = Progress()
        return progress

    def _header(self, target: Target) -> str:
        options = self.options
        source = ""
        if options.interface or options.source or options.sticky:
            source = f"from {target.src} {options.interface or ''}: "
        if self._question is not None:
            shown = self._shown(target.address, target)
            return self._question.header(target, shown, source)
        if target.address.version == 6:
            flow = f", flow 0x{options.flow_label:05x}, " if options.flow_label else ""
            whom = f"{target.name}({self._shown(target.address, target)}) "
            return f"PING {whom}{flow}{source}{options.size} data bytes\n"
        size = options.size + ECHO_HEADER + IPV4_HEADER
        if options.record_route or options.timestamp:
            size += MOST_OPTIONS
        whom = f"{target.name} ({target.address}) "
        return f"PING {whom}{source}{options.size}({size}) bytes of data.\n"

    def _sent(self, event: Sent, progress: Progress) -> str:
        text = ""
        if self.options.outstanding and progress.sent and not progress.answered:
            sequence = progress.sent % SEQUENCES
            start = self._start(event.time, event.target)
            text = f"{start}no answer yet for {self._sequence}={sequence}\n"
        progress.sent = event.sequence
        progress.answered = False
        if self.options.flood and not self.options.quiet and self._has_room(progress):
            text += "."
        return text

    def _has_room(self, progress: Progress) -> bool:
        """Whether another dot still fits on the line."""
        width = self._width
        if width is None or (self.options.preload < width and progress.pipe < width):
            return True
        return progress.sent - progress.acknowledged < width

    def _reply(self, reply: Reply, progress: Progress) -> str:
        options = self.options
        bad_checksum = reply.verdict is Verdict.CORRUPTED and reply.damage is None
        if not bad_checksum:
            progress.acknowledge(reply.sequence)
            progress.answered |= reply.sequence == progress.sent
        if options.quiet:
            return ""
        bell = "\a" if options.audible else ""
        if options.flood:
            return ("\bC" if reply.verdict is Verdict.CORRUPTED else "\b \b") + bell
        if self._question is not None:
            return self._answer(self._question, reply, bell)
        identifier = ""
        if options.verbose and options.identifier is not None:
            identifier = f" ident={options.identifier}"
        line = (
            f"{self._start(reply.time, reply.target)}{reply.size} bytes from "
            f"{self._shown(reply.source, reply.target)}: icmp_seq={reply.sequence % SEQUENCES}"
            f"{identifier} ttl={reply.ttl}"
        )
        if reply.size < options.size + ECHO_HEADER:
            return f"{line} (truncated)\n"
        if options.size >= TIMEVAL:
            line += f" time={rounded(reply.rtt)} ms"
        return f"{line}{self._marks(reply)}{bell}{self._route(reply, progress)}\n"

    def _answer(self, question: "QuestionText", reply: Reply, bell: str) -> str:
        """Return the line of an answer that says more than an echo."""
        number = f"{self._sequence}={reply.sequence % SEQUENCES}"
        line = question.said(reply, self._shown(reply.source, reply.target), number)
        return f"{self._start(reply.time, reply.target)}{line}{self._marks(reply)}{bell}\n"

    def _marks(self, reply: Reply) -> str:
        match reply.verdict:
            case Verdict.DUPLICATE:
                quietly = reply.target.address.is_multicast or self.options.broadcast
                return "" if quietly and not self.options.verbose else " (DUP!)"
            case Verdict.WRONG_SOURCE:
                return " (DIFFERENT ADDRESS!)"
            case Verdict.LATE:
                return " (LATE!)"
            case Verdict.CORRUPTED if reply.damage is None:
                return " (BAD CHECKSUM!)"
            case Verdict.CORRUPTED:
                return _wrong_data(reply)
            case _:
                return ""

    def _route(self, reply: Reply, progress: Progress) -> str:
        """Return what the IPv4 options of a reply say."""
        if not reply.options:
            return ""
        from rawkit.cli.ping_route_text import describe

        same = reply.options == progress.route
        progress.route = reply.options
        return describe(reply.options, lambda a: self._shown(a, reply.target), same=same)

    def _error(self, error: ErrorReply, progress: Progress) -> str:
        options = self.options
        if error.final and error.source.version == 4:
            progress.acknowledge(error.sequence)
        if options.quiet:
            return ""
        if options.flood:
            return "\bE" if error.final else ""
        from rawkit.wire.quote import says

        advice = "" if error.final else ":"
        return (
            f"{self._start(error.time, error.target)}From "
            f"{self._shown(error.source, error.target)}{advice} "
            f"{self._sequence}={error.sequence % SEQUENCES} {says(error.message)}\n"
        )

    def _not_sent(self, event: NotSent, progress: Progress) -> str:
        from errno import EMSGSIZE

        progress.local_errors += event.error.errno == EMSGSIZE
        return "\bE" if self.options.flood and not self.options.quiet else ""

    def _burst(self, event: Burst, progress: Progress) -> str:
        """Return what so many requests and replies in turn would have printed."""
        progress.sent = event.first + event.sent - 1
        replies = len(event.rtts)
        if replies:
            progress.acknowledge(progress.sent + replies - event.sent)
        progress.answered = replies == event.sent
        if self.options.quiet or not self.options.flood:
            return ""
        bell = "\a" if self.options.audible else ""
        return f".\b \b{bell}" * replies + "." * (event.sent - replies)

    def _start(self, time: float, target: Target) -> str:
        """Return what a line begins with: the time of day, and which of several hosts it is on."""
        start = f"[{self._wall(time):.6f}] " if self.options.stamps else ""
        return f"{start}{target.name}: " if self._several else start

    def _shown(self, address: Address, target: Target) -> str:
        """Return an address with its name, if it is known and wanted."""
        if self.options.numeric or is_numeric(target):
            return str(address)
        name = self._names(address)
        return f"{name} ({address})" if name else str(address)


def is_numeric(target: Target) -> bool:
    """Whether the user wrote an address, and so will see only addresses."""
    return ":" in target.name or target.name == str(target.address)


def _question_of(options: PingOptions) -> "QuestionText | None":
    """Return the words of what is asked for instead of an echo, if anything is."""
    if not options.questions:
        return None
    from rawkit.cli.ping_question_text import QuestionText

    return QuestionText(options)


def _wrong_data(reply: Reply) -> str:
    """Return the first wrong octet of a reply, and all of them."""
    damage, payload = reply.damage, reply.payload
    if damage is None or damage.expected is None:
        return " (too long)"
    start = TIMEVAL if damage.offset >= TIMEVAL else 0
    text = [
        f"\nwrong data byte #{damage.offset} should be 0x{damage.expected:x}"
        f" but was 0x{damage.found or 0:x}"
    ]
    for place in range(start, len(payload)):
        if place == start or place % 32 == TIMEVAL:
            text.append(f"\n#{place}\t")
        text.append(f"{payload[place]:x} ")
    return "".join(text)
