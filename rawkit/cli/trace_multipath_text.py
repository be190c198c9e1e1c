"""What ``rawkit trace --multipath`` prints: a line for each node, and where it leads."""

from collections import Counter
from string import ascii_lowercase
from typing import Protocol

from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_wanted import TraceOptions
from rawkit.engine.multipath_report import (
    Balancing,
    Diamond,
    MultipathEvent,
    MultipathReport,
    Node,
)
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.ping_events import Target

MISSING = "*"
PERCENT = 100


class MultipathPrinter(Protocol):
    """Turns a multipath discovery into text, in one form of output."""

    def opening(self, target: Target) -> str: ...

    def event(self, event: MultipathEvent) -> str: ...

    def unfinished(self) -> str: ...

    def closing(self, report: MultipathReport) -> str: ...


class MultipathText:
    """Prints the graph at the end, for everything may change until then."""

    def __init__(
        self, options: TraceOptions, settings: MultipathSettings, length: int, lookup: Lookup
    ) -> None:
        """Prepare to print.

        Args:
            options: what was asked for.
            settings: what is sent.
            length: octets of a probe.
            lookup: names and networks of addresses.
        """
        self._options = options
        self._settings = settings
        self._length = length
        self._lookup = lookup

    def opening(self, target: Target) -> str:
        """Return the first line."""
        return (
            f"multipath to {target.name} ({target.address}), {self._settings.max_ttl} hops max, "
            f"{self._length} byte packets, {shown_share(self._settings.confidence)} confidence\n"
        )

    def event(self, event: MultipathEvent) -> str:
        """Return nothing."""
        return ""

    def unfinished(self) -> str:
        """Return nothing: the end says what is not sure."""
        return ""

    def closing(self, report: MultipathReport) -> str:
        """Return the nodes, and what is to be said of them all."""
        for node in report.nodes[1:]:
            if node.address is not None:
                self._lookup.wait_for(node.address)
        names = labels_of(report.nodes)
        width = max(2, *map(len, names))
        rows = [self._row(node, names, width, report) for node in report.nodes[1:]]
        ending = [*_diamond_lines(report, names), *_doubt_lines(report, names), _counts(report)]
        return "".join(f"{line}\n" for line in (*rows, *ending))

    def _row(self, node: Node, names: tuple[str, ...], width: int, report: MultipathReport) -> str:
        parts = [f"{node.ttl:2}{names[node.number][len(str(node.ttl)) :]}".ljust(width + 1)]
        parts.append(self._whom(node))
        if node.rtt is not None:
            parts.append(f"  {node.rtt.min * 1000:.3f} ms")
        parts += [f" {word}" for word in node.annotations]
        if sum(other.ttl == node.ttl for other in report.nodes) > 1:
            parts.append(f"  {_counted(len(node.flows), 'flow')}")
        if node.next:
            parts.append(f"  {_leads(node)} {' '.join(names[number] for number in node.next)}")
        return "".join(parts)

    def _whom(self, node: Node) -> str:
        """Return who answered, and what else was asked for about him."""
        options, address = self._options, node.address
        if address is None:
            return f" {MISSING}"
        text = f" {address}"
        if not options.numeric:
            text = f" {self._lookup.name(address) or address} ({address})"
        if options.systems:
            text += f" [{self._lookup.network(address) or MISSING}]"
        if options.extensions and node.labels:
            stack = (
                f"L={one.label},E={one.traffic_class},S={one.bottom:d},T={one.ttl}"
                for one in node.labels
            )
            text += f" <MPLS:{'/'.join(stack)}>"
        return text


def labels_of(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Return a short name for each node: its TTL, and a letter if it is not alone there."""
    alike, turns, names = Counter(node.ttl for node in nodes), Counter[int](), []
    for node in nodes:
        letters, turn = "", turns[node.ttl]
        turns[node.ttl] += 1
        if alike[node.ttl] > 1:
            letters = ascii_lowercase[turn % 26]
            letters = ascii_lowercase[turn // 26 - 1] + letters if turn >= 26 else letters
        names.append(f"{node.ttl}{letters}")
    return tuple(names)


def shown_share(share: float) -> str:
    """Return a share in percent, rounded to what it means: 95%, 99.9%, but never up to 100%."""
    return f"{min(share, 0.9999) * PERCENT:.4g}%"


def _leads(node: Node) -> str:
    match node.balancing:
        case Balancing.NONE:
            return "to"
        case Balancing.UNCLEAR:
            return "one way or another to"
        case kind:
            return f"{kind.value} to"


def _diamond_lines(report: MultipathReport, names: tuple[str, ...]) -> list[str]:
    return [_diamond_line(diamond, names) for diamond in report.diamonds]


def _diamond_line(diamond: Diamond, names: tuple[str, ...]) -> str:
    where = f"from {names[diamond.begin]}"
    where += " on" if diamond.end is None else f" to {names[diamond.end]}"
    kind = f", {diamond.balancing.value}" if diamond.balancing is not Balancing.UNCLEAR else ""
    return f"{where}: {diamond.width} wide, {_counted(diamond.length, 'hop')}{kind}"


def _doubt_lines(report: MultipathReport, names: tuple[str, ...]) -> list[str]:
    """Return what is less sure than it was to be, and why."""
    lines = []
    if report.limited:
        hops = ", ".join(map(str, report.limited))
        lines.append(f"answers are few at hop {hops}: limited to so many a second")
    unsure = [node for node in report.nodes if not node.is_settled]
    if unsure:
        shown = ", ".join(f"{names[n.number]} {shown_share(n.confidence)}" for n in unsure)
        lines.append(f"less sure of what comes after {shown}")
    elif not report.is_complete:
        lines.append("ended before all was known")
    return lines


def _counts(report: MultipathReport) -> str:
    return (
        f"{_counted(report.paths, 'way')}; {_counted(report.probes, 'probe')} in "
        f"{_counted(report.flows, 'flow')}, {report.elapsed:.3f} s"
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
