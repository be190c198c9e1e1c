"""Tags, multicast groups and UDP-Lite, beside the kernel's own."""

import errno
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.lab import Lab
from rawkit.lab.topology import Node
from rawkit.sockets.frames import FrameSocket
from rawkit.wire import igmp, mld
from rawkit.wire.address import MAC, Address
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import HopByHop
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.membership import GroupRecord, RecordType
from rawkit.wire.ndp import ALL_NODES, multicast_mac
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.udp import UDP
from rawkit.wire.udplite import UDPLite
from rawkit.wire.verify import verdict
from rawkit.wire.vlan import ServiceTag, VLANTag, tagged
from tests.netns.capture import Capture, Frame

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
GROUP, GROUP6 = IPv4Address("233.252.0.1"), IPv6Address("ff05::1234")
PICKY, PICKY6 = IPv4Address("233.252.0.2"), IPv6Address("ff05::5678")
"""Groups that are wanted from one source alone."""
SOURCE, OTHER = IPv4Address("192.0.2.9"), IPv4Address("192.0.2.10")
SOURCE6, OTHER6 = IPv6Address("2001:db8::9"), IPv6Address("2001:db8::a")
QUERIER = IPv6Address("fe80::1")
"""Queries of MLD must come from a link-local address (RFC 3810 §5.1.14)."""
ROUTER_ALERT = bytes.fromhex("94040000")
ROUTER_ALERT6 = bytes.fromhex("050200000100")
SOON = 1
"""Tenths of a second to answer in."""
PATIENT = 10.0
MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP = 42, 46
UDPLITE_RECV_CSCOV = 11


@pytest.fixture
def net(pair: LabFactory) -> Lab:
    return pair()


@pytest.fixture
def member(net: Lab) -> Iterator[Node]:
    """A host whose kernel wants four groups."""
    host = net.last
    with host.here():
        want4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        want6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        index = struct.pack("@Q", socket.if_nametoindex("eth0"))
    with want4, want6:
        for sock, level, group, picky, source in (
            (want4, socket.IPPROTO_IP, GROUP, PICKY, SOURCE),
            (want6, socket.IPPROTO_IPV6, GROUP6, PICKY6, SOURCE6),
        ):
            sock.setsockopt(level, MCAST_JOIN_GROUP, index + storage(group))
            both = storage(picky) + storage(source)
            sock.setsockopt(level, MCAST_JOIN_SOURCE_GROUP, index + both)
        yield host


def storage(address: Address) -> bytes:
    """Return a ``sockaddr_storage``."""
    if isinstance(address, IPv4Address):
        octets = struct.pack("@HH", socket.AF_INET, 0) + address.packed
    else:
        octets = struct.pack("@HHI", socket.AF_INET6, 0, 0) + address.packed
    return octets.ljust(128, b"\0")


def mac_of(node: Node) -> MAC:
    with node.here(), closing(FrameSocket("eth0")) as sock:
        return sock.mac


def send(node: Node, frame: Packet) -> None:
    with node.here(), closing(FrameSocket("eth0")) as sock:
        sock.send(frame)


def answers(net: Lab, query: Header, wanted: Callable[[Packet], bool]) -> list[Packet]:
    """Return the first answer of the other host to a query, if it comes in time."""
    if isinstance(query, igmp.Message):
        ip: Packet = IPv4(net.first.ipv4, igmp.ALL_SYSTEMS, ttl=1, options=ROUTER_ALERT) / query
        to: Address = igmp.ALL_SYSTEMS
    else:
        ip = IPv6(QUERIER, ALL_NODES, hop_limit=1) / HopByHop(options=ROUTER_ALERT6) / query
        to = ALL_NODES
    asked = Ethernet(multicast_mac(to), mac_of(net.first)) / ip

    def read(frame: Frame) -> Packet:
        return dissect(frame.octets, first=Ethernet.parse)

    with Capture(net.first, "eth0") as capture:
        send(net.first, asked)
        heard = capture.until(
            lambda frame: not frame.outgoing and wanted(read(frame)), timeout=PATIENT
        )
    return [read(frame) for frame in heard]


def records_of(packet: Packet, kind: type[Header]) -> tuple[GroupRecord, ...]:
    message = packet.get(kind)
    return getattr(message, "records", ())


QUERIES = [
    (
        igmp.MembershipQueryV3(max_response_code=SOON),
        igmp.MembershipReportV3,
        GroupRecord(RecordType.MODE_IS_EXCLUDE, GROUP),
    ),
    (
        igmp.MembershipQueryV3(PICKY, (OTHER, SOURCE), SOON),
        igmp.MembershipReportV3,
        GroupRecord(RecordType.MODE_IS_INCLUDE, PICKY, (SOURCE,)),
    ),
    (
        mld.ListenerQueryV2(max_response_code=SOON * 100),
        mld.ListenerReportV2,
        GroupRecord(RecordType.MODE_IS_EXCLUDE, GROUP6),
    ),
    (
        mld.ListenerQueryV2(PICKY6, (OTHER6, SOURCE6), SOON * 100),
        mld.ListenerReportV2,
        GroupRecord(RecordType.MODE_IS_INCLUDE, PICKY6, (SOURCE6,)),
    ),
]


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize(("query", "kind", "record"), QUERIES)
def test_a_kernel_answers_our_query_with_records(
    net: Lab, query: Header, kind: type[Header], record: GroupRecord
) -> None:
    (answer,) = answers(net, query, lambda packet: record in records_of(packet, kind))

    assert verdict(answer) is Checksum.VALID
    assert answer.headers[1].dst == (  # type: ignore[attr-defined]  # IPv4 and IPv6 have it
        igmp.ALL_REPORTS if isinstance(query, igmp.Message) else mld.ALL_REPORTS
    )


OLD = [
    (igmp.MembershipQuery(max_response_code=SOON), igmp.MembershipReportV2(GROUP)),
    (mld.ListenerQuery(max_response_delay=SOON * 100), mld.ListenerReport(GROUP6)),
]


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize(("query", "report"), OLD)
def test_a_kernel_answers_our_query_of_an_older_version(
    net: Lab, query: Header, report: Header
) -> None:
    (answer,) = answers(net, query, lambda packet: report in packet.headers)

    assert verdict(answer) is Checksum.VALID


@pytest.mark.parametrize("kind", [VLANTag, ServiceTag])
def test_a_tag_is_taken_off_and_can_be_put_back(net: Lab, kind: type[VLANTag]) -> None:
    link = Ethernet(mac_of(net.last), mac_of(net.first))
    sent = link / kind(5, 6, True) / IPv4(net.first.ipv4, net.last.ipv4) / UDP(1, 2) / b"tagged"
    with net.last.here():
        hearing = FrameSocket("eth0", ignore_outgoing=True)

    with closing(hearing):
        send(net.first, sent)
        heard = next(_heard(hearing, lambda received: received.vlan is not None))

    assert heard.vlan is not None
    assert (heard.vlan.id, heard.vlan.priority, heard.vlan.drop_eligible) == (5, 6, True)
    assert tagged(bytes(heard.packet), heard.vlan) == bytes(sent)


def _heard(sock: FrameSocket, wanted: Callable[[Received], bool]) -> Iterator[Received]:
    until = time.monotonic() + PATIENT
    while time.monotonic() < until:
        match sock.receive():
            case Received() as received if wanted(received):
                yield received
            case None:
                time.sleep(0.001)


@pytest.mark.parametrize("version", [4, 6])
def test_a_kernel_takes_our_udp_lite_and_we_its(net: Lab, version: int) -> None:
    first, last = net.first, net.last
    src, dst = (first.ipv4, last.ipv4) if version == 4 else (first.ipv6, last.ipv6)
    ip: Header = (
        IPv4(src, dst)
        if isinstance(src, IPv4Address) and isinstance(dst, IPv4Address)
        else IPv6(IPv6Address(src), IPv6Address(dst))
    )
    link = Ethernet(mac_of(last), mac_of(first))
    good = bytearray(bytes(link / ip / UDPLite(7, 9, 12) / b"part of it"))
    damaged_where_covered, damaged_elsewhere = bytearray(good), bytearray(good)
    damaged_where_covered[-10] ^= 1
    damaged_elsewhere[-1] ^= 1

    with udp_lite(last, version) as sock, Capture(last, "eth0") as capture:
        for octets in (damaged_where_covered, good, damaged_elsewhere):
            send(first, dissect(bytes(octets), first=Ethernet.parse))
        told = [sock.recv(99) for _ in range(2)]
        sock.sendto(b"whole", (str(src), 7))
        (answer,) = capture.until(
            lambda frame: UDPLite in dissect(frame.octets, first=Ethernet.parse) and frame.outgoing,
            timeout=PATIENT,
        )

    assert told == [b"part of it", b"part of iu"]
    read = dissect(answer.octets, first=Ethernet.parse)
    assert (read[UDPLite], read.payload) == (UDPLite(9, 7, 13), b"whole")
    assert verdict(read) is Checksum.VALID


def udp_lite(node: Node, version: int) -> socket.socket:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with node.here():
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM, IPProtocol.UDP_LITE)
        except OSError as error:
            if error.errno != errno.EPROTONOSUPPORT:
                raise
            pytest.skip("this kernel has no UDP-Lite")
    sock.settimeout(PATIENT)
    sock.setsockopt(IPProtocol.UDP_LITE, UDPLITE_RECV_CSCOV, 8)
    sock.bind(("", 9))
    return sock
