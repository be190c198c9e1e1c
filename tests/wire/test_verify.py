"""Verdicts on checksums: right, wrong, or none to look at."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment
from rawkit.wire.gre import GRE
from rawkit.wire.igmp import LeaveGroup
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.llc import SNAP
from rawkit.wire.mld import ListenerQuery
from rawkit.wire.ndp import NeighborSolicitation
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum
from rawkit.wire.sctp import SCTP, Chunk
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from rawkit.wire.udplite import UDPLite
from rawkit.wire.verify import verdict
from rawkit.wire.vlan import ServiceTag, VLANTag
from rawkit.wire.vxlan import VXLAN

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
FRAME = Ethernet(BROADCAST, MAC(b"\2\0\0\0\0\1"))
V4, V6 = FRAME / IPv4(A, B), FRAME / IPv6(A6, B6)
LATER = IPv4(A, B, protocol=17, fragment_offset=3, dont_fragment=False)

CHECKED = {
    "UDP": V4 / UDP(1, 2) / b"payload",
    "UDP over IPv6": V6 / UDP(1, 2) / b"odd",
    "TCP": V4 / TCP(1, 2) / b"payload",
    "TCP behind an option header": V6 / DestinationOptions(options=bytes(6)) / TCP(1, 2),
    "echo": V4 / icmp.EchoRequest(1, 2) / b"payload",
    "echo over IPv6": V6 / icmpv6.EchoRequest(1, 2) / b"payload",
    "neighbour solicitation": V6 / NeighborSolicitation(B6),
    "ICMP error": V4 / icmp.Unreachable(1) / IPv4(B, A) / UDP(1, 2) / b"payload",
    "IGMP": V4 / LeaveGroup(IPv4Address("233.252.0.1")),
    "MLD": V6 / ListenerQuery(),
    "SCTP": V4 / SCTP(1, 2, 3, (Chunk(1, b"odd"),)) / b"",
    "UDP-Lite": V4 / UDPLite(1, 2) / b"payload",
    "UDP-Lite, covered in part": V6 / UDPLite(1, 2, 8) / b"payload",
    "GRE with a checksum": V4 / GRE(checksum_present=True) / IPv4(B, A) / UDP(1, 2) / b"payload",
    "inside GRE without one": V4 / GRE() / IPv6(B6, A6) / UDP(1, 2) / b"payload",
    "inside VXLAN": V4 / UDP(1, 4789, checksum=0) / VXLAN(1) / V4 / UDP(1, 2) / b"payload",
    "behind tags": FRAME / ServiceTag(1) / VLANTag(2) / IPv4(A, B) / UDP(1, 2) / b"payload",
    "behind SNAP": FRAME / SNAP() / IPv4(A, B) / UDP(1, 2) / b"payload",
    "with what fills a frame": FRAME / IPv4(A, B, trailer=bytes(9)) / UDP(1, 2, trailer=b"xy"),
}


def received(packet: Packet) -> Packet:
    return dissect(bytes(packet), first=Ethernet.parse)


@pytest.mark.parametrize("packet", CHECKED.values(), ids=CHECKED)
def test_a_right_checksum_is_valid(packet: Packet) -> None:
    assert verdict(received(packet)) is Checksum.VALID


@pytest.mark.parametrize("packet", CHECKED.values(), ids=CHECKED)
def test_one_wrong_bit_behind_ip_is_bad(packet: Packet) -> None:
    read = received(packet)
    header = next(one for one in read.headers if not isinstance(one, Ethernet | IPv4 | IPv6)
                  and getattr(one, "checksum", None) is not None)  # fmt: skip
    kind: type[Header] = type(header)

    wrong = read.replace(kind, checksum=getattr(header, "checksum", 0) ^ 0x0100)

    assert verdict(received(wrong)) is Checksum.BAD


@pytest.mark.parametrize(
    "inside", [IPv4(A, B, checksum=1) / UDP(1, 2), IPv4(A, B) / UDP(1, 2, checksum=1)]
)
def test_where_a_tunnel_has_no_checksum_that_inside_counts(inside: Packet) -> None:
    through = (
        V4 / UDP(1, 4789, checksum=0) / VXLAN(1) / FRAME / inside,
        V4 / GRE() / inside,
        V6 / inside,
        FRAME / VLANTag(1) / inside,
    )

    for packet in through:
        assert verdict(received(packet)) is Checksum.BAD


def test_a_wrong_checksum_of_ipv4_is_bad() -> None:
    wrong = FRAME / IPv4(A, B, checksum=1) / UDP(1, 2)

    assert verdict(received(wrong)) is Checksum.BAD


NOTHING_TO_LOOK_AT = {
    "ARP": FRAME / ARP(1, FRAME.src, A, bytes(6), B),
    "UDP without": V4 / UDP(1, 2, checksum=0) / b"payload",
    "a later fragment": FRAME / LATER / b"\0\1\0\2\0\x09\x12\x34x",
    "a first fragment": FRAME / IPv4(A, B, more_fragments=True) / UDP(1, 2, checksum=9),
    "a fragment of IPv6": V6 / Fragment(more=True) / UDP(1, 2, checksum=9),
    "unknown": FRAME / IPv4(A, B, protocol=200) / b"payload",
    "nothing": Packet(),
}


@pytest.mark.parametrize("packet", NOTHING_TO_LOOK_AT.values(), ids=NOTHING_TO_LOOK_AT)
def test_where_there_is_nothing_to_look_at_nothing_is_wrong(packet: Packet) -> None:
    assert verdict(received(packet)) is Checksum.VALID


@pytest.mark.parametrize("name", ["UDP", "UDP over IPv6", "TCP", "echo", "echo over IPv6"])
def test_what_is_cut_short_is_not_judged(name: str) -> None:
    octets = bytes(CHECKED[name])[:-1]

    assert verdict(dissect(octets, first=Ethernet.parse)) is Checksum.VALID
