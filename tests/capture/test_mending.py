"""Packets of a capture made fit to be sent: what leaves for what was captured."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.capture.blocks import Captured, Interface
from rawkit.capture.mending import Mender
from rawkit.capture.mending_settings import MendingSettings, Remark, Skip
from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.wire import icmp
from rawkit.wire.address import MAC
from rawkit.wire.arp import ARP
from rawkit.wire.cooked import LinuxCooked
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import VLAN
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet
from rawkit.wire.partial import partial_checksum
from rawkit.wire.received import Checksum
from rawkit.wire.rewrite import Rewriting
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.tcp_options import MaximumSegmentSize, encode
from rawkit.wire.udp import UDP
from rawkit.wire.verify import verdict
from rawkit.wire.vlan import ServiceTag, VLANTag

FRAME = Ethernet(b"\2" * 6, b"\4" * 6)
A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
FOUR = IPv4(A, B, identification=7)
SIX = IPv6(IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7"))
ACK = TCP(40000, 80, flags=Flags.ACK)
HELLO = UDP(1, 2) / b"hello"


def captured(packet: Packet | bytes, link: int = LinkType.ETHERNET, lost: int = 0) -> Captured:
    """Return a packet as a file has it, without some of its octets at the end."""
    octets = bytes(packet)
    kept = octets[: len(octets) - lost]
    return Captured(kept, 0, len(octets), Interface(link))


def mender(**wanted: Any) -> Mender:
    return Mender(MendingSettings(**wanted))


def frames(found: Any) -> list[Packet]:
    assert found.skip is None
    return [dissect_frame(octets) for octets in found.pieces]


def unfinished(packet: Packet, place: int) -> Packet:
    """Return a packet whose sender's kernel left a checksum to its hardware."""
    headers = list(packet.headers)
    headers[place] = replace(headers[place], checksum=partial_checksum(packet, place))
    return Packet(tuple(headers), packet.payload)


WHOLE = [
    FRAME / FOUR / HELLO,
    FRAME / FOUR / UDP(1, 2, checksum=0xDEAD) / b"wrong on purpose",
    FRAME / SIX / ACK / b"x",
    FRAME / VLANTag(5) / FOUR / HELLO,
    FRAME / ARP(1, b"\2" * 6, A, b"\0" * 6, B),
    Ethernet(b"\2" * 6, b"\4" * 6, 0x88B5) / bytes(46),
    FRAME / FOUR / icmp.EchoRequest(1, 2) / bytes(56),
]


@pytest.mark.parametrize("packet", WHOLE)
@pytest.mark.parametrize("fix", [True, False])
def test_what_is_whole_leaves_as_it_is(packet: Packet, fix: bool) -> None:
    one = mender(fix=fix, mtu=1500)

    assert one.mend(captured(packet)).pieces == (bytes(packet),)
    assert not one.remarks.total()


@pytest.mark.parametrize("around", [FRAME / FOUR, FRAME / SIX, FRAME / VLANTag(5) / FOUR])
@pytest.mark.parametrize("inside", [ACK / b"hello", HELLO])
def test_an_unfinished_checksum_is_worked_out(around: Packet, inside: Packet) -> None:
    packet = around / inside
    one = mender()

    (found,) = frames(one.mend(captured(unfinished(packet, len(around.headers)))))

    assert bytes(found) == bytes(packet)
    assert one.remarks == {Remark.FINISHED: 1}


def test_nothing_is_mended_that_is_not_to_be() -> None:
    packet = unfinished(FRAME / FOUR / HELLO, 2)
    long = FRAME / FOUR / ACK / bytes(4000)
    one = mender(fix=False)

    assert one.mend(captured(packet)).pieces == (bytes(packet),)
    assert one.mend(captured(long)).pieces == (bytes(long),)


def test_a_super_packet_is_cut_to_what_the_link_carries() -> None:
    body = bytes(n % 251 for n in range(4000))
    one = mender(mtu=1000)

    found = frames(one.mend(captured(FRAME / FOUR / ACK / body)))

    assert [len(packet.payload) for packet in found] == [960, 960, 960, 960, 160]
    assert b"".join(packet.payload for packet in found) == body
    assert all(verdict(packet) is Checksum.VALID for packet in found)
    assert one.remarks == {Remark.SEGMENTED: 1}


def test_a_super_packet_whose_length_says_0_is_cut_as_well() -> None:
    packet = FRAME / replace(FOUR, total_length=0) / ACK / bytes(3000)

    assert [len(one.payload) for one in frames(mender().mend(captured(packet)))] == [1460, 1460, 80]


@pytest.mark.parametrize("size", [536, 1400])
def test_the_handshake_says_how_long_segments_are(size: int) -> None:
    one = mender(mtu=1500)
    syn = TCP(80, 40000, flags=Flags.SYN | Flags.ACK, options=encode(MaximumSegmentSize(size)))
    one.mend(captured(FRAME / IPv4(B, A) / syn))

    there = frames(one.mend(captured(FRAME / FOUR / ACK / bytes(1450))))
    answer = TCP(80, 40000, flags=Flags.ACK) / bytes(1450)
    back = frames(one.mend(captured(FRAME / IPv4(B, A) / answer)))

    assert [len(packet.payload) for packet in there][:-1] == [size] * (1450 // size)
    assert [len(packet.payload) for packet in back] == [1450]


@pytest.mark.parametrize("length", [1000, 3000])
def test_sizes_that_are_asked_for_hold_for_all(length: int) -> None:
    tcp = frames(mender(mss=400).mend(captured(FRAME / FOUR / ACK / bytes(length))))
    udp = frames(mender(udp_segment=400).mend(captured(FRAME / FOUR / UDP(1, 2) / bytes(length))))

    for found in (tcp, udp):
        assert sum(len(packet.payload) for packet in found) == length
        assert {len(packet.payload) for packet in found[:-1]} == {400}


def test_what_is_too_long_is_left_out_or_fragmented() -> None:
    packet = FRAME / replace(FOUR, dont_fragment=True) / UDP(1, 2) / bytes(3000)
    one = mender(mtu=1500, fragment=True)

    found = frames(one.mend(captured(packet)))

    assert mender(mtu=1500).mend(captured(packet)).skip is Skip.TOO_LONG
    assert [len(bytes(piece)) for piece in found] == [1514, 1514, 82]
    assert {piece[IPv4].identification for piece in found} == {7}
    assert one.remarks == {Remark.FRAGMENTED: 1}


@pytest.mark.parametrize(
    ("tag", "longest"),
    [(VLAN(5), 1518), (VLAN(5, ether_type=0x88A8), 1514)],
)
@pytest.mark.parametrize("inside", [ACK / bytes(3000), UDP(1, 2) / bytes(3000)])
def test_what_is_cut_has_room_for_its_tag(tag: VLAN, longest: int, inside: Packet) -> None:
    one = mender(mtu=1500, vlan=tag, fragment=True)

    found = one.mend(captured(FRAME / FOUR / inside)).pieces

    assert longest - 8 < max(map(len, found)) <= longest


def test_a_customers_tag_has_room_beyond_the_mtu_and_a_providers_has_not() -> None:
    one = mender(mtu=1500)
    whole = FOUR / UDP(1, 2) / bytes(1472)

    assert one.mend(captured(FRAME / VLANTag(5) / whole)).skip is None
    assert one.mend(captured(FRAME / ServiceTag(5) / whole)).skip is Skip.TOO_LONG


def test_tags_are_put_on_and_taken_off() -> None:
    packet = FRAME / VLANTag(5) / FOUR / HELLO

    (off,) = frames(mender(untag=True).mend(captured(packet)))
    (on,) = frames(mender(vlan=VLAN(9, 3)).mend(captured(packet)))
    (both,) = frames(mender(vlan=VLAN(9), untag=True).mend(captured(packet)))

    assert bytes(off) == bytes(FRAME / FOUR / HELLO)
    assert bytes(on) == bytes(FRAME / VLANTag(9, 3) / VLANTag(5) / FOUR / HELLO)
    assert bytes(both) == bytes(FRAME / VLANTag(9) / FOUR / HELLO)


def test_addresses_and_ports_change_and_checksums_with_them() -> None:
    rules = Rewriting(
        address=lambda one: IPv4Address("198.51.100.9") if one == B else one,
        ports={2: 53},
        dst_mac=MAC(b"\2\0\0\0\0\x99"),
    )
    one = mender(rewriting=rules)

    (found,) = frames(one.mend(captured(unfinished(FRAME / FOUR / HELLO, 2))))

    assert found[Ethernet].dst == b"\2\0\0\0\0\x99"
    assert (found[IPv4].dst, found[UDP].dst_port) == (IPv4Address("198.51.100.9"), 53)
    assert verdict(found) is Checksum.VALID


def test_what_was_wrong_stays_wrong_with_other_addresses() -> None:
    rules = Rewriting(ports={2: 53})
    packet = FRAME / FOUR / UDP(1, 2, checksum=0xDEAD) / b"hello"

    (found,) = frames(mender(rewriting=rules).mend(captured(packet)))

    assert verdict(found) is Checksum.BAD


def test_of_what_was_cut_short_nothing_is_sent_unless_that_is_wanted() -> None:
    packet = FRAME / FOUR / UDP(1, 2) / bytes(range(100))
    short = captured(packet, lost=60)
    pad, send = mender(truncated="pad"), mender(truncated="send")

    (padded,) = frames(pad.mend(short))

    assert mender().mend(short).skip is Skip.CUT
    assert len(bytes(padded)) == len(bytes(packet))
    assert padded.payload == bytes(range(40)) + bytes(60)
    assert verdict(padded) is Checksum.VALID
    assert pad.remarks == {Remark.PADDED: 1}
    assert send.mend(short).pieces == (bytes(packet)[:-60],)
    assert send.remarks == {Remark.SHORTENED: 1}


COOKED = LinuxCooked(address=b"\2" * 6)
BARE = {
    LinkType.RAW: FOUR / HELLO,
    LinkType.IPV6: SIX / HELLO,
    LinkType.LINUX_SLL: COOKED / FOUR / HELLO,
    LinkType.ETHERNET: FRAME / VLANTag(5) / FOUR / HELLO,
}


@pytest.mark.parametrize("link", BARE)
def test_of_any_link_the_ip_packet_can_be_sent(link: LinkType) -> None:
    found = mender(layer="ip").mend(captured(bytes(BARE[link]) + b"\0" * 4 * (link == 1), link))

    assert not found.is_frame
    assert dissect_ip(found.pieces[0]).payload == b"hello"
    assert found.pieces[0][0] >> 4 in (4, 6)


@pytest.mark.parametrize(
    ("octets", "link", "wanted", "why"),
    [
        (bytes(12), LinkType.ETHERNET, {}, Skip.TOO_SHORT),
        (bytes(FOUR / HELLO), LinkType.RAW, {"layer": "frame"}, Skip.NO_FRAME),
        (b"", LinkType.RAW, {}, Skip.NO_IP),
        (bytes(FOUR / HELLO)[:19], LinkType.RAW, {}, Skip.NO_IP),
        (bytes(40), LinkType.RAW, {}, Skip.NO_IP),
        (bytes(WHOLE[4]), LinkType.ETHERNET, {"layer": "ip"}, Skip.NO_IP),
        (bytes(40), 147, {}, Skip.UNKNOWN_LINK),
    ],
)
def test_what_cannot_be_sent_is_left_out_with_the_reason(
    octets: bytes, link: int, wanted: dict[str, Any], why: Skip
) -> None:
    found = mender(**wanted).mend(captured(octets, link))

    assert (found.pieces, found.skip) == ((), why)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"mss": 0}, "mss is 0, below 1"),
        ({"mtu": 60}, "mtu is 60, below 68"),
        ({"udp_segment": 0}, "udp_segment is 0, below 1"),
        ({"truncated": "no"}, "truncated is 'no', not one of skip, pad, send"),
        ({"layer": "tcp"}, "layer is 'tcp', not one of auto, frame, ip"),
        ({"layer": "ip", "untag": True}, "layer ip has no VLAN tags"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        MendingSettings(**wanted)


@given(st.binary(max_size=120), st.integers(0, 40), st.sampled_from(("skip", "pad", "send")))
@settings(max_examples=100)
def test_nothing_is_too_odd_to_be_looked_at(octets: bytes, lost: int, truncated: Any) -> None:
    rules = Rewriting(ports={1: 2}, src_mac=MAC(b"\2" * 6), address=lambda one: one)
    one = mender(mtu=100, mss=20, truncated=truncated, rewriting=rules, fragment=True)
    kinds = (
        (Ethernet(b"\2" * 6, b"\4" * 6, 0x8100),),
        (FRAME, replace(FOUR, protocol=6)),
        (FRAME, replace(SIX, next_header=0)),
        (FRAME, FOUR, ACK),
    )

    for kind in kinds:
        found = one.mend(captured(Packet(kind, octets), lost=lost))
        assert all(len(piece) <= 118 for piece in found.pieces)
