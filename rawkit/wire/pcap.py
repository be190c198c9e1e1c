"""Classic pcap: one link, and a time, two lengths and octets for each packet.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-3    magic number          0xa1b2c3d4: microseconds, 0xa1b23c4d: nanoseconds; tells the order
4-7    version               2.4
8-15   zone, accuracy        0
16-19  snap length           octets that are kept of a packet at most
20-23  link type             16 bits; above them what is known of a frame check sequence
====== ===================== =================================================

Each packet: seconds since 1970, parts of a second, octets kept, octets it had; then these.
(draft-ietf-opsawg-pcap) Files of both this format and pcapng are read and written in
:mod:`rawkit.capture`.
"""

import struct
from collections.abc import Callable
from typing import BinaryIO

from rawkit.errors import BuildError
from rawkit.wire.link_types import LinkType as LinkType

MICROSECONDS, NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
DIGITS = {MICROSECONDS: 6, NANOSECONDS: 9}
"""Digits of a time behind the point, by the magic number."""
MARKS = {"little": "<", "big": ">"}
HEADS = {order: struct.Struct(f"{mark}IHHiIII") for order, mark in MARKS.items()}
RECORDS = {order: struct.Struct(f"{mark}IIII") for order, mark in MARKS.items()}
HEAD, RECORD = 24, 16
VERSION = (2, 4)
LONGEST_PACKET = 262_144
LAST_SECOND = 0xFFFF_FFFF
SECOND = 10**9


class PcapWriter:
    """Writes packets to an open binary file, which stays the caller's to close."""

    def __init__(
        self,
        file: BinaryIO,
        link_type: int = LinkType.RAW,
        *,
        nanoseconds: bool = True,
        snap_length: int = 0,
        order: str = "big",
    ) -> None:
        """Write the header.

        Args:
            file: to write to.
            link_type: what all packets begin with.
            nanoseconds: whether times have nine digits; else they have six.
            snap_length: octets to keep of a packet; 0: as many as readers take, 262 144.
            order: of numbers: ``little`` or ``big``. Readers tell by the magic number.
        """
        self._file = file
        longest = snap_length or LONGEST_PACKET
        self._pack = packer(order, longest, nanoseconds=nanoseconds)
        magic = NANOSECONDS if nanoseconds else MICROSECONDS
        file.write(HEADS[order].pack(magic, *VERSION, 0, 0, longest, link_type))

    def write(self, octets: bytes, time_ns: int, length: int | None = None) -> None:
        """Add a packet.

        Args:
            octets: the packet; beyond the snap length it is cut short, and the file says so.
            time_ns: nanoseconds since 1970, UTC.
            length: how long it was; ``None``: no longer than ``octets``.

        Raises:
            BuildError: the time is before 1970 or after 2106.
        """
        self._file.write(self._pack(octets, time_ns, len(octets) if length is None else length))


def packer(
    order: str, longest: int, *, nanoseconds: bool = True
) -> Callable[[bytes, int, int], bytes]:
    """Return what makes the records of packets: of octets, time and length.

    It raises :class:`BuildError` for a time before 1970 or after 2106.

    Args:
        order: of numbers: ``little`` or ``big``.
        longest: octets to keep of a packet.
        nanoseconds: whether times have nine digits; else they have six.
    """
    pack, scale = RECORDS[order].pack, 1 if nanoseconds else 1000

    def record(octets: bytes, time_ns: int, length: int) -> bytes:
        seconds, parts = divmod(time_ns, SECOND)
        if not 0 <= seconds <= LAST_SECOND:
            raise BuildError(f"pcap: a time {seconds} s after 1970, and there is room for 32 bits")
        kept = octets[:longest]
        return pack(seconds, parts // scale, len(kept), length) + kept

    return record
