"""UDP-Lite headers, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.received import Checksum
from rawkit.wire.udplite import UDPLite
from rawkit.wire.verify import verdict

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")

# Sent by Linux 6.18 from a UDP-Lite socket whose UDPLITE_SEND_CSCOV was 12, 8 and 0.
FROM_LINUX = [
    (
        "020000000002f61ff3e2bb1008004500002722f8400040889353c0000201c0000202 03e80007000ca293"
        "68656c6c6f20776f726c64",
        UDPLite(1000, 7, 12),
        b"hello world",
    ),
    (
        "020000000002f61ff3e2bb1008004500001f22f940004088935ac0000201c0000202 03e8000700087771"
        "6f6464",
        UDPLite(1000, 7, 8),
        b"odd",
    ),
    (
        "020000000002f61ff3e2bb1008004500001f22fa400040889359c0000201c0000202 03e800070000a414"
        "6f6464",
        UDPLite(1000, 7),
        b"odd",
    ),
]


@pytest.mark.parametrize(("octets", "header", "payload"), FROM_LINUX)
def test_what_linux_sends_is_read_and_built(octets: str, header: UDPLite, payload: bytes) -> None:
    data = bytes.fromhex(octets)

    read = dissect(data, first=Ethernet.parse)

    assert (read[UDPLite], read.payload) == (header, payload)
    assert bytes(read.inside(Ethernet).replace(UDPLite, checksum=None))[20:] == data[34:]
    assert verdict(read) is Checksum.VALID


def test_what_is_not_covered_may_be_damaged() -> None:
    octets = bytearray(bytes(IPv4(A, B) / UDPLite(1, 2, 10) / b"abcd"))
    octets[-1] ^= 1

    damaged = dissect(bytes(octets))
    octets[-3] ^= 1

    assert verdict(damaged) is Checksum.VALID
    assert verdict(dissect(bytes(octets))) is Checksum.BAD


@pytest.mark.parametrize("coverage", [1, 7, 13, 65535])
def test_a_coverage_that_makes_no_sense_is_sent_and_told(coverage: int) -> None:
    """RFC 3828 §3.1: such a datagram is to be discarded."""
    packet = IPv4(A, B) / UDPLite(1, 2, coverage) / b"abcd"

    read = dissect(bytes(packet))

    assert read == packet
    assert verdict(read) is Checksum.BAD


def test_no_checksum_is_a_wrong_one() -> None:
    octets = bytes(IPv4(A, B) / UDPLite(1, 2, checksum=0) / b"abcd")

    assert octets[26:28] == b"\0\0"
    assert verdict(dissect(octets)) is Checksum.BAD


def test_a_checksum_of_zero_goes_out_as_all_ones() -> None:
    head = bytes(IPv4(A, B) / UDPLite(1, 2, checksum=0) / b"\0\0")
    pseudo = A.packed + B.packed + bytes.fromhex("0088 000a")
    missing = internet_checksum(pseudo + head[20:])

    packet = IPv4(A, B) / UDPLite(1, 2) / missing.to_bytes(2, "big")

    assert dissect(bytes(packet))[UDPLite].checksum == 0xFFFF
    assert verdict(dissect(bytes(packet))) is Checksum.VALID


def test_over_ipv6_the_checksum_covers_its_addresses() -> None:
    octets = bytearray(bytes(IPv6(A6, B6) / UDPLite(1, 2, 8) / b"abcd"))
    octets[39] ^= 1

    assert verdict(dissect_ip(bytes(octets))) is Checksum.BAD


def test_without_addresses_nothing_can_be_said() -> None:
    assert UDPLite(1, 2).pack(b"hi") == bytes.fromhex("0001 0002 0000 0000") + b"hi"
    assert UDPLite(1, 2, checksum=5).is_intact(b"hi", None) is None


@pytest.mark.parametrize("size", range(8))
def test_refuses_what_is_cut_off(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"UDP-Lite: {size} of 8"):
        UDPLite.parse(memoryview(bytes(size)))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (UDPLite(65536, 1), "src_port=65536"),
        (UDPLite(1, -1), "dst_port=-1"),
        (UDPLite(1, 1, 65536), "coverage=65536"),
        (UDPLite(1, 1, checksum=65536), "checksum=65536"),
    ],
)
def test_refuses_what_does_not_fit(header: UDPLite, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        header.pack()
