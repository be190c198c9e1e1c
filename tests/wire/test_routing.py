"""Routing headers of IPv6 as values."""

from ipaddress import IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import Routing, RoutingKind
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.routing import (
    HomeRoute,
    Route,
    RplRoute,
    SegmentRoute,
    SourceRoute,
    decode,
    encode,
    through,
)
from rawkit.wire.segment_objects import (
    Hmac,
    Malformed,
    Object,
    Other,
    Pad1,
    PadN,
    decode_objects,
    digest,
    encode_objects,
)
from rawkit.wire.udp import UDP

A, B, C, D = (IPv6Address(f"2001:db8::{last}") for last in "1234")
HEX = {one: one.packed.hex() for one in (A, B, C, D)}
FAR = IPv6Address("2001:db8:0:7::9")

# One table, read in both directions; the octets behind "segments left" are laid out by hand
# from RFC 8200 §4.4 (as RFC 2460 had type 0), RFC 6275 §6.4, RFC 6554 §3, RFC 8754 §2.
VECTORS = [
    pytest.param(SourceRoute((B, C)), 0, 2, "00000000" + HEX[B] + HEX[C], id="type 0"),
    pytest.param(SourceRoute((), 7), 0, 0, "00000007", id="type 0 without stations"),
    pytest.param(HomeRoute(C, 9), 2, 1, "00000009" + HEX[C], id="type 2"),
    pytest.param(
        RplRoute((b"\3", b"\4"), 15, bytes(6)), 3, 2, "ff60 0000 03 04" + "00" * 6, id="type 3"
    ),
    pytest.param(
        RplRoute((C.packed[8:], D.packed[4:]), 8, b"pad!", 0xABCDE),
        3,
        2,
        "844abcde" + HEX[C][16:] + HEX[D][8:] + "70616421",
        id="type 3, other lengths, reserved bits",
    ),
    pytest.param(RplRoute((D.packed,)), 3, 1, "0000 0000" + HEX[D], id="type 3, nothing shared"),
    pytest.param(
        RplRoute((b"\4",), 5, bytes(7)), 3, 1, "5f70 0000 04" + "00" * 7, id="type 3, one address"
    ),
    pytest.param(SegmentRoute((D, B)), 4, 1, "01 00 0000" + HEX[D] + HEX[B], id="type 4"),
    pytest.param(
        SegmentRoute((D,), 0xAA, 0xBEEF, (Hmac(7, b"\1" * 32, True, 5), Other(124, b"abcdef"))),
        4,
        0,
        "00 aa beef" + HEX[D] + "05 26 8005 00000007" + "01" * 32 + "7c 06 616263646566",
        id="type 4 with objects",
    ),
]


@pytest.mark.parametrize(("route", "kind", "left", "octets"), VECTORS)
def test_encodes_to(route: Route, kind: int, left: int, octets: str) -> None:
    assert encode(route) == Routing(kind, left, bytes.fromhex(octets))
    assert encode(route, segments_left=77).segments_left == 77


@pytest.mark.parametrize(("route", "kind", "left", "octets"), VECTORS)
def test_decodes_from(route: Route, kind: int, left: int, octets: str) -> None:
    assert decode(Routing(kind, left, bytes.fromhex(octets))) == route


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        pytest.param(0, "00000000" + "00" * 12, id="type 0, an address cut short"),
        pytest.param(0, "", id="type 0, nothing"),
        pytest.param(2, "00000000", id="type 2 without address"),
        pytest.param(2, "00000000" + "00" * 32, id="type 2 with two"),
        pytest.param(3, "0000 0000", id="type 3 without address"),
        pytest.param(3, "00f0 0000" + "00" * 16, id="type 3, more padding than octets"),
        pytest.param(3, "0f00 0000" + "00" * 12, id="type 3, an address cut short"),
        pytest.param(4, "01 00 0000" + "00" * 16, id="type 4, fewer segments than said"),
        pytest.param(77, "00000000" + "00" * 16, id="an unknown type"),
    ],
)
def test_what_makes_no_sense_is_no_route(kind: int, octets: str) -> None:
    assert decode(Routing(kind, 1, bytes.fromhex(octets))) is None


def test_addresses_are_made_as_short_as_they_can_be() -> None:
    route = RplRoute.of((C, FAR, D), B)

    assert route == RplRoute((C.packed[7:], FAR.packed[7:], b"\4"), 7, bytes(5))
    assert route.stations(B) == (C, FAR, D)
    assert RplRoute.of((B,), B) == RplRoute((b"\2",), 0, bytes(7)), "an octet must be there"
    assert encode(route).data == bytes.fromhex(
        "7f50 0000" + HEX[C][14:] + FAR.packed[7:].hex() + "04" + "00" * 5
    )


@pytest.mark.parametrize("kind", RoutingKind)
def test_the_way_through_stations_ends_at_the_destination(kind: RoutingKind) -> None:
    stations = (B,) if kind is RoutingKind.MOBILE else (B, C)

    first, header = through(*stations, destination=D, kind=kind)
    packet = IPv6(A, first) / header / UDP(1, 2) / b"hi"

    assert first == B
    assert header.segments_left == len(stations)
    assert header.final_destination(first) == D
    assert bytes(packet)[-10:] == bytes(IPv6(A, D) / UDP(1, 2) / b"hi")[-10:]
    assert dissect_ip(bytes(packet)) == packet


@pytest.mark.parametrize(
    ("stations", "kind", "words"),
    [((), 4, "0 stations"), ((B, C), 2, "2 stations"), ((B,), 5, "no way to write kind 5")],
)
def test_there_are_ways_that_cannot_be_written(
    stations: tuple[IPv6Address, ...], kind: int, words: str
) -> None:
    with pytest.raises(BuildError, match=words):
        through(*stations, destination=D, kind=kind)


@pytest.mark.parametrize(
    "route",
    [
        SourceRoute((A,), 1 << 32),
        HomeRoute(A, -1),
        RplRoute((b"",)),
        RplRoute((b"a", b"b")),
        RplRoute((b"a",), 16),
        RplRoute((b"a",), 0, bytes(16)),
        RplRoute((b"a",), 0, b"", 1 << 20),
        SegmentRoute(()),
        SegmentRoute((A,) * 257),
        SegmentRoute((A,), 256),
        SegmentRoute((A,), 0, 65536),
        SegmentRoute((A,), objects=(Hmac(1 << 32),)),
        SegmentRoute((A,), objects=(Hmac(1, reserved=0x8000),)),
        SegmentRoute((A,), objects=(Hmac(1, bytes(250)),)),
        SegmentRoute((A,), objects=(Other(256),)),
        SegmentRoute((A,), objects=(PadN(bytes(256)),)),
    ],
)
def test_refuses_what_does_not_fit(route: Route) -> None:
    with pytest.raises(BuildError, match="Routing"):
        encode(route)


OBJECTS = [
    pytest.param(
        (Pad1(), Pad1(), PadN(b"\0\xaa"), Pad1(), Pad1()), "0000 04 02 00aa 0000", id="pads"
    ),
    pytest.param((PadN(bytes(6)),), "04 06 000000000000", id="eight octets"),
    pytest.param((Other(200, b"abcd"), PadN()), "c8 04 61626364 04 00", id="other"),
    pytest.param((Other(5, b"12345"), Pad1()), "05 05 3132333435 00", id="an HMAC cut short"),
    pytest.param((Malformed(b"\5\7" + bytes(6)),), "05 07 000000000000", id="a length runs wild"),
    pytest.param((PadN(bytes(5)), Malformed(b"\7")), "04 05 0000000000 07", id="a lone type"),
]


@pytest.mark.parametrize(("objects", "octets"), OBJECTS)
def test_objects_are_read_and_written(objects: tuple[Object, ...], octets: str) -> None:
    data = bytes.fromhex(octets)

    assert decode_objects(data) == objects
    assert encode_objects(*objects) == data


def test_objects_are_padded_to_eight_octets() -> None:
    assert encode_objects(Other(9, b"abcd")) == bytes.fromhex("0904 61626364 0400")
    assert encode_objects(Other(9, b"abcde")) == bytes.fromhex("0905 6162636465 00")
    assert encode_objects() == b""


@pytest.mark.parametrize(
    ("flags", "segments", "key_id"), [(256, (A,), 1), (0, (), 1), (0, (A,), -1)]
)
def test_the_digest_is_of_what_fits(
    flags: int, segments: tuple[IPv6Address, ...], key_id: int
) -> None:
    with pytest.raises(BuildError, match="Routing"):
        digest(A, flags, segments, key_id, b"secret")


def test_a_short_route_has_an_address() -> None:
    with pytest.raises(BuildError, match="one address, at least"):
        RplRoute.of((), B)


def test_the_digest_covers_the_source_the_flags_and_the_segments() -> None:
    """RFC 8754 §2.1.2.1; tests/netns/test_segments.py has the kernel's to compare."""
    covered = A.packed + bytes((1, 0)) + bytes((0, 0, 0, 7)) + D.packed + B.packed
    import hashlib
    import hmac

    expected = hmac.new(b"secret", covered, hashlib.sha256).digest()

    assert digest(A, 0, (D, B), 7, b"secret") == expected
    assert digest(A, 0, (D, B), 7, b"secret", "sha1")[20:] == bytes(12)
