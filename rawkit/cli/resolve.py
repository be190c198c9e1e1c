"""``rawkit resolve``: arping(8) for IPv4 and IPv6, and what a link says of itself."""

import signal
from collections.abc import Sequence

from rawkit.cli.errors import OK, write
from rawkit.cli.resolve_options import parse


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
    from rawkit.cli.resolve_run import run_all
    from rawkit.cli.resolve_session import open_runs

    # A name server may keep us waiting; nothing is known yet, so let Ctrl-C just end it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        runs = open_runs(options)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return run_all(runs)
    finally:
        signal.signal(signal.SIGINT, before)
