"""What an ICMP error says, and about what."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted, says
from rawkit.wire.udp import UDP

A, B, ROUTER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"), IPv4Address("192.0.2.254")
A6, B6, ROUTER6 = (IPv6Address(f"2001:db8::{last}") for last in ("1", "2", "fe"))
OURS = IPv4(A, B) / icmp.EchoRequest(7, 1) / b"probe"
OURS6 = IPv6(A6, B6) / icmpv6.EchoRequest(7, 1) / b"probe"

ERRORS = [
    icmp.Unreachable(1),
    icmp.TimeExceeded(),
    icmp.ParameterProblem(),
    icmp.SourceQuench(),
    icmp.Redirect(1, B),
]
ERRORS_IPV6 = [
    icmpv6.Unreachable(3),
    icmpv6.TimeExceeded(),
    icmpv6.PacketTooBig(1280),
    icmpv6.ParameterProblem(),
]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_about_the_packet_inside(error: Header) -> None:
    assert quoted(dissect(bytes(IPv4(ROUTER, A) / error / OURS))) == OURS


@pytest.mark.parametrize("error", ERRORS_IPV6)
def test_every_error_of_ipv6_is_about_the_packet_inside(error: Header) -> None:
    assert quoted(dissect_ip(bytes(IPv6(ROUTER6, A6) / error / OURS6))) == OURS6


@pytest.mark.parametrize(
    "packet",
    [OURS, OURS6, IPv4(A, B) / UDP(1, 2), IPv6(A6, B6) / icmpv6.EchoReply(1, 2), Packet()],
)
def test_what_is_no_error_is_about_nothing(packet: Packet) -> None:
    assert quoted(packet) is None


@pytest.mark.parametrize("size", range(len(bytes(OURS))))
def test_a_quote_cut_anywhere_is_what_there_is_of_it(size: int) -> None:
    quote = bytes(OURS)[:size]

    found = quoted(dissect(bytes(IPv4(ROUTER, A) / icmp.TimeExceeded() / quote)))

    assert found is not None
    assert bytes(found) == quote
    assert (IPv4 in found, icmp.EchoRequest in found) == (size >= 20, size >= 28)


def test_the_quote_keeps_the_lengths_and_checksums_it_was_sent_with() -> None:
    sent = OURS.replace(IPv4, ttl=1)
    arrived = bytearray(bytes(sent))[:28]

    found = quoted(dissect(bytes(IPv4(ROUTER, A) / icmp.TimeExceeded() / bytes(arrived))))

    assert found is not None
    assert found[IPv4].total_length == len(bytes(sent))
    assert found[icmp.EchoRequest].checksum == int.from_bytes(arrived[22:24], "big")


LINK_ADDRESS = bytes.fromhex("0201 020000000001")
REDIRECTED = bytes((4, (8 + len(bytes(OURS6)) + 7) // 8)) + bytes(6)
PADDING = bytes(-len(bytes(OURS6)) % 8)


@pytest.mark.parametrize("before", [b"", LINK_ADDRESS])
def test_a_redirect_of_ipv6_quotes_in_an_option(before: bytes) -> None:
    options = before + REDIRECTED + bytes(OURS6) + PADDING
    octets = bytes(IPv6(ROUTER6, A6) / icmpv6.Redirect(ROUTER6, B6) / options)

    found = quoted(dissect_ip(octets))

    assert found is not None
    assert found[icmpv6.EchoRequest].sequence == 1
    assert bytes(found) == bytes(OURS6) + PADDING


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(b"", id="no option"),
        pytest.param(LINK_ADDRESS, id="another option"),
        pytest.param(bytes(8) + REDIRECTED + bytes(OURS6), id="a length of zero first"),
        pytest.param(b"\4\0" + bytes(60), id="a length of zero"),
        pytest.param(REDIRECTED[:7], id="most of an option"),
        pytest.param(b"\2\xff" + bytes(30), id="an option beyond the end"),
    ],
)
def test_a_redirect_of_ipv6_may_quote_nothing(options: bytes) -> None:
    octets = bytes(IPv6(ROUTER6, A6) / icmpv6.Redirect(ROUTER6, B6) / options)

    assert quoted(dissect_ip(octets)) is None


# The words of ping(8) from iputils 20221126: what it printed when a TUN device answered its
# requests with these errors; from its source where the kernel keeps a message to itself.
WORDS: list[tuple[Header, str]] = [
    (icmp.Unreachable(0), "Destination Net Unreachable"),
    (icmp.Unreachable(1), "Destination Host Unreachable"),
    (icmp.Unreachable(2), "Destination Protocol Unreachable"),
    (icmp.Unreachable(3), "Destination Port Unreachable"),
    (icmp.Unreachable(4, mtu=1400), "Frag needed and DF set (mtu = 1400)"),
    (icmp.Unreachable(5), "Source Route Failed"),
    (icmp.Unreachable(6), "Destination Net Unknown"),
    (icmp.Unreachable(7), "Destination Host Unknown"),
    (icmp.Unreachable(8), "Source Host Isolated"),
    (icmp.Unreachable(9), "Destination Net Prohibited"),
    (icmp.Unreachable(10), "Destination Host Prohibited"),
    (icmp.Unreachable(11), "Destination Net Unreachable for Type of Service"),
    (icmp.Unreachable(12), "Destination Host Unreachable for Type of Service"),
    (icmp.Unreachable(13), "Packet filtered"),
    (icmp.Unreachable(14), "Precedence Violation"),
    (icmp.Unreachable(15), "Precedence Cutoff"),
    (icmp.Unreachable(16), "Dest Unreachable, Bad Code: 16"),
    (icmp.SourceQuench(), "Source Quench"),
    (icmp.Redirect(0, B), "Redirect Network(New nexthop: 192.0.2.2)"),
    (icmp.Redirect(1, B), "Redirect Host(New nexthop: 192.0.2.2)"),
    (icmp.Redirect(2, B), "Redirect Type of Service and Network(New nexthop: 192.0.2.2)"),
    (icmp.Redirect(3, B), "Redirect Type of Service and Host(New nexthop: 192.0.2.2)"),
    (icmp.Redirect(4, B), "Redirect, Bad Code: 4(New nexthop: 192.0.2.2)"),
    (icmp.TimeExceeded(0), "Time to live exceeded"),
    (icmp.TimeExceeded(1), "Frag reassembly time exceeded"),
    (icmp.TimeExceeded(2), "Time exceeded, Bad Code: 2"),
    (icmp.ParameterProblem(0, 20), "Parameter problem: pointer = 20"),
    (icmp.EchoReply(1, 2), "Echo Reply"),
    (icmp.EchoRequest(1, 2), "Echo Request"),
    (icmp.Other(13), "Timestamp"),
    (icmp.Other(14), "Timestamp Reply"),
    (icmp.Other(15), "Information Request"),
    (icmp.Other(16), "Information Reply"),
    (icmp.Other(17), "Address Mask Request"),
    (icmp.Other(18), "Address Mask Reply"),
    (icmp.Other(19), "Bad ICMP type: 19"),
    (icmpv6.Unreachable(0), "Destination unreachable: No route"),
    (icmpv6.Unreachable(1), "Destination unreachable: Administratively prohibited"),
    (icmpv6.Unreachable(2), "Destination unreachable: Beyond scope of source address"),
    (icmpv6.Unreachable(3), "Destination unreachable: Address unreachable"),
    (icmpv6.Unreachable(4), "Destination unreachable: Port unreachable"),
    (icmpv6.Unreachable(5), "Destination unreachable: Unknown code 5"),
    (icmpv6.PacketTooBig(1280), "Packet too big: mtu=1280"),
    (icmpv6.PacketTooBig(1280, 1), "Packet too big: mtu=1280, code=1"),
    (icmpv6.TimeExceeded(0), "Time exceeded: Hop limit"),
    (icmpv6.TimeExceeded(1), "Time exceeded: Defragmentation failure"),
    (icmpv6.TimeExceeded(2), "Time exceeded: code 2"),
    (icmpv6.ParameterProblem(0, 6), "Parameter problem: Wrong header field at 6"),
    (icmpv6.ParameterProblem(1, 40), "Parameter problem: Unknown header at 40"),
    (icmpv6.ParameterProblem(2, 48), "Parameter problem: Unknown option at 48"),
    (icmpv6.ParameterProblem(3, 0), "Parameter problem: code 3 at 0"),
    (icmpv6.EchoRequest(1, 2), "Echo request"),
    (icmpv6.EchoReply(1, 2), "Echo reply"),
    (icmpv6.Other(130), "MLD Query"),
    (icmpv6.Other(131), "MLD Report"),
    (icmpv6.Other(132), "MLD Reduction"),
    (icmpv6.Redirect(ROUTER6, B6), "unknown icmp type: 137"),
]


@pytest.mark.parametrize(("message", "words"), WORDS, ids=lambda value: str(value)[:60])
def test_says_what_ping_says(message: Header, words: str) -> None:
    assert says(message) == words


def test_what_is_no_icmp_message_says_what_it_is() -> None:
    assert says(UDP(1, 2)).startswith("UDP(src_port=1")
