"""Whether packets answer each other: for all packets, and in the eyes of scapy."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.wire import icmp, icmpv6
from rawkit.wire.answers import Relation, answers, relation
from rawkit.wire.arp import ARP
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from tests.properties.strategies import frames, packets, u8
from tests.wire.test_answers import EVERYTHING

SCAPY_KNOWS_LESS = {
    *("another payload", "the payload cut short", "of another payload", "of other octets"),
    *("to all hosts", "to everybody", "to this host, however it is called", "a group's member"),
    *("another host", "for another identifier", "other addresses", "an interface"),
    *("RST without ACK", "more than was sent with SYN", "an ACK of more that followed"),
    *("an ACK from before", "an ACK beyond the end of numbers", "RST that begins elsewhere"),
    *("an ACK from before, likewise", "one who has no address yet", "the question heard"),
    *("INIT ACK for another", "COOKIE ACK", "HEARTBEAT ACK of another"),
    *("something unread back", "a later fragment back", "of a fragment made on the way"),
    *("it has, for another", "reverse ARP", "inverse ARP", "the address is taken"),
    *("a router of IPv4", "a multicast router", "any group", "the group"),
    *("a listener, version 2", "extension headers there", "the first fragment back"),
    *("the end of a source route", "the next station of one", "on a source route"),
    *("back without a tag", "out of a tunnel", "through a tunnel", "in the tunnel"),
    *("behind the tunnel", "of another segment", "a redirect", "a quench"),
}
"""Rows of the table about which it says something else, or does not know the protocol."""
SHARED = [
    row
    for row in EVERYTHING
    if row[0] not in SCAPY_KNOWS_LESS and type(row[1].headers[0]) is type(row[2].headers[0])
]


@pytest.mark.parametrize(
    ("question", "answer", "expected"), [row[1:] for row in SHARED], ids=[row[0] for row in SHARED]
)
def test_scapy_thinks_the_same(
    question: Packet, answer: Packet, expected: Relation, scapy: ModuleType
) -> None:
    kinds = {
        IPv4: scapy.layers.inet.IP,
        IPv6: scapy.layers.inet6.IPv6,
        Ethernet: scapy.layers.l2.Ether,
        ARP: scapy.layers.l2.ARP,
    }
    kind = kinds[type(question.headers[0])]

    verdict = bool(kind(bytes(answer)).answers(kind(bytes(question))))

    assert verdict == (expected in (Relation.REPLY, Relation.ERROR))


@st.composite
def damaged(draw: st.DrawFn) -> Packet:
    octets = bytearray(bytes(draw(frames)))
    for place in draw(st.lists(st.integers(0, len(octets) - 1), max_size=4)):
        octets[place] = draw(u8)
    return dissect_frame(octets[: draw(st.integers(0, len(octets)))])


@given(packets | frames | damaged(), packets | frames | damaged())
def test_any_two_packets_can_be_compared(one: Packet, other: Packet) -> None:
    assert relation(one, other) in Relation
    assert not answers(one, one)


@given(packets, st.integers(0, 120))
def test_a_packet_is_known_by_any_quote_of_it(packet: Packet, more: int) -> None:
    ip = packet.headers[0]
    assert isinstance(ip, IPv4 | IPv6)
    octets = bytes(packet)
    head = 20 + len(ip.options) if isinstance(ip, IPv4) else 40
    if isinstance(ip, IPv4):
        error = IPv4(ip.dst, ip.src) / icmp.TimeExceeded()
    else:
        error = IPv6(ip.dst, ip.src) / icmpv6.TimeExceeded()

    whole = dissect_ip(bytes(error / octets))
    cut = dissect_ip(bytes(error / octets[: head + more]))

    assert relation(packet, whole) is Relation.ERROR
    assert relation(dissect_ip(octets), whole) is Relation.ERROR
    assert relation(packet, cut) in (Relation.ERROR, Relation.PARTIAL)
