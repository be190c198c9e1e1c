"""``rawkit resolve``: arping(8) for IPv4 and IPv6, and what a link says of itself."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rawkit.cli.errors import OK, write
from rawkit.cli.resolve_options import parse

ENDINGS = (signal.SIGQUIT, signal.SIGTERM)
"""They end it as Ctrl-C does, with the summary: so they do arping(8)."""


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code, which is arping(8)'s."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.resolve_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit resolve {version()}\n")
        return OK
    from contextlib import ExitStack

    from rawkit.cli.resolve_run import run_all
    from rawkit.cli.resolve_session import open_capture, open_runs

    # A name server may keep us waiting; nothing is known yet, so let Ctrl-C just end it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with ExitStack() as files:
            runs = open_runs(options, open_capture(options, files))
            with _signals_end_it():
                return run_all(runs)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Have signals raise ``KeyboardInterrupt``, or end asyncio's loop, whichever runs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = [signal.signal(number, _end) for number in ENDINGS]
    try:
        yield
    finally:
        for number, handler in zip(ENDINGS, before, strict=True):
            signal.signal(number, handler)


def _end(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)
