"""What is done quickly gives what is done step by step."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP
from tests.properties.strategies import ipv4s, payloads, tcps, u13, u16

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


@given(ipv4s | odd_ipv4s, tcps | odd_tcps, payloads)
def test_two_headers_packed_at_once_are_as_packed_one_after_the_other(
    ip: IPv4, segment: TCP, payload: bytes
) -> None:
    ip = ip.carrying(segment)

    assert bytes(ip / segment / payload) == ip.pack(segment.pack(payload, ip))


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
    headers = replace(ip, **{of_ip: value}) if outer else ip, segment
    if not outer:
        headers = ip, replace(segment, **{of_segment: value})
    packet = Packet((headers[0].carrying(segment), headers[1]))

    assert said_by(lambda: bytes(packet)) == said_by(
        lambda: packet.headers[0].pack(packet.headers[1].pack(b"", packet.headers[0]))
    )


def said_by(pack: Callable[[], bytes]) -> str:
    try:
        pack()
    except BuildError as error:
        return str(error)
    return "nothing"
