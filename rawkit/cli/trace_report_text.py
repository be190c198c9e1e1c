"""What ``rawkit trace --report`` prints: the table of mtr(8) ``-r``, and its JSON object."""

import os
import time
from collections.abc import Sequence
from json import dumps

from rawkit.cli.records import Value, Wall
from rawkit.cli.trace_hops import deviation
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_wanted import TraceOptions, probe_length
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import TraceEvent
from rawkit.engine.trace_report import HopReport, SourceReport, TraceReport
from rawkit.engine.trace_settings import TraceSettings

LEAST_WIDTH = 33
"""Columns of the host, as in mtr(8); a longer name makes all of them wider."""
NUMBER = 5
"""Columns of a number; what is longer is cut off, as mtr(8) does."""
NOTHING = "-"
NOBODY = "???"
HEADS = (("Loss%", 5), ("Snt", 5), ("Last", 6), ("Avg", 5), ("Best", 5), ("Wrst", 5), ("StDev", 5))


class TraceTable:
    """Prints nothing until the end, and then a table of all hops."""

    def __init__(
        self,
        options: TraceOptions,
        settings: TraceSettings,
        lookup: Lookup,
        wall: Wall,
    ) -> None:
        """Prepare to print.

        Args:
            options: what was asked for.
            settings: what is sent.
            lookup: names and networks of addresses.
            wall: turns a monotonic time into seconds since 1970.
        """
        self._options = options
        self._settings = settings
        self._lookup = lookup
        self._wall = wall
        self._began: float | None = None

    def opening(self, target: Target) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: TraceEvent) -> str:
        """Return nothing; the time of the first event is that of the start."""
        if self._began is None:
            self._began = getattr(event, "time", None)
        return ""

    def unfinished(self) -> str:
        """Return nothing: the report has it."""
        return ""

    def closing(self, report: TraceReport) -> str:
        """Return the table, or with ``--json`` the object."""
        for hop in report.hops:
            for source in hop.sources:
                self._lookup.wait_for(source.address)
        return self._object(report) if self._options.json else self._table(report)

    def _table(self, report: TraceReport) -> str:
        began = time.localtime(self._wall(self._began or 0.0))
        rows = [(self._start(hop), hop) for hop in listed(report)]
        width = max(LEAST_WIDTH, *(len(start) for start, _ in rows), 0)
        heads = "".join(f" {head:>{columns}}" for head, columns in HEADS)
        lines = [
            f"Start: {time.strftime('%Y-%m-%dT%H:%M:%S%z', began)}\n",
            f"{f'HOST: {os.uname().nodename}':{width}.{width}}{heads}\n",
        ]
        for start, hop in rows:
            lines.append(f"{start:{width}}{_numbers(hop)}{_remarks(hop)}\n")
            lines.extend(self._below(hop))
        return "".join(lines)

    def _start(self, hop: HopReport) -> str:
        if not hop.sources:
            return f"{hop.ttl:3}.|-- {NOBODY}"
        first = hop.sources[0]
        if self._options.systems:
            network = self._lookup.network(first.address) or "AS???"
            return f"{hop.ttl:3}. {network:<8} {self._shown(first)}"
        return f"{hop.ttl:3}.|-- {self._shown(first)}"

    def _below(self, hop: HopReport) -> list[str]:
        """Return lines for more sources, and for the labels of each where they are wanted."""
        lines = []
        for number, source in enumerate(hop.sources):
            if number:
                network = self._lookup.network(source.address) if self._options.systems else None
                whose = f"{network} " if network else ""
                lines.append(f"    |  `|-- {whose}{self._shown(source)}\n")
            if self._options.extensions:
                lines += [
                    f"       [MPLS: Lbl {entry.label} TC {entry.traffic_class}"
                    f" S {entry.bottom:d} TTL {entry.ttl}]\n"
                    for entry in source.labels
                ]
        return lines

    def _shown(self, source: SourceReport) -> str:
        name = None if self._options.numeric else self._lookup.name(source.address)
        marks = "".join(f" {mark}" for mark in source.annotations)
        return f"{name or source.address}{marks}"

    def _object(self, report: TraceReport) -> str:
        from rawkit.cli.trace_json import report_line

        settings = self._settings
        ours = report_line(report, settings, self._lookup)
        mtr: dict[str, Value] = {
            "src": os.uname().nodename,
            "dst": report.target.name,
            "tos": settings.traffic_class,
            "tests": report.rounds,
            "psize": str(probe_length(settings, report.target.address.version)),
            "bitpattern": "0x00",
        }
        hubs: list[Value] = [self._hub(hop) for hop in listed(report)]
        theirs = dumps({"mtr": mtr, "hubs": hubs}, indent=4, allow_nan=False)
        inner = theirs.replace("\n", "\n    ")
        return f'{{\n    "report": {inner},\n    "rawkit": {ours.rstrip()}\n}}\n'

    def _hub(self, hop: HopReport) -> dict[str, Value]:
        rtt = hop.rtt
        first = self._lookup.network(hop.sources[0].address) if hop.sources else None
        return {
            "count": hop.ttl,
            "host": self._shown_plainly(hop),
            **({"ASN": first or "AS???"} if self._options.systems else {}),
            "Loss%": round(hop.loss * 100, 3) if _is_asked(hop) else None,
            "Snt": hop.sent,
            "Last": _milliseconds(hop.last),
            "Avg": _milliseconds(rtt.avg if rtt else None),
            "Best": _milliseconds(rtt.min if rtt else None),
            "Wrst": _milliseconds(rtt.max if rtt else None),
            "StDev": _milliseconds(deviation(rtt) if rtt else None),
        }

    def _shown_plainly(self, hop: HopReport) -> str:
        if not hop.sources:
            return NOBODY
        address = hop.sources[0].address
        name = None if self._options.numeric else self._lookup.name(address)
        return name or str(address)


def listed(report: TraceReport) -> Sequence[HopReport]:
    """Return the hops up to the last that answered, and one of those that are silent behind."""
    heard = [place for place, hop in enumerate(report.hops, 1) if hop.sources]
    return report.hops[: max(heard, default=0) + 1]


def _numbers(hop: HopReport) -> str:
    rtt = hop.rtt
    times = (rtt.avg, rtt.min, rtt.max, deviation(rtt)) if rtt else (None,) * 4
    loss = f"{hop.loss * 100:.1f}%" if _is_asked(hop) else NOTHING
    cells = (loss, str(hop.sent), *map(_cell, (hop.last, *times)))
    return "".join(
        f" {cell[:NUMBER]:>{columns}}" for cell, (_, columns) in zip(cells, HEADS, strict=True)
    )


def _is_asked(hop: HopReport) -> bool:
    """Tell whether any probe has left and is done with, so that there is a share of losses."""
    return hop.sent > hop.not_sent + hop.pending


def _cell(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds * 1000:.1f}"


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _remarks(hop: HopReport) -> str:
    return "  " + ", ".join(remark.value for remark in hop.remarks) if hop.remarks else ""
