"""``--dry-run``: what would become of packets, and nothing is sent."""

from contextlib import ExitStack
from random import Random

from rawkit.api.outgoing import Ways, draft_of
from rawkit.api.preview import foreseen
from rawkit.api.send_events import PieceOptions
from rawkit.cli.errors import NO_ANSWER, OK, write
from rawkit.cli.packet_options import PacketOptions, packets, ways


def foresee(command: str, options: PacketOptions) -> int:
    """Say of every packet what would become of it; return 1 if one would be refused."""
    code = OK
    words: PieceOptions = {
        **ways(options),
        "fragment": options.fragment,
        "seed": options.seed,
    }
    routes, chance = Ways(words), Random(options.seed).randrange
    with ExitStack() as files:
        for packet in packets(options, files):
            found = foreseen(routes.of(draft_of(packet).drawn(chance)), words)
            if found.refusal is not None:
                code = NO_ANSWER
            if options.json:
                from rawkit.cli.send_json import preview_line

                write(preview_line(command, found, verbose=options.verbose, dump=options.dump))
            elif not options.quiet:
                from rawkit.cli.send_text import preview_text

                write(preview_text(found, verbose=options.verbose, dump=options.dump))
    return code
