"""The loop of ``rawkit sniff``: packets come, lines or files go, Ctrl-C is heard."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from rawkit.cli import startup
from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, cause_of, complain, write
from rawkit.cli.packet_lines import PacketLines, of_frame
from rawkit.cli.sniff_lists import chosen_by
from rawkit.cli.sniff_options import SniffOptions
from rawkit.cli.sniff_waiting import Waiting, ended_by_signals, is_pipe
from rawkit.errors import NoRoute

if TYPE_CHECKING:
    from rawkit.api.sniff import SniffOptions as Wanted
    from rawkit.api.sniff_session import SniffSession
    from rawkit.capture.writer import CaptureWriter
    from rawkit.cli.sniff_files import FrameFiles
    from rawkit.engine.capture import CaptureReport
    from rawkit.sockets.fanout import Fanout
    from rawkit.sockets.stoppable import Stoppable
    from rawkit.wire.received_frame import ReceivedFrame

PRINTED_AT_ONCE = 1 << 16
"""Characters that are held back while there is more to print."""


class Run:
    """One session, printed or written."""

    def __init__(self, options: SniffOptions, fanout: "Fanout | None" = None) -> None:
        """Prepare to run.

        Args:
            options: what is wanted.
            fanout: the group of those who share what comes.

        Raises:
            UsageError: something makes no sense.
            MissingCapability: CAP_NET_RAW.
        """
        from rawkit.api.sniff import session_for

        self._options = options
        self._lines = PacketLines(options.look)
        self._held: list[str] = []
        self._held_size = 0
        self._files: FrameFiles | None = None
        prints = options.file in (None, "-") or options.print_too
        watched = (1,) if prints and is_pipe(1) else ()
        self._waiting = Waiting(self.flush, *watched)
        wanted: Wanted = {
            "interface": options.interface,
            "count": options.count,
            "timeout": options.timeout,
            "promiscuous": options.promiscuous,
            "direction": options.direction,
            "snap_length": options.snap_length,
            "immediate": options.immediate,
            "fanout": fanout,
        }
        if options.buffer is not None:
            wanted["buffer"] = options.buffer
        self.session: SniffSession = session_for(chosen_by(options), wanted, self._waiting)

    def run(self) -> int:
        """Run to the end, print the counters, and return the exit code."""
        self.open()
        code = self.listen()
        report = self.session.report()
        self.conclude(report)
        return code or verdict(report, self._options)

    def open(self) -> "Stoppable":
        """Listen from now on.

        Raises:
            MissingCapability: CAP_NET_RAW.
            OSError: the kernel refused something, or a file cannot be written.
        """
        io = self.session.open()
        if self._options.file is not None:
            try:
                self._files = open_files(self._options, self.session, io.frames.number_of)
            except BaseException:
                io.close()
                raise
        return io

    def listen(self, when_ready: Callable[[], None] | None = None) -> int:
        """Run to the end; return what is wrong by then, as an exit code.

        Args:
            when_ready: called when signals end it in good order, whatever comes; ``None``: it
                says that it listens, and heeds who does not want to wait for the end.

        Raises:
            BrokenPipeError: nobody reads what is printed any more.
            WriteError: it cannot be written.
            OSError: a file cannot be written.
        """
        _give_up_privileges()
        startup.end()
        try:
            with ended_by_signals(self.session.stop, is_patient=when_ready is not None):
                if when_ready is None:
                    self._say(f"listening on {self._options.interface or 'all interfaces'}")
                else:
                    when_ready()
                self._read()
            self.flush()
        except NoRoute as error:
            self.flush()
            complain("sniff", cause_of(error))
            return TROUBLE
        finally:
            self.session.close()
            if self._files is not None:
                self._files.close(*self.session.counts())
        return OK

    def conclude(self, report: "CaptureReport") -> None:
        """Print the counters."""
        if self._options.json:
            from rawkit.cli.sniff_json import summary_line

            session = self.session
            self._hold(summary_line(report, session.interface, session.filter))
            self.flush()
            return
        for count, what in (
            (report.captured, "captured"),
            (report.passed, "received by filter"),
            (report.dropped, "dropped by kernel"),
        ):
            self._say(f"{count} packet{'' if count == 1 else 's'} {what}")

    def flush(self) -> None:
        """Hand out what was printed and written so far."""
        if self._held:
            text = "".join(self._held)
            self._held.clear()
            self._held_size = 0
            write(text)
        if self._files is not None:
            self._files.flush()

    def _read(self) -> None:
        from rawkit.cli.sniff_files import AllWritten

        files = self._files
        try:
            if files is not None and not self._options.print_too:
                self.session.copy_to(files)
                return
            for received in self.session:
                if files is not None:
                    files.write(received)
                self._print(received)
        except AllWritten:
            pass

    def _print(self, received: "ReceivedFrame") -> None:
        seen = of_frame(received)
        if self._options.json:
            from rawkit.cli.sniff_json import packet_line

            wants_octets = bool(self._options.hexadecimal or self._options.text)
            self._hold(packet_line("sniff", seen, with_octets=wants_octets))
        else:
            self._hold(self._lines.of(seen))

    def _hold(self, text: str) -> None:
        self._held.append(text)
        self._held_size += len(text)
        if self._held_size >= PRINTED_AT_ONCE:
            self.flush()

    def _say(self, text: str) -> None:
        """Say a line beside what is printed, which programs read."""
        with suppress(OSError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def verdict(report: "CaptureReport", options: SniffOptions) -> int:
    """Return the exit code: was as much heard as was asked for, or anything?"""
    return OK if report.captured >= (options.count or 1) else NO_ANSWER


def open_files(
    options: SniffOptions, session: "SniffSession", number_of: Callable[[str], int]
) -> "FrameFiles":
    """Open the file to write to, or the first of them.

    Raises:
        UsageError: there is no such way to compress.
        OSError: it cannot be written.
    """
    from rawkit.api.frame_files import FrameWriter
    from rawkit.cli.sniff_files import FrameFiles, Rotation

    several = number_of if options.interface is None else None

    def make(writer: "CaptureWriter") -> FrameWriter:
        return FrameWriter(writer, session.filter, session.snap_length, several)

    rotation = Rotation(
        size=options.file_size, seconds=options.file_seconds, count=options.file_count
    )
    return FrameFiles(options.file or "-", rotation, make)


def _give_up_privileges() -> None:
    """Give up every capability: the socket is open, and nothing more is needed."""
    from rawkit.host import capability

    if capability.read().permitted:
        capability.drop()
