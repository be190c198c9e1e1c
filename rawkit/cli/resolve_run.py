"""The loop of ``rawkit resolve``: events come, lines go, Ctrl-C is heard."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rawkit.cli import startup
from rawkit.cli.errors import OK, TROUBLE, cause_of, complain, write
from rawkit.cli.resolve_options import ResolveOptions
from rawkit.engine.neighbour_events import NotSent
from rawkit.session import Session


class Printer(Protocol):
    """Turns what happens into text, in one form of output."""

    def opening(self) -> str: ...

    def event(self, event: Any) -> str: ...

    def closing(self, report: Any) -> str: ...


class Run:
    """One session, printed."""

    def __init__(
        self,
        session: Session[Any, Any],
        printer: Printer,
        verdict: Callable[[Any], int],
        options: ResolveOptions,
    ) -> None:
        """Prepare to run.

        Args:
            session: what happens.
            printer: what is printed of it.
            verdict: the exit code for its report.
            options: how much is printed.
        """
        self.session = session
        self._printer = printer
        self._verdict = verdict
        self._options = options
        self._opened = False
        self._failed = False

    def begin(self) -> None:
        """Print what stands before all else."""
        startup.end()
        self._say(self._printer.opening())

    def take(self, event: object) -> None:
        """Print an event."""
        self._tell_socket()
        if isinstance(event, NotSent) and not self._options.quiet and not self._options.json:
            complain("resolve", f"not sent: {cause_of(event.error)}")
        self._say(self._printer.event(event))

    def fail(self, error: OSError) -> None:
        """Take note that it cannot go on; raise again what it failed to begin with."""
        if isinstance(error, BrokenPipeError) or not self.session.report().via:
            raise error
        complain("resolve", cause_of(error))
        self._failed = True

    def end(self) -> int:
        """Print the summary, and return the exit code."""
        report = self.session.report()
        self._tell_socket()
        if report.via:
            self._say(self._printer.closing(report))
        return TROUBLE if self._failed else self._verdict(report)

    def _say(self, text: str) -> None:
        if text and not self._options.quiet:
            write(text)

    def _tell_socket(self) -> None:
        """Say which kind of socket it is, as soon as that is known."""
        report = self.session.report() if self._options.verbose and not self._opened else None
        if report is not None and report.via:
            self._opened = True
            complain("resolve", f"{report.via}: {report.why}")


def run_all(runs: Sequence[Run]) -> int:
    """Run until all are over, or somebody ends it; return the worst exit code."""
    for run in runs:
        run.begin()
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
