"""From the board of a multipath discovery to the graph of its report."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rawkit.engine.multipath_board import Board, Vertex
from rawkit.engine.multipath_plan import Branch, Planner
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
        self._loose = self._loose_hops()

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
        here = self._branches.get(vertex.ttl, {}).items()
        alike = [(v, b) for v, b in here if v.is_mixed or self._same.get(v, v) is vertex]
        asked = [(v, branch) for v, branch in alike if self._planner.needed(v, branch)]
        tried = sum(branch.tried for _, branch in asked)
        address, voice = vertex.address, Voice()
        if vertex is self._board.root:
            address = self._source
        elif address is not None:
            voice = self._voices[vertex.ttl, address]
        return Node(
            number,
            vertex.ttl,
            address,
            tuple(sorted(flows)),
            voice.trips.statistics(),
            tuple(voice.annotations),
            voice.labels,
            voice.is_target,
            after,
            self._balancing(vertex.ttl, len(after), [branch for _, branch in asked]),
            tried,
            1 - chance_of_missing(len(after), tried) if asked else 1.0,
            all(branch.tried >= self._enough(v, branch) for v, branch in asked),
        )

    def _enough(self, vertex: Vertex, branch: Branch) -> int:
        """Return how many flows a place needs where its hop is not too busy to answer."""
        if vertex.ttl + 1 in self._board.scarce:
            return self._planner.rule.flows_for(max(1, len(branch.next)))
        return self._planner.needed(vertex, branch)

    def _balancing(self, ttl: int, ways: int, branches: Iterable[Branch]) -> Balancing:
        """Say how a place chooses."""
        if ways < 2:
            return Balancing.NONE
        if self._board.is_mixed(ttl):
            return Balancing.UNCLEAR
        found = {self._planner.keeps_flows_together(ttl, branch) for branch in branches}
        if False in found:
            return Balancing.PER_PACKET
        return Balancing.PER_FLOW if found == {True} else Balancing.UNCLEAR

    def _loose_hops(self) -> set[int]:
        """Return the hops at which packets of one flow may be at several places."""
        loose = set[int]()
        for ttl, here in sorted(self._branches.items()):
            apart = any(
                len(branch.next) > 1 and not self._planner.keeps_flows_together(ttl, branch)
                for branch in here.values()
            )
            if apart or (ttl in loose and not self._is_alone(ttl + 1)):
                loose.add(ttl + 1)
        return loose | {ttl for ttl in self._branches if self._board.is_mixed(ttl)}

    def _is_alone(self, ttl: int) -> bool:
        return sum(vertex.ttl == ttl for vertex in self._number) == 1

    def _is_certain(self, before: Vertex, after: Vertex) -> bool:
        """Whether the two were seen by packets that surely went one way."""
        if not {before.ttl, after.ttl} & self._loose:
            return True
        return self._is_alone(before.ttl) or self._is_alone(after.ttl)


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
