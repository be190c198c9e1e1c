"""The books of a ping: what became of every request to one target."""

from enum import IntEnum
from typing import TYPE_CHECKING

from rawkit.engine.ping_events import Reply, Target
from rawkit.engine.ping_report import Ledger, PingReport
from rawkit.engine.rtt import RoundTrips
from rawkit.record import field, record
from rawkit.wire.received import Clock

if TYPE_CHECKING:
    from rawkit.engine.ping_answers import Answer

WINDOW = 1 << 16
"""As many requests can be told apart on the wire by their sequence number alone."""
REMEMBERED = 1 << 20
"""Given-up requests remembered for the sake of late replies."""


class Outcome(IntEnum):
    """What became of a request so far."""

    WAITING = 0
    REPLIED = 1
    LATE = 2
    CORRUPTED = 3
    ERROR = 4
    NOT_SENT = 5
    GIVEN_UP = 6


@record(frozen=False, eq=False)
class Request:
    """One request, as long as anything may still be heard of it."""

    number: int
    """The target's."""
    sequence: int
    made_at: float
    """By the program's clock."""
    sent_at: float
    sent_by: Clock = Clock.USER
    """Who says ``sent_at``."""
    outcome: Outcome = Outcome.WAITING

    def forget_departure(self) -> None:
        """Take the time of making for that of sending."""
        self.sent_at, self.sent_by = self.made_at, Clock.USER


@record(frozen=False)
class Tally:
    """Counts for one target, and the requests that replies may still belong to."""

    target: Target
    keep_replies: bool = True
    sent: int = 0
    outcomes: list[int] = field(default_factory=lambda: [0] * len(Outcome))
    """How many requests have come to each outcome."""
    duplicates: int = 0
    wrong_source: int = 0
    strays: int = 0
    advice: int = 0
    rtts: RoundTrips = field(default_factory=RoundTrips)
    replies: list[Reply] = field(default_factory=list)
    user_sent: bool = False
    """Whether any sample lacks the kernel's departure stamp."""
    user_stamped: bool = False
    """Whether any sample lacks the kernel's arrival stamp."""
    _recent: dict[int, Request] = field(default_factory=dict)
    _given_up: dict[int, Request] = field(default_factory=dict)

    def add(self, request: Request) -> None:
        """Enter a new request."""
        self.sent += 1
        self.outcomes[Outcome.WAITING] += 1
        self._recent[request.sequence] = request
        if len(self._recent) > WINDOW:
            self._forget(request.sequence - WINDOW)

    def settle(self, request: Request, outcome: Outcome) -> None:
        """Note what became of a request, whatever was noted before."""
        self.outcomes[request.outcome] -= 1
        self.outcomes[outcome] += 1
        request.outcome = outcome

    def find(self, wire_sequence: int, window: int = WINDOW) -> list[Request]:
        """Return the requests that a sequence number on the wire may mean, newest first.

        Args:
            wire_sequence: the number.
            window: how many there are.
        """
        newest = self.sent - ((self.sent - wire_sequence) & (window - 1))
        found = self._recent.get(newest)
        requests = [found] if found else []
        if self._given_up:
            older = range(newest - window, max(0, newest - 8 * window), -window)
            requests += [self._given_up[n] for n in older if n in self._given_up]
        return requests

    def sample(self, reply: Reply) -> None:
        """Take a good reply into the statistics."""
        self.rtts.add(reply.rtt)
        self.user_sent |= reply.sent_by is Clock.USER
        self.user_stamped |= reply.stamped_by is Clock.USER
        if self.keep_replies:
            self.replies.append(reply)

    def report(
        self, elapsed: float, lost_here: int, via: str, why: str, answer: "Answer | None" = None
    ) -> PingReport:
        """Close the books.

        Args:
            elapsed: seconds.
            lost_here: packets that the socket lost; so many unanswered requests were answered.
            via: the kind of socket.
            why: why that kind.
            answer: what the target said.
        """
        clocks = None
        if self.rtts.count:
            kinds = (Clock.KERNEL, Clock.USER)
            clocks = (kinds[self.user_sent], kinds[self.user_stamped])
        return PingReport(
            target=self.target,
            ledger=self._ledger(lost_here),
            rtt=self.rtts.statistics(),
            elapsed=elapsed,
            replies=tuple(self.replies),
            clocks=clocks,
            via=via,
            why=why,
            answer=answer,
        )

    def _ledger(self, lost_here: int) -> Ledger:
        outcomes = self.outcomes
        silent = outcomes[Outcome.GIVEN_UP] + outcomes[Outcome.WAITING]
        lost_in = min(lost_here, silent)
        not_sent = outcomes[Outcome.NOT_SENT]
        return Ledger(
            sent=self.sent,
            replied=outcomes[Outcome.REPLIED],
            late=outcomes[Outcome.LATE],
            corrupted=outcomes[Outcome.CORRUPTED],
            errors=outcomes[Outcome.ERROR],
            lost_here=not_sent + lost_in,
            unanswered=silent - lost_in,
            duplicates=self.duplicates,
            wrong_source=self.wrong_source,
            strays=self.strays,
            advice=self.advice,
            not_sent=not_sent,
        )

    def _forget(self, sequence: int) -> None:
        """Let a request fall out of the window; remember it only if it may come late."""
        request = self._recent.pop(sequence)
        if request.outcome is Outcome.GIVEN_UP or request.outcome is Outcome.WAITING:
            self._given_up[sequence] = request
            if len(self._given_up) > REMEMBERED:
                del self._given_up[next(iter(self._given_up))]
