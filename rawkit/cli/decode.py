"""``rawkit decode``: captures and octets in hexadecimal, read and printed as ``sniff`` does."""

import sys
from collections.abc import Sequence

from rawkit.cli.decode_options import parse
from rawkit.cli.errors import OK, TROUBLE, complain, write
from rawkit.errors import NotationError


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 there were packets, 1 there were none."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.decode_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit decode {version()}\n")
        return OK
    from rawkit.cli.decode_run import Run

    try:
        return Run(options).run()
    except NotationError as error:
        complain("decode", error)
        sys.stderr.write(f"{error.pointed()}\n")
        return TROUBLE
