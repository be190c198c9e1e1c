"""What ``rawkit trace`` prints: traceroute(8)'s lines, to the letter."""

from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_rows import Outcome, Rows
from rawkit.cli.trace_wanted import TraceOptions, probe_length
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import Answer, Hop, TraceEvent
from rawkit.engine.trace_remarks import round_hops
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import TraceSettings

MISSING = "*"


class TraceText:
    """Turns the events of a trace into traceroute(8)'s lines."""

    def __init__(self, options: TraceOptions, settings: TraceSettings, lookup: Lookup) -> None:
        """Prepare to print.

        Args:
            options: what was asked for.
            settings: what is sent.
            lookup: names and networks of addresses.
        """
        self._options = options
        self._settings = settings
        self._lookup = lookup
        self._rows = Rows()
        self._round = 1

    def opening(self, target: Target) -> str:
        """Return the first line."""
        length = probe_length(self._settings, target.address.version)
        return (
            f"traceroute to {target.name} ({target.address}), "
            f"{self._settings.max_ttl} hops max, {length} byte packets\n"
        )

    def event(self, event: TraceEvent) -> str:
        """Return the line of a row that is complete; nothing for all else."""
        self._rows.take(event)
        if not isinstance(event, Hop):
            return ""
        for answer in event.answers:
            self._lookup.wait_for(answer.source)
        start = "" if event.revised else self._beginning(event.round, event.target)
        return start + self._row(event.ttl, event.outcomes, revised=event.revised)

    def closing(self, report: TraceReport) -> str:
        """Return nothing: the last row has said it."""
        return ""

    def unfinished(self) -> str:
        """Return the rows that are not complete, up to the last that anybody answered."""
        rows = dict(self._rows.unfinished())
        known = [outcome for row in rows.values() for outcome in row if outcome is not None]
        start = self._beginning(self._rows.round, known[0].target) if known else ""
        return start + "".join(self._row(ttl, row) for ttl, row in rows.items())

    def _beginning(self, number: int, target: Target) -> str:
        """Return the first line again where another round begins."""
        if number == self._round:
            return ""
        self._round = number
        return self.opening(target)

    def _row(self, ttl: int, outcomes: tuple[Outcome | None, ...], *, revised: bool = False) -> str:
        parts, before = [f"{ttl:2} "], None
        for outcome in outcomes:
            if not isinstance(outcome, Answer):
                parts.append(f" {MISSING}")
                continue
            told = self._told(outcome)
            if told != before:
                parts.append(self._whom(outcome))
                before = told
            parts.append(f"  {outcome.rtt * 1000:.3f} ms")
            if outcome.annotation:
                parts.append(f" {outcome.annotation}")
        return "".join(parts) + ("  (revised)" if revised else "") + "\n"

    def _told(self, answer: Answer) -> tuple[object, ...]:
        """Return what is not said again while it stays the same."""
        options = self._options
        return (
            answer.source,
            answer.extensions if options.extensions else (),
            answer.ttl if options.back else 0,
        )

    def _whom(self, answer: Answer) -> str:
        """Return who answered, and what else was asked for about him."""
        options, address = self._options, answer.source
        text = f" {address}"
        if not options.numeric:
            text = f" {self._lookup.name(address) or address} ({address})"
        if options.systems:
            text += f" [{self._lookup.network(address) or MISSING}]"
        if options.extensions and answer.extensions:
            from rawkit.cli.trace_extensions_text import extensions_text

            text += f" <{extensions_text(answer.extensions)}>"
        if options.back:
            hops = round_hops(answer.ttl)
            if hops is not None and hops != answer.probe.ttl:
                text += f" '-{hops}'"
        return text
