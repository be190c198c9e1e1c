"""GRE headers, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.gre import GRE
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp import UDP

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
LINK = Ethernet(BROADCAST, MAC.parse("02:00:00:00:00:01"))

# One table, read in both directions; the octets are laid out by hand from RFC 2784 §2.1 and
# RFC 2890 §2. Each carries "abcd", whose sum is 0xc4c6.
VECTORS = [
    pytest.param(GRE(ether_type=0x0800), "0000 0800", id="the shortest"),
    pytest.param(GRE(ether_type=0x0800, key=0), "2000 0800 00000000", id="a key of zero"),
    pytest.param(GRE(ether_type=0x86DD, sequence=1), "1000 86dd 00000001", id="sequence"),
    pytest.param(
        GRE(ether_type=0x6558, checksum_present=True), "8000 6558 55e0 0000", id="checksum"
    ),
    pytest.param(
        GRE(0xFFFFFFFF, 0xFFFFFFFF, True, 0x1FF, 0xFFFF, ether_type=0xFFFF),
        "bff8 ffff 7b40 ffff ffffffff ffffffff", id="field limits",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_packs_to(header: GRE, octets: str) -> None:
    assert header.pack(b"abcd") == bytes.fromhex(octets) + b"abcd"


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_parses_from(header: GRE, octets: str) -> None:
    data = bytes.fromhex(octets) + b"abcd"

    parsed, payload = GRE.parse(memoryview(data))

    assert (parsed, bytes(payload)) == (header, b"abcd")
    assert parsed.pack(b"abcd") == data


@pytest.mark.parametrize(
    "inside",
    [
        IPv4(A, B) / UDP(1, 2) / b"hi",
        IPv6(A6, B6) / UDP(1, 2) / b"hi",
        LINK / IPv4(A, B) / UDP(1, 2) / b"hi",
    ],
    ids=["IPv4", "IPv6", "Ethernet"],
)
@pytest.mark.parametrize("outer", [IPv4(A, B), IPv6(A6, B6)], ids=["in IPv4", "in IPv6"])
def test_the_type_of_what_it_carries_is_set_and_found(outer: Header, inside: Packet) -> None:
    packet = outer / GRE(key=7, checksum_present=True) / inside

    octets = bytes(packet)
    read = dissect_ip(octets)

    assert read == packet
    assert read[GRE].ether_type == inside.headers[0].ETHER_TYPE
    assert (
        internet_checksum(octets[len(bytes(packet)) - len(bytes(packet.inside(type(outer)))) :])
        == 0
    )


def test_a_wrong_checksum_is_sent_as_it_is_and_a_changed_packet_gets_a_right_one() -> None:
    packet = IPv4(A, B) / GRE(checksum_present=True, checksum=0xDEAD) / IPv4(A, B) / UDP(1, 2)

    changed = packet.replace(GRE, sequence=1)

    assert dissect(bytes(packet))[GRE].checksum == 0xDEAD
    assert internet_checksum(bytes(changed)[20:]) == 0


@pytest.mark.parametrize("number", [0, 3, 0x05FF])
def test_a_number_that_is_no_ether_type_is_followed_by_payload(number: int) -> None:
    """A keepalive has protocol type 0; it is not the length of an LLC frame."""
    octets = bytes(IPv4(A, B) / GRE(ether_type=number) / b"\x42\x42\x03")

    read = dissect(octets)

    assert (read.payload, read.error) == (b"\x42\x42\x03", None)


@pytest.mark.parametrize("flags", ["0001", "3001", "2881", "0007"])
def test_another_version_stays_payload(flags: str) -> None:
    octets = bytes(IPv4(A, B, 47) / bytes.fromhex(f"{flags} 880b 0000 0000"))

    read = dissect(octets)

    assert str(read.error) == f"GRE: version {int(flags, 16) & 7}"
    assert bytes(read) == octets


def test_source_routes_stay_payload() -> None:
    with pytest.raises(ParseError, match="source routes"):
        GRE.parse(memoryview(bytes.fromhex("4000 0800 0000 0000")))


@pytest.mark.parametrize(
    ("flags", "size"), [("0000", 4), ("8000", 8), ("2000", 8), ("a000", 12), ("b000", 16)]
)
def test_refuses_what_is_cut_off(flags: str, size: int) -> None:
    octets = (bytes.fromhex(f"{flags} 0800") + bytes(12))[: size - 1]

    with pytest.raises(TruncatedError, match=f"{size - 1} of {size}"):
        GRE.parse(memoryview(octets))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (GRE(), "ether_type is unset"),
        (GRE(ether_type=65536), "ether_type=65536"),
        (GRE(ether_type=1, key=1 << 32), "key=4294967296"),
        (GRE(ether_type=1, sequence=-1), "sequence=-1"),
        (GRE(ether_type=1, reserved0=512), "reserved0 above 511"),
        (GRE(ether_type=1, checksum_present=True, reserved1=65536), "reserved1=65536"),
        (GRE(ether_type=1, checksum_present=True, checksum=65536), "checksum=65536"),
    ],
)
def test_refuses_what_does_not_fit(header: GRE, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        header.pack()
