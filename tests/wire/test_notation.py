"""Packets in words: read, written, refused."""

import random
import re
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, NotationError
from rawkit.wire import icmp, tcp_options
from rawkit.wire.address import MAC
from rawkit.wire.arp import ARP, Operation
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    RouterAdvertisement,
)
from rawkit.wire.ndp_options import DNSSL, MTU, SourceLinkLayer
from rawkit.wire.notation import PAYLOAD, parse, parse_to_pack
from rawkit.wire.notation_text import write
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7")
OURS = MAC.parse("02:00:5e:10:00:01")

# Read in both directions.
BOTH = [
    ("ip(src=192.0.2.1,dst=192.0.2.7,ttl=3)/udp(sport=9,dport=7)/\"hello\"",
     IPv4(A, B, ttl=3) / UDP(9, 7) / b"hello"),
    ("ip(src=192.0.2.1,dst=192.0.2.7)/udp(sport=9,dport=7,checksum=0xdead)",
     IPv4(A, B) / UDP(9, 7, checksum=0xDEAD) / b""),
    ("ip(src=192.0.2.1,dst=192.0.2.7)/tcp(sport=9,dport=80,seq=5,flags=syn|ack,"
     "options=[mss(size=1460),nop,wscale(shift=7)])",
     IPv4(A, B) / TCP(9, 80, 5, flags=Flags.SYN | Flags.ACK, options=tcp_options.encode(
         tcp_options.MaximumSegmentSize(1460), tcp_options.NoOperation(),
         tcp_options.WindowScale(7))) / b""),
    ("ip6(src=2001:db8::1,dst=2001:db8::7,hlim=255)/"
     "icmp6.ns(target=fe80::1,options=[source_link_layer(address=02:00:5e:10:00:01)])",
     IPv6(A6, B6, hop_limit=255)
     / NeighborSolicitation(IPv6Address("fe80::1"), (SourceLinkLayer(OURS),)) / b""),
    ("ip6(src=2001:db8::1,dst=2001:db8::7)/icmp6.ra(lifetime=0,flags=other|managed,"
     "options=[mtu(mtu=1400),dnssl(lifetime=60,domains=[\"a.example\"])])",
     IPv6(A6, B6) / RouterAdvertisement(
         0, flags=0xC0, options=(MTU(1400), DNSSL(60, ("a.example",)))) / b""),
    ("eth(dst=ff:ff:ff:ff:ff:ff,src=02:00:5e:10:00:01)/arp(op=request,"
     "sha=02:00:5e:10:00:01,spa=192.0.2.1,tha=00:00:00:00:00:00,tpa=192.0.2.7)",
     Ethernet(MAC(b"\xff" * 6), OURS) / ARP(Operation.REQUEST, OURS, A, MAC(bytes(6)), B)),
    ("ip(src=192.0.2.1,dst=192.0.2.7,proto=253)/\"say \\\"x\\\"\\r\\n\\x00\\xff\"",
     IPv4(A, B, 253) / b'say "x"\r\n\0\xff'),
    ("ip(src=192.0.2.1,dst=192.0.2.7)/icmp.echo(id=1,seq=2)/0x00*56",
     IPv4(A, B) / icmp.EchoRequest(1, 2) / bytes(56)),
    ("ip(src=192.0.2.1,dst=192.0.2.7,proto=tcp)/udp(sport=9,dport=7)",
     IPv4(A, B, 6) / UDP(9, 7) / b""),
    ("0x00ff", Packet((), b"\0\xff")),
    ('""', Packet((), b"")),
]  # fmt: skip


@pytest.mark.parametrize(("words", "packet"), BOTH, ids=[words[:40] for words, _ in BOTH])
def test_words_are_read_as_the_packet(words: str, packet: Packet) -> None:
    draft = parse(words)

    assert draft.packet == packet
    assert (draft.left_out, draft.varying) == ((), ())
    if packet.headers:
        assert bytes(draft.packet) == bytes(packet)


@pytest.mark.parametrize(("words", "packet"), BOTH[:6] + BOTH[7:], ids=lambda one: str(one)[:40])
def test_the_packet_is_written_in_these_words(words: str, packet: Packet) -> None:
    assert write(packet) == words


def test_octets_that_are_no_plain_text_are_written_in_hexadecimal() -> None:
    assert write(Packet((), b'say "x"\r\n')) == "0x73617920227822" + "0d0a"
    assert write(Packet((), b"aaaaaaaa")) == '"a"*8'
    assert write(Packet((), b"a" * 7)) == '"aaaaaaa"'
    assert write(Packet((), bytes(9))) == "0x00*9"


def test_values_without_a_name_stand_in_the_order_of_the_fields() -> None:
    assert parse("ip(192.0.2.1, 192.0.2.7, ttl=9) / udp(1, 2)").packet == IPv4(A, B, ttl=9) / UDP(
        1, 2
    )


def test_long_names_of_fields_do_as_well_as_short_ones() -> None:
    short = "ip(src=192.0.2.1,dst=192.0.2.7,id=7,df=no)/udp(sport=1,dport=2)"
    long = (
        "ip(src=192.0.2.1,dst=192.0.2.7,identification=7,dont_fragment=false)"
        "/udp(src_port=1,dst_port=2)"
    )

    assert parse(short).packet == parse(long).packet


def test_what_may_be_left_out_is_named() -> None:
    draft = parse("eth/ip(dst=192.0.2.7)/udp(dport=7)")

    nobody = MAC(bytes(6))
    assert draft.packet == Ethernet(nobody, nobody) / IPv4(IPv4Address(0), B) / UDP(0, 7)
    assert draft.left_out == ((0, "dst"), (0, "src"), (1, "src"), (2, "src_port"))


def test_payload_may_come_in_pieces() -> None:
    draft = parse('ip(192.0.2.1,192.0.2.7)/udp(1,2)/"GET /"/0x0d0a*2')

    assert draft.packet.payload == b"GET /\r\n\r\n"


def test_counters_go_through_their_range_and_begin_anew() -> None:
    draft = parse("ip(src=192.0.2.1,dst=192.0.2.7,ttl=1..3)/udp(sport=10..11,dport=7)")
    made = [draft.at(number, int) for number in range(4)]

    assert [packet[IPv4].ttl for packet in made] == [1, 2, 3, 1]
    assert [packet[UDP].src_port for packet in made] == [10, 11, 10, 11]


def test_networks_are_gone_through_by_their_hosts() -> None:
    draft = parse("ip(src=192.0.2.1,dst=198.51.100.0/30)/icmp.echo(1,1)")
    ranges = parse("ip6(src=2001:db8::1,dst=2001:db8::7..2001:db8::8)/icmp6.echo(1,1)")

    assert [str(draft.at(n, int)[IPv4].dst)[-1] for n in range(3)] == ["1", "2", "1"]
    assert [str(ranges.at(n, int)[IPv6].dst)[-1] for n in range(3)] == ["7", "8", "7"]


def test_random_values_are_those_of_the_seed() -> None:
    words = "ip(src=random(198.51.100.0/24),dst=192.0.2.7)/udp(random(1024,65535),7)/random(9)"

    def made(seed: int) -> list[Packet]:
        chance = random.Random(seed).randrange
        return [parse(words).at(number, chance) for number in range(20)]

    assert made(1) == made(1) != made(2)
    assert len({packet.payload for packet in made(1)}) == 20
    assert all(len(packet.payload) == 9 for packet in made(1))
    assert all(packet[UDP].src_port >= 1024 for packet in made(1))
    assert all(str(packet[IPv4].src).startswith("198.51.100.") for packet in made(1))


def test_the_checksums_of_what_varies_are_right() -> None:
    draft = parse("ip(src=192.0.2.1,dst=192.0.2.7)/udp(1..9,7)/random(3)")

    for number in range(9):
        made = bytes(draft.at(number, random.Random(number).randrange))
        read = dissect_ip(made)
        assert bytes(Packet(tuple(h.recomputed() for h in read.headers), read.payload)) == made
    assert [one.layer for one in draft.varying] == [1, PAYLOAD]


WRONG = [
    ("ip(dst=192.0.2.7)/udp(dprt=7)", 22, "unknown field of udp 'dprt': did you mean 'dport'?"),
    ("ip(dst=192.0.2.7)/upd(dport=7)", 18, "unknown header 'upd': did you mean 'udp'?"),
    ("ip(dst=192.0.2.300)", 7, "'192.0.2.300' is not an IPv4 address"),
    ("ip6(dst=localhost)", 8, "'localhost' is not an IPv6 address"),
    ("ip", 0, "ip: dst not given"),
    ("ip(dst=192.0.2.7)/udp", 18, "udp: dport not given"),
    ("ip(dst=192.0.2.7", 16, "')' or a comma is expected, not the end"),
    ("ip(dst=192.0.2.7)//udp", 18, "a header or a value is expected, not '/'"),
    ("ip(dst=192.0.2.7)/", 18, "a header or a value is expected, not the end"),
    ("", 0, "a header or a value is expected, not the end"),
    ("ip(dst=192.0.2.7,dst=192.0.2.8)", 17, "dst of ip is given twice"),
    ("ip(ttl=3,192.0.2.7)", 9, "values without a name come first"),
    ("udp(1,2,3,4,5,6)", 14, "udp has 5 fields"),
    ("ip(dst=192.0.2.7)/tcp(dport=80,flags=syn|akc)", 41, "'akc': did you mean 'ack'?"),
    ("ip(dst=192.0.2.7,ttl=many)", 21, "'many' is not a number"),
    ("ip(dst=192.0.2.7,ttl=9..3)", 21, "the range ends before it begins"),
    ("ip(dst=192.0.2.7,ttl=random)", 21, "'random' is not a number"),
    ("ip(dst=192.0.2.7,ttl=random(3))", 21, "random needs its bounds"),
    ("ip(dst=192.0.2.7,df=perhaps)", 20, "true or false is expected"),
    ('"hello"/ip(dst=192.0.2.7)', 8, "ip behind payload: headers come first"),
    ('ip(dst=192.0.2.7)/"hello', 18, "the quotation mark is not closed"),
    ('ip(dst=192.0.2.7)/"a\\q"', 20, r"unknown escape \q"),
    ("ip(dst=192.0.2.7)/0x123", 18, "an even number of digits"),
    ("ip(dst=192.0.2.7)/0xzz", 18, "an even number of digits"),
    ("ip(dst=192.0.2.7)/0x00*x", 23, "a number of times is expected"),
    ("ip(dst=192.0.2.7)/0x00*99999999", 23, "more than 65535 octets"),
    ("ip(dst=192.0.2.7)/random(99999)", 18, "random octets are so many"),
    ('ip(dst=192.0.2.7)/"a"/random(3)', 22, "all of the payload, or none of it"),
    ('ip(dst=192.0.2.7)/random(3)/"a"', 28, "all of the payload, or none of it"),
    ("ip(dst=192.0.2.7)/[1]", 18, "a header is expected, not a list"),
    ("ip(dst=192.0.2.7) x", 18, "'x' is not expected here"),
    ("ip(dst=[[[[[[[[[1]]]]]]]]])", 15, "too many brackets"),
    ("ip(dst=2001:db8::1)", 7, "'2001:db8::1' is not an IPv4 address"),
    ("tcp(1,2,options=[mss(1,2)])", 23, "mss has 1 field"),
    ("eth(dst=02:00:5e:10:00)", 8, "is not six octets"),
    ("tcp(1,2,options=[mss(1..5)])", 21, "only a whole field"),
    ("tcp(1,2,options=[mms(5)])", 17, "unknown here: 'mms': did you mean 'mss'?"),
]  # fmt: skip


MISFITS = [
    ("ip(dst=192.0.2.7,ttl=256)/udp(1,2)", 21, "256 does not fit: 0 to 255"),
    ("ip(dst=192.0.2.7,ttl=-1)/udp(1,2)", 21, "-1 does not fit: 0 to 255"),
    ("ip(dst=192.0.2.7,ecn=4,ttl=300)/udp(1,2)", 21, "4 does not fit: 0 to 3"),
    ("ip(dst=192.0.2.7,offset=0x2000,ttl=3)/udp(1,2)", 24, "0x2000 does not fit: 0 to 8191"),
    ("ip6(dst=2001:db8::7,flow=0x100000)/udp(1,2)", 25, "0x100000 does not fit: 0 to 1048575"),
    ("ip(dst=192.0.2.7)/udp(dport=70000)", 28, "70000 does not fit: 0 to 65535"),
    ("ip(dst=192.0.2.7)/udp(1,65534..65536)", 31, "65536 does not fit: 0 to 65535"),
    ("ip(dst=192.0.2.7)/udp(1,random(9,70000))", 33, "70000 does not fit: 0 to 65535"),
    ("eth/vlan(4096)/ip(dst=192.0.2.7)/udp(1,2)", 9, "4096 does not fit: 0 to 4095"),
    ("tcp(1,2,options=[nop,mss(70000)])", 25, "70000 does not fit: 0 to 65535"),
    ("ip6(dst=::1)/icmp6.ra(options=[mtu(0x100000000)])", 35, "does not fit: 0 to 4294967295"),
    ("ip(dst=192.0.2.7,proto=300)", 23, "300 does not fit: 0 to 255"),
    ("ip(dst=192.0.2.7)/igmp.query3(suppress=yes,reserved=16)", 52, "16 does not fit: 0 to 15"),
    ("tcp(1,2,options=[mss(-1),mss(9)])", 21, "-1 does not fit: 0 to 65535"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "column", "message"), MISFITS)
def test_a_number_that_does_not_fit_the_wire_is_pointed_at(
    words: str, column: int, message: str
) -> None:
    with pytest.raises(NotationError, match=re.escape(message)) as caught:
        parse_to_pack(words)

    assert caught.value.column == column


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ip(dst=192.0.2.7,ttl=3)", "protocol is unset and nothing inside implies it"),
        ("ip(dst=192.0.2.7,ttl=3,options=0x01)/udp(1,2)", "1 octets of options"),
        ("ip(dst=192.0.2.7)/udp(1,2)/0x00*65535", "65563 octets, above 65535"),
        ("ip6(dst=2001:db8::7)/udp(1,2)/0x00*65535", "65543 octets, above 65535"),
        (f"ip(dst=192.0.2.7,ttl={'9' * 5000})/udp(1,2)", "is not a number"),
    ],
)
def test_what_cannot_be_packed_for_another_reason_says_that(words: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        bytes(parse_to_pack(words).packet)


@pytest.mark.parametrize(("words", "column", "message"), WRONG)
def test_a_mistake_is_pointed_at(words: str, column: int, message: str) -> None:
    with pytest.raises(NotationError) as caught:
        parse(words)

    assert message in str(caught.value)
    assert str(caught.value).endswith(f"(column {column + 1})")
    assert caught.value.pointed() == f"{words}\n{' ' * column}^"


def test_flags_have_their_names_in_neighbour_discovery_too() -> None:
    words = "icmp6.na(target=fe80::1,flags=override|solicited)"
    packet = parse(words).packet

    assert packet == parse("icmp6.na(target=fe80::1,flags=0x60000000)").packet
    assert packet[NeighborAdvertisement].flags == NeighborFlag.SOLICITED | NeighborFlag.OVERRIDE
    assert write(packet) == words
    assert write(parse("icmp6.na(target=fe80::1,flags=3)").packet).endswith("flags=3)")
