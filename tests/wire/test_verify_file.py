"""What a file can tell of checksums: valid, bad, unfinished, or nothing."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.cut import completed, missing
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.partial import unfinished
from rawkit.wire.received import Checksum
from rawkit.wire.sctp import SCTP, Chunk
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from rawkit.wire.verify_file import verdict_in_file

FRAME = Ethernet(b"\2" * 6, b"\4" * 6)
FOUR = IPv4(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7"))
SIX = IPv6(IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7"))
BODY = b"hello, world"


def partial(ip: IPv4 | IPv6, header: Header) -> Packet:
    """Return a packet as Linux leaves it to the hardware (CHECKSUM_PARTIAL)."""
    assert header.IP_PROTOCOL is not None
    size = len(header.pack()) + len(BODY)
    total = internet_checksum(ip.pseudo_header(size, header.IP_PROTOCOL)) ^ 0xFFFF
    return FRAME / ip / replace(header, checksum=total) / BODY


def seen(packet: Packet, kept: int | None = None) -> Checksum | None:
    octets = bytes(packet)[:kept]
    read = dissect(octets, Ethernet.parse)
    return verdict_in_file(read, octets, is_cut=kept is not None)


WHOLE = [
    pytest.param(FRAME / FOUR / TCP(1, 2) / BODY, Checksum.VALID, id="TCP"),
    pytest.param(FRAME / SIX / UDP(1, 2) / BODY, Checksum.VALID, id="UDP over IPv6"),
    pytest.param(FRAME / FOUR / UDP(1, 2, checksum=0) / BODY, Checksum.VALID, id="none made"),
    pytest.param(FRAME / FOUR / TCP(1, 2, checksum=0xDEAD) / BODY, Checksum.BAD, id="bad TCP"),
    pytest.param(FRAME / FOUR / TCP(1, 2, checksum=0) / BODY, Checksum.BAD, id="TCP's is 0"),
    pytest.param(FRAME / FOUR / icmp.EchoRequest(1, 2, checksum=7), Checksum.BAD, id="bad ICMP"),
    pytest.param(FRAME / replace(FOUR, checksum=7) / TCP(1, 2), Checksum.BAD, id="bad IPv4"),
    pytest.param(partial(FOUR, TCP(1, 2)), Checksum.UNFINISHED, id="TCP left"),
    pytest.param(partial(SIX, TCP(1, 2)), Checksum.UNFINISHED, id="TCP over IPv6 left"),
    pytest.param(partial(FOUR, UDP(1, 2)), Checksum.UNFINISHED, id="UDP left"),
    pytest.param(
        partial(SIX, icmpv6.EchoRequest(1, 2)), Checksum.UNFINISHED, id="ICMPv6 left"
    ),
    pytest.param(
        partial(replace(FOUR, checksum=7), TCP(1, 2)), Checksum.BAD, id="left, in a bad IPv4 header"
    ),
    pytest.param(
        FRAME / FOUR / SCTP(1, 2, chunks=(Chunk(0, b"data"),), checksum=0),
        Checksum.UNFINISHED,
        id="SCTP left",
    ),
    pytest.param(FRAME / FOUR / SCTP(1, 2, checksum=7), Checksum.BAD, id="bad SCTP"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "found"), WHOLE)
def test_a_checksum_is_valid_bad_or_left_to_the_hardware(packet: Packet, found: Checksum) -> None:
    assert seen(packet) is found


def test_behind_an_extension_header_it_is_found_as_well() -> None:
    total = internet_checksum(SIX.pseudo_header(20, 6)) ^ 0xFFFF
    packet = FRAME / SIX / DestinationOptions() / TCP(1, 2, checksum=total)

    assert seen(packet) is Checksum.UNFINISHED
    assert unfinished(packet) == 3


def test_one_that_an_icmp_error_quotes_is_not_meant() -> None:
    quoted = Packet(partial(FOUR, TCP(1, 2)).headers[1:], BODY)
    packet = FRAME / FOUR / icmp.Unreachable(3, checksum=7) / quoted

    assert unfinished(packet) is None
    assert seen(packet) is Checksum.BAD


CUT = [
    (60, None),  # in the data
    (40, None),  # in the TCP header
    (30, None),  # in the IPv4 header
    (14, None),
]


@pytest.mark.parametrize(("kept", "found"), CUT)
def test_of_what_is_cut_short_nobody_knows(kept: int, found: Checksum | None) -> None:
    assert seen(FRAME / FOUR / TCP(1, 2) / BODY, kept) is found


def test_a_whole_ipv4_header_that_is_bad_stays_bad_whatever_is_cut() -> None:
    assert seen(FRAME / replace(FOUR, checksum=7) / TCP(1, 2) / BODY, 60) is Checksum.BAD


def test_where_only_padding_was_cut_the_checksum_is_all_there() -> None:
    padded = FRAME / replace(FOUR, trailer=bytes(10)) / UDP(1, 2) / b"x"

    assert seen(padded, len(bytes(padded)) - 5) is Checksum.VALID


LENGTHS = [
    pytest.param(FRAME / FOUR / TCP(1, 2) / BODY, id="TCP"),
    pytest.param(FRAME / FOUR / UDP(1, 2) / BODY, id="UDP"),
    pytest.param(FRAME / SIX / DestinationOptions() / TCP(1, 2, options=b"\1" * 8) / BODY, id="v6"),
    pytest.param(FRAME / replace(FOUR, options=b"\1" * 8) / icmp.EchoRequest(1, 2) / BODY, id="v4"),
    pytest.param(FRAME / SIX / FOUR / UDP(1, 2) / BODY, id="a tunnel"),
]


@pytest.mark.parametrize("packet", LENGTHS)
def test_headers_tell_how_much_of_a_packet_is_gone(packet: Packet) -> None:
    octets = bytes(packet)
    for kept in range(len(octets) - len(BODY), len(octets) + 1):
        read = dissect(octets[:kept], Ethernet.parse)

        assert missing(read) == len(octets) - kept
        assert bytes(completed(read)) == octets[:kept].ljust(len(octets), b"\0")


def test_a_packet_without_an_ip_header_tells_nothing() -> None:
    assert missing(dissect(b"\2" * 14, Ethernet.parse)) == 0
