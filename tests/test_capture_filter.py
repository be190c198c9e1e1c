"""The program that a sniffing socket gets: which packets, from which links, in which direction."""

import socket
from ipaddress import IPv4Address
from typing import Any

import pytest

from rawkit.api.capture_filter import socket_filter
from rawkit.errors import FilterError, UsageError
from rawkit.filters.filter import Filter
from rawkit.sockets.options import (
    ARPHRD_ETHER,
    ARPHRD_LOOPBACK,
    PACKET_HOST,
    PACKET_OUTGOING,
)
from rawkit.wire.bpf import Ancillary
from rawkit.wire.bpf_check import check
from rawkit.wire.bpf_machine import BPFMachine
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.udp import UDP

TUNNEL = 0xFFFE
DATAGRAM = IPv4(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")) / UDP(7, 53) / b"x"
FRAME = Ethernet(bytes(6), bytes([2, 0, 0, 0, 0, 1])) / DATAGRAM


def kept(program: bytes, hardware: int = ARPHRD_ETHER, where: int = PACKET_HOST) -> int:
    """Return how many octets the kernel would keep of the datagram on such a link."""
    octets = bytes(DATAGRAM if hardware == TUNNEL else FRAME)
    about: dict[int, int] = {
        Ancillary.HARDWARE_TYPE: hardware,
        Ancillary.PACKET_TYPE: where,
        Ancillary.PROTOCOL: 0x0800,
    }
    return min(len(octets), BPFMachine(program).run(octets, None, about))


@pytest.mark.parametrize("hardware", [ARPHRD_ETHER, ARPHRD_LOOPBACK, TUNNEL])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("", True),
        ("udp port 53", True),
        ("host 192.0.2.7", True),
        ("udp[4:2] = 9", True),
        ("len < 60", True),
        ("tcp", False),
        ("udp port 54", False),
        ("not udp", False),
    ],
)
def test_an_expression_means_the_same_on_every_link(
    expression: str, passes: bool, named: bool, hardware: int
) -> None:
    program = socket_filter(expression, hardware if named else None, None)

    check(program)
    assert (kept(program, hardware) > 0) is passes


def test_what_is_in_a_frame_only_is_found_in_frames_only() -> None:
    program = socket_filter("ether src 02:00:00:00:00:01", None, None)

    assert kept(program, ARPHRD_ETHER)
    assert not kept(program, TUNNEL)
    with pytest.raises(FilterError, match="on an interface of this type"):
        socket_filter("ether src 02:00:00:00:00:01", TUNNEL, None)


WAYS = [
    # on loopback, where each packet passes twice, and elsewhere: in and out
    (None, (True, False), (True, True)),
    ("in", (True, False), (True, False)),
    ("out", (False, True), (False, True)),
]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(("way", "loopback", "elsewhere"), WAYS)
def test_each_packet_is_heard_once_in_the_direction_that_is_wanted(
    way: Any, loopback: tuple[bool, bool], elsewhere: tuple[bool, bool], named: bool
) -> None:
    for hardware, heard in ((ARPHRD_LOOPBACK, loopback), (ARPHRD_ETHER, elsewhere)):
        program = socket_filter("udp", hardware if named else None, way)

        both = (kept(program, hardware, where) for where in (PACKET_HOST, PACKET_OUTGOING))
        assert tuple(octets > 0 for octets in both) == heard


@pytest.mark.parametrize("hardware", [ARPHRD_ETHER, TUNNEL, None])
def test_no_more_is_kept_than_is_wanted(hardware: int | None) -> None:
    program = socket_filter("udp", hardware, None, keep=20)

    assert kept(program, hardware or ARPHRD_ETHER) == 20


def test_a_filter_that_is_there_already_is_used_on_all_links() -> None:
    program = socket_filter(Filter.from_bpf("1,6 0 0 20"), None, None)

    assert kept(program, ARPHRD_ETHER) == kept(program, TUNNEL) == 20
    assert not kept(program, ARPHRD_LOOPBACK, PACKET_OUTGOING)


def test_a_filter_too_long_for_all_interfaces_says_what_to_do() -> None:
    long = " or ".join(f"port {number}" for number in range(2, 1500, 3))

    assert socket_filter(long, ARPHRD_ETHER, None)
    with pytest.raises(UsageError, match="for all interfaces: name one"):
        socket_filter(long, None, None)


def test_names_of_interfaces_are_looked_up() -> None:
    program = socket_filter("ifname lo", None, None)
    on_lo, elsewhere = (
        BPFMachine(program).run(bytes(FRAME), None, {Ancillary.INTERFACE: number})
        for number in (socket.if_nametoindex("lo"), 99)
    )

    assert on_lo
    assert not elsewhere
