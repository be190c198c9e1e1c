"""Other addresses and ports: everywhere in a packet, and with checksums that fit."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.record import fields, replace
from rawkit.wire import icmp, icmpv6, igmp, ip_options, ndp, ndp_options, routing
from rawkit.wire.address import MAC
from rawkit.wire.arp import ARP
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.fragment import fragment
from rawkit.wire.gre import GRE
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.partial import finished, partial_checksum, unfinished
from rawkit.wire.received import Checksum
from rawkit.wire.rewrite import Rewriting, rewritten
from rawkit.wire.sctp import SCTP, Chunk
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from rawkit.wire.udplite import UDPLite
from rawkit.wire.verify import verdict
from rawkit.wire.vlan import VLANTag
from rawkit.wire.vxlan import VXLAN

OURS, THEIRS = MAC(b"\2\0\0\0\0\1"), MAC(b"\2\0\0\0\0\2")
NEW = MAC(b"\2\0\0\0\0\x99")
A, B, C = (IPv4Address(f"10.0.0.{last}") for last in (1, 7, 200))
A6, B6, C6 = (IPv6Address(f"2001:db8::{last}") for last in (1, 7, 200))
OUTER = IPv4(IPv4Address("10.0.0.100"), IPv4Address("198.51.100.1"))
FRAME = Ethernet(THEIRS, OURS)
FOUR, SIX = IPv4(A, B, identification=7), IPv6(A6, B6)
BODY = b"hello, world!"


def moved(address: Any) -> Any:
    """10.0.0.0/24 becomes 192.0.2.0/24, 2001:db8::/64 becomes fd00::/64."""
    known, bits, start = int(A), 8, int(IPv4Address("192.0.2.0"))
    if isinstance(address, IPv6Address):
        known, bits, start = int(A6), 64, int(IPv6Address("fd00::"))
    is_it = int(address) >> bits == known >> bits
    return type(address)(int(address) % 2**bits + start) if is_it else address


RULES = Rewriting(address=moved, macs={OURS: NEW}, ports={80: 8080, 40000: 50000})
ROUTE = ip_options.encode(ip_options.SourceRoute((C, B)))
NEW_ROUTE = ip_options.encode(ip_options.SourceRoute((moved(C), moved(B))))
SEGMENTS = routing.encode(routing.SegmentRoute((B6, C6)), 1)
NEW_SEGMENTS = routing.encode(routing.SegmentRoute((moved(B6), moved(C6))), 1)

PACKETS = {
    "TCP": FRAME / FOUR / TCP(40000, 80, 7) / BODY,
    "UDP": FRAME / FOUR / UDP(40000, 80) / BODY,
    "other ports": FRAME / FOUR / UDP(1, 2) / BODY,
    "UDP over IPv6": FRAME / SIX / UDP(40000, 80) / BODY,
    "VLAN": FRAME / VLANTag(5) / FOUR / TCP(40000, 80, 7) / BODY,
    "UDP-Lite": FRAME / FOUR / UDPLite(40000, 80, 8) / BODY,
    "SCTP": FRAME / FOUR / SCTP(40000, 80, 7, (Chunk(0, BODY),)),
    "echo": FRAME / FOUR / icmp.EchoRequest(1, 2) / BODY,
    "echo over IPv6": FRAME / SIX / icmpv6.EchoRequest(1, 2) / BODY,
    "IGMP": FRAME / FOUR / igmp.MembershipReportV2(C),
    "ARP": Ethernet(b"\xff" * 6, OURS) / ARP(1, OURS, A, MAC(bytes(6)), B),
    "solicitation": FRAME / SIX / ndp.NeighborSolicitation(
        C6, (ndp_options.SourceLinkLayer(OURS),)
    ),
    "redirect": FRAME / FOUR / icmp.Redirect(1, C) / IPv4(A, B) / UDP(40000, 80) / BODY,
    "a quote": FRAME / IPv4(B, A) / icmp.Unreachable(3) / FOUR / TCP(40000, 80, 7) / BODY,
    "a quote in IPv6": FRAME / IPv6(B6, A6) / icmpv6.Unreachable(4) / SIX / UDP(40000, 80) / BODY,
    "IP in IP": FRAME / OUTER / FOUR / TCP(40000, 80, 7) / BODY,
    "GRE with a checksum": FRAME / OUTER / GRE(checksum_present=True) / FOUR / UDP(40000, 80),
    "VXLAN": FRAME / OUTER / UDP(1, 4789) / VXLAN(9) / FRAME / FOUR / TCP(40000, 80, 7) / BODY,
    "an extension": FRAME / SIX / DestinationOptions() / UDP(40000, 80) / BODY,
    "a source route": FRAME / replace(FOUR, options=ROUTE) / UDP(40000, 80) / BODY,
    "segments": FRAME / SIX / SEGMENTS / UDP(40000, 80) / BODY,
    "another protocol": FRAME / replace(FOUR, protocol=253) / BODY,
}  # fmt: skip


def read(packet: Packet) -> Packet:
    return dissect(bytes(packet), Ethernet.parse)


def made_anew(packet: Packet) -> Packet:
    """Return a packet with its addresses and ports changed one by one, and all else worked out."""
    headers = []
    for header in packet.headers:
        changes: dict[str, object] = {}
        for one in fields(header):
            value = getattr(header, one.name)
            if isinstance(value, IPv4Address | IPv6Address):
                changes[one.name] = moved(value)
            elif value == OURS:
                changes[one.name] = NEW
            elif one.name in ("src_port", "dst_port"):
                changes[one.name] = RULES.ports.get(value, value)
        headers.append(replace(header, **changes).recomputed())
    return Packet(tuple(headers), packet.payload)


@pytest.mark.parametrize("name", PACKETS)
def test_a_changed_packet_is_as_if_it_had_been_made_so(name: str) -> None:
    packet = PACKETS[name]
    wanted = made_anew(packet)
    if name == "a source route":
        wanted = wanted.replace(IPv4, options=NEW_ROUTE).recomputed()
    if name == "segments":
        wanted = wanted.replace(type(SEGMENTS), data=NEW_SEGMENTS.data).recomputed()
    if name == "solicitation":
        options = (ndp_options.SourceLinkLayer(NEW),)
        wanted = wanted.replace(ndp.NeighborSolicitation, options=options)

    found = rewritten(read(packet), RULES)

    assert bytes(found).hex() == bytes(wanted).hex()
    assert len(bytes(found)) == len(bytes(packet))


@pytest.mark.parametrize("name", PACKETS)
def test_what_no_rule_is_about_stays_octet_for_octet(name: str) -> None:
    octets = bytes(PACKETS[name])
    elsewhere = Rewriting(macs={NEW: OURS}, ports={9: 10}, address=lambda address: address)

    assert bytes(rewritten(read(PACKETS[name]), elsewhere)) == octets
    assert not Rewriting()
    assert RULES


WRONG = [
    FRAME / FOUR / TCP(40000, 80, checksum=0xDEAD) / BODY,
    FRAME / replace(FOUR, checksum=0xDEAD) / TCP(40000, 80) / BODY,
    FRAME / SIX / UDP(40000, 80, checksum=0xDEAD) / BODY,
    FRAME / FOUR / SCTP(40000, 80, checksum=7),
]


@pytest.mark.parametrize("packet", WRONG)
def test_a_wrong_checksum_stays_wrong(packet: Packet) -> None:
    assert verdict(read(packet)) is Checksum.BAD

    assert verdict(rewritten(read(packet), RULES)) is Checksum.BAD


def test_a_checksum_that_was_not_made_is_not_made() -> None:
    packet = FRAME / FOUR / UDP(40000, 80, checksum=0) / BODY

    assert rewritten(read(packet), RULES)[UDP].checksum == 0


def test_a_checksum_that_becomes_0_goes_out_as_all_ones_in_udp() -> None:
    for last in range(256):
        rules = Rewriting(ports={80: 256 * 80 + last})
        packet = FRAME / FOUR / UDP(40000, 80, checksum=None) / b"\0\0"
        found = rewritten(read(packet), rules)
        assert verdict(found) is Checksum.VALID
        assert found[UDP].checksum != 0


def test_an_unfinished_checksum_stays_unfinished_and_can_be_finished_later() -> None:
    whole = FRAME / FOUR / TCP(40000, 80, 7) / BODY
    packet = read(whole.replace(TCP, checksum=partial_checksum(read(whole), 2)))
    assert unfinished(packet) == 2

    found = rewritten(packet, RULES)

    assert unfinished(found) == 2
    assert bytes(finished(found)) == bytes(rewritten(read(whole), RULES))
    assert finished(read(whole)) == read(whole)


def test_fragments_are_changed_so_that_the_whole_is_right() -> None:
    whole = FRAME / replace(FOUR, dont_fragment=False) / UDP(40000, 80) / bytes(range(200))
    pieces = fragment(whole, 100)
    changed = [rewritten(read(piece), RULES) for piece in pieces]

    wanted = fragment(made_anew(whole), 100)
    assert [bytes(one) for one in changed] == [bytes(one) for one in wanted]


@pytest.mark.parametrize("kept", range(34, 68))
def test_of_what_was_cut_short_the_addresses_are_changed_all_the_same(kept: int) -> None:
    packet = PACKETS["TCP"]
    cut = dissect(bytes(packet)[:kept], Ethernet.parse)

    found = rewritten(cut, RULES)

    assert len(bytes(found)) == kept
    assert bytes(found)[:34] == bytes(made_anew(packet))[:34]
    if kept >= 54:
        assert bytes(found) == bytes(made_anew(packet))[:kept]


def test_ports_in_a_quote_of_eight_octets_are_changed() -> None:
    quoted = bytes(FOUR / TCP(40000, 80, 7))[:28]
    packet = dissect(bytes(FRAME / IPv4(B, A) / icmp.TimeExceeded() / quoted), Ethernet.parse)

    found = rewritten(packet, RULES)

    assert found.payload[:4] == (50000).to_bytes(2, "big") + (8080).to_bytes(2, "big")
    assert found.headers[-1] == replace(packet.headers[-1], src=moved(A), dst=moved(B))
    assert verdict(found) is Checksum.VALID


def test_frames_may_be_from_and_for_somebody_else() -> None:
    rules = Rewriting(src_mac=NEW, dst_mac=OURS)

    found = rewritten(read(PACKETS["VXLAN"]), rules)

    frames = [header for header in found.headers if isinstance(header, Ethernet)]
    assert [(one.dst, one.src) for one in frames] == [(OURS, NEW), (THEIRS, OURS)]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 65535),
       st.binary(max_size=41), st.booleans())  # fmt: skip
def test_any_change_leads_to_right_checksums(
    src: int, new: int, port: int, body: bytes, is_udp: bool
) -> None:
    header = UDP(40000, 80) if is_udp else TCP(40000, 80)
    packet = FRAME / IPv4(IPv4Address(src), B) / header / body
    rules = Rewriting(
        address=lambda one: IPv4Address(new) if one == IPv4Address(src) else one, ports={80: port}
    )

    found = rewritten(read(packet), rules)

    again = found.replace(IPv4, ttl=64)
    remade = Packet(tuple(one.recomputed() for one in again.headers), again.payload)
    if not (is_udp and port == 4789):
        assert bytes(found) == bytes(remade)
