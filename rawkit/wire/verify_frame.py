"""Is the checksum in a frame right? The quick way, for those who hear a hundred thousand.

TCP, UDP and ICMP in plain IPv4 or IPv6 are summed up as they came, in a tenth of the time
that :func:`rawkit.wire.verify.verdict` takes, which packs each header anew. What is not
quite usual is left to that; the result is always the same.
"""

import struct

from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.verify import verdict

FRAME, IPV4_HEADER, IPV6_HEADER = 14, 20, 40
INSIDE = FRAME + IPV4_HEADER
"""Where what IPv4 carries begins."""
LAYOUT = struct.Struct("!HBxHxxHxB")
"""Of a frame, from the EtherType on: that; version and length of an IPv4 header, total
length, flags and offset, protocol."""
IPV4, IPV6 = int(EtherType.IPV4), int(EtherType.IPV6)
PLAIN = 0x45
"""The first octet of an IPv4 header without options."""
FRAGMENTED = 0x3FFF
"""Of the field with flags and offset: what a whole datagram has not."""
TCP, UDP = int(IPProtocol.TCP), int(IPProtocol.UDP)
ICMP, ICMPV6 = int(IPProtocol.ICMP), int(IPProtocol.ICMPV6)
IN_IPV4, IN_IPV6 = {TCP: 20, UDP: 8, ICMP: 8}, {TCP: 20, UDP: 8, ICMPV6: 8}
"""What each carries that is summed up here, and how many octets it has at least."""
ADDRESSES = (1 << 64) - 1
"""The last octets of an IPv4 header without options."""
IPV6_VERSION = 6
LENGTHS = struct.Struct("!HH")
"""Length and checksum of a UDP header."""
NEVER = 1 << 20
"""More octets than there are: of protocols that are left to others."""
READ = 3
"""Headers of a packet whose third one was read."""


def verdict_on(octets: bytes, packet: Packet) -> Checksum:
    """Return what the checksums of a frame say, outermost first, as ``verdict`` does.

    Args:
        octets: the frame, from its Ethernet header on.
        packet: the same, read.
    """
    if len(octets) < INSIDE or len(packet.headers) < READ:
        return verdict(packet)
    kind, first, total, fragment, protocol = LAYOUT.unpack_from(octets, FRAME - 2)
    found = None
    if kind == IPV4:
        end, size = FRAME + total, total - IPV4_HEADER
        is_whole = end <= len(octets) and not fragment & FRAGMENTED
        if first == PLAIN and is_whole and size >= IN_IPV4.get(protocol, NEVER):
            header = int.from_bytes(octets[FRAME:INSIDE], "big")
            if header % 0xFFFF:
                return Checksum.BAD
            covered = None if protocol == ICMP else header & ADDRESSES
            found = _on_carried(protocol, covered, octets[INSIDE:end])
    elif kind == IPV6:
        found = _on_ipv6(octets)
    return verdict(packet) if found is None else found


def _on_ipv6(octets: bytes) -> Checksum | None:
    start = FRAME + IPV6_HEADER
    if len(octets) < start or octets[FRAME] >> 4 != IPV6_VERSION:
        return None
    protocol, length = octets[FRAME + 6], octets[FRAME + 4] << 8 | octets[FRAME + 5]
    if length < IN_IPV6.get(protocol, NEVER) or start + length > len(octets):
        return None
    addresses = int.from_bytes(octets[FRAME + 8 : start], "big")
    return _on_carried(protocol, addresses, octets[start : start + length])


def _on_carried(protocol: int, addresses: int | None, carried: bytes) -> Checksum | None:
    """Judge what IP carries.

    Args:
        protocol: its number.
        addresses: of the pseudo header, as a number; ``None``: the checksum covers none.
        carried: its header and all behind it.
    """
    length = len(carried)
    if protocol == UDP:
        announced, checksum = LENGTHS.unpack_from(carried, 4)
        if not checksum or announced != length:
            return None  # its sender made none, or it is shorter than its datagram
    total = int.from_bytes(carried, "big")
    if length & 1:
        total <<= 8
    if addresses is not None:
        total += addresses + protocol + length
    # Whole octets of a multiple of two may be added as they are: see sum_of.
    return Checksum.BAD if total % 0xFFFF or not total else Checksum.VALID
