"""``rawkit handshake``: the three segments that open a TCP connection, shown and explained."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawkit.cli.errors import NO_ANSWER, OK, complain, write
from rawkit.cli.handshake_options import HandshakeOptions, parse
from rawkit.errors import NameNotFound, NoRoute

if TYPE_CHECKING:
    from rawkit.api.capturing_link import Tap
    from rawkit.endpoint.handshake import Handshake
    from rawkit.tcp.settings import Settings


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.handshake_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit handshake {version()}\n")
        return OK
    try:
        with ExitStack() as stack:
            tap = stack.enter_context(_tap(options)) if options.pcap or options.drop else None
            handshake = _prepared(options)
            if tap is not None:
                tap.around(handshake.host)
            return _run(options, handshake)
    except (NameNotFound, NoRoute) as error:
        complain("handshake", error)
        return NO_ANSWER


def _tap(options: HandshakeOptions) -> "Tap":
    from rawkit.api.capturing_link import Tap

    return Tap(options.pcap, options.drop)


def _prepared(options: HandshakeOptions) -> "Handshake":
    from rawkit.api.handshake import handshake

    return handshake(
        options.host,
        options.port,
        segments=options.segments,
        whole=options.whole,
        timeout=options.timeout,
        source=options.source,
        source_port=options.source_port,
        interface=options.interface,
        link=options.link,
        guard=options.guard,
        settings=_settings(options),
        ttl=options.ttl,
        dscp=options.dscp,
        version=options.version,
    )


def _settings(options: HandshakeOptions) -> "Settings":
    from rawkit.endpoint.opening import AS_THE_LINK
    from rawkit.record import replace

    return replace(
        AS_THE_LINK,
        mss=options.mss,
        window=options.window or AS_THE_LINK.window,
        timestamps=options.timestamps,
        sack=options.sack,
        window_scaling=options.scaling,
        ecn=options.ecn,
    )


def _run(options: HandshakeOptions, handshake: "Handshake") -> int:
    if options.json:
        return _run_json(options, handshake)
    from rawkit.cli import handshake_text as text

    write(text.begins(handshake, verbose=options.verbose))
    for shown in handshake:
        write(text.segment(handshake, shown, reasons=not options.quiet))
    write(text.ends(handshake))
    if handshake.failure is not None:
        complain("handshake", handshake.failure)
        return NO_ANSWER
    return OK


def _run_json(options: HandshakeOptions, handshake: "Handshake") -> int:
    from rawkit.cli.handshake_json import Lines

    lines = Lines(options.host, handshake)
    for shown in handshake:
        write(lines.segment(shown))
    code = OK if handshake.failure is None else NO_ANSWER
    write(lines.end(code))
    return code
