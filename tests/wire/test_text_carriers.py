"""How links, tunnels, multicast groups, SCTP and UDP-Lite are printed."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.wire import igmp, mld, multicast_routers, multicast_routers_ipv6
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import HopByHop
from rawkit.wire.gre import GRE
from rawkit.wire.icmp_queries import (
    AddressMaskReply,
    AddressMaskRequest,
    InformationReply,
    InformationRequest,
)
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.llc import LLC, SNAP
from rawkit.wire.membership import GroupRecord, RecordType
from rawkit.wire.packet import Packet
from rawkit.wire.sctp import SCTP, Chunk, ChunkType
from rawkit.wire.sctp_chunks import Data, Init, Sack
from rawkit.wire.text import line, tree
from rawkit.wire.udp import UDP
from rawkit.wire.udplite import UDPLite
from rawkit.wire.vlan import ServiceTag, VLANTag
from rawkit.wire.vxlan import VXLAN

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
GROUP = IPv4Address("233.252.0.1")
LINK = Ethernet(b"\2\0\0\0\0\1", b"\2\0\0\0\0\2")
V4, V6 = LINK / IPv4(A, B), LINK / IPv6(A6, B6)
INNER = IPv4(A, B) / UDP(1, 2) / b"hi"
ALERT = HopByHop(options=bytes.fromhex("050200000100"))
INIT, SACK = Init(7, tsn=9).chunk, Sack(10, 200, ((2, 3), (5, 6)), (7, 8)).chunk

IP, SAID = "IP 192.0.2.1 > 192.0.2.2:", "IP 192.0.2.1.1 > 192.0.2.2.2:"
IP6, ENDS = "IP6 2001:db8::1 > 2001:db8::2:", "02:00:00:00:00:02 > 02:00:00:00:00:01"

# As tcpdump 4.99.3 -n prints them, but for spaces at the end of a line and before a comma.
AS_TCPDUMP = [
    (LINK / SNAP() / INNER, f"{SAID} UDP, length 2"),
    (V4 / GRE() / INNER, f"{IP} GREv0, length 34: {SAID} UDP, length 2"),
    (
        V4 / GRE(5, 7, checksum_present=True) / LINK / INNER,
        f"{IP} GREv0, off 0x0, key=0x5, seq 7, length 60: {SAID} UDP, length 2",
    ),
    (V6 / GRE(5) / INNER, f"{IP6} GREv0, key=0x5, length 38: {SAID} UDP, length 2"),
    (V4 / GRE(ether_type=0x1234) / b"abc", f"{IP} GREv0, length 7: gre-proto-0x1234"),
    (V4 / GRE(ether_type=0) / b"", f"{IP} GREv0, length 4: gre-proto-0x0"),
    (V4 / IPv6(A6, B6) / UDP(1, 2) / b"hi",
     f"{IP} IP6 2001:db8::1.1 > 2001:db8::2.2: UDP, length 2"),
    (V4 / INNER, f"{IP} {SAID} UDP, length 2"),
    (V4 / igmp.MembershipQuery(max_response_code=0), f"{IP} igmp query v1"),
    (V4 / igmp.MembershipQuery(), f"{IP} igmp query v2"),
    (V4 / igmp.MembershipQuery(GROUP, 55),
     f"{IP} igmp query v2 [max resp time 55] [gaddr 233.252.0.1]"),
    (V4 / igmp.MembershipQueryV3(), f"{IP} igmp query v3"),
    (V4 / igmp.MembershipQueryV3(GROUP, max_response_code=20),
     f"{IP} igmp query v3 [max resp time 2.0s] [gaddr 233.252.0.1]"),
    (V4 / igmp.MembershipQueryV3(GROUP, (A, B)),
     f"{IP} igmp query v3 [gaddr 233.252.0.1, 2 source(s)]"),
    (V4 / igmp.MembershipReportV1(GROUP), f"{IP} igmp v1 report 233.252.0.1"),
    (V4 / igmp.MembershipReportV2(GROUP), f"{IP} igmp v2 report 233.252.0.1"),
    (V4 / igmp.LeaveGroup(GROUP), f"{IP} igmp leave 233.252.0.1"),
    (V4 / igmp.MembershipReportV3((GroupRecord(4, GROUP),)),
     f"{IP} igmp v3 report, 1 group record(s)"),
    (V4 / igmp.Other(0x99) / b"abcd", f"{IP} igmp-153"),
    (V6 / mld.ListenerQueryV2(A6, (A6, B6)),
     f"{IP6} ICMP6, multicast listener query v2 [gaddr 2001:db8::1, 2 source(s)], length 60"),
    (V6 / ALERT / mld.ListenerReportV2((GroupRecord(4, A6), GroupRecord(4, B6))),
     f"{IP6} HBH ICMP6, multicast listener report v2, 2 group record(s), length 48"),
    (V4 / AddressMaskRequest(1, 2), f"{IP} ICMP address mask request, length 12"),
    (V4 / AddressMaskReply(1, 2, IPv4Address("255.255.255.0")),
     f"{IP} ICMP address mask is 0xffffff00, length 12"),
    (V4 / InformationRequest(1, 2), f"{IP} ICMP information request, length 8"),
    (V4 / InformationReply(1, 2), f"{IP} ICMP information reply, length 8"),
    (V4 / SCTP(1, 2), f"{SAID} sctp"),
    (V4 / SCTP(1, 2, 3, (INIT, Chunk(200, b"abcde"))),
     f"{SAID} sctp (1) [INIT] [init tag: 7] [rwnd: 65536] [OS: 10] [MIS: 65535] [init TSN: 9],"
     " (2) [Unknown chunk type: 0xc8]"),
    (V4 / SCTP(1, 2, 3, (SACK,)),
     f"{SAID} sctp (1) [SACK] [cum ack 10] [a_rwnd 200] [#gap acks 2] [#dup tsns 2]"),
    (V4 / SCTP(1, 2, 3, tuple(Chunk(number) for number in range(4, 15))),
     f"{SAID} sctp (1) [HB REQ], (2) [HB ACK], (3) [ABORT], (4) [SHUTDOWN], (5) [SHUTDOWN ACK],"
     " (6) [OP ERR], (7) [COOKIE ECHO], (8) [COOKIE ACK], (9) [ECN ECHO], (10) [ECN CWR],"
     " (11) [SHUTDOWN COMPLETE]"),
]  # fmt: skip

# It says more or less of these, prints them on two lines, or only with -e, or knows them not.
OTHERS = [
    (LINK / VLANTag(5) / INNER, f"vlan 5, p 0, {SAID} UDP, length 2"),
    (LINK / ServiceTag(6, 7, True) / VLANTag(5, 1) / INNER,
     f"vlan 6, p 7, DEI, vlan 5, p 1, {SAID} UDP, length 2"),
    (LINK / VLANTag(5, ether_type=0x88CC) / b"abc",
     f"{ENDS}, vlan 5, p 0, ethertype 0x88cc, length 3"),
    (LINK / LLC(0x42, 0x42) / b"abcd",
     f"{ENDS}, 802.3, length 7: LLC, dsap STP (0x42) Individual, ssap STP (0x42) Command,"
     " ctrl 0x03, length 4"),
    (LINK / VLANTag(5) / LLC(0xF1, 0x33, 0x0201) / b"abc",
     f"{ENDS}, vlan 5, p 0, LLC, dsap NetBeui (0xf0) Group, ssap Unknown (0x32) Response,"
     " ctrl 0x0201, length 3"),
    (LINK / SNAP(oui=b"\0\0\x0c", ether_type=0x2000) / b"abc",
     f"{ENDS}, 802.3, length 11: LLC SNAP, oui 0x00000c, pid 0x2000, length 3"),
    (V4 / UDP(1, 4789) / VXLAN(42) / LINK / INNER,
     f"IP 192.0.2.1.1 > 192.0.2.2.4789: VXLAN, flags [I] (0x08), vni 42: {SAID} UDP, length 2"),
    (V4 / UDP(1, 4789) / VXLAN(5, 0x88) / b"",
     "IP 192.0.2.1.1 > 192.0.2.2.4789: VXLAN, flags [I] (0x88), vni 5"),
    (V4 / UDP(1, 4789) / b"abc",
     "IP 192.0.2.1.1 > 192.0.2.2.4789: UDP, length 3 [VXLAN: 3 of 8 header octets]"),
    (V4 / UDPLite(1, 2, 12) / b"hello", f"{SAID} UDP-Lite, length 5"),
    (V6 / mld.ListenerQuery(),
     f"{IP6} ICMP6, multicast listener query max resp delay: 10000 addr: ::, length 24"),
    (V6 / mld.ListenerReport(A6), f"{IP6} ICMP6, multicast listener report addr: 2001:db8::1,"
     " length 24"),
    (V6 / mld.ListenerDone(A6), f"{IP6} ICMP6, multicast listener done addr: 2001:db8::1,"
     " length 24"),
    (V4 / multicast_routers.MulticastRouterAdvertisement(),
     f"{IP} igmp multicast router advertisement every 20 s, queries every 125 s, robustness 2"),
    (V4 / multicast_routers.MulticastRouterSolicitation(), f"{IP} igmp multicast router"
     " solicitation"),
    (V6 / multicast_routers_ipv6.MulticastRouterTermination(),
     f"{IP6} ICMP6, multicast router termination, length 4"),
    (V4 / SCTP(1, 2, 3, (Data(1, 2, 3, b"hello", 4).chunk,)),
     f"{SAID} sctp (1) [DATA] (B)(E) [TSN: 1] [SID: 2] [SSEQ 3] [PPID 4]"),
    (V4 / SCTP(1, 2, 3, (Chunk(ChunkType.INIT, b"abc"), Chunk(ChunkType.AUTH))),
     f"{SAID} sctp (1) [INIT], (2) [AUTH]"),
    (V4 / igmp.MembershipReportV3(count=1), f"{IP} ip-proto-2 8 [group record 1 of 1: 0 octets]"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "said"), AS_TCPDUMP + OTHERS)
def test_a_line(packet: Packet, said: str) -> None:
    assert line(dissect(bytes(packet), first=Ethernet.parse)) == said


@pytest.mark.parametrize(("packet", "said"), AS_TCPDUMP)
def test_a_packet_that_was_never_sent_has_the_same_line(packet: Packet, said: str) -> None:
    assert line(packet) == said


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (LINK / VLANTag(5) / b"abc", f"{ENDS}, vlan 5, p 0, ethertype unset, length 3"),
        (V4 / GRE() / b"abc", f"{IP} GREv0, length ?: gre-proto-0x0"),
        (V4 / VXLAN(1 << 24) / b"", f"{IP} VXLAN, flags [I] (0x08), vni 16777216"),
        (LINK / SNAP() / b"abc", f"{ENDS}, 802.3, length ?: LLC SNAP, oui 0x000000, pid 0x0000,"
         " length 3"),
        (V4 / SCTP(1, 2, 3, (Chunk(1, flags=999),)), f"{SAID} sctp (1) [INIT]"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_has_a_line_as_well(packet: Packet, said: str) -> None:
    assert line(packet) == said


def test_a_tree_leaves_out_what_is_not_sent() -> None:
    plain = tree(dissect(bytes(LINK / VLANTag(5) / IPv4(A, B) / GRE() / INNER), Ethernet.parse))
    full = tree(LINK / VLANTag(5) / LLC(0x42, 0x42))

    assert "VLANTag\n  ether_type       0x0800 (IPV4)\n  id               5\n" in plain
    assert "drop_eligible    False\nIPv4\n" in plain
    assert "  reserved1        0\nIPv4\n" in plain
    assert "  length           computed\nLLC\n" in full
    assert tree(Packet((GRE(checksum_present=True),))).endswith("  checksum         computed")
    assert "  ether_type       unset\n" in tree(Packet((GRE(),)))
    assert "key" not in plain
    assert "sequence" not in plain


def test_a_tree_tells_records_and_chunks_one_a_line() -> None:
    record = GroupRecord(RecordType.MODE_IS_INCLUDE, GROUP, (A, B))
    listener = GroupRecord(RecordType.CHANGE_TO_EXCLUDE_MODE, A6)

    report = tree(dissect(bytes(IPv4(A, B) / igmp.MembershipReportV3((record,)))))
    report6 = tree(dissect(bytes(IPv6(A6, B6) / mld.ListenerReportV2((listener,))), IPv6.parse))
    query = tree(dissect(bytes(IPv4(A, B) / igmp.MembershipQueryV3(GROUP, (A, B)))))
    chunks = tree(dissect(bytes(IPv4(A, B) / SCTP(1, 2, 3, (INIT,)) / b"")))

    assert "    233.252.0.1 mode is include {192.0.2.1, 192.0.2.2}" in report
    assert "records" not in report
    assert "    2001:db8::1 change to exclude mode {}" in report6
    assert "  sources          192.0.2.1, 192.0.2.2\n" in query
    assert "    answers within 10 s, next query in 125 s" in query
    assert "    [INIT] [init tag: 7] [rwnd: 65536] [OS: 10] [MIS: 65535] [init TSN: 9]" in chunks
    assert "  verification_tag 3\n  checksum         0x" in chunks
    assert len(chunks.partition("verification_tag 3\n  checksum         0x")[2].split()[0]) == 8
