"""Whatever octets there are, reading them ends, and gives what came before the damage."""

import io
import zlib
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

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
from rawkit.capture.writer import CaptureWriter
from rawkit.errors import ParseError, UsageError
from rawkit.wire.pcap import PcapWriter
from tests.capture.octets import interface, option, packet, pcap, section

PCAPNG_PARTS = [
    section(option(1, b"hello")),
    interface(1, 96, option(2, b"eth0"), option(9, b"\x09")),
    packet(b"one", 1, 0, option(1, b"look"), option(2, bytes(4))),
    packet(b"second", 2),
    section(order="big"),
    interface(101, 0, order="big"),
    packet(b"third", 3, order="big"),
]
PCAPNG = b"".join(PCAPNG_PARTS)
PCAP_RECORDS = [(1, 2, 3, b"one"), (2, 3, 60, b"second"), (3, 4, 0, b"")]
PCAP = pcap(*PCAP_RECORDS)
WHOLE = {
    PCAP: [24, *accumulate((16 + len(kept) for *_, kept in PCAP_RECORDS), initial=24)],
    PCAPNG: list(accumulate(map(len, PCAPNG_PARTS))),
}
"""Where the files can end without anything missing."""
ENDS = {
    PCAP: WHOLE[PCAP][2:],
    PCAPNG: [WHOLE[PCAPNG][number] for number in (2, 3, 6)],
}
"""Where their packets end."""


def exhausted(octets: bytes) -> Capture | None:
    """Read all there is; ``None``: it is no capture at all."""
    try:
        capture = read_capture(io.BytesIO(octets))
    except ParseError:
        return None
    except UsageError as error:
        assert "zstd" in str(error)  # noqa: PT017  # its magic number, and perhaps no module
        return None
    for block in capture.blocks():
        if isinstance(block, Captured):
            told = (block.comments, block.flags, block.drop_count, block.direction, block.about)
            assert told, block
            assert bytes(block.dissect()) == block.octets
    return capture


@given(st.binary(max_size=200))
def test_any_octets_behind_any_beginning_are_read(octets: bytes) -> None:
    for beginning in (b"", PCAP[:24], PCAP[:4], PCAPNG[:28], PCAPNG[:12], section() + interface()):
        exhausted(beginning + octets)


@given(st.sampled_from([PCAP, PCAPNG]), st.data())
def test_a_file_with_any_octets_overwritten_is_read(octets: bytes, data: st.DataObject) -> None:
    bent = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(bent) - 1))
        bent[place] = data.draw(st.integers(0, 255))

    exhausted(bytes(bent))


@given(st.sampled_from([PCAP, PCAPNG]), st.data())
def test_a_file_cut_anywhere_gives_all_whole_packets(octets: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(4, len(octets)))
    whole = [one.octets for one in read_capture(io.BytesIO(octets))]

    capture = read_capture(io.BytesIO(octets[:cut]))
    found = [one.octets for one in capture]

    assert found == whole[: len(found)]
    assert (capture.error is None) is (cut in WHOLE[octets])
    assert len(found) == sum(end <= cut for end in ENDS[octets])


@given(st.data())
def test_compressed_octets_of_any_kind_are_read(data: st.DataObject) -> None:
    squeeze = zlib.compressobj(wbits=31)
    bent = bytearray(squeeze.compress(PCAPNG) + squeeze.flush())
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(2, len(bent) - 1))
        bent[place] = data.draw(st.integers(0, 255))
    del bent[data.draw(st.integers(2, len(bent))) :]

    exhausted(bytes(bent))


times = st.integers(0, 2**64 - 1)
records = st.lists(
    st.tuples(st.binary(max_size=99), st.integers(0, 2**32 * 10**9 - 1), st.integers(0, 2**32 - 1)),
    max_size=9,
)


@given(records, st.sampled_from(["little", "big"]), st.booleans(), st.integers(0, 0xFFFF))
def test_pcap_reads_back_what_was_written(
    packets: list[tuple[bytes, int, int]], order: str, nanoseconds: bool, link_type: int
) -> None:
    file = io.BytesIO()
    writer = PcapWriter(file, link_type, nanoseconds=nanoseconds, order=order)
    for one in packets:
        writer.write(*one)

    capture = read_capture(io.BytesIO(file.getvalue()))
    found = [(one.octets, one.time_ns, one.length) for one in capture]

    step = 1 if nanoseconds else 1000
    assert found == [(octets, time // step * step, length) for octets, time, length in packets]
    assert capture.interfaces[0].link_type == link_type
    assert capture.error is None


def option_lists(*left_out: int) -> st.SearchStrategy[tuple[Option, ...]]:
    """Options of any kind but these, and but the mark of the end."""
    codes = st.integers(1, 0xFFFF).filter(lambda code: code not in left_out)
    return st.lists(st.builds(Option, codes, st.binary(max_size=20)), max_size=3).map(tuple)


def texts() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)


@st.composite
def files(draw: st.DrawFn) -> list[Block]:
    """Blocks of every kind in an order that makes sense."""
    order = draw(st.sampled_from(["little", "big"]))
    blocks: list[Block] = []
    for _ in range(draw(st.integers(1, 2))):
        blocks.append(Section(draw(option_lists()), order))
        here = [
            Interface(
                draw(st.integers(0, 0xFFFF)), draw(st.integers(0, 2**32 - 1)),
                (*draw(option_lists(9, 14)), Option(9, b"\x09")), number, order,
            )
            for number in range(draw(st.integers(1, 3)))
        ]  # fmt: skip
        blocks += here
        known = st.sampled_from(here)
        others: st.SearchStrategy[Block] = st.one_of(
            st.builds(Captured, st.binary(max_size=40), times, st.integers(0, 2**32 - 1), known,
                      option_lists()),
            st.builds(Statistics, known, times, option_lists()),
            st.builds(Names, st.lists(st.builds(
                NameRecord, st.just(1), st.binary(min_size=4, max_size=4),
                st.lists(texts(), min_size=1, max_size=3).map(tuple),
            ), max_size=2).map(tuple), option_lists()),
            st.builds(Custom, st.integers(0, 2**32 - 1), st.just(b"data"), st.booleans(),
                      st.just(order)),
            st.builds(Other, st.sampled_from([10, 11, 0x8000_0001]), st.just(b"body"),
                      st.just(order)),
        )  # fmt: skip
        blocks += draw(st.lists(others, max_size=8))
    return blocks


@given(files(), st.sampled_from([None, "gzip"]))
def test_pcapng_reads_back_what_was_written(blocks: list[Block], compression: str | None) -> None:
    file = io.BytesIO()
    with CaptureWriter(file, compression=compression) as writer:  # type: ignore[arg-type]
        for block in blocks:
            writer.add(block)

    capture = read_capture(io.BytesIO(file.getvalue()))

    assert list(capture.blocks()) == blocks
    assert capture.error is None
    assert capture.compression == compression
