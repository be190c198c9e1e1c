"""Is there anything in a frame that offload has left undone? The quick way, for plain ones."""

from rawkit.wire.numbers import IPProtocol

FOUR, SIX = b"\x08\x00", b"\x86\xdd"
PLAIN = 0x45
TCP, UDP = int(IPProtocol.TCP), int(IPProtocol.UDP)
SYN = 0x02
ALL_ONES = 0xFFFF
NOTHING_LEFT = (int(IPProtocol.ICMP), int(IPProtocol.IGMP))
ARP = b"\x08\x06"
PLACES = {TCP: (16, 20), UDP: (6, 8)}
"""Where the checksum is, and how many octets the header has at least."""


def is_settled(octets: bytes) -> bool:
    """Whether a frame surely has no unfinished checksum, and is no SYN.

    ``False``: look closer.
    """
    kind = octets[12:14]
    if kind == FOUR:
        if len(octets) < 34 or octets[14] != PLAIN:
            return False
        protocol, start, addresses = octets[23], 34, octets[26:34]
        length = int.from_bytes(octets[16:18], "big") - 20
    elif kind == SIX:
        if len(octets) < 54:
            return False
        protocol, start, addresses = octets[20], 54, octets[22:54]
        length = int.from_bytes(octets[18:20], "big")
    else:
        return kind == ARP
    if protocol in NOTHING_LEFT and kind == FOUR:
        return length > 0
    place, least = PLACES.get(protocol, (0, 0))
    header = octets[start : start + least]
    if not place or len(header) < least or length <= 0:
        return False
    if protocol == TCP and header[13] & SYN:
        return False
    total = (int.from_bytes(addresses, "big") + protocol + length) % ALL_ONES
    return int.from_bytes(header[place : place + 2], "big") != (total or ALL_ONES)
