"""What ``rawkit load --json`` prints: one object (:mod:`rawkit.cli.records`)."""

from rawkit.cli.records import Schema, Value, duration, line
from rawkit.engine.load_report import Cause, Latency, LoadReport
from rawkit.errnos.table import name_of
from rawkit.posix.address import Address, InternetAddress

SCHEMA: Schema = {
    "load": (
        *("peer_address", "wanted_connections", "made_connections", "question_octets"),
        *("wanted_rate", "each_its_own", "asked_for", "asked_questions", "answered_questions"),
        *("per_second", "unasked", "unfinished", "different", "stray_datagrams"),
        *("latency", "corrected", "connecting", "fewest_answers", "most_answers"),
        *("gone_wrong", "generator_busy", "generator_waited", "generator_late", "doubts"),
        "exit_code",
    ),
}
PARTS: Schema = {
    "latency": ("count", "min", "avg", "max", "percentiles"),
    "percentile": ("percent", "at_most"),
    "failure": ("under_way", "errno_name", "cause", "failures"),
}


def report(asked: Address, peer: Address, found: LoadReport, code: int) -> str:
    """Return the object of a load test."""
    effort = found.effort
    wrong: list[Value] = [_cause(cause, times) for cause, times in found.causes.items()]
    host = str(asked.host) if isinstance(asked, InternetAddress) else None
    values: dict[str, Value] = {
        "host": host,
        "address": None,
        "peer_address": str(peer),
        "wanted_connections": found.connections,
        "made_connections": found.connected,
        "question_octets": found.size,
        "wanted_rate": found.rate,
        "each_its_own": found.each_its_own,
        "asked_for": duration(found.elapsed),
        "asked_questions": found.asked,
        "answered_questions": found.answered,
        "per_second": round(found.per_second, 3),
        "unasked": found.unasked,
        "unfinished": found.unfinished,
        "different": found.different,
        "stray_datagrams": found.strays,
        "latency": _latency(found.latency),
        "corrected": _latency(found.corrected),
        "connecting": _latency(found.connecting),
        "fewest_answers": found.fewest,
        "most_answers": found.most,
        "gone_wrong": wrong,
        "generator_busy": round(effort.busy, 4),
        "generator_waited": round(effort.waited, 4),
        "generator_late": effort.late,
        "doubts": found.doubts,
        "exit_code": code,
    }
    return line("load", "load", None, values)


def _latency(one: Latency | None) -> dict[str, Value] | None:
    if one is None:
        return None
    percentiles: list[Value] = [
        {"percent": percent, "at_most": duration(value)}
        for percent, value in one.percentiles.items()
    ]
    return {
        "count": one.count,
        "min": duration(one.min),
        "avg": duration(one.mean),
        "max": duration(one.max),
        "percentiles": percentiles,
    }


def _cause(cause: Cause, times: int) -> dict[str, Value]:
    return {
        "under_way": cause.what,
        "errno_name": name_of(cause.number) if cause.number else None,
        "cause": cause.says,
        "failures": times,
    }
