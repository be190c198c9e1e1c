"""VLAN tags, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP, NO_MAC
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import VLAN
from rawkit.wire.llc import LLC
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP
from rawkit.wire.vlan import ServiceTag, VLANTag, tagged

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
MAC_A = MAC.parse("02:00:00:00:00:01")
LINK = Ethernet(BROADCAST, MAC_A)
ENDS = "ffffffffffff 020000000001"
QUESTION = "0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202"

# One table, read in both directions; the octets are laid out by hand from IEEE 802.1Q §9.
FRAMES = [
    pytest.param(
        LINK / VLANTag(5) / ARP(1, MAC_A, A, NO_MAC, B), f"{ENDS} 8100 0005 0806 {QUESTION}",
        id="one tag",
    ),
    pytest.param(
        LINK / VLANTag(4095, 7, True) / ARP(1, MAC_A, A, NO_MAC, B),
        f"{ENDS} 8100 ffff 0806 {QUESTION}", id="field limits",
    ),
    pytest.param(
        LINK / VLANTag(0, 3) / ARP(1, MAC_A, A, NO_MAC, B), f"{ENDS} 8100 6000 0806 {QUESTION}",
        id="for its priority alone",
    ),
    pytest.param(
        LINK / ServiceTag(6, drop_eligible=True) / VLANTag(5) / ARP(1, MAC_A, A, NO_MAC, B),
        f"{ENDS} 88a8 1006 8100 0005 0806 {QUESTION}", id="a provider's around a customer's",
    ),
    pytest.param(
        LINK / VLANTag(1) / VLANTag(2) / VLANTag(3, ether_type=0x88CC) / b"abc",
        f"{ENDS} 8100 0001 8100 0002 8100 0003 88cc 616263", id="three, around something unknown",
    ),
    pytest.param(
        LINK / VLANTag(5, trailer=bytes(3)) / LLC(0x42, 0x42) / b"abc",
        f"{ENDS} 8100 0005 0006 424203 616263 000000", id="LLC, with what fills the frame",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "octets"), FRAMES)
def test_packs_to(frame: Packet, octets: str) -> None:
    assert bytes(frame) == bytes.fromhex(octets)


@pytest.mark.parametrize(("frame", "octets"), FRAMES)
def test_parses_from(frame: Packet, octets: str) -> None:
    read = dissect(bytes.fromhex(octets), first=Ethernet.parse)

    assert read == frame
    assert bytes(read) == bytes.fromhex(octets)


@pytest.mark.parametrize("packet", [IPv4(A, B) / UDP(1, 2), IPv6(A6, B6) / UDP(1, 2)])
def test_a_tagged_packet_is_found_and_its_type_is_set(packet: Packet) -> None:
    frame = LINK / VLANTag(5) / packet

    read = dissect(bytes(frame), first=Ethernet.parse)

    assert read == frame
    assert UDP in read


def test_the_type_of_old_for_outer_tags_is_understood() -> None:
    octets = bytes.fromhex(f"{ENDS} 9100 0006 8100 0005 0806 {QUESTION}")

    read = dissect(octets, first=Ethernet.parse)

    assert [type(header) for header in read.headers] == [Ethernet, ServiceTag, VLANTag, ARP]
    assert bytes(read) == octets


def test_a_length_longer_than_the_frame_is_kept() -> None:
    octets = bytes.fromhex(f"{ENDS} 8100 0005 05dc 424203 6162")

    read = dissect(octets, first=Ethernet.parse)

    assert (read[VLANTag].length, read.payload) == (1500, b"ab")
    assert bytes(read) == octets


@pytest.mark.parametrize("size", range(4))
def test_refuses_what_is_cut_off(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"ServiceTag: {size} of 4"):
        ServiceTag.parse(memoryview(bytes(size)))


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        (VLANTag(4096, ether_type=0x800), "id above 4095"),
        (VLANTag(-1, ether_type=0x800), "id above 4095"),
        (VLANTag(1, 8, ether_type=0x800), "priority above 7"),
        (VLANTag(1, ether_type=65536), "ether_type=65536"),
        (VLANTag(1), "ether_type is unset"),
        (ServiceTag(1), "ServiceTag: ether_type is unset"),
    ],
)
def test_refuses_what_does_not_fit(tag: VLANTag, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        tag.pack()


def test_refuses_llc_too_long_for_a_length() -> None:
    with pytest.raises(BuildError, match="VLANTag: 1503 octets, above 1500"):
        bytes(LINK / VLANTag(5) / LLC(0x42, 0x42) / bytes(1500))


@pytest.mark.parametrize(
    "frame",
    [LINK / IPv4(A, B) / UDP(1, 2), LINK / LLC(0x42, 0x42) / b"abc", LINK / VLANTag(9) / LLC(1, 2)],
)
@pytest.mark.parametrize("kind", [VLANTag, ServiceTag])
def test_a_tag_that_the_kernel_took_off_is_put_back(frame: Packet, kind: type[VLANTag]) -> None:
    taken = VLAN(5, 6, True, kind.ETHER_TYPE)

    octets = tagged(bytes(frame), taken)

    read = dissect(octets, first=Ethernet.parse)
    assert octets[:12] + octets[16:] == bytes(frame)
    assert type(read.headers[1]) is kind
    assert read[VLANTag].id == 5
    assert read.headers[2:] == frame.headers[1:]


def test_refuses_to_tag_what_is_no_frame_and_with_what_is_no_tag() -> None:
    frame = bytes(LINK / IPv4(A, B) / UDP(1, 2))

    with pytest.raises(BuildError, match="3 octets are no frame"):
        tagged(b"abc", VLAN(5))
    with pytest.raises(BuildError, match="id above 4095"):
        tagged(frame, VLAN(4096))
    with pytest.raises(BuildError, match="ether_type=65536"):
        tagged(frame, VLAN(1, ether_type=65536))


def test_numbers_have_names() -> None:
    read = dissect(bytes.fromhex(f"{ENDS} 88a8 0006 8100"), first=Ethernet.parse)

    assert (read[Ethernet].ether_type, read[VLANTag].ether_type) == (
        EtherType.SERVICE_VLAN,
        EtherType.VLAN,
    )
