"""The outcome of multipath discovery: a graph of who answered, and how flows are spread."""

from enum import Enum

from rawkit.engine.ping_events import Target
from rawkit.engine.rtt import RTT
from rawkit.engine.trace_events import Answer, Dismissed, NotSent, ProbeSent, Silence, Stray
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.multipart import Label
from rawkit.wire.news import Dropped, Opened


class Balancing(Enum):
    """How a router chooses among several next hops."""

    NONE = "none"
    """It has one next hop only, or none."""
    PER_FLOW = "per flow"
    """All packets of a flow take the same way."""
    PER_PACKET = "per packet"
    """Packets of one flow take different ways."""
    UNCLEAR = "unclear"
    """It could not be told: too few answers, or packets of one flow part before it."""


@record
class Found:
    """Somebody answered at a hop for the first time."""

    target: Target
    ttl: int
    address: Address
    time: float
    """Seconds of the monotonic clock."""


MultipathEvent = (
    Found | ProbeSent | Answer | Silence | NotSent | Stray | Opened | Dropped | Dismissed
)
"""Where nothing else was asked for, only :class:`Found` is told."""


@record
class Node:
    """A router's interface, a silent router, or the target, at one distance from here."""

    number: int
    """Its place among the nodes of the report; 0 is this host."""
    ttl: int
    address: Address | None
    """``None``: nobody answers there."""
    flows: tuple[int, ...]
    """Those known to come by."""
    rtt: RTT | None = None
    annotations: tuple[str, ...] = ()
    """``!H`` and the like, each once."""
    labels: tuple[Label, ...] = ()
    """MPLS label stack of its latest answer (RFC 4950)."""
    is_target: bool = False
    """The target itself answered here."""
    next: tuple[int, ...] = ()
    """Numbers of the nodes that come next."""
    balancing: Balancing = Balancing.NONE
    tried: int = 0
    """Flows by which its next hops were looked for."""
    confidence: float = 1.0
    """Chance that these would have shown one next hop more, if there were one and all were
    used evenly. 1 where there is nothing to look for."""
    is_settled: bool = True
    """As sure as was asked for."""


@record
class Edge:
    """One node comes right after another."""

    before: int
    after: int
    flows: tuple[int, ...]
    """Those that were seen on both."""
    is_certain: bool = True
    """False where packets of one flow part, so that two answers need not be of one way."""


@record
class Diamond:
    """Ways that part after one node, and meet again in another."""

    begin: int
    """Number of the node before the ways part."""
    end: int | None
    """Number of the node where they meet; ``None``: they do not."""
    width: int
    """Most nodes at one distance."""
    length: int
    """Hops from begin to end, or to where nothing more is known."""
    balancing: Balancing
    """Per packet if any router in it does so; per flow if all do so."""


@record
class MultipathReport:
    """All paths to one target."""

    target: Target
    reached: bool
    """The target itself answered."""
    nodes: tuple[Node, ...]
    """By their distance; the first is this host."""
    edges: tuple[Edge, ...]
    diamonds: tuple[Diamond, ...]
    confidence: float
    """What was asked for, for each node."""
    is_complete: bool
    """Every node is as sure as that."""
    probes: int
    flows: int
    strays: int
    """Answers that could be to several probes, and count for none."""
    not_sent: int
    """Probes that the kernel refused."""
    lost_here: int
    """Answers dropped by this host, because the receive buffer was full."""
    limited: tuple[int, ...]
    """TTLs of hops that answer only so many times a second."""
    elapsed: float
    """Seconds from the first probe to the latest event."""
    via: str = ""
    """The kind of socket."""
    why: str = ""
    """Why that kind."""

    @property
    def hops(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes of each distance, this host left out."""
        by_ttl: dict[int, list[Node]] = {}
        for node in self.nodes[1:]:
            by_ttl.setdefault(node.ttl, []).append(node)
        return tuple(tuple(nodes) for _, nodes in sorted(by_ttl.items()))

    @property
    def width(self) -> int:
        """Most nodes at one distance."""
        return max((len(nodes) for nodes in self.hops), default=0)

    @property
    def paths(self) -> int:
        """How many ways lead through the graph."""
        ways: dict[int, int] = {}
        for node in reversed(self.nodes):
            ways[node.number] = sum(ways[number] for number in node.next) or 1
        return ways[0] if len(self.nodes) > 1 else 0
