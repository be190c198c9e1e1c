"""From the options of ``rawkit resolve`` to sessions, each with what prints it."""

import time
from collections.abc import Callable

from rawkit.api.neighbours import DiscoverOptions, WatchOptions, discover_routers, watch_neighbours
from rawkit.api.resolve import ResolveOptions as ResolveWords
from rawkit.api.resolve import ResolveSession, session_for
from rawkit.cli.errors import NO_ANSWER, OK
from rawkit.cli.resolve_options import SOLICITATIONS, ResolveOptions
from rawkit.cli.resolve_run import Run
from rawkit.engine.discover import DiscoverReport
from rawkit.engine.neighbour_events import Purpose
from rawkit.engine.resolve_report import ResolveReport
from rawkit.engine.watch import WatchReport
from rawkit.sockets.packet_io import PacketIO


def open_runs(options: ResolveOptions) -> list[Run]:
    """Return what is to be run, side by side if there are several."""
    if options.routers:
        return [_routers(options)]
    if options.watch:
        return [_watch(options)]
    # Whoever is the last to open his socket gives up the privilege for all.
    left = len(options.addresses)

    def wrap(io: PacketIO) -> PacketIO:
        nonlocal left
        left -= 1
        return _without_privileges(io) if left == 0 else io

    several = left > 1
    return [_resolve(_session(options, word, wrap), options, several) for word in options.addresses]


def _session(
    options: ResolveOptions, word: str, wrap: Callable[[PacketIO], PacketIO]
) -> ResolveSession:
    wanted: ResolveWords = {
        "count": options.count,
        "interval": options.interval,
        "timeout": options.interval,
        "deadline": options.deadline,
        "until_first": options.until_first and options.purpose is Purpose.ASK,
        "broadcast": options.broadcast,
        "interface": options.interface,
        "source": options.source,
        "version": options.version,
        "cooked": options.cooked,
        "wrap": wrap,
    }
    return session_for(word, options.purpose, wanted)


def _resolve(session: ResolveSession, options: ResolveOptions, several: bool) -> Run:
    if options.json:
        from rawkit.cli.resolve_json import ResolveJson

        return Run(session, ResolveJson(_wall), lambda report: verdict(report, options), options)
    from rawkit.cli.resolve_text import ResolveText

    printer = ResolveText(session, several=several)
    return Run(session, printer, lambda report: verdict(report, options), options)


def verdict(report: ResolveReport, options: ResolveOptions) -> int:
    """Return arping(8)'s exit code.

    It is 0 if every request was answered, and by one host only; with ``-f`` or ``-w``, if
    there were answers enough; with ``-D``, ``-A`` and ``-U``, if nobody contradicted.
    """
    if report.purpose is not Purpose.ASK or report.is_conflict:
        good = not report.is_conflict
    elif options.deadline is not None:
        good = report.answered >= (1 if options.until_first else options.count or 1)
    elif options.until_first:
        good = report.is_alive
    else:
        good = report.answered == report.sent > 0
    return OK if good else NO_ANSWER


def _routers(options: ResolveOptions) -> Run:
    assert options.interface is not None
    wanted: DiscoverOptions = {
        "count": options.count or (SOLICITATIONS if options.deadline is None else None),
        "interval": options.interval,
        "timeout": options.interval,
        "deadline": options.deadline,
        "until_first": options.until_first,
        "source": options.source,
        "cooked": options.cooked,
        "wrap": _without_privileges,
    }
    session = discover_routers(options.interface, options.version or 6, **wanted)

    def found(report: DiscoverReport) -> int:
        return OK if report.routers else NO_ANSWER

    if options.json:
        from rawkit.cli.resolve_json import RoutersJson

        return Run(session, RoutersJson(_wall), found, options)
    from rawkit.cli.resolve_text import RoutersText

    return Run(session, RoutersText(session), found, options)


def _watch(options: ResolveOptions) -> Run:
    wanted: WatchOptions = {
        "count": 1 if options.until_first else options.count,
        "deadline": options.deadline,
        "promiscuous": options.promiscuous,
        "cooked": options.cooked,
        "wrap": _without_privileges,
    }
    session = watch_neighbours(options.interface, **wanted)

    def heard(report: WatchReport) -> int:
        return OK if report.heard or report.probes else NO_ANSWER

    if options.json:
        from rawkit.cli.resolve_json import WatchJson

        return Run(session, WatchJson(_wall), heard, options)
    from rawkit.cli.resolve_text import WatchText

    return Run(session, WatchText(_wall), heard, options)


def _without_privileges(io: PacketIO) -> PacketIO:
    """Give up every capability: the socket is open, and nothing more is needed."""
    from rawkit.host import capability

    if capability.read().permitted:
        capability.drop()
    return io


_EPOCH = time.time() - time.monotonic()


def _wall(moment: float) -> float:
    return moment + _EPOCH
