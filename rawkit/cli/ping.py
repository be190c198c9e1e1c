"""``rawkit ping``: ping(8), with kernel time stamps on both sides, JSON and a ledger."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import BinaryIO

from rawkit.cli.errors import OK, TROUBLE
from rawkit.cli.ping_options import PingOptions, check, parse
from rawkit.errors import UsageError
from rawkit.sockets.packet_io import PacketIO


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code, which is ping(8)'s."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.ping_help import help_text

        sys.stdout.write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        sys.stdout.write(f"rawkit ping {version()}\n")
        return OK
    check(options, os.getuid())
    # A name server may keep us waiting; there is nothing to sum up, so let Ctrl-C just end it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return _ping(options)
    finally:
        signal.signal(signal.SIGINT, before)


def _ping(options: PingOptions) -> int:
    from rawkit.cli.ping_run import Run
    from rawkit.cli.ping_session import open_session

    if options.verbose:
        from rawkit.sockets.identifiers import next_identifier

        options.spare_identifier = next_identifier()
    capture = _open_capture(options.pcap) if options.pcap is not None else None
    try:
        session, unknown = open_session(options, _pipes(options, capture))
        code = Run(session, options).run()
    finally:
        if capture is not None:
            capture.close()
    return TROUBLE if unknown else code


def _open_capture(name: str) -> BinaryIO:
    try:
        return open(name, "wb")  # noqa: PTH123  # pathlib is slow; closed by the caller
    except OSError as error:
        raise UsageError(f"cannot write packets to {name!r}: {error.strerror}") from error


def _pipes(options: PingOptions, capture: BinaryIO | None) -> Callable[[PacketIO], PacketIO]:
    """Return what is done to the socket once it is open."""

    def wrap(io: PacketIO) -> PacketIO:
        _drop_privileges()
        if options.user_times:
            from rawkit.cli.ping_user_times import UserTimes

            io = UserTimes(io)
        if capture is not None:
            from rawkit.sockets.tee import PcapTee

            io = PcapTee(io, capture)
        return io

    return wrap


def _drop_privileges() -> None:
    """Give up every capability: the socket is open, and nothing more is needed."""
    from rawkit.host import capability

    if capability.read().permitted:
        capability.drop()
