"""What ``rawkit trace --multipath --dot`` prints: the graph, in graphviz' language."""

from rawkit.cli.trace_dot import quoted
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_multipath_text import labels_of
from rawkit.engine.multipath_report import Balancing, MultipathEvent, MultipathReport, Node
from rawkit.engine.ping_events import Target


class MultipathDot:
    """Prints nothing until the end, and then every node and edge.

    An arrow is dashed where it is not known that packets go there: those of one flow part
    before it. A node that spreads packets, and not flows, has two lines around it.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def opening(self, target: Target) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: MultipathEvent) -> str:
        """Return nothing."""
        return ""

    def unfinished(self) -> str:
        """Return nothing: what is known makes the graph."""
        return ""

    def closing(self, report: MultipathReport) -> str:
        """Return the graph."""
        for node in report.nodes[1:]:
            if node.address is not None:
                self._lookup.wait_for(node.address)
        names, target = labels_of(report.nodes), report.target
        lines = [
            f"digraph {quoted(f'{target.src} to {target.name}')} {{",
            "  rankdir=LR;",
            "  node [shape=box];",
            f"  {quoted(names[0])} [label={quoted(str(target.src))}, shape=oval];",
            *(f"  {quoted(names[n.number])} [{self._look(n, names)}];" for n in report.nodes[1:]),
            *(
                f"  {quoted(names[edge.before])} -> {quoted(names[edge.after])}"
                f"{'' if edge.is_certain else ' [style=dashed]'};"
                for edge in report.edges
            ),
            "}",
        ]
        return "".join(f"{line}\n" for line in lines)

    def _look(self, node: Node, names: tuple[str, ...]) -> str:
        name = names[node.number]
        if node.address is None:
            return f"label={quoted(f'{name}: *')}, style=dotted"
        known = (
            str(node.address),
            self._lookup.name(node.address),
            self._lookup.network(node.address),
        )
        look = f"label={quoted(f'{name}: ' + chr(10).join(filter(None, known)))}"
        if node.balancing is Balancing.PER_PACKET:
            look += ", peripheries=2"
        return look + (", shape=oval" if node.is_target else "")
