"""What ``rawkit sniff --json`` prints: one object a line, as :mod:`rawkit.cli.records` says."""

from typing import TYPE_CHECKING

from rawkit.cli.packet_fields import headers_of
from rawkit.cli.packet_lines import SECOND, Seen
from rawkit.cli.records import MICROSECONDS, Schema, Value, duration, line
from rawkit.wire.cut import completed
from rawkit.wire.text import line as in_words

if TYPE_CHECKING:
    from rawkit.engine.capture import CaptureReport

SCHEMA: Schema = {
    "packet": (
        *("number", "time", "nanoseconds", "interface", "direction", "frame_length"),
        *("captured_length", "checksum_verdict", "super_packet", "text", "headers", "payload"),
        *("problem", "octets"),
    ),
    "summary": (
        *("interface", "filter", "captured", "passed", "dropped", "captured_octets"),
        *("interfaces_heard", "bad_checksums", "unfinished_checksums", "super_packets"),
        *("cut_packets", "listened", "socket", "why"),
    ),
}
"""The fields of each type, beside those of the head."""
PARTS: Schema = {
    "headers": ("header", "fields"),
    "interfaces_heard": ("interface", "packets"),
}


def packet_line(command: str, seen: Seen, *, with_octets: bool, **more: Value) -> str:
    """Return a packet as a line of JSON.

    Args:
        command: the command that writes it.
        seen: the packet, and what is known of it.
        with_octets: whether to tell all its octets once more, as they came.
        **more: what the command tells beside.
    """
    packet, at = seen.packet, seen.time_ns
    values: dict[str, Value] = {
        "number": seen.number,
        "time": None if at is None else round(at / SECOND, MICROSECONDS),
        "nanoseconds": None if at is None else at % SECOND,
        "interface": seen.interface,
        "direction": seen.direction.value if seen.direction else None,
        "frame_length": seen.length,
        "captured_length": len(seen.octets),
        "checksum_verdict": seen.checksum.value if seen.checksum else None,
        "super_packet": seen.super_packet,
        "text": in_words(completed(packet) if len(seen.octets) < seen.length else packet),
        "headers": headers_of(packet),
        "payload": packet.payload.hex(),
        "problem": None if packet.error is None else str(packet.error),
        "octets": seen.octets.hex() if with_octets else None,
    }
    return line(command, "packet", None, {**values, **more})


def summary_line(report: "CaptureReport", interface: str | None, chosen_by: str) -> str:
    """Return the summary as a line of JSON.

    Args:
        report: what was heard.
        interface: where; ``None``: everywhere.
        chosen_by: the filter, in words.
    """
    values: dict[str, Value] = {
        "interface": interface,
        "filter": chosen_by,
        "captured": report.captured,
        "passed": report.passed,
        "dropped": report.dropped,
        "captured_octets": report.octets,
        "interfaces_heard": [
            {"interface": name, "packets": count} for name, count in report.interfaces.items()
        ],
        "bad_checksums": report.bad,
        "unfinished_checksums": report.unfinished,
        "super_packets": report.super_packets,
        "cut_packets": report.cut,
        "listened": duration(report.elapsed),
        "socket": report.via or None,
        "why": report.why or None,
    }
    return line("sniff", "summary", None, values)
