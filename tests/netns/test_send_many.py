"""Many packets: lists of them, fields that vary, fragments, and what is told of each."""

import subprocess
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit import lab
from rawkit.api.filling import destination
from rawkit.api.outgoing import Sendable
from rawkit.api.preview import preview
from rawkit.api.send import Sending, send
from rawkit.api.send_events import PacketRefused, PacketSent, SendEvent, SendReport
from rawkit.errors import SendRefused, UsageError
from rawkit.lab.topology import Lab
from rawkit.sockets.sending import Layer
from rawkit.wire import icmpv6
from rawkit.wire.address import MAC
from rawkit.wire.arp import ARP
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import Fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.notation import parse
from rawkit.wire.packet import Packet
from rawkit.wire.reassembly import Reassembler
from rawkit.wire.udp import UDP
from tests.netns.test_send import arriving

pytestmark = pytest.mark.netns

A, C, D = (IPv4Address(f"10.1.0.{last}") for last in (1, 3, 4))
A6, D6 = (IPv6Address(f"fd00:0:0:1::{last}") for last in (1, 4))

MAC_OF_A, MAC_OF_D = (MAC.parse(f"02:00:00:00:01:0{last}") for last in (1, 4))


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.star(leaves=4) as net:
        yield net


def datagrams(net: Lab, sending: Callable[[], object], count: int) -> list[Packet]:
    """Return what comes to the last node, without the link's header."""
    return [dissect_ip(frame[14:]) for frame in arriving(net, sending, count)]


def test_a_list_is_sent_in_its_order_as_often_as_is_asked(net: Lab) -> None:
    packets: list[Sendable] = [f"ip(dst={D})/udp(sport=1,dport=7)", IPv6(A6, D6) / UDP(2, 7)]
    came = datagrams(net, lambda: send(packets, count=2, at=net.first), 4)

    assert [packet[UDP].src_port for packet in came] == [1, 2, 1, 2]
    assert [IPv6 in packet for packet in came] == [False, True, False, True]


def test_each_packet_of_a_list_goes_by_the_layer_that_fits(net: Lab) -> None:
    packets: list[Sendable] = [IPv4(A, D) / UDP(1, 7), f"arp(tpa={D})"]
    packets.insert(1, IPv4(A, D, checksum=1) / UDP(2, 7))
    events: list[SendEvent] = []

    report = send(iter(packets), interface="eth0", announce=events.append, at=net.first)

    assert [event.layer for event in events] == [Layer.IPV4, Layer.COOKED, Layer.COOKED]
    assert [event.number for event in events] == [1, 2, 3]
    first, second, _ = (event for event in events if isinstance(event, PacketSent))
    assert (first.link, second.link) == (None, Ethernet(MAC_OF_D, MAC_OF_A, 0x0800))
    assert (report.sent, report.layer) == (3, Layer.IPV4)


def test_what_is_wrong_with_one_of_a_list_stops_it_behind_those_before(net: Lab) -> None:
    sending = Sending(
        [f"ip(dst={D})/udp(dport=7)", "ip(dst=203.0.113.1)/udp(1,7)"], {"at": net.first}
    )

    with pytest.raises(OSError, match=r"no way to 203\.0\.113\.1"):
        sending.run()

    assert sending.report().sent == 1


def test_no_packets_at_all_are_a_mistake(net: Lab) -> None:
    with pytest.raises(UsageError, match="there are no packets to send"):
        send([], at=net.first)


VARYING = [
    f"ip(dst={D})/udp(sport=5000..5003,dport=7)/random(4)",
    f"ip(src=random(10.9.0.0/16),dst={D},ttl=9..11,id=1..999)/udp(1,random(1,65535))",
    f"ip(dst={D},df=no,id=random(1,65535))/icmp.echo(id=7,seq=1..3)",
    f"ip6(dst={D6},flow=1..9)/tcp(sport=9,dport=80,seq=random(0,0xffffffff),flags=syn)",
    f"ip6(dst={D6})/hbh/udp(1,2)/random(3)",
    f"eth/ip(src={A},dst={D})/udp(1..9,7)",
    f"ip6(src={A6},dst={D6})/udp(1,2,checksum=1..9)",
    f"ip(src={A},dst={D})/sctp(1..9,2,7)",
]


def test_what_is_random_is_told_as_it_is_sent(net: Lab) -> None:
    words = f"ip(src={A},dst={D})/udp(sport=random(1,65535),dport=7)/random(8)"
    wanted = preview(words, seed=9, at=net.first)
    reports: list[SendReport] = []
    (frame,) = arriving(net, lambda: reports.append(send(words, seed=9, at=net.first)))
    another = preview(words, seed=8, at=net.first)

    (report,) = reports
    assert report.packet == wanted.packet
    assert bytes(wanted.packet) == wanted.octets == frame[14:]
    assert another.octets != wanted.octets


@pytest.mark.parametrize("words", VARYING)
def test_patched_packets_are_those_that_are_made_anew(net: Lab, words: str) -> None:
    quick = arriving(net, lambda: send(words, count=5, seed=4, at=net.first), 5)
    slow = arriving(net, lambda: send(words, count=5, seed=4, announce=id, at=net.first), 5)

    def comparable(frame: bytes) -> bytes:
        packet = dissect(frame, Ethernet.parse)
        left_open = UDP in packet and "sport" not in words and "udp(1" not in words
        return b"" if left_open else frame

    assert [comparable(frame) for frame in quick] == [comparable(frame) for frame in slow]
    assert len(set(quick)) == 5
    for frame in quick:
        packet = dissect(frame, Ethernet.parse)
        assert "checksum" in words or bytes(packet.recomputed()) == frame


@pytest.mark.parametrize(
    "words",
    [
        f"ip(src={A},dst={C}..{D})/udp(1,7)",
        f"ip6(src={A6},dst=fd00:0:0:1::3..fd00:0:0:1::4)/udp(1,7)",
    ],
)
def test_a_destination_that_varies_is_where_each_packet_goes(net: Lab, words: str) -> None:
    came = datagrams(net, lambda: send(words, count=4, at=net.first), 2)

    assert [destination(packet) for packet in came] == [D6 if ":" in words else D] * 2


@pytest.mark.parametrize("layer", ["cooked", "frame"])
def test_each_neighbour_is_asked_for_its_own_hardware_address(net: Lab, layer: str) -> None:
    eth = "eth/" if layer == "frame" else ""
    words = f"{eth}ip(src={A},dst={C}..{D})/udp(1,7)"
    events: list[SendEvent] = []

    came = arriving(
        net,
        lambda: send(
            words, count=4, layer=layer, interface="eth0", announce=events.append, at=net.first
        ),
        2,
    )

    assert len(events) == 4
    assert [frame[:6].hex(":")[-2:] for frame in came] == ["04", "04"]
    assert {dissect_ip(frame[14:])[IPv4].dst for frame in came} == {D}


def test_by_an_icmpv6_socket_each_packet_keeps_what_it_asks_for(net: Lab) -> None:
    packets = [
        IPv6(A6, D6, hop_limit=limit, dscp=limit) / icmpv6.EchoRequest(limit, 1) / b""
        for limit in (5, 9)
    ]
    came = datagrams(net, lambda: send(packets, count=2, layer="icmpv6", at=net.first), 4)

    assert [(p[IPv6].hop_limit, p[IPv6].dscp) for p in came] == [(5, 5), (9, 9)] * 2


def test_by_an_icmpv6_socket_it_leaves_from_the_address_that_it_names(net: Lab) -> None:
    ours, theirs = IPv6Address("fe80::1:1%eth0"), IPv6Address("2001:db8::9")
    good = IPv6(ours, D6) / icmpv6.EchoRequest(7, 1) / b"x"
    bad = IPv6(theirs, D6) / icmpv6.EchoRequest(7, 1) / b"x"

    (frame,) = arriving(net, lambda: send(good, layer="icmpv6", at=net.first))
    with pytest.raises(SendRefused, match=r"is no address of this host \(layer ipv6") as caught:
        send(bad, layer="icmpv6", at=net.first)

    assert dissect_ip(frame[14:])[IPv6].src.packed == ours.packed  # not the kernel's choice
    assert preview(good, layer="icmpv6", at=net.first).refusal is None
    foreseen = preview(bad, layer="icmpv6", at=net.first)
    assert f"not sent: {foreseen.refusal}" == str(caught.value)


def whole(fragments: list[Packet]) -> Packet | None:
    """Return what fragments are put together to."""
    reassembler, found = Reassembler(), None
    for fragment in fragments:
        found = reassembler.add(0.0, fragment) or found
    return found


@pytest.mark.parametrize("layer", ["auto", "cooked", "frame"])
@pytest.mark.parametrize("ip", [f"ip(src={A},dst={D})", f"ip6(src={A6},dst={D6})"])
def test_what_is_too_long_is_cut_if_that_is_wanted(net: Lab, ip: str, layer: str) -> None:
    words = f"{'eth/' if layer == 'frame' else ''}{ip}/udp(1,7)/0x41*3000"
    foreseen = preview(words, fragment=True, layer=layer, interface="eth0", at=net.first)

    came = datagrams(
        net, lambda: send(words, fragment=True, layer=layer, interface="eth0", at=net.first), 3
    )

    joined = whole(came)
    assert joined is not None
    assert (joined.payload, joined[UDP].src_port) == (b"A" * 3000, 1)
    sizes = [len(bytes(piece)) - (14 if layer == "frame" else 0) for piece in foreseen.pieces]
    assert sizes == [len(bytes(packet)) for packet in came]
    assert foreseen.remarks[0].startswith("it is cut into 3 fragments")
    assert foreseen.refusal is None


def test_fragments_have_one_identification_even_where_the_kernel_would_choose(net: Lab) -> None:
    words = f"ip(src={A},dst={D},df=no)/udp(1,7)/0x41*3000"
    first = datagrams(net, lambda: send(words, fragment=1000, at=net.first), 4)
    second = datagrams(net, lambda: send(words, fragment=1000, at=net.first), 4)

    numbers = [{packet[IPv4].identification for packet in some} for some in (first, second)]
    assert all(len(each) == 1 and 0 not in each for each in numbers)
    assert numbers[0] != numbers[1]
    assert max(len(bytes(packet)) for packet in first) <= 1000


def test_fragments_count_one_by_one(net: Lab) -> None:
    report = send(
        f"ip6(src={A6},dst={D6})/udp(1,7)/0x41*3000", fragment=True, count=2, at=net.first
    )

    assert (report.sent, report.refused) == (6, 0)


def test_a_fragment_header_says_which_datagram_of_a_tunnel_is_cut(net: Lab) -> None:
    inside = "ip6(src=2001:db8::1,dst=2001:db8::2)/frag(id=7)/udp(1,7)/0x41*3000"
    words = f"ip(src={A},dst={D},id=5)/{inside}"
    foreseen = preview(words, fragment=True, at=net.first)
    came = datagrams(net, lambda: send(words, fragment=True, at=net.first), 3)

    joined = whole([packet.inside(IPv4) for packet in came])
    assert joined is not None
    assert joined.payload == b"A" * 3000
    assert {packet[IPv4].identification for packet in came} == {5}
    assert all(packet[IPv4].dont_fragment for packet in came)
    assert {packet[Fragment].identification for packet in came} == {7}
    assert [len(bytes(packet)) for packet in foreseen.pieces] == [1500, 1500, 212]


def test_a_packet_that_fits_is_not_cut(net: Lab) -> None:
    words = f"ip6(src={A6},dst={D6})/udp(1,7)/0x41*1400"
    (came,) = datagrams(net, lambda: send(words, fragment=True, at=net.first), 1)

    assert Fragment not in came


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (f"ip6(dst={D6})/icmp6.echo", {"layer": "icmpv6", "fragment": True}, "fragments of ours"),
        (f"ip(dst={D})/udp(dport=7)", {"fragment": 27}, "27 octets hold no fragment"),
    ],
)
def test_what_cannot_be_cut_is_said(
    net: Lab, words: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        send(words, at=net.first, **options)  # type: ignore[arg-type]


def test_the_kernel_cuts_what_goes_by_an_icmpv6_socket_and_the_preview_says_so(net: Lab) -> None:
    words = f"ip6(dst={D6})/icmp6.echo/0x41*3000"
    foreseen = preview(words, layer="icmpv6", at=net.first)
    came = datagrams(net, lambda: send(words, layer="icmpv6", at=net.first), 3)

    assert foreseen.remarks == ("the kernel cuts it into fragments, for an MTU of 1500",)
    joined = whole(came)
    assert joined is not None
    assert joined.payload == b"A" * 3000


def test_every_refusal_is_told_with_its_packet(net: Lab) -> None:
    events: list[SendEvent] = []
    packets = [f"ip(dst={D})/udp(1,7)", f"ip(dst={D})/udp(2,7)/0x41*1500"]

    report = send(packets, announce=events.append, at=net.first)

    _, refusal = events
    assert isinstance(refusal, PacketRefused)
    assert refusal.packet[UDP].src_port == 2
    assert isinstance(refusal.error, SendRefused)
    assert (report.sent, report.refused) == (1, 1)


def test_a_source_that_was_left_out_is_ours_towards_the_neighbour_named(net: Lab) -> None:
    words = "ip(dst=198.51.100.9,id=1)/udp(1,7)"
    (came,) = datagrams(net, lambda: send(words, via=D, at=net.first), 1)

    assert came[IPv4].src == A


def test_a_source_within_a_tunnel_is_ours_where_its_end_is_not_known(net: Lab) -> None:
    (known,) = datagrams(net, lambda: send(f"ip(dst={D})/ip6(dst={D6},next=59)", at=net.first), 1)
    words = f"ip(dst={D})/ip(dst=198.51.100.9)/udp(1,7)"
    (unknown,) = datagrams(net, lambda: send(words, at=net.first), 1)

    assert known[IPv6].src == A6
    assert unknown.inside(IPv4)[IPv4].src == A
    with pytest.raises(OSError, match="no way to 2001:db8::9"):
        send(f"ip(dst={D})/ip6(dst=2001:db8::9,next=59)", at=net.first)


def test_what_the_kernel_changed_is_told_of_each(net: Lab) -> None:
    events: list[SendEvent] = []
    words = f"ip(src={A},dst={D},checksum=1)/udp(1,7)"
    came = arriving(net, lambda: send(words, layer="ipv4", announce=events.append, at=net.first), 1)

    (event,) = events
    assert isinstance(event, PacketSent)
    assert event.packet[IPv4].checksum == 1
    assert event.octets == came[0][14:] != bytes(event.packet)


def test_packets_leave_at_their_interval(net: Lab) -> None:
    report = send(f"ip(dst={D})/udp(1..9,7)", count=6, interval=0.02, at=net.first)

    assert report.sent == 6
    assert 0.1 <= report.elapsed < 2


def test_a_run_that_is_cut_short_says_what_was_sent(net: Lab) -> None:
    def stop(event: SendEvent) -> None:
        if event.number == 3:
            raise KeyboardInterrupt

    sending = Sending(f"ip(dst={D})/udp(dport=7)", {"count": 9, "announce": stop, "at": net.first})
    with pytest.raises(KeyboardInterrupt):
        sending.run()

    assert sending.report().sent == 3


def test_no_descriptor_stays_open_whatever_the_packets_were(net: Lab) -> None:
    script = (
        "import os, rawkit\n"
        "from rawkit.api.send import send\n"
        f"packets = ['ip(dst={D})/udp(1,7)', 'ip6(dst={D6})/udp(1,7)', 'eth/arp(tpa={D})']\n"
        "before = os.listdir('/proc/self/fd')\n"
        "send(packets, interface='eth0', count=3)\n"
        "assert os.listdir('/proc/self/fd') == before\n"
    )
    import sys

    with net.first.popen([sys.executable, "-c", script], stderr=subprocess.PIPE) as process:
        _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, b"")


def test_a_line_that_was_read_before_is_not_read_again() -> None:
    line = f"ip(dst={D})/udp(dport=7)"

    assert parse(line) is parse(line)


def test_packets_of_scapy_are_taken_as_well(net: Lab) -> None:
    layers = pytest.importorskip("scapy.layers.inet")
    packet = layers.IP(src=str(A), dst=str(D), id=5) / layers.UDP(sport=1, dport=7) / b"hello"

    came = datagrams(net, lambda: send(packet, at=net.first), 1)
    came += datagrams(net, lambda: send([packet, packet], at=net.first), 2)

    assert [bytes(one) for one in came] == [bytes(packet)] * 3
    assert preview(packet, at=net.first).octets == bytes(packet)


def test_what_a_packet_of_scapy_leaves_open_is_filled_in_by_the_network_it_leaves(net: Lab) -> None:
    layers, link = (pytest.importorskip(f"scapy.layers.{name}") for name in ("inet", "l2"))
    inside = layers.IP(dst=str(D), id=5) / layers.UDP(sport=1, dport=7) / b"hello"
    wanted = IPv4(A, D, identification=5, dont_fragment=False) / UDP(1, 7) / b"hello"

    routed, framed = arriving(net, lambda: send([inside, link.Ether() / inside], at=net.first), 2)
    foreseen = preview(link.ARP(pdst=str(D)), at=net.first).packet[ARP]

    assert (routed[14:], framed) == (
        bytes(wanted), bytes(Ethernet(MAC_OF_D, MAC_OF_A) / wanted)
    )  # fmt: skip
    assert (foreseen.sender_ip, foreseen.sender_mac, foreseen.target_ip) == (A, MAC_OF_A, D)
    assert "src" not in inside.fields


@pytest.mark.parametrize("given", [7, None, b"octets", object()])
def test_what_is_no_packet_is_a_mistake(given: object) -> None:
    with pytest.raises(UsageError, match="is no packet, nor one in notation"):
        send(given)  # type: ignore[arg-type]
