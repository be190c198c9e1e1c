"""Socket filters of pings that ask for more than an echo: what they let pass."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.sockets.bpf import Query, query_filter
from rawkit.sockets.ladder import NODE, PROBE, TIMESTAMP
from rawkit.wire import extended_echo, extended_echo_ipv6, icmp, icmpv6
from rawkit.wire.bpf_machine import BPFMachine
from rawkit.wire.extended_echo import InterfaceName
from rawkit.wire.icmp_queries import TimestampReply, TimestampRequest
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.node_information import NodeQuery, NodeReply, QType
from rawkit.wire.packet import Header, Packet

US, TARGET, ROUTER = (IPv4Address(f"192.0.2.{number}") for number in (1, 7, 254))
US6, TARGET6, ROUTER6 = (IPv6Address(f"2001:db8::{number}") for number in (1, 7, 254))
OURS, THEIRS = 0x1234, 0x4321
ETH0 = InterfaceName("eth0")


def nonce(identifier: int) -> bytes:
    return identifier.to_bytes(2, "big") + bytes.fromhex("0001 deadbeef")


def messages(version: int, name: str, identifier: int) -> tuple[Header, Header]:
    """Return a request and its reply."""
    match name, version:
        case "timestamp", 4:
            return TimestampRequest(identifier, 1, 7), TimestampReply(identifier, 1, 7, 8, 9)
        case "probe", 4:
            return (
                extended_echo.ExtendedEchoRequest(identifier, 1, object=ETH0),
                extended_echo.ExtendedEchoReply(identifier, 1),
            )
        case "probe", 6:
            return (
                extended_echo_ipv6.ExtendedEchoRequest(identifier, 1, object=ETH0),
                extended_echo_ipv6.ExtendedEchoReply(identifier, 1),
            )
    return (
        NodeQuery(nonce(identifier), QType.NAME, subject=TARGET6),
        NodeReply(nonce(identifier), QType.NAME),
    )


CASES = [(4, "timestamp", TIMESTAMP), (4, "probe", PROBE), (6, "probe", PROBE), (6, "node", NODE)]
EACH = pytest.mark.parametrize(
    ("version", "name", "query"), CASES, ids=[f"{name}-v{version}" for version, name, _ in CASES]
)


def verdict(version: int, query: Any, packet: Packet) -> bool:
    octets = bytes(packet)[40 if version == 6 else 0 :]
    program = query_filter(version, OURS, Query(*query.types[version]))
    passed = BPFMachine(program).run(octets)
    assert passed in (0, len(octets)) or passed > len(octets)
    return bool(passed)


def to_us(version: int, *inside: Any) -> Packet:
    packet = Packet((IPv4(TARGET, US) if version == 4 else IPv6(TARGET6, US6),))
    for part in inside:
        packet = packet / part
    return packet


def from_us(version: int, message: Header) -> Packet:
    return (IPv4(US, TARGET) if version == 4 else IPv6(US6, TARGET6)) / message


@EACH
def test_our_answers_pass_and_those_of_others_do_not(version: int, name: str, query: Any) -> None:
    for identifier, passes in ((OURS, True), (THEIRS, False)):
        _, reply = messages(version, name, identifier)
        assert verdict(version, query, to_us(version, reply)) is passes


@EACH
def test_errors_about_our_requests_pass(version: int, name: str, query: Any) -> None:
    unreachable = icmp.Unreachable() if version == 4 else icmpv6.Unreachable()
    for identifier, passes in ((OURS, True), (THEIRS, False)):
        request, _ = messages(version, name, identifier)
        packet = to_us(version, unreachable, from_us(version, request))
        assert verdict(version, query, packet) is passes


@EACH
def test_requests_and_other_messages_do_not_pass(version: int, name: str, query: Any) -> None:
    request, _ = messages(version, name, OURS)
    echo = icmp.EchoReply(OURS, 1) if version == 4 else icmpv6.EchoReply(OURS, 1)
    asked = icmp.EchoRequest(OURS, 1) if version == 4 else icmpv6.EchoRequest(OURS, 1)
    unreachable = icmp.Unreachable() if version == 4 else icmpv6.Unreachable()

    assert not verdict(version, query, to_us(version, request))
    assert not verdict(version, query, to_us(version, echo))
    assert not verdict(version, query, to_us(version, unreachable, from_us(version, asked)))


@pytest.mark.parametrize(("version", "name", "query"), CASES[:2])
def test_eight_quoted_octets_are_enough(version: int, name: str, query: Any) -> None:
    request, _ = messages(version, name, OURS)
    quote = bytes(from_us(version, request))[: 20 + 8]

    assert verdict(version, query, to_us(version, icmp.Unreachable(), quote))
