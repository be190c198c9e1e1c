"""The loop of ``rawkit resolve``: events come, lines go, Ctrl-C is heard."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rawkit.cli import startup
from rawkit.cli.errors import OK, TROUBLE, cause_of, complain, write
from rawkit.cli.resolve_options import ResolveOptions
from rawkit.engine.neighbour_events import NotSent
from rawkit.session import Session
from rawkit.sockets.packet_io import PacketIO

Wrap = Callable[[PacketIO], PacketIO]
AnySession = Session[Any, Any]


class Printer(Protocol):
    """Turns what happens into text, in one form of output."""

    def opening(self) -> str: ...

    def event(self, event: Any) -> str: ...

    def closing(self, report: Any) -> str: ...


class Run:
    """One session, printed."""

    def __init__(
        self,
        make: Callable[[Wrap], AnySession],
        printer: Callable[[Any], Printer],
        verdict: Callable[[Any], int],
        options: ResolveOptions,
    ) -> None:
        """Prepare to run.

        Args:
            make: makes the session, with a wrapper to put around its socket.
            printer: makes what prints it.
            verdict: the exit code for its report.
            options: how much is printed.
        """
        self.session = make(self._begin)
        self._printer = printer(self.session)
        self._verdict = verdict
        self._options = options
        self._is_open = False
        self._told = not options.verbose
        self._failed = False

    def take(self, event: object) -> None:
        """Print an event."""
        self._tell_socket()
        if self._options.quiet:
            return
        if isinstance(event, NotSent) and not self._options.json:
            complain("resolve", f"not sent: {cause_of(event.error)}")
        self._write(self._printer.event(event))

    def fail(self, error: OSError) -> None:
        """Take note that it cannot go on; raise again what it failed to begin with."""
        if isinstance(error, BrokenPipeError) or not self._is_open:
            raise error
        complain("resolve", cause_of(error))
        self._failed = True

    def end(self) -> int:
        """Print the summary, and return the exit code."""
        report = self.session.report()
        self._tell_socket()
        if self._is_open and (self._options.json or not self._options.quiet):
            self._write(self._printer.closing(report))
        return TROUBLE if self._failed else self._verdict(report)

    def _begin(self, io: PacketIO) -> PacketIO:
        """Print what stands before all else, now that the socket is there."""
        self._is_open = True
        startup.end()
        if not self._options.quiet:
            self._write(self._printer.opening())
        return io

    def _write(self, text: str) -> None:
        if text:
            write(text)

    def _tell_socket(self) -> None:
        """Say which kind of socket it is, as soon as that is known."""
        report = None if self._told else self.session.report()
        if report is not None and report.via:
            self._told = True
            complain("resolve", f"{report.via}: {report.why}")


def run_all(runs: Sequence[Run]) -> int:
    """Run until all are over, or somebody ends it; return the worst exit code."""
    try:
        if len(runs) == 1:
            _alone(runs[0])
        else:
            import asyncio

            asyncio.run(_together(runs))
    except KeyboardInterrupt:
        pass
    return max((run.end() for run in runs), default=OK)


def _alone(run: Run) -> None:
    try:
        for event in run.session:
            run.take(event)
    except OSError as error:
        run.fail(error)


async def _together(runs: Sequence[Run]) -> None:
    import asyncio

    async def one(run: Run) -> None:
        try:
            async for event in run.session:
                run.take(event)
        except OSError as error:
            run.fail(error)

    await asyncio.gather(*(one(run) for run in runs))
