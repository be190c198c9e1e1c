"""What ``rawkit trace --dot`` prints: the graph of what was seen, in graphviz' language."""

from collections.abc import Iterable
from itertools import product

from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import Answer, Hop, TraceEvent
from rawkit.engine.trace_report import TraceReport
from rawkit.wire.address import Address

Node = tuple[int, Address | None]
"""TTL and who answered; ``None``: nobody."""
Edge = tuple[Node, Node]
HERE: Node = (0, None)


class TraceDot:
    """Prints nothing until the end, and then a node for each answering address of each hop.

    An arrow joins what two hops in a row answered to one flow of one round; it is dashed
    where it is not known that one flow went there.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._rows: dict[tuple[int, int], Hop] = {}
        """By round and TTL; one that is revised takes the place of the first."""

    def opening(self, target: Target) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: TraceEvent) -> str:
        """Return nothing, and keep the rows."""
        if isinstance(event, Hop):
            self._rows[event.round, event.ttl] = event
        return ""

    def unfinished(self) -> str:
        """Return nothing: the rows that are complete make the graph."""
        return ""

    def closing(self, report: TraceReport) -> str:
        """Return the graph."""
        edges = edges_of(self._rows.values())
        nodes = dict.fromkeys(node for edge in edges for node in edge)
        for _, address in nodes:
            if address is not None:
                self._lookup.wait_for(address)
        target = report.target
        lines = [
            f"digraph {quoted(f'{target.src} to {target.name}')} {{",
            "  rankdir=LR;",
            "  node [shape=box];",
            f"  {_name(HERE)} [label={quoted(str(target.src))}, shape=oval];",
            *(f"  {_name(n)} [{self._look(n, target)}];" for n in nodes if n != HERE),
            *(
                f"  {_name(a)} -> {_name(b)}{'' if sure else ' [style=dashed]'};"
                for (a, b), sure in edges.items()
            ),
            "}",
        ]
        return "".join(f"{line}\n" for line in lines)

    def _look(self, node: Node, target: Target) -> str:
        ttl, address = node
        if address is None:
            return f"label={quoted(f'{ttl}: *')}, style=dotted"
        known = (str(address), self._lookup.name(address), self._lookup.network(address))
        label = f"{ttl}: " + "\n".join(filter(None, known))
        return f"label={quoted(label)}" + (", shape=oval" if address == target.address else "")


def edges_of(rows: Iterable[Hop]) -> dict[Edge, bool]:
    """Return every step from one hop to the next, and whether one flow is known to have made it.

    A flow is known to where hops in a row answered probes of it in one round. Where each
    probe is a flow of its own (classic), any step from one hop to the next may have been.
    """
    by_round: dict[int, dict[int, Hop]] = {}
    for row in rows:
        by_round.setdefault(row.round, {})[row.ttl] = row
    found: dict[Edge, bool] = {}
    for of_round in by_round.values():
        before: dict[int, list[Node]] = {}
        for ttl in sorted(ttl for ttl in of_round if ttl <= _last_heard(of_round)):
            here = _nodes(of_round[ttl])
            for flow, nodes in here.items():
                sure = not before or flow in before
                for edge in product(before.get(flow) or _all(before), nodes):
                    found[edge] = found.get(edge, False) or sure
            before = here
    return found


def _last_heard(rows: dict[int, Hop]) -> int:
    return max((ttl for ttl, row in rows.items() if row.answers), default=0)


def _nodes(row: Hop) -> dict[int, list[Node]]:
    """Return who answered each flow; if nobody answered any, a node that stands for that."""
    found: dict[int, list[Node]] = {}
    for one in row.outcomes:
        if isinstance(one, Answer) or not row.answers:
            source = one.source if isinstance(one, Answer) else None
            found.setdefault(one.probe.flow, []).append((row.ttl, source))
    return {flow: list(dict.fromkeys(nodes)) for flow, nodes in found.items()}


def _all(before: dict[int, list[Node]]) -> list[Node]:
    return list(dict.fromkeys(node for nodes in before.values() for node in nodes)) or [HERE]


def quoted(text: str) -> str:
    """Return a text as graphviz takes it; a line break stays one."""
    shown = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{shown}"'


def _name(node: Node) -> str:
    ttl, address = node
    return quoted("here" if node == HERE else f"{ttl} {address or '*'}")
