"""``rawkit ping``: ping(8), with kernel time stamps on both sides, JSON and a ledger."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from rawkit.cli.errors import OK, TROUBLE, write
from rawkit.cli.ping_options import HELP, PingOptions, check, parse
from rawkit.errors import UsageError


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code, which is ping(8)'s."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.ping_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit ping {version()}\n")
        return OK
    if options.node_info[-1:] == HELP:
        from rawkit.cli.ping_question_options import NODE_HELP

        write(NODE_HELP)
        return OK
    check(options, os.getuid())
    # A name server may keep us waiting; there is nothing to sum up, so let Ctrl-C just end it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return _ping(options)
    finally:
        signal.signal(signal.SIGINT, before)


def _ping(options: PingOptions) -> int:
    from rawkit.cli.ping_pipes import wrapper
    from rawkit.cli.ping_run import Run
    from rawkit.cli.ping_session import open_session

    if options.verbose:
        from rawkit.sockets.identifiers import next_identifier

        options.spare_identifier = next_identifier()
    capture = _open_capture(options.pcap) if options.pcap is not None else None
    try:
        session, unknown = open_session(options, wrapper(options, capture))
        code = Run(session, options).run()
    finally:
        if capture is not None:
            with suppress(OSError):  # each packet has been flushed, so it has been told of
                capture.close()
    return TROUBLE if unknown else code


def _open_capture(name: str) -> BinaryIO:
    if name == "-":
        raise UsageError("stdout is for the text: --pcap FILE, or --pcap >(tcpdump -r -)")
    try:
        return open(name, "wb")  # closed by the caller
    except OSError as error:
        raise UsageError(f"cannot write packets to {name!r}: {error.strerror}") from error
