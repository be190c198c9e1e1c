"""Datagrams cut into fragments."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.wire import icmpv6, ip_options
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.fragment import fragment, is_marked, pieces
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP

A, B, C = (IPv4Address(f"192.0.2.{last}") for last in "123")
A6, B6, C6 = (IPv6Address(f"2001:db8::{last}") for last in "123")
PAYLOAD = bytes(place % 251 for place in range(3000))
V4 = IPv4(A, B, identification=7, dont_fragment=False) / UDP(1, 2) / PAYLOAD
V6 = IPv6(A6, B6) / UDP(1, 2) / PAYLOAD


def places(fragments: tuple[Packet, ...]) -> list[tuple[int, int, bool]]:
    """Return where fragments begin, in octets, how many they carry, and whether more follow."""
    found = []
    for one in fragments:
        head = one.get(Fragment) or one[IPv4]
        offset = head.offset if isinstance(head, Fragment) else head.fragment_offset
        more = head.more if isinstance(head, Fragment) else head.more_fragments
        found.append((offset * 8, len(one.payload), more))
    return found


def test_ipv4_is_cut_at_multiples_of_eight() -> None:
    cut = fragment(V4, 1500)

    # 1500 - 20 = 1480, which is 185 units: the numbers that every textbook has.
    assert places(cut) == [(0, 1480, True), (1480, 1480, True), (2960, 48, False)]
    assert [len(bytes(one)) for one in cut] == [1500, 1500, 68]
    assert {one[IPv4].identification for one in cut} == {7}


def test_ipv6_is_cut_at_multiples_of_eight() -> None:
    cut = fragment(V6, 1280, 0xDEADBEEF)

    assert places(cut) == [(0, 1232, True), (1232, 1232, True), (2464, 544, False)]
    assert [len(bytes(one)) for one in cut] == [1280, 1280, 592]
    assert {one[Fragment].identification for one in cut} == {0xDEADBEEF}
    assert {one[Fragment].next_header for one in cut} == {17}


@pytest.mark.parametrize("whole", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("mtu", [1280, 1283, 1500, 3000])
def test_the_pieces_are_the_whole_with_its_checksum(whole: Packet, mtu: int) -> None:
    cut = fragment(whole, mtu, 7)

    assert b"".join(one.payload for one in cut) == bytes(whole)[-3008:]
    assert max(len(bytes(one)) for one in cut) <= mtu


@pytest.mark.parametrize("whole", [V4, V6], ids=["IPv4", "IPv6"])
def test_what_fits_stays_as_it_is(whole: Packet) -> None:
    assert fragment(whole, len(bytes(whole))) == (whole,)


def test_a_frame_is_cut_with_its_link_header_before_every_piece() -> None:
    ethernet = Ethernet(bytes(6), bytes(6))

    cut = fragment(ethernet / V4, 1500)

    assert [bytes(one) for one in cut] == [
        bytes(ethernet / one) for one in fragment(V4, 1500)
    ]  # the link header does not count


def test_a_router_cuts_a_fragment_further() -> None:
    first, second, last = fragment(V4, 1500)

    assert places(fragment(first, 1000)) == [(0, 976, True), (976, 504, True)]
    assert places(fragment(second, 1000)) == [(1480, 976, True), (2456, 504, True)]
    assert places(fragment(last, 60)) == [(2960, 40, True), (3000, 8, False)]


def test_options_without_the_copied_flag_are_in_the_first_fragment_alone() -> None:
    """RFC 791 §3.1; the others have more room for it."""
    first, route = ip_options.through(B, destination=C)
    options = ip_options.encode(
        ip_options.RecordRoute(free=2), ip_options.NoOperation(), route, ip_options.RouterAlert()
    )
    ip = IPv4(A, first, options=options, dont_fragment=False)

    cut = fragment(ip / UDP(1, 2) / PAYLOAD, 1000)

    kept = ip_options.encode(route, ip_options.RouterAlert())
    assert [one[IPv4].options for one in cut] == [options, kept, kept, kept]
    assert places(cut)[:2] == [(0, 952, True), (952, 968, True)]


def test_headers_for_nodes_on_the_way_stand_before_every_piece() -> None:
    route = Routing(0, 1, bytes(4) + C6.packed)
    chain = IPv6(A6, B6) / HopByHop() / DestinationOptions() / route / DestinationOptions()

    cut = fragment(chain / UDP(1, 2) / PAYLOAD, 1280, 7)

    for one in cut:
        kinds = [type(header) for header in one.headers]
        assert kinds == [IPv6, HopByHop, DestinationOptions, Routing, Fragment]
        assert one[Routing].next_header == 44
        assert one[Fragment].next_header == 60


def test_without_a_routing_header_only_hop_by_hop_options_do() -> None:
    chain = IPv6(A6, B6) / HopByHop() / DestinationOptions() / UDP(1, 2) / PAYLOAD

    cut = fragment(chain, 1280, 7)

    assert [type(header) for header in cut[0].headers] == [IPv6, HopByHop, Fragment]
    assert cut[0][Fragment].next_header == 60
    plain = fragment(IPv6(A6, B6) / DestinationOptions() / UDP(1, 2) / PAYLOAD, 1280, 7)
    assert [type(header) for header in plain[1].headers] == [IPv6, Fragment]


def test_the_checksum_covers_the_final_destination_whatever_is_cut() -> None:
    direct = IPv6(A6, C6) / UDP(1, 2) / PAYLOAD
    routed = IPv6(A6, B6) / Routing(0, 1, bytes(4) + C6.packed) / UDP(1, 2) / PAYLOAD

    assert fragment(routed, 1280, 7)[0].payload[:8] == bytes(direct)[40:48]
    first, route = ip_options.through(B, destination=C)
    by_way = IPv4(A, first, options=ip_options.encode(route), dont_fragment=False) / UDP(1, 2)
    straight = IPv4(A, C) / UDP(1, 2)
    assert fragment(by_way / PAYLOAD, 1000)[0].payload[:8] == bytes(straight / PAYLOAD)[20:28]


def test_a_fragment_header_of_the_whole_says_where_it_is_cut_and_under_which_number() -> None:
    mark = Fragment(identification=0xC0FFEE)
    whole = IPv6(A6, B6) / HopByHop() / DestinationOptions() / mark / UDP(1, 2) / PAYLOAD

    cut = fragment(whole, 1280)

    for one in cut:
        kinds = [type(header) for header in one.headers]
        assert kinds == [IPv6, HopByHop, DestinationOptions, Fragment]
        assert (one[Fragment].identification, one[Fragment].next_header) == (0xC0FFEE, 17)
        assert one[IPv6].payload_length is None
    assert places(cut) == [(0, 1216, True), (1216, 1216, True), (2432, 576, False)]
    bare = IPv6(A6, B6) / HopByHop() / DestinationOptions() / UDP(1, 2) / PAYLOAD
    assert b"".join(one.payload for one in cut) == bytes(bare)[-3008:]
    assert fragment(whole, 1280, 9) == cut


@pytest.mark.parametrize("outer", [IPv4(A, B), IPv6(C6, B6)], ids=["IPv4", "IPv6"])
def test_in_a_tunnel_it_says_which_datagram_is_cut(outer: IPv4 | IPv6) -> None:
    whole = outer / IPv6(A6, B6) / Fragment(identification=7) / UDP(1, 2) / PAYLOAD
    around = 40 if isinstance(outer, IPv6) else 20

    cut = fragment(Ethernet(bytes(6), bytes(6)) / whole, 1280)

    inside = fragment(IPv6(A6, B6) / UDP(1, 2) / PAYLOAD, 1280 - around, 7)
    assert cut == tuple(Ethernet(bytes(6), bytes(6)) / (outer / one) for one in inside)
    assert max(len(bytes(one)) for one in cut) <= 1280 + 14
    parsed = dissect(bytes(Ethernet(bytes(6), bytes(6)) / whole), Ethernet.parse)
    assert [bytes(one) for one in fragment(parsed, 1280)] == [bytes(one) for one in cut]


def test_one_that_is_quoted_says_nothing() -> None:
    quoted = IPv6(A6, B6) / Fragment(identification=7) / UDP(1, 2) / PAYLOAD[:1200]
    error = IPv6(C6, A6) / icmpv6.TimeExceeded() / quoted

    cut = fragment(error, 1280, 9)

    assert is_marked(quoted)
    assert not is_marked(error)
    assert not is_marked(cut[0])
    assert [one[Fragment].identification for one in cut] == [9, 9]


def test_octets_behind_the_datagram_and_wrong_lengths_are_not_cut() -> None:
    padded = dissect(bytes(V4) + b"PADDING")

    assert places(fragment(padded, 1500))[-1] == (2960, 48, False)
    assert fragment(V4.replace(IPv4, total_length=9), 1500) == fragment(V4, 1500)


def test_pieces_may_be_cut_anywhere_and_overlap() -> None:
    cut = pieces(V4, [(0, 16), (8, 3008), (3000, 3008)])

    assert places(cut) == [(0, 16, True), (8, 3000, False), (3000, 8, False)]
    assert cut[1].payload == bytes(V4)[28:]


def test_one_piece_over_all_is_an_atomic_fragment() -> None:
    """RFC 6946; RFC 8021 says why not to send any."""
    whole = IPv6(A6, B6) / icmpv6.EchoRequest(1, 2) / b"hi"

    (atomic,) = pieces(whole, [(0, 10)], identification=7)

    assert places((atomic,)) == [(0, 10, False)]
    assert dissect_ip(bytes(atomic))[icmpv6.EchoRequest].sequence == 2
    assert bytes(atomic)[-10:] == bytes(whole)[-10:]


@pytest.mark.parametrize(
    ("whole", "mtu", "number", "words"),
    [
        (V4.replace(IPv4, dont_fragment=True), 1500, None, "dont_fragment is set"),
        (V4, 27, None, "7 octets are left of an MTU of 27, of 8"),
        (V4, 0, None, "MTU of 0"),
        (V6, 1280, None, "need an identification"),
        (V6, 1280, -1, "identification=-1"),
        (V4, 1280, 65536, "identification=65536"),
        (V6, 55, 7, "7 octets are left of an MTU of 55, of 8"),
        (fragment(V6, 1500, 7)[0], 1280, 7, "a fragment is not cut again"),
        (IPv6(A6, B6) / DestinationOptions() / UDP(1, 2) / bytes(99), 60, 7, "of 16"),
        (Packet((UDP(1, 2),), bytes(999)), 100, None, "no IP header"),
    ],
)
def test_refuses_what_cannot_be_cut(
    whole: Packet, mtu: int, number: int | None, words: str
) -> None:
    with pytest.raises(BuildError, match=words):
        [bytes(one) for one in fragment(whole, mtu, number)]


def test_a_piece_begins_at_a_multiple_of_eight() -> None:
    with pytest.raises(BuildError, match="no multiple of 8: 4"):
        pieces(V4, [(4, 12)])
