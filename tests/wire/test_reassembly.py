"""Fragments put together, and when they are given up."""

import math
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop
from rawkit.wire.fragment import fragment, pieces
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.overlap import Policy
from rawkit.wire.packet import Packet
from rawkit.wire.reassembly import Reassembler, ReassemblyCounts
from rawkit.wire.received import Checksum
from rawkit.wire.udp import UDP
from rawkit.wire.verify import verdict

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
PAYLOAD = bytes(place % 251 for place in range(3000))


def datagram(version: int, number: int = 7) -> Packet:
    if version == 4:
        ip = IPv4(A, B, identification=number, dont_fragment=False, ttl=3, dscp=8)
        return ip / UDP(1, 2) / PAYLOAD
    return IPv6(A6, B6, hop_limit=3, flow_label=9) / HopByHop() / UDP(1, 2) / PAYLOAD


def in_fragments(version: int, number: int = 7) -> list[Packet]:
    return [*fragment(datagram(version, number), 1280, number)]


both = pytest.mark.parametrize("version", [4, 6])


@both
def test_fragments_become_the_datagram_in_whatever_order_they_come(version: int) -> None:
    for step in (1, 2, -1):
        first, *others = (in_fragments(version) * 2)[::step][:3]
        reassembler = Reassembler()

        assert reassembler.add(0, first) is None
        assert reassembler.add(0, bytes(others[0])) is None
        whole = reassembler.add(0, others[1])

        assert whole == datagram(version)
        assert bytes(whole) == bytes(datagram(version))
        assert verdict(whole) is Checksum.VALID
        assert reassembler.counts == ReassemblyCounts(fragments=3, whole=1)


@both
def test_what_is_whole_goes_through_as_it_is(version: int) -> None:
    whole = dissect_ip(bytes(datagram(version)))

    assert Reassembler().add(0, whole) is whole


def test_what_is_no_datagram_goes_through_as_it_is() -> None:
    for octets in (b"", b"\x45", bytes(99)):
        assert Reassembler().add(0, octets) == dissect_ip(octets)


@both
def test_datagrams_are_told_apart(version: int) -> None:
    reassembler = Reassembler()
    mixed = zip(in_fragments(version, 1), in_fragments(version, 2), strict=True)

    wholes = [reassembler.add(0, one) for pair in mixed for one in pair]

    assert [whole is not None for whole in wholes] == [False] * 4 + [True] * 2


def test_the_protocol_tells_datagrams_of_ipv4_apart_and_not_those_of_ipv6() -> None:
    """RFC 791 §3.2 and RFC 8200 §4.5."""
    first, *_, last = in_fragments(4)
    reassembler = Reassembler()
    reassembler.add(0, first)
    reassembler.add(0, in_fragments(4)[1])
    assert reassembler.add(0, last.replace(IPv4, protocol=6)) is None
    assert reassembler.add(0, last) is not None

    first, *_, last = in_fragments(6)
    reassembler = Reassembler()
    reassembler.add(0, in_fragments(6)[1])
    reassembler.add(0, last.replace(Fragment, next_header=6))
    whole = reassembler.add(0, first)
    assert whole is not None
    assert whole[UDP].src_port == 1


def test_link_headers_are_ignored() -> None:
    reassembler = Reassembler()

    *_, whole = [reassembler.add(0, Ethernet(bytes(6), bytes(6)) / one) for one in in_fragments(4)]

    assert whole == datagram(4)


def test_a_lone_fragment_of_ipv6_is_whole_and_disturbs_no_other() -> None:
    """RFC 6946 §4: an atomic fragment has nothing to do with others of that identification."""
    (atomic,) = pieces(datagram(6), [(0, 3008)], identification=7)
    first, *others = in_fragments(6)
    reassembler = Reassembler(Policy.REJECT)
    reassembler.add(0, first)

    assert reassembler.add(0, atomic) == datagram(6)
    *_, whole = [reassembler.add(0, one) for one in others]
    assert whole == datagram(6)


# Time


@both
def test_a_datagram_is_given_up_in_time_and_its_first_fragment_told(version: int) -> None:
    first, _, last = in_fragments(version, 1)
    reassembler = Reassembler(timeout=60)
    reassembler.add(10, last)
    reassembler.add(20, first)
    reassembler.add(15, in_fragments(version, 2)[1])

    assert reassembler.next_at() == 70
    assert reassembler.expire(69.9) == ()
    assert reassembler.expire(70) == (dissect_ip(bytes(first)),)
    assert reassembler.next_at() == 75
    assert reassembler.expire(99) == (), "its first fragment never came"
    assert reassembler.next_at() == math.inf
    assert reassembler.counts.expired == 2


@both
def test_a_fragment_that_comes_too_late_waits_for_the_others_anew(version: int) -> None:
    first, second, last = in_fragments(version)
    reassembler = Reassembler(timeout=60)
    reassembler.add(0, first)
    reassembler.add(0, second)

    assert reassembler.add(60, last) is None
    assert reassembler.expire(60) == (dissect_ip(bytes(first)),)


# Overlaps: tests/wire/test_overlap.py has what becomes of the octets


def overlapping() -> list[Packet]:
    return [*pieces(datagram(6), [(0, 1000), (992, 2000), (2000, 3008)], 7)]


def test_an_overlap_spoils_the_datagram() -> None:
    reassembler = Reassembler(Policy.LINUX)

    assert [reassembler.add(0, one) for one in overlapping()] == [None] * 3
    assert reassembler.counts.spoiled == 1


def test_what_is_spoiled_stays_so_by_the_rules_and_not_with_linux() -> None:
    """RFC 8200 §4.5: also fragments not yet received."""
    for policy, again in ((Policy.LINUX, True), (Policy.REJECT, False)):
        reassembler = Reassembler(policy)
        for one in overlapping():
            reassembler.add(0, one)
        wholes = [reassembler.add(1, one) for one in in_fragments(6)]
        assert any(wholes) is again or policy is Policy.LINUX

    assert [reassembler.add(60, one) is not None for one in in_fragments(6)] == [False, False, True]


def test_other_hosts_make_something_of_an_overlap() -> None:
    for policy in (Policy.FIRST, Policy.LAST, Policy.BSD):
        reassembler = Reassembler(policy)
        *_, whole = [reassembler.add(0, one) for one in overlapping()]
        assert whole == datagram(6)


def test_the_header_is_that_of_the_fragment_whose_beginning_counts() -> None:
    first, second, last = in_fragments(4)
    for policy, ttl in ((Policy.FIRST, 3), (Policy.LAST, 99)):
        reassembler = Reassembler(policy)
        for one in (first, second, first.replace(IPv4, ttl=99)):
            reassembler.add(0, one)
        whole = reassembler.add(0, last)
        assert whole is not None
        assert whole[IPv4].ttl == ttl


# Congestion (RFC 3168 §5.3)


@pytest.mark.parametrize(
    ("marks", "made"),
    [
        ((2, 2, 2), 2),
        ((2, 3, 2), 3),
        ((3, 3, 3), 3),
        ((1, 2, 1), 1),
        ((0, 0, 0), 0),
        ((0, 3, 0), None),
    ],
)
@both
def test_congestion_of_one_fragment_is_that_of_the_datagram(
    version: int, marks: tuple[int, ...], made: int | None
) -> None:
    reassembler = Reassembler()
    kind = IPv4 if version == 4 else IPv6

    *_, whole = [
        reassembler.add(0, one.replace(kind, ecn=mark))
        for one, mark in zip(in_fragments(version), marks, strict=True)
    ]

    ip = whole.headers[0] if whole else None
    assert (ip.ecn if isinstance(ip, IPv4 | IPv6) else None) == made


# Nonsense


def test_a_fragment_cut_short_is_refused() -> None:
    for version in (4, 6):
        first, *_ = in_fragments(version)
        reassembler = Reassembler()
        assert reassembler.add(0, bytes(first)[:-1]) is None
        assert reassembler.counts.refused == 1


def test_the_ping_of_death_is_refused() -> None:
    ip = IPv4(A, B, 1, identification=7, fragment_offset=8189, dont_fragment=False)
    at_the_edge = ip / bytes(65_535 - 20 - 8189 * 8)
    v6 = IPv6(A6, B6) / Fragment(8191, False, 7, next_header=58)

    for packet, refused in (
        (at_the_edge, 0),
        (at_the_edge / b"!", 1),
        (v6 / bytes(7), 0),
        (v6 / bytes(8), 1),
    ):
        reassembler = Reassembler()
        assert reassembler.add(0, packet) is None
        assert reassembler.counts.refused == refused


def test_the_largest_datagrams_come_together() -> None:
    largest = IPv4(A, B, dont_fragment=False) / icmp.EchoRequest(1, 2) / bytes(65_535 - 28)
    largest6 = IPv6(A6, B6) / icmpv6.EchoRequest(1, 2) / bytes(65_535 - 8)
    for packet, number in ((largest, None), (largest6, 7)):
        reassembler = Reassembler()
        *_, whole = [reassembler.add(0, one) for one in fragment(packet, 1280, number)]
        assert whole == packet


def test_a_fragment_of_odd_length_loses_the_rest_with_ipv4_and_all_with_ipv6() -> None:
    """As Linux has it; no RFC says it for IPv4, and RFC 8200 §4.5 says it for IPv6."""
    odd = pieces(datagram(4), [(0, 1003), (1000, 3008)])
    reassembler = Reassembler()
    assert [reassembler.add(0, one) for one in odd] == [None, datagram(4)]

    odd = pieces(datagram(6), [(0, 1003), (1000, 3008)], 7)
    reassembler = Reassembler()
    assert [reassembler.add(0, one) for one in odd] == [None, None]
    assert reassembler.counts.refused == 1


def test_a_first_fragment_of_ipv6_must_have_all_headers() -> None:
    """RFC 8200 §4.5, RFC 7112."""
    long = IPv6(A6, B6) / DestinationOptions() / UDP(1, 2) / bytes(99)
    for end, refused in ((0, 1), (8, 1), (16, 0)):
        reassembler = Reassembler()
        reassembler.add(0, pieces(long, [(0, end)], 7)[0])
        assert reassembler.counts.refused == refused


# Bounds


@both
def test_of_too_many_datagrams_the_oldest_are_given_up(version: int) -> None:
    reassembler = Reassembler(most_datagrams=64)
    for number in range(1, 66):
        for one in in_fragments(version, number)[:-1]:
            assert reassembler.add(0, one) is None

    assert reassembler.add(0, in_fragments(version, 1)[-1]) is None
    assert reassembler.add(0, in_fragments(version, 65)[-1]) is not None
    assert reassembler.counts.evicted == 2, "the first, and the second for the first anew"
    assert len(reassembler.expire(0)) == 2, "whose senders can be told"


def test_of_too_many_octets_the_oldest_are_given_up() -> None:
    reassembler = Reassembler(most_octets=100_000)
    for number in range(1, 100):
        reassembler.add(0, in_fragments(4, number)[1])

    assert reassembler.counts.evicted > 50
    assert 1 < 99 - reassembler.counts.evicted < 50


def test_a_datagram_larger_than_all_memory_is_given_up_itself() -> None:
    reassembler = Reassembler(most_octets=1000)

    assert reassembler.add(0, in_fragments(4)[0]) is None
    assert reassembler.next_at() == math.inf


def test_what_came_together_takes_no_memory() -> None:
    reassembler = Reassembler(most_octets=10_000)
    for number in range(1, 100):
        for one in in_fragments(6, number):
            reassembler.add(0, one)

    assert reassembler.counts == ReassemblyCounts(fragments=297, whole=99)
