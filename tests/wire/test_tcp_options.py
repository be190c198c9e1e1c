"""TCP options, on the wire and off it."""

import pytest

from rawkit.errors import BuildError
from rawkit.wire.tcp_options import (
    End,
    Malformed,
    MaximumSegmentSize,
    NoOperation,
    Option,
    Other,
    Sack,
    SackPermitted,
    Timestamps,
    WindowScale,
    decode,
    encode,
)

# One table, read in both directions; the octets are laid out by hand from RFC 9293 §3.2,
# RFC 7323 §2 and §3, RFC 2018 §2 and §3, without the padding at the end.
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
    pytest.param((Other(253, b"abcdef"),), "fd 08 616263646566", id="other"),
]


@pytest.mark.parametrize(("options", "octets"), VECTORS)
def test_encodes_to(options: tuple[Option, ...], octets: str) -> None:
    assert encode(*options) == bytes.fromhex(octets)


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
        (Sack(((1, 2),) * 4), MaximumSegmentSize(1), Timestamps(1)),
    ],
)
def test_refuses_what_does_not_fit(options: tuple[Option, ...]) -> None:
    with pytest.raises(BuildError, match="TCP options"):
        encode(*options)
