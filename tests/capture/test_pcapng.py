"""Reading pcapng."""

import io
import struct

import pytest

from rawkit.capture.blocks import (
    Block,
    Captured,
    Custom,
    Interface,
    NameRecord,
    Names,
    Other,
    Section,
    Statistics,
)
from rawkit.capture.options import Option
from rawkit.capture.reader import Capture, read_capture
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from tests.capture.octets import MARKS, block, interface, option, packet, section

BOTH = pytest.mark.parametrize("order", ["little", "big"])
U64 = {"little": "<Q", "big": ">Q"}


def read(*parts: bytes) -> Capture:
    return read_capture(io.BytesIO(b"".join(parts)))


def blocks(*parts: bytes) -> list[Block]:
    capture = read(*parts)
    found = list(capture.blocks())
    assert capture.error is None
    return found


def packets(*parts: bytes) -> list[Captured]:
    return [one for one in blocks(*parts) if isinstance(one, Captured)]


@BOTH
def test_a_section_tells_what_wrote_it(order: str) -> None:
    options = [option(2, b"a box", order), option(3, b"Linux", order), option(4, b"us", order)]
    comments = [option(1, b"one", order), option(1, "zw\u00f6lf".encode(), order)]

    (found,) = blocks(section(*options, *comments, order=order))

    assert isinstance(found, Section)
    assert (found.hardware, found.os, found.application) == ("a box", "Linux", "us")
    assert found.comments == ("one", "zw\u00f6lf")
    assert (found.order, found.version, found.length) == (order, (1, 0), -1)


@BOTH
def test_an_interface_tells_its_name_and_more(order: str) -> None:
    options = [
        option(2, b"eth0", order), option(3, b"the first", order), option(11, b"\0tcp", order),
        option(1, b"noisy", order),
    ]  # fmt: skip

    _, found = blocks(section(order=order), interface(113, 96, *options, order=order))

    assert isinstance(found, Interface)
    assert (found.link_type, found.snap_length) == (LinkType.LINUX_SLL, 96)
    assert (found.name, found.description, found.filter) == ("eth0", "the first", "tcp")
    assert found.comments == ("noisy",)


@BOTH
@pytest.mark.parametrize(
    ("resolution", "units", "expected"),
    [
        (None, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (6, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (3, 1_700_000_000_123, 1_700_000_000_123_000_000),
        (0, 1_700_000_000, 1_700_000_000_000_000_000),
        (12, 1_700_000_000_123_456_789, 1_700_000_000_123_456),
        (0x80 | 10, 1_700_000_000 << 10 | 512, 1_700_000_000_500_000_000),
        (0x80 | 30, 1_700_000_000 << 30 | 1, 1_700_000_000_000_000_000),
    ],
)
def test_times_have_the_resolution_of_their_interface(
    order: str, resolution: int | None, units: int, expected: int
) -> None:
    options = [] if resolution is None else [option(9, bytes([resolution]), order)]

    (found,) = packets(
        section(order=order),
        interface(1, 0, *options, order=order),
        packet(b"abc", units, order=order),
    )

    assert found.time_ns == expected


@BOTH
def test_times_count_from_the_offset_of_their_interface(order: str) -> None:
    seconds = struct.pack(f"{MARKS[order]}q", -1000)
    options = [option(14, seconds, order), option(9, b"\x09", order)]

    (found,) = packets(
        section(order=order), interface(1, 0, *options, order=order), packet(b"", 5, order=order)
    )

    assert found.time_ns == -1_000_000_000_000 + 5


@BOTH
@pytest.mark.parametrize("size", range(9))
def test_octets_of_a_packet_are_told_from_what_fills_the_block(order: str, size: int) -> None:
    octets = bytes(range(1, size + 1))

    (found,) = packets(
        section(order=order), interface(order=order), packet(octets, length=77, order=order)
    )

    assert (found.octets, found.length, found.is_cut) == (octets, 77, True)


@BOTH
def test_a_packet_has_comments_flags_and_losses(order: str) -> None:
    options = (
        option(1, b"look", order),
        option(1, b"here", order),
        option(2, struct.pack(f"{MARKS[order]}I", 0b010_10), order),
        option(4, struct.pack(U64[order], 7), order),
    )

    (found,) = packets(
        section(order=order), interface(order=order), packet(b"abcde", 0, 0, *options, order=order)
    )

    assert found.comments == ("look", "here")
    assert (found.flags, found.drop_count) == (0b010_10, 7)
    assert found.direction is Direction.OUT
    assert [code for code, _ in found.options] == [1, 1, 2, 4]


@pytest.mark.parametrize(
    ("flags", "direction"),
    [
        (0, None), (1, Direction.IN), (2, Direction.OUT), (0b001_01, Direction.IN),
        (0b001_00, Direction.IN), (0b010_01, Direction.MULTICAST), (0b011_01, Direction.BROADCAST),
        (0b100_01, Direction.OTHER_HOST), (0b111_00, None),
    ],
)  # fmt: skip
def test_flags_tell_where_a_packet_was_going(flags: int, direction: Direction | None) -> None:
    told = option(2, flags.to_bytes(4, "little"))

    (found,) = packets(section(), interface(), packet(b"abc", 0, 0, told))

    assert found.direction is direction


@pytest.mark.parametrize(("link_type", "place"), [(113, 1), (276, 10)])
def test_a_cooked_header_tells_where_a_packet_was_going(link_type: int, place: int) -> None:
    octets = bytearray(20)
    octets[place] = 4

    (found,) = packets(section(), interface(link_type), packet(bytes(octets)))
    (short,) = packets(section(), interface(link_type), packet(b""))

    assert found.direction is Direction.OUT
    assert short.direction is None


def test_packets_belong_to_the_interfaces_of_their_section() -> None:
    capture = read(
        section(), interface(1, 0, option(2, b"a")), interface(101, 0, option(2, b"b")),
        packet(b"1", 0, 1), packet(b"2", 0, 0),
        section(order="big"), interface(228, 0, option(2, b"c", "big"), order="big"),
        packet(b"3", 0, 0, order="big"),
    )  # fmt: skip

    found = [(one.octets, one.interface.name, one.interface.link_type) for one in capture]

    assert found == [(b"1", "b", 101), (b"2", "a", 1), (b"3", "c", 228)]
    assert [one.order for one in capture.sections] == ["little", "big"]
    assert [one.name for one in capture.interfaces] == ["a", "b", "c"]


@BOTH
def test_a_simple_packet_has_no_time_and_is_of_the_first_interface(order: str) -> None:
    simple = block(3, struct.pack(f"{MARKS[order]}I", 9) + b"abcde\0\0\0", order)

    (found,) = packets(section(order=order), interface(1, 5, order=order), simple)

    assert (found.octets, found.length, found.time_ns, found.time) == (b"abcde", 9, None, None)


@BOTH
def test_the_packet_block_of_before_is_read(order: str) -> None:
    head = struct.pack(f"{MARKS[order]}HHIIII", 0, 3, 1, 5, 3, 60)
    unknown = struct.pack(f"{MARKS[order]}HHIIII", 0, 0xFFFF, 0, 0, 0, 0)

    found, other = packets(
        section(order=order),
        interface(order=order),
        block(2, head + b"abc\0" + option(1, b"old", order) + bytes(4), order),
        block(2, unknown, order),
    )

    assert (found.octets, found.length, found.drop_count) == (b"abc", 60, 3)
    assert found.time_ns == (2**32 + 5) * 1000
    assert found.comments == ("old",)
    assert other.drop_count is None


@BOTH
def test_statistics_are_read_and_the_last_are_kept(order: str) -> None:
    def statistics(units: int, dropped: int) -> bytes:
        counts = {4: 100, 5: dropped, 6: 90, 7: 2, 8: 80}
        options = [option(code, struct.pack(U64[order], n), order) for code, n in counts.items()]
        head = struct.pack(f"{MARKS[order]}III", 0, 0, units)
        return block(5, head + b"".join(options) + bytes(4), order)

    capture = read(section(order=order), interface(order=order), statistics(1, 5), statistics(2, 6))
    found = list(capture.blocks())

    (kept,) = capture.statistics.values()
    assert kept == found[-1]
    assert isinstance(kept, Statistics)
    assert (kept.received, kept.dropped, kept.accepted) == (100, 6, 90)
    assert (kept.os_dropped, kept.delivered, kept.time_ns) == (2, 80, 2000)


@BOTH
def test_names_are_read(order: str) -> None:
    def record(kind: int, value: bytes) -> bytes:
        return option(kind, value, order)

    body = (
        record(1, b"\xc0\0\2\7host.example\0web.example\0")
        + record(2, bytes(15) + b"\1six.example\0")
        + record(3, b"\2\0\0\0\0\1station\0")
        + record(99, b"\0\0\0")
        + bytes(4)
        + option(2, b"ns.example", order)
        + bytes(4)
    )

    capture = read(section(order=order), block(4, body, order))
    _, names = capture.blocks()

    assert isinstance(names, Names)
    assert names.records == (
        NameRecord(1, b"\xc0\0\2\7", ("host.example", "web.example")),
        NameRecord(2, bytes(15) + b"\1", ("six.example",)),
        NameRecord(3, b"\2\0\0\0\0\1", ("station",)),
        NameRecord(99, b"", ("", "", "")),
    )
    assert names.options == (Option(2, b"ns.example"),)
    assert capture.names == list(names.records)


@BOTH
def test_blocks_of_others_are_kept(order: str) -> None:
    number = struct.pack(f"{MARKS[order]}I", 32473)

    found = blocks(
        section(order=order),
        block(0xBAD, number + b"data", order),
        block(0x40000BAD, number + b"more", order),
        block(10, b"TLSK" + bytes(8), order),
        block(0x80000001, b"", order),
    )

    assert found[1:] == [
        Custom(32473, b"data", True, order),
        Custom(32473, b"more", False, order),
        Other(10, b"TLSK" + bytes(8), order),
        Other(0x80000001, b"", order),
    ]


GOOD = [section(), interface(), packet(b"first", 1), packet(b"second", 2)]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"\6\0\0\0\x0b\0\0\0" + bytes(20), "a block of 11 octets: it is damaged there"),
        (b"\6\0\0\0\0\0\0\x10" + bytes(20), "a block of 268435456 octets: it is damaged there"),
        (b"\6\0\0\0\x22\0\0\0" + bytes(40), "a block of 34 octets: it is damaged there"),
        (packet(b"abc")[:-4] + b"\x08\0\0\0", "a block of 36 octets that ends as one of 8"),
        (packet(b"abc", 0, 5), "a packet of interface 5, which the section does not have"),
        (block(6, bytes(8)), "a block of kind 6 with a body of 8 octets, too few"),
        (block(1, b"") + GOOD[1], "a block of kind 1 with a body of 0 octets, too few"),
        (block(6, struct.pack("<IIIII", 0, 0, 0, 99, 99) + bytes(8)),
         "a packet of 99 octets in a block with room for 8"),
        (block(2, struct.pack("<HHIIII", 0, 0, 0, 0, 99, 99) + bytes(8)),
         "a packet of 99 octets in a block with room for 8"),
        (packet(b"abc", 0, 0, struct.pack("<HH", 1, 500)),
         "option 1 announces 500 octets, and 4 follow"),
        (block(4, struct.pack("<HH", 1, 50)), "a name of 50 octets where 0 are left"),
        (block(0x0A0D0D0A, b"\1\2\3\4" + bytes(12)),
         "a section with the byte-order magic 01020304"),
        (packet(b"abc")[:20], "it breaks off after 20 of 36 octets of a block"),
        (b"\6\0\0", "it breaks off after 3 octets of a block"),
    ],
)  # fmt: skip
def test_a_damaged_block_ends_the_reading(bad: bytes, said: str) -> None:
    capture = read(*GOOD, bad)

    assert [one.octets for one in capture] == [b"first", b"second"]
    place = sum(map(len, GOOD))
    assert str(capture.error) == f"the capture: {said} (octet {place}, behind 2 packets)"


def test_packets_after_a_section_without_interfaces_are_damage() -> None:
    capture = read(*GOOD, section(), packet(b"third"))

    assert len(list(capture)) == 2
    assert "a packet of interface 0" in str(capture.error)


def test_options_without_the_mark_of_their_end_are_read() -> None:
    head = struct.pack("<IIIII", 0, 0, 0, 0, 0)

    (found,) = packets(section(), interface(), block(6, head + option(1, b"open")))

    assert found.comments == ("open",)
