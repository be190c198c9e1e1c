"""Multicast router discovery in both versions of IP, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmpv6, igmp
from rawkit.wire import multicast_routers as v4
from rawkit.wire import multicast_routers_ipv6 as v6
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header
from rawkit.wire.received import Checksum
from rawkit.wire.verify import verdict

A, B = IPv4Address("192.0.2.1"), IPv4Address("224.0.0.106")
A6, B6 = IPv6Address("fe80::1"), IPv6Address("ff02::6a")

# One table, read in both directions; the octets are laid out by hand from RFC 4286 §3 to §5.
VECTORS = [
    pytest.param(v4.MulticastRouterAdvertisement(), "3014 .... 007d 0002", id="advertisement"),
    pytest.param(
        v4.MulticastRouterAdvertisement(255, 65535, 65535), "30ff .... ffff ffff", id="field limits"
    ),
    pytest.param(v4.MulticastRouterSolicitation(), "3100 ....", id="solicitation"),
    pytest.param(v4.MulticastRouterTermination(255), "32ff ....", id="termination"),
    pytest.param(
        v6.MulticastRouterAdvertisement(), "9714 .... 007d 0002", id="advertisement, IPv6"
    ),
    pytest.param(v6.MulticastRouterSolicitation(255), "98ff ....", id="solicitation, IPv6"),
    pytest.param(v6.MulticastRouterTermination(), "9900 ....", id="termination, IPv6"),
]


def parser(message: Header) -> type:
    return igmp.parse if isinstance(message, igmp.Message) else icmpv6.parse  # type: ignore[return-value]


@pytest.mark.parametrize("payload", [b"", b"abcdef"])
@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_packs_and_parses(message: Header, octets: str, payload: bytes) -> None:
    data = bytes.fromhex(octets.replace("....", "dead")) + payload

    parsed, rest = parser(message)(memoryview(data))
    packed = message.pack(payload)

    assert (parsed, bytes(rest)) == (message, payload)
    assert parsed.pack(payload) == data
    assert packed[:2] + packed[4:] == data[:2] + data[4:]
    if isinstance(message, igmp.Message):
        assert internet_checksum(packed) == 0


@pytest.mark.parametrize(("message", "_octets"), VECTORS)
def test_in_ip_it_is_found_with_a_right_checksum(message: Header, _octets: str) -> None:
    packet = IPv4(A, B, ttl=1) / message if isinstance(message, igmp.Message) else (
        IPv6(A6, B6, hop_limit=1) / message
    )  # fmt: skip

    read = dissect_ip(bytes(packet))

    assert read == packet
    assert verdict(read) is Checksum.VALID


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("3014 0000 0000 00", "7 of 8"),
        ("3100 00", "3 of 4"),
        ("9714 0000 0000 00", "ICMPv6: 7 of 8"),
        ("9800 00", "ICMPv6: 3 of 8"),
        ("8000 0000", "ICMPv6: 4 of 8"),
        ("", "0 of"),
    ],
)
def test_refuses_what_is_cut_off(octets: str, words: str) -> None:
    read = igmp.parse if octets[:1] == "3" else icmpv6.parse

    with pytest.raises(TruncatedError, match=words):
        read(memoryview(bytes.fromhex(octets)))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (v4.MulticastRouterAdvertisement(256), "second octet 256"),
        (v4.MulticastRouterAdvertisement(query_interval=65536), "query_interval=65536"),
        (v6.MulticastRouterAdvertisement(robustness=-1), "robustness=-1"),
        (v4.MulticastRouterSolicitation(256), "second octet 256"),
        (v6.MulticastRouterTermination(-1), "code -1"),
    ],
)
def test_refuses_what_does_not_fit(message: Header, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()


def test_four_octets_of_any_other_type_of_icmpv6_stay_payload() -> None:
    octets = bytes(IPv6(A6, B6, 58) / b"\x9a\x00\x00\x00")

    assert dissect_ip(octets).payload == b"\x9a\x00\x00\x00"
    assert dissect(octets, first=IPv6.parse).error is not None
