"""The loop of ``rawkit trace``: events come, lines go, Ctrl-C is heard."""

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from rawkit.cli import startup
from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, cause_of, complain, write
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_wanted import TraceOptions
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import Answer, NotSent, TraceEvent
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import TraceSettings
from rawkit.session import RealTime
from rawkit.wire.news import Opened

if TYPE_CHECKING:
    from rawkit.cli.records import Wall
    from rawkit.cli.trace_record import Traced

TRY_AGAIN = 0.01
"""Seconds."""


class Printer(Protocol):
    """Turns events into text, in one form of output."""

    def opening(self, target: Target) -> str: ...

    def event(self, event: TraceEvent) -> str: ...

    def unfinished(self) -> str: ...

    def closing(self, report: TraceReport) -> str: ...


class Run:
    """One trace, printed."""

    def __init__(
        self, stream: "Traced", printer: Printer, lookup: Lookup, *, verbose: bool
    ) -> None:
        """Prepare to run.

        Args:
            stream: what happens.
            printer: what is printed of it.
            lookup: is to learn of every address.
            verbose: say on stderr which kind of socket it is, and why.
        """
        self._stream = stream
        self._printer = printer
        self._lookup = lookup
        self._verbose = verbose
        self._waiting = {RealTime.wait.__code__}
        self._is_replay = hasattr(stream, "epoch")
        if self._is_replay:  # it sleeps where it iterates
            self._waiting.add(type(stream).__iter__.__code__)
        self._refused: set[int | None] = set()
        self._stopped = False
        self._opened = False

    def run(self) -> int:
        """Trace until it is over, or somebody ends it; return the exit code."""
        code = OK
        try:
            signal.signal(signal.SIGINT, self._stop)
            signal.signal(signal.SIGALRM, self._stop)
            self._play()
        except KeyboardInterrupt:
            if not self._opened:
                raise
            self._stopped = True
        except OSError as error:
            if not self._opened or isinstance(error, BrokenPipeError):
                raise
            complain("trace", cause_of(error))
            code = TROUBLE
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if self._stopped or code:
            write(self._printer.unfinished())
        report = self._stream.report()
        write(self._printer.closing(report))
        return code or (OK if report.reached else NO_ANSWER)

    def _play(self) -> None:
        for event in self._stream:
            if not self._opened:
                self._opened = True
                self._begin()
            self._notice(event)
            if text := self._printer.event(event):
                write(text)
            if self._stopped:
                return

    def _begin(self) -> None:
        """Do what the first probes, which are on their way by now, need not have waited for."""
        if not self._is_replay:
            give_up_privileges()
        startup.end()
        write(self._printer.opening(self._stream.target))

    def _notice(self, event: TraceEvent) -> None:
        match event:
            case Answer(source=source):
                self._lookup.begin(source)
            case NotSent(error=error) if error.errno not in self._refused:
                self._refused.add(error.errno)
                complain("trace", f"hop {event.probe.ttl}: not sent: {cause_of(error)}")
            case Opened(via=via, why=why) if self._verbose:
                complain("trace", f"{via}: {why}" if why else via)

    def _stop(self, _: int, frame: FrameType | None) -> None:
        """End it: at once if it waits, else after the event at hand, so that no line is torn."""
        if frame is not None and frame.f_code in self._waiting:
            raise KeyboardInterrupt
        if self._stopped and not self._opened:
            raise KeyboardInterrupt
        self._stopped = True
        signal.setitimer(signal.ITIMER_REAL, TRY_AGAIN)


def give_up_privileges() -> None:
    """Give up every capability: the sockets are open, and nothing has been heard yet."""
    from rawkit.host import capability

    if capability.read().permitted:
        capability.drop()


def printer_for(
    options: TraceOptions, settings: TraceSettings, lookup: Lookup, wall: "Wall"
) -> Printer:
    """Return what prints in the form that was asked for."""
    if options.report:
        from rawkit.cli.trace_report_text import TraceTable

        return TraceTable(options, settings, lookup, wall)
    if options.json:
        from rawkit.cli.trace_json import TraceJson

        return TraceJson(settings, lookup, wall)
    if options.csv:
        from rawkit.cli.trace_csv import TraceCsv

        return TraceCsv(lookup)
    if options.dot:
        from rawkit.cli.trace_dot import TraceDot

        return TraceDot(lookup)
    from rawkit.cli.trace_text import TraceText

    return TraceText(options, settings, lookup)


def wall_from(epoch: float | None = None) -> Callable[[float], float]:
    """Return what turns the times of events into seconds since 1970."""
    start = time.time() - time.monotonic() if epoch is None else epoch
    return lambda moment: moment + start
