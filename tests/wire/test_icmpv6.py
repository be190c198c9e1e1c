"""ICMPv6 messages, on the wire and off it."""

from ipaddress import IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmpv6
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.udp import UDP

A, B, ROUTER = (IPv6Address(f"2001:db8::{last}") for last in ("1", "2", "fe"))
ADDRESSES = "2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000 0000 0000 0000 0002"
OURS = IPv6(A, B) / UDP(40000, 33434) / b"probe"
STRUCTURE = bytes.fromhex("2000 ddf4 0008 0101 0001 0101")
"""RFC 4884 structure with one MPLS label: 16, bottom of the stack, TTL 1."""

# One table, read in both directions; the octets are laid out by hand from RFC 4443,
# RFC 4861 §4.5 and RFC 4884 §4, the checksums worked out by scapy. Each carries "abcd"
# from A to B.
VECTORS = [
    pytest.param(icmpv6.EchoRequest(7, 1), "8000 5f75 0007 0001", id="echo request"),
    pytest.param(icmpv6.EchoReply(65535, 65535, 255), "81ff 5d7e ffff ffff", id="echo reply"),
    pytest.param(icmpv6.Unreachable(4), "0104 de79 0000 0000", id="port unreachable"),
    pytest.param(icmpv6.TimeExceeded(1, 0xAABBCC), "0301 2006 00aa bbcc", id="time exceeded"),
    pytest.param(icmpv6.PacketTooBig(0x10500), "0200 d87c 0001 0500", id="packet too big"),
    pytest.param(icmpv6.ParameterProblem(1, 40), "0401 db54 0000 0028", id="parameter problem"),
    pytest.param(
        icmpv6.Redirect(A, B, 0, 0xDEADBEEF), f"8900 5d4a dead beef {ADDRESSES}", id="redirect"
    ),
    pytest.param(icmpv6.Other(150, 2), "9602 497b 0000 0000", id="other"),
]


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_packs_to(message: icmpv6.Message, octets: str) -> None:
    assert message.pack(b"abcd", IPv6(A, B)) == bytes.fromhex(octets) + b"abcd"


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_parses_from(message: icmpv6.Message, octets: str) -> None:
    data = bytes.fromhex(octets) + b"abcd"

    parsed, payload = icmpv6.parse(memoryview(data))

    assert parsed == message
    assert bytes(payload) == b"abcd"
    assert parsed.pack(b"abcd", IPv6(B, B)) == data
    assert internet_checksum(IPv6(A, B).pseudo_header(len(data), 58) + data) == 0


def test_without_addresses_the_checksum_is_left_to_the_kernel() -> None:
    assert icmpv6.EchoRequest(7, 1).pack() == bytes.fromhex("8000 0000 0007 0001")


@pytest.mark.parametrize("size", range(8))
def test_refuses_a_short_message(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 8"):
        icmpv6.parse(memoryview(bytes(size)))


def test_refuses_a_redirect_without_room_for_its_addresses() -> None:
    octets = bytes(IPv6(A, B) / icmpv6.Redirect(A, B))

    packet = dissect_ip(octets[:-1])

    assert "39 of 40 redirect octets" in str(packet.error)
    assert bytes(packet) == octets[:-1]


@pytest.mark.parametrize("error", [icmpv6.Unreachable(3), icmpv6.TimeExceeded()])
def test_the_quote_is_padded_before_extensions(error: icmpv6.Message) -> None:
    whole = IPv6(ROUTER, A) / error / OURS
    octets = bytes(whole.replace(type(error), extensions=STRUCTURE))

    packet = dissect_ip(octets)

    assert len(octets) == 40 + 8 + 128 + len(STRUCTURE)
    assert octets[44] == 128 // 8
    assert octets.endswith(STRUCTURE)
    assert packet.inside(type(error)).payload == b"probe"
    assert bytes(packet) == octets


def test_a_long_quote_is_padded_to_whole_units_before_extensions() -> None:
    ours = IPv6(A, B) / UDP(1, 2) / bytes(97)

    octets = bytes(IPv6(ROUTER, A) / icmpv6.TimeExceeded(extensions=STRUCTURE) / ours)

    assert (len(bytes(ours)), octets[44] * 8) == (145, 152)
    assert dissect_ip(octets)[icmpv6.TimeExceeded].extensions == STRUCTURE


def test_an_error_quotes_through_extension_headers() -> None:
    octets = bytes(IPv6(ROUTER, A) / icmpv6.PacketTooBig(1280) / OURS)

    packet = dissect_ip(octets)

    assert packet[icmpv6.PacketTooBig].mtu == 1280
    assert packet.inside(icmpv6.PacketTooBig) == OURS


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (icmpv6.EchoRequest(65536, 1), "identifier=65536"),
        (icmpv6.EchoReply(1, 1, 256), "code=256"),
        (icmpv6.Unreachable(unused=1 << 24), "unused=16777216"),
        (icmpv6.TimeExceeded(length=256), "length 256"),
        (icmpv6.PacketTooBig(1 << 32), "mtu=4294967296"),
        (icmpv6.ParameterProblem(pointer=-1), "pointer=-1"),
        (icmpv6.Redirect(code=256), "code=256"),
        (icmpv6.Other(256), "type 256"),
        (icmpv6.Other(200, rest=b"12345"), "octets 4 to 7 are 5"),
    ],
)
def test_refuses_a_value_that_does_not_fit(message: icmpv6.Message, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()
