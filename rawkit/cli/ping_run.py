"""The loop of ``rawkit ping``: events come, lines go, signals are heard."""

import errno
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from rawkit.cli import startup
from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, cause_of, complain, write
from rawkit.cli.ping_options import PingOptions
from rawkit.cli.ping_probe import is_broadcast
from rawkit.cli.ping_session import AnySession
from rawkit.engine.ping_events import ErrorReply, NotSent, PingEvent
from rawkit.engine.ping_report import PingReport
from rawkit.errors import UsageError
from rawkit.session import RealTime
from rawkit.wire.address import Address

NAME_WAIT = 0.02
"""Seconds that the first request may wait for its target's name: /etc/hosts is quicker."""
TRY_AGAIN = 0.01
"""Seconds."""
BROADCAST = "Do you want to ping broadcast? Then -b. If not, check your local firewall rules"
WAITING = RealTime.wait.__code__


if TYPE_CHECKING:
    from rawkit.cli.ping_json import PingJson
    from rawkit.cli.ping_text import PingText


class Run:
    """One session, printed."""

    def __init__(self, session: AnySession, options: PingOptions) -> None:
        self._session = session
        self._options = options
        self._targets = session.targets
        self._printer = self._chosen_printer()
        self._stopped = False
        self._opened = False
        self._told = not options.verbose

    def run(self) -> int:
        """Ping until it is over, or somebody ends it; return the exit code."""
        code = OK
        self._refuse_broadcast()
        try:
            signal.signal(signal.SIGINT, self._stop)
            signal.signal(signal.SIGALRM, self._stop)
            signal.signal(signal.SIGQUIT, self._show_status)
            self._play()
        except KeyboardInterrupt:
            if not self._opened:
                raise
        except OSError as error:
            if not self._opened or isinstance(error, BrokenPipeError):
                raise
            complain("ping", cause_of(error))
            code = TROUBLE
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        reports = self.reports()
        write("".join(self._printer.closing(report) for report in reports))
        return code or self.verdict(reports)

    def reports(self) -> tuple[PingReport, ...]:
        """Return the outcome so far, one report a target."""
        report = self._session.report()
        return report if isinstance(report, tuple) else (report,)

    def verdict(self, reports: Sequence[PingReport]) -> int:
        """Return ping(8)'s exit code; of several hosts, all must have answered."""
        options = self._options
        needed = 1 if options.deadline is None else options.count or 1
        answered = all(report.ledger.replied >= needed for report in reports)
        return OK if answered else NO_ANSWER

    def _refuse_broadcast(self) -> None:
        """Demand ``-b`` of who pings a broadcast address, as ping(8) does."""
        first, *others = self._targets
        if others or first.address.version == 6 or not is_broadcast(first.address, self._options):
            return
        if not self._options.broadcast:
            raise UsageError(BROADCAST)
        sys.stderr.write("WARNING: pinging broadcast address\n")
        sys.stderr.flush()

    def _play(self) -> None:
        for event in self._session:
            if not self._opened:
                self._opened = True
                startup.end()
                write(self._printer.opening(self._targets))
            if not self._told:
                self._tell_socket()
            if isinstance(event, NotSent):
                self._complain(event)
            if text := self._printer.event(event):
                write(text)
            if self._stopped or self._is_enough(event):
                return

    def _is_enough(self, event: PingEvent) -> bool:
        """Whether this ends it: with ``-w``, an ICMP error does."""
        if self._options.deadline is None or self._options.ignore_errors:
            return False
        return isinstance(event, ErrorReply) and event.final and len(self._targets) == 1

    # What to print

    def _chosen_printer(self) -> "PingText | PingJson":
        options = self._options
        epoch = time.time() - time.monotonic()

        def wall(moment: float) -> float:
            return moment + epoch

        if options.json:
            from rawkit.cli.ping_json import PingJson

            return PingJson(
                wall,
                outstanding=options.outstanding,
                quiet=options.quiet,
                method=next(iter(options.questions), "icmp"),
                port=options.tcp or options.udp,
            )
        from rawkit.cli.ping_text import PingText

        several, width = len(self._targets) > 1, None
        if options.flood and sys.stdout.isatty():
            import os

            width = os.get_terminal_size(sys.stdout.fileno()).columns or None
        return PingText(options, self._names(), wall, several=several, width=width)

    def _names(self) -> Callable[[Address], str | None]:
        """Return what looks up names: nothing where the user wants or wrote addresses."""
        from rawkit.cli.ping_text import is_numeric

        if self._options.numeric or all(is_numeric(target) for target in self._targets):
            return _nameless
        from rawkit.host.names import ReverseNames

        names = ReverseNames()
        if len(self._targets) == 1:
            names.wait(self._targets[0].address, NAME_WAIT)
        return names.name

    def _tell_socket(self) -> None:
        """Say which kind of socket it is, as soon as that is known."""
        report = self.reports()[0]
        if report.via:
            self._told = True
            complain("ping", f"{report.via}: {report.why}" if report.why else report.via)
            if report.via == "raw socket" and self._options.identifier is None:
                self._options.identifier = self._options.spare_identifier

    def _complain(self, event: NotSent) -> None:
        """Say on stderr why a request was not sent."""
        options = self._options
        if options.quiet or options.flood or options.json:
            return
        whom = f"{event.target.name}: " if len(self._targets) > 1 else ""
        if event.error.errno != errno.EMSGSIZE:
            complain("ping", f"{whom}sendmsg: {cause_of(event.error)}")
            return
        from rawkit.cli.ping_probe import mtu_to

        sign = "=" if event.target.address.version == 4 else ": "
        mtu = mtu_to(event.target.address, options)
        known = f", mtu{sign}{mtu}" if mtu else ""
        complain("ping", f"{whom}local error: message too long{known}")

    # Signals

    def _stop(self, _: int, frame: FrameType | None) -> None:
        """End it: at once if it waits, else after the event at hand, so that no line is torn."""
        if frame is not None and frame.f_code is WAITING:
            raise KeyboardInterrupt
        if self._stopped and not self._opened:
            raise KeyboardInterrupt
        self._stopped = True
        signal.setitimer(signal.ITIMER_REAL, TRY_AGAIN)

    def _show_status(self, *_: object) -> None:
        from rawkit.cli.ping_summary import live

        several = len(self._targets) > 1
        for report in self.reports():
            text = live(report)
            if several:
                text = f"\r{report.target.name}: {text[1:]}"
            sys.stderr.write(text)
        sys.stderr.flush()


def _nameless(_: Address) -> str | None:
    return None
