"""The rows of the rounds under way: what is known of those that are not complete."""

from collections.abc import Iterator

from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Hop,
    Kind,
    NotSent,
    Probe,
    ProbeSent,
    RoundEnd,
    Silence,
    TraceEvent,
)

Outcome = Answer | Silence | NotSent


class Rows:
    """Takes events; at any time it can tell the rows that have not been told as such."""

    def __init__(self) -> None:
        self._slots: dict[int, dict[int, dict[int, Outcome | None]]] = {}
        """Outcomes by round, TTL and turn; ``None``: under way."""

    @property
    def round(self) -> int:
        """The first round that is not over."""
        return min(self._slots, default=1)

    def take(self, event: TraceEvent) -> None:
        """Enter an event."""
        match event:
            case ProbeSent(probe=probe):
                rows = self._slots.setdefault(probe.round, {})
                rows.setdefault(probe.ttl, {})[probe.turn] = None
            case Answer(kind=kind, duplicate=duplicate):
                if kind is not Kind.ADVICE and not duplicate:
                    self._settle(event)
            case Silence() | NotSent():
                self._settle(event)
            case Dismissed(probe=probe):
                self._row_of(probe).pop(probe.turn, None)
            case Hop(ttl=ttl, round=round_):
                self._slots.get(round_, {}).pop(ttl, None)
            case RoundEnd(round=round_):
                self._slots.pop(round_, None)

    def unfinished(self) -> Iterator[tuple[int, tuple[Outcome | None, ...]]]:
        """Yield TTL and outcomes of each such row, up to the last that anybody answered.

        They are those of the first round that is not over.
        """
        slots = self._slots.get(self.round, {})
        rows = {ttl: tuple(of[turn] for turn in sorted(of)) for ttl, of in slots.items()}
        heard = [ttl for ttl, row in rows.items() if any(isinstance(one, Answer) for one in row)]
        for ttl in sorted(ttl for ttl in rows if ttl <= max(heard, default=0)):
            yield ttl, rows[ttl]
            if any(isinstance(one, Answer) and one.kind is Kind.REACHED for one in rows[ttl]):
                return

    def _row_of(self, probe: Probe) -> dict[int, Outcome | None]:
        return self._slots.get(probe.round, {}).get(probe.ttl, {})

    def _settle(self, outcome: Outcome) -> None:
        row = self._row_of(outcome.probe)
        if outcome.probe.turn in row:
            row[outcome.probe.turn] = outcome
