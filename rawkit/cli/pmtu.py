"""``rawkit pmtu``: the path MTU, told or not, and the hop where it shrinks."""

import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, cause_of, complain, write
from rawkit.cli.pmtu_options import PmtuOptions, parse
from rawkit.engine.pmtu_report import PmtuEvent, PmtuHop, PmtuReport, SizeTried
from rawkit.wire.address import Address

if TYPE_CHECKING:
    from rawkit.api.pmtu import PmtuSession
    from rawkit.host.names import ReverseNames

NAME_WAIT = 0.3
"""Seconds that all the names may be waited for at the end."""


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 reached, 1 not reached, 2 trouble."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.pmtu_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit pmtu {version()}\n")
        return OK
    # A name server may keep us waiting; nothing is known yet, so let Ctrl-C just end it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        session = _session(options)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return Run(session, options).run()
    finally:
        signal.signal(signal.SIGINT, before)


class Run:
    """One session, printed."""

    def __init__(self, session: "PmtuSession", options: PmtuOptions) -> None:
        self._session = session
        self._options = options
        self._names = _names(options)

    def run(self) -> int:
        """Find out, tell, and return the exit code."""
        code, opened = OK, False
        try:
            for event in self._session:
                opened = opened or self._tell_socket()
                self._tell(event)
        except KeyboardInterrupt:
            pass
        except OSError as error:
            if not self._session.report().sent:
                raise
            complain("pmtu", cause_of(error))
            code = TROUBLE
        report = self._session.report()
        self._wait_for_names(report)
        write("".join(self._lines(report)))
        return code or (OK if report.reached else NO_ANSWER)

    def _lines(self, report: PmtuReport) -> list[str]:
        if self._options.json:
            from rawkit.cli import pmtu_json

            return list(pmtu_json.lines(report, self._name))
        from rawkit.cli import pmtu_text

        return [f"{line}\n" for line in pmtu_text.lines(report, self._shown)]

    def _tell(self, event: PmtuEvent) -> None:
        """Have a new hop's name looked up; say on stderr what was tried."""
        if isinstance(event, PmtuHop):
            self._name(event.address)
        if isinstance(event, SizeTried) and self._options.verbose:
            from rawkit.cli.pmtu_text import tried

            complain("pmtu", tried(event))

    def _tell_socket(self) -> bool:
        """Say which kind of sockets it is, as soon as that is known."""
        report = self._session.report()
        if self._options.verbose and report.via:
            complain("pmtu", f"{report.via}: {report.why}" if report.why else report.via)
        return bool(report.via)

    def _name(self, address: Address) -> str | None:
        """Return the name of an address, if it is wanted and known by now."""
        return self._names.name(address) if self._names else None

    def _shown(self, address: Address) -> str:
        if (name := self._name(address)) is None:
            return str(address)
        return f"{name} ({address})" if self._options.both else name

    def _wait_for_names(self, report: PmtuReport) -> None:
        ends_at = time.monotonic() + NAME_WAIT
        for hop in report.hops if self._names else ():
            if self._names:
                self._names.wait(hop.address, max(0.0, ends_at - time.monotonic()))


def _session(options: PmtuOptions) -> "PmtuSession":
    from rawkit.api.pmtu import pmtu

    return pmtu(
        options.host,
        method=options.method,
        port=options.port,
        max_ttl=options.max_ttl,
        largest=options.largest,
        tries=options.tries,
        wait=options.wait,
        deadline=options.deadline,
        traffic_class=options.traffic_class,
        interface=options.interface,
        source=options.source,
        source_port=options.source_port,
        mark=options.mark,
        kind=options.kind,
        version=options.version,
    )


def _names(options: PmtuOptions) -> "ReverseNames | None":
    if options.numeric:
        return None
    from rawkit.host.names import ReverseNames

    return ReverseNames()
