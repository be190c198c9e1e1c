"""AH and ESP: on the wire and off it, and what makes them authentic."""

import hmac
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import replace
from rawkit.wire import icmp, ip_options, ipv6_option_values, ipv6_options
from rawkit.wire.authentication import AH
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.esp import ESP, NullESP, null_icv_length, opened
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.fragment import fragment
from rawkit.wire.integrity import Integrity, authenticated, is_authentic
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.reassembly import Reassembler
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

A, B, C, D = (IPv4Address(f"192.0.2.{last}") for last in "1234")
A6, B6, C6, D6 = (IPv6Address(f"2001:db8::{last}") for last in "1234")
KEY = bytes(range(32))
SHA256 = Integrity.HMAC_SHA256_128
V4 = IPv4(A, B, ttl=5, dscp=8, ecn=2, identification=7)
V6 = IPv6(A6, B6, hop_limit=5, dscp=8, ecn=2, flow_label=0x12345)
HELLO = UDP(1, 2) / b"hello"

# One table, read in both directions; the octets are laid out by hand from RFC 4302 §2 and
# RFC 4303 §2. Behind each header comes "hi"; behind that the trailer of ESP.
VECTORS = [
    pytest.param(AH(256, 1, next_header=17), "11 01 0000 00000100 00000001", "", id="AH, bare"),
    pytest.param(
        AH(0xFFFFFFFF, 0xFFFFFFFE, b"abcdefghijkl", 0xBEEF, next_header=59),
        "3b 04 beef ffffffff fffffffe 6162636465666768696a6b6c",
        "",
        id="AH of 96 bits",
    ),
    pytest.param(ESP(256, 9), "00000100 00000009", "", id="ESP"),
    pytest.param(NullESP(256, 9, next_header=17), "00000100 00000009", "00 11", id="no padding"),
    pytest.param(
        NullESP(1, 2, b"icv!", b"\1\2\3\4", next_header=17),
        "00000001 00000002",
        "01020304 04 11 69637621",
        id="more padding than needed, an ICV",
    ),
]


@pytest.mark.parametrize(("header", "front", "back"), VECTORS)
def test_packs_to(header: Header, front: str, back: str) -> None:
    assert header.pack(b"hi") == bytes.fromhex(front) + b"hi" + bytes.fromhex(back)


@pytest.mark.parametrize(("header", "front", "back"), VECTORS)
def test_parses_from(header: Header, front: str, back: str) -> None:
    data = memoryview(bytes.fromhex(front) + b"hi" + bytes.fromhex(back))
    icv = len(header.icv) if isinstance(header, NullESP) else 0

    read, rest = NullESP.parse(data, icv) if icv else type(header).parse(data)

    assert read == header
    assert bytes(rest) == b"hi"
    assert read.pack(b"hi") == bytes(data)


@pytest.mark.parametrize(("payload", "padding"), [(0, 2), (1, 1), (2, 0), (3, 3), (13, 1), (14, 0)])
def test_padding_fills_up_words_with_numbers(payload: int, padding: int) -> None:
    """RFC 4303 §2.4."""
    octets = NullESP(1, 2, next_header=17).pack(bytes(payload))

    assert octets[8 + payload :] == bytes((1, 2, 3))[:padding] + bytes((padding, 17))


def test_a_pad_length_may_be_wrong_on_purpose() -> None:
    octets = NullESP(1, 2, pad_length=9, next_header=17).pack(b"hi")

    assert octets.endswith(b"hi\x09\x11")
    with pytest.raises(ParseError, match="9 octets of padding, 7 too many"):
        NullESP.parse(memoryview(octets))


@pytest.mark.parametrize("size", range(12))
def test_refuses_ah_cut_short(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 12"):
        AH.parse(memoryview(bytes(size)))


@pytest.mark.parametrize(
    ("kind", "octets", "words"),
    [
        (AH, "11 00 0000 00000100 00000001", "8 octets, below 12"),
        (AH, "11 04 0000 00000100 00000001 00000000", "16 of 24"),
        (ESP, "00000100 000000", "7 of 8"),
        (NullESP, "00000100 00000009 00", "9 of 10"),
        (NullESP, "00000100 00000009 01 11", "1 octets of padding, 1 too many"),
    ],
)
def test_refuses_what_is_no_such_header(kind: type[Header], octets: str, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        kind.parse(memoryview(bytes.fromhex(octets)))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (AH(1, 2), "next_header is unset"),
        (AH(1, 2, b"abc", next_header=17), "3 octets of ICV"),
        (AH(1, 2, bytes(1020), next_header=17), "1020 octets of ICV"),
        (AH(1 << 32, 2, next_header=17), "spi=4294967296"),
        (AH(1, -1, next_header=17), "sequence=-1"),
        (AH(1, 2, next_header=256), "next_header=256"),
        (AH(1, 2, reserved=65536, next_header=17), "reserved=65536"),
        (ESP(1 << 32, 1), "SPI 4294967296"),
        (NullESP(1, 1), "next_header is unset"),
        (NullESP(1, 1 << 32, next_header=17), "sequence number 4294967296"),
        (NullESP(1, 1, next_header=256), "next_header=256"),
        (NullESP(1, 1, padding=bytes(256), next_header=17), "NullESP"),
    ],
)
def test_refuses_a_value_that_does_not_fit(header: Header, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        header.pack(b"hi")


@pytest.mark.parametrize("ip", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize(
    "inside", [HELLO, TCP(1, 2) / b"hi", V4 / HELLO, V6 / DestinationOptions() / HELLO]
)
def test_ah_is_read_through(ip: Header, inside: Packet) -> None:
    packet = ip / AH(1, 2, bytes(12)) / inside

    assert dissect_ip(bytes(packet)) == packet


def test_ah_before_icmp_is_read_through() -> None:
    packet = V4 / AH(1, 2) / icmp.EchoRequest(1, 2) / b"hi"

    assert dissect_ip(bytes(packet)) == packet


def test_a_checksum_inside_covers_the_addresses_and_neither_ah_nor_esp() -> None:
    plain = bytes(V4 / HELLO)[20:]

    assert bytes(V4 / AH(1, 2, bytes(12)) / HELLO).endswith(plain)
    assert plain in bytes(V4 / NullESP(1, 2) / HELLO)


# ESP that is not encrypted

TUNNELLED = [HELLO, TCP(1, 2) / b"some data", V4 / HELLO, V6 / HELLO]


@pytest.mark.parametrize("ip", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("inside", TUNNELLED)
@pytest.mark.parametrize("icv", [0, 12, 16, 24, 32])
def test_what_is_not_encrypted_is_read_if_one_says_so(ip: Header, inside: Packet, icv: int) -> None:
    packet = ip / NullESP(1, 2, bytes(range(icv))) / inside

    read = dissect_ip(bytes(packet))

    assert read.headers[-1] == ESP(1, 2)
    assert opened(read, icv) == packet
    assert bytes(opened(read, icv)) == bytes(packet)
    assert null_icv_length(read) == icv


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(V4 / ESP(1, 2) / bytes(64), id="zeros"),
        pytest.param(V4 / ESP(1, 2) / b"abc", id="too short"),
        pytest.param(V4 / ESP(1, 2), id="nothing inside"),
        pytest.param(
            V4 / NullESP(1, 2, padding=b"xyz") / UDP(1, 2) / b"hello", id="padding is not 1, 2, 3"
        ),
        pytest.param(V4 / NullESP(1, 2) / UDP(1, 2, checksum=9) / b"hello", id="wrong checksum"),
        pytest.param(V4 / NullESP(1, 2) / UDP(1, 2, checksum=0) / b"hello", id="no checksum"),
        pytest.param(V4 / NullESP(1, 2, next_header=59) / b"hello", id="nothing to look at"),
        pytest.param(
            V4 / NullESP(1, 2) / IPv6(A6, B6, payload_length=999) / TCP(1, 2), id="cut short"
        ),
    ],
)
def test_no_guess_is_made_where_nothing_speaks_for_it(packet: Packet) -> None:
    assert null_icv_length(dissect_ip(bytes(packet))) is None


def test_only_a_packet_that_ends_with_esp_is_opened() -> None:
    for packet in (V4 / HELLO, Packet()):
        with pytest.raises(ParseError, match="the last header is another one"):
            opened(packet, 0)
    with pytest.raises(TruncatedError, match="NullESP"):
        opened(V4 / ESP(1, 2) / b"hello", 12)


def test_a_long_chain_behind_esp_is_bounded() -> None:
    chain = Packet((V6, NullESP(1, 2), *[DestinationOptions()] * 99, UDP(1, 2)))

    read = opened(dissect_ip(bytes(chain)), 0)

    assert len(read.headers) < 70
    assert bytes(read) == bytes(chain)


# Integrity. The octets are scapy 2.8.0's (with cryptography), of the same keys and packets.

ROUTED4 = IPv4(
    A, B, dont_fragment=False, identification=1,
    options=ip_options.encode(ip_options.SourceRoute((D,)), ip_options.NoOperation()),
)  # fmt: skip
OPTIONS4 = IPv4(
    A, B, dont_fragment=False, identification=1,
    options=bytes.fromhex("94040000 070704 00000000 01"),
)  # fmt: skip
HOPS = HopByHop(
    ipv6_options.encode(ipv6_option_values.RouterAlert(), ipv6_options.Other(0x3E, b"abcd"))
)
ROUTE6 = Routing(0, 2, bytes(4) + C6.packed + D6.packed)
AH_BY_SCAPY = [
    pytest.param(V4, 16, Integrity.HMAC_MD5_96, "a5db56822178a1e357b99732", id="MD5"),
    pytest.param(V4, 20, Integrity.HMAC_SHA1_96, "469f43aba4bcee0b3d412832", id="SHA-1"),
    pytest.param(V4, 32, SHA256, "f3f50bb3f8a9bea81ca11701629a33e0", id="SHA-256"),
    pytest.param(
        V4,
        32,
        Integrity.HMAC_SHA384_192,
        "0505b638b632de08f9bc6aa929b3ffd82ad22a7d41ecf335",
        id="SHA-384",
    ),
    pytest.param(
        V4,
        32,
        Integrity.HMAC_SHA512_256,
        "89cd1c11eef2ba0067a806fa60b12202ea88de52e65ddf31b4f66a4ec237638e",
        id="SHA-512",
    ),
    pytest.param(V6 / HOPS, 20, Integrity.HMAC_SHA1_96, "1dc6ec1c756c371950905bba", id="options"),
    pytest.param(
        V6 / HOPS, 32, SHA256, "0c46adf1d89a5886dbcdc4f83f654fe9 00000000", id="padded for IPv6"
    ),
    pytest.param(
        IPv6(A6, B6) / ROUTE6, 32, SHA256, "da090dfb25d775bbfdd6b0292ffb691a 00000000", id="a route"
    ),
]


@pytest.mark.parametrize(("before", "size", "integrity", "icv"), AH_BY_SCAPY)
def test_ah_has_the_value_that_scapy_gives_it(
    before: Packet, size: int, integrity: Integrity, icv: str
) -> None:
    packet = before / AH(0x100, 9) / HELLO

    signed = authenticated(packet, KEY[:size], integrity)

    assert signed[AH].icv.hex() == icv.replace(" ", "")
    assert is_authentic(dissect_ip(bytes(signed)), KEY[:size], integrity)


def test_ah_counts_options_that_change_as_zeros() -> None:
    signed = authenticated(OPTIONS4 / AH(0x100, 10) / HELLO, KEY, SHA256)

    assert signed[AH].icv.hex() == "057ea0651363407240cbbb6433155530"


def test_ah_counts_the_end_of_a_source_route_as_destination() -> None:
    """RFC 4302 App. A1: mutable, but predictable. Linux has it so, and scapy has not."""
    signed = authenticated(ROUTED4 / AH(0x100, 11) / HELLO, KEY, SHA256)

    covered = bytes.fromhex(
        "47 00 0045 0001 0000 00 33 0000 c0000201 c0000204 0000000000000001"  # its TTL is zero
        "11 05 0000 00000100 0000000b" + "00" * 16
    )
    covered += bytes(signed)[56:]
    assert signed[AH].icv == hmac.digest(KEY, covered, "sha256")[:16]
    arrived = signed.replace(IPv4, dst=D, ttl=9, options=bytes.fromhex("830708 c0000203 01"))
    assert is_authentic(arrived, KEY, SHA256)


def test_ah_of_a_tunnel_and_with_a_long_sequence_number_has_it_too() -> None:
    outer = IPv6(IPv6Address("2001:db8::a"), IPv6Address("2001:db8::b"))
    tunnel = authenticated(outer / AH(0x100, 9) / V4 / HELLO, KEY, SHA256)
    extended = authenticated(V4 / AH(0x100, 9) / HELLO, KEY, SHA256, high_sequence=1)

    assert tunnel[AH].icv.hex() == "5bb9c55060b3765c87f1179cc402f04900000000"
    assert extended[AH].icv.hex() == "4b7392775ef0d6e41b2b69f47e8c10a5"
    assert is_authentic(extended, KEY, SHA256, high_sequence=1)
    assert not is_authentic(extended, KEY, SHA256)


# What changes on the way, and what must not


def sent(packet: Packet) -> Packet:
    """A packet with its value, as it was read somewhere."""
    return dissect_ip(bytes(authenticated(packet, KEY, SHA256)))


CHANGES4 = {
    "dscp": 1, "ecn": 3, "dont_fragment": False, "reserved": True, "ttl": 1, "checksum": 9,
    "options": bytes.fromhex("94040000 070708 c0000203 01"), "trailer": b"PAD",
}  # fmt: skip
FORGERIES4 = {
    "src": C, "dst": C, "identification": 8, "protocol": 4,
    "options": bytes.fromhex("94040001 070704 00000000 01"),
}  # fmt: skip


@pytest.mark.parametrize("field", CHANGES4)
def test_what_routers_change_in_ipv4_does_not_matter(field: str) -> None:
    packet = sent(OPTIONS4 / AH(1, 2) / TCP(1, 2) / b"hi")
    changed = replace(packet.headers[0], **{field: CHANGES4[field]})

    assert is_authentic(Packet((changed, *packet.headers[1:]), packet.payload), KEY, SHA256)


@pytest.mark.parametrize("field", FORGERIES4)
def test_what_they_do_not_change_does(field: str) -> None:
    packet = sent(OPTIONS4 / AH(1, 2) / TCP(1, 2) / b"hi")
    changed = replace(packet.headers[0], **{field: FORGERIES4[field]})

    assert not is_authentic(Packet((changed, *packet.headers[1:]), packet.payload), KEY, SHA256)


@pytest.mark.parametrize(
    ("changes", "authentic"),
    [
        ({"dscp": 1, "ecn": 3, "flow_label": 7, "hop_limit": 9, "trailer": b"PAD"}, True),
        ({"src": C6}, False),
        ({"dst": C6}, False),
        ({"payload_length": 9}, False),
    ],
)
def test_in_ipv6_too(changes: dict[str, object], authentic: bool) -> None:
    packet = sent(V6 / HOPS / AH(1, 2) / HELLO)
    changed = replace(packet.headers[0], **changes)

    assert is_authentic(Packet((changed, *packet.headers[1:]), packet.payload), KEY, SHA256) is (
        authentic
    )


def test_an_option_that_may_change_may_change() -> None:
    packet = sent(V6 / HOPS / AH(1, 2) / HELLO)
    other = ipv6_options.encode(ipv6_option_values.RouterAlert(), ipv6_options.Other(0x3E, b"xyzw"))
    forged = ipv6_options.encode(
        ipv6_option_values.RouterAlert(1), ipv6_options.Other(0x3E, b"abcd")
    )

    assert is_authentic(packet.replace(HopByHop, options=other), KEY, SHA256)
    assert not is_authentic(packet.replace(HopByHop, options=forged), KEY, SHA256)


def test_a_packet_stays_authentic_at_every_station_of_its_route() -> None:
    """RFC 4302 App. A2: a route of kind 0 counts as it is on arrival."""
    first = sent(IPv6(A6, B6) / ROUTE6 / AH(1, 2) / HELLO)
    middle = first.replace(IPv6, dst=C6).replace(
        Routing, segments_left=1, data=bytes(4) + B6.packed + D6.packed
    )
    last = first.replace(IPv6, dst=D6).replace(
        Routing, segments_left=0, data=bytes(4) + B6.packed + C6.packed
    )

    for packet in (first, middle, last):
        assert is_authentic(packet, KEY, SHA256)
    assert not is_authentic(first.replace(Routing, segments_left=1), KEY, SHA256)


def test_a_route_home_counts_as_it_is_on_arrival() -> None:
    first = sent(IPv6(A6, B6) / Routing(2, 1, bytes(4) + C6.packed) / AH(1, 2) / HELLO)
    last = first.replace(IPv6, dst=C6).replace(Routing, segments_left=0, data=bytes(4) + B6.packed)

    assert is_authentic(first, KEY, SHA256)
    assert is_authentic(last, KEY, SHA256)


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_single_bit_behind_ah_matters(place: int) -> None:
    packet = sent(V4 / AH(1, 2) / TCP(1, 2) / b"some data")
    octets = bytearray(bytes(packet)[48:])
    octets[place] ^= 1

    assert not is_authentic(Packet(packet.headers[:2], bytes(octets)), KEY, SHA256)
    assert not is_authentic(packet.replace(AH, sequence=3), KEY, SHA256)
    assert not is_authentic(packet, KEY[1:], SHA256)


# ESP: octets by scapy again

ESP_BY_SCAPY = [
    (20, Integrity.HMAC_SHA1_96, "2a1978e5212df8e3ff17356c"),
    (32, SHA256, "cc2afdbe7a0c48906f2236cfa387cb89"),
]


@pytest.mark.parametrize(("size", "integrity", "icv"), ESP_BY_SCAPY)
def test_esp_has_the_value_that_scapy_gives_it(size: int, integrity: Integrity, icv: str) -> None:
    signed = authenticated(V4 / NullESP(0x101, 3) / HELLO, KEY[:size], integrity)

    assert bytes(signed)[20:].hex() == (
        "0000010100000003" + "00010002000d37fb68656c6c6f" + "010111" + icv
    )
    assert is_authentic(signed, KEY[:size], integrity)
    assert is_authentic(dissect_ip(bytes(signed)), KEY[:size], integrity), "unopened as well"
    assert not is_authentic(signed.replace(NullESP, sequence=4), KEY[:size], integrity)


def test_esp_of_a_tunnel_has_it_too() -> None:
    outer = IPv4(IPv4Address("198.51.100.1"), IPv4Address("198.51.100.2"))

    signed = authenticated(outer / NullESP(0x101, 3) / V4 / HELLO, KEY, SHA256)

    assert bytes(signed)[20:].hex() == (
        "0000010100000003"
        + (bytes(V4 / HELLO)).hex()
        + "010104"
        + "0ff1a52e8751b634ea33715e9c02e1d4"
    )


def test_encrypted_esp_is_looked_at_without_its_key() -> None:
    """By scapy: AES-CBC, its key the first 16 octets, and HMAC-SHA-256-128."""
    octets = bytes.fromhex(
        "4522004c000740000532f153c0000201c0000202 00000101 00000003"
        "00000000000000000000000000000000"
        "f7645752aa69c495d19b2b10bc3a10cd6c6f881f76e90a698a1a5957c9de74d2"
    )

    packet = dissect_ip(octets)

    assert is_authentic(packet, KEY, SHA256)
    assert null_icv_length(packet) is None


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_the_upper_half_of_a_sequence_number_has_32_bits(number: int) -> None:
    with pytest.raises(BuildError, match="not within 32 bits"):
        authenticated(V4 / AH(1, 2) / HELLO, KEY, SHA256, high_sequence=number)


def test_a_long_sequence_number_counts_in_esp_as_well() -> None:
    signed = authenticated(V4 / NullESP(1, 2) / HELLO, KEY, SHA256, high_sequence=5)

    assert is_authentic(signed, KEY, SHA256, high_sequence=5)
    assert not is_authentic(signed, KEY, SHA256, high_sequence=6)


HOME = DestinationOptions(ipv6_options.encode(ipv6_option_values.HomeAddress(C6)))


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (V4 / HELLO, "neither AH nor ESP"),
        (Packet((AH(1, 2), UDP(1, 2))), "whole datagrams with an IP header"),
        (V4 / ESP(1, 2) / b"secret", "without its cipher"),
        (replace(V4, more_fragments=True) / AH(1, 2) / HELLO, "whole datagrams"),
        (V6 / Fragment(0, True, 1) / AH(1, 2) / HELLO, "this is a fragment"),
        (V6 / HOME / AH(1, 2) / HELLO, "with a home address"),
        (V6 / Routing(4, 1, bytes(4) + B6.packed) / AH(1, 2) / HELLO, "a route of kind 4"),
        (V6 / Routing(0, 2, bytes(4) + B6.packed) / AH(1, 2) / HELLO, "2 segments are left of 1"),
    ],
)
def test_refuses_to_make_up_what_counts(packet: Packet, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        authenticated(packet, KEY, SHA256)


def test_what_is_fragmented_is_authentic_when_it_is_put_together() -> None:
    whole = authenticated(
        replace(V4, dont_fragment=False) / AH(1, 2) / UDP(1, 2) / bytes(3000), KEY, SHA256
    )
    reassembler = Reassembler()

    *_, again = [reassembler.add(0, one) for one in fragment(whole, 1280)]

    assert again is not None
    assert is_authentic(again, KEY, SHA256)
