"""``rawkit trace --multipath``: every way that load balancers share."""

from typing import TYPE_CHECKING, cast

from rawkit.api import multipath as api
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_session import Wrap, open_lookup, settings
from rawkit.cli.trace_wanted import TraceOptions
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.cli.trace_multipath_text import MultipathPrinter
    from rawkit.cli.trace_record import Traced
    from rawkit.cli.trace_run import Printer

MEANINGLESS = ("queries", "rounds", "interval", "keep_rows")
"""How many probes there are follows from the answers."""
OTHER_DEFAULTS = ("parallel", "wait")
"""Keywords whose default is another than that of a trace."""


def run(options: TraceOptions, wrap: Wrap | None = None) -> int:
    """Run the command and return its exit code: 0 reached, 1 not reached, 2 trouble."""
    from rawkit.cli.trace_run import Run

    check(options)
    lookup = open_lookup(options)
    session = open_session(options, wrap)
    printer = _printer(options, session, lookup)
    # A session of another engine, and a printer for it: the loop does not look inside.
    stream, shown = cast("Traced", session), cast("Printer", printer)
    return Run(stream, shown, lookup, verbose=options.verbose).run()


def check(options: TraceOptions) -> None:
    """Refuse what goes with a trace only.

    Raises:
        UsageError: says what, and what would do.
    """
    for name in ("report", "csv", "live"):
        if getattr(options, name):
            raise UsageError(f"--{name} is not for --multipath, which has text, --json and --dot")
    if options.record is not None:
        raise UsageError("--record is not for --multipath: keep what --json prints")
    for name, letter in (("queries", "-q"), ("count", "-c")):
        if getattr(options, name) is not None:
            raise UsageError(f"{letter} is not for --multipath: --confidence says how many probes")
    if options.flow == "classic":
        raise UsageError("--flow classic is not for --multipath: a flow must keep to its way")


def open_session(options: TraceOptions, wrap: Wrap | None = None) -> api.MultipathSession:
    """Return the session.

    Raises:
        NameNotFound: the host has no address.
        NoRoute: it cannot be reached.
        UsageError: the options make no sense.
    """
    keywords = keywords_of(options) | {"wrap": wrap}
    return api.multipath(options.host, **cast(api.MultipathOptions, keywords))


def keywords_of(options: TraceOptions) -> dict[str, object]:
    """Return what the options mean for :func:`rawkit.multipath`."""
    keywords = dict(settings(options, options.method))
    for name in MEANINGLESS:
        keywords.pop(name, None)
    for name in OTHER_DEFAULTS:
        if getattr(options, name) == getattr(TraceOptions, name):
            keywords.pop(name)
    return keywords | {"confidence": options.confidence}


def _printer(
    options: TraceOptions, session: api.MultipathSession, lookup: Lookup
) -> "MultipathPrinter":
    if options.json:
        import time

        from rawkit.cli.trace_multipath_json import MultipathJson

        epoch = time.time() - time.monotonic()
        return MultipathJson(session.settings, session.length, lookup, lambda at: at + epoch)
    if options.dot:
        from rawkit.cli.trace_multipath_dot import MultipathDot

        return MultipathDot(lookup)
    from rawkit.cli.trace_multipath_text import MultipathText

    return MultipathText(options, session.settings, session.length, lookup)
