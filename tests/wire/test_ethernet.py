"""Ethernet frames, on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmp
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
US = MAC.parse("02:00:00:00:00:01")
OCTETS = bytes.fromhex("ffffffffffff 020000000001 0800")


def test_packs_to() -> None:
    assert Ethernet(BROADCAST, US, 0x0800).pack() == OCTETS


def test_parses_from() -> None:
    header, payload = Ethernet.parse(memoryview(OCTETS + b"hi"))

    assert header == Ethernet(BROADCAST, US, 0x0800)
    assert str(header.src) == "02:00:00:00:00:01"
    assert bytes(payload) == b"hi"


def test_what_is_inside_names_the_type_unless_it_is_set() -> None:
    assert (Ethernet(US, US) / IPv4(A, B, 1))[Ethernet].ether_type == 0x0800
    assert (Ethernet(US, US, 0x88B5) / IPv4(A, B, 1))[Ethernet].ether_type == 0x88B5


def test_padding_to_the_shortest_frame_repacks_octet_for_octet() -> None:
    frame = bytes(Ethernet(US, US) / IPv4(A, B) / icmp.EchoRequest(1, 2)).ljust(60, b"\xaa")

    packet = dissect(frame, first=Ethernet.parse)

    assert packet[IPv4].trailer == b"\xaa" * 18
    assert packet.payload == b""
    assert bytes(packet) == frame


def test_a_frame_of_unknown_type_is_all_payload() -> None:
    frame = Ethernet(US, US, 0x88B5).pack(b"hi")

    packet = dissect(frame, first=Ethernet.parse)

    assert (packet.payload, packet.error) == (b"hi", None)


def test_refuses_a_short_header() -> None:
    with pytest.raises(TruncatedError, match="13 of 14"):
        Ethernet.parse(memoryview(OCTETS[:13]))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (Ethernet(US, US), "ether_type is unset"),
        (Ethernet(US, US, 65536), "ether_type=65536"),
        (Ethernet(US[:5], US, 0x0800), "6 octets"),
        (Ethernet(US, US + b"\0", 0x0800), "6 octets"),
    ],
)
def test_refuses_a_value_that_does_not_fit(header: Ethernet, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        header.pack()
