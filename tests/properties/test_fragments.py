"""Fragments of anything come together again, and nothing makes the reassembler raise."""

from types import ModuleType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.record import replace
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import Fragment
from rawkit.wire.fragment import fragment, pieces
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.overlap import Policy
from rawkit.wire.packet import Packet
from rawkit.wire.reassembly import Reassembler
from tests.properties.strategies import ipv4s, ipv6s, simple_ipv4, simple_ipv6, u32, udps

sizes = st.integers(300, 600)
policies = st.sampled_from(Policy)


@st.composite
def wholes(draw: st.DrawFn) -> Packet:
    """A datagram of some length that is no fragment."""
    packet = draw(simple_ipv4 | simple_ipv6) / draw(st.binary(max_size=1200))
    ip = packet.headers[0]
    if isinstance(ip, IPv4):
        ip = replace(ip, dont_fragment=False)
    kept = (header for header in packet.headers[1:] if not isinstance(header, Fragment))
    first, *others = (replace(header) for header in (ip, *kept))
    if isinstance(first, IPv6):
        first = replace(first, next_header=None)
        others = [
            replace(header, next_header=None) if hasattr(header, "next_header") else header
            for header in others
        ]
    return Packet((first, *others), packet.payload)


@given(wholes(), sizes, u32, policies, st.randoms(use_true_random=False))
def test_fragments_in_any_order_become_the_datagram_with_every_policy(
    whole: Packet, mtu: int, number: int, policy: Policy, chance: Any
) -> None:
    cut = [*fragment(whole, mtu, number & 0xFFFF if IPv4 in whole else number)]
    chance.shuffle(cut)
    reassembler = Reassembler(policy)

    *waits, again = [reassembler.add(0, one) for one in cut]

    assert waits == [None] * len(waits)
    assert again is not None
    if len(cut) > 1 and isinstance(again.headers[0], IPv4):
        whole = whole.replace(IPv4, identification=number & 0xFFFF)
    assert bytes(again) == bytes(whole)
    assert max(len(bytes(one)) for one in cut) <= max(mtu, len(bytes(whole)) if not waits else 0)


@st.composite
def jumbles(draw: st.DrawFn) -> list[bytes]:
    """Fragments of a few datagrams that overlap, are damaged, repeated or something else."""
    octets = []
    for whole in draw(st.lists(wholes(), min_size=1, max_size=3)):
        places = st.tuples(st.integers(0, 40).map(lambda unit: unit * 8), st.integers(0, 400))
        cuts = [(start, start + size) for start, size in draw(st.lists(places, max_size=6))]
        octets += [bytes(one) for one in pieces(whole, cuts, 7)]
    octets += draw(st.lists(st.binary(max_size=80), max_size=3))
    for place in draw(st.lists(st.integers(0, len(octets) - 1), max_size=3)) if octets else []:
        damaged = bytearray(octets[place])
        if damaged:
            damaged[draw(st.integers(0, len(damaged) - 1))] = draw(st.integers(0, 255))
        octets[place] = bytes(damaged)
    return draw(st.permutations(octets))


@settings(max_examples=200)
@given(jumbles(), policies, st.integers(300, 5000))
def test_nothing_makes_the_reassembler_raise_or_keep_more_than_it_may(
    octets: list[bytes], policy: Policy, most: int
) -> None:
    reassembler = Reassembler(policy, most_datagrams=2, most_octets=most)

    for now, one in enumerate(octets):
        whole = reassembler.add(now, one)
        assert whole is None or dissect_ip(bytes(whole)) == whole
        assert len(reassembler._incomplete) <= 2
        assert reassembler._cost == sum(e.cost for e in reassembler._incomplete.values()) <= most

    reassembler.expire(now=1e9)
    assert reassembler._cost == 0


@settings(max_examples=50)
@given(ipv4s, udps, st.binary(min_size=300, max_size=600), st.integers(8, 200))
def test_scapy_cuts_ipv4_alike(
    scapy: ModuleType, ip: IPv4, udp: Any, payload: bytes, size: int
) -> None:
    ip = replace(ip, options=b"", dont_fragment=False, reserved=False)
    size = size // 8 * 8
    whole = ip / udp / payload

    theirs = scapy.layers.inet.fragment(scapy.layers.inet.IP(bytes(whole)), size)

    # Scapy works out the checksum of the first piece anew, over the piece.
    assert [bytes(one)[28:] for one in theirs] == [
        bytes(one)[28:] for one in fragment(whole, size + 20)
    ]
    assert [(one.frag, "MF" in one.flags) for one in theirs] == [
        (one[IPv4].fragment_offset, one[IPv4].more_fragments) for one in fragment(whole, size + 20)
    ]


@settings(max_examples=50)
@given(ipv6s, udps, st.binary(min_size=1300, max_size=2600), u32)
def test_scapy_puts_our_fragments_of_ipv6_together(
    scapy: ModuleType, ip: IPv6, udp: Any, payload: bytes, number: int
) -> None:
    whole = ip / udp / payload
    cut = [scapy.layers.inet6.IPv6(bytes(one)) for one in fragment(whole, 1280, number)]

    assert bytes(scapy.layers.inet6.defragment6(cut)) == bytes(whole)
