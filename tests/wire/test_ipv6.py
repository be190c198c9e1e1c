"""The IPv6 header, on the wire and off it."""

from ipaddress import IPv6Address

import pytest

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.wire import icmpv6
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.udp import UDP

A, B = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
ADDRESSES = "2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000 0000 0000 0000 0002"

# One table, read in both directions; the octets are laid out by hand from RFC 8200 §3.
VECTORS = [
    pytest.param(
        IPv6(A, B, 17, payload_length=0), f"6000 0000 0000 1140 {ADDRESSES}", id="header only"
    ),
    pytest.param(
        IPv6(A, B, 59, hop_limit=255, dscp=63, ecn=3, flow_label=0xFFFFF, payload_length=0),
        f"6fff ffff 0000 3bff {ADDRESSES}",
        id="field limits",
    ),
    pytest.param(
        IPv6(A, B, 58, dscp=46, ecn=1, flow_label=0x12345, payload_length=65535),
        f"6b91 2345 ffff 3a40 {ADDRESSES}",
        id="a length that is not true",
    ),
]


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_packs_to(header: IPv6, octets: str) -> None:
    assert header.pack() == bytes.fromhex(octets)


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_parses_from(header: IPv6, octets: str) -> None:
    parsed, payload = IPv6.parse(memoryview(bytes.fromhex(octets)))

    assert (parsed, parsed.payload_length) == (header, header.payload_length)
    assert not payload


def test_octets_beyond_the_payload_length_are_the_trailer() -> None:
    octets = IPv6(A, B, 200).pack(b"hi") + b"PADDING"

    header, payload = IPv6.parse(memoryview(octets))

    assert (bytes(payload), header.trailer) == (b"hi", b"PADDING")
    assert header.pack(bytes(payload)) == octets


def test_ttl_and_traffic_class_are_named_as_in_ipv4() -> None:
    header = IPv6(A, B, hop_limit=9, dscp=46, ecn=1)

    assert (header.ttl, header.traffic_class) == (9, 0xB9)


def test_what_is_inside_names_the_next_header_unless_it_is_set() -> None:
    assert (IPv6(A, B) / UDP(1, 2))[IPv6].next_header == 17
    assert (IPv6(A, B) / icmpv6.EchoRequest(1, 2))[IPv6].next_header == 58
    assert (IPv6(A, B, 99) / UDP(1, 2))[IPv6].next_header == 99


def test_a_scoped_address_goes_out_without_its_scope() -> None:
    octets = bytes(IPv6(IPv6Address("fe80::1%lo"), B) / UDP(1, 2))

    assert dissect_ip(octets)[IPv6].src == IPv6Address("fe80::1")


@pytest.mark.parametrize("size", [0, 39])
def test_refuses_a_short_header(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 40"):
        IPv6.parse(memoryview(bytes(size)))


def test_refuses_another_version() -> None:
    with pytest.raises(ParseError, match="version field says 4"):
        IPv6.parse(memoryview(b"\x45" + bytes(39)))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (IPv6(A, B), "next_header is unset"),
        (IPv6(A, B, 17, hop_limit=256), "hop_limit=256"),
        (IPv6(A, B, 17, dscp=64), "dscp=64"),
        (IPv6(A, B, 17, ecn=4), "ecn=4"),
        (IPv6(A, B, 17, flow_label=1 << 20), "flow_label=1048576"),
        (IPv6(A, B, 17, flow_label=-1), "flow_label=-1"),
        (IPv6(A, B, 17, payload_length=65536), "payload_length=65536"),
    ],
)
def test_refuses_a_value_that_does_not_fit(header: IPv6, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        header.pack()


def test_refuses_a_payload_that_no_length_field_can_count() -> None:
    with pytest.raises(BuildError, match="IPv6"):
        IPv6(A, B, 17).pack(bytes(65536))
