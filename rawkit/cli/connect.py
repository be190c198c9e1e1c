"""``rawkit connect``: standard input and output on a connection of any kind, and why not."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rawkit.cli.connect_end import Ending, ending, unconnected
from rawkit.cli.connect_options import ConnectOptions, address_of, parse, place_of
from rawkit.cli.connect_relay import SILENCE
from rawkit.cli.errors import OK, complain, write
from rawkit.errors import ConnectionFailed, NameNotFound
from rawkit.posix.address import Address
from rawkit.posix.connecting import ConnectEvent, ConnectSettings
from rawkit.posix.connection import Connection
from rawkit.posix.establish import establish

if TYPE_CHECKING:
    from rawkit.cli.connect_json import Lines
    from rawkit.cli.connect_relay import Reason

STDIN, STDOUT = 0, 1


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.connect_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit connect {version()}\n")
        return OK
    address = address_of(options)
    place = place_of(options, address)
    teller = Teller(options, address)
    settings = ConnectSettings(timeout=options.timeout, bind=place, options=tuple(options.settings))
    with ExitStack() as stack:
        if options.raw:
            from rawkit.cli.connect_raw import by_hand, tap_of

            settings = by_hand(options, settings, stack.enter_context(tap_of(options)))
        try:
            return _run(options, address, settings, teller)
        except (ConnectionFailed, NameNotFound) as error:
            found = unconnected(error)
            teller.end(found, 0)
            return found.code


class Teller:
    """Says what happens: on stderr with ``-v``, in JSON on stdout with ``--json``."""

    def __init__(self, options: ConnectOptions, address: Address) -> None:
        self._options = options
        self._address = address

    def event(self, one: ConnectEvent) -> None:
        """Tell what happened on the way to a connection."""
        if self._options.verbose:
            from rawkit.cli import connect_text

            complain("connect", connect_text.event(one))
        if self._options.json:
            write(self._json().event(one))

    def shown(self, data: bytes) -> bytes:
        """Return what is to be written of what came."""
        if self._options.json:
            return self._json().data(data)
        if self._options.lines and not data.endswith(b"\n"):
            return data + b"\n"
        return data

    def end(self, one: Ending, cut: int) -> None:
        """Tell how it ended."""
        if self._options.json:
            write(self._json().end(one, cut))
        if self._options.verbose and one.reason != "unconnected":
            from rawkit.cli import connect_text

            complain("connect", connect_text.ended(one))
        if cut:
            complain("connect", f"{self._address}: {cut} messages were too long, and are not whole")
        if one.complaint:
            complain("connect", one.complaint)

    def _json(self) -> "Lines":
        from rawkit.cli.connect_json import Lines

        return Lines(self._address)


def _run(
    options: ConnectOptions, address: Address, settings: ConnectSettings, teller: Teller
) -> int:
    """Connect, move octets, and return the exit code."""
    with establish(address, settings, teller.event) as connection:
        began = time.monotonic()
        if options.connect_only:
            teller.end(Ending(reason="connected", code=OK), 0)
            return OK
        why: Reason | ConnectionFailed
        try:
            with interrupts() as bell:
                why = _relay(options, connection, teller, bell)
        except ConnectionFailed as error:
            why = error
        expected = options.expect
        found = ending(
            connection,
            why,
            who=str(connection.peer or address),
            idle=options.idle or SILENCE,
            expected=None if expected is None else os.fsdecode(expected.pattern),
            took=time.monotonic() - began,
        )
        teller.end(found, connection.cut)
        return found.code


@contextmanager
def interrupts() -> Iterator[int]:
    """Have Ctrl-C ring a bell, and nothing else; gives the descriptor that can be read then."""
    bell, rope = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    handler = signal.signal(signal.SIGINT, lambda *_: None)
    before = signal.set_wakeup_fd(rope, warn_on_full_buffer=False)
    try:
        yield bell
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGINT, handler)
        os.close(rope)
        os.close(bell)


def _relay(options: ConnectOptions, connection: Connection, teller: Teller, bell: int) -> "Reason":
    from rawkit.cli.connect_input import Input
    from rawkit.cli.connect_output import Output
    from rawkit.cli.connect_relay import Relay, RelaySettings

    sys.stdout.flush()
    source = Input(
        STDIN,
        messages=connection.is_message,
        lines=options.lines,
        crlf=options.crlf,
        rate=options.rate,
    )
    how = RelaySettings(
        at_end=options.at_end or "half-close",
        idle=options.idle,
        expect=options.expect,
        follows_peer=os.isatty(STDIN),
    )
    is_plain = not (options.json or (options.lines and connection.is_message))
    shown = None if is_plain else teller.shown
    return Relay(connection, source, Output(STDOUT), how, bell, shown).run()
