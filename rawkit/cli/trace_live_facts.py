"""What the live view says besides its table: of the trace, and of the selected hop."""

from collections.abc import Iterator

from rawkit.cli.trace_live_charts import Line, milliseconds
from rawkit.cli.trace_live_model import LiveModel
from rawkit.engine.trace_report import HopReport, Remark, SourceReport, TraceReport
from rawkit.engine.trace_settings import TraceSettings
from rawkit.wire.address import Address
from rawkit.wire.multipart import InterfaceInfo, Role

MEANING = {
    Remark.RATE_LIMITED: "it limits its answers; hops behind it lose less",
    Remark.SILENT: "it passes packets and never answers",
    Remark.FILTERED: "from here on nobody answers, or it is prohibited",
    Remark.UNREACHABLE: "it says that there is no way to the target",
    Remark.NAT: "from here on packets are not those that were sent",
    Remark.ASYMMETRIC: "its answers take another number of hops",
    Remark.ECMP: "several routers share this hop",
}
ROLES = {
    Role.INCOMING: "came in by",
    Role.SUB_IP: "a part of it is",
    Role.OUTGOING: "would go out by",
    Role.NEXT_HOP: "next hop is",
}


def heading(model: LiveModel, settings: TraceSettings, state: str) -> list[Line]:
    """Return the two lines above the table.

    Args:
        model: what is known.
        settings: how it is traced.
        state: ``"running"``, ``"paused"`` or ``"ended"``.
    """
    report, target = model.report(), model.target
    whom = (
        target.name if target.name == str(target.address) else f"{target.name} ({target.address})"
    )
    first: Line = [("trace to ", "dim"), (whom, "head"), (f" from {target.src}", "dim")]
    second: Line = []
    if state != "running":
        second.append((f"{state} · ", "slow"))
    elif report.rounds:
        word, style = ("reached", "good") if is_reached(report) else ("not reached", "bad")
        second += [(word, style), (" · ", "dim")]
    parts = [
        f"round {model.round}",
        settings.method.upper() + (f" port {settings.port_for()}" if settings.port_for() else ""),
        settings.flow,
        f"every {settings.interval:g} s",
        report.via,
        f"{_count(report.lost_here, 'answer')} lost here" if report.lost_here else "",
        _count(report.strays, "stray") if report.strays else "",
        "times in ms",
    ]
    second.append((" · ".join(part for part in parts if part), "dim"))
    return [first, second]


def is_reached(report: TraceReport) -> bool:
    """Whether the target has answered; one lost answer in the latest round is no news here."""
    return report.reached or any(
        source.address == report.target.address and not source.annotations
        for hop in report.hops
        for source in hop.sources
    )


def facts(hop: HopReport, model: LiveModel) -> list[Line]:
    """Return what is known of a hop, the most important first."""
    return list(_facts(hop, model))


def _facts(hop: HopReport, model: LiveModel) -> Iterator[Line]:
    for source in hop.sources:
        yield _who(source.address, model)
        if len(hop.sources) > 1:
            yield [(f"  {_count(source.answers, 'answer')}, {_spread(source)}", "")]
        for interface in source.interfaces:
            yield [("  " + _interface(interface), "note")]
        for label in source.labels:
            yield [
                (
                    f"  MPLS label {label.label}, class {label.traffic_class}, ttl {label.ttl}",
                    "note",
                )
            ]
        if source.annotations:
            yield [("  says " + " ".join(source.annotations), "bad")]
    if not hop.sources:
        yield [("nobody has answered", "dim")]
    for remark in hop.remarks:
        yield [(MEANING[remark], "note")]
    yield from _numbers(hop)


def _numbers(hop: HopReport) -> Iterator[Line]:
    parts = {
        "answered": hop.answered,
        "late": hop.late,
        "silent": hop.unanswered,
        "not sent": hop.not_sent,
        "under way": hop.pending,
    }
    books = " + ".join(f"{count} {name}" for name, count in parts.items() if count)
    yield [(f"{hop.sent} sent" + (f" = {books}" if books else ""), "")]
    if hop.duplicates:
        yield [(_count(hop.duplicates, "duplicate"), "slow")]
    if rtt := hop.rtt:
        values = ("median", rtt.median), ("p95", rtt.p95), ("p99", rtt.p99), ("jitter", rtt.jitter)
        yield [("  ".join(f"{name} {milliseconds(value)}" for name, value in values), "")]
    if hop.back_hops is not None:
        yield [(f"answers came back over about {_count(hop.back_hops, 'hop')}", "dim")]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _who(address: Address, model: LiveModel) -> Line:
    name, network = model.name(address), model.network(address)
    line: Line = [(name, "host"), (f" {address}", "")] if name else [(str(address), "host")]
    return [*line, (f"  {network}", "dim")] if network else line


def _spread(source: SourceReport) -> str:
    if source.rtt is None:
        return "all late"
    times = source.rtt.min, source.rtt.avg, source.rtt.max
    return "/".join(map(milliseconds, times)) + " ms"


def _interface(info: InterfaceInfo) -> str:
    """Return what a router tells of an interface; its name is the router's choice."""
    name = "".join(letter if letter.isprintable() else "?" for letter in info.name or "")
    parts = [
        name,
        str(info.address or ""),
        f"index {info.index}" if info.index is not None else "",
        f"mtu {info.mtu}" if info.mtu is not None else "",
    ]
    return f"{ROLES[info.role]} {' '.join(part for part in parts if part)}"
