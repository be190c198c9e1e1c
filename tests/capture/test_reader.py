"""Opening capture files: by path, from pipes, compressed; and what is none."""

import gzip
import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from rawkit.capture.buffer import CHUNK
from rawkit.capture.reader import Capture, read_capture
from rawkit.errors import ParseError, TruncatedError, UsageError
from tests.capture.octets import interface, packet, pcap, section

SMALL = pcap(*[(1_700_000_000 + number, 0, 3, b"%03d" % number) for number in range(10)])
MANY = b"".join([section(), interface(), *[packet(b"%07d" % n, n) for n in range(60_000)]])


def octets_of(capture: Capture) -> list[bytes]:
    return [one.octets for one in capture]


def test_a_path_a_file_and_a_pathlike_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(SMALL)

    by_name, by_path = read_capture(str(path)), read_capture(path)
    with path.open("rb") as file:
        by_file = octets_of(read_capture(file))
        assert not file.closed

    assert octets_of(by_name) == octets_of(by_path) == by_file
    assert len(by_file) == 10
    assert by_name.name == str(path)


def test_a_file_is_closed_when_it_has_been_read_and_when_it_is_left(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(SMALL)

    whole = read_capture(path)
    list(whole)
    with read_capture(path) as half:
        next(iter(half))

    assert whole._file.closed
    assert half._file.closed


def test_a_capture_larger_than_any_buffer_is_read_whole() -> None:
    assert len(MANY) > 8 * CHUNK

    capture = read_capture(io.BytesIO(MANY))

    assert octets_of(capture) == [b"%07d" % number for number in range(60_000)]
    assert capture.error is None


class Dripping(io.RawIOBase):
    """Gives a few octets at a time, as a slow pipe does."""

    def __init__(self, octets: bytes, size: int) -> None:
        self._octets, self._size, self._at = octets, size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, room: bytearray) -> int:  # type: ignore[override]  # what read() gives
        part = self._octets[self._at : self._at + min(self._size, len(room))]
        self._at += len(part)
        room[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    "octets",
    [SMALL, MANY[:3000], gzip.compress(SMALL, mtime=0)],
    ids=["pcapng", "cut short", "gzip"],
)
def test_octets_may_come_in_any_portions(octets: bytes, size: int) -> None:
    whole = read_capture(io.BytesIO(octets))
    dripping = read_capture(Dripping(octets, size))  # type: ignore[arg-type]  # a binary file

    assert octets_of(dripping) == octets_of(whole)
    assert str(dripping.error) == str(whole.error)


PROGRAM = """
import sys
from rawkit.capture.reader import read_capture
for packet in read_capture("-"):
    print(packet.octets.decode(), flush=True)
"""


def test_packets_from_a_pipe_are_given_as_they_come() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(SMALL[:-5])
        child.stdin.flush()
        early = [child.stdout.readline() for _ in range(9)]  # the tenth is not complete
        child.stdin.write(SMALL[-5:])
        child.stdin.close()
        late = child.stdout.read()

    assert early == [b"%03d\n" % number for number in range(9)]
    assert late == b"009\n"


def test_gzip_is_read_member_after_member() -> None:
    capture = read_capture(io.BytesIO(gzip.compress(SMALL[:100]) + gzip.compress(SMALL[100:])))

    assert len(octets_of(capture)) == 10
    assert (capture.compression, capture.error) == ("gzip", None)


def test_gzip_that_breaks_off_gives_what_came_before() -> None:
    whole = gzip.compress(SMALL)
    capture = read_capture(io.BytesIO(whole[:-30]))

    found = octets_of(capture)

    assert 0 < len(found) < 10
    assert f"gzip data break off at octet {len(whole) - 30} (octet " in str(capture.error)
    assert f"behind {len(found)} packets)" in str(capture.error)


def test_gzip_that_is_damaged_gives_what_came_before() -> None:
    squeezed = zlib.compressobj(0, wbits=31)  # not compressed: whole packets before the damage
    octets = bytearray(squeezed.compress(SMALL) + squeezed.flush())
    octets[-6] ^= 1  # of the check sum
    capture = read_capture(io.BytesIO(bytes(octets)))

    assert len(octets_of(capture)) == 10
    assert f"gzip data are damaged before octet {len(octets) - 5}" in str(capture.error)


def test_zstandard_is_read_frame_after_frame() -> None:
    zstandard = pytest.importorskip("zstandard")
    squeeze = zstandard.ZstdCompressor().compress
    capture = read_capture(io.BytesIO(squeeze(SMALL[:100]) + squeeze(SMALL[100:])))
    broken = read_capture(io.BytesIO(squeeze(MANY)[:-100]))

    assert len(octets_of(capture)) == 10
    assert (capture.compression, capture.error) == ("zstd", None)
    assert len(octets_of(broken)) > 0
    assert "zstd data break off at octet" in str(broken.error)


def test_zstandard_without_its_module_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)  # the import fails, whatever is there

    with pytest.raises(UsageError, match=r"zstd takes the Python module zstandard \(pip install"):
        read_capture(io.BytesIO(b"\x28\xb5\x2f\xfd" + bytes(40)))


@pytest.mark.parametrize(
    ("octets", "kind", "said"),
    [
        (b"", TruncatedError, "the capture: no octets, and no capture file"),
        (b"\xa1\xb2", TruncatedError, "the capture: 2 octets, and no capture file"),
        (b"\x89PNG\r\n", ParseError,
         "the capture: no capture file: it begins with 89 50 4e 47, as neither pcap nor pcapng"),
        (gzip.compress(b"hello", mtime=0), ParseError, "it begins with 68 65 6c 6c"),
        (gzip.compress(b"", mtime=0), TruncatedError, "no octets"),
        (gzip.compress(SMALL, mtime=0)[:12], ParseError,
         "the capture: gzip data break off at octet 12, before any packet"),
    ],
)  # fmt: skip
def test_what_is_no_capture_is_refused(octets: bytes, kind: type[ParseError], said: str) -> None:
    with pytest.raises(ParseError) as caught:
        read_capture(io.BytesIO(octets))

    assert type(caught.value) is kind
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_capture(tmp_path / "none.pcap")
    with pytest.raises(IsADirectoryError):
        read_capture(tmp_path)


class Failing(io.BytesIO):
    def read1(self, size: int | None = -1, /) -> bytes:
        octets = super().read1(60)
        if not octets:
            raise OSError(5, "Input/output error")
        return octets


def test_an_error_of_the_disk_is_kept_and_what_came_before_is_given() -> None:
    capture = read_capture(Failing(SMALL[:120]))

    assert len(octets_of(capture)) == 5
    assert isinstance(capture.error, OSError)
    assert capture.error.errno == 5


def test_reading_goes_on_where_it_was_left() -> None:
    capture = read_capture(io.BytesIO(SMALL))

    first = next(iter(capture))
    rest = list(capture)

    assert first.octets == b"000"
    assert [one.octets for one in rest] == [b"%03d" % number for number in range(1, 10)]
    assert list(capture) == []
    assert capture.count == 10


def test_a_pipe_that_nobody_writes_to_any_more_is_the_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, SMALL[:-1])
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as file:
        capture = read_capture(file)
        assert len(octets_of(capture)) == 9

    assert isinstance(capture.error, TruncatedError)
