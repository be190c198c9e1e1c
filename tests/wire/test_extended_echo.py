"""PROBE (RFC 8335) over both versions of ICMP, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import extended_echo as v4
from rawkit.wire import extended_echo_ipv6 as v6
from rawkit.wire import icmp, icmpv6
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extended_echo import (
    Code,
    Interface,
    InterfaceAddress,
    InterfaceIndex,
    InterfaceName,
    State,
    structure,
)
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")

# RFC 8335 §2.1 and RFC 4884 §7, laid out by hand; the checksums are verified below.
INTERFACES: list[tuple[Interface, str]] = [
    (InterfaceName("eth0"), "2000 .... 0008 0301 65746830"),
    (InterfaceName("lo"), "2000 .... 0008 0301 6c6f0000"),
    (InterfaceName("enp1s0"), "2000 .... 000c 0301 656e703173300000"),
    (InterfaceIndex(4294967295), "2000 .... 0008 0302 ffffffff"),
    (InterfaceAddress(A), "2000 .... 000c 0303 00010400 c0000201"),
    (
        InterfaceAddress(A6),
        "2000 .... 0018 0303 00021000 20010db8000000000000000000000001",
    ),
]


@pytest.mark.parametrize(("interface", "octets"), INTERFACES)
def test_an_interface_is_named_by_one_object(interface: Interface, octets: str) -> None:
    packed = structure(interface)

    assert internet_checksum(packed) == 0
    assert packed.hex() == octets.replace(" ", "").replace("....", packed[2:4].hex())


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("interface", "_"), INTERFACES)
def test_a_request_reads_back(version: int, interface: Interface, _: str) -> None:
    kind = v4.ExtendedEchoRequest if version == 4 else v6.ExtendedEchoRequest
    ip = IPv4(A, B) if version == 4 else IPv6(A6, B6)
    packet = ip / kind(65535, 255, False, interface, 1, 127) / b"behind it"

    read = dissect_ip(bytes(packet))

    assert read == packet
    assert read.error is None
    assert read.headers[-1].__class__ is kind


@pytest.mark.parametrize(
    ("reply", "octets"),
    [
        (v4.ExtendedEchoReply(7, 1, active=True, ipv4=True), "2b00 .... 0007 01 06"),
        (v4.ExtendedEchoReply(7, 1, ipv6=True), "2b00 .... 0007 01 01"),
        (v4.ExtendedEchoReply(7, 255, Code.MULTIPLE_INTERFACES), "2b04 .... 0007 ff 00"),
        (v4.ExtendedEchoReply(7, 1, 0, State.FAILED, reserved=3), "2b00 .... 0007 01 d8"),
    ],
)
def test_a_reply_packs_to_and_parses_from(reply: v4.ExtendedEchoReply, octets: str) -> None:
    packed = reply.pack(b"abcd")

    parsed, payload = icmp.parse(memoryview(packed))

    assert internet_checksum(packed) == 0
    assert packed[:8].hex() == octets.replace(" ", "").replace("....", packed[2:4].hex())
    assert (parsed, bytes(payload)) == (reply, b"abcd")


def test_a_reply_over_ipv6_is_of_another_type_and_covers_the_addresses() -> None:
    packet = IPv6(A6, B6) / v6.ExtendedEchoReply(7, 1, active=True, ipv6=True)
    octets = bytes(packet)

    covered = packet[IPv6].pseudo_header(8, 58) + octets[40:]

    assert octets[40] == 161
    assert internet_checksum(covered) == 0
    assert dissect_ip(octets) == packet


ODD = [
    pytest.param("", id="nothing"),
    pytest.param("2000 0000", id="a structure without an object"),
    pytest.param("2000 dead 0008 0301 65746830", id="a wrong checksum"),
    pytest.param("2000 0000 0008 0201 65746830", id="an object of another class"),
    pytest.param("2000 0000 0010 0301 65746830", id="an object cut short"),
    pytest.param("2000 0000 0000 0301 65746830", id="a length of nothing"),
    pytest.param("2000 0000 0006 0302 0001", id="a short number"),
    pytest.param("2000 0000 0008 0303 00010400", id="no address"),
    pytest.param("2000 0000 000c 0303 40050600 c0000201", id="another family"),
    pytest.param("2000 0000 0008 0301 ffffffff", id="a name that is no text"),
]


@pytest.mark.parametrize("octets", ODD)
def test_what_names_no_interface_is_kept_as_it_is(octets: str) -> None:
    body = bytes.fromhex(octets)
    data = bytes.fromhex("2a00 dead 0007 0101") + body

    request, payload = icmp.parse(memoryview(data))

    assert isinstance(request, v4.ExtendedEchoRequest)
    assert (request.object, bytes(payload)) == (body, b"")
    assert request.pack() == data


@pytest.mark.parametrize("parse", [v4.parse, v6.parse])
def test_refuses_a_short_message(parse: object) -> None:
    assert callable(parse)

    with pytest.raises(TruncatedError, match="7 of 8"):
        parse(memoryview(bytes(7)))


@pytest.mark.parametrize("parse", [v4.parse, v6.parse])
def test_a_message_of_another_type_is_kept_as_it_is(parse: object) -> None:
    assert callable(parse)

    parsed, _ = parse(memoryview(bytes.fromhex("6300 dead 01020304")))

    assert isinstance(parsed, icmp.Other | icmpv6.Other)
    assert parsed.pack().hex() == "6300dead01020304"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (v4.ExtendedEchoRequest(65536, 1), "identifier=65536"),
        (v4.ExtendedEchoRequest(1, 256), "sequence=256"),
        (v4.ExtendedEchoRequest(1, 1, reserved=128), "reserved=128"),
        (v4.ExtendedEchoRequest(1, 1, code=256), "code 256"),
        (v4.ExtendedEchoRequest(1, 1, object=InterfaceIndex(-1)), "index=-1"),
        (v6.ExtendedEchoReply(1, 1, state=8), "state=8"),
        (v6.ExtendedEchoReply(1, 1, reserved=4), "reserved=4"),
        (v6.ExtendedEchoReply(-1, 1), "identifier=-1"),
    ],
)
def test_refuses_a_value_that_does_not_fit(message: Header, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()
