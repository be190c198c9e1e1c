"""ICMP messages, on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmp
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.udp import UDP

A, B, ROUTER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"), IPv4Address("192.0.2.254")
OURS = IPv4(A, B) / UDP(40000, 33434) / b"probe"
STRUCTURE = bytes.fromhex("2000 ddf4 0008 0101 0001 0101")
"""RFC 4884 structure with one MPLS label: 16, bottom of the stack, TTL 1."""

# One table, read in both directions; the octets are laid out by hand from RFC 792,
# RFC 1191 §4 and RFC 4884 §4, the checksums worked out by scapy. Each carries "abcd".
VECTORS = [
    pytest.param(icmp.EchoRequest(7, 1), "0800 3331 0007 0001", id="echo request"),
    pytest.param(icmp.EchoReply(65535, 65535, 255), "00ff 3a3a ffff ffff", id="echo reply"),
    pytest.param(icmp.Unreachable(3, unused=255), "0303 3935 ff00 0000", id="port unreachable"),
    pytest.param(icmp.Unreachable(4, mtu=1400), "0304 32bd 0000 0578", id="fragmentation needed"),
    pytest.param(icmp.TimeExceeded(1, 0xAABBCC), "0b01 ca6a aa00 bbcc", id="time exceeded"),
    pytest.param(icmp.ParameterProblem(0, 20, 9), "0c00 1b30 1400 0009", id="parameter problem"),
    pytest.param(icmp.SourceQuench(0, 0xDEADBEEF), "0400 999b dead beef", id="source quench"),
    pytest.param(icmp.Redirect(1, ROUTER), "0501 7339 c000 02fe", id="redirect"),
    pytest.param(icmp.Other(44, 2, bytes.fromhex("00070001")), "2c02 0f2f 0007 0001", id="other"),
]


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_packs_to(message: icmp.Message, octets: str) -> None:
    assert message.pack(b"abcd") == bytes.fromhex(octets) + b"abcd"


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_parses_from(message: icmp.Message, octets: str) -> None:
    data = bytes.fromhex(octets) + b"abcd"

    parsed, payload = icmp.parse(memoryview(data))

    assert parsed == message
    assert bytes(payload) == b"abcd"
    assert parsed.pack(b"abcd") == data
    assert internet_checksum(data) == 0


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_a_checksum_from_the_wire_is_kept_even_if_wrong(message: icmp.Message, octets: str) -> None:
    data = bytearray(bytes.fromhex(octets))
    data[2:4] = b"\xde\xad"

    assert icmp.parse(memoryview(data))[0].pack() == bytes(data)


@pytest.mark.parametrize("size", range(8))
def test_refuses_a_short_message(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 8"):
        icmp.parse(memoryview(bytes(size)))


@pytest.mark.parametrize(
    "error", [icmp.Unreachable(1), icmp.TimeExceeded(), icmp.ParameterProblem(0, 1)]
)
def test_the_quote_is_padded_before_extensions(error: icmp.Message) -> None:
    whole = IPv4(ROUTER, A) / error / OURS
    octets = bytes(whole.replace(type(error), extensions=STRUCTURE))

    packet = dissect(octets)

    assert len(octets) == 20 + 8 + 128 + len(STRUCTURE)
    assert octets[25] == 128 // 4
    assert octets.endswith(STRUCTURE)
    assert packet.inside(type(error)).payload == b"probe"
    assert bytes(packet) == octets


def test_a_long_quote_is_padded_to_whole_words_before_extensions() -> None:
    ours = IPv4(A, B) / UDP(1, 2) / bytes(117)

    octets = bytes(IPv4(ROUTER, A) / icmp.TimeExceeded(extensions=STRUCTURE) / ours)

    assert (len(bytes(ours)), octets[25] * 4) == (145, 148)
    assert dissect(octets)[icmp.TimeExceeded].extensions == STRUCTURE


def test_extensions_of_an_old_router_are_found_behind_128_octets() -> None:
    """RFC 4884 §5.5: its length field says nothing."""
    quote = bytes(OURS).ljust(128, b"\0")
    octets = bytes(IPv4(ROUTER, A) / icmp.TimeExceeded(extensions=STRUCTURE, length=0) / quote)

    packet = dissect(octets)

    assert (packet[icmp.TimeExceeded].length, packet[icmp.TimeExceeded].extensions) == (
        0,
        STRUCTURE,
    )
    assert bytes(packet) == octets


@pytest.mark.parametrize(
    "follows",
    [
        pytest.param(STRUCTURE[:-1] + b"\xff", id="its checksum is wrong"),
        pytest.param(b"\x10" + STRUCTURE[1:], id="its version is not 2"),
        pytest.param(bytes.fromhex("2000 0000 0008 0101 0001 0101"), id="it has no checksum"),
    ],
)
def test_a_long_quote_is_not_taken_for_extensions(follows: bytes) -> None:
    quote = bytes(OURS).ljust(128, b"\0") + follows
    octets = bytes(IPv4(ROUTER, A) / icmp.TimeExceeded() / quote)

    packet = dissect(octets)

    assert packet[icmp.TimeExceeded].extensions == b""
    assert bytes(packet) == octets


@pytest.mark.parametrize("length", [1, 5, 31, 33, 255])
def test_a_length_field_that_holds_anything_loses_nothing(length: int) -> None:
    quote = bytes(OURS).ljust(128, b"\0")
    octets = bytes(IPv4(ROUTER, A) / icmp.TimeExceeded(length=length) / quote)

    packet = dissect(octets)

    assert packet[icmp.TimeExceeded].extensions == b""
    assert packet.payload == b"probe"
    assert bytes(packet) == octets


def test_extensions_go_where_a_given_length_says() -> None:
    error = icmp.TimeExceeded(extensions=STRUCTURE, length=10)

    assert error.pack(bytes(40))[8:] == bytes(40) + STRUCTURE


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (icmp.EchoRequest(65536, 1), "identifier=65536"),
        (icmp.EchoRequest(1, -1), "sequence=-1"),
        (icmp.EchoReply(1, 1, 256), "code=256"),
        (icmp.EchoReply(1, 1, checksum=65536), "checksum=65536"),
        (icmp.Unreachable(4, mtu=65536), "mtu=65536"),
        (icmp.Unreachable(unused=256), "unused=256"),
        (icmp.TimeExceeded(256), "ICMP"),
        (icmp.TimeExceeded(unused=1 << 24), "unused=16777216"),
        (icmp.ParameterProblem(pointer=256), "pointer=256"),
        (icmp.SourceQuench(unused=1 << 32), "4294967296"),
        (icmp.SourceQuench(unused=-1), "-1"),
        (icmp.Redirect(-1), "ICMP"),
        (icmp.Other(256), "ICMP"),
        (icmp.Other(13, rest=b"123"), "octets 4 to 7 are 3"),
    ],
)
def test_refuses_a_value_that_does_not_fit(message: icmp.Message, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()


def test_refuses_a_quote_too_long_to_be_followed_by_extensions() -> None:
    with pytest.raises(BuildError, match="ICMP"):
        icmp.TimeExceeded(extensions=STRUCTURE).pack(bytes(1021))
