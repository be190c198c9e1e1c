"""Write packets to a file that every capture tool reads: classic pcap, in nanoseconds.

The magic number 0xa1b23c4d says that times have nanoseconds; integers are
written big-endian, which readers tell by that same number.
"""

import struct
from enum import IntEnum
from typing import BinaryIO

FILE_HEADER = struct.Struct("!IHHiIII")
RECORD_HEADER = struct.Struct("!IIII")
NANOSECOND_MAGIC = 0xA1B23C4D
VERSION = (2, 4)
LONGEST_PACKET = 262_144


class LinkType(IntEnum):
    """What a packet in the file begins with."""

    ETHERNET = 1
    RAW = 101
    """An IPv4 or IPv6 header, told apart by its first four bits."""


class PcapWriter:
    """Writes packets to an open binary file, which stays the caller's to close."""

    def __init__(self, file: BinaryIO, link_type: int = LinkType.RAW) -> None:
        self.file = file
        """What it writes to."""
        file.write(FILE_HEADER.pack(NANOSECOND_MAGIC, *VERSION, 0, 0, LONGEST_PACKET, link_type))

    def write(self, octets: bytes, time_ns: int) -> None:
        """Add a packet.

        Args:
            octets: the packet; beyond 262 144 octets it is cut short, and the file says so.
            time_ns: nanoseconds since 1970, UTC.
        """
        seconds, nanoseconds = divmod(time_ns, 10**9)
        kept = octets[:LONGEST_PACKET]
        head = RECORD_HEADER.pack(seconds & 0xFFFFFFFF, nanoseconds, len(kept), len(octets))
        self.file.write(head + kept)
