"""Options and routes inside IPv6 extension headers: kept whatever they are, as scapy has them."""

from ipaddress import IPv6Address
from types import ModuleType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.wire import ipv6_options, routing, segment_objects
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extension_order import violations
from rawkit.wire.extensions import DestinationOptions, HopByHop, Routing
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ipv6_option_values import (
    HomeAddress,
    JumboPayload,
    Kind,
    MinimumPathMtu,
    Nonce,
    Pad1,
    PadN,
    Performance,
    RouterAlert,
    Rpl,
    TunnelLimit,
)
from rawkit.wire.packet import Packet
from rawkit.wire.quick_start import QuickStart
from rawkit.wire.udp import UDP
from tests.properties.strategies import in_units, ipv6_addresses, simple_ipv6, u8, u16, u20, u32

u4, u15, u30 = st.integers(0, 15), st.integers(0, 0x7FFF), st.integers(0, (1 << 30) - 1)
known: st.SearchStrategy[ipv6_options.Option] = st.one_of(
    st.builds(TunnelLimit, u8),
    st.builds(RouterAlert, u16),
    st.builds(JumboPayload, u32),
    st.builds(HomeAddress, ipv6_addresses),
    st.builds(QuickStart, u4, u4, u8, u30, st.integers(0, 3)),
    st.builds(Nonce, st.binary(max_size=12)),
    st.builds(Rpl, u8, u16, u8, st.binary(max_size=4), st.sampled_from([Kind.RPL, Kind.RPL_OLD])),
    st.builds(MinimumPathMtu, u16, u15, st.booleans()),
    st.builds(Performance, u16, u16, u16, u16, u8, u8),
)
others = st.builds(
    ipv6_options.Other,
    u8.filter(lambda kind: kind not in tuple(Kind)),
    st.binary(max_size=20),
)
framed = st.lists(
    st.tuples(st.sampled_from(Kind) | u8, st.binary(max_size=20)).map(
        lambda each: bytes((each[0], len(each[1]))) + each[1]
    ),
    max_size=6,
).map(b"".join)


@given(st.binary(max_size=100) | framed)
def test_options_are_kept_whatever_they_are(octets: bytes) -> None:
    assert ipv6_options.encode_as_is(*ipv6_options.decode(octets)) == octets


@given(st.lists(known | others, max_size=8))
def test_options_read_back_wherever_padding_is_put(options: list[ipv6_options.Option]) -> None:
    octets = ipv6_options.encode(*options)

    kept = [one for one in ipv6_options.decode(octets) if not isinstance(one, Pad1 | PadN)]
    assert kept == options
    assert ipv6_options.misplaced(octets) == ()
    assert len(HopByHop(octets, next_header=59).pack()) % 8 == 0


@given(st.lists(known | others, max_size=8))
def test_no_two_paddings_stand_together_and_none_is_longer_than_seven_octets(
    options: list[ipv6_options.Option],
) -> None:
    """RFC 8504 §5.3: hosts may limit both."""
    before: ipv6_options.Option | None = None
    for one in ipv6_options.decode(ipv6_options.encode(*options)):
        if isinstance(one, Pad1 | PadN):
            assert not isinstance(before, Pad1 | PadN)
            assert isinstance(one, Pad1) or len(one.data) + 2 <= 7
        before = one


@given(st.binary(max_size=120))
def test_objects_of_segment_routes_are_kept_whatever_they_are(octets: bytes) -> None:
    padded = octets.ljust(-(-len(octets) // 8) * 8, b"\0")

    objects = segment_objects.decode_objects(padded)

    assert segment_objects.encode_objects(*objects) == padded


@given(st.integers(0, 5), u8, in_units(8, 4, 10) | st.binary(max_size=80))
def test_a_route_that_can_be_read_is_written_the_same(kind: int, left: int, data: bytes) -> None:
    route = routing.decode(Routing(kind, left, data))

    if route is not None and (len(data) + 4) % 8 == 0:
        assert routing.encode(route, left) == Routing(kind, left, data)


@given(st.lists(ipv6_addresses, min_size=1, max_size=5), ipv6_addresses)
def test_addresses_made_shorter_are_the_same(
    stations: list[IPv6Address], destination: IPv6Address
) -> None:
    route = routing.RplRoute.of(stations, destination)
    header = routing.encode(route)

    assert routing.decode(header) == route
    assert route.stations(destination) == tuple(stations)
    assert header.final_destination(destination) == stations[-1]


@settings(max_examples=50)
@given(u16, ipv6_addresses, u32, u8)
def test_scapy_pads_options_alike(
    scapy: ModuleType, alert: int, home: IPv6Address, length: int, limit: int
) -> None:
    inet6: Any = scapy.layers.inet6
    pairs: list[tuple[ipv6_options.Option, Any]] = [
        (RouterAlert(alert), inet6.RouterAlert(value=alert)),
        (JumboPayload(length), inet6.Jumbo(jumboplen=length)),
        (HomeAddress(home), inet6.HAO(hoa=str(home))),
        (
            ipv6_options.Other(0x3E, bytes((limit,))),
            inet6.HBHOptUnknown(otype=0x3E, optdata=bytes((limit,))),
        ),
    ]
    for first in pairs:
        for second in pairs:
            ours = DestinationOptions(ipv6_options.encode(first[0], second[0]), next_header=59)
            theirs = inet6.IPv6ExtHdrDestOpt(nh=59, options=[first[1], second[1]])
            assert ours.pack() == bytes(theirs)


@settings(max_examples=50)
@given(st.lists(ipv6_addresses, min_size=1, max_size=4), u16, u8, st.integers(0, 2))
def test_scapy_writes_the_same_segments(
    scapy: ModuleType, segments: list[IPv6Address], tag: int, key: int, pads: int
) -> None:
    inet6: Any = scapy.layers.inet6
    route = routing.SegmentRoute(tuple(segments), tag=tag)

    theirs = inet6.IPv6ExtHdrSegmentRouting(
        nh=59, addresses=[str(one) for one in segments], tag=tag, segleft=len(segments) - 1
    )

    header = routing.encode(route)
    assert Routing(4, header.segments_left, header.data, next_header=59).pack() == bytes(theirs)


@given(ipv6_addresses, st.lists(ipv6_addresses, min_size=1, max_size=4), ipv6_addresses, u20)
def test_ways_of_every_kind_have_the_checksum_of_the_end(
    source: IPv6Address, stations: list[IPv6Address], end: IPv6Address, label: int
) -> None:
    straight = bytes(IPv6(source, end) / UDP(1, 2))[-8:]
    for kind in (0, 3, 4):
        first, header = routing.through(*stations, destination=end, kind=kind)
        packet = IPv6(source, first, flow_label=label) / header / UDP(1, 2)
        assert bytes(packet)[-8:] == straight
        assert dissect_ip(bytes(packet)) == packet


@given(simple_ipv6, st.lists(st.tuples(u16, u8), max_size=4))
def test_no_octets_make_the_judge_of_rules_raise(
    packet: Packet, damage: list[tuple[int, int]]
) -> None:
    octets = bytearray(bytes(packet))
    for place, value in damage:
        octets[place % len(octets)] = value

    for one in violations(dissect_ip(bytes(octets))):
        assert str(one)
