"""Super-packets are cut into what a wire carries."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.record import replace
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.offload import data_in, room_for_data, tcp_segments, udp_datagrams, with_length
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from rawkit.wire.verify import verdict
from rawkit.wire.vlan import VLANTag
from rawkit.wire.vxlan import VXLAN

FRAME = Ethernet(b"\2" * 6, b"\4" * 6)
FOUR = IPv4(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7"), identification=0xFFFE)
SIX = IPv6(IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7"))
TIMES = b"\1\1\x08\x0a" + bytes(8)
BODY = bytes(n % 251 for n in range(4000))
ALL = Flags.ACK | Flags.PSH | Flags.FIN | Flags.CWR

AROUND = [
    pytest.param(FRAME / FOUR, id="IPv4"),
    pytest.param(FRAME / VLANTag(5) / SIX, id="VLAN, IPv6"),
    pytest.param(FRAME / SIX / DestinationOptions(), id="an extension header"),
    pytest.param(FRAME / FOUR / UDP(1, 4789, checksum=0) / VXLAN(9) / FRAME / FOUR, id="VXLAN"),
    pytest.param(FRAME / FOUR / FOUR, id="IP in IP"),
]


@pytest.mark.parametrize("around", AROUND)
def test_tcp_is_cut_into_segments_each_of_which_is_right(around: Packet) -> None:
    header = TCP(1, 2, 2**32 - 1000, 9, ALL, options=TIMES, checksum=0xDEAD)
    packet = dissect(bytes(around / header / BODY), Ethernet.parse)

    found = tcp_segments(packet, 1448)
    read = [dissect(bytes(one), Ethernet.parse) for one in found]

    assert [len(one.payload) for one in read] == [1448, 1448, 1104]
    assert b"".join(one.payload for one in read) == BODY
    assert all(verdict(one) is Checksum.VALID for one in read)
    tcp = [one.headers[-1] for one in read]
    assert all(isinstance(one, TCP) and one.options == TIMES for one in tcp)
    assert [one[TCP].sequence for one in read] == [2**32 - 1000, 448, 1896]
    assert [one[TCP].flags for one in read] == [
        Flags.ACK | Flags.CWR, Flags.ACK, Flags.ACK | Flags.PSH | Flags.FIN
    ]  # fmt: skip
    for one in read:
        assert [type(header) for header in one.headers] == [type(h) for h in packet.headers]


def test_identifications_go_on_and_wrap() -> None:
    packet = dissect_ip(bytes(FOUR / TCP(1, 2, flags=Flags.ACK) / BODY))

    assert [one[IPv4].identification for one in tcp_segments(packet, 1000)] == [
        0xFFFE, 0xFFFF, 0, 1
    ]  # fmt: skip


def test_urgent_data_stay_where_they_are() -> None:
    packet = FOUR / TCP(1, 2, flags=Flags.ACK | Flags.URG, urgent=1500) / BODY

    found = tcp_segments(packet, 1000)

    assert [(one[TCP].urgent, bool(one[TCP].flags & Flags.URG)) for one in found] == [
        (1500, True), (500, True), (0, False), (0, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "packet",
    [FOUR / TCP(1, 2) / BODY[:1000], FOUR / UDP(1, 2) / BODY, FRAME / b"x", Packet((), b"x")],
)
def test_what_is_no_super_packet_stays(packet: Packet) -> None:
    assert tcp_segments(packet, 1000) == (packet,)


def test_udp_is_cut_into_datagrams() -> None:
    packet = dissect(bytes(FRAME / FOUR / UDP(1, 2) / BODY), Ethernet.parse)

    found = udp_datagrams(packet, 1400)
    read = [dissect(bytes(one), Ethernet.parse) for one in found]

    assert [len(one.payload) for one in read] == [1400, 1400, 1200]
    assert [one[UDP].length for one in read] == [1408, 1408, 1208]
    assert b"".join(one.payload for one in read) == BODY
    assert all(verdict(one) is Checksum.VALID for one in read)
    assert udp_datagrams(packet, 4000) == (packet,)
    without = packet.replace(UDP, checksum=0)
    assert {one[UDP].checksum for one in udp_datagrams(without, 1400)} == {0}


ROOM = [
    (FRAME / FOUR / TCP(1, 2) / BODY, 1460),
    (FRAME / FOUR / TCP(1, 2, options=TIMES) / BODY, 1448),
    (FRAME / VLANTag(5) / SIX / TCP(1, 2) / BODY, 1440),
    (SIX / DestinationOptions() / TCP(1, 2) / BODY, 1432),
    (FRAME / FOUR / UDP(1, 4789, checksum=0) / VXLAN(9) / FRAME / FOUR / TCP(1, 2) / BODY, 1410),
    (FRAME / replace(FOUR, trailer=bytes(6)) / TCP(1, 2), 1460),
]


@pytest.mark.parametrize(("packet", "room"), ROOM)
def test_how_much_fits_follows_from_the_headers(packet: Packet, room: int) -> None:
    assert room_for_data(packet, 1500) == room


def test_options_take_room_that_the_mss_gives() -> None:
    assert data_in(TCP(1, 2, options=TIMES), 1460) == 1448
    assert data_in(TCP(1, 2), 536) == 536


def test_a_total_length_of_0_means_to_the_end() -> None:
    octets = bytes(FRAME / replace(FOUR, total_length=0) / TCP(1, 2, flags=Flags.ACK) / BODY)

    found = dissect(with_length(octets, 14), Ethernet.parse)

    assert found[IPv4].total_length == 4040
    assert found.payload == BODY
    right = bytes(FRAME / FOUR / TCP(1, 2))
    assert with_length(right, 14) == right
    assert with_length(right[:20], 14) == right[:20]
    six = bytes(FRAME / SIX / TCP(1, 2))
    assert with_length(six, 14) == six


@given(st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=300), st.integers(1, 80))
def test_segments_are_the_same_octets_in_the_same_places(
    sequence: int, body: bytes, size: int
) -> None:
    found = tcp_segments(FOUR / TCP(1, 2, sequence, flags=Flags.ACK) / body, size)

    place = 0
    for one in found:
        assert (one[TCP].sequence - sequence) % 2**32 == place
        assert 0 < len(one.payload) <= size
        place += len(one.payload)
    assert b"".join(one.payload for one in found) == body
