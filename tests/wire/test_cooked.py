"""Headers of Linux cooked captures and of BSD's loopback, and who reads packets of which link."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import BuildError
from rawkit.wire import icmp
from rawkit.wire.address import MAC
from rawkit.wire.arp import ARP
from rawkit.wire.cooked import LinuxCooked, LinuxCooked2, Loopback
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType, dissect_on, parser_of
from rawkit.wire.llc import LLC
from rawkit.wire.packet import Header, Packet
from rawkit.wire.text import line, tree
from rawkit.wire.udp import UDP

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
SENDER = MAC.parse("02:00:00:00:00:01")
DATAGRAM = IPv4(HERE, THERE) / UDP(1, 2) / b"hello"

# tcpdump 4.99.3 -i any -y LINUX_SLL (and LINUX_SLL2) on Linux 6.18, ping -s 8 127.0.0.1
V1 = (
    "0000 0304 0006 000000000000 0000 0800 45000024c9b6400040017320 7f000001 7f000001"
    "0800a86a43840001 0001020304050607"
)
V2 = (
    "0800 0000 00000001 0304 00 06 000000000000 0000 45000024ca80400040017256 7f000001 7f000001"
    "0800a82443ca0001 0001020304050607"
)


@pytest.mark.parametrize(
    ("text", "kind", "link_type"),
    [(V1, LinuxCooked, LinkType.LINUX_SLL), (V2, LinuxCooked2, LinkType.LINUX_SLL2)],
)
def test_a_cooked_capture_of_tcpdump_is_read_and_packs_back(
    text: str, kind: type[LinuxCooked | LinuxCooked2], link_type: LinkType
) -> None:
    octets = bytes.fromhex(text)

    packet = dissect_on(link_type, octets)

    header = packet[kind]
    assert (header.ether_type, header.hardware_type, header.address) == (0x0800, 772, MAC(bytes(6)))
    assert header.direction is Direction.IN
    assert packet[icmp.EchoRequest].sequence == 1
    assert bytes(packet) == octets
    assert line(packet).startswith("IP 127.0.0.1 > 127.0.0.1: ICMP echo request")


def test_the_second_version_tells_the_interface() -> None:
    assert dissect_on(LinkType.LINUX_SLL2, bytes.fromhex(V2))[LinuxCooked2].interface == 1


VECTORS: list[tuple[Header, bytes, str]] = [
    # by hand, after https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and …SLL2.html
    (LinuxCooked(4, 1, SENDER), b"", "0004 0001 0006 020000000001 0000 0800"),
    (LinuxCooked(3, 778, b""), b"", "0003 030a 0000 0000000000000000 0800"),
    (LinuxCooked(1, 32, bytes(range(8)), b"", 20), b"", "0001 0020 0014 0001020304050607 0800"),
    (LinuxCooked2(2, 1, SENDER, interface=7), b"",
     "0800 0000 00000007 0001 02 06 020000000001 0000"),
    # …NULL.html and …LOOP.html
    (Loopback(2), b"", "02000000"),
    (Loopback(2, big_endian=True), b"", "00000002"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "payload", "text"), VECTORS)
def test_a_header_packs_and_reads_back(header: Header, payload: bytes, text: str) -> None:
    packet = header / DATAGRAM

    octets = bytes(packet)

    assert octets == bytes.fromhex(text) + bytes(DATAGRAM)
    assert dissect(octets, type(header).parse) == packet


@pytest.mark.parametrize(
    ("family", "kind"), [(2, IPv4), (10, IPv6), (24, IPv6), (28, IPv6), (30, IPv6)]
)
def test_the_loopback_of_every_system_is_read(family: int, kind: type[IPv4 | IPv6]) -> None:
    inside = IPv4(HERE, THERE) if kind is IPv4 else IPv6(IPv6Address("::1"), IPv6Address("::1"))
    for order in ("big", "little"):
        octets = family.to_bytes(4, order) + bytes(inside / UDP(1, 2))
        packet = dissect_on(LinkType.NULL, octets)
        assert kind in packet
        assert bytes(packet) == octets


def test_a_loopback_header_learns_what_is_inside() -> None:
    assert (Loopback() / DATAGRAM)[Loopback].family == 2
    assert (Loopback() / IPv6(IPv6Address("::1"), IPv6Address("::1")))[Loopback].family == 10
    with pytest.raises(BuildError, match="family is unset"):
        bytes(Loopback() / b"")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (LinuxCooked(0, 1, SENDER), "ether_type is unset"),
        (
            LinuxCooked(0, 1, bytes(9), ether_type=0x0800),
            "9 octets of address, and there is room for 8",
        ),
        (LinuxCooked(0, 1, SENDER, b"", ether_type=0x0800), "6 octets of address"),
        (LinuxCooked(70000, ether_type=0x0800), "LinuxCooked: "),
        (LinuxCooked2(256, ether_type=0x0800), "LinuxCooked2: "),
        (Loopback(-1), "Loopback: "),
        (Loopback(2**32), "Loopback: "),
    ],
)
def test_what_does_not_fit_is_refused(header: Header, said: str) -> None:
    with pytest.raises(BuildError, match=said):
        header.pack(b"")


def test_what_linux_calls_802_2_is_read_as_that() -> None:
    octets = bytes(LinuxCooked(ether_type=4) / b"") + b"\x42\x42\x03" + bytes(10)

    assert LLC in dissect_on(LinkType.LINUX_SLL, octets)


def test_the_protocol_of_a_netlink_message_is_no_ether_type() -> None:
    packet = dissect(
        bytes(LinuxCooked(hardware_type=824, ether_type=0x0800) / b"E"), LinuxCooked.parse
    )

    assert packet.headers[1:] == ()
    assert packet.error is None


@pytest.mark.parametrize(
    ("link_type", "octets", "kinds"),
    [
        (LinkType.ETHERNET, bytes(Ethernet(SENDER, SENDER) / DATAGRAM), (Ethernet, IPv4, UDP)),
        (LinkType.RAW, bytes(DATAGRAM), (IPv4, UDP)),
        (
            LinkType.RAW_BSD,
            bytes(IPv6(IPv6Address("::"), IPv6Address("::1")) / UDP(1, 2)),
            (IPv6, UDP),
        ),
        (LinkType.IPV4, bytes(DATAGRAM), (IPv4, UDP)),
        (
            LinkType.IPV6,
            bytes(IPv6(IPv6Address("::"), IPv6Address("::1")) / UDP(1, 2)),
            (IPv6, UDP),
        ),
        (LinkType.LOOP, bytes(Loopback(big_endian=True) / DATAGRAM), (Loopback, IPv4, UDP)),
        (LinkType.PPP, b"\xff\x03\x00\x21", ()),
        (12345, b"", ()),
    ],
)
def test_each_link_has_its_first_header(
    link_type: int, octets: bytes, kinds: tuple[type[Header], ...]
) -> None:
    packet = dissect_on(link_type, octets)

    assert tuple(map(type, packet.headers)) == kinds
    assert bytes(packet) == octets


def test_only_known_links_have_a_parser() -> None:
    assert parser_of(LinkType.LINUX_SLL) == LinuxCooked.parse
    assert parser_of(LinkType.IEEE802_11) is None


LINKS = st.sampled_from([*LinkType, 4711])


@given(LINKS, st.binary(max_size=80))
def test_all_octets_are_read_on_every_link_and_pack_back(link_type: int, octets: bytes) -> None:
    packet = dissect_on(link_type, octets)

    assert bytes(packet) == octets
    assert line(packet)
    assert tree(packet) or not octets


u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
addresses = st.binary(max_size=8)
headers: st.SearchStrategy[Header] = st.one_of(
    st.builds(LinuxCooked, u16, u16, addresses, ether_type=st.just(0x0800)),
    st.builds(
        LinuxCooked2, u8, u16, addresses, interface=u32, reserved=u16, ether_type=st.just(0x0806)
    ),
    st.builds(Loopback, st.integers(0, 0xFFFF)),
    st.builds(Loopback, st.integers(1, 0xFFFF), big_endian=st.just(True)),
)


@given(headers, st.binary(max_size=60))
def test_what_is_packed_reads_back_equal(header: Header, payload: bytes) -> None:
    octets = bytes(Packet((header,), payload))

    found, rest = type(header).parse(memoryview(octets))

    assert bytes(rest) == payload
    assert found == header


def test_arp_is_read_behind_a_cooked_header() -> None:
    request = ARP(1, SENDER, HERE, MAC(bytes(6)), THERE)

    assert ARP in dissect_on(LinkType.LINUX_SLL2, bytes(LinuxCooked2(1, 1, SENDER) / request))
