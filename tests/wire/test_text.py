"""Packets for people."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.wire import (
    extended_echo,
    extended_echo_ipv6,
    icmp,
    icmp_queries,
    icmpv6,
    ip_options,
    ipv6_option_values,
    ipv6_options,
    multipart,
    routing,
    tcp_options,
)
from rawkit.wire.authentication import AH
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.esp import ESP, NullESP
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extended_echo import InterfaceAddress, InterfaceIndex, InterfaceName
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.node_information import NodeQuery, NodeReply, encode_name
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.text import hexdump, line, tree
from rawkit.wire.udp import UDP

A, B, ROUTER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"), IPv4Address("192.0.2.254")
A6, B6, ROUTER6 = (IPv6Address(f"2001:db8::{last}") for last in ("1", "2", "fe"))
MAC = bytes.fromhex("020000000001")
UDP4 = IPv4(A, B) / UDP(40000, 33434) / b"probe"
TCP4, TCP6 = IPv4(A, B) / TCP(40000, 443, 7), IPv6(A6, B6) / TCP(40000, 443, 7)
SYN_ACK, ACK = Flags.SYN | Flags.ACK, Flags.ACK
SYN_OPTIONS = tcp_options.encode(
    tcp_options.MaximumSegmentSize(1460),
    tcp_options.SackPermitted(),
    tcp_options.Timestamps(1, 2),
    tcp_options.NoOperation(),
    tcp_options.WindowScale(7),
)
ODD_OPTIONS = tcp_options.encode(
    tcp_options.Sack(((1, 2), (3, 4))), tcp_options.Other(99, b"abcd"), tcp_options.Other(99)
)
TIMEOUTS = (tcp_options.UserTimeout(300), tcp_options.UserTimeout(5, minutes=True))
SYN = "Flags [S], seq 7, win 64240, "
UDP6 = IPv6(A6, B6) / UDP(40000, 33434) / b"probe"
ECHO4 = IPv4(A, B) / icmp.EchoRequest(7, 1) / bytes(56)
BACK, BACK6 = IPv4(ROUTER, A), IPv6(ROUTER6, A6)
NONCE = b"12345678"
SEGMENT = "IP 192.0.2.1.40000 > 192.0.2.2.443: "
SEGMENT6 = "IP6 2001:db8::1.40000 > 2001:db8::2.443: "
TO, TO6 = "IP 192.0.2.1 > 192.0.2.2: ", "IP6 2001:db8::1 > 2001:db8::2: "
FRO, FRO6 = "IP 192.0.2.2 > 192.0.2.1: ", "IP6 2001:db8::2 > 2001:db8::1: "
SAID, SAID6 = "IP 192.0.2.254 > 192.0.2.1: ICMP ", "IP6 2001:db8::fe > 2001:db8::1: ICMP6, "
LOST6 = SAID6 + "destination unreachable, "

# What tcpdump 4.99 -n -t prints.
LIKE_TCPDUMP: list[tuple[Packet, str]] = [
    (UDP4, "IP 192.0.2.1.40000 > 192.0.2.2.33434: UDP, length 5"),
    (UDP6, "IP6 2001:db8::1.40000 > 2001:db8::2.33434: UDP, length 5"),
    (TCP4, SEGMENT + "Flags [S], seq 7, win 64240, length 0"),
    (TCP6, SEGMENT6 + "Flags [S], seq 7, win 64240, length 0"),
    (
        IPv4(A, B) / TCP(40000, 443, 7, 1, SYN_ACK, options=SYN_OPTIONS),
        SEGMENT + "Flags [S.], seq 7, ack 1, win 64240, "
        "options [mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7], length 0",
    ),
    (
        IPv4(A, B) / TCP(40000, 443, 0xFFFFFFFE, 9, Flags.PSH | ACK) / b"hello",
        SEGMENT + "Flags [P.], seq 4294967294:3, ack 9, win 64240, length 5",
    ),
    (
        IPv4(A, B) / TCP(40000, 443, 7, 9, Flags.RST, 0),
        SEGMENT + "Flags [R], seq 7, win 0, length 0",
    ),
    (IPv4(A, B) / TCP(40000, 443, 7, 9, ACK), SEGMENT + "Flags [.], ack 9, win 64240, length 0"),
    (IPv4(A, B) / TCP(40000, 443, 7, 9, Flags(0)), SEGMENT + "Flags [none], win 64240, length 0"),
    (
        IPv4(A, B) / TCP(40000, 443, 7, 9, Flags(255), urgent=5),
        SEGMENT + "Flags [FSRP.UEW], seq 7, ack 9, win 64240, urg 5, length 0",
    ),
    (
        IPv4(A, B) / TCP(40000, 443, 7, 9, ACK, options=ODD_OPTIONS),
        SEGMENT + "Flags [.], ack 9, win 64240, "
        "options [sack 2 {1:2}{3:4},unknown-99 0x61626364,unknown-99,eol], length 0",
    ),
    *(
        (IPv4(A, B) / TCP(40000, 443, 7, options=tcp_options.encode(option)), SEGMENT + SYN + told)
        for option, told in (
            (
                tcp_options.Authentication(61, 84, b"0123"),
                "options [tcp-ao keyid 61 rnextkeyid 84 mac 0x30313233], length 0",
            ),
            (tcp_options.FastOpen(b"cook", True), "options [exp-tfo cookie 636f6f6b], length 0"),
            (tcp_options.FastOpen(b"", True), "options [exp-tfo cookiereq], length 0"),
        )
    ),
    (ECHO4, TO + "ICMP echo request, id 7, seq 1, length 64"),
    (IPv4(B, A) / icmp.EchoReply(7, 1), FRO + "ICMP echo reply, id 7, seq 1, length 8"),
    (
        IPv6(A6, B6) / icmpv6.EchoRequest(7, 1) / bytes(56),
        TO6 + "ICMP6, echo request, id 7, seq 1, length 64",
    ),
    (IPv6(B6, A6) / icmpv6.EchoReply(7, 1), FRO6 + "ICMP6, echo reply, id 7, seq 1, length 8"),
    (BACK / icmp.Unreachable(0) / UDP4, SAID + "net 192.0.2.2 unreachable, length 41"),
    (BACK / icmp.Unreachable(1) / UDP4, SAID + "host 192.0.2.2 unreachable, length 41"),
    (BACK / icmp.Unreachable(2) / UDP4, SAID + "192.0.2.2 protocol 17 unreachable, length 41"),
    (BACK / icmp.Unreachable(3) / UDP4, SAID + "192.0.2.2 udp port 33434 unreachable, length 41"),
    (BACK / icmp.Unreachable(4) / UDP4, SAID + "192.0.2.2 unreachable - need to frag, length 41"),
    (
        BACK / icmp.Unreachable(4, mtu=1400) / UDP4,
        SAID + "192.0.2.2 unreachable - need to frag (mtu 1400), length 41",
    ),
    (BACK / icmp.Unreachable(3) / TCP4, SAID + "192.0.2.2 tcp port 443 unreachable, length 48"),
    (
        BACK / icmp.Unreachable(13) / UDP4,
        SAID + "host 192.0.2.2 unreachable - admin prohibited filter, length 41",
    ),
    (BACK / icmp.Unreachable(16) / UDP4, SAID + "192.0.2.2 unreachable - #16, length 41"),
    (BACK / icmp.TimeExceeded(0) / UDP4, SAID + "time exceeded in-transit, length 41"),
    (BACK / icmp.TimeExceeded(1) / UDP4, SAID + "ip reassembly time exceeded, length 41"),
    (BACK / icmp.TimeExceeded(2) / UDP4, SAID + "time exceeded-#2, length 41"),
    (BACK / icmp.Redirect(1, B) / UDP4, SAID + "redirect 192.0.2.2 to host 192.0.2.2, length 41"),
    (BACK / icmp.Redirect(4, B) / UDP4, SAID + "redirect-#4 192.0.2.2 to 192.0.2.2, length 41"),
    (BACK / icmp.ParameterProblem(0, 20) / UDP4, SAID + "parameter problem - octet 20, length 41"),
    (BACK / icmp.ParameterProblem(1) / UDP4, SAID + "parameter problem - code 1, length 41"),
    (BACK / icmp.SourceQuench() / UDP4, SAID + "source quench, length 41"),
    (
        IPv4(A, B) / icmp_queries.TimestampRequest(7, 1, 1),
        TO + "ICMP time stamp query id 7 seq 1, length 20",
    ),
    (
        IPv4(B, A) / icmp_queries.TimestampReply(7, 1, 1, 3723004, 1 << 31),
        FRO + "ICMP time stamp reply id 7 seq 1: "
        "org 00:00:00.001, recv 01:02:03.004, xmit 596:31:23.648, length 20",
    ),
    (IPv4(A, B) / icmp_queries.RouterSolicitation(), TO + "ICMP router solicitation, length 8"),
    (
        IPv4(B, A) / icmp_queries.RouterAdvertisement(1800, ((B, 0), (ROUTER, 9))),
        FRO + "ICMP router advertisement lifetime 30:00 2: "
        "{192.0.2.2 0} {192.0.2.254 9}, length 24",
    ),
    (
        IPv4(B, A) / icmp_queries.RouterAdvertisement(18001, ()),
        FRO + "ICMP router advertisement lifetime 5:00:01 0:, length 8",
    ),
    (
        IPv4(B, A) / icmp_queries.RouterAdvertisement(59, ((B, 0),)),
        FRO + "ICMP router advertisement lifetime 59 1: {192.0.2.2 0}, length 16",
    ),
    (
        IPv6(A6, B6) / NodeQuery(NONCE, 2, subject=B6),
        TO6 + "ICMP6, who-are-you request node information query "
        "(DNS name, subject=2001:db8::2), length 32",
    ),
    (
        IPv6(A6, B6) / NodeQuery(NONCE, 3, 0x22, 1, encode_name("host")),
        TO6 + "ICMP6, who-are-you request node information query "
        '(node addresses [GA], subject=DNS name, "host"), length 23',
    ),
    (
        IPv6(B6, A6) / NodeReply(NONCE, 2, data=bytes(4) + encode_name("host.example.")),
        FRO6 + "ICMP6, who-are-you reply node information reply "
        '(DNS name, "host.example."), length 34',
    ),
    (BACK / icmp.Other(99) / bytes(12), SAID + "type-#99, length 20"),
    (BACK6 / icmpv6.Unreachable(0) / UDP6, LOST6 + "unreachable route 2001:db8::2, length 61"),
    (
        BACK6 / icmpv6.Unreachable(2) / UDP6,
        LOST6 + "beyond scope 2001:db8::2, source address 2001:db8::1, length 61",
    ),
    (BACK6 / icmpv6.Unreachable(3) / UDP6, LOST6 + "unreachable address 2001:db8::2, length 61"),
    (
        BACK6 / icmpv6.Unreachable(4) / UDP6,
        LOST6 + "unreachable port, 2001:db8::2 udp port 33434, length 61",
    ),
    (
        BACK6 / icmpv6.TimeExceeded(0) / UDP6,
        SAID6 + "time exceeded in-transit for 2001:db8::2, length 61",
    ),
    (
        BACK6 / icmpv6.TimeExceeded(1) / UDP6,
        SAID6 + "time exceeded in-transit (reassembly), length 61",
    ),
    (
        BACK6 / icmpv6.TimeExceeded(2) / UDP6,
        SAID6 + "time exceeded in-transit, unknown code (2), length 61",
    ),
    (
        BACK6 / icmpv6.ParameterProblem(1, 40) / UDP6,
        SAID6 + "parameter problem, next header - octet 40, length 61",
    ),
    (BACK6 / icmpv6.PacketTooBig(1400) / UDP6, SAID6 + "packet too big, mtu 1400, length 61"),
    (
        BACK6 / icmpv6.Redirect(ROUTER6, B6),
        SAID6 + "redirect, 2001:db8::2 to 2001:db8::fe, length 40",
    ),
    (
        IPv6(A6, B6) / DestinationOptions() / icmpv6.EchoRequest(1, 1),
        TO6 + "DSTOPT ICMP6, echo request, id 1, seq 1, length 8",
    ),
    (IPv6(A6, B6) / Fragment(2, False, 9, next_header=17) / bytes(16), TO6 + "frag (16|16)"),
    (IPv6(A6, B6, 59) / b"", TO6 + "no next header"),
    (IPv4(A, B) / UDP6, TO + "IP6 2001:db8::1.40000 > 2001:db8::2.33434: UDP, length 5"),
]


@pytest.mark.parametrize(("packet", "words"), LIKE_TCPDUMP, ids=lambda value: str(value)[:70])
def test_a_line_reads_as_in_tcpdump(packet: Packet, words: str) -> None:
    assert line(packet) == words
    assert line(dissect_ip(bytes(packet))) == words
    assert line(Ethernet(MAC, MAC) / packet) == words


# Where tcpdump needs -v, misreads, or writes what is hard to read.
OURS: list[tuple[Packet, str]] = [
    (IPv6(A6, B6) / HopByHop() / UDP(1, 2), "IP6 2001:db8::1.1 > 2001:db8::2.2: HBH UDP, length 0"),
    (
        IPv6(A6, B6) / Routing(4, 1) / UDP(1, 2),
        "IP6 2001:db8::1.1 > 2001:db8::2.2: RT6 (type=4, segleft=1) UDP, length 0",
    ),
    (
        IPv6(A6, B6) / Fragment(0, True, 9) / UDP(1, 2),
        "IP6 2001:db8::1.1 > 2001:db8::2.2: frag (0|8) UDP, length 0",
    ),
    (
        IPv4(A, B, 17, identification=9, fragment_offset=2) / bytes(16),
        TO + "ip-proto-17 16 (frag 9:16@16)",
    ),
    (
        IPv4(A, B, more_fragments=True) / UDP(1, 2),
        "IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 0 (frag 0:8@0+)",
    ),
    (IPv4(A, B, 200) / bytes(9), TO + "ip-proto-200 9"),
    (IPv4(A, B) / b"", TO + "ip-proto-? 0"),
    (
        BACK / icmp.Unreachable(3) / IPv4(A, B, 6) / b"\0\x50\x01\xbb",
        SAID + "192.0.2.2 tcp port 443 unreachable, length 32",
    ),
    (BACK / icmp.Unreachable(3) / ECHO4, SAID + "192.0.2.2 protocol 1 port unreachable, length 92"),
    (BACK / icmp.Unreachable(3), SAID + "? protocol ? port unreachable, length 8"),
    (
        Ethernet(MAC, MAC, 0x88B5) / b"hi",
        "02:00:00:00:00:01 > 02:00:00:00:00:01, ethertype 0x88b5, length 16",
    ),
    (
        IPv4(A, B) / TCP(40000, 443, 7, 9, ACK, options=b"\x02\5\0\0"),
        SEGMENT + "Flags [.], ack 9, win 64240, options [bad opt], length 0",
    ),
    (
        IPv4(A, B) / AH(256, 9, b"icv!") / UDP(1, 2) / b"hello",
        "IP 192.0.2.1.1 > 192.0.2.2.2: AH(spi=0x00000100,seq=0x9,icv=0x69637621): UDP, length 5",
    ),
    (
        IPv6(A6, B6) / AH(1, 16) / IPv4(A, B) / UDP(1, 2),
        TO6 + "AH(spi=0x00000001,seq=0x10): IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 0",
    ),
    (
        IPv4(A, B) / ESP(256, 9) / bytes(40),
        "IP 192.0.2.1 > 192.0.2.2: ESP(spi=0x00000100,seq=0x9), length 48",
    ),
    (
        IPv6(A6, B6) / NullESP(256, 9) / UDP(1, 2) / b"hello",
        "IP6 2001:db8::1.1 > 2001:db8::2.2: ESP(spi=0x00000100,seq=0x9): UDP, length 5",
    ),
    *(
        (
            IPv6(A6, B6) / routing.encode(route) / UDP(1, 2),
            f"IP6 2001:db8::1.1 > 2001:db8::2.2: RT6 ({words}) UDP, length 0",
        )
        for route, words in (
            (routing.SourceRoute((A6, B6)), "type=0, segleft=2, [0]2001:db8::1, [1]2001:db8::2"),
            (routing.HomeRoute(A6), "type=2, segleft=1, [0]2001:db8::1"),
            (routing.RplRoute((b"ab", b"c"), 14, bytes(5)), "type=3, segleft=2, [0]…6162, [1]…63"),
            (routing.SegmentRoute((A6,)), "type=4, segleft=0, [0]2001:db8::1"),
        )
    ),
    *(
        (
            IPv4(A, B) / TCP(40000, 443, 7, options=tcp_options.encode(option)),
            f"{SEGMENT}{SYN}options [{told},eol], length 0",
        )
        for option, told in (
            (tcp_options.Md5(bytes(16)), "md5 00000000000000000000000000000000"),
            (tcp_options.FastOpen(), "tfo cookiereq"),
            (tcp_options.FastOpen(b"cook", False), "tfo cookie 636f6f6b"),
            (tcp_options.Multipath(2, 0, bytes(2)), "mptcp data-sequence"),
            (tcp_options.Multipath(15, 0, bytes(2)), "mptcp unknown 15"),
        )
    ),
    (
        IPv4(A, B) / TCP(40000, 443, 7, options=tcp_options.encode(*TIMEOUTS)),
        SEGMENT + SYN + "options [uto 300 s,uto 5 min], length 0",
    ),
    (IPv6(A6, B6) / HopByHop() / TCP6[TCP], SEGMENT6 + "HBH Flags [S], seq 7, win 64240, length 0"),
    (
        IPv4(A, B) / extended_echo.ExtendedEchoRequest(7, 1, True, InterfaceName("eth0")),
        TO + "ICMP extended echo request, id 7, seq 1, interface eth0, length 20",
    ),
    (
        IPv4(A, B) / extended_echo.ExtendedEchoRequest(7, 1, False, InterfaceAddress(B)),
        TO + "ICMP extended echo request, id 7, seq 1, interface 192.0.2.2, of a neighbour, "
        "length 24",
    ),
    (
        IPv6(A6, B6) / extended_echo_ipv6.ExtendedEchoRequest(7, 1, True, InterfaceIndex(3)),
        TO6 + "ICMP6, extended echo request, id 7, seq 1, interface 3, length 20",
    ),
    (
        IPv4(A, B) / extended_echo.ExtendedEchoRequest(7, 1, True, b"odd"),
        TO + "ICMP extended echo request, id 7, seq 1, interface 0x6f6464, length 11",
    ),
    (
        IPv4(B, A) / extended_echo.ExtendedEchoReply(7, 1, 0, 0, True, True, True),
        FRO + "ICMP extended echo reply, id 7, seq 1, active, IPv4, IPv6, length 8",
    ),
    (
        IPv4(B, A) / extended_echo.ExtendedEchoReply(7, 1),
        FRO + "ICMP extended echo reply, id 7, seq 1, inactive, length 8",
    ),
    (
        IPv4(B, A) / extended_echo.ExtendedEchoReply(7, 1, 0, 2),
        FRO + "ICMP extended echo reply, id 7, seq 1, neighbour reachable, length 8",
    ),
    (
        IPv6(B6, A6) / extended_echo_ipv6.ExtendedEchoReply(7, 1, 2),
        FRO6 + "ICMP6, extended echo reply, id 7, seq 1, no such interface, length 8",
    ),
    (
        IPv6(B6, A6) / extended_echo_ipv6.ExtendedEchoReply(7, 1, 99),
        FRO6 + "ICMP6, extended echo reply, id 7, seq 1, code 99, length 8",
    ),
    (
        IPv6(A6, B6) / NodeQuery(NONCE, 0, code=1),
        TO6 + "ICMP6, who-are-you request node information query (noop), length 16",
    ),
    (
        IPv6(B6, A6) / NodeReply(NONCE, 4, data=bytes(4) + B.packed),
        FRO6 + "ICMP6, who-are-you reply node information reply "
        "(IPv4 addresses, 192.0.2.2), length 24",
    ),
    (
        IPv6(B6, A6) / NodeReply(NONCE, 2, code=1),
        FRO6 + "ICMP6, who-are-you reply node information reply (refused), length 16",
    ),
    (
        IPv4(B, A) / icmp_queries.RouterAdvertisement(1, ((B, -5),)),
        FRO + "ICMP router advertisement lifetime 1 1: {192.0.2.2 -5}, length 16",
    ),
    (Packet((), b"hi"), "2 octets"),
    (UDP(1, 2) / b"hi", "UDP, length 2"),
]


@pytest.mark.parametrize(("packet", "words"), OURS, ids=lambda value: str(value)[:70])
def test_a_line_tells_what_there_is(packet: Packet, words: str) -> None:
    assert line(packet) == words


def test_a_line_tells_why_reading_stopped_but_not_of_a_quote() -> None:
    cut = dissect(bytes(IPv4(A, B) / UDP(1, 2))[:24])
    quote = dissect(bytes(BACK / icmp.TimeExceeded() / bytes(UDP4)[:24]))

    assert line(cut) == TO + "ip-proto-17 4 [UDP: 4 of 8 header octets]"
    assert line(quote) == SAID + "time exceeded in-transit, length 32"


def test_a_line_of_what_cannot_be_packed_leaves_the_size_open() -> None:
    assert line(IPv4(A, B) / icmp.EchoRequest(70000, 1)).endswith("id 70000, seq 1, length ?")


def test_a_tree_shows_every_field_of_every_header() -> None:
    shown = tree(dissect(bytes(UDP4))).splitlines()

    assert shown[0] == "IPv4"
    assert "  src              192.0.2.1" in shown
    assert "  protocol         17 (UDP)" in shown
    assert "  checksum         0xb6c8" in shown
    assert "  length           13" in shown
    assert shown[-2:] == [
        "payload of 5 octets",
        "  0000  70 72 6f 62 65                                    probe",
    ]


def test_a_tree_of_a_packet_never_sent_calls_what_follows_computed() -> None:
    shown = tree(Packet((IPv4(A, B),))).splitlines()

    assert "  protocol         unset" in shown
    assert "  checksum         computed" in shown


def test_a_tree_shows_what_options_and_extensions_mean() -> None:
    info = multipart.InterfaceInfo(multipart.Role.INCOMING, 3, ROUTER, "eth0", 1500)
    objects = [
        multipart.mpls(multipart.Label(16)),
        multipart.interface(info),
        multipart.ExtensionObject(77, 1, b"abc"),
    ]
    ip = IPv4(ROUTER, A, options=ip_options.encode(ip_options.RecordRoute((A,), 2)))
    error = icmp.TimeExceeded(extensions=multipart.build(objects))

    shown = tree(dissect(bytes(ip / error / UDP4)))
    segment = tree(IPv4(A, B) / TCP(1, 2, options=SYN_OPTIONS))

    assert "RecordRoute(recorded=[192.0.2.1], free=2)" in shown
    assert "Label(label=16" in shown
    assert str(info) in shown
    assert "ExtensionObject(class_number=77" in shown
    assert "MaximumSegmentSize(size=1460)" in segment
    assert "Label(label=16" in tree(BACK6 / icmpv6.TimeExceeded(extensions=error.extensions))


def test_a_tree_shows_what_extension_headers_mean() -> None:
    first, route = routing.through(B6, destination=A6)
    hops = HopByHop(
        ipv6_options.encode(ipv6_option_values.RouterAlert(), ipv6_options.Other(62, b"a"))
    )

    shown = tree(IPv6(A6, first) / hops / route / UDP(1, 2)).splitlines()

    assert "    RouterAlert(value=0)" in shown
    assert "    Other(kind=62, data=0x61)" in shown
    assert "    PadN(data=0x0000000000)" in shown
    segments = "segments=[2001:db8::1, 2001:db8::2]"
    assert f"    SegmentRoute({segments}, flags=0, tag=0, objects=[])" in shown
    unknown = tree(IPv6(A6, B6) / Routing(9, 1) / UDP(1, 2)).splitlines()
    assert unknown[unknown.index("  data             00 00 00 00") + 1] == "UDP"


def test_a_tree_shows_frames_and_why_reading_stopped() -> None:
    shown = tree(dissect(bytes(Ethernet(MAC, MAC) / UDP4)[:40], first=Ethernet.parse)).splitlines()

    assert "  dst              02:00:00:00:00:01" in shown
    assert "  ether_type       0x0800 (IPV4)" in shown
    assert "error: UDP: 6 of 8 header octets" in shown


def test_a_hexdump_has_sixteen_octets_a_row_and_their_ascii() -> None:
    assert hexdump(bytes(range(0x3C, 0x50)) + b"\x00\x7f\xff").splitlines() == [
        "0000  3c 3d 3e 3f 40 41 42 43  44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK",
        "0010  4c 4d 4e 4f 00 7f ff                              LMNO...",
    ]
    assert hexdump(b"") == ""
