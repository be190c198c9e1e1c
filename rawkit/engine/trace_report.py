"""The outcome of a trace."""

from enum import Enum
from typing import TYPE_CHECKING

from rawkit.engine.ping_events import Target
from rawkit.engine.rtt import RTT
from rawkit.engine.trace_events import Hop
from rawkit.record import record
from rawkit.wire.address import Address

if TYPE_CHECKING:
    from rawkit.wire.multipart import InterfaceInfo, Label


class Remark(Enum):
    """What a trace concludes, of a hop or of the path."""

    RATE_LIMITED = "rate limited"
    """It answers some probes only, while nothing is lost behind it."""
    SILENT = "silent"
    """It never answers, while later hops do: it passes packets and says nothing."""
    FILTERED = "filtered"
    """From here on nobody answers, or somebody says that it is prohibited."""
    UNREACHABLE = "unreachable"
    """Somebody says that there is no way to the target."""
    NAT = "nat"
    """From here on the quoted packets are not those that were sent."""
    ASYMMETRIC = "asymmetric"
    """Its answers come back over another number of hops."""
    ECMP = "ecmp"
    """Several routers share this hop."""


@record
class SourceReport:
    """One address that answered at a hop."""

    address: Address
    answers: int
    rtt: RTT | None
    labels: "tuple[Label, ...]" = ()
    """MPLS label stack of its latest answer (RFC 4950)."""
    interfaces: "tuple[InterfaceInfo, ...]" = ()
    """What its latest answer says of its interfaces (RFC 5837)."""
    annotations: tuple[str, ...] = ()
    """``!H`` and the like, each once."""


@record
class HopReport:
    """One hop, over all rounds. ``sent`` is the sum of the next five."""

    ttl: int
    sent: int
    answered: int
    """In time."""
    late: int
    not_sent: int
    unanswered: int
    pending: int
    """Under way when the report was made."""
    duplicates: int
    sources: tuple[SourceReport, ...]
    """In the order in which they were first heard."""
    rtt: RTT | None
    """Of the answers in time, of all sources."""
    last: float | None
    """Seconds: the latest of these round trips."""
    back_hops: int | None
    """Hops that the answers came back over, guessed from their TTL; ``None``: no answer."""
    remarks: tuple[Remark, ...] = ()

    @property
    def loss(self) -> float:
        """Share of finished probes without an answer in time, 0 to 1."""
        finished = self.sent - self.not_sent - self.pending
        return 1 - self.answered / finished if finished > 0 else 0.0

    @property
    def asymmetry(self) -> int | None:
        """Hops by which the way back is longer than the way there."""
        return None if self.back_hops is None else self.back_hops - self.ttl


@record
class TraceReport:
    """The path to one target."""

    target: Target
    reached: bool
    """The target itself has answered, in whatever round."""
    hops: tuple[HopReport, ...]
    """From the first TTL to the last that matters: that of the target, if it answered."""
    rounds: int
    """Finished ones."""
    strays: int
    """Answers that belong to no probe of ours for certain."""
    lost_here: int
    """Answers dropped by this host, because the receive buffer was full."""
    elapsed: float
    """Seconds from the first probe to the latest event."""
    remarks: tuple[Remark, ...]
    """Of the whole path: those of its hops, each once."""
    rows: tuple[Hop, ...] = ()
    """Every row of every round, if they were kept."""
    via: str = ""
    """The kind of socket."""
    why: str = ""
    """Why that kind."""
