"""What ``rawkit trace --multipath --json`` prints: one object a line, the graph at the end."""

from rawkit.cli.records import Schema, Value, Wall, duration, line, moment, statistics
from rawkit.cli.trace_hops import known_of, label_values
from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.multipath_report import (
    Edge,
    Found,
    MultipathEvent,
    MultipathReport,
    Node,
)
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.ping_events import Target

SHARE = 6
"""Decimals of a confidence."""
SCHEMA: Schema = {
    "found": ("time", "hop", "source", "name", "as_numbers", "as_name"),
    "graph": (
        *("local", "method", "port", "flow_mode", "length", "first_hop", "max_hops", "reached"),
        *("wanted_confidence", "complete", "paths", "width", "sent", "flow_count", "not_sent"),
        *("strays", "lost_here", "limited", "elapsed", "nodes", "edges", "diamonds"),
        *("socket", "why"),
    ),
}
"""The fields of each type, beside those of the head."""
PARTS: Schema = {
    "nodes": (
        *("node", "hop", "source", "name", "as_numbers", "as_name", "flows", "rtts"),
        *("annotations", "labels", "target", "next", "balancing", "tried", "confidence", "settled"),
    ),
    "edges": ("before", "after", "flows", "certain"),
    "diamonds": ("begin", "meets", "width", "span", "balancing"),
}
"""The fields of objects inside others."""


class MultipathJson:
    """Turns a multipath discovery into lines of JSON."""

    def __init__(
        self, settings: MultipathSettings, length: int, lookup: Lookup, wall: Wall
    ) -> None:
        """Prepare to print.

        Args:
            settings: what is sent.
            length: octets of a probe.
            lookup: names and networks of addresses.
            wall: turns a monotonic time into seconds since 1970.
        """
        self._settings = settings
        self._length = length
        self._lookup = lookup
        self._wall = wall

    def opening(self, target: Target) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: MultipathEvent) -> str:
        """Return the line for somebody new; nothing for all else."""
        if not isinstance(event, Found):
            return ""
        values: dict[str, Value] = {"time": moment(self._wall, event.time), "hop": event.ttl}
        return line("trace", "found", event.target, values | known_of(event.address, self._lookup))

    def unfinished(self) -> str:
        """Return nothing: the graph says whether it is complete."""
        return ""

    def closing(self, report: MultipathReport) -> str:
        """Return the graph."""
        for node in report.nodes[1:]:
            if node.address is not None:
                self._lookup.wait_for(node.address)
        return line("trace", "graph", report.target, self._graph(report))

    def _graph(self, report: MultipathReport) -> dict[str, Value]:
        settings = self._settings
        return {
            "local": str(report.target.src),
            "method": settings.method,
            "port": None if settings.method == "icmp" else settings.port_for(),
            "flow_mode": settings.flow,
            "length": self._length,
            "first_hop": settings.first_ttl,
            "max_hops": settings.max_ttl,
            "reached": report.reached,
            "wanted_confidence": settings.confidence,
            "complete": report.is_complete,
            "paths": report.paths,
            "width": report.width,
            "sent": report.probes,
            "flow_count": report.flows,
            "not_sent": report.not_sent,
            "strays": report.strays,
            "lost_here": report.not_sent + report.lost_here,
            "limited": list(report.limited),
            "elapsed": duration(report.elapsed),
            "nodes": [self._node(node) for node in report.nodes],
            "edges": [_edge(edge) for edge in report.edges],
            "diamonds": [
                {
                    "begin": diamond.begin,
                    "meets": diamond.end,
                    "width": diamond.width,
                    "span": diamond.length,
                    "balancing": diamond.balancing.value,
                }
                for diamond in report.diamonds
            ],
            "socket": report.via or None,
            "why": report.why or None,
        }

    def _node(self, node: Node) -> dict[str, Value]:
        nobody: dict[str, Value] = dict.fromkeys(("source", "name", "as_numbers", "as_name"))
        known = known_of(node.address, self._lookup) if node.address is not None else nobody
        return {
            "node": node.number,
            "hop": node.ttl,
            **known,
            "flows": list(node.flows),
            "rtts": statistics(node.rtt),
            "annotations": list(node.annotations),
            "labels": label_values(node.labels),
            "target": node.is_target,
            "next": list(node.next),
            "balancing": node.balancing.value,
            "tried": node.tried,
            "confidence": round(node.confidence, SHARE),
            "settled": node.is_settled,
        }


def _edge(edge: Edge) -> dict[str, Value]:
    return {
        "before": edge.before,
        "after": edge.after,
        "flows": list(edge.flows),
        "certain": edge.is_certain,
    }
