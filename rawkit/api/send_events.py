"""What sending is told to do, what it tells, and its outcome."""

from collections.abc import Callable

from rawkit.api.outgoing import OutgoingOptions
from rawkit.errors import SendRefused
from rawkit.record import record
from rawkit.sockets.kernel_rules import Sent, icmpv6_as_sent, ipv4_as_sent
from rawkit.sockets.sending import Layer
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.packet import Packet


@record
class PacketSent:
    """The kernel took a packet."""

    number: int
    """Which one of all, from 1; of a packet that was cut, each fragment counts."""
    packet: Packet
    """As it was handed over."""
    layer: Layer
    interface: str | None
    link: Ethernet | None
    """The header that a cooked socket had the kernel write around it."""

    @property
    def octets(self) -> bytes:
        """As it left: with what the kernel changed, and zeros where only it knows."""
        return as_left(self.packet, self.layer).octets


@record
class PacketRefused:
    """The kernel did not take a packet."""

    number: int
    """Which one of all, from 1."""
    packet: Packet
    layer: Layer
    interface: str | None
    error: SendRefused
    """Which errno it gave, and what that means."""


SendEvent = PacketSent | PacketRefused


class PieceOptions(OutgoingOptions, total=False):
    """The keywords of ``preview``."""

    fragment: bool | int | None
    """Cut what is longer than so many octets, from the IP header on; ``True``: longer than
    the interface's MTU."""
    seed: int
    """Of random values in notation."""


class SendOptions(PieceOptions, total=False):
    """The keywords of ``send``."""

    count: int
    """How often, or how many of those that vary."""
    interval: float
    """Seconds from one packet to the next."""
    announce: Callable[[SendEvent], object] | None
    """Called with every packet that was sent, and every one that was refused."""


@record
class SendReport:
    """What was sent, and how."""

    sent: int
    """Packets that the kernel took, fragments counted one by one."""
    refused: int
    octets: int
    """Of all that were sent, from the outermost header on that was given."""
    elapsed: float
    """Seconds from the first packet to the last one."""
    errors: dict[int, int]
    """How often each errno was the reason for a refusal."""
    first_error: str | None
    """The first reason, in words."""
    layer: Layer | None
    """Where the first packet was handed over; ``None``: it did not come to that."""
    why: str
    """Why there."""
    interface: str | None
    """That of the first packet."""
    packet: Packet | None
    """The first packet, with all that was filled in."""


def as_left(packet: Packet, layer: Layer) -> Sent:
    """Return a packet as it leaves, as far as that can be told without the kernel's routes."""
    match layer:
        case Layer.IPV4:
            return ipv4_as_sent(bytes(packet), None)
        case Layer.ICMPV6:
            return icmpv6_as_sent(packet, None)
    return Sent(bytes(packet))
