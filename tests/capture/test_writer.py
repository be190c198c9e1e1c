"""Writing capture files."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

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
from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter, Layout
from rawkit.errors import BuildError, UsageError
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from tests.capture.octets import interface, option, packet, pcap, section

TIME = 1_700_000_000_123_456_789


def blocks_of(octets: bytes) -> list[Block]:
    capture = read_capture(io.BytesIO(octets))
    found = list(capture.blocks())
    assert capture.error is None
    return found


def packets_of(path: Path) -> list[Captured]:
    capture = read_capture(path)
    found = list(capture)
    assert capture.error is None
    return found


@pytest.mark.parametrize(
    ("name", "kind", "compression"),
    [
        ("x.pcap", "pcap", None),
        ("x.cap", "pcap", None),
        ("x.PCAP", "pcap", None),
        ("x.pcapng", "pcapng", None),
        ("x", "pcapng", None),
        ("x.pcap.gz", "pcap", "gzip"),
        ("x.pcapng.gz", "pcapng", "gzip"),
    ],
)
def test_the_name_says_what_is_written(
    tmp_path: Path, name: str, kind: str, compression: str | None
) -> None:
    with CaptureWriter(tmp_path / name) as writer:
        writer.write(b"abc", TIME)
    capture = read_capture(tmp_path / name)
    (found,) = capture

    assert (writer.format, capture.format, capture.compression) == (kind, kind, compression)
    assert (found.octets, found.time_ns, found.length) == (b"abc", TIME, 3)
    assert found.interface.link_type == LinkType.ETHERNET


def test_what_is_asked_for_counts_more_than_the_name(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"

    with CaptureWriter(path, format="pcap", compression="gzip", link_type=101) as writer:
        writer.write(b"abc", TIME)

    assert gzip.decompress(path.read_bytes())[:4] == b"\x4d\x3c\xb2\xa1"
    assert packets_of(path)[0].interface.link_type == LinkType.RAW


def test_zstandard_is_written_where_its_module_is(tmp_path: Path) -> None:
    pytest.importorskip("zstandard")
    path = tmp_path / "x.pcapng.zst"

    with CaptureWriter(path) as writer:
        for number in range(1000):
            writer.write(b"%04d" % number, TIME)

    assert path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    assert len(packets_of(path)) == 1000


@pytest.mark.parametrize(
    ("layout", "said"),
    [({"format": "snoop"}, "no format 'snoop'"), ({"compression": "xz"}, "no compression 'xz'")],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, layout: Layout, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        CaptureWriter(tmp_path / "x", **layout)


@pytest.mark.parametrize("order", ["little", "big"])
def test_everything_that_is_told_is_read_back(tmp_path: Path, order: str) -> None:
    path = tmp_path / "x.pcapng"
    with CaptureWriter(path, order=order, comments=("first", "second")) as writer:  # type: ignore[arg-type]
        eth0 = writer.add_interface(
            1, name="eth0", description="near", filter="tcp", snap_length=96, comments=("new",)
        )
        any_one = writer.add_interface(276, name="any")
        writer.write(
            b"abcd", TIME, interface=eth0, length=1500, direction=Direction.OUT, drop_count=3,
            comments=("look",),
        )  # fmt: skip
        writer.write(b"e", TIME + 1, interface=any_one, direction=Direction.MULTICAST)
        writer.write_statistics(eth0, TIME + 2, received=10, dropped=1, os_dropped=2)
    capture = read_capture(path)

    one, other = capture

    (head,) = capture.sections
    assert (head.order, head.comments, head.application) == (order, ("first", "second"), "rawkit")
    assert (head.os or "").startswith("Linux ")
    assert [one.interface, other.interface] == capture.interfaces == [eth0, any_one]
    assert (eth0.name, eth0.description, eth0.filter) == ("eth0", "near", "tcp")
    assert (eth0.snap_length, eth0.comments, eth0.units) == (96, ("new",), 10**9)
    assert (one.octets, one.length, one.time_ns) == (b"abcd", 1500, TIME)
    assert (one.comments, one.drop_count, one.direction) == (("look",), 3, Direction.OUT)
    assert (other.direction, other.drop_count, other.time_ns) == (
        Direction.MULTICAST,
        None,
        TIME + 1,
    )
    told = capture.statistics[eth0]
    assert (told.received, told.dropped, told.os_dropped, told.accepted) == (10, 1, 2, None)
    assert told.time_ns == TIME + 2


def test_microseconds_are_cut_off_and_not_rounded(tmp_path: Path) -> None:
    for name in ("x.pcap", "x.pcapng"):
        with CaptureWriter(tmp_path / name, nanoseconds=False) as writer:
            writer.write(b"abc", TIME)
        assert packets_of(tmp_path / name)[0].time_ns == TIME // 1000 * 1000


@pytest.mark.parametrize("name", ["x.pcap", "x.pcapng", "x.pcap.gz"])
def test_a_file_without_packets_is_a_capture_all_the_same(tmp_path: Path, name: str) -> None:
    CaptureWriter(tmp_path / name, link_type=113).close()

    assert packets_of(tmp_path / name) == []


def test_the_octets_are_those_of_the_specification() -> None:
    file = io.BytesIO()
    with CaptureWriter(file, format="pcapng", nanoseconds=False) as writer:
        writer.write(b"abcde", 5_000, comments=("hi",))
    found = file.getvalue()

    rest = interface(1, 0) + packet(b"abcde", 5, 0, option(1, b"hi"))
    assert found.endswith(rest)
    assert not file.closed
    assert isinstance(blocks_of(found)[0], Section)


def test_pcap_has_one_link_type(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path / "x.pcap") as writer:
        writer.write(b"abc", TIME)
        with pytest.raises(
            BuildError, match=r"packets of link type .*RAW.*pcapng has room for both"
        ):
            writer.add_interface(LinkType.RAW)

    assert len(packets_of(tmp_path / "x.pcap")) == 1


@pytest.mark.parametrize(
    ("kind", "time_ns", "said"),
    [
        ("pcap", -1, "a time -1 s after 1970"),
        ("pcap", 2**32 * 10**9, "a time 4294967296 s after 1970"),
        ("pcapng", -1, "a time -1 ns after 1970"),
        ("pcapng", 2**64, "does not fit into 64 bits"),
    ],
)
def test_a_time_that_does_not_fit_is_refused(kind: str, time_ns: int, said: str) -> None:
    with (
        CaptureWriter(io.BytesIO(), format=kind) as writer,  # type: ignore[arg-type]
        pytest.raises(BuildError, match=said),
    ):
        writer.write(b"abc", time_ns)


def test_a_comment_that_is_too_long_is_refused() -> None:
    with (
        CaptureWriter(io.BytesIO()) as writer,
        pytest.raises(BuildError, match="an option of 65536 octets, above 65535"),
    ):
        writer.write(b"abc", TIME, comments=("x" * 65_536,))


def test_each_packet_is_in_the_file_at_once_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    with CaptureWriter(path, immediate=True) as writer:
        for number in range(3):
            writer.write(b"abc", TIME)
            assert len(packets_of(path)) == number + 1


def test_what_is_flushed_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap.gz"
    with CaptureWriter(path) as writer:
        writer.flush()
        writer.write(b"abc", TIME)
        writer.flush()
        early = read_capture(path)
        assert [one.octets for one in early] == [b"abc"]
        assert "gzip data break off" in str(early.error)


def test_a_full_disk_is_named_with_the_file() -> None:
    with (
        pytest.raises(OSError, match="No space left on device: '/dev/full'"),
        CaptureWriter("/dev/full", immediate=True) as writer,
    ):
        writer.write(b"abc", TIME)


def everything(order: str) -> Iterator[Block]:
    """Yield blocks of every kind, as a reader gives them."""
    first = Interface(1, 96, (Option(2, b"a"), Option(9, b"\x09")), 0, order)
    second = Interface(4711, 0, (Option(14, b"\0\0\0\0\0\0\0\0"),), 1, order)
    flags = (1).to_bytes(4, "big" if order == "big" else "little")
    drops = (7).to_bytes(8, "big" if order == "big" else "little")
    yield Section((Option(1, b"one"), Option(4, b"somebody")), order)
    yield first
    yield second
    yield Captured(b"abc", TIME, 60, first, (Option(2, flags), Option(2988, b"\0\0\0\0own")))
    yield Captured(b"", 1_000, 0, second)
    yield Captured(b"plain", None, 5, first)
    yield Statistics(first, TIME, (Option(5, drops),))
    yield Names((NameRecord(1, b"\xc0\0\2\1", ("a", "b")), NameRecord(4, bytes(8), ("c",))))
    yield Custom(32473, b"1234", True, order)
    yield Custom(32473, b"", False, order)
    yield Other(10, b"12345678", order)
    yield Section((), order)
    third = Interface(101, 0, (), 0, order)
    yield third
    yield Captured(b"E", 2_000, 1, third, (Option(1, b"in the second section"),))


@pytest.mark.parametrize("order", ["little", "big"])
def test_whatever_a_reader_gives_can_be_written_again(order: str) -> None:
    blocks = list(everything(order))
    file = io.BytesIO()
    with CaptureWriter(file) as writer:
        for block in blocks:
            writer.add(block)

    assert blocks_of(file.getvalue()) == blocks

    again = io.BytesIO()
    with CaptureWriter(again) as writer:
        for block in blocks_of(file.getvalue()):
            writer.add(block)
    assert again.getvalue() == file.getvalue()


@pytest.mark.parametrize(("before", "after"), [("little", "big"), ("big", "little")])
def test_numbers_are_turned_over_for_a_file_of_the_other_order(before: str, after: str) -> None:
    known = [block for block in everything(before) if not isinstance(block, Custom | Other)]
    file = io.BytesIO()
    with CaptureWriter(file, order=after) as writer:  # type: ignore[arg-type]
        for block in known:
            writer.add(block)
    found = blocks_of(file.getvalue())

    assert [one.order for one in found if isinstance(one, Section | Interface)] == [after] * 5
    packets = [one for one in found if isinstance(one, Captured)]
    told = next(one for one in found if isinstance(one, Statistics))
    assert packets[0].direction is Direction.IN
    assert packets[0].options[1] == Option(2988, b"\0\0\0\0own")
    assert [one.time_ns for one in packets] == [TIME, 1_000, None, 2_000]
    assert told.dropped == 7


def test_what_nobody_knows_cannot_be_turned_over() -> None:
    with (
        CaptureWriter(io.BytesIO(), order="big") as writer,
        pytest.raises(BuildError, match="little-endian numbers in a big-endian file"),
    ):
        writer.add(Other(10, b"1234", "little"))


def test_packets_of_several_files_go_into_one() -> None:
    first = read_capture(io.BytesIO(pcap((1, 5, 3, b"abc"), link_type=101, order="big")))
    second = read_capture(io.BytesIO(section() + interface(1) + packet(b"defg", 7)))
    file = io.BytesIO()

    with CaptureWriter(file) as writer:
        for one in (*first, *second):
            writer.add(one)

    found = read_capture(io.BytesIO(file.getvalue()))
    assert [(one.octets, one.time_ns, one.interface.link_type) for one in found] == [
        (b"abc", 1_000_005_000, 101),
        (b"defg", 7_000, 1),
    ]
    assert len(found.sections) == 1


def test_pcap_keeps_packets_and_leaves_the_rest_out() -> None:
    blocks = [block for block in everything("little") if not isinstance(block, Captured)]
    interface = next(block for block in blocks if isinstance(block, Interface))
    packets = [Captured(b"abc", TIME, 60, interface, (Option(1, b"gone"),))]
    others = [block for block in blocks if not isinstance(block, Interface)]
    file = io.BytesIO()

    with CaptureWriter(file, format="pcap") as writer:
        for block in [*others, interface, *packets]:
            writer.add(block)

    (found,) = read_capture(io.BytesIO(file.getvalue()))
    assert (found.octets, found.time_ns, found.length, found.options) == (b"abc", TIME, 60, ())


def test_a_pcap_file_becomes_pcapng_with_all_it_tells() -> None:
    file = io.BytesIO()
    with CaptureWriter(file) as writer:
        for block in read_capture(io.BytesIO(pcap((1, 5, 9, b"abc"), snap_length=96))).blocks():
            writer.add(block)

    head, told, found = blocks_of(file.getvalue())
    assert isinstance(head, Section)
    assert isinstance(told, Interface)
    assert isinstance(found, Captured)
    assert (head.version, told.snap_length, told.units) == ((1, 0), 96, 10**6)
    assert (found.octets, found.time_ns, found.length) == (b"abc", 1_000_005_000, 9)


def test_a_packet_without_a_time_keeps_what_its_interface_keeps() -> None:
    interface = Interface(1, 4)
    with CaptureWriter(io.BytesIO()) as writer:
        writer.add(Captured(b"abcd", None, 9, interface))
        with pytest.raises(BuildError, match="has 4 octets here"):
            writer.add(Captured(b"abc", None, 9, interface))


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path / "x.pcap")

    writer.close()
    writer.close()

    assert packets_of(tmp_path / "x.pcap") == []


LAYOUTS: list[Layout] = [
    {"format": "pcapng"},
    {"format": "pcapng", "order": "big"},
    {"format": "pcapng", "nanoseconds": False},
    {"format": "pcap"},
    {"format": "pcap", "order": "big", "nanoseconds": False},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_lane_writes_what_is_written_packet_by_packet(layout: Layout) -> None:
    one_by_one, by_lane = io.BytesIO(), io.BytesIO()
    packets = [(bytes(range(size)), TIME + size * 1_000_000_007, size * 2) for size in range(70)]

    with CaptureWriter(one_by_one, **layout) as writer:
        where = writer.add_interface(LinkType.ETHERNET, name="eth0")
        for octets, time_ns, length in packets:
            way = Direction.OUT if length % 4 else None
            writer.write(octets, time_ns, length=length, interface=where, direction=way)
    with CaptureWriter(by_lane, **layout) as writer:
        where = writer.add_interface(LinkType.ETHERNET, name="eth0")
        lanes = writer.lane(where), writer.lane(where, Direction.OUT)
        for octets, time_ns, length in packets:
            lanes[bool(length % 4)](octets, time_ns, length)

    assert by_lane.getvalue() == one_by_one.getvalue()


@pytest.mark.parametrize("format_", ["pcap", "pcapng"])
def test_a_lane_refuses_a_time_that_does_not_fit(format_: str) -> None:
    with CaptureWriter(io.BytesIO(), format=format_) as writer:  # type: ignore[arg-type]  # of these
        lane = writer.lane(writer.add_interface(LinkType.ETHERNET))
        with pytest.raises(BuildError):
            lane(b"x", -1, 1)
