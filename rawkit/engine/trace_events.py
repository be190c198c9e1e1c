"""What a trace tells while it runs: one frozen record a happening."""

from enum import Enum
from typing import TYPE_CHECKING

from rawkit.engine.ping_events import Target
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.news import Dropped, Opened
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Clock

if TYPE_CHECKING:
    from rawkit.wire.multipart import ExtensionObject


@record
class Probe:
    """One packet that was sent to find out about one hop."""

    serial: int
    """From 1, never wrapped; no two probes of a trace share it."""
    ttl: int
    """TTL or hop limit it left with."""
    turn: int = 0
    """Which of the probes of its hop in its round, from 0."""
    round: int = 1
    """From 1."""
    flow: int = 0
    """Which flow it belongs to: what routers balance by is the same in all of one flow."""


class Kind(Enum):
    """What an answer says of where the probe came."""

    EXPIRED = "expired"
    """A router on the way: time exceeded."""
    REACHED = "reached"
    """The target itself: a reply, its closed port, its SYN-ACK or RST."""
    REFUSED = "refused"
    """An ICMP error that says the probe cannot go on: ``!H``, ``!N``, ``!X`` …"""
    ADVICE = "advice"
    """Redirect or source quench: the probe goes on all the same."""


@record
class ProbeSent:
    """A probe was handed to the kernel."""

    target: Target
    probe: Probe
    time: float
    """Seconds of the monotonic clock."""


@record
class Answer:
    """Somebody answered a probe."""

    target: Target
    probe: Probe
    kind: Kind
    source: Address
    """Who answered."""
    rtt: float
    """Seconds."""
    time: float
    """When it arrived, in seconds of the monotonic clock."""
    ttl: int
    """TTL or hop limit of the answer on arrival."""
    message: Header | None = None
    """The ICMP message or TCP header that it is; ``None``: a datagram."""
    extensions: "tuple[ExtensionObject, ...]" = ()
    """MPLS labels and interfaces that the router told (RFC 4884, RFC 4950, RFC 5837)."""
    quoted_ttl: int | None = None
    """TTL in the quoted packet, 1 if nothing is odd; ``None``: nothing quoted, or not told."""
    rewritten: tuple[str, ...] = ()
    """Fields of the quoted packet that differ from what was sent, mutable ones apart: a NAT."""
    late: bool = False
    """It came after the probe had been given up: its row is revised."""
    duplicate: bool = False
    """The probe had been answered before."""
    sent_by: Clock = Clock.KERNEL
    """Who stamped the departure."""
    received_by: Clock = Clock.KERNEL
    """Who stamped the arrival."""
    packet: Packet = Packet()
    """The whole answer."""

    @property
    def annotation(self) -> str:
        """traceroute(8)'s remark: ``!H``, ``!N``, ``!X``, ``!F-1400`` …, or nothing."""
        from rawkit.engine.trace_words import annotation

        return annotation(self)


@record
class Silence:
    """A probe was given up: no answer came in time."""

    target: Target
    probe: Probe
    waited: float
    """Seconds."""
    time: float
    """When, in seconds of the monotonic clock."""


@record
class NotSent:
    """The kernel refused a probe; the cause is on this host."""

    target: Target
    probe: Probe
    error: OSError
    time: float


@record
class Stray:
    """An answer came that could be to several probes, so it counts for none."""

    target: Target
    source: Address
    time: float


@record
class Dismissed:
    """A probe belongs to no row any more.

    It went beyond the hop that turned out to be the last; or it was asked again in a flow
    of its own, because answers to several could not be told apart.
    """

    target: Target
    probe: Probe


@record
class RoundEnd:
    """Every row of a round is complete."""

    target: Target
    round: int
    reached: bool
    """The target itself has answered."""
    time: float


@record
class Hop:
    """A row: all that is known of one TTL in one round, told when nothing is missing any more.

    Rows come in the order of their TTLs. One that is ``revised`` replaces an earlier one,
    because a late answer has come.
    """

    target: Target
    ttl: int
    round: int
    outcomes: tuple[Answer | Silence | NotSent, ...]
    """Of the probes of this hop, in the order of their turns."""
    is_last: bool = False
    """The target has answered, or somebody has said that there is no going on."""
    revised: bool = False

    @property
    def answers(self) -> tuple[Answer, ...]:
        return tuple(one for one in self.outcomes if isinstance(one, Answer))

    @property
    def source(self) -> Address | None:
        """Who answered first; ``None``: nobody."""
        return next((answer.source for answer in self.answers), None)

    @property
    def sources(self) -> tuple[Address, ...]:
        """All who answered, each once."""
        return tuple(dict.fromkeys(answer.source for answer in self.answers))

    @property
    def rtt(self) -> float | None:
        """The shortest round trip in seconds; ``None``: nobody answered."""
        return min((answer.rtt for answer in self.answers), default=None)


TraceEvent = (
    ProbeSent | Answer | Silence | NotSent | Stray | Hop | RoundEnd | Opened | Dropped | Dismissed
)
"""Where nothing else was asked for, only rows are told."""
