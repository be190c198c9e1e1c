"""MD5 signatures of TCP: the kernel's beside ours, and what it makes of ours."""

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.lab.ready import loopback_up
from rawkit.wire import tcp_options
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.tcp_md5 import is_signed, signed
from rawkit.wire.tcp_options import Md5
from tests.netns.capture import Capture, Frame

pytestmark = pytest.mark.netns

HERE: dict[int, Address] = {4: IPv4Address("127.0.0.1"), 6: IPv6Address("::1")}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
KEY, PORT, OURS = b"secret", 179, 40_000
TCP_MD5SIG = 14
SIGNATURE = struct.Struct("@HH124sBBHi80s")
SYN_ACK = Flags.SYN | Flags.ACK
both = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        with node.here():
            loopback_up()
        yield node


def socket_with_key(node: Namespace, version: int) -> socket.socket:
    """Return a TCP socket that signs what it says to this host."""
    with node.here():
        made = socket.socket(FAMILY[version], socket.SOCK_STREAM)
    address = HERE[version].packed if version == 4 else bytes(4) + HERE[version].packed
    family = FAMILY[version]
    try:
        made.setsockopt(
            socket.IPPROTO_TCP,
            TCP_MD5SIG,
            SIGNATURE.pack(family, 0, address, 0, 0, len(KEY), 0, KEY),
        )
    except OSError as error:
        made.close()
        pytest.skip(f"this kernel has no MD5 signatures: {error}")
    made.settimeout(20)
    return made


def listening(node: Namespace, version: int) -> socket.socket:
    made = socket_with_key(node, version)
    made.bind((str(HERE[version]), PORT))
    made.listen()
    return made


def packet_of(frame: Frame) -> Packet:
    return dissect(frame.octets, Ethernet.parse).inside(Ethernet)


def is_segment(frame: Frame) -> bool:
    return frame.outgoing and TCP in packet_of(frame)


def ours(version: int, sequence: int) -> Packet:
    here = HERE[version]
    ip = IPv4(here, here) if isinstance(here, IPv4Address) else Packet((IPv6(here, here),))
    return ip / TCP(OURS, PORT, sequence)


@both
def test_what_the_kernel_signs_is_signed(node: Namespace, version: int) -> None:
    with listening(node, version) as server, Capture(node, "lo") as capture:
        with socket_with_key(node, version) as client:
            client.connect((str(HERE[version]), PORT))
            client.sendall(b"some data")
            with server.accept()[0] as connection:
                connection.settimeout(20)
                assert connection.recv(100) == b"some data"
        packets = [packet_of(one) for one in capture.until(is_segment, 4)]

    for packet in packets:
        assert is_signed(packet, KEY)
        assert not is_signed(packet, b"guess")
        options = tcp_options.decode(packet[TCP].options)
        blank = [Md5() if isinstance(one, Md5) else one for one in options]
        unsigned = packet.replace(TCP, options=tcp_options.encode(*blank))
        assert signed(unsigned, KEY)[TCP] == packet[TCP]
    assert [packet.payload for packet in packets if packet.payload] == [b"some data"]


@both
def test_the_kernel_answers_what_we_sign_and_nothing_else(node: Namespace, version: int) -> None:
    with listening(node, version), Capture(node, "lo") as capture, node.here():
        raw = socket.socket(FAMILY[version], socket.SOCK_RAW, socket.IPPROTO_RAW)
        with raw:
            for sequence, packet in (
                (1000, ours(version, 1000)),
                (2000, signed(ours(version, 2000), b"guess")),
                (3000, signed(ours(version, 3000), KEY)),
            ):
                assert packet[TCP].sequence == sequence
                raw.sendto(bytes(packet), (str(HERE[version]), 0))
        answers = capture.until(
            lambda frame: is_segment(frame) and packet_of(frame)[TCP].flags == SYN_ACK
        )

    (answer,) = (packet_of(frame) for frame in answers)
    assert answer[TCP].acknowledgment == 3001
    assert is_signed(answer, KEY)
