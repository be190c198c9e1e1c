"""What a link tells of a frame beside its octets (packet(7))."""

from enum import Enum

from rawkit.record import record


class Direction(Enum):
    """Where a frame was going when it was heard."""

    IN = "in"
    """To this host and to it alone."""
    BROADCAST = "broadcast"
    MULTICAST = "multicast"
    OTHER_HOST = "other host"
    """To somebody else: heard by listening to all."""
    OUT = "out"
    """Away: sent by this host."""


@record
class VLAN:
    """An 802.1Q tag that the kernel has taken off a frame."""

    id: int
    """12 bits; 0: the tag is there for its priority alone."""
    priority: int = 0
    """PCP, 0 to 7."""
    drop_eligible: bool = False
    ether_type: int = 0x8100
    """Of the tag itself: 0x8100, or 0x88A8 for a provider's."""
