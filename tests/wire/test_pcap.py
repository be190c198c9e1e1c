"""Capture files."""

import io
import struct

from rawkit.wire.pcap import LONGEST_PACKET, LinkType, PcapWriter


def test_a_file_begins_with_its_header() -> None:
    file = io.BytesIO()

    PcapWriter(file)

    assert file.getvalue().hex(" ", 4) == "a1b23c4d 00020004 00000000 00000000 00040000 00000065"


def test_a_packet_follows_its_time_in_nanoseconds_and_its_size() -> None:
    file = io.BytesIO()
    writer = PcapWriter(file, LinkType.ETHERNET)

    writer.write(b"abc", 1_700_000_000_123_456_789)

    assert file.getvalue()[20:24] == b"\0\0\0\1"
    assert struct.unpack("!IIII", file.getvalue()[24:40]) == (1_700_000_000, 123_456_789, 3, 3)
    assert file.getvalue()[40:] == b"abc"


def test_a_packet_beyond_the_longest_is_cut_and_its_size_told() -> None:
    file = io.BytesIO()
    writer = PcapWriter(file)

    writer.write(bytes(LONGEST_PACKET + 1), 0)

    assert struct.unpack("!II", file.getvalue()[32:40]) == (LONGEST_PACKET, LONGEST_PACKET + 1)
    assert len(file.getvalue()) == 24 + 16 + LONGEST_PACKET
