"""What is done quickly gives what is done step by step."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.wire.dissect import dissect
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.verify import verdict
from rawkit.wire.verify_frame import verdict_on
from tests.properties.strategies import frames, ipv4s, payloads, tcps, u8, u13, u16, udps

numbers = st.none() | u16
odd_ipv4s = st.builds(
    lambda ip, length, checksum, offset, trailer: replace(
        ip, total_length=length, checksum=checksum, fragment_offset=offset, trailer=trailer
    ),
    ipv4s,
    numbers,
    numbers,
    st.just(0) | u13,
    st.just(b"") | payloads,
)
odd_tcps = st.builds(
    lambda segment, offset, checksum: replace(segment, data_offset=offset, checksum=checksum),
    tcps,
    st.none() | st.integers(0, 15),
    numbers,
)


odd_udps = st.builds(
    lambda datagram, length, checksum, trailer: replace(
        datagram, length=length, checksum=checksum, trailer=trailer
    ),
    udps,
    numbers,
    numbers,
    st.just(b"") | payloads,
)
some_frames = st.builds(
    Ethernet,
    st.just(bytes(6)) | st.binary(max_size=7),
    st.just(bytes(range(6))),
    st.none() | u16,
)


@given(
    st.none() | some_frames,
    ipv4s | odd_ipv4s,
    tcps | udps | odd_tcps | odd_udps,
    payloads,
    st.none() | u8,
)
def test_headers_packed_at_once_are_as_packed_one_after_the_other(
    frame: Ethernet | None, ip: IPv4, inner: Header, payload: bytes, protocol: int | None
) -> None:
    ip = replace(ip, protocol=protocol)
    packet = ip / inner / payload if frame is None else frame / ip / inner / payload

    def one_by_one() -> bytes:
        linked = ip.carrying(inner)
        octets = linked.pack(inner.pack(payload, linked.covering(None)))
        return octets if frame is None else frame.carrying(linked).pack(octets)

    assert outcome(lambda: bytes(packet)) == outcome(one_by_one)
    assert outcome(lambda: bytes(Packet(packet.headers, payload))) == outcome(one_by_one)


wrong = st.sampled_from([-1, 1 << 32, None, "text", 1.5])


@given(
    ipv4s,
    tcps,
    st.sampled_from(["src", "dst", "ttl", "dscp", "ecn", "identification", "fragment_offset"]),
    st.sampled_from(["src_port", "dst_port", "sequence", "flags", "window", "urgent", "reserved"]),
    wrong,
    st.booleans(),
)
def test_what_does_not_fit_two_headers_packed_at_once_is_refused_as_ever(
    ip: IPv4, segment: TCP, of_ip: str, of_segment: str, value: int, outer: bool
) -> None:
    changed = {of_ip: value} if outer else {of_segment: value}
    headers = (replace(ip, **changed), segment) if outer else (ip, replace(segment, **changed))
    packet = Packet((headers[0].carrying(segment), headers[1]))

    def one_by_one() -> bytes:
        return packet.headers[0].pack(packet.headers[1].pack(b"", packet.headers[0]))

    assert outcome(lambda: bytes(packet)) == outcome(one_by_one)
    assert outcome(lambda: bytes(headers[0] / headers[1])) == outcome(one_by_one)


def build_frame(macs: bytes, ip: IPv4, inner: Header, payload: bytes, trailer: bytes) -> bytes:
    frame = Ethernet(macs[:6], macs[6:]) / replace(ip, trailer=trailer) / inner / payload
    return bytes(frame)


usual_frames = st.builds(
    build_frame,
    st.sampled_from([bytes(12), bytes(range(12))]),
    ipv4s,
    tcps | udps | odd_tcps,
    payloads,
    st.just(b"") | payloads,
)


@st.composite
def damaged_frames(draw: st.DrawFn, whole: st.SearchStrategy[bytes] = usual_frames) -> bytes:
    octets = bytearray(draw(whole))
    for place in draw(st.lists(st.integers(12, min(60, len(octets) - 1)), max_size=3)):
        octets[place] = draw(u8)
    return bytes(octets[: draw(st.integers(0, len(octets)) | st.just(len(octets)))])


@given(usual_frames | damaged_frames() | frames.map(bytes) | st.binary(max_size=80))
def test_a_frame_read_in_one_go_is_what_it_is_header_after_header(octets: bytes) -> None:
    one, other = dissect_frame(octets), dissect(octets, first=Ethernet.parse)

    assert one == other
    assert str(one.error) == str(other.error)
    assert repr(one.headers) == repr(other.headers)  # what equality leaves out as well
    assert list(map(type, one.headers)) == list(map(type, other.headers))
    assert type(one.payload) is bytes


@given(usual_frames | damaged_frames() | damaged_frames(frames.map(bytes)) | frames.map(bytes))
def test_a_checksum_looked_at_in_one_go_has_the_verdict_of_one_header_after_the_other(
    octets: bytes,
) -> None:
    packet = dissect_frame(octets)

    assert verdict_on(octets, packet) is verdict(packet)


def outcome(pack: Callable[[], bytes]) -> bytes | str:
    try:
        return pack()
    except BuildError as error:
        return str(error)
