"""``rawkit replay``: a capture once more on a link, in its time or another (tcpreplay(1))."""

import sys
from collections.abc import Sequence

from rawkit.cli.errors import OK, TROUBLE, complain, write
from rawkit.cli.replay_options import parse
from rawkit.errors import NotationError


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 all sent, 1 some were not, 2 trouble."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.replay_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit replay {version()}\n")
        return OK
    from rawkit.cli.replay_run import replay

    try:
        return replay(options)
    except NotationError as error:
        complain("replay", error)
        sys.stderr.write(f"{error.pointed()}\n")
        return TROUBLE
