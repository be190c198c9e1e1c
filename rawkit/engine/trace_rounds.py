"""The rows of a trace while they fill: what is to be sent next, and what is complete.

A round begins when it is time for it, even if the one before still waits for answers: a
silent hop delays no round. What has become of them is told one round after the other.
"""

from collections.abc import Iterator
from math import inf

from rawkit.engine.trace_events import Answer, Kind, NotSent, Silence
from rawkit.engine.trace_settings import TraceSettings
from rawkit.record import field, record

Outcome = Answer | Silence | NotSent
BEYOND = 5
"""Hops behind the last one heard of that later rounds still ask, where none was the last."""
FORGETTING = 10
"""Rounds in a row in which nobody answered at the last hop, after which the path may be a
longer one."""
REVISABLE = 8
"""Rounds that are over whose rows a late answer can still revise."""
OVERLAPPING = 32
"""Rounds at most that have begun and are not over."""


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
    is_unsent: bool = False
    """It ends there because this host does not send; the path may go on."""
    reached: bool = False
    rows: dict[int, list[Outcome | None]] = field(default_factory=dict)
    told: int = 0
    """The last TTL whose row has been told."""
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
                self.is_unsent = True
                self._ends_at(ttl)
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

    @property
    def end_of_path(self) -> int | None:
        """The TTL at which the path ends, as far as this round knows."""
        return None if self.is_unsent else self.end

    @property
    def furthest(self) -> int:
        """The last TTL at which somebody has answered; one below the first: nobody has."""
        heard = [ttl for ttl, row in self.rows.items() if any(isinstance(o, Answer) for o in row)]
        return max(heard, default=self.settings.first_ttl - 1)

    def _ends_at(self, ttl: int) -> None:
        self.end = ttl if self.end is None else min(self.end, ttl)


class Rounds:
    """The rounds of a trace: those that are not over, and the latest that are."""

    def __init__(self, settings: TraceSettings) -> None:
        self._settings = settings
        self._kept: dict[int, Round] = {}
        self._open: list[Round] = []
        self._end: int | None = None
        """The last TTL of the latest round that knew one."""
        self._without_end = 0
        """Rounds that are over since then."""

    @property
    def latest(self) -> Round:
        """The round that began last."""
        return self._kept[max(self._kept)]

    @property
    def are_over(self) -> bool:
        """Whether none has begun that is not over."""
        return not self._open

    @property
    def next_at(self) -> float | None:
        """When the next round is to begin; ``None``: never, or not before one has ended."""
        if not self._kept:
            return -inf
        latest, wanted = self.latest, self._settings.rounds
        if wanted is not None and latest.number >= wanted:
            return None
        if len(self._open) >= OVERLAPPING or self.with_slot() is not None:
            return None
        return latest.started_at + self._settings.interval

    def begin(self, now: float) -> None:
        """Begin the next round."""
        number = self.latest.number + 1 if self._kept else 1
        new = Round(number, self._settings, now, self._horizon())
        self._kept[number] = new
        self._open.append(new)
        while len(self._kept) - len(self._open) > REVISABLE:
            del self._kept[next(iter(self._kept))]  # the open ones are the latest

    def with_slot(self) -> Round | None:
        """Return the first round that has a probe still to be sent."""
        return next((one for one in self._open if one.has_slot()), None)

    def __contains__(self, round_: Round) -> bool:
        """Tell whether a round's rows can still change."""
        return round_.number in self._kept

    def complete(self) -> Iterator[tuple[Round, int | None]]:
        """Yield each row that is complete, in their order; and each round behind its last row."""
        while self._open:
            first = self._open[0]
            while (ttl := first.complete_row()) is not None:
                yield first, ttl
            if not first.is_complete:
                return
            self._is_over(self._open.pop(0))
            yield first, None

    def _is_over(self, round_: Round) -> None:
        if round_.end_of_path is not None:
            self._end, self._without_end = round_.end_of_path, 0
        elif round_.is_unsent:
            return
        elif self._end is not None and round_.furthest >= self._end:
            self._end = None  # a router is there now
        else:
            self._without_end += 1
            if self._without_end >= FORGETTING:
                self._end, self._without_end = None, 0

    def _horizon(self) -> int:
        """Return how far the next round should ask."""
        ends = [one.end_of_path for one in self._open if one.end_of_path is not None]
        if ends:
            return ends[-1]
        if self._end is not None:
            return self._end
        if not self._kept:
            return self._settings.max_ttl
        furthest = max(round_.furthest for round_ in self._kept.values())
        return min(self._settings.max_ttl, furthest + BEYOND)
