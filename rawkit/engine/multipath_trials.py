"""Is somebody silent there, or only too busy to answer?

A flow that nobody answers for, at a distance where others are answered for, is asked about
again right before its neighbours. If these are answered and it is not, somebody silent is
there. If these are not answered either, the hop limits how often it answers, as most routers
do (RFC 1812 §4.3.2.8): then everything goes on there as slowly as it answers.
"""

import math
from collections import defaultdict
from collections.abc import Iterator

from rawkit.engine.multipath_board import Board, Cell
from rawkit.engine.multipath_plan import Branch, Branches, Levels
from rawkit.record import field, record

FIRST_PAUSE, LONGEST_PAUSE = 0.020, 1.0
"""Seconds between two trials at a hop that is not known to be limited."""
SHORTEST_PAUSE, SHARE = 0.050, 1 / 8
"""Seconds between two trials at one that is, and the part of the time for which it has said
nothing; the longer. So what it allows again is had an eighth of its time too late at most."""
SCARCE = 0.1
"""Seconds without an answer, after which a hop is one that answers very seldom."""
TIRED = 6.0
"""Seconds without any answer, after which a hop that is limited is given up."""
AT_ONCE = 16
"""Flows on trial together, where the hop is not known to be too busy."""
MOST_TRIALS, MOST_LIMITED_TRIALS = 8, 64
"""For each flow; the latter where a trial may do no more than come too early."""
IN_VAIN = 8
"""Trials of a flow at a hop that is limited, before its neighbours are asked, too."""
MISSES = 2
"""Trials whose neighbours keep silent, too, before the hop counts as limited."""


@record(frozen=False, eq=False)
class Docket:
    """The trials of one hop."""

    next_at: float = -math.inf
    pause: float = FIRST_PAUSE
    heard_at: float = math.inf
    """When anybody answered there; before that, when it was found to be limited."""
    held: int = 0
    missed: int = 0
    """Those in which a neighbour that had answered before did not."""
    on_trial: list[Cell] = field(default_factory=list)
    neighbours: list[Cell] = field(default_factory=list)
    sent: dict[Cell, int] = field(default_factory=dict)
    """How many probes of each had been sent before."""
    answers: dict[Cell, int] = field(default_factory=dict)
    """How many had been answered."""

    def call(self, on_trial: list[Cell], neighbours: list[Cell]) -> None:
        """Begin a trial."""
        self.on_trial, self.neighbours = on_trial, neighbours
        self.sent = {cell: cell.sent for cell in (*on_trial, *neighbours)}
        self.answers = {cell: len(cell.sources) for cell in neighbours}

    @property
    def is_open(self) -> bool:
        """Whether a trial is going on."""
        return bool(self.on_trial)

    @property
    def unasked(self) -> list[Cell]:
        """Those whose probe is still to be sent, in order."""
        return [cell for cell, sent in self.sent.items() if cell.sent == sent]

    @property
    def is_answered(self) -> bool:
        """Whether all that is to come has come, or was given up."""
        return not self.unasked and not any(cell.open for cell in self.sent)


class Trials:
    """Holds trials about doubtful cells, one at a time for each hop."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._dockets: defaultdict[int, Docket] = defaultdict(Docket)
        self._wishes: dict[int, list[int]] = {}

    def close(self, now: float) -> None:
        """Judge the trials that are over."""
        for ttl, docket in self._dockets.items():
            if docket.is_open and docket.is_answered:
                self._judge(ttl, docket, now)

    def due(
        self, now: float, levels: Levels, branches: Branches, wishes: dict[int, list[int]]
    ) -> Iterator[tuple[int, int]]:
        """Begin the trials that are due; yield TTL and flow of what is to be asked, in order.

        Args:
            now: the time.
            levels: where each flow is.
            branches: what comes after whom.
            wishes: flows to be asked for the first time, by TTL of hops that are limited.
        """
        self._wishes = wishes
        for ttl, doubtful in self._waiting().items():
            docket = self._dockets[ttl]
            if not docket.is_open and now >= docket.next_at:
                doubtful.sort(key=lambda cell: (cell.trials, cell.flow))
                if ttl in self._board.limited:
                    docket.call(*self._called_where_limited(ttl, doubtful, levels, branches))
                else:
                    docket.call(*self._called(ttl, doubtful, levels, branches))
        for ttl, docket in self._dockets.items():
            yield from ((ttl, cell.flow) for cell in docket.unasked)

    def next_at(self) -> float:
        """Return when the next trial is due; infinity: none is."""
        dockets = (self._dockets[ttl] for ttl in self._waiting())
        return min((one.next_at for one in dockets if not one.is_open), default=math.inf)

    def _called(
        self, ttl: int, cells: list[Cell], levels: Levels, branches: Branches
    ) -> tuple[list[Cell], list[Cell]]:
        """Return cells that come from the same place as the first of them, and neighbours."""
        before = levels.get(ttl - 1, {})
        place = before.get(cells[0].flow)
        on_trial = [cell for cell in cells[:AT_ONCE] if before.get(cell.flow) is place]
        branch = branches.get(ttl - 1, {}).get(place) if place else None
        return on_trial, list(self._neighbours(ttl, branch))

    def _called_where_limited(
        self, ttl: int, cells: list[Cell], levels: Levels, branches: Branches
    ) -> tuple[list[Cell], list[Cell]]:
        """Return one cell for each router there is; neighbours only if that goes on in vain."""
        known = max(1, len(tuple(self._board.addresses(ttl))))
        new = [self._board.place(ttl, flow) for flow in self._wishes.get(ttl, ())[:known]]
        on_trial = [cell for cell in cells if cell.trials < IN_VAIN and cell not in new] + new
        if on_trial:
            return on_trial[:known], []
        return self._called(ttl, cells, levels, branches)

    def _waiting(self) -> dict[int, list[Cell]]:
        """Return what a trial is needed for, by TTL."""
        board, found = self._board, dict[int, list[Cell]]()
        for ttl, row in board.rows.items():
            if board.is_given_up(ttl):
                continue
            cells = [c for c in row.values() if board.is_doubtful(c) and ttl <= board.end(c.flow)]
            if cells or self._wishes.get(ttl):
                found[ttl] = cells
        return found

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
        missed = any(len(cell.sources) == docket.answers[cell] for cell in docket.neighbours)
        docket.held += asked
        docket.missed += missed
        for cell in silent:
            cell.trials += 1
            cell.strikes += asked and not missed
        if ttl in limited:
            self._pace_where_limited(ttl, docket, silent, now)
        else:
            self._pace(docket, silent, missed or not asked)
            if docket.missed >= MISSES and 2 * docket.missed > docket.held:
                self._board.limit(ttl)
        docket.next_at = now + docket.pause
        docket.call([], [])

    def _pace(self, docket: Docket, silent: list[Cell], in_vain: bool) -> None:
        """Ask less often as long as it is in vain."""
        for cell in silent:
            cell.is_lost = cell.trials >= MOST_TRIALS
        if not in_vain:
            docket.pause = max(FIRST_PAUSE, docket.pause / 2)
        elif len(silent) == len(docket.on_trial):
            docket.pause = min(LONGEST_PAUSE, 2 * docket.pause)

    def _pace_where_limited(self, ttl: int, docket: Docket, silent: list[Cell], now: float) -> None:
        """Be there when the hop may answer again, whenever that is."""
        has_answered = len(silent) < len(docket.on_trial) or any(
            len(cell.sources) > docket.answers[cell] for cell in docket.neighbours
        )
        docket.heard_at = now if has_answered else min(now, docket.heard_at)
        quiet = now - docket.heard_at
        docket.pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, SHARE * quiet))
        for cell in silent:
            cell.is_lost = quiet >= TIRED or cell.trials >= MOST_LIMITED_TRIALS
        if quiet >= SCARCE:
            self._board.note_scarcity(ttl)
