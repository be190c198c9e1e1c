"""Which flow to send how far next, so that no next hop stays unknown.

This is the Multipath Detection Algorithm with its node control: what comes after a router is
looked for with flows that are known to pass that router, and new flows are tried until there
are enough of them. Nothing waits for the hop before: all that is already known to be needed,
at whatever distance, is asked for at once.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

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

    flows: dict[int, None] = field(default_factory=dict)
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


Levels = dict[int, dict[int, Vertex]]
"""Where each flow is, by TTL and flow."""
Branches = dict[int, dict[Vertex, Branch]]
"""What is known of each place that flows leave, by TTL."""


class Planner:
    """Looks at the board and says which cells are to be asked."""

    def __init__(self, board: Board, settings: MultipathSettings, most_flows: int) -> None:
        self.rule = StoppingRule(settings.confidence)
        self.levels: Levels = {}
        """Of the latest look."""
        self.branches: Branches = {}
        """Of the latest look."""
        self.distances: Mapping[int, int] = {}
        """How far flows are said to go, by flow: no further is asked, nor there for now."""
        self.look_ahead = settings.gap + 1
        """Hops behind the last that has answered which are asked."""
        self._board = board
        self._settings = settings
        self._most_flows = most_flows
        self.base = min(self.rule.flows_for(1), most_flows)
        """Flows that every hop gets: as many as it needs if it leads to one place."""
        self._sure: set[Vertex] = {board.root}
        """Places that every flow passes, asked for or not."""
        self._wanted: dict[int, dict[int, None]] = {}
        """By TTL and flow."""

    def look(self) -> None:
        """Take in what has become known."""
        board = self._board
        here, level = board.root.ttl, dict.fromkeys(range(board.flows), board.root)
        self.levels, self.branches, self._sure = {here: level}, {}, {board.root}
        for ttl in range(here + 1, max(board.rows, default=here) + 1):
            behind = board.level(ttl, level)
            self.branches[here] = self._branches_of(here, level, behind)
            self._assume(ttl, behind)
            here, level = ttl, behind
            self.levels[here] = level
        self.branches[here] = self._branches_of(here, level, {})

    def wanted(self) -> list[tuple[int, int]]:
        """Return TTL and flow of the probes that are needed now, the most urgent first."""
        root = self._board.root
        self.look()
        self._wanted = {}
        self._send_scout()
        self._send_base()
        lacking: dict[Vertex, int] = {}
        for ttl in sorted(self.branches, reverse=True):
            for vertex, branch in self.branches[ttl].items():
                lacking[vertex] = lacking.get(vertex, 0) + self._extend(vertex, branch)
            here = {v: n for v, n in lacking.items() if v.ttl == ttl and n > 0}
            if here.keys() & self._sure:
                self._use_new_flows(ttl + 1, sum(here.values()))
            elif here and ttl > root.ttl:
                self._feed(ttl, here, lacking)
        self._check_ends()
        new = [(ttl, flow) for ttl, row in sorted(self._wanted.items()) for flow in row]
        new.sort(key=lambda cell: cell[1] != SCOUT)
        return [*self._retries(), *new, *self._repeats()]

    def needed(self, vertex: Vertex, branch: Branch) -> int:
        """Return how many flows have to show what comes after a place."""
        board = self._board
        if not branch.flows or vertex.ttl >= self._settings.max_ttl:
            return 0
        if vertex.address is None and vertex.ttl > max(board.last_heard, board.root.ttl):
            # Nobody has answered since: one flow is enough to look whether somebody will.
            return int(vertex.ttl <= board.last_heard + self._settings.gap)
        if vertex.ttl + 1 in board.scarce:
            return 1
        return self.rule.flows_for(max(1, len(branch.next)))

    # What is known

    def _assume(self, ttl: int, level: dict[int, Vertex]) -> None:
        """Where all flows were found at one place, and they were enough, take all to be there."""
        places = set(level.values())
        if len(places) != 1:
            return
        place, before = next(iter(places)), self.branches.get(ttl - 1, {})
        cells, end = self._board.rows.get(ttl, {}), self._board.end
        if place.is_mixed or any(end(flow) <= ttl for flow in level):
            return
        if len(level) < self.rule.flows_for(1) or any(
            branch.tried < self.needed(vertex, branch) for vertex, branch in before.items()
        ):
            return
        self._sure.add(place)
        for flow in range(self._board.flows):
            if flow not in cells and end(flow) > ttl:
                level[flow] = place

    def _branches_of(
        self, ttl: int, level: dict[int, Vertex], behind: dict[int, Vertex]
    ) -> dict[Vertex, Branch]:
        board, found = self._board, dict[Vertex, Branch]()
        cells = board.rows.get(ttl + 1, {})
        for flow, vertex in level.items():
            if board.end(flow) <= ttl:
                continue
            branch = found.get(vertex)
            if branch is None:
                branch = found[vertex] = Branch()
            branch.flows[flow] = None
            if flow in behind:
                branch.next[behind[flow]] += 1
            elif flow not in cells:
                if self.distances.get(flow) == ttl + 1:
                    branch.pending += 1
                else:
                    branch.free.append(flow)
            elif not cells[flow].is_lost:
                branch.pending += 1
        return found

    # What is needed

    def _retries(self) -> Iterator[tuple[int, int]]:
        """Yield cells without an answer that are worth another ordinary attempt."""
        board = self._board
        for ttl, row in board.rows.items():
            for flow, cell in row.items():
                is_settled = cell.sources or cell.open or cell.is_lost or board.is_spent(cell)
                if not is_settled and ttl <= board.end(flow):
                    yield ttl, flow

    def _send_scout(self) -> None:
        board, settings = self._board, self._settings
        row = (cell for ttl in board.rows if (cell := board.cell(ttl, SCOUT)) is not None)
        heard = max((cell.ttl for cell in row if cell.sources), default=board.root.ttl)
        last = min(settings.max_ttl, self._length() or heard + self.look_ahead)
        for ttl in range(settings.first_ttl, last + 1):
            if ttl <= board.end(SCOUT):
                self._want(ttl, SCOUT)

    def _send_base(self) -> None:
        """Have as many flows as every router needs at all distances that the scout has seen."""
        board = self._board
        heard = [ttl for ttl, row in board.rows.items() if SCOUT in row and row[SCOUT].sources]
        last = min(max(*heard, self._length(), board.root.ttl), board.end(SCOUT))
        for ttl in range(self._settings.first_ttl, int(last) + 1):
            for flow in range(1, self.base):
                if ttl <= board.end(flow):
                    self._want(ttl, flow)

    def _check_ends(self) -> None:
        """Ask whether flows that were met at their end had been there a hop before."""
        for flow, ttl in self._board.ends():
            before = self.levels.get(ttl - 1, {})
            if ttl - 1 > self._board.root.ttl and flow not in before:
                self._want(ttl - 1, flow)

    def _length(self) -> int:
        """Return how long the path is said to be; 0: nobody has said."""
        return max(self.distances.values(), default=0)

    def _extend(self, vertex: Vertex, branch: Branch) -> int:
        """Ask what comes after a place; return how many flows are lacking for that."""
        ttl = vertex.ttl + 1
        planned = self._wanted.get(ttl, {})
        passing = planned if vertex in self._sure else branch.flows.keys() & planned.keys()
        need = self.needed(vertex, branch) - branch.tried - branch.pending - len(passing)
        if ttl in self._board.scarce:
            need = max(need, self._needed_of_hop(ttl))
        if need <= 0 or self._board.is_given_up(ttl):
            return 0
        asked = sum(self._want(ttl, flow) for flow in self._unasked(ttl, branch, need))
        need -= asked
        if vertex.ttl in self._board.scarce and vertex not in self._sure:
            # To find more flows that pass here takes its rare answers: take all for equals.
            lonely = not (branch.tried or branch.pending or len(passing) or asked)
            need = min(need, max(int(lonely), self._needed_of_hop(ttl)))
        return max(0, need)

    def _unasked(self, ttl: int, branch: Branch, count: int) -> list[int]:
        """Return some flows of a place that were not asked for, and are not going to be."""
        planned = self._wanted.get(ttl, {})
        return [flow for flow in branch.free if flow not in planned][:count]

    def _needed_of_hop(self, ttl: int) -> int:
        """Return how many flows a hop lacks, whatever router they come from.

        It answers too seldom for asking enough about each of these; so they are taken
        for equals.
        """
        row = self._board.rows.get(ttl, {}).values()
        ways = max((len(b.next) for b in self.branches.get(ttl - 1, {}).values()), default=1)
        asked = sum(not cell.is_lost for cell in row) + len(self._wanted.get(ttl, {}))
        return self.rule.flows_for(max(1, ways)) - asked

    def _feed(self, ttl: int, lacking: dict[Vertex, int], all_lacking: dict[Vertex, int]) -> None:
        """Ask where more flows are at a distance, until enough of them pass each place.

        Args:
            ttl: the distance.
            lacking: how many more flows are to pass each place there.
            all_lacking: where to note what the places before have to provide.
        """
        level, row = self.levels.get(ttl, {}), self._board.rows.get(ttl, {})
        share, total = Counter(level.values()), len(level)
        least = 1 / len(share)
        wanted = max(math.ceil(n / max(share[v] / total, least)) for v, n in lacking.items())
        wanted -= sum(flow not in level and not cell.is_lost for flow, cell in row.items())
        wanted -= len(self._wanted.get(ttl, {}))
        for branch in self.branches.get(ttl - 1, {}).values():
            if wanted > 0 and any(place in lacking for place in branch.next):
                unasked = self._unasked(ttl, branch, wanted)
                wanted -= sum(self._want(ttl, flow) for flow in unasked)
        if wanted <= 0:
            return
        behind_silence = {vertex.via for vertex in lacking if vertex.via is not None}
        if len(behind_silence) < len(lacking) or behind_silence & self._sure:
            self._use_new_flows(ttl, wanted)
        for via in behind_silence - self._sure:
            all_lacking[via] = all_lacking.get(via, 0) + wanted

    def _use_new_flows(self, ttl: int, count: int) -> None:
        """Ask about flows whose place is known neither at this distance nor right before."""
        board, planned = self._board, self._wanted.get(ttl - 1, {})
        before = board.rows.get(ttl - 1, {})
        for flow in range(self._most_flows):
            if count <= 0:
                return
            if flow not in before and flow not in planned and board.end(flow) >= ttl:
                count -= self._want(ttl, flow)

    def _want(self, ttl: int, flow: int) -> bool:
        """Ask for a cell, unless that was done; return whether it is news."""
        board, planned = self._board, self._wanted.setdefault(ttl, {})
        if ttl >= self.distances.get(flow, math.inf):
            return False
        if flow in planned or board.cell(ttl, flow) is not None or board.is_given_up(ttl):
            return False
        planned[flow] = None
        return True

    # Per flow, or per packet?

    def _repeats(self) -> Iterator[tuple[int, int]]:
        """Yield cells to ask again, for packets of one flow may take different ways."""
        for ttl, here in self.branches.items():
            if ttl + 1 in self._board.limited or self._board.is_mixed(ttl):
                continue
            for branch in here.values():
                cells = self.answered_behind(ttl, branch)
                if any(cell.varies for cell in cells):
                    continue
                needed = self.rule.repeats_for(len(branch.next))
                lacking = needed - repeats(cells) - sum(cell.open for cell in cells)
                lacking = min(lacking, REPEATS * needed - sum(cell.sent - 1 for cell in cells))
                cells.sort(key=lambda cell: (cell.sent, cell.flow))
                yield from ((ttl + 1, cell.flow) for cell in cells[: max(0, lacking)])

    def keeps_flows_together(self, ttl: int, branch: Branch) -> bool | None:
        """Whether all packets of a flow go from a place to the same; ``None``: unclear."""
        cells, ways = self.answered_behind(ttl, branch), len(branch.next)
        if any(cell.varies for cell in cells):
            return False
        if repeats(cells) < self.rule.repeats_for(ways):
            return None
        if any(vertex.address is None for vertex in branch.next) and any(
            len(cell.sources) + cell.refused < cell.sent for cell in cells
        ):
            return None  # was it lost, or did it go where nobody answers?
        return True

    def answered_behind(self, ttl: int, branch: Branch) -> list[Cell]:
        """Return the cells right behind a place where somebody answered."""
        cells = self._board.rows.get(ttl + 1, {})
        asked = (cells[flow] for flow in branch.flows if flow in cells)
        return [cell for cell in asked if cell.sources and self._board.end(cell.flow) > ttl]


def repeats(cells: Iterable[Cell]) -> int:
    """Return how many answers there are beyond the first to each flow."""
    return sum(len(cell.sources) - 1 for cell in cells)
