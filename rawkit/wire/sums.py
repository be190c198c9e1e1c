"""Checksums of a packet that was changed in places: right ones stay right, wrong ones wrong.

What a checksum covers need not all be there: what has changed is enough (RFC 1624). So the
checksums of fragments, of packets that were cut short, and of what an ICMP error quotes are
carried over as well.
"""

from rawkit.record import replace
from rawkit.wire.checksum import sum_of
from rawkit.wire.ipv4 import SIZE, IPv4
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Headers, Packet
from rawkit.wire.partial import partial_checksum, unfinished
from rawkit.wire.udp import UDP

ALL_ONES = 0xFFFF


def with_sums(before: Packet, after: Packet) -> Packet:
    """Return a changed packet with the checksums that its changes lead to.

    Args:
        before: as it was read.
        after: the same headers, of the same lengths, with other values in them, and the
            checksums of ``before``.
    """
    old, new = _packed(before), list(after.headers)
    covering_old, covering_new = _covering(before.headers), _covering(after.headers)
    left = unfinished(before)
    inside = after.payload
    for place in range(len(new) - 1, -1, -1):
        header = new[place]
        checksum = getattr(header, "checksum", None)
        if place == left:
            header = _with(header, partial_checksum(Packet(tuple(new), after.payload), place))
        elif header.IP_PROTOCOL == IPProtocol.SCTP:
            header = _with_crc(before.headers[place], header, old[place + 1], inside)
        elif isinstance(checksum, int) and not (isinstance(header, UDP) and checksum == 0):
            was = _covered(before.headers[place], old[place], covering_old[place])
            now = _covered(header, header.pack(inside), covering_new[place])
            header = _with(header, _carried(checksum, now - was, header.ZERO_CHECKSUM))
        new[place] = header
        inside = header.pack(inside, covering_new[place])
    return Packet(tuple(new), after.payload, after.error)


def _packed(packet: Packet) -> list[bytes]:
    """Return the octets from each header on, and those of the payload behind them."""
    parts, inside = [packet.payload], packet.payload
    for header, outer in zip(
        reversed(packet.headers), reversed(_covering(packet.headers)), strict=True
    ):
        inside = header.pack(inside, outer)
        parts.append(inside)
    return parts[::-1]


def _covering(headers: Headers) -> list[Header | None]:
    """Return for each header the one whose addresses its checksum covers."""
    outers: list[Header | None] = []
    covering: Header | None = None
    for header in headers:
        outers.append(covering)
        covering = header.covering(covering)
    return outers


def _covered(header: Header, octets: bytes, outer: Header | None) -> int:
    """Return the sum of what a checksum covers; of what does not change, it may be too much."""
    if isinstance(header, IPv4):
        return sum_of(octets[: SIZE + len(header.options)])
    pseudo = 0
    if header.COVERS_ADDRESSES and header.IP_PROTOCOL is not None and outer is not None:
        pseudo = outer.pseudo_sum(0, header.IP_PROTOCOL)
    return sum_of(octets) + pseudo


def _carried(checksum: int, change: int, zero: int) -> int:
    """Return a checksum after the sum that it covers has changed (RFC 1624)."""
    if change % ALL_ONES == 0:
        return checksum
    total = (ALL_ONES - checksum + change) % ALL_ONES
    return ALL_ONES - (total or ALL_ONES) or zero


def _with(header: Header, checksum: int) -> Header:
    if getattr(header, "checksum", None) == checksum:
        return header
    return replace(header, checksum=checksum)


def _with_crc(before: Header, after: Header, old: bytes, inside: bytes) -> Header:
    """Return an SCTP header with a right CRC, if it had one (RFC 9260 §6.8)."""
    is_intact = before.is_intact(old, None)  # type: ignore[attr-defined]  # of SCTP
    return replace(after, checksum=None) if is_intact and after != before else after
