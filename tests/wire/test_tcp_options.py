"""TCP options, on the wire and off it."""

import pytest

from rawkit.errors import BuildError
from rawkit.wire.tcp_options import (
    Authentication,
    End,
    FastOpen,
    Malformed,
    MaximumSegmentSize,
    Md5,
    Multipath,
    NoOperation,
    Option,
    Other,
    Sack,
    SackPermitted,
    Subtype,
    Timestamps,
    UserTimeout,
    WindowScale,
    decode,
    encode,
)

# One table, read in both directions; the octets are laid out by hand from RFC 9293 §3.2,
# RFC 7323 §2 and §3, RFC 2018 §2 and §3, RFC 2385 §3, RFC 5482 §3, RFC 5925 §2.2, RFC 7413
# §4.1 and App. A, RFC 8684 §3.1; that of Fast Open by experiment is Linux's, too.
VECTORS = [
    pytest.param((NoOperation(), End(b"\xaa\0")), "01 00 aa 00", id="end, and what follows"),
    pytest.param((MaximumSegmentSize(1460),), "02 04 05b4", id="maximum segment size"),
    pytest.param((NoOperation(), WindowScale(7)), "01 03 03 07", id="window scale"),
    pytest.param((NoOperation(), NoOperation(), SackPermitted()), "01 01 04 02", id="SACK is fine"),
    pytest.param(
        (NoOperation(), NoOperation(), Sack(((1, 2), (0xFFFFFFFF, 0)))),
        "01 01 05 12 00000001 00000002 ffffffff 00000000",
        id="SACK",
    ),
    pytest.param(
        (NoOperation(), NoOperation(), Timestamps(5, 6)),
        "01 01 08 0a 00000005 00000006",
        id="timestamps",
    ),
    pytest.param(
        (NoOperation(), NoOperation(), Md5(bytes(range(16)))),
        "01 01 13 12 000102030405060708090a0b0c0d0e0f",
        id="MD5",
    ),
    pytest.param((UserTimeout(300),), "1c 04 012c", id="user timeout in seconds"),
    pytest.param((UserTimeout(5, minutes=True),), "1c 04 8005", id="user timeout in minutes"),
    pytest.param(
        (Authentication(61, 84, bytes.fromhex("2ee437c6f8ede6d7c4d602e7")),),
        "1d 10 3d 54 2ee437c6 f8ede6d7 c4d602e7",
        id="TCP-AO (RFC 9235 §4.1.1)",
    ),
    pytest.param((Authentication(1, 2, b""),), "1d 04 01 02", id="TCP-AO without a code"),
    pytest.param(
        (Multipath(Subtype.CAPABLE, 1, b"\x81" + bytes(8)),),
        "1e 0c 01 81 0000000000000000",
        id="multipath, capable, version 1",
    ),
    pytest.param(
        (Multipath(15, 15), Multipath(15, 15, b"a"), NoOperation()),
        "1e03ff 1e04ff61 01",
        id="multipath",
    ),
    pytest.param(
        (FastOpen(), NoOperation(), NoOperation()), "22 02 01 01", id="a cookie asked for"
    ),
    pytest.param((FastOpen(b"cookie8!"), FastOpen()), "220a636f6f6b69653821 2202", id="a cookie"),
    pytest.param(
        (FastOpen(b"cook", experimental=True),), "fe 08 f989 636f6f6b", id="an experimental cookie"
    ),
    pytest.param((FastOpen(experimental=True),), "fe 04 f989", id="an experimental request"),
    pytest.param((Other(253, b"abcdef"),), "fd 08 616263646566", id="other"),
]


@pytest.mark.parametrize(("options", "octets"), VECTORS)
def test_encodes_to(options: tuple[Option, ...], octets: str) -> None:
    data = bytes.fromhex(octets)

    assert encode(*options) == data + bytes(-len(data) % 4)


@pytest.mark.parametrize(("options", "octets"), VECTORS)
def test_decodes_from(options: tuple[Option, ...], octets: str) -> None:
    assert decode(bytes.fromhex(octets)) == options


def test_encoding_pads_to_whole_words() -> None:
    assert encode(WindowScale(7)) == bytes.fromhex("03 03 07 00")


@pytest.mark.parametrize(
    ("octets", "options"),
    [
        ("02 03 05", (Other(2, b"\x05"),)),
        ("03 04 0101", (Other(3, b"\1\1"),)),
        ("04 03 01", (Other(4, b"\1"),)),
        ("05 02", (Other(5),)),
        ("05 06 00000000", (Other(5, bytes(4)),)),
        ("08 06 00000000", (Other(8, bytes(4)),)),
        ("13 04 0000", (Other(19, b"\0\0"),)),
        ("1c 03 00", (Other(28, b"\0"),)),
        ("1d 03 00", (Other(29, b"\0"),)),
        ("1e 02", (Other(30),)),
        ("22 05 616263", (Other(34, b"abc"),)),
        ("22 14" + "61" * 18, (Other(34, b"a" * 18),)),
        ("fe 04 f98a", (Other(254, b"\xf9\x8a"),)),
        ("fe 07 f989 616263", (Other(254, b"\xf9\x89abc"),)),
        ("01 02 00", (NoOperation(), Malformed(b"\x02\0"))),
        ("02 01", (Malformed(b"\x02\x01"),)),
        ("02 05 0000", (Malformed(bytes.fromhex("02050000")),)),
        ("02", (Malformed(b"\x02"),)),
    ],
)
def test_what_makes_no_sense_is_kept(octets: str, options: tuple[Option, ...]) -> None:
    assert decode(bytes.fromhex(octets)) == options


@pytest.mark.parametrize(
    "options",
    [
        (MaximumSegmentSize(65536),),
        (WindowScale(256),),
        (Timestamps(-1),),
        (Sack(((1, 1 << 32),)),),
        (Other(1000),),
        (Md5(bytes(15)),),
        (UserTimeout(32768),),
        (UserTimeout(-1),),
        (Authentication(256, 1),),
        (Authentication(1, 256),),
        (Authentication(1, 1, bytes(40)),),
        (Multipath(16),),
        (Multipath(0, 16),),
        (FastOpen(b"abc"),),
        (FastOpen(bytes(18)),),
        (Sack(((1, 2),) * 4), MaximumSegmentSize(1), Timestamps(1)),
    ],
)
def test_refuses_what_does_not_fit(options: tuple[Option, ...]) -> None:
    with pytest.raises(BuildError, match="TCP options"):
        encode(*options)
