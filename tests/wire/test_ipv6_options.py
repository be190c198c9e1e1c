"""Options of IPv6, on the wire and off it."""

from ipaddress import IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import HopByHop
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ipv6_option_values import (
    HomeAddress,
    JumboPayload,
    Kind,
    MinimumPathMtu,
    Nonce,
    Pad1,
    PadN,
    Performance,
    RouterAlert,
    Rpl,
    TunnelLimit,
)
from rawkit.wire.ipv6_options import (
    Action,
    Malformed,
    Option,
    Other,
    action,
    decode,
    encode,
    encode_as_is,
    may_change,
    misplaced,
)
from rawkit.wire.jumbo import jumbogram
from rawkit.wire.packet import Packet
from rawkit.wire.quick_start import QuickStart
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from rawkit.wire.verify import verdict

A, B = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")

# One table, read in both directions; the octets are laid out by hand from RFC 8200 §4.2,
# RFC 2473 §4.1.1, RFC 2711, RFC 2675 §2, RFC 6275 §6.3, RFC 4782 §3.2, RFC 6744, RFC 6553 §3,
# RFC 8250 §3.2 and RFC 9268 §5.
VECTORS = [
    pytest.param((Pad1(), PadN(), PadN(b"\0\xaa")), "00 0100 0102 00aa", id="padding"),
    pytest.param((TunnelLimit(4),), "04 01 04", id="tunnel encapsulation limit"),
    pytest.param((RouterAlert(0), RouterAlert(1)), "05 02 0000 05 02 0001", id="router alert"),
    pytest.param((JumboPayload(65536),), "c2 04 00010000", id="jumbo payload"),
    pytest.param(
        (HomeAddress(A),), "c9 10 2001 0db8 0000 0000 0000 0000 0000 0001", id="home address"
    ),
    pytest.param((QuickStart(0, 5, 77, 1),), "26 06 05 4d 00000004", id="quick-start"),
    pytest.param((Nonce(b"abcd"),), "8b 04 61626364", id="ILNP nonce"),
    pytest.param((Rpl(30, 256, 0x80),), "23 04 80 1e 0100", id="RPL"),
    pytest.param((Rpl(1, 2, 0xFF, b"x", Kind.RPL_OLD),), "63 05 ff 01 0002 78", id="RPL as it was"),
    pytest.param(
        (Performance(25, 26, 27, 28, 1, 2),),
        "0f 0a 01 02 0019 001a 001b 001c",
        id="performance metrics",
    ),
    pytest.param(
        (MinimumPathMtu(1500, 640, True),), "30 04 05dc 0501", id="the least MTU of a path"
    ),
    pytest.param((Other(0x3E, b"abc"), Other(0xFE)), "3e 03 616263 fe 00", id="others"),
]


@pytest.mark.parametrize(("options", "octets"), VECTORS)
def test_encodes_to(options: tuple[Option, ...], octets: str) -> None:
    assert encode_as_is(*options) == bytes.fromhex(octets)


@pytest.mark.parametrize(("options", "octets"), VECTORS)
def test_decodes_from(options: tuple[Option, ...], octets: str) -> None:
    assert decode(bytes.fromhex(octets)) == options


# Where the padding belongs. Octets are those of a whole header but for the first two.
PADDED = [
    pytest.param((), "0104 0000 0000", id="nothing"),
    pytest.param((RouterAlert(),), "0502 0000 0100", id="two octets are lacking"),
    pytest.param((JumboPayload(70_000),), "c204 0001 1170", id="none is lacking"),
    pytest.param((TunnelLimit(4),), "0401 04 0101 00", id="three are lacking"),
    pytest.param((Other(0x3E, b"abc"),), "3e03 616263 00", id="one is lacking"),
    pytest.param(
        (RouterAlert(), JumboPayload(70_000)),
        "0502 0000 c204 0001 1170 0102 0000",
        id="4n+2 comes by itself",
    ),
    pytest.param(
        (TunnelLimit(4), RouterAlert(), JumboPayload(70_000)),
        "0401 04 00 0502 0000 c204 0001 1170",
        id="one before a router alert",
    ),
    pytest.param(
        (HomeAddress(A),), "0102 0000 c910" + A.packed.hex(), id="8n+6 (RFC 6275 §6.3)"
    ),
    pytest.param((QuickStart(),), "0100 2606 0000 0000 0000 0102 0000", id="4n"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "octets"), PADDED)
def test_options_begin_where_they_may_and_fill_their_header(
    options: tuple[Option, ...], octets: str
) -> None:
    encoded = encode(*options)

    assert encoded == bytes.fromhex(octets)
    assert (2 + len(encoded)) % 8 == 0
    assert misplaced(encoded) == ()
    assert [one for one in decode(encoded) if not isinstance(one, Pad1 | PadN)] == [*options]


def test_options_may_begin_elsewhere_on_purpose() -> None:
    octets = encode_as_is(Pad1(), RouterAlert(), JumboPayload(1), TunnelLimit(1))

    assert misplaced(octets) == (RouterAlert(), JumboPayload(1))


@pytest.mark.parametrize(
    ("octets", "option"),
    [
        ("04 02 0000", Other(4, b"\0\0")),
        ("05 01 00", Other(5, b"\0")),
        ("c2 03 000000", Other(0xC2, bytes(3))),
        ("c9 0f" + "00" * 15, Other(0xC9, bytes(15))),
        ("26 05 0000000000", Other(0x26, bytes(5))),
        ("23 03 000000", Other(0x23, bytes(3))),
        ("63 03 000000", Other(0x63, bytes(3))),
        ("30 03 000000", Other(0x30, bytes(3))),
        ("0f 09" + "00" * 9, Other(0x0F, bytes(9))),
        ("01", Malformed(b"\1")),
        ("05 02 00", Malformed(b"\5\2\0")),
        ("3e ff 00", Malformed(b"\x3e\xff\0")),
    ],
)
def test_what_makes_no_sense_is_kept(octets: str, option: Option) -> None:
    data = bytes.fromhex(octets)

    assert decode(data) == (option,)
    assert encode_as_is(option) == data


@pytest.mark.parametrize(
    ("kind", "does", "changes"),
    [
        (0x05, Action.SKIP, False),
        (0x63, Action.DISCARD, True),
        (0x8B, Action.COMPLAIN, False),
        (0xC2, Action.COMPLAIN_UNLESS_MULTICAST, False),
        (0x3E, Action.SKIP, True),
    ],
)
def test_a_type_says_what_to_do_if_it_is_unknown(kind: int, does: Action, changes: bool) -> None:
    assert (action(kind), may_change(kind)) == (does, changes)
    assert Other(kind).action is does


@pytest.mark.parametrize(
    "option",
    [
        TunnelLimit(256),
        RouterAlert(-1),
        RouterAlert(65536),
        JumboPayload(1 << 32),
        Nonce(bytes(256)),
        PadN(bytes(256)),
        Rpl(256, 1),
        Rpl(1, 65536),
        QuickStart(rate=16),
        MinimumPathMtu(1, 32768),
        Performance(65536, 1),
        Other(256),
        Other(1, bytes(256)),
    ],
)
def test_refuses_what_does_not_fit(option: Option) -> None:
    with pytest.raises(BuildError, match="IPv6 options"):
        encode(option)


def test_refuses_more_than_a_header_has_room_for() -> None:
    assert len(encode(*[Other(0x3E, bytes(253))] * 8)) == 2046
    with pytest.raises(BuildError, match="2054 octets, and 2046 fit"):
        encode(*[Other(0x3E, bytes(254))] * 8)


# Jumbograms (RFC 2675)

LARGE = bytes(70_000)


@pytest.mark.parametrize("inner", [UDP(1, 2), TCP(1, 2)])
def test_a_jumbogram_reads_back(inner: UDP | TCP) -> None:
    jumbo = jumbogram(IPv6(A, B) / inner / LARGE)

    octets = bytes(jumbo)
    read = dissect_ip(octets)

    assert octets[4:8] == bytes.fromhex("0000 0040")
    assert octets[40:48] == bytes((inner.IP_PROTOCOL,)) + bytes.fromhex("00 c204") + (
        len(octets) - 40
    ).to_bytes(4, "big")
    assert read == jumbo
    assert bytes(read) == octets
    assert read.payload == LARGE
    assert verdict(read) is Checksum.VALID


def test_a_long_datagram_in_a_jumbogram_says_zero() -> None:
    """RFC 2675 §4."""
    assert dissect_ip(bytes(jumbogram(IPv6(A, B) / UDP(1, 2) / LARGE)))[UDP].length == 0


def test_a_jumbogram_that_is_changed_stays_one() -> None:
    received = dissect_ip(bytes(jumbogram(IPv6(A, B) / UDP(1, 2) / LARGE)))

    changed = received.replace(IPv6, hop_limit=9)

    assert dissect_ip(bytes(changed)).payload == LARGE


def test_a_jumbogram_keeps_the_options_that_were_there() -> None:
    packet = IPv6(A, B) / HopByHop(encode(RouterAlert(), JumboPayload(1))) / UDP(1, 2) / LARGE

    hops = jumbogram(packet)[HopByHop]

    assert JumboPayload(70_008 + 16) in decode(hops.options)
    assert RouterAlert() in decode(hops.options)
    assert misplaced(hops.options) == ()
    assert dissect_ip(bytes(jumbogram(packet))).payload == LARGE


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("3b00 c204 0000 ffff" + "00" * 8, id="no more than a payload length can say"),
        pytest.param("3b00 c203 0001 0000" + "00" * 8, id="a length of three octets"),
        pytest.param("3b00 0104 0000 0000" + "00" * 8, id="no such option"),
        pytest.param("3b01 0104 0000", id="half a header"),
        pytest.param("3b", id="hardly a header"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_payload_length_of_zero_is_taken_at_its_word_otherwise(octets: str) -> None:
    data = bytes.fromhex(octets)
    whole = IPv6(A, B, 0, trailer=data).pack()

    packet = dissect_ip(whole)

    assert packet[IPv6].trailer == data
    assert bytes(packet) == whole


def test_only_ipv6_makes_jumbograms() -> None:
    with pytest.raises(BuildError, match="does not begin with IPv6"):
        jumbogram(Packet((UDP(1, 2),), LARGE))
    with pytest.raises(BuildError):
        bytes(IPv6(A, B) / UDP(1, 2) / LARGE)
