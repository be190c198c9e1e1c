"""From the board of a multipath discovery to the graph of its report."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rawkit.engine.multipath_board import Board, Vertex
from rawkit.engine.multipath_plan import Branch, Planner, repeats
from rawkit.engine.multipath_report import Balancing, Diamond, Edge, Node
from rawkit.engine.rtt import RoundTrips
from rawkit.engine.stopping_rule import chance_of_missing
from rawkit.record import field, record
from rawkit.wire.address import Address
from rawkit.wire.multipart import Label


@record(frozen=False, eq=False)
class Voice:
    """What one address has said at one distance."""

    trips: RoundTrips = field(default_factory=RoundTrips)
    annotations: dict[str, None] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    is_target: bool = False


class Graph:
    """Makes nodes and edges of what is known by now."""

    def __init__(
        self,
        board: Board,
        planner: Planner,
        voices: Mapping[tuple[int, Address], Voice],
        source: Address,
    ) -> None:
        """Prepare a graph.

        Args:
            board: what is known.
            planner: which looks at it.
            voices: by TTL and address.
            source: address of this host.
        """
        self._board, self._planner = board, planner
        self._voices, self._source = voices, source
        planner.look()
        self._levels, self._branches = planner.levels, planner.branches
        self._last = board.last_heard + 1
        """The greatest distance worth telling: there may be one silent hop at the end."""
        self._flows: defaultdict[Vertex, set[int]] = defaultdict(set)
        self._links: defaultdict[tuple[Vertex, Vertex], set[int]] = defaultdict(set)
        self._collect()
        self._same = self._merged_silence()
        self._number = self._numbered()

    def nodes(self) -> tuple[Node, ...]:
        """Return the nodes, by their distance."""
        following: defaultdict[int, set[int]] = defaultdict(set)
        for before, after in self._links:
            following[self._of(before)].add(self._of(after))
        flows: defaultdict[int, set[int]] = defaultdict(set)
        for vertex, those in self._flows.items():
            flows[self._of(vertex)] |= those
        return tuple(
            self._node(vertex, number, flows[number], tuple(sorted(following[number])))
            for vertex, number in self._number.items()
        )

    def edges(self) -> tuple[Edge, ...]:
        """Return the edges, by the numbers of their nodes."""
        found: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        certain: dict[tuple[int, int], bool] = {}
        for (before, after), flows in self._links.items():
            pair = self._of(before), self._of(after)
            found[pair] |= flows
            certain[pair] = self._is_certain(before, after)
        return tuple(
            Edge(*pair, tuple(sorted(flows)), certain[pair])
            for pair, flows in sorted(found.items())
        )

    # What is where

    def _collect(self) -> None:
        """Find who is where, and who comes after whom."""
        before: dict[int, tuple[Vertex, ...]] = {}
        for ttl, level in sorted(self._levels.items()):
            if ttl > self._last:
                return
            places = {flow: self._places(ttl, flow, vertex) for flow, vertex in level.items()}
            for flow, here in places.items():
                for vertex in here:
                    self._flows[vertex].add(flow)
                    for previous in before.get(flow, ()):
                        self._links[previous, vertex].add(flow)
            before = places

    def _places(self, ttl: int, flow: int, vertex: Vertex) -> tuple[Vertex, ...]:
        """Return where packets of a flow were seen at a distance."""
        if not vertex.is_mixed:
            return (vertex,)
        cell = self._board.rows[ttl][flow]
        return tuple(self._board.vertex(ttl, address) for address in dict.fromkeys(cell.sources))

    def _merged_silence(self) -> dict[Vertex, Vertex]:
        """Return which silent place stands for which: those that lead to the same ones are one.

        They may be several all the same; but nothing tells them apart.
        """
        following: defaultdict[Vertex, set[Vertex]] = defaultdict(set)
        for before, after in self._links:
            following[before].add(after)
        same: dict[Vertex, Vertex] = {}
        alike: dict[tuple[int, frozenset[Vertex]], Vertex] = {}
        for vertex in sorted(self._flows, key=lambda vertex: -vertex.ttl):
            if vertex.address is None and vertex.ttl > self._board.root.ttl:
                ways = frozenset(same.get(after, after) for after in following[vertex])
                same[vertex] = alike.setdefault((vertex.ttl, ways), vertex)
        return same

    def _numbered(self) -> dict[Vertex, int]:
        places = sorted(
            {self._same.get(vertex, vertex) for vertex in self._flows} | {self._board.root},
            key=lambda v: (v.ttl, v.address is None, min(self._flows[v], default=0)),
        )
        return {vertex: number for number, vertex in enumerate(places)}

    def _of(self, vertex: Vertex) -> int:
        return self._number[self._same.get(vertex, vertex)]

    # What is to be said of it

    def _node(self, vertex: Vertex, number: int, flows: set[int], after: tuple[int, ...]) -> Node:
        known = tuple(sorted(flows))
        if vertex.address is None and vertex.ttl == self._board.root.ttl:
            voice, address = Voice(), self._source
        elif vertex.address is None:
            voice, address = Voice(), None
        else:
            voice, address = self._voices[vertex.ttl, vertex.address], vertex.address
        mixed = self._board.is_mixed(vertex.ttl)
        branches = self._branches.get(vertex.ttl, {})
        alike = [v for v in branches if v.is_mixed or self._same.get(v, v) is vertex]
        asked = [(v, branches[v]) for v in alike if self._planner.needed(v, branches[v])]
        tried = sum(branch.tried for _, branch in asked)
        ways = len(after)
        rule = self._planner.rule
        return Node(
            number,
            vertex.ttl,
            address,
            known,
            voice.trips.statistics(),
            tuple(voice.annotations),
            voice.labels,
            voice.is_target,
            after,
            Balancing.UNCLEAR
            if mixed and ways > 1
            else self._balancing(vertex.ttl, ways, [branch for _, branch in asked]),
            tried,
            1 - chance_of_missing(ways, tried) if asked else 1.0,
            all(
                b.tried >= min(rule.flows_for(max(1, len(b.next))), self._enough(v, b))
                for v, b in asked
            ),
        )

    def _enough(self, vertex: Vertex, branch: Branch) -> int:
        """Return how many flows a place needs where its hop is not too busy to answer."""
        if vertex.ttl + 1 in self._board.limited:
            return self._planner.rule.flows_for(max(1, len(branch.next)))
        return self._planner.needed(vertex, branch)

    def _balancing(self, ttl: int, ways: int, branches: Iterable[Branch]) -> Balancing:
        """Say how a place chooses, which packets of one flow pass together."""
        if ways < 2:
            return Balancing.NONE
        found = set()
        for branch in branches:
            cells = list(self._planner.answered_behind(ttl, branch))
            if any(cell.varies for cell in cells):
                return Balancing.PER_PACKET
            needed = self._planner.rule.repeats_for(len({cell.sources[0] for cell in cells}))
            found.add(0 < needed <= repeats(cells))
        return Balancing.PER_FLOW if found == {True} else Balancing.UNCLEAR

    def _is_certain(self, before: Vertex, after: Vertex) -> bool:
        """Whether the two were seen by packets that surely went one way."""
        board = self._board
        if not (board.is_mixed(before.ttl) or board.is_mixed(after.ttl)):
            return True
        return any(
            sum(other.ttl == vertex.ttl for other in self._number) == 1
            for vertex in (before, after)
        )


def diamonds_of(nodes: tuple[Node, ...]) -> tuple[Diamond, ...]:
    """Return where ways part and meet again."""
    hops: dict[int, list[Node]] = {}
    for node in nodes:
        hops.setdefault(node.ttl, []).append(node)
    found, begin, width = list[Diamond](), nodes[0], 1
    for ttl in sorted(hops):
        here = hops[ttl]
        if len(here) > 1:
            width = max(width, len(here))
            continue
        if width > 1:
            found.append(_diamond(nodes, begin, here[0], width))
        begin, width = here[0], 1
    if width > 1:
        found.append(_diamond(nodes, begin, None, width))
    return tuple(found)


def _diamond(nodes: tuple[Node, ...], begin: Node, end: Node | None, width: int) -> Diamond:
    last = end.ttl if end else max(node.ttl for node in nodes)
    within = [n for n in nodes if begin.ttl <= n.ttl < last or (end is None and n.ttl == last)]
    kinds = {node.balancing for node in within if len(node.next) > 1}
    if Balancing.PER_PACKET in kinds:
        balancing = Balancing.PER_PACKET
    else:
        balancing = Balancing.PER_FLOW if kinds == {Balancing.PER_FLOW} else Balancing.UNCLEAR
    return Diamond(begin.number, end.number if end else None, width, last - begin.ttl, balancing)
