"""Which rules a chain of extension headers breaks."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.record import replace
from rawkit.wire import icmpv6, ipv6_options, routing
from rawkit.wire.authentication import AH
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.esp import ESP, NullESP
from rawkit.wire.extension_order import Rule, Violation, violations
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ipv6_option_values import JumboPayload, Pad1, PadN, RouterAlert
from rawkit.wire.jumbo import jumbogram
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

A, B, C = (IPv6Address(f"2001:db8::{last}") for last in "123")
IP, DATA = IPv6(A, B), UDP(1, 2) / b"hello"
ROUTE = routing.through(B, destination=C)[1]
PIECE = Fragment(0, True, 7)
SIGNED = AH(1, 2, bytes(12))

RIGHT = [
    pytest.param(IP / DATA, id="no extension header"),
    pytest.param(
        IP / HopByHop() / DestinationOptions() / ROUTE / PIECE / SIGNED / NullESP(1, 2)
        / DestinationOptions() / DATA,
        id="all of them (RFC 8200 §4.1)",
    ),
    pytest.param(IP / DestinationOptions() / DATA, id="options for the destination"),
    pytest.param(IP / PIECE / DestinationOptions() / DATA, id="options behind a fragment header"),
    pytest.param(IP / Fragment(9, False, 7, next_header=60) / b"anything", id="a later fragment"),
    pytest.param(IP / ESP(1, 2) / bytes(40), id="ESP"),
    pytest.param(IP / DestinationOptions(next_header=59), id="no next header"),
    pytest.param(IP / PIECE / DestinationOptions(next_header=253) / b"?", id="unknown behind it"),
    pytest.param(
        IP / HopByHop() / IPv6(A, C) / HopByHop() / DestinationOptions() / DATA, id="a tunnel"
    ),
    pytest.param(IPv4(IPv4Address(1), IPv4Address(2)) / AH(1, 2, bytes(16)) / DATA, id="IPv4"),
    pytest.param(jumbogram(IP / UDP(1, 2) / bytes(70_000)), id="a jumbogram"),
]  # fmt: skip


@pytest.mark.parametrize("packet", RIGHT)
def test_nothing_is_said_against_what_is_right(packet: Packet) -> None:
    assert violations(packet) == ()
    assert violations(dissect_ip(bytes(packet))) == ()


LONG_PADDING = ipv6_options.encode_as_is(
    *[Pad1()] * 6, RouterAlert(), *[Pad1()] * 8, PadN(bytes(2))
)
WRONG = [
    (IP / DestinationOptions() / HopByHop() / DATA, [(2, Rule.HOP_BY_HOP_FIRST)]),
    (
        IP / HopByHop() / HopByHop() / DATA,
        [(2, Rule.HOP_BY_HOP_FIRST), (2, Rule.ONCE)],
    ),
    (IP / PIECE / ROUTE / DATA, [(2, Rule.ORDER)]),
    (IP / SIGNED / PIECE / DATA, [(2, Rule.ORDER)]),
    (IP / NullESP(1, 2) / SIGNED / DATA, [(2, Rule.ORDER)]),
    (IP / DestinationOptions() / PIECE / DATA, [(2, Rule.ORDER)]),
    (IP / ROUTE / ROUTE / DATA, [(2, Rule.ONCE)]),
    (IP / DestinationOptions() / DestinationOptions() / DATA, [(2, Rule.ONCE)]),
    (
        IP / DestinationOptions() / ROUTE / DestinationOptions() / DestinationOptions() / DATA,
        [(4, Rule.ONCE)],
    ),
    (replace(IP, next_header=6) / DATA, [(0, Rule.NEXT_HEADER)]),
    (IP / HopByHop(next_header=43) / DestinationOptions() / DATA, [(1, Rule.NEXT_HEADER)]),
    (
        IP / HopByHop(ipv6_options.encode_as_is(Pad1(), RouterAlert(), Pad1())) / DATA,
        [(1, Rule.ALIGNMENT)],
    ),
    (IP / HopByHop(b"\x3e\x09abcd") / DATA, [(1, Rule.READABLE)]),
    (IP / DestinationOptions(LONG_PADDING) / DATA, [(1, Rule.PADDING)]),
    (IP / DestinationOptions(ipv6_options.encode(PadN(b"secr"))) / DATA, [(1, Rule.PADDING)]),
    (IP / replace(ROUTE, segments_left=2) / DATA, [(1, Rule.SEGMENTS_LEFT)]),
    (IP / Routing(0, 0, bytes(4) + A.packed) / DATA, [(1, Rule.SOURCE_ROUTE)]),
    (
        IP / Routing(0, 9, bytes(4) + A.packed) / DATA,
        [(1, Rule.SOURCE_ROUTE), (1, Rule.SEGMENTS_LEFT)],
    ),
    (IP / Fragment(0, False, 7) / DATA, [(1, Rule.ATOMIC)]),
    (IP / Fragment(0, True, 7, next_header=60) / b"", [(1, Rule.WHOLE_CHAIN)]),
    (IP / PIECE / DestinationOptions(next_header=6) / b"", [(1, Rule.WHOLE_CHAIN)]),
    (dissect_ip(bytes(IP / PIECE / TCP(1, 2))[:-4]), [(1, Rule.WHOLE_CHAIN)]),
    (
        IP / HopByHop(ipv6_options.encode(JumboPayload(9))) / DATA,
        [(1, Rule.JUMBO_LENGTH)],
    ),
    (
        replace(IP, payload_length=21)
        / HopByHop(ipv6_options.encode(JumboPayload(70_000))) / PIECE / DATA,
        [(1, Rule.JUMBO_LENGTH), (2, Rule.JUMBO_FRAGMENT)],
    ),
    (IP / AH(1, 2, bytes(16)) / DATA, [(1, Rule.AH_LENGTH)]),
    (
        IP / HopByHop() / IPv6(A, C) / DestinationOptions() / HopByHop() / icmpv6.EchoRequest(1, 2),
        [(4, Rule.HOP_BY_HOP_FIRST)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "broken"), WRONG)
def test_every_broken_rule_is_named_and_the_header_that_breaks_it(
    packet: Packet, broken: list[tuple[int, Rule]]
) -> None:
    assert violations(packet) == tuple(Violation(place, rule) for place, rule in broken)


@pytest.mark.parametrize(("packet", "broken"), WRONG)
def test_what_breaks_a_rule_can_be_sent(packet: Packet, broken: list[tuple[int, Rule]]) -> None:
    octets = bytes(packet)

    assert bytes(dissect_ip(octets)) == octets


def test_every_rule_has_a_packet_that_breaks_it() -> None:
    assert {rule for _, broken in WRONG for _, rule in broken} == {*Rule}


def test_a_violation_reads_as_a_sentence() -> None:
    (one,) = violations(IP / PIECE / ROUTE / DATA)

    assert str(one) == "header 2: headers stand in the order of their use (RFC 8200 §4.1)"
