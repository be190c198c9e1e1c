"""A packet as it arrived."""

from enum import Enum
from typing import TYPE_CHECKING

from rawkit.record import record
from rawkit.wire.packet import Packet

if TYPE_CHECKING:
    from rawkit.wire.handshake import Handshake
    from rawkit.wire.link import VLAN, Direction


class Clock(Enum):
    """Who read the clock for a time."""

    KERNEL = "kernel"
    USER = "user"


class Checksum(Enum):
    """What a receiver may say of a checksum."""

    VALID = "valid"
    BAD = "bad"
    UNFINISHED = "unfinished"
    """Left to the hardware by the sender's kernel (offload): says nothing about the packet."""


@record
class Received:
    """One packet, and what the kernel knew about its arrival."""

    packet: Packet
    time: float
    """Seconds of ``time.monotonic()``, taken from the kernel's timestamp if there is one."""
    interface: str | None = None
    clock: Clock = Clock.KERNEL
    """Who stamped ``time``."""
    checksum: Checksum = Checksum.VALID
    """The verdict on the packet's innermost checksum that its pipe can give."""
    vlan: "VLAN | None" = None
    """The outermost tag of the frame, which the kernel took off."""
    direction: "Direction | None" = None
    """Where it was going. Only a pipe of frames tells this and the tag."""
    handshake: "Handshake | None" = None
    """The packet was put together, for the kernel made the connection and showed none."""
