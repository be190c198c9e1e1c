"""What is told of neighbours: frozen records of links, questions, claims and answers."""

from enum import Enum

from rawkit.engine.ping_events import NotSent, Sent, Target
from rawkit.record import record
from rawkit.wire.address import MAC, Address
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock

__all__ = ["Answer", "Claim", "Link", "NotSent", "Purpose", "ResolveEvent", "Sent", "Target"]

MOST_MACS = 64
"""Hardware addresses that are remembered of one address: invented ones must not fill memory."""


@record
class Link:
    """The interface that neighbours are behind."""

    interface: str
    mac: MAC
    """Our own hardware address on it."""
    forwards: bool = False
    """This host is an IPv6 router there, and has to say so of itself (RFC 4861 §7.2.5)."""


class Purpose(Enum):
    """What the packets are sent for, and by what name they go in JSON."""

    ASK = "ask"
    """Who has this address?"""
    PROBE = "probe"
    """Has anybody this address? For it may become ours (RFC 5227 §2.1, RFC 4862 §5.4)."""
    ANNOUNCE = "announce"
    """This address is ours (RFC 5227 §2.3, RFC 4861 §7.2.6); by ARP requests."""
    ANSWER = "answer"
    """The same by ARP replies that nobody asked for."""


@record
class Claim:
    """What a frame says of an address: who has it, or wants to have it."""

    address: Address
    """The one it is about."""
    mac: MAC
    """The hardware address that it says belongs to it."""
    frame_mac: MAC
    """The one that the frame itself came from."""
    is_request: bool
    """It asks something (ARP request, neighbour solicitation), and says this beside."""
    target: Address
    """Whom it speaks to or asks for: ARP's target address; of NDP the destination."""
    target_mac: MAC | None = None
    """ARP's target hardware address."""
    is_probe: bool = False
    """It does not say who has the address but asks because it wants to have it."""
    to_all: bool = False
    """The frame was a broadcast, or a multicast."""
    is_router: bool = False
    is_solicited: bool = False
    is_override: bool = True
    """False where a better claim would stand: of a proxy, or of one of many (RFC 4861 §7.2.7)."""


class Verdict(Enum):
    """What a claim counts as."""

    ANSWER = "answer"
    DUPLICATE = "duplicate"
    """The same host had answered this request before."""
    CONFLICT = "conflict"
    """Another host had answered, or it ought to have been nobody."""


@record
class Answer:
    """Somebody claimed the address in question."""

    target: Target
    sequence: int
    """Number of the latest request that had left by then, from 1; 0: none had."""
    mac: MAC
    rtt: float | None
    """Seconds since that request left; ``None``: none had."""
    time: float
    """When it arrived, in seconds of the monotonic clock."""
    verdict: Verdict
    claim: Claim
    sent_by: Clock = Clock.KERNEL
    """Who stamped the departure."""
    received_by: Clock = Clock.KERNEL
    """Who stamped the arrival."""
    packet: Packet = Packet()
    """The whole frame."""


ResolveEvent = Sent | Answer | NotSent
