"""``rawkit send``: packets of one's own making, and what the kernel makes of them."""

from collections.abc import Sequence

from rawkit.cli.errors import OK, TROUBLE, write
from rawkit.cli.send_options import parse
from rawkit.errors import NotationError


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 all sent, 1 some refused, 2 trouble."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.send_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit send {version()}\n")
        return OK
    if options.list_headers is not None:
        from rawkit.cli.notation_list import header_text, list_text

        write(header_text(options.list_headers) if options.list_headers else list_text())
        return OK
    from rawkit.cli.packet_sources import tell

    try:
        if options.dry_run:
            from rawkit.cli.packet_preview import foresee

            return foresee("send", options)
        from rawkit.cli.send_run import send

        return send(options)
    except NotationError as error:
        tell("send", error)
        return TROUBLE
