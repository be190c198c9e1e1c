"""What ``rawkit pmtu --json`` prints: one object a line, as :mod:`rawkit.cli.records` has it."""

from collections.abc import Callable, Iterator

from rawkit.cli.records import Schema, Value, duration, line
from rawkit.engine.pmtu_report import PmtuHop, PmtuReport
from rawkit.wire.address import Address

Names = Callable[[Address], str | None]

SCHEMA: Schema = {
    "hop": ("hop", "source", "name", "rtt", "carried", "end"),
    "narrowing": ("hop", "next_hop", "source", "name", "carried", "path_mtu", "announced", "mtu"),
    "summary": (
        *("local", "reached", "path_mtu", "local_mtu", "distance", "back_hops", "sent"),
        *("strays", "lies", "elapsed", "remarks", "message", "socket", "why"),
    ),
}


def lines(report: PmtuReport, names: Names) -> Iterator[str]:
    """Yield the objects of a report: hops, narrow places, and the summary."""
    for hop in report.hops:
        yield line("pmtu", "hop", report.target, _hop(hop, names))
    for one in report.narrowings:
        values: dict[str, Value] = {
            "hop": one.ttl,
            "next_hop": one.next_ttl,
            "source": str(one.address) if one.address else None,
            "name": names(one.address) if one.address else None,
            "carried": one.before,
            "path_mtu": one.mtu,
            "announced": one.announced,
            "mtu": one.told,
        }
        yield line("pmtu", "narrowing", report.target, values)
    yield line("pmtu", "summary", report.target, _summary(report))


def _hop(hop: PmtuHop, names: Names) -> dict[str, Value]:
    return {
        "hop": hop.ttl,
        "source": str(hop.address),
        "name": names(hop.address),
        "rtt": duration(hop.rtt),
        "carried": hop.size,
        "end": hop.is_target,
    }


def _summary(report: PmtuReport) -> dict[str, Value]:
    return {
        "local": str(report.target.src),
        "reached": report.reached,
        "path_mtu": report.mtu,
        "local_mtu": report.local_mtu,
        "distance": report.distance,
        "back_hops": report.back_hops,
        "sent": report.sent,
        "strays": report.strays,
        "lies": report.lies,
        "elapsed": duration(report.elapsed),
        "remarks": [remark.value for remark in report.remarks],
        "message": report.refusal or None,
        "socket": report.via or None,
        "why": report.why or None,
    }
