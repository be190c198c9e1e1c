"""Read whole Ethernet frames: the quick way for those who read a million.

Most frames hold TCP or UDP in plain IPv4, and are read in one go, in half the time that
:func:`rawkit.wire.dissect.dissect` takes, which asks at each header who follows. What is
not quite usual is left to that; the result is always the same.
"""

import struct

from rawkit.wire.address import ipv4_address
from rawkit.wire.dissect import BY_UDP_PORT, dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import DONT_FRAGMENT, NO_OPTIONS, IPv4
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import FLAGS, TCP
from rawkit.wire.tcp import LAYOUT as SEGMENT
from rawkit.wire.udp import LAYOUT as DATAGRAM
from rawkit.wire.udp import UDP

LAYOUT = struct.Struct("!HBBHHHBBHII")
"""An EtherType and an IPv4 header."""
FRAME, INSIDE = 14, 34
"""Where the frame's header ends, and where the one of IPv4 does."""
SEGMENT_END, DATAGRAM_END = INSIDE + SEGMENT.size, INSIDE + DATAGRAM.size
IN_FRAME, IN_TCP, IN_UDP = int(EtherType.IPV4), int(IPProtocol.TCP), int(IPProtocol.UDP)
ODD = ~DONT_FRAGMENT
"""Bits of the fragment field that are seldom set."""
MOST_KNOWN = 1024


class KnownFrames(dict[bytes, Ethernet]):
    """Headers of frames by their octets: on a link most frames have one of few."""

    def __missing__(self, octets: bytes) -> Ethernet:
        if len(self) >= MOST_KNOWN:
            self.clear()
        header = self[octets] = Ethernet.parse(memoryview(octets))[0]
        return header


KNOWN = KnownFrames()


def dissect_frame(data: bytes | bytearray | memoryview) -> Packet:
    """Read an Ethernet frame as far as it makes sense; bad octets never raise.

    What cannot be read stays in ``payload``, and ``error`` says why.
    """
    octets = data if type(data) is bytes else bytes(data)
    return _usual(octets) or dissect(octets, first=Ethernet.parse)


def _usual(data: bytes) -> Packet | None:
    """Return the packet in a frame; ``None`` if it is not a usual one."""
    if len(data) < INSIDE:
        return None
    kind, first, tos, total, id_, fragment, ttl, protocol, checksum, src, dst = LAYOUT.unpack_from(
        data, FRAME - 2
    )
    end = FRAME + total
    if kind != IN_FRAME or first != NO_OPTIONS or fragment & ODD or end > len(data):
        return None
    ip = IPv4.filled(
        ipv4_address(src),
        ipv4_address(dst),
        protocol,
        ttl,
        tos >> 2,
        tos & 0b11,
        id_,
        fragment != 0,
        False,
        0,
        b"",
        False,
        data[end:],
        total,
        checksum,
    )
    if protocol == IN_TCP:
        return _with_segment(KNOWN[data[:FRAME]], ip, data, end)
    if protocol == IN_UDP:
        return _with_datagram(KNOWN[data[:FRAME]], ip, data, end)
    return None


def _with_segment(frame: Ethernet, ip: IPv4, data: bytes, end: int) -> Packet | None:
    if end < SEGMENT_END:
        return None
    src_port, dst_port, sequence, acknowledgment, offset, flags, window, checksum, urgent = (
        SEGMENT.unpack_from(data, INSIDE)
    )
    start = INSIDE + (offset >> 4) * 4
    if not SEGMENT_END <= start <= end:
        return None
    segment = TCP.filled(
        src_port,
        dst_port,
        sequence,
        acknowledgment,
        FLAGS[flags],
        window,
        urgent,
        data[SEGMENT_END:start],
        offset & 0x0F,
        offset >> 4,
        checksum,
    )
    return Packet.filled((frame, ip, segment), data[start:end], None)


def _with_datagram(frame: Ethernet, ip: IPv4, data: bytes, end: int) -> Packet | None:
    if end < DATAGRAM_END:
        return None
    src_port, dst_port, length, checksum = DATAGRAM.unpack_from(data, INSIDE)
    last = INSIDE + length
    if not DATAGRAM_END <= last <= end or BY_UDP_PORT[dst_port] is not None:
        return None
    datagram = UDP.filled(src_port, dst_port, data[last:end], length, checksum)
    return Packet.filled((frame, ip, datagram), data[DATAGRAM_END:last], None)
