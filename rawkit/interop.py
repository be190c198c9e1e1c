"""Packets to scapy and back. Needs scapy (GPL-2.0), which is imported when a function is called.

Both go by way of octets, so what is wrong on purpose stays wrong, and what either side does
not know stays payload.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from rawkit.errors import UsageError
from rawkit.wire.arp import ARP
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet, Parser
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

if TYPE_CHECKING:
    from scapy.packet import Packet as ScapyPacket

FIRST = {
    "Ethernet": "l2.Ether",
    "IEEE8023": "l2.Dot3",
    "ARP": "l2.ARP",
    "IPv4": "inet.IP",
    "IPv6": "inet6.IPv6",
    "UDP": "inet.UDP",
    "TCP": "inet.TCP",
}
"""What scapy calls the header that a packet begins with: module and class."""
PARSERS: dict[str, Parser] = {
    "Ether": Ethernet.parse,
    "Dot3": Ethernet.parse,
    "ARP": ARP.parse,
    "IP": IPv4.parse,
    "IPv6": IPv6.parse,
    "UDP": UDP.parse,
    "TCP": TCP.parse,
}

READ_HERE = frozenset(
    (
        *("Ether", "Dot3", "LLC", "SNAP", "Dot1Q", "Dot1AD", "ARP", "IP", "IPv6", "ICMP"),
        *("TCP", "UDP", "SCTP", "GRE", "VXLAN", "IPerror", "IPerror6", "TCPerror", "UDPerror"),
        *("ICMPerror", "Raw", "Padding", "NoPayload"),
    )
)
"""Layers of scapy's that say nothing that rawkit does not."""
READ_FAMILIES = ("ICMPv6", "IPv6ExtHdr", "SCTPChunk", "IPOption", "TCPOption", "IGMP")
"""The same of layers whose names begin so."""


class DeepLayer(NamedTuple):
    """What scapy reads inside of what rawkit reads."""

    name: str
    """Its class in scapy."""
    summary: str
    fields: dict[str, str]
    """As scapy prints them."""


def to_scapy(packet: Packet | Header, *, deep: bool = False) -> "ScapyPacket":
    """Return a packet as scapy reads its octets.

    Args:
        packet: the packet.
        deep: have scapy load every protocol that it knows (half a second, once), so that
            payload is taken apart, too: DNS, DHCP, NTP …

    Raises:
        UsageError: scapy is not installed, or the packet begins with a header that it has no
            name for here.
        BuildError: a value does not fit the wire.
    """
    whole = Packet((packet,)) if isinstance(packet, Header) else packet
    name = type(whole.headers[0]).__name__ if whole.headers else ""
    if whole.headers and name not in FIRST:
        raise UsageError(f"scapy gets packets that begin with {', '.join(FIRST)}, not {name}")
    if deep:
        _load("scapy.layers.all", "conf")
    module, _, kind = FIRST.get(name, "raw.").partition(".")
    make = _load(f"scapy.layers.{module}", kind) if kind else _load("scapy.packet", "Raw")
    made: ScapyPacket = make(bytes(whole))
    return made


def from_scapy(packet: "ScapyPacket") -> Packet:
    """Return a scapy packet as rawkit reads its octets.

    Raises:
        UsageError: it is no scapy packet, or begins with a layer that has no header here.
    """
    if not is_scapy(packet):
        raise UsageError(f"{type(packet).__name__} is no scapy packet")
    kind = type(packet).__name__
    if kind == "Raw":
        return Packet((), bytes(packet))
    if kind not in PARSERS:
        raise UsageError(f"rawkit reads what begins with {', '.join(PARSERS)}, not {kind}")
    return dissect(bytes(packet), PARSERS[kind])


def deep_layers(packet: Packet) -> list[DeepLayer]:
    """Return the layers that scapy reads and rawkit does not, outermost first.

    Of a packet that begins with what scapy has no name for here, what is inside is read.

    Raises:
        UsageError: scapy is not installed.
    """
    layer: Any = to_scapy(_from_what_scapy_knows(packet), deep=True)
    found = []
    while layer is not None and (name := type(layer).__name__) != "NoPayload":
        if name not in READ_HERE and not name.startswith(READ_FAMILIES):
            found.append(DeepLayer(name, _summary(layer), _fields(layer)))
        layer = layer.payload
    return found


def is_scapy(packet: object) -> bool:
    """Whether something is a scapy packet; scapy is not imported to tell."""
    return any(
        (kind.__module__, kind.__name__) == ("scapy.packet", "Packet")
        for kind in type(packet).__mro__
    )


def _from_what_scapy_knows(packet: Packet) -> Packet:
    """Return a packet from the first header on that scapy can begin with; or no packet at all."""
    for place, header in enumerate(packet.headers):
        if type(header).__name__ in FIRST:
            return Packet(packet.headers[place:], packet.payload, packet.error)
    return Packet()


def _summary(layer: "ScapyPacket") -> str:
    told: Any = layer.mysummary()
    if isinstance(told, tuple):
        told = told[0]
    return str(told) if told else f"{len(bytes(layer))} octets"


def _fields(layer: "ScapyPacket") -> dict[str, str]:
    return {
        field.name: str(field.i2repr(layer, getattr(layer, field.name)))
        for field in layer.fields_desc
    }


def _load(module: str, name: str) -> Any:
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise UsageError("scapy is not installed: pip install 'rawkit[scapy]'") from error
