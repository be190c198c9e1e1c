"""Five ways to send a packet of one's own making, and which of them fits (raw(7), packet(7)).

=========  =====================================  ======================================
layer      socket                                 what the kernel still does
=========  =====================================  ======================================
``ipv4``   raw, ``IP_HDRINCL``                    routes, finds the neighbour; total length
                                                  and checksum; identification and source
                                                  where they are 0
``ipv6``   raw, ``IPV6_HDRINCL``                  routes, finds the neighbour
``icmpv6`` raw, ``IPPROTO_ICMPV6``                writes the whole IPv6 header from options
                                                  and control messages; the checksum;
                                                  fragments what is too large
``cooked`` ``AF_PACKET``, ``SOCK_DGRAM``          writes the link's header
``frame``  ``AF_PACKET``, ``SOCK_RAW``            nothing
=========  =====================================  ======================================
"""

from enum import Enum

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.sockets.kernel_rules import ipv4_as_sent
from rawkit.wire import icmpv6
from rawkit.wire.arp import ARP
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet


class Layer(Enum):
    """Where a packet is handed to the kernel."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    ICMPV6 = "icmpv6"
    COOKED = "cooked"
    FRAME = "frame"

    @property
    def is_link(self) -> bool:
        """Whether a packet socket takes it, which needs to know the neighbour."""
        return self in (Layer.COOKED, Layer.FRAME)


@record
class Choice:
    """A layer, and the reason for it."""

    layer: Layer
    why: str


def choose(packet: Packet, wanted: str = "auto") -> Choice:
    """Return how to send a packet.

    Args:
        packet: from its outermost header on.
        wanted: the name of a layer, or ``auto``.

    Raises:
        UsageError: there is no such layer, or the packet cannot go that way.
    """
    if wanted == "auto":
        return _fitting(packet)
    try:
        layer = Layer(wanted)
    except ValueError:
        known = ", ".join(layer.value for layer in Layer)
        raise UsageError(f"layer is {wanted!r}, not one of auto, {known}") from None
    _check(packet, layer)
    return Choice(layer, "asked for")


def _fitting(packet: Packet) -> Choice:
    match packet.headers:
        case (IPv4(), *_):
            return _fitting_ipv4(packet)
        case (IPv6(), *_):
            return Choice(Layer.IPV6, "the kernel leaves an IPv6 header as it is")
        case (ARP(), *_):
            return Choice(Layer.COOKED, "ARP goes right into the link's header")
        case (icmpv6.Message(), *_):
            raise UsageError("an ICMPv6 message goes nowhere without an IPv6 header around it")
        case (Ethernet(), *_):
            return Choice(Layer.FRAME, "it begins with the link's header")
    what = type(packet.headers[0]).__name__ if packet.headers else "payload"
    raise UsageError(
        f"{what} goes nowhere without an IP or Ethernet header around it{_unread(packet)}"
    )


def _fitting_ipv4(packet: Packet) -> Choice:
    octets = bytes(packet)
    sent = ipv4_as_sent(octets, source=None)
    spoilt = [change.field for change in sent.changes if not change.fills_in]
    if spoilt:
        why = f"by a raw socket the kernel would correct the {' and the '.join(spoilt)}"
        return Choice(Layer.COOKED, why)
    return Choice(Layer.IPV4, "the kernel routes it and finds the neighbour")


def _check(packet: Packet, layer: Layer) -> None:
    """Refuse a packet that a layer cannot take.

    Raises:
        UsageError: says what it takes.
    """
    first = packet.headers[0] if packet.headers else None
    match layer, packet.headers:
        case (Layer.IPV4, (IPv4(), *_)) | (Layer.IPV6, (IPv6(), *_)):
            return
        case Layer.ICMPV6, (IPv6(), icmpv6.Message(), *_):
            return
        case Layer.FRAME, (Ethernet(), *_):
            return
        case Layer.COOKED, (head, *_) if head.ETHER_TYPE and not isinstance(head, Ethernet):
            return
    takes = {
        Layer.IPV4: "packets that begin with an IPv4 header",
        Layer.IPV6: "packets that begin with an IPv6 header",
        Layer.ICMPV6: "an ICMPv6 message right behind an IPv6 header",
        Layer.COOKED: "what goes into a link's header: IPv4, IPv6, ARP …",
        Layer.FRAME: "frames that begin with an Ethernet header",
    }
    what = type(first).__name__ if first is not None else "payload alone"
    raise UsageError(f"layer {layer.value} takes {takes[layer]}, not {what}{_unread(packet)}")


def _unread(packet: Packet) -> str:
    """Return why a packet was not read further, for octets that look like one."""
    return f" ({packet.error})" if packet.error is not None else ""
