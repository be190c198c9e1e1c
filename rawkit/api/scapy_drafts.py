"""Packets of scapy on their way out: what they leave open is filled in by us.

scapy would fill it in by itself when it builds a packet: from routes that it has read when
it was imported, be they of another network, and by asking neighbours of its own accord.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rawkit.api.common import inside
from rawkit.errors import NoRoute
from rawkit.host.names import numeric
from rawkit.host.source import source_for
from rawkit.wire.notation import Draft

if TYPE_CHECKING:
    from rawkit.api.outgoing import OutgoingOptions, ScapyPacket

NO_MAC, NO_ADDRESS = "00:00:00:00:00:00", "0.0.0.0"
OPEN = {
    ("Ether", "dst"): ("dst", NO_MAC),
    ("Ether", "src"): ("src", NO_MAC),
    ("ARP", "hwsrc"): ("sender_mac", NO_MAC),
    ("ARP", "psrc"): ("sender_ip", NO_ADDRESS),
}
"""Fields of scapy's that are filled in: what they are called here, and what stands there first."""


def draft_from_scapy(given: "ScapyPacket", options: "OutgoingOptions") -> Draft:
    """Return a packet of scapy as a draft, with the sources that it has in its network.

    Args:
        given: the packet, which stays as it is.
        options: how it goes out.

    Raises:
        UsageError: it begins with a layer that has no header here.
    """
    from rawkit.interop import from_scapy

    packet: Any = given
    copy = packet.copy()
    left_out: list[tuple[int, str]] = []
    with inside(options.get("at")):
        for place, layer in enumerate(_layers(copy)):
            kind = type(layer).__name__
            if kind in ("IP", "IPv6") and "src" not in layer.fields:
                _give_source(layer, options)
            for (owner, name), (field, nothing) in OPEN.items():
                if owner == kind and name not in layer.fields:
                    setattr(layer, name, nothing)
                    left_out.append((place, field))
    return Draft(from_scapy(copy), tuple(left_out))


def _layers(packet: Any) -> Iterator[Any]:
    while type(packet).__name__ != "NoPayload":
        yield packet
        packet = packet.payload


def _give_source(layer: Any, options: "OutgoingOptions") -> None:
    """Put in the source that the kernel would choose, as far as there is a way."""
    dst, via = numeric(str(layer.dst)), options.get("via")
    neighbour = numeric(via) if isinstance(via, str) else via
    if dst is None:
        return  # a name or a network, which scapy understands
    to = neighbour if neighbour is not None and neighbour.version == dst.version else dst
    try:
        layer.src = str(source_for(to, options.get("interface"), options.get("mark")))
    except NoRoute:
        return  # said when it is to be sent; the end of a tunnel need not be known here
