"""Is somebody silent there, or only too busy to answer?

A flow that nobody answers for, at a distance where others are answered for, is asked about
again right before its neighbours. If these are answered and it is not, somebody silent is
there. If these are not answered either, the hop limits how often it answers, as most routers
do (RFC 1812 §4.3.2.8): then everything goes on more slowly there.
"""

import math
from collections.abc import Iterator

from rawkit.engine.multipath_board import Board, Cell
from rawkit.engine.multipath_plan import Branch, Branches, Levels
from rawkit.record import field, record

FIRST_PAUSE, LONGEST_PAUSE = 0.020, 1.0
"""Seconds between two trials at a hop."""
AT_ONCE = 16
"""Flows on trial together, where the hop is not known to be too busy."""
MOST_TRIALS = 8
"""For each flow."""
IN_VAIN = 2
"""Trials of a flow at a hop that is limited, before its neighbours are asked, too."""
MISSES = 2
"""Trials whose neighbours keep silent, too, before the hop counts as limited."""


@record(frozen=False, eq=False)
class Docket:
    """The trials of one hop."""

    next_at: float = -math.inf
    pause: float = FIRST_PAUSE
    held: int = 0
    missed: int = 0
    """Those in which a neighbour that had answered before did not."""
    on_trial: list[Cell] = field(default_factory=list)
    neighbours: list[tuple[Cell, int]] = field(default_factory=list)
    """Each with the number of its answers before."""

    @property
    def is_open(self) -> bool:
        """Whether a trial is going on."""
        return bool(self.on_trial)

    @property
    def is_answered(self) -> bool:
        """Whether all that is to come has come, or was given up."""
        return not any(cell.open for cell in self.on_trial) and not any(
            cell.open for cell, _ in self.neighbours
        )


class Trials:
    """Holds trials about doubtful cells, one at a time for each hop."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._dockets: dict[int, Docket] = {}

    def close(self, now: float) -> None:
        """Judge the trials that are over."""
        for ttl, docket in self._dockets.items():
            if docket.is_open and docket.is_answered:
                self._judge(ttl, docket, now)

    def due(self, now: float, levels: Levels, branches: Branches) -> Iterator[tuple[int, int]]:
        """Begin the trials that are due; yield TTL and flow of what is to be asked, in order."""
        for ttl, doubtful in self._doubtful():
            docket = self._dockets.setdefault(ttl, Docket())
            if docket.is_open or now < docket.next_at:
                continue
            doubtful.sort(key=lambda cell: (cell.trials, cell.flow))
            if ttl in self._board.limited:
                self._call_limited(ttl, docket, doubtful, levels, branches)
            else:
                self._call(ttl, docket, doubtful[:AT_ONCE], levels, branches)
            yield from ((ttl, cell.flow) for cell in docket.on_trial)
            yield from ((ttl, cell.flow) for cell, _ in docket.neighbours)

    def _call(
        self, ttl: int, docket: Docket, cells: list[Cell], levels: Levels, branches: Branches
    ) -> None:
        """Put cells on trial that come from the same place as the first of them."""
        before = levels.get(ttl - 1, {})
        place = before.get(cells[0].flow)
        docket.on_trial = [cell for cell in cells if before.get(cell.flow) is place]
        branch = branches.get(ttl - 1, {}).get(place) if place else None
        docket.neighbours = [(c, len(c.sources)) for c in self._neighbours(ttl, branch)]

    def _call_limited(
        self, ttl: int, docket: Docket, cells: list[Cell], levels: Levels, branches: Branches
    ) -> None:
        """Ask once for each router there is; their neighbours only if that goes on in vain."""
        if cells[0].trials >= IN_VAIN:
            self._call(ttl, docket, cells[:AT_ONCE], levels, branches)
        else:
            known = len(tuple(self._board.addresses(ttl)))
            docket.on_trial, docket.neighbours = cells[: max(1, known)], []

    def next_at(self) -> float:
        """Return when the next trial is due; infinity: none is."""
        times = (
            self._dockets[ttl].next_at if ttl in self._dockets else -math.inf
            for ttl, _ in self._doubtful()
            if ttl not in self._dockets or not self._dockets[ttl].is_open
        )
        return min(times, default=math.inf)

    def _doubtful(self) -> Iterator[tuple[int, list[Cell]]]:
        board = self._board
        for ttl, row in board.rows.items():
            cells = [c for c in row.values() if board.is_doubtful(c) and ttl <= board.end(c.flow)]
            if cells:
                yield ttl, cells

    def _neighbours(self, ttl: int, branch: Branch | None) -> Iterator[Cell]:
        """Yield one answered cell of each place that the doubtful flow may be at."""
        board, seen = self._board, set[object]()
        row = board.rows[ttl]
        preferred = [row[flow] for flow in branch.flows if flow in row] if branch else []
        for cells in (preferred, row.values()):
            for cell in cells:
                if cell.sources and ttl <= board.end(cell.flow) and cell.sources[-1] not in seen:
                    seen.add(cell.sources[-1])
                    yield cell
            if seen:
                return

    def _judge(self, ttl: int, docket: Docket, now: float) -> None:
        silent = [cell for cell in docket.on_trial if not cell.sources]
        asked, limited = bool(docket.neighbours), self._board.limited
        missed = any(len(cell.sources) == before for cell, before in docket.neighbours)
        docket.held += asked
        docket.missed += missed
        for cell in silent:
            cell.trials += 1
            cell.strikes += asked and not missed
            cell.is_lost = cell.trials >= MOST_TRIALS
        if len(silent) == len(docket.on_trial) and (missed or not asked):
            docket.pause = min(LONGEST_PAUSE, 2 * docket.pause)
        elif not missed and (asked or not silent):
            docket.pause = max(FIRST_PAUSE, docket.pause / 2)
        if ttl not in limited and docket.missed >= MISSES and 2 * docket.missed > docket.held:
            self._board.limit(ttl)
        docket.next_at = now + docket.pause
        docket.on_trial, docket.neighbours = [], []
