"""Segment routing: the kernel's headers and digests, beside ours."""

import socket
import subprocess
from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import Routing
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.routing import SegmentRoute, decode, encode, through
from rawkit.wire.segment_objects import Hmac, digest
from rawkit.wire.udp import UDP
from tests.netns.capture import Capture

pytestmark = pytest.mark.netns

US, NEXT, THEN, END = (
    IPv6Address(text) for text in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:9::5")
)
KEY_ID, KEY = 7, b"secret"
SETUP = f"""
ip link add end0 type veth peer name end1
ip link set end0 up
ip link set end1 up
ip address add {US}/64 dev end0 nodad
ip -6 neighbour add {NEXT} lladdr 02:00:5e:10:00:02 dev end0
"""


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        node.sysctl("net.ipv6.conf.all.accept_dad", 0)
        run(node, SETUP)
        yield node


def run(node: Namespace, script: str, said: str = "") -> int:
    with node.popen(
        ["sh", "-ec", script], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.communicate(said, timeout=30)
    return process.returncode


def sent_through(node: Namespace, words: str) -> Packet:
    """Return what the kernel sends to the end by way of some segments."""
    segments = f"encap seg6 mode inline segs {NEXT},{THEN} {words} dev end0"
    if run(node, f"ip -6 route add {END}/128 {segments}"):
        pytest.skip("this kernel has no segment routing")
    with node.here():
        sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    with sender, Capture(node, "end0") as capture:
        sender.sendto(b"hello", (str(END), 7))
        frames = capture.until(lambda frame: frame.octets[20] == Routing.IP_PROTOCOL, 1)
    return dissect(frames[0].octets, Ethernet.parse).inside(Ethernet)


def test_the_kernel_lays_a_way_as_we_do(node: Namespace) -> None:
    packet = sent_through(node, "")
    first, route = through(NEXT, THEN, destination=END)

    ours = Packet((packet[IPv6], route, packet[UDP]), packet.payload)

    assert packet[IPv6].dst == first
    assert bytes(ours) == bytes(packet)
    covering = packet[Routing].covering(packet[IPv6])
    assert covering is not None
    # Nobody finishes the sum on a virtual link: it is that of the pseudo header so far.
    assert packet[UDP].checksum == 0xFFFF - internet_checksum(covering.pseudo_header(13, 17))


def test_the_kernel_makes_the_digest_that_we_make(node: Namespace) -> None:
    if run(node, f"ip sr hmac set {KEY_ID} sha256", said=f"{KEY.decode()}\n"):
        pytest.skip("keys of segment routing are root's alone, and of the first user namespace")
    packet = sent_through(node, f"hmac {KEY_ID}")

    route = decode(packet[Routing])

    assert isinstance(route, SegmentRoute)
    assert route.segments == (END, THEN, NEXT)
    expected = digest(US, route.flags, route.segments, KEY_ID, KEY)
    assert route.objects == (Hmac(KEY_ID, expected),)
    assert encode(route) == Routing(4, 2, packet[Routing].data)
