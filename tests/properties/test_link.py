"""ARP and neighbour discovery: what holds for all of them."""

from contextlib import suppress
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from rawkit.engine.neighbour_packets import Invalid, claim_of
from rawkit.engine.watch import Watch
from rawkit.wire import icmpv6
from rawkit.wire.arp import ARP
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    NeighborAdvertisement,
    NeighborSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
)
from rawkit.wire.ndp_options import (
    DNSSL,
    MTU,
    RDNSS,
    Nonce,
    Option,
    Other,
    PrefixInformation,
    RouteInformation,
    SourceLinkLayer,
    TargetLinkLayer,
    pack_options,
    read_options,
)
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.text import line, tree
from rawkit.wire.verify import verdict
from tests.properties.strategies import (
    in_units,
    ipv4_addresses,
    ipv6_addresses,
    ipv6s,
    octets,
    u8,
    u16,
    u32,
)

macs = octets(6)
arps = st.builds(
    ARP, operation=u16, sender_mac=macs, sender_ip=ipv4_addresses, target_mac=macs,
    target_ip=ipv4_addresses, hardware_type=u16, trailer=st.binary(max_size=20),
)  # fmt: skip
labels = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
domains = st.lists(labels, min_size=1, max_size=3).map(".".join)
options: st.SearchStrategy[Option] = st.one_of(
    st.builds(SourceLinkLayer, in_units(8, 2, 3)),
    st.builds(TargetLinkLayer, macs),
    st.builds(
        PrefixInformation, prefix=ipv6_addresses, length=u8, flags=u8, valid=u32, preferred=u32,
        reserved=u32,
    ),
    st.builds(MTU, mtu=u32, reserved=u16),
    st.builds(Nonce, in_units(8, 2, 2)),
    st.builds(
        RouteInformation, prefix=ipv6_addresses, length=u8, lifetime=u32, flags=u8,
        octets=st.just(16),
    ),
    st.builds(RDNSS, u32, st.lists(ipv6_addresses, max_size=3).map(tuple), u16),
    st.builds(DNSSL, u32, st.lists(domains, max_size=3).map(tuple), u16),
    st.builds(Other, st.integers(38, 255), in_units(8, 2, 3)),
)  # fmt: skip
several = st.lists(options, max_size=4).map(tuple)
messages: st.SearchStrategy[Header] = st.one_of(
    st.builds(RouterSolicitation, several, u8, u32),
    st.builds(RouterAdvertisement, u16, u8, u8, u32, u32, several, u8),
    st.builds(NeighborSolicitation, ipv6_addresses, several, u8, u32),
    st.builds(NeighborAdvertisement, ipv6_addresses, u32, several, u8),
)
packets: st.SearchStrategy[Packet] = st.one_of(
    st.builds(lambda dst, src, arp: Ethernet(dst, src) / arp, macs, macs, arps),
    st.builds(lambda dst, src, ip, m: Ethernet(dst, src) / ip / m, macs, macs, ipv6s, messages),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    whole = bytearray(bytes(draw(packets)))
    for place in draw(st.lists(st.integers(12, len(whole) - 1), max_size=4)):
        whole[place] = draw(u8)
    return bytes(whole[: draw(st.integers(14, len(whole)) | st.just(len(whole)))])


@given(packets)
def test_a_frame_reads_back_the_same_with_a_right_checksum(packet: Packet) -> None:
    read = dissect(bytes(packet), first=Ethernet.parse)

    assert read == packet
    assert read.error is None
    assert verdict(read) is Checksum.VALID


@given(several)
def test_options_read_back(several: tuple[Option, ...]) -> None:
    read, left = read_options(memoryview(pack_options(several)))

    assert read == several
    assert not left


@given(st.binary(max_size=80))
def test_no_octets_make_the_reader_of_options_raise_or_lose_any(rest: bytes) -> None:
    read, left = read_options(memoryview(rest))

    assert pack_options(read) + bytes(left) == rest


@given(damaged())
def test_damage_is_read_repacked_printed_and_watched_without_a_fall(whole: bytes) -> None:
    packet = dissect(whole, first=Ethernet.parse)

    assert bytes(packet) == whole
    assert line(packet)
    assert tree(packet)
    received = Received(packet, 1.0, checksum=verdict(packet))
    with suppress(Invalid):
        claim_of(received)
    Watch().step(1.0, received)


@given(st.binary(min_size=8, max_size=80), st.sampled_from([133, 134, 135, 136]))
def test_any_octets_read_as_discovery_repack(rest: bytes, type_: int) -> None:
    whole = bytes([type_]) + rest

    packet = dissect(whole, first=icmpv6.parse)

    assert bytes(packet) == whole


@given(arps, ipv4_addresses)
def test_an_arp_is_no_probe_and_announcement_at_once(arp: ARP, address: IPv4Address) -> None:
    assert not (arp.is_probe and arp.is_announcement)
    assert IPv6 not in Ethernet(b"123456", b"123456") / arp
    assert ARP(1, arp.sender_mac, address, arp.target_mac, address).is_announcement == (
        int(address) != 0
    )
