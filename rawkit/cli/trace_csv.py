"""What ``rawkit trace --csv`` prints: a header, and at the end a line for each hop.

The columns are fields of :mod:`rawkit.cli.records`; those of round trips stand for
themselves, lists are joined by spaces, and what is not known is empty.
"""

import csv
from io import StringIO

from rawkit.cli.records import RTT_FIELDS, Value
from rawkit.cli.trace_hops import hop_values
from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import TraceEvent
from rawkit.engine.trace_report import HopReport, TraceReport

OF_SOURCES = ("source", "name", "as_numbers", "annotations", "label")
"""Of all sources of a hop, in the order of first hearing."""
OF_HOPS = (
    *("sent", "answered", "late", "unanswered", "not_sent", "pending", "duplicates"),
    *("loss", "last", "back_hops", "asymmetry", "remarks"),
)
OF_TIMES = tuple(name for name in RTT_FIELDS if name != "count")
COLUMNS = ("host", "address", "hop", *OF_SOURCES, *OF_HOPS, *OF_TIMES)


class TraceCsv:
    """Prints nothing until the end, and then the hops."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def opening(self, target: Target) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: TraceEvent) -> str:
        """Return nothing."""
        return ""

    def unfinished(self) -> str:
        """Return nothing: the report has it."""
        return ""

    def closing(self, report: TraceReport) -> str:
        """Return header and lines."""
        for hop in report.hops:
            for source in hop.sources:
                self._lookup.wait_for(source.address)
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        head = (report.target.name, str(report.target.address))
        writer.writerows((*head, *self._cells(hop)) for hop in report.hops)
        return text.getvalue()

    def _cells(self, hop: HopReport) -> list[str]:
        values = hop_values(hop, self._lookup)
        labels = [str(entry.label) for source in hop.sources for entry in source.labels]
        systems = [self._lookup.network(source.address) or "" for source in hop.sources]
        names = [self._lookup.name(source.address) or "" for source in hop.sources]
        marks = dict.fromkeys(mark for source in hop.sources for mark in source.annotations)
        return [
            str(hop.ttl),
            " ".join(str(source.address) for source in hop.sources),
            " ".join(filter(None, names)),
            " ".join(filter(None, systems)),
            " ".join(marks),
            " ".join(labels),
            *(_cell(values[name]) for name in OF_HOPS),
            *(_cell(getattr(hop.rtt, name, None)) for name in OF_TIMES),
        ]


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.9f}".rstrip("0").rstrip(".")
        case list():
            return "; ".join(map(str, value))
        case _:
            return str(value)
