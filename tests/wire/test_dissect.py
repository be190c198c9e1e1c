"""Whole packets, read header after header."""

import time
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import MOST_HEADERS, dissect, dissect_ip, following
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
MAC = bytes.fromhex("020000000001")

PACKETS = [
    pytest.param(IPv4(A, B) / UDP(1, 2) / b"hi", id="UDP"),
    pytest.param(IPv4(A, B) / TCP(1, 2) / b"hi", id="TCP"),
    pytest.param(IPv6(A6, B6) / TCP(1, 2) / b"hi", id="TCP over IPv6"),
    pytest.param(IPv4(A, B) / icmp.EchoRequest(1, 2) / b"hi", id="ICMP"),
    pytest.param(IPv6(A6, B6) / UDP(1, 2) / b"hi", id="UDP over IPv6"),
    pytest.param(IPv6(A6, B6) / icmpv6.EchoRequest(1, 2) / b"hi", id="ICMPv6"),
    pytest.param(IPv4(A, B) / IPv4(B, A) / UDP(1, 2), id="IPv4 in IPv4"),
    pytest.param(IPv4(A, B) / IPv6(A6, B6) / UDP(1, 2), id="IPv6 in IPv4"),
    pytest.param(IPv6(A6, B6) / IPv4(A, B) / UDP(1, 2), id="IPv4 in IPv6"),
    pytest.param(IPv6(A6, B6) / IPv6(B6, A6) / UDP(1, 2), id="IPv6 in IPv6"),
    pytest.param(IPv4(A, B, 200) / b"hi", id="something unknown"),
    pytest.param(IPv6(A6, B6, 59) / b"", id="nothing in IPv6"),
]


@pytest.mark.parametrize("packet", PACKETS)
def test_the_first_four_bits_tell_the_version(packet: Packet) -> None:
    assert dissect_ip(bytes(packet)) == packet


@pytest.mark.parametrize("packet", PACKETS)
def test_the_type_of_a_frame_tells_what_it_carries(packet: Packet) -> None:
    frame = Ethernet(MAC, MAC) / packet

    assert dissect(bytes(frame), first=Ethernet.parse) == frame


@pytest.mark.parametrize("octets", ["", "45", "60", "00", "ff" * 40])
def test_what_is_no_packet_is_all_payload(octets: str) -> None:
    packet = dissect_ip(bytes.fromhex(octets))

    assert (packet.headers, packet.payload) == ((), bytes.fromhex(octets))
    assert (packet.error is None) == (octets == "")


def test_a_later_fragment_is_not_read_further() -> None:
    octets = bytes(IPv4(A, B, 17, fragment_offset=1) / bytes(16))

    assert dissect(octets).headers == (IPv4(A, B, 17, fragment_offset=1),)


def test_a_header_cut_short_stays_in_the_payload_with_the_reason() -> None:
    octets = bytes(IPv4(A, B) / UDP(1, 2))[:24]

    packet = dissect(octets)

    assert packet.headers == (IPv4(A, B, 17),)
    assert packet.payload == octets[20:]
    assert str(packet.error) == "UDP: 4 of 8 header octets"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_any_kind_of_buffer_and_keeps_none_of_it(kind: type) -> None:
    octets = bytes(IPv4(A, B) / UDP(1, 2) / b"hi")

    packet = dissect(kind(octets))

    assert type(packet.payload) is bytes
    assert bytes(packet) == octets


class Marked(IPv4):
    """A header of a user's own."""

    __slots__ = ()


def test_a_class_derived_from_a_header_is_followed_by_what_follows_that() -> None:
    octets = bytes(IPv4(A, B) / UDP(1, 2))

    assert dissect(octets, first=Marked.parse).headers == (Marked(A, B, 17), UDP(1, 2))


def test_a_header_unknown_here_is_followed_by_payload() -> None:
    class Own(Header):
        __slots__ = ()

    assert following(Own()) is None


def nested(layers: int) -> bytes:
    """Return an error about an error about an error …, built from the inside out."""
    octets = b""
    for _ in range(layers):
        octets = bytes(IPv4(A, B) / icmp.TimeExceeded() / octets)
    return octets


def test_an_error_about_errors_is_read_only_so_deep() -> None:
    octets = nested(MOST_HEADERS)

    packet = dissect(octets)

    assert len(packet.headers) == MOST_HEADERS
    assert bytes(packet) == octets


@pytest.mark.alone
def test_reading_takes_no_longer_for_the_deepest_packet_than_its_size_warrants() -> None:
    plain = bytes(IPv4(A, B) / icmp.TimeExceeded() / bytes(60_000))

    def duration(octets: bytes) -> float:
        times = []
        for _ in range(5):
            start = time.process_time()
            dissect(octets)
            times.append(time.process_time() - start)
        return min(times)

    deepest = nested(2300)

    assert len(deepest) > 60_000
    assert duration(deepest) < 50 * duration(plain) + 0.01
