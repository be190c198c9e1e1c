"""Read classic pcap; :mod:`rawkit.wire.pcap` has the format."""

from collections.abc import Iterator

from rawkit.capture.blocks import Block, Captured, Interface, Section
from rawkit.capture.buffer import Buffer
from rawkit.capture.options import RESOLUTION, Option
from rawkit.errors import ParseError, TruncatedError
from rawkit.wire.link_types import LinkType
from rawkit.wire.pcap import DIGITS, HEAD, HEADS, LONGEST_PACKET, RECORD, RECORDS, SECOND

MAGIC = {
    magic.to_bytes(4, "big" if order == "big" else "little"): (order, digits)
    for magic, digits in DIGITS.items()
    for order in HEADS
}
"""By the first octets of a file: the order of its numbers, the digits of its times."""
LINK_TYPE = 0xFFFF


def read_pcap(buffer: Buffer) -> Iterator[Block]:
    """Yield a section, an interface and then packets.

    Raises:
        ParseError: the file is damaged there, or breaks off.
    """
    order, digits = MAGIC[buffer.data[buffer.at : buffer.at + 4]]
    if not buffer.fill(HEAD):
        raise TruncatedError(f"the file breaks off after {buffer.left} of {HEAD} header octets")
    _, major, minor, _, _, snap_length, link = HEADS[order].unpack_from(buffer.data, buffer.at)
    buffer.at += HEAD
    yield Section((), order, (major, minor))
    resolution = (Option(RESOLUTION, bytes([digits])),)
    interface = Interface(link_type_of(link & LINK_TYPE), snap_length, resolution, 0, order)
    yield interface
    yield from _packets(buffer, interface, SECOND // 10**digits)


def _packets(buffer: Buffer, interface: Interface, scale: int) -> Iterator[Captured]:
    unpack = RECORDS[interface.order].unpack_from
    longest = max(LONGEST_PACKET, interface.snap_length)
    while buffer.fill(RECORD):
        data, at = buffer.data, buffer.at
        last = len(data) - RECORD
        while at <= last:
            seconds, parts, kept, length = unpack(data, at)
            end = at + RECORD + kept
            if end > last + RECORD:
                break
            octets = data[at + RECORD : end]
            at = buffer.at = end
            yield Captured(octets, seconds * SECOND + parts * scale, length, interface)
        else:
            continue
        if kept > longest:
            raise ParseError(f"a packet of {kept} octets, above {longest}: it is damaged there")
        if not buffer.fill(RECORD + kept):
            missing = f"{buffer.left - RECORD} of {kept} octets of a packet"
            raise TruncatedError(f"it breaks off after {missing}")
    if buffer.left:
        raise TruncatedError(
            f"it breaks off after {buffer.left} of {RECORD} octets before a packet"
        )


def link_type_of(number: int) -> LinkType | int:
    """Return a link type; one that is not known stays a number."""
    return LinkType(number) if number in KNOWN else number


KNOWN = frozenset(map(int, LinkType))
