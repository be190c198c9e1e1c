"""The rows of a trace while they fill: what is to be sent next, and what is complete."""

from rawkit.engine.trace_events import Answer, Kind, NotSent, Silence
from rawkit.engine.trace_settings import TraceSettings
from rawkit.record import field, record

Outcome = Answer | Silence | NotSent
BEYOND = 5
"""Hops behind the last one heard of that later rounds still ask, where none was the last."""


@record(frozen=False)
class Round:
    """One round: rows of outcomes, and how far sending and telling have come."""

    number: int
    settings: TraceSettings
    started_at: float
    horizon: int
    """The last TTL that is worth asking, as far as is known."""
    end: int | None = None
    """The TTL of the row that is the last for certain."""
    reached: bool = False
    rows: dict[int, list[Outcome | None]] = field(default_factory=dict)
    told: int = 0
    """The last TTL whose row has been told."""
    is_over: bool = False
    _next: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self._next = (self.settings.first_ttl, 0)
        self.told = self.settings.first_ttl - 1

    @property
    def last(self) -> int:
        """The last TTL that a row is wanted of."""
        return self.horizon if self.end is None else self.end

    def next_slot(self) -> tuple[int, int] | None:
        """Return TTL and turn of the next probe, and go on; ``None``: all have been sent."""
        ttl, turn = self._next
        if ttl > self.last:
            return None
        row = self.rows.setdefault(ttl, [None] * self.settings.queries)
        self._next = (ttl, turn + 1) if turn + 1 < len(row) else (ttl + 1, 0)
        return ttl, turn

    def has_slot(self) -> bool:
        """Tell whether there is a probe still to be sent."""
        return self._next[0] <= self.last

    def settle(self, ttl: int, turn: int, outcome: Outcome) -> bool:
        """Enter the outcome of a probe; tell whether the row was told before."""
        if ttl not in self.rows:
            return False
        self.rows[ttl][turn] = outcome
        match outcome:
            case Answer(kind=Kind.REACHED):
                self.reached = True
                self._ends_at(ttl)
            case Answer(kind=Kind.REFUSED):
                self._ends_at(ttl)
            case NotSent() if all(isinstance(one, NotSent) for one in self.rows[ttl]):
                self._ends_at(ttl)  # it is this host that does not send
            case Answer() if ttl == self.horizon and self.end is None:
                self.horizon = min(self.settings.max_ttl, ttl + 1)  # the path has grown
        return ttl <= self.told

    def complete_row(self) -> int | None:
        """Return the TTL of the next row that is complete, once each; ``None``: not yet."""
        ttl = self.told + 1
        row = self.rows.get(ttl)
        if ttl > self.last or row is None or None in row:
            return None
        self.told = ttl
        return ttl

    @property
    def is_complete(self) -> bool:
        """Whether every row that is wanted has been told."""
        return self.told >= self.last

    def horizon_of_next(self) -> int:
        """Return how far the next round should ask."""
        if self.end is not None:
            return self.end
        heard = [ttl for ttl, row in self.rows.items() if any(isinstance(o, Answer) for o in row)]
        furthest = max(heard, default=self.settings.first_ttl - 1) + BEYOND
        return min(self.settings.max_ttl, furthest)

    def _ends_at(self, ttl: int) -> None:
        self.end = ttl if self.end is None else min(self.end, ttl)
