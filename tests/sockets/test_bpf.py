"""Socket filters: what those of a ping let pass."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.bpf import attach, echo_filter
from rawkit.wire import icmp, icmpv6
from rawkit.wire.bpf import LOAD_BYTE, RETURN, Op, assemble
from rawkit.wire.bpf_machine import BPFMachine
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP

US, TARGET, ROUTER = (IPv4Address(f"192.0.2.{number}") for number in (1, 7, 254))
US6, TARGET6, ROUTER6 = (IPv6Address(f"2001:db8::{number}") for number in (1, 7, 254))
OURS, THEIRS = 0x1234, 0x4321
NOPS = b"\x01" * 8

REQUEST = IPv4(US, TARGET) / icmp.EchoRequest(OURS, 1) / b"payload"
ROUTED = IPv4(US, TARGET, options=NOPS) / icmp.EchoRequest(OURS, 1) / b"payload"
STRANGE = IPv4(US, TARGET) / icmp.EchoRequest(THEIRS, 1) / b"payload"
LATER = IPv4(US, TARGET, protocol=1, fragment_offset=185, dont_fragment=False) / (
    icmp.EchoRequest(OURS, 1).pack()
)
DATAGRAM = IPv4(US, TARGET) / UDP(8 << 8, OURS) / b"looks like an echo request"


def from_target(*headers: object) -> Packet:
    packet = Packet((IPv4(TARGET, US),))
    for header in headers:
        packet = packet / header  # type: ignore[operator]  # headers, packets and octets
    return packet


PASSES_V4 = {
    "our reply": from_target(icmp.EchoReply(OURS, 1), b"payload"),
    "our reply, empty": from_target(icmp.EchoReply(OURS, 1)),
    "our reply with options": IPv4(TARGET, US, options=NOPS) / icmp.EchoReply(OURS, 1),
    "unreachable": from_target(icmp.Unreachable(code=1), REQUEST),
    "time exceeded": from_target(icmp.TimeExceeded(), REQUEST),
    "parameter problem": from_target(icmp.ParameterProblem(), REQUEST),
    "source quench": from_target(icmp.SourceQuench(), REQUEST),
    "redirect": from_target(icmp.Redirect(gateway=ROUTER), REQUEST),
    "quote with options": from_target(icmp.TimeExceeded(), ROUTED),
    "options in both": IPv4(ROUTER, US, options=NOPS) / icmp.TimeExceeded() / ROUTED,
}

DROPPED_V4 = {
    "another's reply": from_target(icmp.EchoReply(THEIRS, 1)),
    "our own request, heard on loopback": REQUEST,
    "a request to us": from_target(icmp.EchoRequest(OURS, 1)),
    "error for another": from_target(icmp.Unreachable(), STRANGE),
    "error for a datagram": from_target(icmp.Unreachable(), DATAGRAM),
    "error for a later fragment": from_target(icmp.Unreachable(), LATER),
    "short quote": from_target(icmp.Unreachable(), bytes(REQUEST)[:24]),
    "no quote": from_target(icmp.Unreachable()),
    "error for reply": from_target(icmp.Unreachable(), from_target(icmp.EchoReply(OURS, 1))),
    "timestamp": from_target(icmp.Other(13, rest=bytes.fromhex("12340001"))),
}


@pytest.mark.parametrize("packet", PASSES_V4.values(), ids=PASSES_V4)
def test_the_ipv4_filter_passes(packet: Packet) -> None:
    assert BPFMachine(echo_filter(4, OURS)).run(bytes(packet)) >= len(bytes(packet))


@pytest.mark.parametrize("packet", DROPPED_V4.values(), ids=DROPPED_V4)
def test_the_ipv4_filter_drops(packet: Packet) -> None:
    assert BPFMachine(echo_filter(4, OURS)).run(bytes(packet)) == 0


REQUEST6 = IPv6(US6, TARGET6) / icmpv6.EchoRequest(OURS, 1) / b"payload"
STRANGE6 = IPv6(US6, TARGET6) / icmpv6.EchoRequest(THEIRS, 1) / b"payload"
OPTIONS = b"\x01\x04\0\0\0\0"  # PadN
BURIED = (
    IPv6(US6, TARGET6)
    / HopByHop(options=OPTIONS)
    / DestinationOptions(options=OPTIONS + b"\x01\x06" + bytes(6))
    / Routing(kind=4, segments_left=0, data=bytes(4))
    / Fragment(offset=0, more=True, identification=7)
    / icmpv6.EchoRequest(OURS, 1)
    / b"payload"
)
DATAGRAM6 = IPv6(US6, TARGET6) / UDP(128 << 8, OURS)
LATER6 = IPv6(US6, TARGET6) / Fragment(offset=185, identification=7) / icmpv6.EchoRequest(OURS, 1)


def redirect(*options: bytes) -> Packet:
    head = icmpv6.Redirect(target=ROUTER6, destination=TARGET6)
    return IPv6(ROUTER6, US6) / head / b"".join(options)


def redirected(packet: Packet) -> bytes:
    """RFC 4861 §4.6.3: type 4, its length in units of 8 octets, 6 octets reserved."""
    octets = bytes(packet).ljust(-(-len(bytes(packet)) // 8) * 8, b"\0")
    return bytes([4, 1 + len(octets) // 8]) + bytes(6) + octets


LINK_ADDRESS = bytes([2, 1]) + bytes.fromhex("02005e100001")

PASSES_V6 = {
    "our reply": IPv6(TARGET6, US6) / icmpv6.EchoReply(OURS, 1) / b"payload",
    "unreachable": IPv6(ROUTER6, US6) / icmpv6.Unreachable() / REQUEST6,
    "too big": IPv6(ROUTER6, US6) / icmpv6.PacketTooBig(1280) / REQUEST6,
    "time exceeded": IPv6(ROUTER6, US6) / icmpv6.TimeExceeded() / REQUEST6,
    "parameter": IPv6(ROUTER6, US6) / icmpv6.ParameterProblem() / REQUEST6,
    "4 headers between": IPv6(ROUTER6, US6) / icmpv6.PacketTooBig(1280) / BURIED,
    "redirect": redirect(redirected(REQUEST6)),
    "redirect with link address": redirect(LINK_ADDRESS, redirected(REQUEST6)),
}

DROPPED_V6 = {
    "another's reply": IPv6(TARGET6, US6) / icmpv6.EchoReply(THEIRS, 1),
    "our own request, heard on loopback": REQUEST6,
    "error for another": IPv6(ROUTER6, US6) / icmpv6.Unreachable() / STRANGE6,
    "a later fragment": IPv6(ROUTER6, US6) / icmpv6.Unreachable() / LATER6,
    "error for a datagram": IPv6(ROUTER6, US6) / icmpv6.Unreachable() / DATAGRAM6,
    "redirect without quote": redirect(LINK_ADDRESS),
    "redirect for another": redirect(redirected(STRANGE6)),
    "neighbour solicitation": IPv6(TARGET6, US6) / icmpv6.Other(135, rest=bytes(4)),
}


def behind_ipv6_header(packet: Packet) -> bytes:
    """Return what a raw IPv6 socket is given."""
    return bytes(packet)[40:]


@pytest.mark.parametrize("packet", PASSES_V6.values(), ids=PASSES_V6)
def test_the_ipv6_filter_passes(packet: Packet) -> None:
    octets = behind_ipv6_header(packet)

    assert BPFMachine(echo_filter(6, OURS)).run(octets) >= len(octets)


@pytest.mark.parametrize("packet", DROPPED_V6.values(), ids=DROPPED_V6)
def test_the_ipv6_filter_drops(packet: Packet) -> None:
    assert BPFMachine(echo_filter(6, OURS)).run(behind_ipv6_header(packet)) == 0


def test_no_cut_of_a_passing_packet_upsets_the_filter() -> None:
    octets = behind_ipv6_header(IPv6(ROUTER6, US6) / icmpv6.PacketTooBig(1280) / BURIED)
    sizes = range(len(octets))
    verdicts = [BPFMachine(echo_filter(6, OURS)).run(octets[:size]) for size in sizes]

    enough = 8 + 40 + 8 + 16 + 8 + 8 + 6  # up to the identifier
    assert [bool(verdict) for verdict in verdicts] == [
        size >= enough for size in range(len(octets))
    ]


@contextmanager
def filtered(program: bytes) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give a pair of sockets, the second with a filter."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with ours, theirs:
        attach(theirs, program)
        yield ours, theirs


# AF_UNIX datagrams pass socket filters, too: the kernel's verdict without any network.
@pytest.mark.parametrize(
    ("version", "octets"),
    [
        *((4, bytes(packet)) for packet in PASSES_V4.values()),
        *((6, behind_ipv6_header(packet)) for packet in PASSES_V6.values()),
    ],
)
def test_the_kernel_passes_the_same(version: int, octets: bytes) -> None:
    with filtered(echo_filter(version, OURS)) as (ours, theirs):
        ours.send(octets)

        assert theirs.recv(2048) == octets


@pytest.mark.parametrize(
    ("version", "octets"),
    [
        *((4, bytes(packet)) for packet in DROPPED_V4.values()),
        *((6, behind_ipv6_header(packet)) for packet in DROPPED_V6.values()),
    ],
)
def test_the_kernel_drops_the_same(version: int, octets: bytes) -> None:
    with filtered(echo_filter(version, OURS)) as (ours, theirs):
        ours.send(octets)

        with pytest.raises(BlockingIOError):
            theirs.recv(2048)


@pytest.mark.netns
def test_a_filter_that_the_kernel_has_no_room_for_says_what_to_do(host: Namespace) -> None:
    host.sysctl("net.core.optmem_max", "20480")  # the default of older kernels
    long = assemble([*[Op(LOAD_BYTE, 0)] * 4000, Op(RETURN, 0)])

    with (
        host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        pytest.raises(OSError, match="no room") as caught,
    ):
        attach(sock, long)

    assert caught.value.errno == errno.ENOMEM
    assert caught.value.strerror == (
        "no room for a filter of 4001 instructions (shorten it, or raise net.core.optmem_max)"
    )
