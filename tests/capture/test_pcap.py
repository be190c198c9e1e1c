"""Reading classic pcap."""

import io

import pytest

from rawkit.capture.blocks import Captured, Interface, Section
from rawkit.capture.reader import Capture, read_capture
from rawkit.errors import ParseError, TruncatedError
from rawkit.wire.link_types import LinkType
from rawkit.wire.pcap import PcapWriter
from tests.capture.octets import pcap

MICRO, NANO = 0xA1B2C3D4, 0xA1B23C4D
RECORDS = [
    (1_700_000_000, 123_456, 3, b"abc"),
    (1_700_000_001, 999_999, 2000, b"defg"),
    (0, 0, 0, b""),
]


def read(octets: bytes) -> Capture:
    return read_capture(io.BytesIO(octets))


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("magic", "scale"), [(MICRO, 1000), (NANO, 1)])
def test_both_orders_and_both_kinds_of_time_are_read(order: str, magic: int, scale: int) -> None:
    capture = read(pcap(*RECORDS, order=order, magic=magic))

    found = list(capture)

    assert [(one.octets, one.time_ns, one.length) for one in found] == [
        (kept, seconds * 10**9 + parts * scale, length) for seconds, parts, length, kept in RECORDS
    ]
    assert capture.format == "pcap"
    assert capture.error is None
    assert capture.count == 3


def test_a_file_is_a_section_with_one_interface() -> None:
    capture = read(pcap(*RECORDS, link_type=276, snap_length=96, order="big"))

    section, interface, *packets = capture.blocks()

    assert section == Section((), "big", (2, 4))
    assert isinstance(interface, Interface)
    assert (interface.link_type, interface.snap_length) == (LinkType.LINUX_SLL2, 96)
    assert capture.interfaces == [interface]
    assert all(isinstance(one, Captured) and one.interface is interface for one in packets)


def test_a_packet_knows_whether_it_was_cut() -> None:
    assert [one.is_cut for one in read(pcap(*RECORDS))] == [False, True, False]


def test_what_is_known_of_the_check_sequence_is_no_link_type() -> None:
    # draft-ietf-opsawg-pcap §4: four bits and a flag above the link type
    (_, interface) = read(pcap(link_type=0x5400_0001)).blocks()

    assert isinstance(interface, Interface)
    assert interface.link_type == LinkType.ETHERNET


def test_an_unknown_link_type_stays_a_number() -> None:
    capture = read(pcap(RECORDS[0], link_type=4711))

    (packet,) = capture

    assert packet.interface.link_type == 4711
    assert packet.dissect().payload == b"abc"


@pytest.mark.parametrize("cut", range(24, 24 + 16 + 3 + 16 + 4))
def test_a_file_that_breaks_off_gives_what_came_before(cut: int) -> None:
    octets = pcap(*RECORDS[:2])[:cut]
    capture = read(octets)

    found = [packet.octets for packet in capture]

    ends = [24, 24 + 19, 24 + 19 + 20]
    assert found == [b"abc", b"defg"][: sum(cut >= end for end in ends[1:])]
    assert (capture.error is None) is (cut in ends)
    if capture.error is not None:
        assert isinstance(capture.error, TruncatedError)
        assert (
            f"(octet {max(end for end in ends if end <= cut)}, behind {len(found)} packet"
            in str(capture.error)
        )


def test_what_is_missing_is_counted() -> None:
    capture = read(pcap(*RECORDS[:2])[:-3])

    assert len(list(capture)) == 1
    assert str(capture.error) == (
        "the capture: it breaks off after 1 of 4 octets of a packet (octet 43, behind 1 packet)"
    )


def test_a_header_that_breaks_off_is_told() -> None:
    capture = read(pcap()[:20])

    assert list(capture) == []
    assert str(capture.error) == (
        "the capture: the file breaks off after 20 of 24 header octets (octet 0, behind 0 packets)"
    )


def test_a_length_that_cannot_be_ends_the_reading() -> None:
    capture = read(pcap(RECORDS[0]) + b"\xff" * 16 + bytes(100))

    assert [packet.octets for packet in capture] == [b"abc"]
    assert isinstance(capture.error, ParseError)
    assert "a packet of 4294967295 octets, above 262144: it is damaged there" in str(capture.error)


def test_a_snap_length_beyond_the_usual_is_believed() -> None:
    large = bytes(300_000)

    assert [len(one.octets) for one in read(pcap((0, 0, 300_000, large), snap_length=400_000))] == [
        300_000
    ]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("nanoseconds", "magic"), [(True, NANO), (False, MICRO)])
def test_the_writer_writes_what_the_specification_says(
    order: str, nanoseconds: bool, magic: int
) -> None:
    file = io.BytesIO()
    writer = PcapWriter(file, 1, nanoseconds=nanoseconds, order=order)

    writer.write(b"abc", 1_700_000_000_123_456_789, 1500)

    parts = 123_456_789 if nanoseconds else 123_456
    record = (1_700_000_000, parts, 1500, b"abc")
    assert file.getvalue() == pcap(record, order=order, magic=magic)
