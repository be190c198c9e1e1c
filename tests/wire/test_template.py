"""Templates: built once, patched, and right."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import Routing
from rawkit.wire.gre import GRE
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.sctp import SCTP
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.template import Template
from rawkit.wire.udp import UDP

A, B, C = (IPv4Address(f"192.0.2.{last}") for last in (1, 2, 3))
A6, B6, C6 = (IPv6Address(f"2001:db8::{last}") for last in (1, 2, 3))
SEGMENT = IPv4(A, B) / TCP(4000, 80) / b"GET /0000"


def test_a_field_of_a_header_is_replaced_and_checksums_follow() -> None:
    template = Template(SEGMENT, IPv4.dst, IPv4.identification, TCP.sequence, TCP.flags)

    octets = template.octets(C, 7, 0xDEADBEEF, Flags.ACK | Flags.PSH)

    expected = IPv4(A, C, identification=7) / TCP(4000, 80, 0xDEADBEEF, flags=Flags.ACK | Flags.PSH)
    assert octets == bytes(expected / b"GET /0000")
    assert template.size == len(octets)


def test_octets_of_the_payload_are_replaced() -> None:
    template = Template(SEGMENT, slice(5, 9), slice(0, 1))

    assert template.octets(b"4711", b"S") == bytes(IPv4(A, B) / TCP(4000, 80) / b"SET /4711")


def test_a_name_means_the_outermost_header_and_a_number_any() -> None:
    tunnel = IPv4(A, B) / IPv4(B, C) / UDP(1, 2)
    octets = bytes(IPv4(A, C) / IPv4(B, A) / UDP(1, 2))

    assert Template(tunnel, IPv4.dst, (1, IPv4.dst)).octets(C, A) == octets
    assert Template(tunnel, (0, IPv4.dst), (1, IPv4.dst)).octets(C, A) == octets


def test_fields_of_a_few_bits_share_an_octet_with_what_stays_and_with_each_other() -> None:
    template = Template(
        IPv4(A, B, dscp=9, ecn=1, fragment_offset=5) / UDP(1, 2),
        *(IPv4.ecn, IPv4.dont_fragment, IPv4.more_fragments, IPv4.dscp),
    )

    expected = IPv4(A, B, dscp=63, ecn=2, dont_fragment=False, more_fragments=True)
    assert template.octets(2, False, True, 63) == bytes(
        Packet((expected, UDP(1, 2))).replace(IPv4, fragment_offset=5)
    )


def test_a_frame_and_its_addresses_can_be_varied() -> None:
    template = Template(Ethernet(bytes(6), bytes(6)) / SEGMENT, Ethernet.dst, IPv4.src)

    assert template.octets(b"\2\0\0\0\0\1", C) == bytes(
        Ethernet(b"\2\0\0\0\0\1", bytes(6)) / SEGMENT.replace(IPv4, src=C)
    )


def test_a_checksum_over_addresses_covers_the_final_destination() -> None:
    stations = bytes(4) + C6.packed
    packet = IPv6(A6, B6) / Routing(0, 1, stations) / icmpv6.EchoRequest(1, 2)

    template = Template(packet, IPv6.dst, Routing.data)

    changed = IPv6(A6, A6) / Routing(0, 1, bytes(4) + B6.packed) / icmpv6.EchoRequest(1, 2)
    assert template.octets(A6, bytes(4) + B6.packed) == bytes(changed)


def test_a_quoted_packet_may_be_varied_too() -> None:
    error = IPv4(C, A) / icmp.TimeExceeded() / IPv4(A, B) / UDP(1, 2) / b"odd"

    octets = Template(error, (2, IPv4.ttl), UDP.dst_port).octets(3, 9)

    assert octets == bytes(
        IPv4(C, A) / icmp.TimeExceeded() / IPv4(A, B, ttl=3) / UDP(1, 9) / b"odd"
    )


def test_a_datagram_whose_checksum_comes_to_0_says_all_ones() -> None:
    template = Template(IPv4(A, B) / UDP(0, 0), UDP.src_port)
    octets = bytes(IPv4(A, B) / UDP(0, 0))
    port = int.from_bytes(octets[26:28], "big")  # with it all words come to 0xffff

    assert template.octets(port)[26:28] == b"\xff\xff"
    assert template.octets(port) == bytes(IPv4(A, B) / UDP(port, 0))


@pytest.mark.parametrize("numbers", [(0, 0), (0xFFFF, 0), (0, 0xFFFF), (1, 0xFFFE), (1, 1)])
@pytest.mark.parametrize("payload", [bytes(4), b"\xff\xff", b"\xff\xfe\0\1"])
def test_the_two_zeros_of_a_checksum_are_those_of_packing(
    numbers: tuple[int, int], payload: bytes
) -> None:
    template = Template(
        icmp.EchoReply(0, 0) / payload, icmp.EchoReply.identifier, icmp.EchoReply.sequence
    )

    assert template.octets(*numbers) == bytes(icmp.EchoReply(*numbers) / payload)


def test_a_checksum_that_is_given_stays_and_may_be_varied() -> None:
    wrong = IPv4(A, B) / UDP(1, 2, checksum=0xDEAD)

    assert Template(wrong, UDP.dst_port).octets(9)[26:28] == b"\xde\xad"
    assert Template(wrong, UDP.checksum).octets(0xBEEF)[26:28] == b"\xbe\xef"
    assert Template(wrong.recomputed(), UDP.dst_port).octets(9) == bytes(IPv4(A, B) / UDP(1, 9))


def test_a_packet_that_was_read_is_made_anew_first() -> None:
    read = dissect(bytes(SEGMENT))

    assert Template(read.recomputed(), IPv4.ttl).octets(3) == bytes(SEGMENT.replace(IPv4, ttl=3))


def test_a_checksum_that_is_not_sent_does_not_matter() -> None:
    tunnel = IPv4(A, B) / GRE() / IPv4(B, C) / UDP(1, 2)

    assert Template(tunnel, UDP.dst_port).octets(9) == bytes(
        IPv4(A, B) / GRE() / IPv4(B, C) / UDP(1, 9)
    )


def test_rows_of_values_become_a_stream_of_octets() -> None:
    template = Template(SEGMENT, IPv4.dst, TCP.sequence)

    stream = template.stream((B, number) for number in range(3))

    assert list(stream) == [
        bytes(IPv4(A, B) / TCP(4000, 80, number) / b"GET /0000") for number in range(3)
    ]


def test_nothing_varied_is_always_the_same() -> None:
    assert Template(SEGMENT).octets() == bytes(SEGMENT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (IPv4.dst, "192.0.2.3"),
        (IPv4.dst, A6),
        (IPv4.dst, 7),
        (IPv4.ttl, 256),
        (IPv4.ttl, -1),
        (IPv4.ttl, "1"),
        (IPv4.ttl, None),
        (IPv4.ecn, 4),
        (IPv4.ecn, -1),
        (IPv4.dont_fragment, 2),
        (TCP.sequence, 1 << 32),
        (TCP.sequence, 1.5),
        (slice(0, 2), b"a"),
        (slice(0, 2), b"abc"),
        (slice(0, 2), "ab"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(field: object, value: object) -> None:
    template = Template(SEGMENT, TCP.window, field)
    name = template.places[1].name

    with pytest.raises(BuildError, match=f"template: 1, .* do not fit TCP.window, {name}"):
        template.octets(1, value)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ((UDP.dst_port,), "template: no UDP in "),
        (("dst",), "a field is given as IPv4.dst"),
        (((1, IPv4.dst),), "a field is given as IPv4.dst"),
        (((2, IPv4.dst),), "a field is given as IPv4.dst"),
        (((-1, TCP.window),), "a field is given as IPv4.dst"),
        ((slice(9, 12),), "is no run of octets"),
        ((slice(0, 4, 2),), "is no run of octets"),
        ((IPv4.options,), "IPv4.options is no number"),
        ((IPv4.ttl, IPv4.ttl), "IPv4.ttl and IPv4.ttl overlap"),
        ((slice(0, 4), slice(3, 5)), "octets 0 to 3 of the payload and .* overlap"),
    ],
)
def test_what_cannot_be_varied_is_refused_with_the_reason(
    fields: tuple[object, ...], reason: str
) -> None:
    with pytest.raises(BuildError, match=reason):
        Template(SEGMENT, *fields)


def test_a_checksum_that_is_no_sum_is_refused() -> None:
    with pytest.raises(BuildError, match=r"SCTP.checksum is no sum"):
        Template(IPv4(A, B) / SCTP(1, 2), SCTP.src_port)


def test_a_packet_that_cannot_be_packed_is_no_template() -> None:
    with pytest.raises(BuildError, match="protocol is unset"):
        Template(IPv4(A, B) / b"", IPv4.ttl)
