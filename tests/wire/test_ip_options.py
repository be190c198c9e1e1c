"""IPv4 options, on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect
from rawkit.wire.ip_options import (
    End,
    Malformed,
    NoOperation,
    Option,
    Other,
    RecordRoute,
    RouterAlert,
    SourceRoute,
    Stamp,
    Stamping,
    Timestamp,
    decode,
    encode,
    final_destination,
    in_later_fragments,
    through,
)
from rawkit.wire.ip_security import (
    BasicSecurity,
    CommercialSecurity,
    DatagramSecurity,
    ExtendedSecurity,
    Level,
    Tag,
)
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.quick_start import Function, QuickStart
from rawkit.wire.udp import UDP

A, B, C, D = (IPv4Address(f"192.0.2.{last}") for last in "1234")

# One table, read in both directions; the octets are laid out by hand from RFC 791 §3.1
# RFC 2113 §2.1, RFC 4782 §3.1, RFC 1108 §2 and §3 and FIPS 188, without the padding at the
# end.
VECTORS = [
    pytest.param((NoOperation(), NoOperation()), "01 01", id="no operation"),
    pytest.param((NoOperation(), End(b"\xaa\0")), "01 00 aa 00", id="end, and what follows"),
    pytest.param((RecordRoute(),), "07 27 04" + "00" * 36, id="a route to record"),
    pytest.param(
        (RecordRoute((A, B), 1),), "07 0f 0c c0000201 c0000202 00000000", id="a route half full"
    ),
    pytest.param((RecordRoute((A,), 0),), "07 07 08 c0000201", id="a route full"),
    pytest.param((RecordRoute((), 0),), "07 03 04", id="a route without room"),
    pytest.param(
        (SourceRoute((A, B), 1),), "83 0b 08 c0000201 c0000202", id="a loose route, one behind"
    ),
    pytest.param((SourceRoute((A,), 0, True),), "89 07 04 c0000201", id="a strict route"),
    pytest.param(
        (Timestamp(Stamping.TIMES, (Stamp(time=1), Stamp(time=0x80000002)), 1, 15),),
        "44 10 0d f0 00000001 80000002 00000000",
        id="times",
    ),
    pytest.param(
        (Timestamp(Stamping.ADDRESSES_AND_TIMES, (Stamp(A, 7),), 1),),
        "44 14 0d 01 c0000201 00000007 00000000 00000000",
        id="addresses and times",
    ),
    pytest.param(
        (Timestamp(Stamping.ASKED_ROUTERS, (Stamp(A, 7), Stamp(B))),),
        "44 14 0d 03 c0000201 00000007 c0000202 00000000",
        id="asked routers, one reached",
    ),
    pytest.param((RecordRoute((A,), 1, b"abcd"),), "07 0b 08 c0000201 61626364", id="rubbish"),
    pytest.param(
        (Timestamp(Stamping.TIMES, (Stamp(time=1),), 1, 0, b"abcd"),),
        "44 0c 09 00 00000001 61626364",
        id="rubbish in a timestamp",
    ),
    pytest.param((RouterAlert(0),), "94 04 00 00", id="router alert"),
    pytest.param(
        (QuickStart(Function.REQUEST, 5, 77, 0x3FFFFFFF),), "19 08 05 4d fffffffc", id="quick-start"
    ),
    pytest.param(
        (QuickStart(Function.REPORT, 15, 0, 1, 3),), "19 08 8f 00 00000007", id="rate report"
    ),
    pytest.param(
        (DatagramSecurity(0xF135, b"\0\1", b"AB", b"xyz"),),
        "82 0b f135 0001 4142 78797a",
        id="security of RFC 791",
    ),
    pytest.param((BasicSecurity(Level.SECRET, b"\x80"),), "82 04 5a 80", id="basic security"),
    pytest.param((BasicSecurity(Level.UNCLASSIFIED),), "82 03 ab", id="the shortest of them"),
    pytest.param(
        (ExtendedSecurity(1, b"abc"), ExtendedSecurity(2)),
        "85 06 01 616263 85 03 02",
        id="extended",
    ),
    pytest.param(
        (CommercialSecurity(3, (Tag(1, b"\0\5\xf0"), Tag(5))),),
        "86 0d 00000003 01 05 0005f0 05 02",
        id="CIPSO",
    ),
    pytest.param((CommercialSecurity(0xFFFFFFFF),), "86 06 ffffffff", id="CIPSO without tags"),
    pytest.param((Other(0x9E, b"abcd"), RouterAlert(1)), "9e 06 61626364 94 04 00 01", id="other"),
]


@pytest.mark.parametrize(("options", "octets"), VECTORS)
def test_decodes_from(options: tuple[Option, ...], octets: str) -> None:
    assert decode(bytes.fromhex(octets)) == options


@pytest.mark.parametrize(("options", "octets"), VECTORS)
def test_encodes_to(options: tuple[Option, ...], octets: str) -> None:
    data = bytes.fromhex(octets)

    assert encode(*options) == data + bytes(-len(data) % 4)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("07 08 04 00000000 00", id="a slot and a quarter"),
        pytest.param("07 07 05 00000000", id="a pointer between slots"),
        pytest.param("07 07 00 00000000", id="a pointer before the slots"),
        pytest.param("07 07 0c 00000000", id="a pointer behind the slots"),
        pytest.param("07 02", id="no pointer"),
        pytest.param("83 02", id="a source route without a pointer"),
        pytest.param("44 03 05", id="no flag"),
        pytest.param("44 04 05 02", id="an unknown flag"),
        pytest.param("44 08 05 01 00000000", id="half an entry"),
        pytest.param("94 03 00", id="half a value"),
        pytest.param("44 0c 05 03 c0000201 00000007", id="a time before its turn"),
        pytest.param("19 07 00 00 000000", id="half a nonce"),
        pytest.param("82 02", id="no level"),
        pytest.param("85 02", id="no format"),
        pytest.param("86 05 000000", id="half a domain"),
        pytest.param("86 07 00000001 01", id="half a tag"),
        pytest.param("86 09 00000001 01 04 00", id="a tag that runs wild"),
        pytest.param("86 08 00000001 01 01", id="a tag without its head"),
    ],
)
def test_an_option_that_makes_no_sense_is_kept_as_it_is(octets: str) -> None:
    data = bytes.fromhex(octets)

    assert decode(data) == (Other(data[0], data[2:]),)


@pytest.mark.parametrize("octets", ["07", "0700", "0701", "070f04", "9e05 aabb"])
def test_a_length_that_runs_wild_ends_the_reading(octets: str) -> None:
    data = bytes.fromhex(octets)

    assert decode(b"\1" + data) == (NoOperation(), Malformed(data))
    assert encode(Malformed(data)).startswith(data)


def test_nothing_means_nothing() -> None:
    assert decode(b"") == ()
    assert encode() == b""


@pytest.mark.parametrize(
    "options",
    [
        (RecordRoute(free=10),),
        (RecordRoute(), NoOperation(), NoOperation()),
        (SourceRoute((A,) * 10),),
        (RouterAlert(65536),),
        (RouterAlert(-1),),
        (Timestamp(0, (Stamp(time=1 << 32),)),),
        (Timestamp(0, overflow=16),),
        (Other(256),),
        (RecordRoute(free=2, rest=b"abcd"),),
        (QuickStart(rate=16),),
        (QuickStart(nonce=1 << 30),),
        (QuickStart(ttl=256),),
        (BasicSecurity(256),),
        (BasicSecurity(1, bytes(8)),),
        (DatagramSecurity(65536),),
        (DatagramSecurity(1, b"abc"),),
        (ExtendedSecurity(-1),),
        (CommercialSecurity(1 << 32),),
        (CommercialSecurity(1, (Tag(256),)),),
        (CommercialSecurity(1, (Tag(1, bytes(254)),)),),
    ],
)
def test_refuses_what_does_not_fit(options: tuple[Option, ...]) -> None:
    with pytest.raises(BuildError, match="IPv4 options"):
        encode(*options)


def test_the_way_through_stations_begins_at_the_first_of_them() -> None:
    dst, route = through(B, C, destination=D)

    assert (dst, route) == (B, SourceRoute((C, D)))
    assert through(B, destination=D, strict=True) == (B, SourceRoute((D,), strict=True))


def test_a_way_without_stations_is_none() -> None:
    with pytest.raises(BuildError, match="one station, at least"):
        through(destination=D)


ROUTES = [
    ((SourceRoute((C, D)),), D),
    ((NoOperation(), SourceRoute((C, D), visited=1, strict=True)), D),
    ((SourceRoute((C, D), visited=2),), None),
    ((RecordRoute(),), None),
    ((SourceRoute(()),), None),
    ((Other(131, b"\4abc"),), None),
    ((), None),
]


@pytest.mark.parametrize(("options", "final"), ROUTES)
def test_a_checksum_inside_covers_the_end_of_a_source_route(
    options: tuple[Option, ...], final: IPv4Address | None
) -> None:
    octets = bytes(IPv4(A, B, options=encode(*options)) / UDP(1, 2) / b"hi")
    ip, datagram = IPv4.parse(memoryview(octets))

    covered = IPv4(A, final or B).pseudo_header(len(datagram), 17) + bytes(datagram)

    assert final_destination(ip.options) == final
    assert internet_checksum(covered) == 0
    assert bytes(dissect(octets).replace(IPv4, dst=C)) == bytes(
        IPv4(A, C, options=encode(*options)) / UDP(1, 2) / b"hi"
    )


def test_later_fragments_have_the_options_whose_kind_says_so() -> None:
    options = encode(
        RecordRoute(free=1), NoOperation(), SourceRoute((D,)), RouterAlert(), BasicSecurity(0xAB)
    )

    assert in_later_fragments(options) == encode(
        SourceRoute((D,)), RouterAlert(), BasicSecurity(0xAB)
    )
    assert in_later_fragments(b"\x83\x09\4") == b"", "its length runs wild"
    assert in_later_fragments(b"\0\x94\4\0\0") == b"", "what is behind the end is none"
