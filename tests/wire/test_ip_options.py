"""IPv4 options, on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError
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
)

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")

# One table, read in both directions; the octets are laid out by hand from RFC 791 §3.1
# and RFC 2113 §2.1, without the padding at the end.
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
    pytest.param((RouterAlert(0),), "94 04 00 00", id="router alert"),
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
    ],
)
def test_refuses_what_does_not_fit(options: tuple[Option, ...]) -> None:
    with pytest.raises(BuildError, match="IPv4 options"):
        encode(*options)
