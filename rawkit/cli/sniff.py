"""``rawkit sniff``: tcpdump(8)'s listening, with verdicts on checksums, JSON and drop counters."""

import sys
from collections.abc import Sequence

from rawkit.cli.errors import OK, TROUBLE, complain, write
from rawkit.cli.sniff_options import SniffOptions, parse
from rawkit.errors import FilterError


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 heard something, 1 did not."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.sniff_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit sniff {version()}\n")
        return OK
    if options.list_interfaces:
        from rawkit.cli.sniff_lists import interface_lines

        write(interface_lines())
        return OK
    try:
        return _sniff(options)
    except FilterError as error:
        complain("sniff", error)
        sys.stderr.write(f"{error.pointed()}\n")
        return TROUBLE


def _sniff(options: SniffOptions) -> int:
    if options.show_program:
        from rawkit.cli.sniff_lists import program_lines

        write(program_lines(options))
        return OK
    if options.workers > 1:
        from rawkit.cli.sniff_workers import run_workers

        return run_workers(options)
    from rawkit.cli.sniff_run import Run

    return Run(options).run()
