"""What a ping tells while it runs: one frozen record a happening."""

from enum import Enum
from typing import TYPE_CHECKING

from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Clock

if TYPE_CHECKING:
    from rawkit.engine.ping_answers import Answer


@record
class Target:
    """Who is asked."""

    name: str
    """As the caller gave it."""
    address: Address
    src: Address
    """The source address of the requests."""


class Verdict(Enum):
    """What a reply counts as. Only ``IN_TIME`` enters the statistics."""

    IN_TIME = "reply"
    DUPLICATE = "duplicate"
    LATE = "late"
    """It came after the request had been given up."""
    CORRUPTED = "corrupted"
    """Its checksum is wrong, or its payload is not what was sent."""
    WRONG_SOURCE = "wrong_source"
    """Another address than the target answered, so the target has not."""


@record
class Damage:
    """Where the payload of a corrupted reply differs first."""

    offset: int
    """In octets, from the start of the echo payload."""
    expected: int | None
    """The octet that was sent; ``None``: it came back longer than it went."""
    found: int | None
    """``None``: it came back shorter."""


@record
class Sent:
    """A request has left (only told when asked for)."""

    target: Target
    sequence: int
    time: float


@record
class Reply:
    """An answer to one of our requests."""

    target: Target
    sequence: int
    """From 1, never wrapped: the wire carries its low 16 bits."""
    source: Address
    ttl: int
    """TTL or hop limit on arrival; 0: the kernel does not tell."""
    rtt: float
    """Seconds."""
    size: int
    """Octets behind the IP header that arrived; 0: the kernel does not tell."""
    time: float
    """When it arrived, in seconds of the monotonic clock."""
    verdict: Verdict = Verdict.IN_TIME
    sent_by: Clock = Clock.KERNEL
    """Who stamped the departure."""
    stamped_by: Clock = Clock.KERNEL
    """Who stamped the arrival."""
    traffic_class: int = 0
    """TOS octet or traffic class on arrival."""
    options: bytes = b""
    """IPv4 options of the reply (record route, timestamps)."""
    payload: bytes = b""
    """What came back; kept only where the verdict is ``CORRUPTED``."""
    damage: Damage | None = None
    """Why it is corrupted; ``None`` then means: the checksum."""
    answer: "Answer | None" = None
    """What it says, where more than an echo was asked for."""


@record
class ErrorReply:
    """An ICMP error about one of our requests."""

    target: Target
    sequence: int
    source: Address
    """Who said it."""
    message: Header
    """The ICMP header: an ``icmp.Unreachable``, ``icmpv6.PacketTooBig``, …"""
    packet: Packet
    """The whole error, with the request it quotes."""
    rtt: float
    time: float
    final: bool = True
    """False for advice (redirect, source quench): the request goes on and may be answered."""


@record
class NotSent:
    """The kernel refused a request; the cause is on this host."""

    target: Target
    sequence: int
    error: OSError


@record
class Lost:
    """A request was given up: no answer came in time."""

    target: Target
    sequence: int


@record
class Burst:
    """Requests that the pipe sent and had answered by itself (only told when asked for).

    Their replies are told of in no other way.
    """

    target: Target
    first: int
    """Sequence number of the first."""
    sent: int
    rtts: tuple[float, ...]
    """Seconds; one less than ``sent`` where the last is still without an answer."""


PingEvent = Sent | Reply | ErrorReply | NotSent | Lost | Burst
