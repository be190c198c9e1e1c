"""Is the checksum of a packet right? For pipes that get packets before the kernel has looked."""

from functools import partial

from rawkit.record import replace
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.extensions import Fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum
from rawkit.wire.udp import UDP


def verdict(packet: Packet) -> Checksum:
    """Return what the checksums of a received packet say, outermost first.

    Looked at are that of IPv4 and that of the first header with one behind IP, not those
    of packets quoted inside. ``VALID`` also means that there is none to look at: for lack
    of it, or because this is a fragment or cut short.
    """
    outer: Header | None = None
    for place, header in enumerate(packet.headers):
        inside = bytes(Packet(packet.headers[place + 1 :], packet.payload))
        match header:
            case IPv4():
                size = 20 + len(header.options)
                if internet_checksum(header.pack()[:size]):
                    return Checksum.BAD
                if header.more_fragments or header.fragment_offset:
                    return Checksum.VALID
                if size + len(inside) < (header.total_length or 0):
                    return Checksum.VALID
            case IPv6(payload_length=length) if len(inside) < (length or 0):
                return Checksum.VALID
            case Fragment():
                return Checksum.VALID
            case UDP(checksum=0):
                pass  # its sender made none
            case _ if getattr(header, "checksum", None) is not None:
                is_intact = getattr(header, "is_intact", None) or partial(_is_intact, header)
                return Checksum.BAD if is_intact(inside, outer) is False else Checksum.VALID
        outer = header.covering(outer)
    return Checksum.VALID


def _is_intact(header: Header, payload: bytes, outer: Header | None) -> bool | None:
    """Whether an Internet checksum over all is right; ``None`` if that cannot be known."""
    covered = b""
    if isinstance(header, UDP):
        header = replace(header, trailer=b"")
    octets = header.pack(payload, outer)
    if header.COVERS_ADDRESSES and header.IP_PROTOCOL is not None:
        if outer is None:
            return None
        covered = outer.pseudo_header(len(octets), header.IP_PROTOCOL)
    return internet_checksum(covered + octets) == 0
