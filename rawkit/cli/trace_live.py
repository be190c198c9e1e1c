"""``rawkit trace --live``: the path as it is now, in a terminal, with textual."""

import sys
from collections.abc import Callable

from rawkit.cli.errors import NO_ANSWER, OK
from rawkit.cli.records import line
from rawkit.cli.trace_json import summary
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_record import Traced
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import Method
from rawkit.errors import UsageError

NO_TERMINAL = "--live needs a terminal; elsewhere take --report, --json or --csv"
NO_TEXTUAL = "--live needs textual: pip install 'rawkit[ui]'"

Opener = Callable[[Method | None], Traced]
"""Makes a session with another method; with ``None``, with the one that was asked for."""


def live(
    opener: Opener,
    *,
    fixed: str = "",
    lookup: Lookup,
    closing: Callable[[TraceReport], None] = lambda report: None,
) -> int:
    """Show a trace until the user has seen enough; return 0 if the target was reached, else 1.

    Args:
        opener: makes what is to be shown, at once, and again for another method: a session
            that tells everything (``announce=True``), mostly for ever; or a replay.
        fixed: why the method cannot be changed; empty: it can.
        lookup: names and networks of addresses; it is asked again and again.
        closing: is told what was shown last, once the terminal is as it was before.

    Raises:
        UsageError: there is no terminal, or no textual.
        OSError, RawkitError: the trace cannot go on.
    """
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(NO_TERMINAL)
    try:
        from rawkit.cli.trace_live_app import TraceApp
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("rich", "textual"):
            raise UsageError(NO_TEXTUAL) from error
        raise
    app = TraceApp(opener, fixed=fixed, lookup=lookup)
    app.run()
    if app.failure is not None:
        raise app.failure
    closing(app.model.report())
    return OK if app.session.report().reached else NO_ANSWER


def as_json(report: TraceReport, session: Traced, lookup: Lookup) -> str:
    """Return a report as the line of JSON that ``--json`` ends with."""
    values = summary(report, session.settings, lookup)
    return line("trace", "summary", report.target, values)
