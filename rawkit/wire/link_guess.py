"""What do bare octets begin with: IPv4, IPv6, or the header of an Ethernet frame?"""

from rawkit.wire.checksum import internet_checksum
from rawkit.wire.link_types import LinkType
from rawkit.wire.numbers import EtherType

IPV4_HEADER, IPV6_HEADER, FRAME_HEADER = 20, 40, 14
VERSIONS = {EtherType.IPV4: 4, EtherType.IPV6: 6}
TYPES = frozenset(map(int, EtherType)) - {EtherType.LENGTH}


def link_of(octets: bytes) -> LinkType:
    """Return what octets most likely begin with.

    What is sure comes first: an IP header that tells the very length that there is, or an
    IPv4 header with a right checksum. Then a frame of a known EtherType; then whatever the first
    four bits say; and a frame, if nothing fits.
    """
    version = octets[0] >> 4 if octets else 0
    if _is_surely_ip(version, octets):
        return LinkType.RAW
    ether_type = int.from_bytes(octets[12:FRAME_HEADER], "big")
    inner = octets[FRAME_HEADER] >> 4 if len(octets) > FRAME_HEADER else None
    if ether_type in TYPES and inner in (None, VERSIONS.get(ether_type, inner)):  # type: ignore[call-overload]  # any number
        return LinkType.ETHERNET
    is_ip = version == 6 or (version == 4 and octets[0] & 0x0F >= IPV4_HEADER // 4)
    return LinkType.RAW if is_ip or len(octets) < FRAME_HEADER else LinkType.ETHERNET


def _is_surely_ip(version: int, octets: bytes) -> bool:
    if version == 4:
        size = (octets[0] & 0x0F) * 4
        if not IPV4_HEADER <= size <= len(octets):
            return False
        total = int.from_bytes(octets[2:4], "big")
        return total == len(octets) or internet_checksum(octets[:size]) == 0
    length = int.from_bytes(octets[4:6], "big")
    return version == 6 and len(octets) == IPV6_HEADER + length
