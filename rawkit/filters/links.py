"""What packets begin with, and where each link says what it carries."""

from enum import Enum

from rawkit.filters.values import (
    All,
    Any,
    At,
    Comparison,
    Condition,
    Known,
    Masked,
    Opposite,
    Test,
    Value,
    equal,
)
from rawkit.record import record
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.numbers import EtherType

ETHERNET_LENGTHS = 1500
"""An EtherType up to here is a length, and an 802.2 header follows (IEEE 802.3)."""
LLC = 14
SAME_ADDRESSES = frozenset((0x06, 0xF0, 0xFE))
"""802.2 service access points that both ends have."""
FAMILIES = {EtherType.IPV4: (2,), EtherType.IPV6: (10, 24, 28, 30)}
"""Address families before packets of BSD's loopback: IPv6 has another one in each system."""


class Link(Enum):
    """What a packet begins with, for those who look for something in it."""

    ETHERNET = "Ethernet"
    """A frame from a file: a VLAN tag is in it."""
    RAW = "raw IP"
    """An IPv4 or IPv6 header."""
    IPV4 = "raw IPv4"
    IPV6 = "raw IPv6"
    SLL = "Linux cooked capture"
    SLL2 = "Linux cooked capture v2"
    NULL = "BSD loopback"
    LOOP = "OpenBSD loopback"
    FRAMES = "a packet socket"
    """A frame from a packet socket (``SOCK_RAW``) on Ethernet: its outer tag is taken off."""
    COOKED = "a cooked packet socket"
    """What a packet socket gives without a link's header (``SOCK_DGRAM``, or a link without)."""


@record
class Layout:
    """Where things are in the packets of a link; ``None``: nowhere."""

    network: int
    """Where what the link carries begins."""
    protocol: Value | None = None
    """The EtherType."""
    has_addresses: bool = False
    """Whether it begins with the two addresses of Ethernet."""
    packet_type: Value | None = None
    """Where the packet was going (packet(7))."""
    interface: Value | None = None
    takes_tags_off: bool = False
    """Whether the outer VLAN tag is not in the packet but told by the kernel."""
    has_header: bool = True
    """Whether the octets of the link's header are there."""


TYPE, NUMBER = Known(Ancillary.PACKET_TYPE), Known(Ancillary.INTERFACE)

LAYOUTS = {
    Link.ETHERNET: Layout(14, At(2, 12), True, TYPE, NUMBER),
    Link.RAW: Layout(0, None, False, TYPE, NUMBER),
    Link.IPV4: Layout(0, None, False, TYPE, NUMBER),
    Link.IPV6: Layout(0, None, False, TYPE, NUMBER),
    Link.SLL: Layout(16, At(2, 14), False, At(2, 0), NUMBER),
    Link.SLL2: Layout(20, At(2, 0), False, At(1, 10), At(4, 4)),
    Link.NULL: Layout(4, None, False, TYPE, NUMBER),
    Link.LOOP: Layout(4, None, False, TYPE, NUMBER),
    Link.FRAMES: Layout(14, At(2, 12), True, TYPE, NUMBER, True),
    Link.COOKED: Layout(0, Known(Ancillary.PROTOCOL), False, TYPE, NUMBER, True, False),
}


def carries(link: Link, protocol: Value | None, ether_type: int) -> Condition:
    """Return the condition that a link carries this.

    Args:
        link: the link.
        protocol: where the EtherType is; behind a VLAN tag it is elsewhere.
        ether_type: what it is to be.
    """
    if protocol is not None:
        return equal(protocol, ether_type)
    match link:
        case Link.IPV4:
            return ether_type == EtherType.IPV4
        case Link.IPV6:
            return ether_type == EtherType.IPV6
        case Link.RAW:
            versions = {EtherType.IPV4: 0x40, EtherType.IPV6: 0x60}
            version = versions.get(ether_type)  # type: ignore[call-overload]  # any number
            return version is not None and equal(Masked(At(1, 0), 0xF0), version)
        case _:
            families: tuple[int, ...] = FAMILIES.get(ether_type, ())  # type: ignore[call-overload]
            orders = [families] if link is Link.LOOP else [families, map(_swapped, families)]
            return Any(tuple(equal(At(4, 0), family) for order in orders for family in order))


def service(link: Link, number: int) -> Condition | None:
    """Return the condition that an 802.2 service is at the other end; ``None``: not here."""
    if link not in (Link.ETHERNET, Link.FRAMES):
        return None
    is_type = Test(At(2, 12), Comparison.GREATER, ETHERNET_LENGTHS)
    both = number in SAME_ADDRESSES
    access_point = equal(At(2, LLC), number << 8 | number) if both else equal(At(1, LLC), number)
    return All((Opposite(is_type), access_point))


def _swapped(number: int) -> int:
    return int.from_bytes(number.to_bytes(4, "little"), "big")
