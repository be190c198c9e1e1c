"""What multipath discovery knows: which flow is where at which distance."""

import math
from collections.abc import Iterable

from rawkit.engine.trace_events import Kind
from rawkit.record import field, record
from rawkit.wire.address import Address

STRIKES = 2
"""Times that a silent flow is passed over while its neighbours answer, to be believed."""

MOST_LOST = 3
"""Flows given up at a hop, after which no others are tried there."""
BAD_LUCK = 1e-5
"""The chance that mere losses look like a silent flow, at which that is believed."""


@record(eq=False)
class Vertex:
    """A place in the graph while it is being found; a board has one object for each."""

    ttl: int
    address: Address | None = None
    """``None``: somebody silent, behind the vertex ``via``."""
    via: "Vertex | None" = None
    is_mixed: bool = False
    """All places at this distance together: packets of one flow are at several of them."""


@record(frozen=False, eq=False)
class Cell:
    """One flow at one distance: who answered, and what is still to come."""

    ttl: int
    flow: int
    sources: list[Address] = field(default_factory=list)
    """Who answered each of its probes."""
    ends: bool = False
    """The flow goes no further: the target, or somebody who refuses it."""
    sent: int = 0
    open: int = 0
    """Probes under way."""
    refused: int = 0
    """Probes that never left this host."""
    strikes: int = 0
    trials: int = 0
    is_lost: bool = False
    """Given up: nobody knows whether somebody is silent there, or too busy to answer."""

    @property
    def varies(self) -> bool:
        """Whether packets of this one flow were at several places."""
        return len(set(self.sources)) > 1


class Board:
    """The cells, and what follows from them."""

    def __init__(self, first_ttl: int, attempts: int) -> None:
        self.root = Vertex(first_ttl - 1)
        self.rows: dict[int, dict[int, Cell]] = {}
        """Cells by TTL and flow."""
        self.flows = 0
        """Flows in use: from 0 to below this."""
        self.limited: set[int] = set()
        """TTLs of hops that answer only so many times a second."""
        self.scarce: set[int] = set()
        """Those of them that answer so seldom that one does not wait for every answer."""
        self._attempts = attempts
        self._ends: dict[int, int] = {}
        self._places: dict[int, dict[Address, Vertex]] = {}
        """Who has answered at a distance, first come first."""
        self._stars: dict[Vertex, Vertex] = {}
        """The silent place behind each place."""
        self._mixtures: dict[int, Vertex] = {}
        self._varying: dict[int, dict[int, Cell]] = {}
        """By TTL and flow."""

    def cell(self, ttl: int, flow: int) -> Cell | None:
        """Return what is known of a flow at a distance; ``None``: it was not asked for yet."""
        return self.rows.get(ttl, {}).get(flow)

    def place(self, ttl: int, flow: int) -> Cell:
        """Return the cell of a flow, a new one if it must be."""
        self.flows = max(self.flows, flow + 1)
        return self.rows.setdefault(ttl, {}).setdefault(flow, Cell(ttl, flow))

    def limit(self, ttl: int) -> None:
        """Note that a hop answers only so many times a second.

        What nobody has answered there is forgotten; only what is needed is asked again.
        """
        if ttl not in self.limited:
            self._forget_unanswered(ttl, *self.limited)
            self.limited.add(ttl)

    def note_scarcity(self, ttl: int) -> None:
        """Note that a hop that is limited answers very seldom."""
        if ttl not in self.scarce:
            self._forget_unanswered(*self.limited)
            self.scarce.add(ttl)

    def _forget_unanswered(self, *hops: int) -> None:
        """Have some hops asked again for what is needed of them now, and for nothing else."""
        for hop in hops:
            row = self.rows[hop].items()
            self.rows[hop] = {f: cell for f, cell in row if cell.sources or self._is_believed(cell)}

    def _is_believed(self, cell: Cell) -> bool:
        """Whether a hop that is limited has shown that somebody silent is there."""
        return cell.ttl in self.limited and self.is_silent(cell)

    def answered(self, cell: Cell, source: Address, kind: Kind) -> bool:
        """Enter an answer; return whether this source is new at its distance."""
        cell = self.rows[cell.ttl].setdefault(cell.flow, cell)
        cell.sources.append(source)
        cell.is_lost = False
        if kind is not Kind.EXPIRED:
            cell.ends = True
            self._ends[cell.flow] = min(cell.ttl, self._ends.get(cell.flow, cell.ttl))
        if cell.varies:
            self._varying.setdefault(cell.ttl, {})[cell.flow] = cell
        known = self._places.setdefault(cell.ttl, {})
        is_new = source not in known
        if is_new:
            known[source] = Vertex(cell.ttl, source)
        return is_new

    def end(self, flow: int) -> float:
        """Return the TTL at which a flow ends; infinity if that is not known."""
        return self._ends.get(flow, math.inf)

    def ends(self) -> Iterable[tuple[int, int]]:
        """Return the flows whose ends are known, and the TTLs of these."""
        return self._ends.items()

    def addresses(self, ttl: int) -> Iterable[Address]:
        """Return who has answered at a distance, first come first."""
        return self._places.get(ttl, ())

    def vertex(self, ttl: int, address: Address) -> Vertex:
        """Return the place of somebody who has answered."""
        return self._places[ttl][address]

    @property
    def last_heard(self) -> int:
        """The greatest distance at which anybody has answered."""
        return max(self._places, default=self.root.ttl)

    def is_spent(self, cell: Cell) -> bool:
        """Whether all ordinary attempts at a cell have failed."""
        if cell.sources or cell.open:
            return False
        return cell.sent >= (0 if cell.ttl in self.limited else self._attempts)

    def is_silent(self, cell: Cell) -> bool:
        """Whether somebody silent is there, as far as one can tell.

        Where others answer at the same distance it takes more than missing answers:
        those may be lost, or have been asked too often, and answer nobody for a while.
        """
        if not self.is_spent(cell) or cell.is_lost or not cell.sent:
            return False
        if cell.ttl not in self._places:
            return True
        if cell.strikes < STRIKES:
            return False
        return cell.ttl in self.limited or self._loss(cell.ttl) ** cell.sent <= BAD_LUCK

    def _loss(self, ttl: int) -> float:
        """Return the share of probes without an answer where somebody did answer."""
        cells = [cell for cell in self.rows[ttl].values() if cell.sources]
        asked = sum(cell.sent - cell.open - cell.refused for cell in cells)
        return 1 - sum(len(cell.sources) for cell in cells) / asked if asked else 0.0

    def is_doubtful(self, cell: Cell) -> bool:
        """Whether it takes a trial to tell what its silence means."""
        return self.is_spent(cell) and not cell.is_lost and not self.is_silent(cell)

    def is_given_up(self, ttl: int) -> bool:
        """Whether too much was lost at a hop to go on asking it."""
        return sum(cell.is_lost for cell in self.rows.get(ttl, {}).values()) >= MOST_LOST

    def is_known(self, cell: Cell | None) -> bool:
        """Whether it is known where the flow is."""
        return cell is not None and (bool(cell.sources) or self.is_silent(cell))

    def is_mixed(self, ttl: int) -> bool:
        """Whether packets of one flow may be at several places at this distance.

        They were seen to be; or they were right before, and have not met again since.
        """
        if any(ttl <= self.end(flow) for flow in self._varying.get(ttl, ())):
            return True
        return ttl > self.root.ttl and self.is_mixed(ttl - 1) and self._is_shared(ttl)

    def _is_shared(self, ttl: int) -> bool:
        """Whether there are several places at a distance."""
        places = len(self._places.get(ttl, ()))
        return places > 1 or (
            places > 0 and any(self.is_silent(cell) for cell in self.rows[ttl].values())
        )

    def level(self, ttl: int, before: dict[int, Vertex]) -> dict[int, Vertex]:
        """Return the place of each flow at a distance, as far as it is known.

        Args:
            ttl: the distance.
            before: the place of each flow right before that.
        """
        mixed = self._mixtures.setdefault(ttl, Vertex(ttl, is_mixed=True))
        is_mixed, places, ends = self.is_mixed(ttl), self._places.get(ttl, {}), self._ends
        level: dict[int, Vertex] = {}
        for flow, cell in self.rows.get(ttl, {}).items():
            if ttl > ends.get(flow, ttl):
                continue
            if cell.sources:
                level[flow] = mixed if is_mixed else places[cell.sources[0]]
            elif self.is_silent(cell):
                if is_mixed:
                    level[flow] = mixed
                elif (via := before.get(flow)) is not None:
                    level[flow] = self._stars.setdefault(via, Vertex(ttl, None, via))
        return level
