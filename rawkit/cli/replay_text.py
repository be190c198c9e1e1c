"""What ``rawkit replay`` prints for people: packets as they leave, and a summary."""

from collections.abc import Iterator

from rawkit.api.replay_events import PacketReplayed, PacketSkipped, ReplayEvent, ReplayReport
from rawkit.capture.mending import Mended
from rawkit.cli.send_text import counted
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.text import line

MILLI = 1000
BITS = 8
UNITS = ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"))


def event_text(event: ReplayEvent) -> str:
    """Return what became of a packet, in a line for each piece."""
    number = f"{event.number:5}  "
    if isinstance(event, PacketSkipped):
        return f"{number}not sent, {event.reason}: {line(event.captured.dissect())}\n"
    pieces = list(lines_of(event.mended))
    if isinstance(event, PacketReplayed):
        due = "" if event.due is None else f"+{event.due:.6f} "
        return "".join(f"{number}{due}{words}\n" for words in pieces)
    return f"{number}{event.error}: {pieces[0]}\n"


def lines_of(mended: Mended) -> Iterator[str]:
    """Yield what was sent for a packet, each piece in a line."""
    read = dissect_frame if mended.is_frame else dissect_ip
    return (line(read(octets)) for octets in mended.pieces)


def summary_text(report: ReplayReport) -> str:
    """Return what was sent, how quickly, how late, and what was not."""
    return "".join(f"{row}\n" for row in _rows(report))


def refusal_text(report: ReplayReport) -> str:
    """Return how many packets were refused, and why."""
    reason = (report.first_error or "").removeprefix("not sent: ")
    others = len(report.errors) - 1
    more = f" (and {counted(others, 'other reason')})" if others else ""
    return f"{counted(report.refused, 'packet')} refused: {reason}{more}"


def _rows(report: ReplayReport) -> Iterator[str]:
    done = "would be sent" if report.is_dry else "sent"
    over = f" over {report.interface}" if report.interface else ""
    words = f"{counted(report.sent, 'packet')} {done}{over}, {counted(report.octets, 'octet')}"
    if report.sent > 1 and report.elapsed > 0 and not report.is_dry:
        words += f" in {report.elapsed:.3f} s: {_rates(report)}"
    yield words
    if report.chosen != report.sent or report.chosen != report.read:
        yield f"{counted(report.read, 'packet')} read, {report.chosen} chosen"
    lates = (report.late_median, report.late_most, report.late_worst)
    if report.sent > 1 and None not in lates:
        median, most, worst = (f"{late * MILLI:.3f} ms" for late in lates if late is not None)
        yield f"late by {median} in the median, {most} for 99 %, {worst} at worst"
    for remark, count in report.remarks.items():
        yield f"{remark.value}: {count}"
    for skip, count in report.skipped.items():
        yield f"not sent, {skip.value}: {count}"


def _rates(report: ReplayReport) -> str:
    packets = (report.sent - 1) / report.elapsed
    bits = report.octets * BITS / report.elapsed
    factor, unit = next((one for one in UNITS if bits >= one[0]), (1.0, "bit/s"))
    return f"{packets:.1f} packets/s, {bits / factor:.1f} {unit}"
