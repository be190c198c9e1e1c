"""``rawkit trace --live``: the path as it is now, in a terminal, with textual."""

import sys
from collections.abc import Callable
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from rawkit.cli import startup
from rawkit.cli.errors import NO_ANSWER, OK, write
from rawkit.cli.trace_live_charts import cut
from rawkit.cli.trace_live_facts import heading, is_reached
from rawkit.cli.trace_live_table import table
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_record import Traced
from rawkit.engine.trace_settings import Method
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.cli.trace_live_app import TraceApp

NO_TERMINAL = "--live needs a terminal; elsewhere take --report, --json or --csv"
NO_TEXTUAL = "--live needs textual: pip install 'rawkit[ui]'"

Opener = Callable[[Method | None], Traced]
"""Makes a session with another method; with ``None``, with the one that was asked for."""


def live(
    opener: Opener,
    *,
    fixed: str = "",
    lookup: Lookup,
) -> int:
    """Show a trace until the user has seen enough; return 0 if the target ever answered, else 1.

    Args:
        opener: makes what is to be shown, at once, and again for another method: a session
            that tells everything (``announce=True``), mostly for ever; or a replay.
        fixed: why the method cannot be changed; empty: it can.
        lookup: names and networks of addresses; it is asked again and again.

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
    startup.end()
    app.run()
    if app.failure is not None:
        raise app.failure
    write(last_screen(app))
    return OK if is_reached(app.session.report()) else NO_ANSWER


def last_screen(app: "TraceApp") -> str:
    """Return what was shown last as plain text, for the terminal as it was before."""
    width = get_terminal_size().columns
    model = app.model
    lines = heading(model, app.session.settings, app.state)
    if rows := model.rows():
        lines += table(rows, width, 0)
    return "".join("".join(text for text, _ in cut(line, width)).rstrip() + "\n" for line in lines)
