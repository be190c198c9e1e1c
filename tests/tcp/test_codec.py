"""Segments to packets and back: the quick way agrees with the headers of rawkit.wire."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.tcp.codec import Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.packets import packet_of, segment_of
from rawkit.tcp.segment import ACK, CWR, FIN, PSH, SYN, WRAP, Segment, parts_of
from rawkit.wire.dissect import dissect_ip

V4 = Flow(IPv4Address("192.0.2.1"), 40000, IPv4Address("192.0.2.2"), 80)
V6 = Flow(IPv6Address("2001:db8::1"), 40000, IPv6Address("2001:db8::2"), 80)
FLOWS = pytest.mark.parametrize("flow", [V4, V6], ids=["IPv4", "IPv6"])
NUMBERS = st.integers(0, WRAP)
SEGMENTS = st.builds(
    Segment,
    *(st.integers(0, 0xFF), NUMBERS, NUMBERS, st.integers(0, 0xFFFF)),
    st.integers(0, 10).map(lambda words: bytes((1,)) * 4 * words),
    st.binary(max_size=50),
    *(st.integers(0, 0xFFFF), st.integers(0, 3)),
)


def back(flow: Flow) -> Flow:
    return Flow(flow.remote, flow.remote_port, flow.local, flow.local_port)


@FLOWS
@settings(max_examples=60)
@given(segment=SEGMENTS)
def test_both_ways_to_octets_agree(flow: Flow, segment: Segment) -> None:
    assert Writer(flow).pack(segment) == bytes(packet_of(flow, segment))


@FLOWS
@settings(max_examples=60)
@given(segment=SEGMENTS)
def test_what_was_packed_reads_back_equal(flow: Flow, segment: Segment) -> None:
    octets = Writer(flow).pack(segment)

    assert Reader(takes_unfinished=False).read(octets) == (back(flow).key, segment)
    assert segment_of(dissect_ip(octets)) == (back(flow), segment)


@FLOWS
@settings(max_examples=60)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_wrong_bit_is_noticed(flow: Flow, place: int, bit: int) -> None:
    octets = bytearray(Writer(flow).pack(Segment(ACK, 1, 2, 3, b"", b"some octets")))
    place %= len(octets)
    octets[place] ^= 1 << bit
    unseen = flow.version == 6 and (place < 4 or place == 7)  # IPv6 has no checksum of its own

    found = Reader(takes_unfinished=False).read(octets)

    assert found is None or unseen


@settings(max_examples=100)
@given(octets=st.binary(max_size=100))
def test_octets_of_any_kind_raise_nothing(octets: bytes) -> None:
    Reader().read(octets)
    Reader().read(b"\x45" + octets)
    Reader().read(b"\x60" + octets, verified=True)


@FLOWS
def test_a_checksum_that_is_left_to_hardware_is_known_by_its_sum(flow: Flow) -> None:
    segment = Segment(ACK, 1, 2, 3, b"", b"some octets")
    octets = Writer(flow).head(segment, partial=True) + segment.payload
    reader, strict = Reader(), Reader(takes_unfinished=False)

    assert reader.read(octets) == (back(flow).key, segment)
    assert (reader.unfinished, reader.bad) == (1, 0)
    assert strict.read(octets) is None
    assert strict.bad == 1


def test_ip_options_and_padding_are_passed_over() -> None:
    octets = bytearray(Writer(V4).pack(Segment(SYN, 7)))
    octets[20:20] = bytes((1, 1, 1, 0))
    octets[0] = 0x46
    octets[2:4] = len(octets).to_bytes(2, "big")
    reader = Reader()

    assert reader.read(bytes(octets) + b"padding", verified=True) == (back(V4).key, Segment(SYN, 7))


@pytest.mark.parametrize("fragment", [0x2000, 0x0001], ids=["more follow", "not the first"])
def test_fragments_are_left_out(fragment: int) -> None:
    octets = bytearray(Writer(V4).pack(Segment(SYN, 7)))
    octets[6:8] = fragment.to_bytes(2, "big")
    reader = Reader()

    assert reader.read(bytes(octets), verified=True) is None
    assert reader.strange == 1


def test_a_large_segment_is_cut_as_a_link_does_it() -> None:
    large = Segment(
        ACK | PSH | FIN | CWR, WRAP - 9, 5, 7, b"", b"a" * 10 + b"b" * 10 + b"c", cut=10
    )

    first, second, third = parts_of(large)

    assert (first.flags, first.payload) == (ACK | CWR, b"a" * 10)
    assert (second.flags, second.payload) == (ACK, b"b" * 10)
    assert (third.flags, third.payload) == (ACK | PSH | FIN, b"c")
    assert [one.sequence - large.sequence for one in (first, second, third)] == [0, 10, 20]
