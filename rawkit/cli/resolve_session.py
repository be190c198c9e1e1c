"""From the options of ``rawkit resolve`` to sessions, each with what prints it."""

import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from rawkit.cli.errors import NO_ANSWER, OK
from rawkit.cli.resolve_options import SOLICITATIONS, ResolveOptions
from rawkit.cli.resolve_run import AnySession, Run, Wrap
from rawkit.engine.neighbour_events import Purpose
from rawkit.errors import UsageError
from rawkit.sockets.packet_io import PacketIO

if TYPE_CHECKING:
    from rawkit.api.neighbours import DiscoverOptions, WatchOptions
    from rawkit.api.resolve import ResolveOptions as ResolveWords
    from rawkit.engine.discover import DiscoverReport
    from rawkit.engine.resolve_report import ResolveReport
    from rawkit.engine.watch import WatchReport


def open_capture(options: ResolveOptions, files: ExitStack) -> BinaryIO | None:
    """Return the file for the frames that leave and come, if one is wanted.

    Raises:
        UsageError: it cannot be written.
    """
    if options.pcap is None:
        return None
    if options.pcap == "-":
        raise UsageError("stdout is for the text: --pcap FILE, or --pcap >(tcpdump -r -)")
    try:
        return files.enter_context(open(options.pcap, "wb"))
    except OSError as error:
        raise UsageError(f"cannot write frames to {options.pcap!r}: {error.strerror}") from error


def open_runs(options: ResolveOptions, capture: BinaryIO | None = None) -> list[Run]:
    """Return what is to be run, side by side if there are several."""
    if options.routers or options.watch:
        last = partial(_wrapped, capture, True)
        return [(_routers if options.routers else _watch)(options, last)]
    # Whoever is the last to open his socket gives up the privilege for all.
    left = len(options.addresses)

    def wrap(io: PacketIO) -> PacketIO:
        nonlocal left
        left -= 1
        return _wrapped(capture, left == 0, io)

    return [_resolve(options, word, wrap) for word in options.addresses]


def _resolve(options: ResolveOptions, word: str, wrap: Wrap) -> Run:
    from rawkit.api.resolve import ResolveSession, session_for

    def make(begin: Wrap) -> AnySession:
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
            "wrap": lambda io: begin(wrap(io)),
        }
        return session_for(word, options.purpose, wanted)

    def judge(report: "ResolveReport") -> int:
        return verdict(report, options)

    if options.json:
        from rawkit.cli.resolve_json import ResolveJson

        return Run(make, lambda _: ResolveJson(_wall), judge, options)
    from rawkit.cli.resolve_text import ResolveText

    def text(session: ResolveSession) -> ResolveText:
        return ResolveText(session, several=len(options.addresses) > 1)

    return Run(make, text, judge, options)


def verdict(report: "ResolveReport", options: ResolveOptions) -> int:
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


def _routers(options: ResolveOptions, wrap: Wrap) -> Run:
    from rawkit.api.neighbours import discover_routers

    interface = options.interface
    assert interface is not None

    def make(begin: Wrap) -> AnySession:
        wanted: DiscoverOptions = {
            "count": options.count or (SOLICITATIONS if options.deadline is None else None),
            "interval": options.interval,
            "timeout": options.interval,
            "deadline": options.deadline,
            "until_first": options.until_first,
            "source": options.source,
            "cooked": options.cooked,
            "wrap": lambda io: begin(wrap(io)),
        }
        return discover_routers(interface, options.version or 6, **wanted)

    def found(report: "DiscoverReport") -> int:
        return OK if report.routers else NO_ANSWER

    if options.json:
        from rawkit.cli.resolve_json import RoutersJson

        return Run(make, lambda _: RoutersJson(_wall), found, options)
    from rawkit.cli.resolve_text import RoutersText

    return Run(make, RoutersText, found, options)


def _watch(options: ResolveOptions, wrap: Wrap) -> Run:
    from rawkit.api.neighbours import watch_neighbours

    def make(begin: Wrap) -> AnySession:
        wanted: WatchOptions = {
            "count": 1 if options.until_first else options.count,
            "deadline": options.deadline,
            "version": options.version,
            "promiscuous": options.promiscuous,
            "cooked": options.cooked,
            "wrap": lambda io: begin(wrap(io)),
        }
        return watch_neighbours(options.interface, **wanted)

    def heard(report: "WatchReport") -> int:
        return OK if report.heard or report.probes else NO_ANSWER

    if options.json:
        from rawkit.cli.resolve_json import WatchJson

        return Run(make, lambda _: WatchJson(_wall), heard, options)
    from rawkit.cli.resolve_text import WatchText

    return Run(make, lambda _: WatchText(_wall, options.interface), heard, options)


def _wrapped(capture: BinaryIO | None, is_last: bool, io: PacketIO) -> PacketIO:
    """Give up every capability behind the last socket; put a capture around it."""
    from rawkit.host import capability

    if is_last and capability.read().permitted:
        capability.drop()
    if capture is None:
        return io
    from rawkit.sockets.tee import PcapTee
    from rawkit.wire.pcap import LinkType

    return PcapTee(io, capture, link_type=LinkType.ETHERNET)


_EPOCH = time.time() - time.monotonic()


def _wall(moment: float) -> float:
    return moment + _EPOCH
