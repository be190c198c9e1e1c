"""Links, tunnels, multicast groups and SCTP in the packet notation."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import NotationError
from rawkit.wire import igmp, mld
from rawkit.wire.arp import ARP
from rawkit.wire.gre import GRE
from rawkit.wire.llc import IEEE8023, LLC, SNAP
from rawkit.wire.membership import GroupRecord, RecordType
from rawkit.wire.notation import parse
from rawkit.wire.notation_text import write
from rawkit.wire.packet import Header
from rawkit.wire.sctp import SCTP, Chunk, ChunkType
from rawkit.wire.udplite import UDPLite
from rawkit.wire.vlan import ServiceTag, VLANTag
from rawkit.wire.vxlan import VXLAN

GROUP, A = IPv4Address("233.252.0.1"), IPv4Address("192.0.2.1")
GROUP6 = IPv6Address("ff02::1")

WORDS: list[tuple[str, tuple[Header, ...]]] = [
    ("gre(key=7)", (GRE(7),)),
    ("vlan(5,priority=3,type=arp)", (VLANTag(5, 3, ether_type=0x0806),)),
    ("svlan(6)/vlan(5)/snap", (
        ServiceTag(6, ether_type=0x8100), VLANTag(5, ether_type=0), SNAP(),
    )),
    ("llc(66,66,3)", (LLC(66, 66),)),
    ("vxlan(42)", (VXLAN(42),)),
    ("udplite(1,2,coverage=8)", (UDPLite(1, 2, 8),)),
    ("sctp(1,2,chunks=[chunk(init,0x00),chunk(77)])", (
        SCTP(1, 2, 0, (Chunk(ChunkType.INIT, b"\0"), Chunk(77))),
    )),
    ("igmp.query", (igmp.MembershipQuery(),)),
    ("igmp.report2(233.252.0.1)", (igmp.MembershipReportV2(GROUP),)),
    ("igmp.report3([group_record(mode_is_include,233.252.0.1,[192.0.2.1])])", (
        igmp.MembershipReportV3((GroupRecord(RecordType.MODE_IS_INCLUDE, GROUP, (A,)),)),
    )),
    ("icmp6.mld_report2([group_record(9,ff02::1)])", (
        mld.ListenerReportV2((GroupRecord(9, GROUP6),)),
    )),
]  # fmt: skip


@pytest.mark.parametrize(("words", "headers"), WORDS)
def test_words_become_headers(words: str, headers: tuple[Header, ...]) -> None:
    packet = parse(words).packet

    assert packet.headers == headers
    assert parse(write(packet)).packet == packet


def test_the_payload_protocol_of_sctp_is_no_ip_protocol() -> None:
    packet = parse('sctp(1,2,chunks=[data(tsn=1,stream=2,seq=3,data="x",proto=6)])').packet

    assert write(packet).endswith('chunks=[data(tsn=1,stream=2,seq=3,data="x",proto=6)])')
    with pytest.raises(NotationError, match="'tcp' is not a number"):
        parse('sctp(1,2,chunks=[data(1,2,3,"x",proto=tcp)])')


def test_the_addresses_of_a_frame_with_a_length_may_be_left_out() -> None:
    draft = parse("dot3/llc(66,66)")

    assert isinstance(draft.packet.headers[0], IEEE8023)
    assert draft.left_out == ((0, "dst"), (0, "src"))


def test_values_without_a_name_go_to_fields_that_need_none() -> None:
    with pytest.raises(NotationError, match="gre has 6 fields"):
        parse("gre(1,2,true,0,0,0,0x0800)")


def test_a_number_without_a_name_is_taken_where_any_number_is() -> None:
    words = "arp(op=77,sha=02:00:00:00:00:01,spa=192.0.2.1,tha=02:00:00:00:00:02,tpa=192.0.2.2)"

    header = parse(words).packet[ARP]

    assert (type(header.operation), header.operation) == (int, 77)
