"""``rawkit serve``: a service at an address, by a model of your choice."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from rawkit.cli.errors import NO_ANSWER, OK, complain, write
from rawkit.cli.serve_options import ServeOptions, parse
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.api.raw_server import RawListener, RawServer
    from rawkit.posix.address import Address
    from rawkit.posix.listen import Listener
    from rawkit.posix.serve import Server
    from rawkit.posix.serving.settings import Settings
    from rawkit.posix.serving.shift import Event, Log

STDOUT = 1
BESIDES = 64
"""Descriptors that are not connections."""


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.serve_help import help_text

        write(help_text())
    elif options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit serve {version()}\n")
    elif options.list:
        from rawkit.cli.serve_text import catalogue

        write(_lines(catalogue()))
    elif options.explain is not None:
        from rawkit.cli.serve_text import explanation
        from rawkit.posix.models import known_model

        write(_lines(explanation(known_model(options.explain, to_run=False))))
    else:
        return _serve(options)
    return OK


def _serve(options: ServeOptions) -> int:
    """Serve, and say where, and what came of it."""
    settings, log = _settings(options), _log(options)
    if options.raw:
        from rawkit.cli.serve_raw import raw_server

        with raw_server(options, settings, log) as server:
            return _serve_with(options, server)
    _make_room(settings.max_connections)
    return _serve_with(options, _server(options, settings, log))


def _serve_with(options: ServeOptions, server: "Server | RawServer") -> int:
    server.open()
    try:
        server.run(ends_in=options.ends_in, ready=lambda: _say_where(options, server))
        _say_what(options, server)
    finally:
        server.close()
    stats = server.stats
    came = stats.accepted + stats.datagrams + stats.full
    return OK if came or options.ends_in is None else NO_ANSWER


def _make_room(connections: int) -> None:
    """Allow as many descriptors as that takes; by default a process may have 1024."""
    import resource

    needed = connections + BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        complain("serve", f"{hard} descriptors for {connections} connections: the hard limit")


def _settings(options: ServeOptions) -> "Settings":
    from rawkit.posix.serving import mischief
    from rawkit.posix.serving.settings import Settings

    return Settings(
        **options.limits,
        mischief=mischief.parse(options.faults),
        options=tuple(options.settings),
        log_connections=options.log or options.json,
    )


def _server(options: ServeOptions, settings: "Settings", log: "Log") -> "Server":
    from rawkit.posix.models import DEFAULT
    from rawkit.posix.serve import Server
    from rawkit.posix.services import named

    model = options.model or DEFAULT
    return Server(named(options.service), _addresses(options), model, settings, log)


def _addresses(options: ServeOptions) -> tuple["Address", ...]:
    """Return where to listen.

    Raises:
        UsageError: nobody has said where.
    """
    from rawkit.posix import activation, address

    if options.addresses:
        return tuple(map(address.parse, options.addresses))
    passed = activation.passed()
    activation.forget()
    if not passed:
        raise UsageError("no ADDRESS, such as tcp:127.0.0.1:7007, and no socket was passed")
    return passed


def _log(options: ServeOptions) -> "Log":
    """Return what is told of connections and of trouble, in whatever process and thread.

    Each line is one write(2), so that those of several do not mix.
    """
    from rawkit.posix.serving.shift import Closed

    def tell(event: "Event") -> None:
        if options.json:
            from rawkit.cli.serve_json import event as in_json

            _print(in_json(event))
        elif isinstance(event, Closed):
            from rawkit.cli.serve_text import closed

            _print(f"{closed(event)}\n")
        else:
            complain("serve", event.about)

    return tell


def _print(text: str) -> None:
    rest = memoryview(text.encode("utf-8", "replace"))
    try:
        while rest:
            rest = rest[os.write(STDOUT, rest) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, f"write error: {error.strerror}") from error


def _say_where(options: ServeOptions, server: "Server | RawServer") -> None:
    for listener in server.listeners:
        if not options.json:
            for note in listener.notes:
                complain("serve", f"{listener.asked}: {note}")
    if options.print_address:
        write(_lines(server.addresses))
    elif options.json:
        from rawkit.cli.serve_json import listening

        listeners: Sequence[Listener | RawListener] = server.listeners
        for listener, address in zip(listeners, server.addresses, strict=True):
            write(listening(listener, address, options.service, server.model))
    elif not options.quiet:
        write(_lines(_beginning(options, server)))


def _beginning(options: ServeOptions, server: "Server | RawServer") -> Iterable[str]:
    if options.raw:
        from rawkit.cli import serve_raw

        return serve_raw.beginning(options.service, cast("RawServer", server))
    from rawkit.cli.serve_text import beginning

    return beginning(options.service, cast("Server", server))


def _say_what(options: ServeOptions, server: "Server | RawServer") -> None:
    if options.json:
        from rawkit.cli.serve_json import served

        write(served(options.service, server.model, server.addresses, server.stats))
    elif not (options.quiet or options.print_address):
        from rawkit.cli.serve_text import ending

        is_datagram = server.listeners[0].is_datagram
        with suppress(BrokenPipeError):
            write(_lines(ending(options.service, server.stats, is_datagram=is_datagram)))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
