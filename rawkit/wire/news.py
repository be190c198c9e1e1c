"""What a packet pipe can tell: a packet came, went, failed or was dropped.

An engine is told one :data:`News` at a time and looks only at what concerns it.
"""

from dataclasses import dataclass

from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received


@dataclass(frozen=True, slots=True)
class Opened:
    """The pipe is open: the first news of all, where there is something to say."""

    via: str
    """The kind of pipe in a word or two: ``"ping socket"``, ``"raw socket"``."""
    why: str = ""
    """Why this kind and no other."""


@dataclass(frozen=True, slots=True)
class Transmitted:
    """A packet left this host; told after the sending, and before any answer to it."""

    packet: Packet
    """The very object that was handed to ``send``."""
    time: float
    """Seconds of ``time.monotonic()`` at which it left."""
    clock: Clock = Clock.KERNEL


@dataclass(frozen=True, slots=True)
class SendFailed:
    """A packet could not be sent."""

    packet: Packet
    error: OSError


@dataclass(frozen=True, slots=True)
class Dropped:
    """Packets arrived but were lost on this host: the receive buffer was full."""

    count: int
    """How many since the last such news."""


News = Received | Transmitted | SendFailed | Dropped | Opened
