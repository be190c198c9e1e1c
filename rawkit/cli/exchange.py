"""``rawkit exchange``: a packet of one's own making, and what answers it."""

from collections.abc import Sequence

from rawkit.cli.errors import OK, TROUBLE, write
from rawkit.cli.exchange_options import parse
from rawkit.errors import NotationError


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 answered, 1 not answered, 2 trouble."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.exchange_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit exchange {version()}\n")
        return OK
    if options.list_headers is not None:
        from rawkit.cli.notation_list import header_text, list_text

        write(header_text(options.list_headers) if options.list_headers else list_text())
        return OK
    from rawkit.cli.packet_sources import tell

    try:
        if options.dry_run:
            from rawkit.cli.packet_preview import foresee

            return foresee("exchange", options)
        from rawkit.cli.exchange_run import exchange_all

        return exchange_all(options)
    except NotationError as error:
        tell("exchange", error)
        return TROUBLE
