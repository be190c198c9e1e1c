"""IPv6 extension headers, on the wire and off it."""

from ipaddress import IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmpv6
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import MOST_HEADERS, dissect_ip
from rawkit.wire.extensions import DestinationOptions, Extension, Fragment, HopByHop, Routing
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP

A, B, C = (IPv6Address(f"2001:db8::{last}") for last in "123")
B_OCTETS, C_OCTETS = B.packed, C.packed

# One table, read in both directions; the octets are laid out by hand from RFC 8200 §4.
VECTORS = [
    pytest.param(HopByHop(next_header=17), "1100 0104 0000 0000", id="the shortest options"),
    pytest.param(
        DestinationOptions(b"\1\14" + bytes(12), next_header=58),
        "3a01 010c 0000 0000 0000 0000 0000 0000",
        id="options of 16 octets",
    ),
    pytest.param(Routing(4, 1, next_header=6), "0600 0401 0000 0000", id="an empty route"),
    pytest.param(
        Routing(0, 1, bytes(4) + B_OCTETS, next_header=59),
        "3b02 0001 0000 0000 2001 0db8 0000 0000 0000 0000 0000 0002",
        id="a route of one",
    ),
    pytest.param(
        Fragment(0x1FFF, True, 0xDEADBEEF, 255, 3, next_header=17),
        "11ff ffff dead beef",
        id="fragment limits",
    ),
    pytest.param(Fragment(185, False, 9, next_header=17), "1100 05c8 0000 0009", id="a fragment"),
]


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_packs_to(header: Extension, octets: str) -> None:
    assert header.pack() == bytes.fromhex(octets)


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_parses_from(header: Extension, octets: str) -> None:
    parsed, payload = type(header).parse(memoryview(bytes.fromhex(octets) + b"hi"))

    assert parsed == header
    assert bytes(payload) == b"hi"


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_refuses_a_header_cut_short(header: Extension, octets: str) -> None:
    data = bytes.fromhex(octets)

    for size in range(len(data)):
        with pytest.raises(TruncatedError, match=f"{size} of"):
            type(header).parse(memoryview(data[:size]))


def test_each_header_names_the_next() -> None:
    packet = IPv6(A, B) / HopByHop() / Routing(4, 0) / Fragment() / DestinationOptions() / UDP(1, 2)

    assert packet[IPv6].next_header == 0
    assert [h.next_header for h in packet.headers if isinstance(h, Extension)] == [43, 44, 60, 17]
    assert dissect_ip(bytes(packet)) == packet


def test_a_checksum_inside_covers_the_addresses_and_not_the_extensions() -> None:
    plain = bytes(IPv6(A, B) / UDP(1, 2) / b"hi")
    extended = bytes(IPv6(A, B) / HopByHop() / DestinationOptions() / UDP(1, 2) / b"hi")

    assert extended[-10:] == plain[-10:]


FINAL = [
    pytest.param(Routing(0, 2, bytes(4) + B_OCTETS + C_OCTETS), id="type 0, RFC 5095"),
    pytest.param(Routing(2, 1, bytes(4) + C_OCTETS), id="type 2, RFC 6275"),
    pytest.param(Routing(4, 1, bytes(4) + C_OCTETS + B_OCTETS), id="type 4, RFC 8754"),
    pytest.param(
        # CmprI 15, CmprE 15, 6 octets of padding; then two addresses of one octet each.
        Routing(3, 2, bytes.fromhex("ff60 0000 09 03") + bytes(6)),
        id="type 3, RFC 6554",
    ),
]


@pytest.mark.parametrize("routing", FINAL)
def test_a_checksum_inside_covers_the_final_destination(routing: Routing) -> None:
    direct = bytes(IPv6(A, C) / UDP(1, 2) / b"hi")
    routed = bytes(IPv6(A, B) / routing / UDP(1, 2) / b"hi")

    assert routed[-10:] == direct[-10:]


def test_with_no_segments_left_the_destination_is_the_final_one() -> None:
    direct = bytes(IPv6(A, C) / UDP(1, 2))
    arrived = bytes(IPv6(A, C) / Routing(0, 0, bytes(4) + B_OCTETS) / UDP(1, 2))

    assert arrived[-8:] == direct[-8:]


@pytest.mark.parametrize(
    "routing",
    [
        Routing(0, 1),
        Routing(4, 1, bytes(12)),
        Routing(3, 1, bytes.fromhex("0000 0000")),
        Routing(77, 1),
    ],
)
def test_a_route_that_names_no_final_destination_leaves_it_at_the_next(routing: Routing) -> None:
    assert routing.final_destination(B) is None
    assert bytes(IPv6(A, B) / routing / UDP(1, 2))[-8:] == bytes(IPv6(A, B) / UDP(1, 2))[-8:]


def test_only_the_first_fragment_is_read_further() -> None:
    first = bytes(IPv6(A, B) / Fragment(0, True, 9) / UDP(1, 2) / bytes(8))
    second = bytes(IPv6(A, B) / Fragment(2, False, 9, next_header=17) / bytes(16))

    assert UDP in dissect_ip(first)
    assert UDP not in dissect_ip(second)


def test_icmpv6_behind_extension_headers_is_found_and_verifies() -> None:
    octets = bytes(IPv6(A, B) / DestinationOptions() / icmpv6.EchoRequest(1, 2) / b"hi")

    packet = dissect_ip(octets)

    assert packet[icmpv6.EchoRequest].sequence == 2
    covered = packet[IPv6].pseudo_header(10, 58) + octets[-10:]
    assert internet_checksum(covered) == 0


def test_an_endless_chain_is_read_only_so_far() -> None:
    chain = [DestinationOptions() for _ in range(2 * MOST_HEADERS)]
    octets = bytes(Packet((IPv6(A, B), *chain, UDP(1, 2))))

    packet = dissect_ip(octets)

    assert len(packet.headers) == MOST_HEADERS
    assert "more than 64 headers" in str(packet.error)
    assert bytes(packet) == octets


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HopByHop(), "next_header is unset"),
        (Fragment(), "next_header is unset"),
        (HopByHop(b"", next_header=17), "2 octets are no multiple of 8"),
        (HopByHop(bytes(7), next_header=17), "9 octets are no multiple of 8"),
        (HopByHop(bytes(8 * 257 - 2), next_header=17), "HopByHop"),
        (HopByHop(next_header=256), "next_header=256"),
        (Routing(256, 0, next_header=17), "kind=256"),
        (Routing(3, 1, b"", next_header=17), "4 octets are no multiple of 8"),
        (Routing(0, 256, next_header=17), "segments_left=256"),
        (Fragment(8192, next_header=17), "offset=8192"),
        (Fragment(reserved_bits=4, next_header=17), "reserved_bits=4"),
        (Fragment(identification=-1, next_header=17), "identification=-1"),
    ],
)
def test_refuses_a_value_that_does_not_fit(header: Extension, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        bytes(IPv6(A, B) / header / b"")
