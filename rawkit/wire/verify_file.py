"""Is the checksum of a packet in a file right, as far as a file can tell?

The kernel told whoever captured a packet whether its checksum was still to be worked out
by the hardware; a file does not say so, but :mod:`rawkit.wire.partial` knows by its value.
"""

from rawkit.wire.checksum import internet_checksum
from rawkit.wire.cut import missing
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import SIZE, IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Headers, Packet
from rawkit.wire.partial import unfinished
from rawkit.wire.received import Checksum
from rawkit.wire.verify import verdict
from rawkit.wire.verify_frame import verdict_on


def verdict_in_file(packet: Packet, octets: bytes, *, is_cut: bool = False) -> Checksum | None:
    """Return what the checksums of a captured packet say, outermost first.

    Args:
        packet: as it was read.
        octets: what it was read from.
        is_cut: whether the capture has only the beginning of it.

    Returns:
        ``None`` if what the checksum covers is not all there.
    """
    is_frame = bool(packet.headers) and type(packet.headers[0]) is Ethernet
    found = verdict_on(octets, packet) if is_frame else verdict(packet)
    if found is Checksum.BAD:
        place = unfinished(packet)
        is_left = place is not None and _are_intact(packet.headers[:place])
        return Checksum.UNFINISHED if is_left else found
    if is_cut and (packet.error is not None or not _has_ip(packet) or missing(packet)):
        return None
    return found


def _has_ip(packet: Packet) -> bool:
    return any(isinstance(header, IPv4 | IPv6) for header in packet.headers)


def _are_intact(headers: Headers) -> bool:
    """Whether the checksums of IPv4 headers are right."""
    return not any(
        internet_checksum(header.pack()[: SIZE + len(header.options)])
        for header in headers
        if isinstance(header, IPv4)
    )
