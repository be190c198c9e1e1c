"""What a packet pipe can tell: a packet came, went, failed or was dropped.

An engine is told one :data:`News` at a time and looks only at what concerns it.
"""

from rawkit.record import field, record
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received


@record
class Opened:
    """The pipe is open: the first news of all, where there is something to say."""

    via: str
    """The kind of pipe in a word or two: ``"ping socket"``, ``"raw socket"``."""
    why: str = ""
    """Why this kind and no other."""


@record
class Transmitted:
    """A packet left this host; told after the sending, and before any answer to it."""

    packet: Packet
    """The very object that was handed to ``send``."""
    time: float
    """Seconds of ``time.monotonic()`` at which it left."""
    clock: Clock = Clock.KERNEL


@record
class SendFailed:
    """A packet could not be sent."""

    packet: Packet
    error: OSError


@record
class Dropped:
    """Packets arrived but were lost on this host: the receive buffer was full."""

    count: int
    """How many since the last such news."""


@record
class Volley:
    """Echo requests to one address, each to leave when the one before is answered.

    Handed to the pipe many at a time: an engine's step between any two would cost more
    than the packets themselves.
    """

    outer: IPv4 | IPv6
    """The IP header of each."""
    identifier: int
    first: int
    """Sequence number of the first; the others follow. The wire has the low 16 bits."""
    payloads: tuple[bytes, ...]
    patience: float
    """Seconds to wait for each answer."""
    ends_at: float
    """Monotonic time after which no request leaves."""


@record
class Volleyed:
    """What became of a volley.

    It is broken off by an answer that does not come in time, or is not the one expected
    (the pipe keeps that one to be received); so only the last request may lack an answer.
    """

    volley: Volley
    departures: tuple[float, ...] = ()
    """When each request left that did leave, by the program's monotonic clock."""
    rtts: tuple[float, ...] = ()
    """Seconds, by the same clock. No departure at all: the pipe plays no volleys."""


@record
class Salvo:
    """Echo requests to many addresses, to leave one right after the other."""

    identifier: int
    requests: tuple[tuple[IPv4 | IPv6, int, bytes], ...]
    """The IP header, the sequence number and the payload of each."""


@record
class Hit:
    """The right answer to one request of a salvo, from the address that was asked."""

    turn: int
    """Which request of the salvo, from 0."""
    time: float
    """Seconds of ``time.monotonic()`` at which it came."""
    clock: Clock
    ttl: int
    traffic_class: int
    options: bytes
    """Of IPv4."""


@record
class Fired:
    """What became of a salvo so far. All else that comes for it is received as ever."""

    salvo: Salvo
    departures: tuple[float, ...] = ()
    """When each request left, by the program's monotonic clock; none: the pipe fires none."""
    failures: dict[int, OSError] = field(default_factory=dict)
    """Why the kernel refused some."""
    hits: tuple[Hit, ...] = ()


News = Received | Transmitted | SendFailed | Dropped | Opened | Volleyed | Fired
