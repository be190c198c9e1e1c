"""The IPv4 header, on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.wire.dissect import dissect
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.udp import UDP

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")

# One table, read in both directions; the octets are laid out by hand from RFC 791 §3.1.
VECTORS = [
    pytest.param(
        IPv4(A, B, 17, total_length=20, checksum=0xB6D5),
        "4500 0014 0000 4000 4011 b6d5 c000 0201 c000 0202",
        id="header only",
    ),
    pytest.param(
        IPv4(
            A, B, 1, ttl=255, dscp=63, ecn=3, identification=0xFFFF, dont_fragment=False,
            more_fragments=True, fragment_offset=0x1FFF, options=bytes.fromhex("9404 0000"),
            reserved=True, total_length=24, checksum=0xE1DD,
        ),
        "46ff 0018 ffff bfff ff01 e1dd c000 0201 c000 0202 9404 0000",
        id="field limits and a router alert",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_packs_to(header: IPv4, octets: str) -> None:
    assert header.pack() == bytes.fromhex(octets)


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_computes_length_and_checksum(header: IPv4, octets: str) -> None:
    assert header.recomputed().pack() == bytes.fromhex(octets)


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_parses_from(header: IPv4, octets: str) -> None:
    parsed, payload = IPv4.parse(memoryview(bytes.fromhex(octets)))

    assert parsed == header
    assert (parsed.total_length, parsed.checksum) == (header.total_length, header.checksum)
    assert not payload


def test_octets_beyond_the_total_length_are_the_trailer() -> None:
    octets = IPv4(A, B, 200).pack(b"hi") + b"PADDING"

    header, payload = IPv4.parse(memoryview(octets))

    assert (bytes(payload), header.trailer) == (b"hi", b"PADDING")
    assert header.pack(bytes(payload)) == octets


def test_the_trailer_counts_neither_in_the_length_nor_in_a_checksum() -> None:
    plain, padded = IPv4(A, B) / UDP(1, 2) / b"hi", IPv4(A, B, trailer=b"PAD") / UDP(1, 2) / b"hi"

    assert bytes(padded) == bytes(plain) + b"PAD"


def test_a_quote_shorter_than_announced_is_all_payload() -> None:
    octets = IPv4(A, B, 200).pack(bytes(100))[:28]

    header, payload = IPv4.parse(memoryview(octets))

    assert (header.total_length, len(payload), header.trailer) == (120, 8, b"")


def test_the_traffic_class_is_dscp_and_ecn_in_one_octet() -> None:
    assert IPv4(A, B, dscp=46, ecn=1).traffic_class == 0xB9


def test_what_is_inside_names_the_protocol_unless_it_is_set() -> None:
    assert (IPv4(A, B) / UDP(1, 2))[IPv4].protocol == 17
    assert (IPv4(A, B, 99) / UDP(1, 2))[IPv4].protocol == 99
    assert (IPv4(A, B) / IPv4(B, A, 17))[IPv4].protocol == 4


def test_a_given_length_and_checksum_go_out_as_they_are() -> None:
    octets = bytes(IPv4(A, B, 17, total_length=999, checksum=0xDEAD) / b"hi")

    assert (octets[2:4], octets[10:12]) == (b"\x03\xe7", b"\xde\xad")


@pytest.mark.parametrize("size", [0, 1, 19])
def test_refuses_a_short_header(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 20"):
        IPv4.parse(memoryview(bytes(size)))


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("6500 0014", "version field says 6"),
        ("4400 0014", "header length 16"),
        ("4600 0014", "header length 24"),
        ("4500 0013", "total length 19"),
    ],
)
def test_refuses_lengths_that_cannot_be(start: str, words: str) -> None:
    octets = bytes.fromhex(start) + bytes(16)

    with pytest.raises(ParseError, match=words):
        IPv4.parse(memoryview(octets))
    assert dissect(octets).payload == octets


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (IPv4(A, B), "protocol is unset"),
        (IPv4(A, B, 17, ttl=256), "ttl=256"),
        (IPv4(A, B, 17, ttl=-1), "ttl=-1"),
        (IPv4(A, B, 256), "protocol=256"),
        (IPv4(A, B, 17, dscp=64), "dscp=64"),
        (IPv4(A, B, 17, ecn=4), "ecn=4"),
        (IPv4(A, B, 17, ecn=-1), "ecn=-1"),
        (IPv4(A, B, 17, identification=65536), "identification=65536"),
        (IPv4(A, B, 17, fragment_offset=8192), "fragment_offset=8192"),
        (IPv4(A, B, 17, fragment_offset=-1), "fragment_offset=-1"),
        (IPv4(A, B, 17, options=b"\1"), "1 octets of options"),
        (IPv4(A, B, 17, options=bytes(44)), "44 octets of options"),
        (IPv4(A, B, 17, total_length=65536), "total_length=65536"),
    ],
)
def test_refuses_a_value_that_does_not_fit(header: IPv4, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        header.pack()


def test_refuses_a_payload_that_no_length_field_can_count() -> None:
    with pytest.raises(BuildError, match="IPv4"):
        IPv4(A, B, 17).pack(bytes(65516))


def test_refuses_an_address_that_is_text() -> None:
    header = IPv4("192.0.2.1", B, protocol=1)  # type: ignore[arg-type]  # that it is refused is the point

    with pytest.raises(BuildError):
        header.pack()
