"""rawkit.replay on real links: what was captured once is captured again."""

import io
import os
import socket
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

import rawkit
from rawkit import lab
from rawkit.api.replay import Replaying
from rawkit.api.replay_events import PacketNotTaken, ReplayReport
from rawkit.capture.mending_settings import Remark, Skip
from rawkit.capture.writer import CaptureWriter
from rawkit.errors import SendRefused, UsageError
from rawkit.lab.topology import Lab
from rawkit.record import replace
from rawkit.wire.address import MAC
from rawkit.wire.arp import ARP
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet
from rawkit.wire.partial import partial_checksum
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from rawkit.wire.verify import verdict
from rawkit.wire.vlan import ServiceTag, VLANTag
from tests.netns.capture import Capture

pytestmark = pytest.mark.netns

A, B = IPv4Address("10.1.0.1"), IPv4Address("10.1.0.2")
A6, B6 = IPv6Address("fd00:0:0:1::1"), IPv6Address("fd00:0:0:1::2")
OURS, THEIRS = MAC.parse("02:00:00:00:01:01"), MAC.parse("02:00:00:00:01:02")
NOBODY = MAC.parse("02:00:00:00:00:99")
FRAME = Ethernet(NOBODY, MAC.parse("02:00:00:00:00:77"))
MARK = b"replayed"
INSIDE = UDP(9, 9999) / MARK
MILLISECOND = 10**6


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


def file_of(*packets: Packet, link: int = LinkType.ETHERNET, apart: int = 0) -> io.BytesIO:
    """Return a capture of packets, so many nanoseconds apart."""
    file = io.BytesIO()
    with CaptureWriter(file, link_type=link) as writer:
        for number, packet in enumerate(packets):
            writer.write(bytes(packet), 10**18 + number * apart)
    file.seek(0)
    return file


def arriving(
    net: Lab, source: io.BytesIO, count: int, **options: Any
) -> tuple[list[bytes], ReplayReport]:
    """Return the frames that come to the last node while a capture is replayed at the first."""
    with Capture(net.last, "eth0") as capture:
        report = rawkit.replay(source, at=net.first, **options)
        found = capture.until(lambda f: not f.outgoing and b"repl" in f.octets, count, 5.0)
    return [frame.octets for frame in found], report


FRAMES = (
    FRAME / IPv4(A, B, identification=7) / INSIDE,
    FRAME / IPv4(A, B, checksum=0xDEAD) / UDP(9, 9999, checksum=0xBEEF) / MARK,
    FRAME / IPv6(A6, B6) / INSIDE,
    FRAME / VLANTag(5, 3) / IPv4(A, B) / INSIDE,
    FRAME / ServiceTag(5) / VLANTag(6) / IPv4(A, B) / INSIDE,
    FRAME / ARP(1, bytes(FRAME.src), A, bytes(6), B, trailer=MARK),
    Ethernet(NOBODY, OURS, 0x88B5) / MARK,
    Ethernet(b"\1\x80\xc2\0\0\0", OURS, 0x88B5) / (MARK * 180),
)


def test_what_is_replayed_is_captured_and_equal(net: Lab) -> None:
    with rawkit.sniff(interface="eth0", direction="in", at=net.last) as heard:
        report = rawkit.replay(file_of(*FRAMES), at=net.first, interface="eth0", top=True)

    found = [bytes(frame.whole()) for frame in heard.packets]  # with the tags, put back
    assert [octets for octets in found if b"repl" in octets] == [bytes(one) for one in FRAMES]
    assert (report.sent, report.octets) == (len(FRAMES), sum(len(bytes(one)) for one in FRAMES))
    assert report.is_whole


def test_a_capture_that_was_sniffed_leaves_again(net: Lab) -> None:
    with (
        net.first.socket(kind=socket.SOCK_DGRAM) as sock,
        rawkit.sniff("udp port 9999", interface="eth0", at=net.first) as heard,
    ):
        for number in range(3):
            sock.sendto(MARK + bytes([number]), (str(B), 9999))
    file = io.BytesIO()
    with CaptureWriter(file) as writer:
        for frame in heard.packets:
            writer.write(frame.octets, frame.time_ns)
    file.seek(0)

    found, report = arriving(net, file, 3, interface="eth0", dst_mac=str(NOBODY))

    assert [dissect_frame(octets).payload for octets in found] == [
        MARK + bytes([number]) for number in range(3)
    ]
    assert all(verdict(dissect_frame(octets)) is Checksum.VALID for octets in found)
    assert report.sent == 3


def test_pauses_are_those_of_the_capture(net: Lab) -> None:
    packets = [FRAMES[0]] * 5
    source = file_of(*packets, apart=40 * MILLISECOND)

    with Capture(net.last, "eth0") as capture:
        began = time.time()
        report = rawkit.replay(source, interface="eth0", at=net.first)
        found = capture.until(lambda f: not f.outgoing and MARK in f.octets, 5, 5.0)

    assert report.elapsed >= 0.16
    assert report.late_worst is not None
    assert len(found) == 5
    for number, frame in enumerate(found):  # never early; how late, depends on the machine
        assert frame.time - began >= number * 0.04


def test_what_offload_left_undone_is_done(net: Lab) -> None:
    body = MARK * 500
    ack = TCP(1, 9999, flags=Flags.ACK)
    whole = FRAME / IPv4(A, B, identification=7) / INSIDE
    half = Packet(
        (*whole.headers[:2], replace(whole.headers[2], checksum=partial_checksum(whole, 2))), MARK
    )

    found, report = arriving(
        net, file_of(FRAME / IPv6(A6, B6) / ack / body, half), 4, interface="eth0", top=True
    )

    *segments, datagram = [dissect_frame(octets) for octets in found]
    assert b"".join(one.payload for one in segments) == body
    assert {len(one.payload) for one in segments[:-1]} == {1440}
    assert datagram == dissect_frame(bytes(whole))
    assert all(verdict(one) is Checksum.VALID for one in (*segments, datagram))
    assert report.remarks == {Remark.SEGMENTED: 1, Remark.FINISHED: 1}


def test_addresses_become_others_and_a_kernel_takes_the_packet(net: Lab) -> None:
    packet = FRAME / IPv4(IPv4Address("192.0.2.9"), IPv4Address("198.51.100.2")) / INSIDE
    with net.last.socket(kind=socket.SOCK_DGRAM) as sock:
        sock.bind((str(B), 7777))
        sock.settimeout(10)
        rawkit.replay(
            file_of(packet),
            at=net.first,
            interface="eth0",
            addresses={"192.0.2.0/24": str(A), "198.51.100.*": "10.1.0.*"},
            src_mac=str(OURS),
            dst_mac=str(THEIRS),
            ports={9999: 7777},
        )

        assert sock.recvfrom(100) == (MARK, (str(A), 9))


@pytest.mark.parametrize(
    ("packets", "link"),
    [
        ((IPv4(A, B, identification=7) / INSIDE, IPv6(A6, B6) / INSIDE), LinkType.RAW),
        ((FRAME / VLANTag(5) / IPv4(A, B, identification=7) / INSIDE,), LinkType.ETHERNET),
        ((IPv4(A, B, checksum=0xDEAD) / INSIDE, IPv4(A, B, identification=0) / INSIDE), 228),
    ],
)
def test_ip_packets_leave_by_the_routes_as_they_are(
    packets: tuple[Packet, ...], link: int, net: Lab
) -> None:
    found, report = arriving(net, file_of(*packets, link=link), len(packets), layer="ip", top=True)

    ip = [bytes(Packet(one.headers[2 * (link == 1) :], one.payload)) for one in packets]
    assert [octets[14:] for octets in found] == ip
    assert {octets[:6] for octets in found} == {THEIRS}
    assert report.is_whole


def test_what_has_no_way_is_left_out(net: Lab) -> None:
    elsewhere = IPv4(A, IPv4Address("203.0.113.9"), identification=7) / INSIDE

    report = rawkit.replay(file_of(elsewhere, link=LinkType.RAW), at=net.first)

    assert (report.sent, report.skipped) == (0, {Skip.UNSENDABLE: 1})


def test_what_the_kernel_refuses_is_told_and_the_rest_is_sent(net: Lab) -> None:
    events: list[Any] = []
    long = Ethernet(NOBODY, OURS, 0x88B5) / bytes(1600)

    found, report = arriving(
        net, file_of(long, FRAMES[0]), 1, interface="eth0", mtu=2000, announce=events.append
    )

    assert len(found) == 1
    assert (report.sent, report.refused) == (1, 1)
    assert isinstance(events[0], PacketNotTaken)
    assert "1614 octets for an MTU of 1500" in str(events[0].error)
    with pytest.raises(SendRefused):
        rawkit.replay(file_of(long), interface="eth0", mtu=2000, at=net.first)


def switch(net: Lab, state: str) -> None:
    """Switch the loopback interface of the first node on or off."""
    with net.first.popen(["ip", "link", "set", "lo", state]) as process:
        assert process.wait(timeout=30) == 0


def test_an_interface_that_goes_down_ends_it(net: Lab) -> None:
    wanted: Any = {"interface": "lo", "at": net.first, "announce": lambda _: switch(net, "down")}
    replaying = Replaying(file_of(*[FRAMES[0]] * 5), wanted)
    try:
        with pytest.raises(SendRefused, match="down"):
            replaying.run()
    finally:
        switch(net, "up")

    assert (replaying.report().sent, replaying.report().refused) == (1, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "frames leave by an interface: name it"),
        ({"interface": "eth9"}, "no interface 'eth9' here, only lo, eth0"),
    ],
)
def test_an_interface_that_is_missing_is_told(options: Any, said: str, net: Lab) -> None:
    with pytest.raises(UsageError, match=said):
        rawkit.replay(file_of(*FRAMES), at=net.first, **options)


def test_no_socket_stays_open(net: Lab) -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    rawkit.replay(file_of(*FRAMES), at=net.first, interface="eth0", top=True, loops=2)

    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208
