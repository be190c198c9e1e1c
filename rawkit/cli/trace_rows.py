"""The rows of the round under way: what is known of those that are not complete."""

from collections.abc import Iterator

from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Hop,
    Kind,
    NotSent,
    ProbeSent,
    RoundEnd,
    Silence,
    TraceEvent,
)

Outcome = Answer | Silence | NotSent


class Rows:
    """Takes events; at any time it can tell the rows that have not been told as such."""

    def __init__(self) -> None:
        self._round = 1
        self._slots: dict[int, dict[int, Outcome | None]] = {}
        """Outcomes by TTL and turn; ``None``: under way."""

    def take(self, event: TraceEvent) -> None:
        """Enter an event."""
        match event:
            case ProbeSent(probe=probe):
                if probe.round > self._round:
                    self._round = probe.round
                    self._slots.clear()
                self._slots.setdefault(probe.ttl, {})[probe.turn] = None
            case Answer(kind=kind, duplicate=duplicate):
                if kind is not Kind.ADVICE and not duplicate:
                    self._settle(event)
            case Silence() | NotSent():
                self._settle(event)
            case Dismissed(probe=probe):
                self._slots.get(probe.ttl, {}).pop(probe.turn, None)
            case Hop(ttl=ttl, round=round_):
                if round_ == self._round:
                    self._slots.pop(ttl, None)
            case RoundEnd():
                self._slots.clear()

    def unfinished(self) -> Iterator[tuple[int, tuple[Outcome | None, ...]]]:
        """Yield TTL and outcomes of each such row, up to the last that anybody answered."""
        rows = {ttl: tuple(of[turn] for turn in sorted(of)) for ttl, of in self._slots.items()}
        heard = [ttl for ttl, row in rows.items() if any(isinstance(one, Answer) for one in row)]
        for ttl in sorted(ttl for ttl in rows if ttl <= max(heard, default=0)):
            yield ttl, rows[ttl]
            if any(isinstance(one, Answer) and one.kind is Kind.REACHED for one in rows[ttl]):
                return

    def _settle(self, outcome: Outcome) -> None:
        probe = outcome.probe
        if probe.round == self._round and probe.turn in self._slots.get(probe.ttl, {}):
            self._slots[probe.ttl][probe.turn] = outcome
