"""Whether a packet answers another: questions, and what does and does not answer them."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.wire import (
    extended_echo,
    extended_echo_ipv6,
    icmp,
    icmp_queries,
    icmpv6,
    igmp,
    membership,
    mld,
    multicast_routers,
    ndp,
    ndp_options,
    node_information,
    sctp,
    sctp_chunks,
)
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.answers import Relation, answers, relation
from rawkit.wire.arp import ARP, NO_MAC, Operation
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.gre import GRE
from rawkit.wire.ip_options import SourceRoute, encode
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from rawkit.wire.udplite import UDPLite
from rawkit.wire.vlan import VLANTag

NONE, REPLY, ERROR = Relation.NONE, Relation.REPLY, Relation.ERROR
ADVICE, ALTERED, PARTIAL = Relation.ADVICE, Relation.ALTERED, Relation.PARTIAL
A, B, C, D = (IPv4Address(f"192.0.2.{last}") for last in (1, 2, 3, 4))
A6, B6, C6, D6 = (IPv6Address(f"2001:db8::{last}") for last in (1, 2, 3, 4))
ALL = IPv4Address("255.255.255.255")
ALL_HOSTS, ROUTERS = IPv4Address("224.0.0.1"), IPv4Address("224.0.0.2")
GROUP, REPORTS = IPv4Address("239.1.2.3"), IPv4Address("224.0.0.22")
GROUP6 = IPv6Address("ff05::7")
MAC_A, MAC_B = MAC(b"\2\0\0\0\0\1"), MAC(b"\2\0\0\0\0\2")
THERE, BACK = IPv4(A, B), IPv4(B, A)
THERE6, BACK6 = IPv6(A6, B6), IPv6(B6, A6)

PING = THERE / icmp.EchoRequest(7, 1) / b"hello"
PING6 = THERE6 / icmpv6.EchoRequest(7, 1) / b"hello"
ECHOES = [
    ("the reply", PING, BACK / icmp.EchoReply(7, 1) / b"hello", REPLY),
    ("another sequence number", PING, BACK / icmp.EchoReply(7, 2) / b"hello", NONE),
    ("another identifier", PING, BACK / icmp.EchoReply(8, 1) / b"hello", NONE),
    ("another payload", PING, BACK / icmp.EchoReply(7, 1) / b"hullo", ALTERED),
    ("the payload cut short", PING, BACK / icmp.EchoReply(7, 1) / b"hell", ALTERED),
    ("another host", PING, IPv4(C, A) / icmp.EchoReply(7, 1) / b"hello", NONE),
    ("to another host", PING, IPv4(B, C) / icmp.EchoReply(7, 1) / b"hello", NONE),
    ("the request", PING, PING, NONE),
    ("a request back", PING, BACK / icmp.EchoRequest(7, 1) / b"hello", NONE),
    ("in the other version", PING, BACK6 / icmpv6.EchoReply(7, 1) / b"hello", NONE),
    ("the reply", PING6, BACK6 / icmpv6.EchoReply(7, 1) / b"hello", REPLY),
    ("another host", PING6, IPv6(C6, A6) / icmpv6.EchoReply(7, 1) / b"hello", NONE),
    (
        "to all hosts",
        IPv4(A, ALL_HOSTS) / icmp.EchoRequest(7, 1),
        BACK / icmp.EchoReply(7, 1),
        REPLY,
    ),
    ("to everybody", IPv4(A, ALL) / icmp.EchoRequest(7, 1), BACK / icmp.EchoReply(7, 1), REPLY),
    (
        "to all nodes",
        IPv6(A6, ndp.ALL_NODES) / icmpv6.EchoRequest(7, 1),
        BACK6 / icmpv6.EchoReply(7, 1),
        REPLY,
    ),
    (
        "to this host, however it is called",
        IPv4(IPv4Address(0), IPv4Address(0)) / icmp.EchoRequest(7, 1),
        IPv4(A, A) / icmp.EchoReply(7, 1),
        REPLY,
    ),
    (
        "with a link's name in the address",
        IPv6(IPv6Address("fe80::1%eth0"), IPv6Address("fe80::2%eth0")) / icmpv6.EchoRequest(7, 1),
        IPv6(IPv6Address("fe80::2"), IPv6Address("fe80::1")) / icmpv6.EchoReply(7, 1),
        REPLY,
    ),
]
PROBE = extended_echo.ExtendedEchoRequest(7, 1, object=extended_echo.InterfaceIndex(2))
PROBE6 = extended_echo_ipv6.ExtendedEchoRequest(7, 1, object=extended_echo.InterfaceIndex(2))
NONCE = b"12345678"
NODE = IPv6(A6, B6) / node_information.NodeQuery(NONCE, 2, subject=B6)
QUERIES = [
    (
        "a time",
        THERE / icmp_queries.TimestampRequest(7, 1, 500),
        BACK / icmp_queries.TimestampReply(7, 1, 500, 600, 601),
        REPLY,
    ),
    (
        "the time for another",
        THERE / icmp_queries.TimestampRequest(7, 1, 500),
        BACK / icmp_queries.TimestampReply(7, 2, 500, 600, 601),
        NONE,
    ),
    (
        "a mask",
        THERE / icmp_queries.AddressMaskRequest(7, 1),
        BACK / icmp_queries.AddressMaskReply(7, 1),
        REPLY,
    ),
    (
        "an interface",
        THERE / PROBE,
        BACK / extended_echo.ExtendedEchoReply(7, 1, active=True),
        REPLY,
    ),
    (
        "an interface, in IPv6",
        THERE6 / PROBE6,
        BACK6 / extended_echo_ipv6.ExtendedEchoReply(7, 1),
        REPLY,
    ),
    (
        "for another identifier",
        THERE6 / PROBE6,
        BACK6 / extended_echo_ipv6.ExtendedEchoReply(8, 1),
        NONE,
    ),
    ("a name", NODE, BACK6 / node_information.NodeReply(NONCE, 2, data=b"name"), REPLY),
    ("a refusal", NODE, BACK6 / node_information.NodeReply(NONCE, 2, code=1), REPLY),
    ("another nonce", NODE, BACK6 / node_information.NodeReply(b"87654321", 2), NONE),
    ("other addresses", NODE, BACK6 / node_information.NodeReply(NONCE, 3), NONE),
]
SYN = THERE / TCP(4000, 80, 100)
DATA = THERE / TCP(4000, 80, 100, 900, Flags.ACK) / b"hello"
WRAPS = THERE / TCP(4000, 80, 0xFFFF_FFFE, 900, Flags.ACK) / b"hello"
ACK = THERE / TCP(4000, 80, 100, 900, Flags.ACK)


def segment(
    sequence: int, acknowledgment: int, flags: Flags, payload: bytes = b"", dst_port: int = 4000
) -> Packet:
    return BACK / TCP(80, dst_port, sequence, acknowledgment, flags) / payload


SEGMENTS = [
    ("SYN, ACK", SYN, segment(900, 101, Flags.SYN | Flags.ACK), REPLY),
    ("RST, ACK", SYN, segment(0, 101, Flags.RST | Flags.ACK), REPLY),
    ("an ACK of something else", SYN, segment(900, 77, Flags.ACK), NONE),
    ("RST without ACK", SYN, segment(0, 0, Flags.RST), NONE),
    ("SYN from the other side", SYN, segment(900, 0, Flags.SYN), NONE),
    ("to another port", SYN, segment(900, 101, Flags.SYN | Flags.ACK, dst_port=4001), NONE),
    (
        "half of the data in SYN",
        SYN / b"hello",
        segment(900, 103, Flags.SYN | Flags.ACK),
        REPLY,
    ),
    ("more than was sent with SYN", SYN, segment(900, 102, Flags.SYN | Flags.ACK), NONE),
    ("an ACK", DATA, segment(900, 105, Flags.ACK), REPLY),
    ("an ACK of some", DATA, segment(900, 103, Flags.ACK), REPLY),
    ("an ACK of more that followed", DATA, segment(900, 2000, Flags.ACK), REPLY),
    ("an ACK from before", DATA, segment(900, 100, Flags.ACK), NONE),
    ("data, with an ACK", DATA, segment(900, 105, Flags.ACK | Flags.PSH, b"world"), REPLY),
    ("an ACK beyond the end of numbers", WRAPS, segment(900, 3, Flags.ACK), REPLY),
    ("an ACK from before, likewise", WRAPS, segment(900, 0xFFFF_FFFE, Flags.ACK), NONE),
    ("RST that begins with what was acknowledged", ACK, segment(900, 0, Flags.RST), REPLY),
    ("RST that begins elsewhere", ACK, segment(901, 0, Flags.RST), NONE),
    ("data", ACK, segment(900, 100, Flags.ACK, b"world"), REPLY),
    ("an ACK of a keep-alive", ACK, segment(900, 101, Flags.ACK), REPLY),
    (
        "an ACK of FIN",
        THERE / TCP(4000, 80, 100, 900, Flags.FIN | Flags.ACK),
        segment(900, 101, Flags.ACK),
        REPLY,
    ),
    (
        "anything to RST",
        THERE / TCP(4000, 80, 100, 900, Flags.RST | Flags.ACK),
        segment(900, 101, Flags.ACK),
        NONE,
    ),
]
ASKED = THERE / UDP(4000, 53) / b"name?"
INIT = sctp.SCTP(4000, 80, 0, (sctp_chunks.Init(0xBEEF).chunk,))
BEAT = sctp.SCTP(4000, 80, 9, (sctp.Chunk(sctp.ChunkType.HEARTBEAT, b"\0\1\0\5x"),))


def chunk(type_: int, tag: int, value: bytes = b"") -> Packet:
    return BACK / sctp.SCTP(80, 4000, tag, (sctp.Chunk(type_, value),))


DATAGRAMS = [
    ("swapped ports", ASKED, BACK / UDP(53, 4000) / b"name", REPLY),
    ("the same ports", ASKED, BACK / UDP(4000, 53), NONE),
    ("another port", ASKED, BACK / UDP(53, 4001), NONE),
    ("another host", ASKED, IPv4(C, A) / UDP(53, 4000), NONE),
    ("a group's member", IPv4(A, GROUP) / UDP(5353, 5353), BACK / UDP(5353, 5353), REPLY),
    (
        "one who has no address yet",
        IPv4(IPv4Address(0), ALL) / UDP(68, 67),
        IPv4(B, ALL) / UDP(67, 68) / b"offer",
        REPLY,
    ),
    ("a port to itself", IPv4(A, A) / UDP(7, 7) / b"x", IPv4(A, A) / UDP(7, 7) / b"y", REPLY),
    ("the question heard", IPv4(A, A) / UDP(7, 7) / b"x", IPv4(A, A) / UDP(7, 7) / b"x", NONE),
    ("in UDP-Lite", THERE / UDPLite(4000, 53), BACK / UDPLite(53, 4000), REPLY),
    ("in the other protocol", THERE / UDPLite(4000, 53), BACK / UDP(53, 4000), NONE),
    ("INIT ACK", THERE / INIT, chunk(2, 0xBEEF), REPLY),
    ("INIT ACK for another", THERE / INIT, chunk(2, 0xBEE5), NONE),
    ("ABORT", THERE / INIT, chunk(6, 0), REPLY),
    ("COOKIE ACK", THERE / INIT, chunk(11, 0xBEEF), NONE),
    ("HEARTBEAT ACK", THERE / BEAT, chunk(5, 8, b"\0\1\0\5x"), REPLY),
    ("HEARTBEAT ACK of another", THERE / BEAT, chunk(5, 8, b"\0\1\0\5y"), NONE),
    ("something unread back", IPv4(A, B, 200) / b"a", IPv4(B, A, 200) / b"b", PARTIAL),
    ("something else back", IPv4(A, B, 200) / b"a", IPv4(B, A, 201) / b"b", NONE),
]
WHO_HAS = ARP(Operation.REQUEST, MAC_A, A, NO_MAC, B)
SOLICITED = IPv6(A6, ndp.solicited_node(B6), hop_limit=255) / ndp.NeighborSolicitation(B6)
DAD = IPv6(IPv6Address(0), ndp.solicited_node(B6)) / ndp.NeighborSolicitation(B6)
ADVERTISED = ndp.NeighborAdvertisement(B6, options=(ndp_options.TargetLinkLayer(MAC_B),))
GENERAL = IPv4(C, ALL_HOSTS) / igmp.MembershipQuery()
SPECIFIC = IPv4(C, GROUP) / igmp.MembershipQueryV3(GROUP)
LISTENERS = IPv6(C6, GROUP6) / HopByHop() / mld.ListenerQuery(GROUP6)
RECORD = membership.GroupRecord(membership.RecordType.MODE_IS_EXCLUDE, GROUP)
RECORD6 = membership.GroupRecord(membership.RecordType.MODE_IS_EXCLUDE, GROUP6)
ON_THE_LINK = [
    ("it has", Packet((WHO_HAS,)), Packet((ARP(2, MAC_B, B, MAC_A, A),)), REPLY),
    (
        "it has, in frames",
        Ethernet(BROADCAST, MAC_A) / WHO_HAS,
        Ethernet(MAC_A, MAC_B) / ARP(2, MAC_B, B, MAC_A, A),
        REPLY,
    ),
    ("another has another", Packet((WHO_HAS,)), Packet((ARP(2, MAC_B, C, MAC_A, A),)), NONE),
    ("it has, for another", Packet((WHO_HAS,)), Packet((ARP(2, MAC_B, B, MAC_A, C),)), NONE),
    ("another asks, too", Packet((WHO_HAS,)), Packet((ARP(1, MAC_B, B, NO_MAC, A),)), NONE),
    (
        "reverse ARP",
        Packet((ARP(3, MAC_A, A, MAC_A, IPv4Address(0)),)),
        Packet((ARP(4, MAC_B, B, MAC_A, A),)),
        REPLY,
    ),
    (
        "inverse ARP",
        Packet((ARP(8, MAC_A, A, MAC_B, IPv4Address(0)),)),
        Packet((ARP(9, MAC_B, B, MAC_A, A),)),
        REPLY,
    ),
    ("ARP and IP", Packet((WHO_HAS,)), PING, NONE),
    ("IP and ARP", PING, Packet((ARP(2, MAC_B, B, MAC_A, A),)), NONE),
    ("a neighbour", SOLICITED, IPv6(B6, A6) / ADVERTISED, REPLY),
    ("a neighbour, from its other address", SOLICITED, IPv6(D6, A6) / ADVERTISED, REPLY),
    ("another target", SOLICITED, IPv6(B6, A6) / ndp.NeighborAdvertisement(C6), NONE),
    ("to another", SOLICITED, IPv6(B6, C6) / ADVERTISED, NONE),
    ("the address is taken", DAD, IPv6(B6, ndp.ALL_NODES) / ADVERTISED, REPLY),
    (
        "a router",
        IPv6(A6, ndp.ALL_ROUTERS) / ndp.RouterSolicitation(),
        IPv6(C6, ndp.ALL_NODES) / ndp.RouterAdvertisement(),
        REPLY,
    ),
    (
        "a router of IPv4",
        IPv4(A, ROUTERS) / icmp_queries.RouterSolicitation(),
        IPv4(C, ALL_HOSTS) / icmp_queries.RouterAdvertisement(1800, ((C, 0),)),
        REPLY,
    ),
    (
        "a multicast router",
        IPv4(A, ROUTERS) / multicast_routers.MulticastRouterSolicitation(),
        IPv4(C, ALL_HOSTS) / multicast_routers.MulticastRouterAdvertisement(),
        REPLY,
    ),
    ("any group", GENERAL, IPv4(A, GROUP) / igmp.MembershipReportV2(GROUP), REPLY),
    ("the group", SPECIFIC, IPv4(A, REPORTS) / igmp.MembershipReportV3((RECORD,)), REPLY),
    (
        "another group",
        IPv4(C, D) / igmp.MembershipQuery(IPv4Address("239.9.9.9")),
        IPv4(A, GROUP) / igmp.MembershipReportV1(GROUP),
        NONE,
    ),
    ("a farewell", GENERAL, IPv4(A, ROUTERS) / igmp.LeaveGroup(GROUP), NONE),
    ("a listener", LISTENERS, IPv6(A6, GROUP6) / HopByHop() / mld.ListenerReport(GROUP6), REPLY),
    (
        "a listener, version 2",
        LISTENERS,
        IPv6(A6, mld.ALL_REPORTS) / HopByHop() / mld.ListenerReportV2((RECORD6,)),
        REPLY,
    ),
    ("no group", LISTENERS, IPv6(A6, mld.ALL_REPORTS) / HopByHop() / mld.ListenerReportV2(), NONE),
]


def routed(*stations: IPv6Address, left: int) -> Routing:
    return Routing(0, left, bytes(4) + b"".join(station.packed for station in stations))


ROUTE = encode(SourceRoute((C, D)))
VIA = IPv4(A, B, options=ROUTE) / UDP(4000, 53)
VIA6 = IPv6(A6, B6) / routed(C6, D6, left=2) / UDP(4000, 53)
TUNNEL = IPv4(A, B) / GRE() / IPv4(C, D) / UDP(4000, 53) / b"x"
WRAPPED = [
    (
        "extension headers there",
        THERE6 / HopByHop() / DestinationOptions() / icmpv6.EchoRequest(7, 1),
        BACK6 / icmpv6.EchoReply(7, 1),
        REPLY,
    ),
    (
        "extension headers back",
        THERE6 / UDP(4000, 53),
        BACK6 / DestinationOptions() / UDP(53, 4000),
        REPLY,
    ),
    (
        "the first fragment back",
        THERE6 / UDP(4000, 53),
        BACK6 / Fragment(more=True) / UDP(53, 4000, length=2000) / b"x",
        REPLY,
    ),
    (
        "a later fragment back",
        ASKED,
        IPv4(B, A, 17, fragment_offset=9) / b"\0\x35\x0f\xa0\0\0\0\0",
        NONE,
    ),
    ("the end of a source route", VIA, IPv4(D, A) / UDP(53, 4000), REPLY),
    ("a station of one", VIA, IPv4(C, A) / UDP(53, 4000), NONE),
    ("the end of a route", VIA6, IPv6(D6, A6) / UDP(53, 4000), REPLY),
    ("the next station of one", VIA6, IPv6(B6, A6) / UDP(53, 4000), NONE),
    ("tags and addresses of links", Ethernet(MAC_B, MAC_A) / VLANTag(5) / PING, PING, NONE),
    (
        "back without a tag",
        Ethernet(MAC_B, MAC_A) / VLANTag(5) / PING,
        Ethernet(MAC_A, MAC_B) / BACK / icmp.EchoReply(7, 1) / b"hello",
        REPLY,
    ),
    ("out of a tunnel", TUNNEL, IPv4(D, C) / UDP(53, 4000), REPLY),
    ("through a tunnel", TUNNEL, IPv4(B, A) / IPv4(D, C) / UDP(53, 4000), REPLY),
    ("of the tunnel's end", TUNNEL, IPv4(B, A) / UDP(53, 4000), NONE),
]
QUOTED = [
    ("no port", ASKED, IPv4(B, A) / icmp.Unreachable(3) / ASKED, ERROR),
    ("a router", ASKED, IPv4(C, A) / icmp.TimeExceeded() / ASKED, ERROR),
    ("a redirect", ASKED, IPv4(C, A) / icmp.Redirect(gateway=D) / ASKED, ADVICE),
    ("a quench", ASKED, IPv4(C, A) / icmp.SourceQuench() / ASKED, ADVICE),
    (
        "with a TTL used up",
        PING,
        IPv4(C, A) / icmp.TimeExceeded() / PING.replace(IPv4, ttl=1),
        ERROR,
    ),
    (
        "of another port",
        ASKED,
        IPv4(B, A) / icmp.Unreachable(3) / THERE / UDP(4000, 54) / b"name?",
        NONE,
    ),
    (
        "of another destination",
        ASKED,
        IPv4(B, A) / icmp.Unreachable(3) / IPv4(A, C) / UDP(4000, 53) / b"name?",
        NONE,
    ),
    (
        "of another source, as by a translator",
        ASKED,
        IPv4(B, A) / icmp.Unreachable(3) / IPv4(D, B) / UDP(4000, 53) / b"name?",
        NONE,
    ),
    ("to somebody else", ASKED, IPv4(B, C) / icmp.Unreachable(3) / ASKED, NONE),
    (
        "of another payload",
        ASKED,
        IPv4(B, A) / icmp.Unreachable(3) / THERE / UDP(4000, 53) / b"game?",
        NONE,
    ),
    (
        "of another request",
        PING,
        IPv4(C, A) / icmp.TimeExceeded() / THERE / icmp.EchoRequest(7, 2),
        NONE,
    ),
    ("of the reply", PING, IPv4(C, A) / icmp.TimeExceeded() / THERE / icmp.EchoReply(7, 1), NONE),
    ("of nothing", PING, IPv4(C, A) / icmp.TimeExceeded() / b"", NONE),
    ("too big", PING6, IPv6(C6, A6) / icmpv6.PacketTooBig(1280) / PING6, ERROR),
    (
        "of a segment that was changed on the way",
        SYN,
        IPv4(C, A)
        / icmp.TimeExceeded()
        / THERE
        / TCP(4000, 80, 100, window=1, options=b"\2\4\5\0"),
        ERROR,
    ),
    ("of another segment", SYN, IPv4(C, A) / icmp.TimeExceeded() / THERE / TCP(4000, 80, 99), NONE),
    (
        "on a source route",
        VIA,
        IPv4(C, A) / icmp.TimeExceeded() / IPv4(A, D) / UDP(4000, 53),
        ERROR,
    ),
    (
        "on a route",
        VIA6,
        IPv6(C6, A6)
        / icmpv6.TimeExceeded()
        / IPv6(A6, C6)
        / routed(B6, D6, left=1)
        / UDP(4000, 53),
        ERROR,
    ),
    ("in the tunnel", TUNNEL, IPv4(B, A) / icmp.TimeExceeded() / TUNNEL, ERROR),
    (
        "behind the tunnel",
        TUNNEL,
        IPv4(D, C) / icmp.Unreachable(3) / IPv4(C, D) / UDP(4000, 53) / b"x",
        ERROR,
    ),
    (
        "in the tunnel, of another packet",
        TUNNEL,
        IPv4(B, A) / icmp.TimeExceeded() / IPv4(A, B) / GRE() / IPv4(C, D) / UDP(4000, 54) / b"x",
        NONE,
    ),
    (
        "of mere octets",
        IPv4(A, B, 200) / b"abcdefghi",
        IPv4(B, A) / icmp.Unreachable(2) / IPv4(A, B, 200) / b"abcdefgh",
        ERROR,
    ),
    (
        "of other octets",
        IPv4(A, B, 200) / b"abcdefghi",
        IPv4(B, A) / icmp.Unreachable(2) / IPv4(A, B, 200) / b"abcdefgx",
        NONE,
    ),
    (
        "of a datagram that was sent as octets",
        IPv4(A, B, 17) / bytes(ASKED)[20:],
        IPv4(B, A) / icmp.Unreachable(3) / ASKED,
        ERROR,
    ),
    (
        "of a fragment made on the way",
        ASKED,
        IPv4(B, A) / icmp.TimeExceeded(1) / IPv4(A, B, 17, fragment_offset=3) / b"abcdefgh",
        PARTIAL,
    ),
]
EVERYTHING = [*ECHOES, *QUERIES, *SEGMENTS, *DATAGRAMS, *ON_THE_LINK, *WRAPPED, *QUOTED]


def read(packet: Packet) -> Packet:
    first = packet.headers[0]
    return dissect(bytes(packet), type(first).parse)


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [row[1:] for row in EVERYTHING],
    ids=[row[0] for row in EVERYTHING],
)
def test_packets_are_related_as_the_table_says(
    question: Packet, answer: Packet, expected: Relation
) -> None:
    assert relation(question, read(answer)) is expected
    assert relation(read(question), read(answer)) is expected
    assert answers(question, read(answer)) == (expected in (REPLY, ERROR))


TIME = THERE / icmp_queries.TimestampRequest(7, 1, 500)
CUT = [
    (ASKED, THERE / UDP(4000, 54) / b"name?", 4),
    (SYN, THERE / TCP(4000, 80, 101), 8),
    (PING, THERE / icmp.EchoRequest(7, 2) / b"hello", 8),
    (PING, THERE / icmp.EchoRequest(7, 1) / b"hellO", 13),
    (PING6, THERE6 / icmpv6.EchoRequest(8, 1) / b"hello", 8),
    (TIME, THERE / icmp_queries.TimestampRequest(7, 2, 500), 8),
    (THERE / INIT, THERE / sctp.SCTP(4000, 80, 1), 8),
    (IPv4(A, B, 200) / b"abcdefgh", IPv4(A, B, 200) / b"abxdefgh", 3),
]


@pytest.mark.parametrize(("question", "other", "needed"), CUT)
def test_a_quote_is_compared_as_far_as_it_goes(
    question: Packet, other: Packet, needed: int
) -> None:
    """Args: a packet, another, and how many octets behind IP tell them apart."""
    size = 20 if question.headers[0].ETHER_TYPE == 0x0800 else 40
    error: Packet = IPv4(C, A) / icmp.TimeExceeded() / b""
    if size == 40:
        error = IPv6(C6, A6) / icmpv6.TimeExceeded() / b""

    for length in range(max(len(bytes(question)), len(bytes(other))) - size + 1):
        ours = read(error / bytes(question)[: size + length])
        theirs = read(error / bytes(other)[: size + length])

        assert relation(question, ours) is (ERROR if length >= 8 else PARTIAL)
        assert not answers(question, theirs) or length < needed
        if length >= needed:
            assert relation(question, theirs) is NONE


def test_a_quote_cut_inside_the_ip_header_is_none() -> None:
    error = read(IPv4(C, A) / icmp.TimeExceeded() / bytes(ASKED)[:19])

    assert relation(ASKED, error) is NONE


def test_a_quote_cut_among_extension_headers_may_be_ours() -> None:
    question = THERE6 / HopByHop() / UDP(4000, 53)
    error = IPv6(C6, A6) / icmpv6.TimeExceeded() / bytes(question)[:44]

    assert relation(question, read(error)) is PARTIAL
    assert relation(THERE6 / UDP(4000, 53), read(error)) is NONE


def test_a_quote_that_was_padded_is_compared_without_the_padding() -> None:
    """RFC 4884 §3: what extensions follow is filled up to 128 octets."""
    error = IPv4(C, A) / icmp.TimeExceeded(extensions=bytes.fromhex("2000dfff")) / bytes(ASKED)

    assert relation(ASKED, read(error)) is ERROR


def test_a_redirect_of_ipv6_quotes_in_an_option() -> None:
    option = bytes((4, 1 + len(bytes(PING6)) // 8)) + bytes(6) + bytes(PING6)
    question = dissect_ip(option[8:])
    redirect = IPv6(C6, A6) / icmpv6.Redirect(D6, B6) / option

    assert relation(question, read(redirect)) is ADVICE


def test_anybody_may_reply_if_it_is_allowed() -> None:
    broadcast = IPv4(A, IPv4Address("192.0.2.255")) / icmp.EchoRequest(7, 1)
    reply = read(BACK / icmp.EchoReply(7, 1))

    assert relation(broadcast, reply) is NONE
    assert relation(broadcast, reply, any_source=True) is REPLY


def test_octets_that_are_no_packet_are_no_answer() -> None:
    assert relation(PING, Packet()) is NONE
    assert relation(Packet(), PING) is NONE
    assert relation(PING, Packet((), b"x")) is NONE
