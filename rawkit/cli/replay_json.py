"""What ``rawkit replay --json`` prints: one object a line, as :mod:`rawkit.cli.records` has it."""

from typing import TYPE_CHECKING

from rawkit.api.replay_events import PacketReplayed, PacketSkipped
from rawkit.cli.records import Schema, Value, duration, line
from rawkit.cli.replay_text import lines_of
from rawkit.errnos.table import said
from rawkit.wire.text import line as in_words

if TYPE_CHECKING:
    from rawkit.api.replay_events import ReplayEvent, ReplayReport
    from rawkit.cli.replay_options import ReplayOptions

SCHEMA: Schema = {
    "sent": ("number", "due", "lateness", "pieces", "text"),
    "skipped": ("number", "reason", "text"),
    "refused": ("number", "errno", "message", "text"),
    "summary": (
        *("file", "filter", "interface", "read_packets", "chosen_packets", "packets_sent"),
        *("packets_refused", "octets_sent", "elapsed", "late_median", "late_p99", "late_worst"),
        *("mended", "left_out", "refusals", "message", "problem", "dry_run"),
    ),
}
"""The fields of each type, beside those of the head."""
PARTS: Schema = {
    "mended": ("reason", "packet_count"),
    "left_out": ("reason", "packet_count"),
    "refusals": ("errno", "message", "times"),
}


def event_line(event: "ReplayEvent") -> str:
    """Return what became of a packet as a line of JSON."""
    values: dict[str, Value] = {"number": event.number}
    if isinstance(event, PacketSkipped):
        words = in_words(event.captured.dissect())
        return line("replay", "skipped", None, {**values, "reason": event.reason, "text": words})
    text = next(lines_of(event.mended))
    if isinstance(event, PacketReplayed):
        told: dict[str, Value] = {
            "due": duration(event.due),
            "lateness": duration(event.late),
            "pieces": len(event.mended.pieces),
            "text": text,
        }
        return line("replay", "sent", None, {**values, **told})
    told = {"errno": event.error.errno, "message": str(event.error), "text": text}
    return line("replay", "refused", None, {**values, **told})


def summary_line(report: "ReplayReport", options: "ReplayOptions") -> str:
    """Return the outcome as a line of JSON."""
    values: dict[str, Value] = {
        "file": options.source,
        "filter": " ".join(options.words),
        "interface": report.interface,
        "read_packets": report.read,
        "chosen_packets": report.chosen,
        "packets_sent": report.sent,
        "packets_refused": report.refused,
        "octets_sent": report.octets,
        "elapsed": duration(report.elapsed),
        "late_median": duration(report.late_median),
        "late_p99": duration(report.late_most),
        "late_worst": duration(report.late_worst),
        "mended": [
            {"reason": remark.value, "packet_count": count}
            for remark, count in report.remarks.items()
        ],
        "left_out": [
            {"reason": skip.value, "packet_count": count} for skip, count in report.skipped.items()
        ],
        "refusals": [
            {"errno": number, "message": said(number), "times": times}
            for number, times in report.errors.items()
        ],
        "message": report.first_error,
        "problem": report.damage,
        "dry_run": report.is_dry,
    }
    return line("replay", "summary", None, values)
