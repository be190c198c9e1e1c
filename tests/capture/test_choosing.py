"""Filters over capture files."""

import io
from ipaddress import IPv4Address

import pytest

from rawkit.capture.blocks import Captured, Interface
from rawkit.capture.choosing import CaptureFilter
from rawkit.capture.options import FLAGS, NAME, Option
from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter
from rawkit.errors import FilterError
from rawkit.filters.filter import Filter
from rawkit.wire.address import MAC
from rawkit.wire.cooked import LinuxCooked, LinuxCooked2, Loopback
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.udp import UDP

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
STATION = MAC.parse("02:00:00:00:00:01")
DATAGRAM = IPv4(HERE, THERE) / UDP(40000, 53) / b"hello"
ON_LINKS = {
    LinkType.ETHERNET: bytes(Ethernet(STATION, STATION) / DATAGRAM),
    LinkType.RAW: bytes(DATAGRAM),
    LinkType.RAW_BSD: bytes(DATAGRAM),
    LinkType.RAW_OPENBSD: bytes(DATAGRAM),
    LinkType.IPV4: bytes(DATAGRAM),
    LinkType.LINUX_SLL: bytes(LinuxCooked(4, 1, STATION) / DATAGRAM),
    LinkType.LINUX_SLL2: bytes(LinuxCooked2(4, 1, STATION, interface=3) / DATAGRAM),
    LinkType.NULL: bytes(Loopback() / DATAGRAM),
    LinkType.LOOP: bytes(Loopback(big_endian=True) / DATAGRAM),
}


def captured(link_type: int = 1, name: str = "", flags: int | None = None) -> Captured:
    options = (Option(NAME, name.encode()),) if name else ()
    octets = ON_LINKS.get(link_type, bytes(DATAGRAM))  # type: ignore[call-overload]  # any number
    told = () if flags is None else (Option(FLAGS, flags.to_bytes(4, "little")),)
    return Captured(octets, 0, len(octets), Interface(link_type, 0, options), told)


@pytest.mark.parametrize("link_type", ON_LINKS)
def test_one_filter_serves_packets_of_every_link(link_type: int) -> None:
    assert CaptureFilter("udp port 53 and host 192.0.2.7")(captured(link_type))
    assert not CaptureFilter("udp port 54 or icmp")(captured(link_type))


def test_links_may_take_turns() -> None:
    chosen = CaptureFilter("udp port 53")

    assert [chosen(captured(link_type)) for link_type in (*ON_LINKS, *ON_LINKS)] == [True] * 18


def test_a_filter_that_makes_no_sense_is_refused_before_any_packet() -> None:
    with pytest.raises(FilterError, match="did you mean 'icmp'"):
        CaptureFilter("imcp")


def test_a_link_without_what_is_asked_for_is_told_when_its_packet_comes() -> None:
    chosen = CaptureFilter("ether host 02:00:00:00:00:01")

    assert chosen(captured(LinkType.ETHERNET))
    with pytest.raises(FilterError, match="there are no ether addresses on raw IP"):
        chosen(captured(LinkType.RAW))


def test_a_link_that_filters_do_not_know_is_told() -> None:
    with pytest.raises(FilterError, match="filters do not know packets of link type"):
        CaptureFilter("udp")(captured(LinkType.IEEE802_11))


def test_interfaces_are_known_by_their_names_in_the_file() -> None:
    chosen = CaptureFilter("ifname eth0")

    assert chosen(captured(name="eth0"))
    assert not chosen(captured(name="eth1"))
    assert not chosen(captured())


@pytest.mark.parametrize(
    ("flags", "inbound", "outbound"), [(1, True, False), (2, False, True), (None, False, False)]
)
def test_a_direction_that_is_not_known_is_neither(
    flags: int | None, inbound: bool, outbound: bool
) -> None:
    packet = captured(flags=flags)

    assert CaptureFilter("inbound")(packet) is inbound
    assert CaptureFilter("outbound")(packet) is outbound


def test_a_cooked_header_tells_the_direction() -> None:
    for link_type in (LinkType.LINUX_SLL, LinkType.LINUX_SLL2):
        assert CaptureFilter("outbound and udp")(captured(link_type))
    assert CaptureFilter("ifindex 3")(captured(LinkType.LINUX_SLL2))


def test_a_program_is_a_filter_too() -> None:
    program = Filter.from_bpf("4,48 0 0 23,21 0 1 17,6 0 0 1,6 0 0 0")

    assert CaptureFilter(program)(captured())
    assert not CaptureFilter(program)(captured(LinkType.RAW))


def test_the_length_is_that_before_the_packet_was_cut() -> None:
    packet = Captured(b"E", 0, 1500, Interface(101))

    assert CaptureFilter("greater 1000")(packet)


def test_a_filter_is_a_function_over_a_capture() -> None:
    file = io.BytesIO()
    with CaptureWriter(file, link_type=101) as writer:
        for port in (53, 80, 53):
            writer.write(bytes(IPv4(HERE, THERE) / UDP(1, port)), 0, direction=Direction.IN)

    found = list(filter(CaptureFilter("port 53"), read_capture(io.BytesIO(file.getvalue()))))

    assert len(found) == 2


def test_names_of_hosts_are_looked_up_where_somebody_does() -> None:
    chosen = CaptureFilter("host server.example", resolve=lambda _: [THERE])

    assert chosen(captured())
