"""Which flow to send how far next, so that no next hop stays unknown.

This is the Multipath Detection Algorithm with its node control: what comes after a router is
looked for with flows that are known to pass that router, and new flows are tried until there
are enough of them. Nothing waits for the hop before: all that is already known to be needed,
at whatever distance, is asked for at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import ceil

from rawkit.engine.multipath_board import Board, Cell, Vertex
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.stopping_rule import StoppingRule
from rawkit.record import field, record

SCOUT = 0
"""The flow that goes ahead of all others, to find out how long the path is."""
REPEATS = 3
"""Times as many repeats as needed are tried at most, when answers are missing."""


@record(frozen=False, eq=False)
class Branch:
    """What is known of a place and of those that come next."""

    flows: list[int] = field(default_factory=list)
    """Those that pass it and go on."""
    next: Counter[Vertex] = field(default_factory=Counter)
    """Places that come next, and by how many flows they were found."""
    pending: int = 0
    """Flows whose next place is being asked for."""
    free: list[int] = field(default_factory=list)
    """Flows whose next place was not asked for."""

    @property
    def tried(self) -> int:
        """How many flows have shown what comes next."""
        return self.next.total()


class Planner:
    """Looks at the board and says which cells are to be asked."""

    def __init__(self, board: Board, settings: MultipathSettings) -> None:
        self.rule = StoppingRule(settings.confidence)
        self._board = board
        self._settings = settings
        self._wanted: dict[tuple[int, int], None] = {}
        self._levels: dict[int, dict[int, Vertex]] = {}

    def wanted(self) -> list[tuple[int, int]]:
        """Return TTL and flow of the probes that are needed now, the most urgent first."""
        self._wanted = {}
        self._levels = self._board.levels()
        self._send_scout()
        self._send_base()
        branches = self.branches(self._levels)
        lacking: dict[Vertex, int] = {}
        for ttl in sorted(branches, reverse=True):
            for vertex, branch in branches[ttl].items():
                lacking[vertex] = lacking.get(vertex, 0) + self._extend(vertex, branch)
            if ttl > self._board.root.ttl:
                here = {v: n for v, n in lacking.items() if v.ttl == ttl and n > 0}
                self._feed(ttl, here, branches.get(ttl - 1, {}), lacking)
            else:
                self._use_new_flows(ttl + 1, lacking.get(self._board.root, 0))
        return [*self._wanted, *self._repeats(branches)]

    def branches(self, levels: dict[int, dict[int, Vertex]]) -> dict[int, dict[Vertex, Branch]]:
        """Return what is known of each place that flows leave, by TTL."""
        board, found = self._board, dict[int, dict[Vertex, Branch]]()
        for ttl, level in levels.items():
            behind, here = levels.get(ttl + 1, {}), found.setdefault(ttl, {})
            for flow, vertex in level.items():
                if board.end(flow) <= ttl:
                    continue
                branch = here.get(vertex)
                if branch is None:
                    branch = here[vertex] = Branch()
                branch.flows.append(flow)
                if flow in behind:
                    branch.next[behind[flow]] += 1
                elif (cell := board.cell(ttl + 1, flow)) is None:
                    if (ttl + 1, flow) in self._wanted:
                        branch.pending += 1
                    else:
                        branch.free.append(flow)
                elif not cell.is_lost:
                    branch.pending += 1
        return found

    def needed(self, vertex: Vertex, branch: Branch) -> int:
        """Return how many flows have to show what comes after a place."""
        board = self._board
        if not branch.flows or vertex.ttl >= self._settings.max_ttl:
            return 0
        if vertex.address is None and vertex.ttl > board.last_heard:
            # Nobody has answered since: one flow is enough to look whether somebody will.
            return int(vertex.ttl <= board.last_heard + self._settings.gap)
        if vertex.ttl + 1 in board.limited:
            return 1
        return self.rule.flows_for(max(1, len(branch.next)))

    # What is needed

    def _send_scout(self) -> None:
        board, settings = self._board, self._settings
        row = (cell for ttl in board.rows if (cell := board.cell(ttl, SCOUT)) is not None)
        heard = max((cell.ttl for cell in row if cell.sources), default=board.root.ttl)
        last = min(settings.max_ttl, heard + settings.gap + 1)
        for ttl in range(settings.first_ttl, last + 1):
            if ttl <= board.end(SCOUT):
                self._want(ttl, SCOUT)

    def _send_base(self) -> None:
        """Have as many flows as every router needs at all distances that the scout has seen."""
        board = self._board
        heard = [ttl for ttl, row in board.rows.items() if SCOUT in row and row[SCOUT].sources]
        last = min(max(heard, default=board.root.ttl), board.end(SCOUT))
        flows = min(self.rule.flows_for(1), self._settings.max_flows)
        for ttl in range(self._settings.first_ttl, int(last) + 1):
            for flow in range(1, flows):
                if ttl <= board.end(flow):
                    self._want(ttl, flow)

    def _extend(self, vertex: Vertex, branch: Branch) -> int:
        """Ask what comes after a place; return how many flows are lacking for that."""
        need = self.needed(vertex, branch) - branch.tried - branch.pending
        if vertex.ttl + 1 in self._board.limited:
            need = max(need, self._needed_of_hop(vertex.ttl + 1))
        if need <= 0:
            return 0
        for flow in branch.free[:need]:
            self._want(vertex.ttl + 1, flow)
        return max(0, need - len(branch.free))

    def _needed_of_hop(self, ttl: int) -> int:
        """Return how many flows a hop lacks, be they from wherever.

        It answers too seldom for asking it enough about each router before it.
        """
        row = self._board.rows.get(ttl, {}).values()
        ways = len(tuple(self._board.addresses(ttl)))
        asked = sum(not cell.is_lost for cell in row) + sum(t == ttl for t, _ in self._wanted)
        return self.rule.flows_for(max(1, ways)) - asked

    def _feed(
        self,
        ttl: int,
        lacking: dict[Vertex, int],
        before: dict[Vertex, Branch],
        lacking_before: dict[Vertex, int],
    ) -> None:
        """Ask where more flows are at a distance, until enough of them pass each place.

        Args:
            ttl: the distance.
            lacking: how many more flows are to pass each place there.
            before: the places right before.
            lacking_before: where to note what those have to provide.
        """
        if not lacking:
            return
        level = self._levels.get(ttl, {})
        share, total = Counter(level.values()), len(level)
        least = 1 / len(share)
        row = self._board.rows.get(ttl, {})
        known_silent = {vertex.via for vertex in lacking if vertex.address is None}
        wanted = max(ceil(n / max(share[v] / total, least)) for v, n in lacking.items())
        wanted -= sum(flow not in level and not cell.is_lost for flow, cell in row.items())
        wanted -= sum(t == ttl for t, _ in self._wanted)
        for vertex, branch in before.items():
            if wanted > 0 and any(place in lacking for place in branch.next):
                taken = [f for f in branch.free if self._want(ttl, f)][:wanted]
                wanted -= len(taken)
        if wanted <= 0:
            return
        if any(vertex.address is not None or vertex.is_mixed for vertex in lacking):
            self._use_new_flows(ttl, wanted)
        for via in known_silent:
            if via is not None and via.ttl > self._board.root.ttl:
                lacking_before[via] = lacking_before.get(via, 0) + wanted

    def _use_new_flows(self, ttl: int, count: int) -> None:
        """Ask about flows whose place is known neither at this distance nor right before."""
        board, row = self._board, self._board.rows.get(ttl, {})
        before = board.rows.get(ttl - 1, {})
        flow = 0
        while count > 0 and flow < self._settings.max_flows:
            is_new = flow not in row and flow not in before and (ttl - 1, flow) not in self._wanted
            if is_new and board.end(flow) >= ttl and self._want(ttl, flow):
                count -= 1
            flow += 1

    def _want(self, ttl: int, flow: int) -> bool:
        """Ask for a cell, unless that was done; return whether it is news."""
        if self._board.cell(ttl, flow) is not None or (ttl, flow) in self._wanted:
            return False
        self._wanted[ttl, flow] = None
        return True

    # Per flow, or per packet?

    def _repeats(self, branches: dict[int, dict[Vertex, Branch]]) -> Iterator[tuple[int, int]]:
        """Yield cells to ask again, for packets of one flow may take different ways."""
        for ttl, here in branches.items():
            if ttl + 1 in self._board.limited or self._board.is_mixed(ttl + 1):
                continue
            for branch in here.values():
                cells = list(self.answered_behind(ttl, branch))
                needed = self.rule.repeats_for(len({cell.sources[0] for cell in cells}))
                lacking = needed - repeats(cells) - sum(cell.open for cell in cells)
                tried = sum(cell.sent - 1 for cell in cells)
                lacking = min(lacking, REPEATS * needed - tried)
                cells.sort(key=lambda cell: (cell.sent, cell.flow))
                yield from ((ttl + 1, cell.flow) for cell in cells[: max(0, lacking)])

    def answered_behind(self, ttl: int, branch: Branch) -> Iterator[Cell]:
        """Yield the cells right behind a place where somebody answered."""
        for flow in branch.flows:
            cell = self._board.cell(ttl + 1, flow)
            if cell is not None and cell.sources and ttl + 1 <= self._board.end(flow):
                yield cell


def repeats(cells: Iterable[Cell]) -> int:
    """Return how many answers there are beyond the first to each flow."""
    return sum(len(cell.sources) - 1 for cell in cells)
