"""Packets: built, taken apart, changed."""

import copy
import pickle
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.notation import parse
from rawkit.wire.notation_text import write
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp import UDP

A, B, C = (IPv4Address(f"192.0.2.{last}") for last in (1, 2, 3))
A6, B6, C6 = (IPv6Address(f"2001:db8::{last}") for last in (1, 2, 3))
OURS = IPv4(A, B) / UDP(1, 2) / b"probe"


def test_a_slash_puts_headers_packets_and_octets_inside() -> None:
    whole = Packet((IPv4(A, B, 17), UDP(1, 2)), b"probe")

    assert IPv4(A, B) / UDP(1, 2) / b"probe" == whole
    assert IPv4(A, B) / (UDP(1, 2) / b"pro") / b"be" == whole
    assert Packet((IPv4(A, B),)) / (UDP(1, 2) / b"probe") == whole


def test_a_packet_whose_headers_fit_together_keeps_the_very_objects() -> None:
    headers = (IPv4(A, B, 17), UDP(1, 2))

    assert Packet(headers).headers is headers


def built() -> Packet:
    return IPv4(A, B) / UDP(1, 2) / b"probe"


LOOKS = {
    "headers": lambda packet: packet.headers,
    "a header": lambda packet: packet[IPv4],
    "its text": repr,
    "equality": lambda packet: packet == OURS,
    "equality, the other way": OURS.__eq__,
    "hash": hash,
    "a change": lambda packet: packet.replace(IPv4, ttl=3),
    "a copy": copy.copy,
    "a deep copy": copy.deepcopy,
    "pickling": pickle.dumps,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_packet_put_together_is_like_any_other_whatever_is_looked_at_first(
    look: Callable[[Packet], object],
) -> None:
    packet, other = built(), Packet((IPv4(A, B), UDP(1, 2)), b"probe")

    assert look(packet) == look(other) or look is pickle.dumps
    assert type(packet) is Packet
    assert packet == other == pickle.loads(pickle.dumps(built())) == copy.copy(built())
    assert (hash(packet), repr(packet)) == (hash(other), repr(other))
    assert packet.headers is packet.headers


def test_octets_of_a_packet_put_together_are_the_same_before_and_after_a_look() -> None:
    packet = built()

    before = bytes(packet)

    assert packet.headers[0].protocol == 17  # type: ignore[attr-defined]  # it is IPv4
    assert bytes(packet) == bytes(packet) == before == bytes(OURS)


def test_a_packet_put_together_cannot_be_changed() -> None:
    for name, value in (("payload", b""), ("headers", ()), ("error", None), ("more", 1)):
        with pytest.raises(AttributeError):
            setattr(built(), name, value)
        with pytest.raises(AttributeError):
            delattr(built(), name)


def test_a_packet_is_one_pattern_however_it_came_about() -> None:
    for packet in (built(), Packet(OURS.headers, b"probe"), dissect(bytes(OURS))):
        match packet:
            case Packet(headers=(IPv4(protocol=17), UDP()), payload=b"probe"):
                pass
            case _:
                pytest.fail("no match")


def test_a_field_replaced_in_a_packet_put_together_makes_a_packet() -> None:
    replaced = replace(built(), headers=(), payload=b"x", error=None)

    assert (type(replaced), replaced) == (Packet, Packet((), b"x"))


def test_packets_put_together_are_put_into_others() -> None:
    outer, inner = IPv4(C, A) / icmp.TimeExceeded(), built()

    assert (outer / inner).headers == (*outer.headers, *inner.headers)
    assert IPv4(A, C) / built() == Packet((IPv4(A, C), IPv4(A, B), UDP(1, 2)), b"probe")
    assert (built() / b"s").payload == b"probes"
    assert Packet() / UDP(1, 2) / b"x" == UDP(1, 2) / b"x" == Packet((UDP(1, 2),), b"x")


def test_a_header_is_found_by_its_kind_the_outermost_first() -> None:
    error = IPv4(C, A) / icmp.TimeExceeded() / OURS

    assert error[IPv4].src == C
    assert error.get(UDP) == UDP(1, 2)
    assert UDP in error
    assert error.get(IPv6) is None
    with pytest.raises(KeyError, match="no IPv6"):
        error[IPv6]


def test_inside_is_what_a_header_carries() -> None:
    error = IPv4(C, A) / icmp.TimeExceeded() / OURS

    assert error.inside(icmp.TimeExceeded) == OURS


def test_a_changed_header_forgets_length_and_checksum_of_all_around_it() -> None:
    read = dissect(bytes(OURS))

    changed = read.replace(UDP, dst_port=9)

    assert bytes(changed) == bytes(IPv4(A, B) / UDP(1, 9) / b"probe")


def test_a_changed_address_makes_the_checksums_inside_that_cover_it_anew() -> None:
    assert bytes(dissect(bytes(OURS)).replace(IPv4, dst=C)) == bytes(
        IPv4(A, C) / UDP(1, 2) / b"probe"
    )
    ours = IPv6(A6, B6) / DestinationOptions() / icmpv6.EchoRequest(1, 2)
    assert bytes(dissect_ip(bytes(ours)).replace(IPv6, src=C6)) == bytes(
        IPv6(C6, B6) / DestinationOptions() / icmpv6.EchoRequest(1, 2)
    )


def test_a_change_that_no_checksum_inside_covers_leaves_a_wrong_one_wrong() -> None:
    wrong = IPv4(A, B) / UDP(1, 2, checksum=0xDEAD)

    assert wrong.replace(IPv4, ttl=3)[UDP].checksum == 0xDEAD


def test_a_router_that_changes_its_address_leaves_the_quote_alone() -> None:
    error = dissect(bytes(IPv4(C, A) / icmp.TimeExceeded() / OURS))

    changed = error.replace(IPv4, src=B)

    assert bytes(changed.inside(icmp.TimeExceeded)) == bytes(OURS)


def test_a_packet_as_text_is_its_notation() -> None:
    assert str(OURS) == write(OURS)
    assert parse(str(OURS)).packet == OURS
    assert str(Packet()) == '""'


def test_the_outline_of_a_packet_is_the_names_of_its_headers() -> None:
    assert OURS.outline == "IPv4 / UDP + 5 octets"
    assert Packet().outline == "nothing + 0 octets"


def test_headers_of_different_kinds_are_different() -> None:
    request: Header = icmp.EchoRequest(1, 2)

    assert request != icmp.EchoReply(1, 2)
    assert icmp.EchoRequest(1, 2, checksum=5) == icmp.EchoRequest(1, 2)
