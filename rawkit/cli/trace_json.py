"""What ``rawkit trace --json`` prints: one object a line, as :mod:`rawkit.cli.records` has it."""

from typing import TYPE_CHECKING

from rawkit.cli.records import Schema, Value, Wall, duration, line, moment
from rawkit.cli.trace_hops import (
    PARTS,
    hop_values,
    interface_values,
    interfaces_in,
    known_of,
    label_values,
    labels_in,
    source_values,
    sources_of,
)
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_wanted import probe_length
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import (
    Answer,
    Hop,
    NotSent,
    Probe,
    Silence,
    Stray,
    TraceEvent,
)
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import TraceSettings
from rawkit.wire.tcp import TCP, Flags

__all__ = ["PARTS", "SCHEMA", "TraceJson", "report_line"]

if TYPE_CHECKING:
    from rawkit.wire.packet import Header

PROBE = ("time", "sequence", "hop", "round", "turn", "flow")
ANSWER = (
    *PROBE,
    *("kind", "source", "name", "as_numbers", "as_name", "rtt", "ttl"),
    *("icmp_type", "icmp_code", "message", "annotation", "tcp_flags"),
    *("labels", "interfaces", "quoted_ttl", "rewritten", "sent_by", "received_by"),
)
SCHEMA: Schema = {
    "answer": ANSWER,
    "late": ANSWER,
    "duplicate": ANSWER,
    "lost": (*PROBE, "waited"),
    "not_sent": (*PROBE, "errno", "message"),
    "stray": ("time", "source", "name", "as_numbers", "as_name"),
    "hop": (
        *("hop", "round", "sent", "answered", "late", "unanswered", "not_sent", "sources"),
        *("end", "revised"),
    ),
    "summary": (
        *("local", "method", "port", "flow_mode", "length", "first_hop", "max_hops", "reached"),
        *("rounds", "sent", "answered", "late", "unanswered", "not_sent", "pending"),
        *("duplicates", "strays", "lost_here", "elapsed", "remarks", "hops", "socket", "why"),
    ),
}
"""The fields of each type, beside those of the head."""


class TraceJson:
    """Turns the events of a trace into lines of JSON."""

    def __init__(self, settings: TraceSettings, lookup: Lookup, wall: Wall) -> None:
        """Prepare to print.

        Args:
            settings: what is sent.
            lookup: names and networks of addresses.
            wall: turns a monotonic time into seconds since 1970.
        """
        self._settings = settings
        self._lookup = lookup
        self._wall = wall

    def opening(self, target: Target) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: TraceEvent) -> str:
        """Return the line for an event, if there is one."""
        match event:
            case Answer():
                kind = "duplicate" if event.duplicate else "late" if event.late else "answer"
                return _line(kind, event.target, self._answer(event))
            case Silence(probe=probe, time=time, waited=waited):
                values = self._probe(probe, time) | {"waited": duration(waited)}
                return _line("lost", event.target, values)
            case NotSent(probe=probe, time=time, error=error):
                said: dict[str, Value] = {
                    "errno": error.errno,
                    "message": error.strerror or str(error),
                }
                return _line("not_sent", event.target, self._probe(probe, time) | said)
            case Stray(source=source, time=time):
                when: dict[str, Value] = {"time": moment(self._wall, time)}
                return _line("stray", event.target, when | known_of(source, self._lookup))
            case Hop():
                return _line("hop", event.target, self._hop(event))
            case _:
                return ""

    def closing(self, report: TraceReport) -> str:
        """Return the summary."""
        for hop in report.hops:
            for source in hop.sources:
                self._lookup.wait_for(source.address)
        return report_line(report, self._settings, self._lookup)

    def unfinished(self) -> str:
        """Return nothing: each answer has been told."""
        return ""

    def _probe(self, probe: Probe, time: float) -> dict[str, Value]:
        return {
            "time": moment(self._wall, time),
            "sequence": probe.serial,
            "hop": probe.ttl,
            "round": probe.round,
            "turn": probe.turn,
            "flow": probe.flow,
        }

    def _answer(self, answer: Answer) -> dict[str, Value]:
        return {
            **self._probe(answer.probe, answer.time),
            "kind": answer.kind.value,
            **known_of(answer.source, self._lookup),
            "rtt": duration(answer.rtt),
            "ttl": answer.ttl,
            **_said(answer.message),
            "annotation": answer.annotation,
            "tcp_flags": _flags(answer.message),
            "labels": label_values(labels_in(answer.extensions)),
            "interfaces": interface_values(interfaces_in(answer.extensions)),
            "quoted_ttl": answer.quoted_ttl,
            "rewritten": list(answer.rewritten),
            "sent_by": answer.sent_by.value,
            "received_by": answer.received_by.value,
        }

    def _hop(self, hop: Hop) -> dict[str, Value]:
        late = sum(answer.late for answer in hop.answers)
        not_sent = sum(isinstance(one, NotSent) for one in hop.outcomes)
        return {
            "hop": hop.ttl,
            "round": hop.round,
            "sent": len(hop.outcomes),
            "answered": len(hop.answers) - late,
            "late": late,
            "unanswered": len(hop.outcomes) - len(hop.answers) - not_sent,
            "not_sent": not_sent,
            "sources": [source_values(one, self._lookup) for one in sources_of(hop)],
            "end": hop.is_last,
            "revised": hop.revised,
        }


def report_line(report: TraceReport, settings: TraceSettings, lookup: Lookup | None = None) -> str:
    """Return the summary of a trace as a line of JSON."""
    return _line("summary", report.target, summary(report, settings, lookup or Lookup()))


def summary(report: TraceReport, settings: TraceSettings, lookup: Lookup) -> dict[str, Value]:
    """Return what the summary of a trace says."""
    hops = report.hops
    not_sent = sum(hop.not_sent for hop in hops)
    return {
        "local": str(report.target.src),
        "method": settings.method,
        "port": None if settings.method == "icmp" else settings.port_for(),
        "flow_mode": settings.flow,
        "length": probe_length(settings, report.target.address.version),
        "first_hop": settings.first_ttl,
        "max_hops": settings.max_ttl,
        "reached": report.reached,
        "rounds": report.rounds,
        "sent": sum(hop.sent for hop in hops),
        "answered": sum(hop.answered for hop in hops),
        "late": sum(hop.late for hop in hops),
        "unanswered": sum(hop.unanswered for hop in hops),
        "not_sent": not_sent,
        "pending": sum(hop.pending for hop in hops),
        "duplicates": sum(hop.duplicates for hop in hops),
        "strays": report.strays,
        "lost_here": not_sent + report.lost_here,
        "elapsed": duration(report.elapsed),
        "remarks": [remark.value for remark in report.remarks],
        "hops": [hop_values(hop, lookup) for hop in hops],
        "socket": report.via or None,
        "why": report.why or None,
    }


def _said(message: "Header | None") -> dict[str, Value]:
    """Return what an ICMP message says; nulls for another header."""
    kind = getattr(message, "TYPE", None)
    if kind is None:
        kind = getattr(message, "type", None)
    if message is None or kind is None:
        return {"icmp_type": None, "icmp_code": None, "message": None}
    from rawkit.wire.quote import says

    code = getattr(message, "code", 0)
    return {"icmp_type": int(kind), "icmp_code": int(code), "message": says(message)}


def _flags(message: "Header | None") -> list[Value] | None:
    if not isinstance(message, TCP):
        return None
    return [flag.name for flag in Flags if flag in message.flags]


def _line(kind: str, target: Target, values: dict[str, Value]) -> str:
    return line("trace", kind, target, values)
