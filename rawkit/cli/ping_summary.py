"""The last lines of ``rawkit ping``, those of ping(8), and what ``--stats`` adds."""

from typing import TYPE_CHECKING

from rawkit.cli.ping_numbers import thousandths, whole_milliseconds
from rawkit.cli.ping_options import PingOptions
from rawkit.engine.ping_report import PingReport

if TYPE_CHECKING:
    from rawkit.cli.ping_text import Progress


def statistics(report: PingReport, options: PingOptions, course: "Progress") -> str:
    """Return ping(8)'s statistics.

    Args:
        report: what was found.
        options: what was asked for.
        course: how it went.
    """
    head = f"--- {report.target.name} ping statistics ---"
    counts, times = _counts(report, course.local_errors), _times(report, options, course.pipe)
    return f"\n{head}\n{counts}\n{times}\n"


def _counts(report: PingReport, local_errors: int) -> str:
    ledger = report.ledger
    parts = [f"{ledger.sent} packets transmitted, {ledger.replied} received"]
    if ledger.duplicates:
        parts.append(f"+{ledger.duplicates} duplicates")
    if ledger.corrupted:
        parts.append(f"+{ledger.corrupted} corrupted")
    if errors := ledger.errors + local_errors:
        parts.append(f"+{errors} errors")
    if ledger.late:
        parts.append(f"+{ledger.late} late")
    if ledger.sent:
        missing = (ledger.sent - ledger.replied) * 100 / ledger.sent
        parts.append(f"{missing:g}% packet loss")
        parts.append(f"time {whole_milliseconds(report.elapsed)}ms")
    return ", ".join(parts)


def _times(report: PingReport, options: PingOptions, pipe: int) -> str:
    rtt, sent, parts = report.rtt, report.ledger.sent, []
    if rtt is not None and options.tells_times:
        times = "/".join(map(thousandths, (rtt.min, rtt.avg, rtt.max, rtt.mdev)))
        parts.append(f"rtt min/avg/max/mdev = {times} ms")
    if pipe > 1:
        parts.append(f"pipe {pipe}")
    if rtt is not None and sent > 1 and (options.is_unpaced or options.flood or options.adaptive):
        gap = thousandths(report.elapsed / (sent - 1))
        parts.append(f"ipg/ewma {gap}/{thousandths(rtt.ewma)} ms")
    return ", ".join(parts)


def live(report: PingReport) -> str:
    """Return the line that SIGQUIT asks for."""
    ledger, rtt = report.ledger, report.rtt
    loss = (ledger.sent - ledger.replied) * 100 // ledger.sent if ledger.sent else 0
    text = f"\r{ledger.replied}/{ledger.sent} packets, {loss}% loss"
    if rtt is not None:
        times = "/".join(map(thousandths, (rtt.min, rtt.avg, rtt.ewma, rtt.max)))
        text += f", min/avg/ewma/max = {times} ms"
    return text + "\n"


def ledger(report: PingReport, *, several: bool) -> str:
    """Return what ``--stats`` adds: where every request went, percentiles, the clocks."""
    books, rtt = report.ledger, report.rtt
    lines = [
        f"sent {books.sent} = {books.replied} replied + {books.late} late"
        f" + {books.corrupted} corrupted + {books.errors} errors"
        f" + {books.lost_here} lost here + {books.unanswered} unanswered",
        f"besides: {books.duplicates} duplicates, {books.wrong_source} from a wrong source,"
        f" {books.strays} strays, {books.advice} advice",
    ]
    if rtt is not None:
        jitter = "-" if rtt.jitter is None else thousandths(rtt.jitter)
        times = "/".join(map(thousandths, (rtt.median, rtt.p95, rtt.p99)))
        lines.append(f"rtt median/p95/p99/jitter = {times}/{jitter} ms")
    if report.clocks is not None:
        sent, received = report.clocks
        lines.append(f"clocks: sent by {sent.value}, received by {received.value}")
    if report.via:
        lines.append(f"socket: {report.via}{f' ({report.why})' if report.why else ''}")
    whose = f"{report.target.name}: " if several else ""
    return "\n" + "".join(f"{whose}{line}\n" for line in lines)
