"""Sending by five kinds of socket, and whether the preview was right, with the kernel as judge."""

import errno
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit import lab
from rawkit.api.preview import preview
from rawkit.api.send import send
from rawkit.errors import NoAnswer, NoRoute, SendRefused, UsageError
from rawkit.lab.topology import Lab
from rawkit.record import replace
from rawkit.sockets.kernel_rules import frame_refusal, refusal
from rawkit.sockets.sending import Layer
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import MAC
from rawkit.wire.arp import ARP, Operation
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.netns.capture import Capture

pytestmark = pytest.mark.netns

A, B = IPv4Address("10.1.0.1"), IPv4Address("10.1.0.2")
A6, B6 = IPv6Address("fd00:0:0:1::1"), IPv6Address("fd00:0:0:1::2")
ELSEWHERE, ELSEWHERE6 = IPv4Address("198.51.100.9"), IPv6Address("2001:db8::9")
OURS, THEIRS = MAC.parse("02:00:00:00:01:01"), MAC.parse("02:00:00:00:01:02")
NOBODY = IPv4Address(0)
HELLO = UDP(9, 7) / b"hello"
OF_KERNELS = ("ARP", "NeighborSolicitation", "NeighborAdvertisement", "ListenerReportV2")
"""What kernels of a lab send without being told to."""


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


def arriving(net: Lab, sending: Callable[[], object], count: int = 1) -> list[bytes]:
    """Return the frames that come to the last node while something is sent from the first."""

    def ours(octets: bytes) -> bool:
        packet = dissect(octets, Ethernet.parse)
        return not any(type(header).__name__ in OF_KERNELS for header in packet.headers)

    with Capture(net.last, "eth0") as capture:
        sending()
        found = capture.until(lambda f: not f.outgoing and ours(f.octets), count, 1.0)
    return [frame.octets for frame in found]


RIGHT = [
    pytest.param(IPv4(A, B) / HELLO, "auto", Layer.IPV4, id="plain"),
    pytest.param(IPv4(NOBODY, B) / HELLO, "auto", Layer.IPV4, id="source for the kernel"),
    pytest.param(IPv4(ELSEWHERE, B) / HELLO, "auto", Layer.IPV4, id="source of somebody else"),
    pytest.param(IPv4(A, B, identification=7) / HELLO, "auto", Layer.IPV4, id="identification"),
    pytest.param(IPv4(A, B, dont_fragment=False, identification=7) / HELLO, "auto", Layer.IPV4,
                 id="identification, may be cut"),
    pytest.param(IPv4(A, B, ttl=0) / HELLO, "auto", Layer.IPV4, id="TTL 0"),
    pytest.param(IPv4(A, B, reserved=True) / HELLO, "auto", Layer.IPV4, id="reserved bit"),
    pytest.param(IPv4(A, B, more_fragments=True, dont_fragment=False, identification=1) / HELLO,
                 "auto", Layer.IPV4, id="a first fragment"),
    pytest.param(IPv4(A, B, options=b"\1\1\1\1") / HELLO, "auto", Layer.IPV4, id="options"),
    pytest.param(IPv4(A, B, options=b"\7\3\4\0") / HELLO, "auto", Layer.IPV4, id="bad options"),
    pytest.param(IPv4(A, B, 253) / bytes(1480), "auto", Layer.IPV4, id="as long as may be"),
    pytest.param(IPv4(A, B) / UDP(9, 7, checksum=0xDEAD) / b"x", "auto", Layer.IPV4,
                 id="bad UDP checksum"),
    pytest.param(IPv4(A, B, checksum=1) / HELLO, "auto", Layer.COOKED, id="bad header checksum"),
    pytest.param(IPv4(A, B, total_length=20) / HELLO, "auto", Layer.COOKED, id="length too short"),
    pytest.param(IPv4(A, B, total_length=2000) / HELLO, "auto", Layer.COOKED, id="… and long"),
    pytest.param(IPv4(A, B, trailer=b"??") / HELLO, "auto", Layer.COOKED, id="a trailer"),
    pytest.param(IPv4(A, B, checksum=1) / HELLO, "ipv4", Layer.IPV4, id="checksum corrected"),
    pytest.param(IPv4(A, B, total_length=20, identification=9) / HELLO, "ipv4", Layer.IPV4,
                 id="total length corrected"),
    pytest.param(IPv4(A, B, total_length=20, checksum=1) / HELLO, "ipv4", Layer.IPV4,
                 id="both corrected"),
    pytest.param(IPv4(A, B) / HELLO, "cooked", Layer.COOKED, id="cooked"),
    pytest.param(IPv4(NOBODY, B) / HELLO, "cooked", Layer.COOKED, id="cooked, no source"),
    pytest.param(IPv6(A6, B6) / HELLO, "auto", Layer.IPV6, id="IPv6"),
    pytest.param(IPv6(IPv6Address(0), B6) / HELLO, "auto", Layer.IPV6, id="IPv6 from nobody"),
    pytest.param(IPv6(ELSEWHERE6, B6) / HELLO, "auto", Layer.IPV6, id="IPv6 from somebody else"),
    pytest.param(IPv6(A6, B6, flow_label=0x12345, dscp=46, ecn=1, hop_limit=0) / HELLO, "auto",
                 Layer.IPV6, id="every field of IPv6"),
    pytest.param(IPv6(A6, B6, payload_length=3) / HELLO, "auto", Layer.IPV6, id="IPv6 too short"),
    pytest.param(IPv6(A6, B6, payload_length=999) / HELLO, "auto", Layer.IPV6, id="… and long"),
    pytest.param(IPv6(A6, B6) / icmpv6.EchoRequest(1, 2, checksum=3) / b"x", "auto", Layer.IPV6,
                 id="bad ICMPv6 checksum"),
    pytest.param(IPv6(A6, B6) / HELLO, "cooked", Layer.COOKED, id="IPv6, cooked"),
    pytest.param(IPv6(A6, B6, hop_limit=9, dscp=8) / icmpv6.EchoRequest(1, 2) / b"x", "icmpv6",
                 Layer.ICMPV6, id="ICMPv6 socket"),
    pytest.param(IPv6(A6, B6, payload_length=3) / icmpv6.EchoRequest(1, 2, checksum=3) / b"x",
                 "icmpv6", Layer.ICMPV6, id="ICMPv6 socket, corrected"),
    pytest.param(IPv6(IPv6Address(0), B6) / icmpv6.EchoRequest(1, 2) / b"x", "icmpv6",
                 Layer.ICMPV6, id="ICMPv6 socket, no source"),
    pytest.param(Ethernet(THEIRS, OURS) / IPv4(A, B, checksum=1) / HELLO, "auto", Layer.FRAME,
                 id="frame"),
    pytest.param(Ethernet(THEIRS, MAC(b"\2" * 6), 0x88B5) / b"hello", "auto", Layer.FRAME,
                 id="frame of another protocol"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "layer", "chosen"), RIGHT)
def test_what_was_foreseen_comes_out(net: Lab, packet: Packet, layer: str, chosen: Layer) -> None:
    wanted = preview(packet, layer=layer, interface=eth0(chosen), at=net.first)
    (frame,) = arriving(
        net, lambda: send(packet, layer=layer, interface=eth0(chosen), at=net.first)
    )

    assert (wanted.layer, wanted.refusal) == (chosen, None)
    arrived = frame if chosen is Layer.FRAME else frame[14:]
    if chosen is Layer.ICMPV6:
        arrived = arrived[:1] + bytes(3) + arrived[4:]  # the flow label is the kernel's
        wanted = replace(wanted, octets=wanted.octets[:1] + bytes(3) + wanted.octets[4:])
    assert arrived.hex() == wanted.octets.hex()
    if not wanted.changes:
        assert arrived == bytes(packet)


def eth0(layer: Layer) -> str | None:
    return "eth0" if layer in (Layer.FRAME, Layer.COOKED) else None


def test_a_checksum_that_a_filled_in_source_spoils_is_foreseen(net: Lab) -> None:
    packet = IPv4(NOBODY, B) / HELLO
    (remark,) = preview(packet, at=net.first).remarks
    (frame,) = arriving(net, lambda: send(packet, at=net.first))

    assert remark.startswith("a checksum within was worked out for the source 0.0.0.0")
    assert bytes(dissect_ip(frame[14:]).recomputed()) != frame[14:]
    unhurt = IPv4(NOBODY, B) / UDP(9, 7, checksum=0), IPv4(NOBODY, B) / icmp.EchoRequest(1, 2)
    assert [preview(one, at=net.first).remarks for one in unhurt] == [(), ()]


def test_an_identification_of_0_is_chosen_by_the_kernel_where_packets_may_be_cut(net: Lab) -> None:
    packet = IPv4(A, B, dont_fragment=False) / HELLO
    wanted = preview(packet, at=net.first)
    (frame,) = arriving(net, lambda: send(packet, at=net.first))

    (change,) = wanted.changes
    assert (change.field, change.sent, change.fills_in) == ("identification", None, True)
    assert frame[14 + 4 : 14 + 6] != b"\0\0" == wanted.octets[4:6]
    assert dissect_ip(frame[14:]) == packet.replace(
        IPv4, identification=int.from_bytes(frame[18:20], "big")
    )


REFUSED = [
    pytest.param(IPv4(A, B, 253) / bytes(1481), "ipv4", errno.EMSGSIZE, id="IPv4 too long"),
    pytest.param(IPv6(A6, B6, 253) / bytes(1461), "ipv6", errno.EMSGSIZE, id="IPv6 too long"),
    pytest.param(IPv4(A, B, 253) / bytes(1481), "cooked", errno.EMSGSIZE, id="cooked too long"),
    pytest.param(Ethernet(THEIRS, OURS, 0x88B5) / bytes(1501), "frame", errno.EMSGSIZE,
                 id="frame too long"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "layer", "number"), REFUSED)
def test_what_was_foreseen_is_refused(net: Lab, packet: Packet, layer: str, number: int) -> None:
    wanted = preview(packet, layer=layer, interface="eth0", at=net.first)
    with pytest.raises(SendRefused) as caught:
        send(packet, layer=layer, interface="eth0", at=net.first)

    assert caught.value.errno == number
    assert str(caught.value) == f"not sent: {wanted.refusal}"
    assert "octets for an MTU of 1500" in str(caught.value)


RAW4 = (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
RAW6 = (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
SHORTEST = bytes(IPv4(A, B, 253) / b"")


@pytest.mark.parametrize(
    ("octets", "version"),
    [
        pytest.param(SHORTEST, 4, id="IPv4"),
        pytest.param(SHORTEST[:-1], 4, id="IPv4 too short"),
        pytest.param(b"\x44" + SHORTEST[1:], 4, id="header of 16 octets"),
        pytest.param(b"\x46" + SHORTEST[1:], 4, id="header beyond the end"),
        pytest.param(b"\x46" + SHORTEST[1:] + bytes(4), 4, id="header up to the end"),
        pytest.param(b"\x65" + SHORTEST[1:], 4, id="version 6 within IPv4"),
        pytest.param(bytes(40), 6, id="IPv6"),
        pytest.param(bytes(39), 6, id="IPv6 too short"),
    ],
)
def test_a_raw_socket_refuses_what_the_rules_say(net: Lab, octets: bytes, version: int) -> None:
    with net.first.socket(*(RAW4 if version == 4 else RAW6)) as raw:
        try:
            raw.sendto(octets, (str(B if version == 4 else B6), 0))
            number = None
        except OSError as error:
            number = error.errno

    assert number == refusal(octets, version, 1500)


@pytest.mark.parametrize("length", [0, 13, 14, 1514, 1515])
def test_a_packet_socket_refuses_what_the_rules_say(net: Lab, length: int) -> None:
    with net.first.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
        try:
            packets.sendto(bytes(length), ("eth0", 0x88B5))
            number = None
        except OSError as error:
            number = error.errno

    assert number == frame_refusal(bytes(length), 1500, ethernet=True)


def test_one_octet_less_is_not_refused(net: Lab) -> None:
    frame = Ethernet(THEIRS, OURS, 0x88B5) / bytes(1500)

    assert preview(frame, interface="eth0", at=net.first).refusal is None
    assert len(arriving(net, lambda: send(frame, interface="eth0", at=net.first))[0]) == 1514


def test_a_vlan_tag_has_room_beyond_the_mtu(net: Lab) -> None:
    frame = Ethernet(THEIRS, OURS, 0x8100) / (b"\0\5\x88\xb5" + bytes(1500))

    assert preview(frame, interface="eth0", at=net.first).refusal is None
    assert send(frame, interface="eth0", at=net.first).sent == 1


def test_the_tag_of_a_provider_has_none(net: Lab) -> None:
    frame = Ethernet(THEIRS, OURS, 0x88A8) / (b"\0\5\x88\xb5" + bytes(1497))

    assert preview(frame, interface="eth0", at=net.first).refusal is not None
    with pytest.raises(SendRefused, match="1515 octets"):
        send(frame, interface="eth0", at=net.first)


def test_a_packet_goes_by_way_of_a_neighbour_whoever_it_is_for(net: Lab) -> None:
    packet = IPv4(A, ELSEWHERE, identification=1) / HELLO
    (frame,) = arriving(net, lambda: send(packet, via=B, at=net.first))
    cooked = preview(packet, via=B, interface="eth0", layer="cooked", at=net.first)

    assert dissect_ip(frame[14:]) == packet
    assert cooked.neighbour == B
    with pytest.raises(NoRoute, match="no IPv4 route"):
        send(packet, at=net.first)


@pytest.mark.parametrize("layer", ["ipv4", "cooked"])
def test_a_neighbour_of_the_other_version_has_a_link_but_no_route(net: Lab, layer: str) -> None:
    packet = IPv4(A, B, identification=1) / HELLO

    if layer == "ipv4":
        with pytest.raises(UsageError, match=rf"{B6} is no neighbour .* layer cooked"):
            preview(packet, via=B6, layer=layer, at=net.first)
    else:
        (frame,) = arriving(net, lambda: send(packet, via=B6, layer=layer, at=net.first))
        assert frame[14:] == bytes(packet)


def test_an_icmpv6_socket_sends_by_no_neighbour_of_ours(net: Lab) -> None:
    words = f"ip6(dst={ELSEWHERE6})/icmp6.echo"

    with pytest.raises(UsageError, match=r"layer icmpv6 sends by .* routes alone: .* layer ipv6"):
        preview(words, via=B6, layer="icmpv6", at=net.first)
    assert send(words, via=B6, layer="ipv6", at=net.first).sent == 1


def test_what_a_notation_leaves_out_is_filled_in(net: Lab) -> None:
    words = f'eth/ip(dst={B})/udp(dport=7)/"hello"'
    (frame,) = arriving(net, lambda: send(words, at=net.first))
    packet = dissect(frame, Ethernet.parse)

    assert packet.headers[0] == Ethernet(THEIRS, OURS, 0x0800)
    assert (packet[IPv4].src, packet[UDP].dst_port, packet.payload) == (A, 7, b"hello")
    assert packet[UDP].src_port > 1023


def test_an_arp_request_is_filled_in_and_broadcast(net: Lab) -> None:
    with Capture(net.last, "eth0") as capture:
        send(f"arp(tpa={B})", at=net.first)
        (frame,) = (
            one.octets
            for one in capture.until(
                lambda one: not one.outgoing and one.octets[12:14] == b"\x08\6"
            )
        )

    assert frame[:6] == b"\xff" * 6
    assert frame[14:].startswith(bytes.fromhex("0001080006040001") + OURS + A.packed)


def test_a_frame_that_says_all_itself_asks_for_no_route(net: Lab) -> None:
    packet = Ethernet(THEIRS, OURS) / IPv4(ELSEWHERE, ELSEWHERE) / HELLO

    (frame,) = arriving(net, lambda: send(packet, interface="eth0", at=net.first))

    assert frame == bytes(packet)
    assert preview(packet, interface="eth0", at=net.first).neighbour == THEIRS


@pytest.mark.parametrize("dst", ["10.1.255.255", "255.255.255.255"])
def test_what_is_for_everybody_goes_to_everybody(net: Lab, dst: str) -> None:
    words = f"ip(src={A},dst={dst},id=1)/udp(9,7)"
    (frame,) = arriving(net, lambda: send(words, layer="cooked", interface="eth0", at=net.first))

    assert frame[:6] == b"\xff" * 6


def test_multicast_has_its_hardware_address_unasked(net: Lab) -> None:
    words = f"ip6(src={A6},dst=ff02::1234:5678)/udp(9,7)"
    (frame,) = arriving(net, lambda: send(words, layer="cooked", interface="eth0", at=net.first))

    assert frame[:6] == bytes.fromhex("333312345678")


def test_packets_that_differ_are_all_sent(net: Lab) -> None:
    words = f"ip(dst={B})/udp(sport=5000..5004,dport=7)/random(4)"
    frames = arriving(net, lambda: send(words, count=5, seed=3, at=net.first), 5)
    again = arriving(net, lambda: send(words, count=5, seed=3, at=net.first), 5)

    assert [dissect_ip(one[14:])[UDP].src_port for one in frames] == [*range(5000, 5005)]
    assert [one[-4:] for one in frames] == [one[-4:] for one in again]
    assert len({one[-4:] for one in frames}) == 5


def test_the_report_tells_how_and_how_many(net: Lab) -> None:
    report = send(f"ip(dst={B})/icmp.echo", count=3, interval=0.01, at=net.first)

    assert (report.sent, report.refused, report.octets) == (3, 0, 3 * 28)
    assert (report.layer, report.interface) == (Layer.IPV4, "eth0")
    assert 0.02 <= report.elapsed < 1
    assert report.packet is not None
    assert report.packet[icmp.EchoRequest].sequence == 1


def test_a_firewall_refuses_each_packet_for_itself(net: Lab) -> None:
    rules = "add table ip t; add chain ip t o {type filter hook output priority 0;}; "
    rules += "add rule ip t o udp dport 9999 drop"
    with net.first.popen(["nft", rules]) as nft:
        assert nft.wait(10) == 0
    words = f"ip(dst={B})/udp(sport=9,dport=9998..9999)"

    report = send(words, count=6, at=net.first)

    assert (report.sent, report.refused, report.errors) == (3, 3, {errno.EPERM: 3})
    assert report.first_error is not None
    assert "a firewall rule on this host drops it" in report.first_error


def test_a_neighbour_that_does_not_answer_is_named(net: Lab) -> None:
    words = "eth/ip(dst=10.1.9.9)/icmp.echo"

    with pytest.raises(NoAnswer, match=r"10\.1\.9\.9 does not say where it is on eth0"):
        send(words, at=net.first)


@pytest.mark.parametrize(
    ("packet", "layer", "message"),
    [
        (IPv4(A, B) / HELLO, "frame", "layer frame takes frames .*, not IPv4"),
        (IPv4(A, B) / HELLO, "ipv6", "layer ipv6 takes packets .*, not IPv4"),
        (IPv6(A6, B6) / HELLO, "icmpv6", "layer icmpv6 takes an ICMPv6 message"),
        (IPv4(A, B) / HELLO, "wire", "layer is 'wire', not one of auto, ipv4"),
        (TCP(1, 2) / b"", "auto", "TCP goes nowhere without an IP or Ethernet header"),
        (Packet((), b"x"), "auto", "payload goes nowhere"),
        (icmpv6.EchoRequest(1, 2) / b"", "auto", "without an IPv6 header around it"),
        (Ethernet(THEIRS, OURS, 0x88B5) / b"", "auto", r"over which interface: name it \(--int"),
        (ARP(Operation.REQUEST, OURS, A, MAC(bytes(6)), ELSEWHERE) / b"", "auto", "interface"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    net: Lab, packet: Packet, layer: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        send(packet, layer=layer, at=net.first)


def test_an_ipv4_frame_on_the_loopback_is_a_martian_and_the_preview_says_so(net: Lab) -> None:
    words = 'ip(src=127.0.0.1,dst=127.0.0.1)/udp(sport=9,dport=4000)/"x"'
    listener = net.first.socket(socket.AF_INET, socket.SOCK_DGRAM, 0)
    with listener:
        listener.bind(("127.0.0.1", 4000))
        listener.settimeout(0.2)
        wanted = preview(words, layer="cooked", interface="lo", at=net.first)
        send(words, layer="cooked", interface="lo", at=net.first)
        with pytest.raises(TimeoutError):
            listener.recv(10)
        send(words, at=net.first)

        assert listener.recv(10) == b"x"
    assert "taken for a martian and dropped" in wanted.remarks[0]
    assert preview(words, at=net.first).remarks == ()
