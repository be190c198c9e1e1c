"""What a trace might tell, made by hand, for the tests of those who print it."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any

from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_book import TraceBook
from rawkit.engine.trace_events import (
    Answer,
    Hop,
    Kind,
    NotSent,
    Probe,
    ProbeSent,
    RoundEnd,
    Silence,
    TraceEvent,
)
from rawkit.engine.trace_report import TraceReport
from rawkit.host.asn import AutonomousSystem
from rawkit.wire import icmp
from rawkit.wire.address import Address
from rawkit.wire.news import Opened

ADDRESS = IPv4Address("203.0.113.1")
TARGET = Target("example", ADDRESS, IPv4Address("192.0.2.1"))
ROUTERS = [IPv4Address(f"198.51.100.{number}") for number in range(9)]
EPOCH = 1_700_000_000.0

Outcome = Answer | Silence | NotSent


def wall(time: float) -> float:
    return time + EPOCH


def probe(ttl: int, turn: int = 0, round_: int = 1, flow: int = 0) -> Probe:
    return Probe(10 * ttl + turn, ttl, turn, round_, flow)


def answer(
    ttl: int, turn: int = 0, rtt: float = 1.5e-3, source: Address | None = None, **values: Any
) -> Answer:
    """Return an answer: of the target where nothing is said of who and what it is."""
    kind = values.pop("kind", Kind.EXPIRED if source else Kind.REACHED)
    message = values.pop("message", icmp.TimeExceeded() if source else icmp.Unreachable(3))
    flow, round_ = values.pop("flow", 0), values.pop("round", 1)
    return Answer(
        TARGET,
        probe(ttl, turn, round_, flow),
        kind,
        source or ADDRESS,
        rtt,
        5.25 + ttl,
        values.pop("arrived_with", 65 - ttl),
        message,
        **values,
    )


def silence(ttl: int, turn: int = 0, round_: int = 1) -> Silence:
    return Silence(TARGET, probe(ttl, turn, round_), 5.0, 9.0)


def not_sent(ttl: int, turn: int = 0) -> NotSent:
    return NotSent(TARGET, probe(ttl, turn), PermissionError(1, "Operation not permitted"), 5.0)


def row(*outcomes: Outcome, revised: bool = False) -> Hop:
    first = outcomes[0].probe
    last = any(isinstance(one, Answer) and one.kind is Kind.REACHED for one in outcomes)
    return Hop(TARGET, first.ttl, first.round, outcomes, last, revised)


def told(rows: Sequence[Hop], *, reached: bool = True) -> list[TraceEvent]:
    """Return everything that a trace of these rows tells."""
    events: list[TraceEvent] = [Opened("raw socket", "permitted here")]
    for one in rows:
        events += [ProbeSent(TARGET, outcome.probe, 5.0) for outcome in one.outcomes]
    for one in rows:
        late = [answer.probe for answer in one.answers if answer.late]
        events += [Silence(TARGET, probe, 5.0, 9.0) for probe in late]
        events += [*one.outcomes, one]
    last = max((one.round for one in rows), default=1)
    return [*events, RoundEnd(TARGET, last, reached, 12.0)]


def report(rows: Sequence[Hop], *, reached: bool = True) -> TraceReport:
    book = TraceBook(TARGET)
    for event in told(rows, reached=reached):
        book.take(event)
    return book.report()


class Known:
    """Names or systems that are known from the first."""

    def __init__(self, found: dict[Address, Any]) -> None:
        self._found = found

    def known(self, address: Address) -> Any:
        return self._found.get(address)

    def wait(self, address: Address, seconds: float) -> Any:
        return self._found.get(address)


NAMES = Known({ROUTERS[1]: "one.example", ADDRESS: "host.example"})
SYSTEMS = Known(
    {
        ROUTERS[1]: AutonomousSystem((64500,), "ONE"),
        ADDRESS: AutonomousSystem((64501, 64502)),
    }
)
LOOKUP = Lookup(NAMES, SYSTEMS)
