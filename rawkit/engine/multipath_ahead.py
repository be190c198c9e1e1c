"""How far is the target? It is asked itself, before those on the way are.

A port unreachable message quotes the probe as it arrived (RFC 1122 §3.2.2), with the TTL that
was left of it. That tells how far this flow goes, in one round trip instead of many; and no
probe flies past the target, where many hosts answer a few times and then once a second. The
answer counts for the flow's last hop as well, once an answer from there to a probe with just
this TTL has shown that such quotes can be believed.
"""

import math
from collections.abc import Iterator

from rawkit.engine.multipath_board import Board, Cell
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.trace_events import Answer, Kind
from rawkit.engine.trace_wait import AT_LEAST
from rawkit.wire.address import Address

AHEAD = 0
"""Stands for the TTL of a probe that is to go all the way."""
HOLD, HOLD_AT_FIRST = 3.0, 0.1
"""The target may take so many times as long as the slowest so far, or as long as nobody has
answered so many seconds, before the way to it is asked without regard to its end."""


class Ahead:
    """Keeps the flows that have asked the target how far it is, and what it said."""

    def __init__(self, settings: MultipathSettings) -> None:
        """Prepare to ask.

        Args:
            settings: of UDP only answers quote the probe, and the TTL is the most it may be.
        """
        self.distances: dict[int, int] = {}
        """Distance of the target by flow, as far as it is told and not yet believed."""
        self._is_useful: bool | None = None if settings.method == "udp" else False
        """Whether answers show the TTL that was left; ``None``: that is not known yet."""
        self._first, self._ttl = settings.first_ttl, settings.max_ttl
        self._asked_at = math.inf
        self._cells: dict[int, Cell] = {}
        self._answers: dict[int, Answer] = {}
        self._believed: set[tuple[int, Address]] = set()

    def opened(self, *, sees_headers: bool) -> None:
        """Note whether the pipe shows the headers that answers quote."""
        if self._is_useful is None:
            self._is_useful = sees_headers

    def due(self, now: float, flows: range) -> list[tuple[int, int]]:
        """Return what is still to be sent: :data:`AHEAD` and the flow, once for each."""
        if self._is_useful and not self._cells:
            self._asked_at = now
            self._cells = {flow: Cell(self._ttl, flow) for flow in flows}
        return [(AHEAD, flow) for flow, cell in self._cells.items() if not cell.sent]

    def cell(self, flow: int) -> Cell:
        """Return the cell of a flow: it is on no board."""
        return self._cells[flow]

    def owns(self, cell: Cell) -> bool:
        """Whether a cell is one of these."""
        return self._cells.get(cell.flow) is cell

    def holds_until(self, slowest: float) -> float:
        """Return until when to go step by step, for the target may soon say how far it is.

        Args:
            slowest: round trip so far, in seconds; 0: nobody has answered.
        """
        if self._is_useful is None:
            return math.inf
        if not any(cell.open or not cell.sent for cell in self._cells.values()):
            return -math.inf
        return self._asked_at + (max(AT_LEAST, HOLD * slowest) if slowest else HOLD_AT_FIRST)

    def take(self, answer: Answer) -> None:
        """Take in an answer to one of these probes."""
        left, flow = answer.quoted_ttl, answer.probe.flow
        if answer.kind is Kind.REACHED and left is not None and 1 < left < self._ttl:
            distance = self._ttl - left + 1
            if distance >= self._first:
                self.distances[flow], self._answers[flow] = distance, answer

    def check(self, board: Board, cell: Cell, answer: Answer) -> None:
        """Believe what is told of a distance, if an ordinary answer from there bears it out.

        It does if this flow was still under way a hop before, and had nothing left here.
        """
        if answer.kind is Kind.REACHED and answer.quoted_ttl == 1:
            before = board.cell(cell.ttl - 1, cell.flow)
            if cell.ttl - 1 == board.root.ttl or (before and before.sources and not before.ends):
                self._believed.add((cell.ttl, answer.source))

    def believed(self) -> Iterator[tuple[int, Answer]]:
        """Take out what is believed by now; yield distances and answers."""
        for flow, ttl in list(self.distances.items()):
            answer = self._answers[flow]
            if (ttl, answer.source) in self._believed:
                del self.distances[flow]
                yield ttl, answer

    def doubt(self, board: Board, scout: int) -> None:
        """Forget distances at which another flow has shown, or will show, nothing of the kind."""
        for flow, ttl in list(self.distances.items()):
            cell = board.cell(ttl, scout)
            if board.end(scout) < ttl or (cell and (cell.is_lost or board.is_known(cell))):
                del self.distances[flow]
