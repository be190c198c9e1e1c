"""The files of ``rawkit sniff -w``: one, or one after the other."""

import re
import time
from pathlib import Path

import pytest

from rawkit.api.frame_files import FrameWriter
from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter
from rawkit.cli.sniff_files import AllWritten, FrameFiles, Rotation
from rawkit.sockets.options import PACKET_HOST, PACKET_OUTGOING
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.received_frame import ReceivedFrame
from tests.cli.seen_packets import PACKETS, TIME

SECOND = 10**9
PACKET = PACKETS["datagram"]
FRAME = bytes(PACKET)


@pytest.fixture(autouse=True)
def at_a_known_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: TIME)


def open_files(path: Path, **rotation: int) -> FrameFiles:
    def make(writer: CaptureWriter) -> FrameWriter:
        return FrameWriter(writer, "icmp")

    return FrameFiles(str(path), Rotation(**rotation), make)


def add(files: FrameFiles, count: int, *, size: int = 100, after: float = 0.0) -> None:
    for _ in range(count):
        at = TIME + round(after * SECOND)
        files.add(bytes(size), at, size, "eth0", LinkType.ETHERNET, PACKET_HOST)


def sizes(folder: Path) -> dict[str, int]:
    """Return the names of all files, and how many packets are in each."""
    return {
        path.name: len(list(read_capture(path)))
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
    }


def test_without_more_words_it_is_one_file(tmp_path: Path) -> None:
    files = open_files(tmp_path / "x.pcapng")
    add(files, 3)
    add(files, 1, after=10_000)
    files.close(9, 2)

    capture = read_capture(tmp_path / "x.pcapng")
    packets = list(capture)

    assert [one.direction for one in packets] == [Direction.IN] * 4
    assert [one.name for one in capture.interfaces] == ["eth0"]
    (told,) = capture.statistics.values()
    assert (told.accepted, told.os_dropped, told.delivered) == (9, 2, 7)
    assert files.count == 4
    assert files.take_counts() == {"eth0": (4, 400, 0)}
    assert files.take_counts() == {}


def test_another_file_begins_when_one_is_large_enough(tmp_path: Path) -> None:
    files = open_files(tmp_path / "x.pcapng", size=250)
    add(files, 7)
    files.close(7, 0)

    assert sizes(tmp_path) == {"x.pcapng": 3, "x1.pcapng": 3, "x2.pcapng": 1}
    assert files.take_counts() == {"eth0": (7, 700, 0)}


def test_only_the_last_files_stay(tmp_path: Path) -> None:
    files = open_files(tmp_path / "x.pcap", size=100, count=3)
    add(files, 7)
    files.close()

    assert sizes(tmp_path) == {"x0.pcap": 1, "x1.pcap": 1, "x2.pcap": 1}
    beginning = (tmp_path / "x1.pcap").read_bytes()[:4]
    assert beginning == bytes.fromhex("4d3cb2a1")


def test_numbers_of_many_files_have_the_same_width(tmp_path: Path) -> None:
    files = open_files(tmp_path / "x.pcap", size=100, count=11)
    add(files, 2)
    files.close()

    assert [*sizes(tmp_path)] == ["x00.pcap", "x01.pcap"]


def test_a_number_stands_before_all_suffixes(tmp_path: Path) -> None:
    files = open_files(tmp_path / "x.pcap.gz", size=100)
    add(files, 2)
    files.close()

    assert [*sizes(tmp_path)] == ["x.pcap.gz", "x1.pcap.gz"]
    with read_capture(tmp_path / "x1.pcap.gz") as capture:
        assert (capture.format, capture.compression) == ("pcap", "gzip")


def test_another_file_begins_when_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["first.pcapng", "second.pcapng", "third.pcapng"])
    monkeypatch.setattr(time, "strftime", lambda *_: str(tmp_path / next(names)))
    files = open_files(tmp_path / "%H.pcapng", seconds=60)

    add(files, 2)
    add(files, 1, after=59)
    add(files, 4, after=61)
    add(files, 1, after=119)
    add(files, 5, after=122)
    files.close()

    assert sizes(tmp_path) == {"first.pcapng": 3, "second.pcapng": 5, "third.pcapng": 5}


def test_the_time_is_in_the_name(tmp_path: Path) -> None:
    files = open_files(tmp_path / "%Y-%m-%d.pcapng", seconds=60)
    add(files, 1)
    files.close()

    (name,) = sizes(tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\.pcapng", name)


def test_it_ends_when_there_are_as_many_files_as_were_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["first.pcapng", "second.pcapng"])
    monkeypatch.setattr(time, "strftime", lambda *_: str(tmp_path / next(names)))
    files = open_files(tmp_path / "%S.pcapng", seconds=60, count=2)

    add(files, 1)
    add(files, 1, after=60)
    with pytest.raises(AllWritten):
        add(files, 1, after=120)
    files.close()

    assert sizes(tmp_path) == {"first.pcapng": 1, "second.pcapng": 1}
    assert files.count == 2


def test_a_percent_sign_is_one_where_no_time_changes_the_name(tmp_path: Path) -> None:
    files = open_files(tmp_path / "100%d.pcapng")
    add(files, 1)
    files.close()

    assert [*sizes(tmp_path)] == ["100%d.pcapng"]


def test_frames_that_were_received_are_written_alike(tmp_path: Path) -> None:
    files = open_files(tmp_path / "x.pcapng")
    packet = PACKET
    files.write(
        ReceivedFrame(
            packet, 1.0, "lo", direction=Direction.OUT, time_ns=TIME, octets=FRAME, length=99
        )
    )
    files.write(ReceivedFrame(packet, 1.0, None, time_ns=TIME, octets=FRAME, length=len(FRAME)))
    files.close()

    one, other = read_capture(tmp_path / "x.pcapng")

    assert (one.octets, one.length, one.time_ns, one.direction) == (FRAME, 99, TIME, Direction.OUT)
    assert (other.direction, other.interface.name) == (None, None)
    assert files.take_counts() == {"lo": (1, 99, 1), None: (1, len(FRAME), 0)}


def test_of_several_interfaces_pcap_has_a_cooked_link(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    numbers = {"lo": 1, "eth0": 7}
    with_numbers = FrameWriter(CaptureWriter(path), number_of=numbers.__getitem__)
    with_numbers.add(FRAME, TIME, len(FRAME), "eth0", LinkType.ETHERNET, PACKET_OUTGOING)
    with_numbers.add(FRAME[14:], TIME, 200, "lo", LinkType.RAW, PACKET_HOST)
    with_numbers.close()

    one, other = read_capture(path)

    assert one.interface.link_type == LinkType.LINUX_SLL2
    cooked, raw = one.dissect(), other.dissect()
    assert [type(header).__name__ for header in cooked.headers] == ["LinuxCooked2", "IPv4", "UDP"]
    assert [type(header).__name__ for header in raw.headers] == ["LinuxCooked2", "IPv4", "UDP"]
    head = cooked.headers[0]
    assert (head.interface, head.packet_type, head.address.hex(":")) == (  # type: ignore[attr-defined]
        7, 4, "02:00:00:00:01:01",
    )  # fmt: skip
    assert (one.length, other.length) == (len(one.octets), 220)
    assert [one.direction, other.direction] == [Direction.OUT, Direction.IN]
