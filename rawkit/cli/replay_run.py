"""``rawkit replay`` at work: packets leave when they are due, and are told of."""

import os
import time
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING

from rawkit.api.replay import Replaying
from rawkit.api.replay_events import PacketReplayed, ReplayEvent
from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, cause_of, complain, write
from rawkit.cli.replay_options import ReplayOptions
from rawkit.errors import RawkitError, UsageError
from rawkit.wire.link import Direction

if TYPE_CHECKING:
    from rawkit.api.replay_events import ReplayOptions as Wanted
    from rawkit.cli.sent_file import SentFile

SECOND = 10**9
SHARED = (
    *("interface", "layer", "limit", "loops", "dry_run", "speed", "rate", "bits", "top"),
    *("longest", "addresses", "macs", "src_mac", "dst_mac", "ports", "vlan", "untag"),
    *("fix", "mss", "udp_segment", "mtu", "fragment", "truncated"),
)
"""Options that are called the same in the library."""


def replay(options: ReplayOptions) -> int:
    """Replay a file; return 1 if something of it was not sent."""
    with ExitStack() as files:
        run = Run(options, files)
        is_cut_short = False
        try:
            run.replaying.run()
        except KeyboardInterrupt:
            is_cut_short = True
        except (RawkitError, OSError) as error:
            if isinstance(error, BrokenPipeError) or not run.replaying.has_begun:
                raise
            run.end()
            complain("replay", cause_of(error))
            return TROUBLE
        return max(run.end(), NO_ANSWER if is_cut_short else OK)


class Run:
    """A replay, printed."""

    def __init__(self, options: ReplayOptions, files: ExitStack) -> None:
        """Prepare to send.

        Args:
            options: what is wanted.
            files: what closes the file of what was sent.

        Raises:
            UsageError: something makes no sense.
        """
        self._options = options
        self._tells = options.verbose and not options.quiet
        self._sink: SentFile | None = None
        wanted: Wanted = {name: getattr(options, name) for name in SHARED}  # type: ignore[assignment]
        wanted["filter"] = " ".join(options.words)
        if self._tells or options.file:
            wanted["announce"] = self._take
            import_module("rawkit.cli.replay_json" if options.json else "rawkit.cli.replay_text")
        self.replaying = Replaying(options.source, wanted)
        if options.file:
            self._open_sink(options, files)
        self._first_ns: int | None = None

    def end(self) -> int:
        """Print the summary, and return the exit code."""
        report, options = self.replaying.report(), self._options
        if options.json:
            from rawkit.cli.replay_json import summary_line

            write(summary_line(report, options))
        elif not options.quiet:
            from rawkit.cli.replay_text import summary_text

            write(summary_text(report))
        if report.refused:
            from rawkit.cli.replay_text import refusal_text

            complain("replay", refusal_text(report))
        if report.damage:
            complain("replay", report.damage)
            return TROUBLE
        return OK if report.is_whole and report.sent else NO_ANSWER

    def _open_sink(self, options: ReplayOptions, files: ExitStack) -> None:
        from rawkit.cli.sent_file import SentFile

        both = options.source, options.file
        if all(map(os.path.exists, both)) and os.path.samefile(*both):
            raise UsageError(f"{options.file} is what is read: write to another file")
        if not os.path.exists(options.source) and options.source != "-":
            return  # that is told when it is read; what would be written to stays as it is
        self._sink = SentFile(options.file)
        files.callback(self._sink.close)

    def _take(self, event: ReplayEvent) -> None:
        """Print and write down what became of a packet."""
        if self._tells:
            write(self._told(event))
        if self._sink is None or not isinstance(event, PacketReplayed):
            return
        from rawkit.wire.dissect import dissect_ip
        from rawkit.wire.dissect_frame import dissect_frame

        read = dissect_frame if event.mended.is_frame else dissect_ip
        at, where = self._time_of(event), self._options.interface
        for octets in event.mended.pieces:
            self._sink.add(read(octets), octets, where, Direction.OUT, at)

    def _time_of(self, event: PacketReplayed) -> int:
        """Return when a packet left, or would have, in nanoseconds since 1970."""
        if not self._options.dry_run:
            return time.time_ns()
        if self._first_ns is None:
            self._first_ns = event.captured.time_ns or 0
        if event.due is None:
            return event.captured.time_ns or 0
        return self._first_ns + round(event.due * SECOND)

    def _told(self, event: ReplayEvent) -> str:
        if self._options.json:
            from rawkit.cli.replay_json import event_line

            return event_line(event)
        from rawkit.cli.replay_text import event_text

        return event_text(event)
