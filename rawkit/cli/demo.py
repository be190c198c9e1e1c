"""``rawkit demo``: what sockets do that surprises, measured here and now."""

from collections.abc import Iterable, Sequence
from time import perf_counter

from rawkit.cli.demo_options import DemoOptions, parse
from rawkit.cli.errors import NO_ANSWER, OK, write
from rawkit.demos import DEMOS, load
from rawkit.errors import RawkitError


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.demo_help import help_text

        write(help_text())
    elif options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit demo {version()}\n")
    elif not options.names:
        _list(options)
    else:
        return _demonstrate(options)
    return OK


def _list(options: DemoOptions) -> None:
    if options.json:
        from rawkit.cli.demo_json import demonstration

        write("".join(demonstration(name, about) for name, about in DEMOS.items()))
    else:
        from rawkit.cli.demo_text import catalogue

        write(_lines(catalogue(DEMOS)))


def _demonstrate(options: DemoOptions) -> int:
    """Show one after the other; return the exit code."""
    from rawkit.lab.userns import enter

    enter()
    shown = True
    for place, name in enumerate(options.names):
        if place and not options.json:
            write("\n\n")
        shown &= _show(name, options)
    return OK if shown else NO_ANSWER


def _show(name: str, options: DemoOptions) -> bool:
    """Show one; return whether it happened.

    Raises:
        RawkitError: it cannot be shown here; the message says why.
    """
    from rawkit.cli import demo_json, demo_text

    demo = load(name)
    if not options.json:
        write(_lines(demo_text.heading(name, DEMOS[name], demo.setting)))
    begun = perf_counter()
    try:
        found = demo.run()
    except OSError as error:
        if isinstance(error, RawkitError):
            raise
        raise RawkitError(f"{name} cannot be shown here: {error.strerror or error}") from error
    elapsed = perf_counter() - begun
    if options.json:
        write("".join(demo_json.outcome(name, demo.setting, found, elapsed)))
    else:
        write(_lines(demo_text.outcome(found)))
    return found.shown


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
