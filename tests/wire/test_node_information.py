"""Node information queries (RFC 4620), on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmpv6
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.node_information import (
    Answered,
    Flags,
    NodeQuery,
    NodeReply,
    QType,
    Subject,
    addresses,
    decode_names,
    encode_name,
    names,
    parse,
)

A, B = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
V4 = IPv4Address("192.0.2.1")
NONCE = b"12345678"
HEX_NONCE = NONCE.hex()
TTL = bytes(4)

# One table, read in both directions; the octets are laid out by hand from RFC 4620 §4.
VECTORS = [
    pytest.param(
        NodeQuery(NONCE, QType.NAME, subject=B),
        f"8b00 dead 0002 0000 {HEX_NONCE} {B.packed.hex()}",
        id="the name of an address",
    ),
    pytest.param(
        NodeQuery(NONCE, QType.ADDRESSES, Flags.ALL | Flags.GLOBAL, Subject.NAME, b"\1a\0\0"),
        f"8b01 dead 0003 0022 {HEX_NONCE} 01610000",
        id="the addresses of a name",
    ),
    pytest.param(
        NodeQuery(NONCE, QType.IPV4_ADDRESSES, 0, Subject.IPV4, V4),
        f"8b02 dead 0004 0000 {HEX_NONCE} c0000201",
        id="the addresses of an address",
    ),
    pytest.param(
        NodeQuery(NONCE, 65535, 65535, 0, b"no address"),
        f"8b00 dead ffff ffff {HEX_NONCE} {b'no address'.hex()}",
        id="a subject that is none",
    ),
    pytest.param(
        NodeReply(NONCE, QType.NAME, 0, Answered.REFUSED),
        f"8c01 dead 0002 0000 {HEX_NONCE}",
        id="a refusal",
    ),
    pytest.param(
        NodeReply(NONCE, QType.IPV4_ADDRESSES, 1, 0, TTL + V4.packed),
        f"8c00 dead 0004 0001 {HEX_NONCE} 00000000 c0000201",
        id="an answer",
    ),
]


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_parses_from_and_packs_to(message: icmpv6.Message, octets: str) -> None:
    data = bytes.fromhex(octets)

    parsed, payload = icmpv6.parse(memoryview(data))

    assert (parsed, bytes(payload)) == (message, b"")
    assert parsed.pack() == data


@pytest.mark.parametrize(("message", "_"), VECTORS)
def test_the_checksum_covers_the_addresses(message: icmpv6.Message, _: str) -> None:
    packet = IPv6(A, B) / message
    octets = bytes(packet)

    assert internet_checksum(packet[IPv6].pseudo_header(len(octets) - 40, 58) + octets[40:]) == 0
    assert dissect_ip(octets) == packet


@pytest.mark.parametrize("size", [0, 8, 15])
def test_refuses_a_short_message(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 16"):
        parse(memoryview(b"\x8b" + bytes(15))[:size])


def test_a_message_of_another_type_is_kept_as_it_is() -> None:
    data = bytes(range(99, 119))

    parsed, payload = parse(memoryview(data))

    assert parsed.pack(bytes(payload)) == data


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("host", b"\x04host\0\0"),
        ("host.example", b"\x04host\x07example\0\0"),
        ("host.example.", b"\x04host\x07example\0"),
    ],
)
def test_a_name_is_written_as_in_dns(name: str, octets: bytes) -> None:
    assert encode_name(name) == octets
    assert list(decode_names(octets)) == [name]
    assert list(decode_names(octets * 2)) == [name] * 2


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64])
def test_refuses_a_name_that_does_not_fit(name: str) -> None:
    with pytest.raises(BuildError, match="label"):
        encode_name(name)


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"", []),
        (b"\0\0\0", []),
        (b"\x04hos", []),
        (b"\x04host", []),
        (b"\x01a\0\x04hos", ["a."]),
        (b"\xc0\x0c", []),
        (b"\x03a.b\x02\xff\0\0", [r"a\046b.\255\000."]),
    ],
)
def test_names_are_read_as_far_as_they_make_sense(octets: bytes, found: list[str]) -> None:
    assert list(decode_names(octets)) == found


@pytest.mark.parametrize(
    ("reply", "found", "at"),
    [
        (NodeReply(NONCE, QType.NAME, data=TTL + encode_name("a.")), ("a.",), ()),
        (NodeReply(NONCE, QType.NAME, 0, 1, TTL + encode_name("a.")), (), ()),
        (NodeReply(NONCE, QType.ADDRESSES, data=(TTL + A.packed) * 2), (), (A, A)),
        (NodeReply(NONCE, QType.ADDRESSES, data=(TTL + A.packed)[:-1]), (), ()),
        (NodeReply(NONCE, QType.IPV4_ADDRESSES, data=TTL + V4.packed + TTL), (), (V4,)),
        (NodeReply(NONCE, QType.IPV4_ADDRESSES, 0, 2, TTL + V4.packed), (), ()),
        (NodeReply(NONCE, QType.NOTHING), (), ()),
    ],
)
def test_an_answer_has_names_or_addresses(
    reply: NodeReply, found: tuple[str, ...], at: tuple[object, ...]
) -> None:
    assert (names(reply), addresses(reply)) == (found, at)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (NodeQuery(b"short", 0), "5 octets, not 8"),
        (NodeQuery(NONCE, 65536), "qtype=65536"),
        (NodeReply(NONCE, 0, -1), "flags=-1"),
        (NodeReply(NONCE, 0, code=256), "code 256"),
    ],
)
def test_refuses_a_value_that_does_not_fit(message: icmpv6.Message, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()
