"""The books of a capture: protocols, conversations, and what is wrong."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.engine.tally import End, Tally, talk_of
from rawkit.errors import ParseError
from rawkit.wire import icmp, icmpv6
from rawkit.wire.arp import ARP
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from rawkit.wire.vlan import VLANTag

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7")
OURS, THEIRS = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"
FRAME = Ethernet(THEIRS, OURS)
SECOND = 10**9

TALKS = [
    pytest.param(FRAME / IPv4(A, B) / TCP(1, 80), "TCP 192.0.2.1:1 192.0.2.7:80", id="TCP"),
    pytest.param(IPv6(A6, B6) / UDP(1, 53), "UDP [2001:db8::1]:1 [2001:db8::7]:53", id="UDP"),
    pytest.param(IPv4(A, B) / icmp.EchoRequest(1, 2), "ICMP 192.0.2.1 192.0.2.7", id="ICMP"),
    pytest.param(IPv6(A6, B6) / icmpv6.EchoRequest(1, 2), "ICMPv6 2001:db8::1 2001:db8::7",
                 id="ICMPv6"),
    pytest.param(IPv4(B, A) / icmp.Unreachable(3) / IPv4(A, B) / UDP(1, 2),
                 "ICMP 192.0.2.7 192.0.2.1", id="an ICMP error"),
    pytest.param(IPv4(A, B) / IPv6(A6, B6) / TCP(1, 2),
                 "TCP [2001:db8::1]:1 [2001:db8::7]:2", id="a tunnel"),
    pytest.param(IPv4(A, B, protocol=253) / b"x", "IPv4 192.0.2.1 192.0.2.7", id="unknown"),
    pytest.param(FRAME / ARP(1, OURS, A, bytes(6), B),
                 "Ethernet 02:00:00:00:00:01 02:00:00:00:00:02", id="ARP"),
    pytest.param(Packet((), b"octets"), None, id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "told"), TALKS)
def test_who_talks_to_whom_is_told_by_the_innermost_header(
    packet: Packet, told: str | None
) -> None:
    found = talk_of(packet)

    assert (None if found is None else " ".join(map(str, found))) == told


def test_both_directions_are_one_conversation() -> None:
    tally = Tally()
    for number, (packet, length) in enumerate((
        (IPv4(A, B) / UDP(1, 53), 50),
        (IPv4(B, A) / UDP(53, 1), 200),
        (IPv4(A, B) / UDP(1, 53), 60),
        (IPv4(A, B) / UDP(2, 53), 70),
    )):  # fmt: skip
        tally.add(packet, length, length, number * SECOND)

    first, second = tally.talks
    assert (first.first, first.other) == (End(A, 1), End(B, 53))
    assert (first.forth.packets, first.forth.octets) == (2, 110)
    assert (first.back.packets, first.back.octets) == (1, 200)
    assert (first.octets, first.duration) == (310, 2.0)
    assert (second.first.port, second.octets, second.duration) == (2, 70, 0.0)


def test_protocols_are_counted_by_what_they_are_in() -> None:
    tally = Tally()
    tagged = FRAME / VLANTag(5) / IPv4(A, B) / TCP(1, 2)
    for packet in (tagged, FRAME / IPv4(A, B) / TCP(1, 2), FRAME / IPv4(A, B) / UDP(1, 2)):
        tally.add(packet, 100, 100)

    assert {"/".join(chain): count.packets for chain, count in tally.protocols.items()} == {
        "Ethernet": 3,
        "Ethernet/VLANTag": 1,
        "Ethernet/VLANTag/IPv4": 1,
        "Ethernet/VLANTag/IPv4/TCP": 1,
        "Ethernet/IPv4": 2,
        "Ethernet/IPv4/TCP": 1,
        "Ethernet/IPv4/UDP": 1,
    }


def test_what_an_icmp_error_quotes_was_no_packet() -> None:
    tally = Tally()
    tally.add(IPv4(B, A) / icmp.TimeExceeded(0) / IPv4(A, B) / UDP(1, 2), 56, 56)

    assert list(tally.protocols) == [("IPv4",), ("IPv4", "ICMP")]


def test_what_is_wrong_is_counted() -> None:
    tally = Tally()
    packet = IPv4(A, B) / UDP(1, 2)
    tally.add(packet, 1500, 96, 5 * SECOND, None)
    tally.add(packet, 28, 28, 3 * SECOND, Checksum.BAD)
    tally.add(packet, 28, 28, 4 * SECOND, Checksum.UNFINISHED)
    tally.add(Packet((), b"?", ParseError("no")), 1, 1)
    tally.add(Packet((), b"?", ParseError("no")), 2, 1)

    assert (tally.all.packets, tally.all.octets, tally.captured_octets) == (5, 1559, 154)
    assert (tally.cut, tally.bad, tally.unfinished, tally.unread) == (2, 1, 1, 1)
    assert (tally.began_ns, tally.duration) == (3 * SECOND, 2.0)


def test_without_times_there_is_no_duration() -> None:
    tally = Tally()
    tally.add(IPv4(A, B) / UDP(1, 2), 28, 28)

    assert tally.duration is None
    assert tally.talks[0].duration is None


def test_the_books_stay_thin_whoever_talks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rawkit.engine.tally.MOST_TALKS", 100)
    monkeypatch.setattr("rawkit.engine.tally.MOST_PROTOCOLS", 3)
    tally = Tally()
    for port in range(1000):
        tally.add(FRAME / IPv4(A, B) / UDP(port, 53), 42, 42)
    tally.add(FRAME / IPv6(A6, B6) / TCP(1, 2), 74, 74)

    assert len(tally.talks) == 100
    assert tally.forgotten == 901
    assert len(tally.protocols) == 3
    assert tally.all.packets == 1001
