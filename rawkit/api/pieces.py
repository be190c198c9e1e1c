"""A packet that is too long, cut before it goes out: ``fragment=`` of ``send`` and ``preview``."""

import os

from rawkit.api.outgoing import Outgoing
from rawkit.errors import UsageError
from rawkit.sockets.identifiers import next_identifier
from rawkit.sockets.sending import Layer
from rawkit.wire.fragment import fragment, is_marked
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet

LEAST = 28
"""Octets of the smallest fragment: an IPv4 header, and eight behind it."""


def pieces(out: Outgoing, packet: Packet, wanted: bool | int | None) -> tuple[Packet, ...]:
    """Return what is handed to the kernel: a packet, or its fragments.

    Args:
        out: the way that it takes.
        packet: the packet.
        wanted: octets from the IP header on that may go in one piece; ``True``: as many as
            the interface carries; ``None`` or ``False``: do not cut it.

    Raises:
        UsageError: it is not for us to cut it, or not known how small.
        BuildError: it cannot be cut.
    """
    if wanted is None or wanted is False:
        return (packet,)
    if out.choice.layer is Layer.ICMPV6:
        raise UsageError("layer icmpv6: the kernel cuts by itself; fragments of ours take ipv6")
    if out.link is None and wanted is True:
        raise UsageError("fragment: no interface says how much it carries; name a size")
    size = out.link.mtu if out.link is not None and wanted is True else int(wanted)
    if size < LEAST:
        raise UsageError(f"fragment: {size} octets hold no fragment; {LEAST} is the least")
    place = next((n for n, h in enumerate(packet.headers) if isinstance(h, IPv4 | IPv6)), None)
    if place is None or len(bytes(Packet(packet.headers[place:], packet.payload))) <= size:
        return (packet,)
    ip = packet.headers[place]
    if is_marked(packet):
        return fragment(packet, size)
    if isinstance(ip, IPv4):
        # Where it is 0 the kernel would give each piece another, and nobody could join them.
        number = ip.identification or next_identifier()
        return fragment(packet.replace(IPv4, dont_fragment=False, identification=number), size)
    return fragment(packet, size, int.from_bytes(os.urandom(4), "big"))
