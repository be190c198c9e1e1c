"""Neighbour discovery and its options, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.wire import icmpv6
from rawkit.wire.address import MAC, Address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    Discovery,
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    RouterAdvertisement,
    RouterFlag,
    RouterSolicitation,
    multicast_mac,
    solicited_node,
    source_mac,
    target_mac,
)
from rawkit.wire.ndp_options import (
    DNSSL,
    INFINITE,
    MTU,
    RDNSS,
    Nonce,
    Option,
    Other,
    PrefixFlag,
    PrefixInformation,
    RouteInformation,
    SourceLinkLayer,
    TargetLinkLayer,
    pack_options,
    preference_of,
    read_options,
)
from rawkit.wire.text import line, tree

A, B = IPv6Address("fe80::1"), IPv6Address("fe80::2")
NET, NET2 = IPv6Address("2001:db8::"), IPv6Address("2001:db8:1:2::")
MAC_A = MAC.parse("02:00:00:00:00:01")
IP = IPv6(A, B, hop_limit=255)
B_HEX = "fe800000000000000000000000000002"
NET_HEX = "20010db8000000000000000000000000"
NET2_HEX = "20010db8000100020000000000000000"

# One table, read in both directions; the octets are laid out by hand from RFC 4861 §4, each
# between a checksum that is worked out apart.
MESSAGES = [
    pytest.param(
        RouterSolicitation((SourceLinkLayer(MAC_A),), reserved=7),
        "85 00 # 00000007 0101 020000000001",
        id="router solicitation",
    ),
    pytest.param(
        RouterAdvertisement(
            1800,
            64,
            RouterFlag.MANAGED | RouterFlag.HIGH,
            30_000,
            1000,
            (MTU(1400), SourceLinkLayer(MAC_A)),
        ),
        "86 00 # 40 88 0708 00007530 000003e8 0501 0000 00000578 0101 020000000001",
        id="router advertisement",
    ),
    pytest.param(
        NeighborSolicitation(B, (SourceLinkLayer(MAC_A),)),
        f"87 00 # 00000000 {B_HEX} 0101 020000000001",
        id="neighbour solicitation",
    ),
    pytest.param(
        NeighborAdvertisement(
            B, NeighborFlag.SOLICITED | NeighborFlag.OVERRIDE, (TargetLinkLayer(MAC_A),)
        ),
        f"88 00 # 60000000 {B_HEX} 0201 020000000001",
        id="neighbour advertisement",
    ),
    pytest.param(
        NeighborAdvertisement(B, 0x9ABCDEF0, code=3),
        f"88 03 # 9abcdef0 {B_HEX}",
        id="bits without a name, and no option",
    ),
]


def with_checksum(octets: str) -> bytes:
    head, tail = (bytes.fromhex(part) for part in octets.split("#"))
    plain = head + b"\0\0" + tail
    checksum = internet_checksum(IP.pseudo_header(len(plain), 58) + plain)
    return head + checksum.to_bytes(2, "big") + tail


@pytest.mark.parametrize(("message", "octets"), MESSAGES)
def test_packs_to(message: Discovery, octets: str) -> None:
    assert message.pack(b"", IP) == with_checksum(octets)


@pytest.mark.parametrize(("message", "octets"), MESSAGES)
def test_parses_from(message: Discovery, octets: str) -> None:
    parsed, payload = icmpv6.parse(memoryview(with_checksum(octets)))

    assert parsed == message
    assert not payload


@pytest.mark.parametrize(("message", "octets"), MESSAGES)
def test_refuses_what_is_cut_off_in_its_head(message: Discovery, octets: str) -> None:
    sizes = {133: 8, 134: 16, 135: 24, 136: 24}

    packet = dissect_ip(bytes(IP / message)[: 40 + sizes[message.TYPE] - 1])

    assert "header octets" in str(packet.error)
    assert bytes(packet) == bytes(IP / message)[: 40 + sizes[message.TYPE] - 1]


# Value octets by hand from the RFC named in the class.
OPTIONS = [
    (SourceLinkLayer(MAC_A), "0101 020000000001", "source link-layer address 02:00:00:00:00:01"),
    (TargetLinkLayer(MAC_A), "0201 020000000001", "target link-layer address 02:00:00:00:00:01"),
    (
        SourceLinkLayer(bytes(range(14))),
        "0102 000102030405060708090a0b0c0d",
        "source link-layer address 00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d",
    ),
    (
        PrefixInformation(NET, 64, 0xC0, 2_592_000, 604_800),
        f"0304 40c0 00278d00 00093a80 00000000 {NET_HEX}",
        "prefix 2001:db8::/64 on-link autonomous, valid 2592000 s, preferred 604800 s",
    ),
    (
        PrefixInformation(NET, 48, PrefixFlag.ROUTER_ADDRESS, INFINITE, 0, 5),
        f"0304 3020 ffffffff 00000000 00000005 {NET_HEX}",
        "prefix 2001:db8::/48, valid for ever, preferred 0 s",
    ),
    (MTU(1280, 9), "0501 0009 00000500", "MTU 1280"),
    (Nonce(b"\1\2\3\4\5\6"), "0e01 010203040506", "nonce 010203040506"),
    (
        RouteInformation(NET2, 64, 600, 0x08),
        "1802 4008 00000258 20010db800010002",
        "route 2001:db8:1:2::/64 high, 600 s",
    ),
    (
        RouteInformation(IPv6Address(0), 0, INFINITE, 0x18),
        "1801 0018 ffffffff",
        "route ::/0 low, for ever",
    ),
    (
        RouteInformation(NET2, 65, 600, 0x10),
        f"1803 4110 00000258 {NET2_HEX}",
        "route 2001:db8:1:2::/65 reserved, 600 s",
    ),
    (
        RouteInformation(NET2, 48, 600, octets=16),
        f"1803 3000 00000258 {NET2_HEX}",
        "route 2001:db8:1:2::/48 medium, 600 s",
    ),
    (
        RDNSS(600, (A, B)),
        f"1905 0000 00000258 fe800000000000000000000000000001 {B_HEX}",
        "name servers fe80::1 fe80::2, 600 s",
    ),
    (
        DNSSL(600, ("example.org", "lab")),
        "1f04 0000 00000258 076578616d706c65 036f7267 00 036c6162 00 000000000000",
        "domains example.org lab, 600 s",
    ),
    (Other(37, b"\1\2\3\4\5\6"), "2501 010203040506", "option 37: 01 02 03 04 05 06"),
]


@pytest.mark.parametrize(("option", "octets", "words"), OPTIONS)
def test_an_option_packs_to_and_reads_from(option: Option, octets: str, words: str) -> None:
    read, left = read_options(memoryview(bytes.fromhex(octets)))

    assert pack_options([option]) == bytes.fromhex(octets)
    assert read == (option,)
    assert not left
    assert str(read[0]) == words


@pytest.mark.parametrize(
    "octets",
    [
        "0303 40c0 00278d00 00093a80 00000000 20010db800000000",  # a prefix too short
        "0502 0000 00000500 0000000000000000",  # an MTU too long
        "1904 0000 00000258 fe800000000000000000000000000001 0000000000000000",  # half a server
        "1f02 0000 00000258 ff61626364656667",  # a label without an end
        "1f02 0000 00000258 0761626364656667",  # a domain without an end
        "1f02 0000 00000258 03612e62 00 000000",  # a dot within a label
        "1f02 0000 00000258 031b5b41 00 000000",  # control characters
        "1f02 0000 00000258 03616263 00 000001",  # what fills is not zero
        "1f02 0000 00000258 03e4bcb6 00 000000",  # not ASCII
    ],
)
def test_an_option_that_makes_no_sense_is_kept_as_it_is(octets: str) -> None:
    (option,), left = read_options(memoryview(bytes.fromhex(octets)))

    assert isinstance(option, Other)
    assert pack_options([option]) == bytes.fromhex(octets)
    assert not left


@pytest.mark.parametrize(
    "rest",
    ["0100 020000000001", "0102 020000000001", "01", "0000000000000000", "0101 0200000000"],
)
def test_what_is_no_option_any_more_is_the_payload(rest: str) -> None:
    good = pack_options([MTU(1400)])
    octets = bytes(IP / RouterSolicitation()) + good + bytes.fromhex(rest)
    octets = octets[:4] + (len(octets) - 40).to_bytes(2, "big") + octets[6:]

    packet = dissect_ip(octets)

    assert packet[RouterSolicitation].options == (MTU(1400),)
    assert packet.payload == bytes.fromhex(rest)
    assert bytes(packet) == octets


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (RouterAdvertisement(65536), "lifetime=65536"),
        (RouterAdvertisement(retransmit=1 << 32), "retransmit=4294967296"),
        (NeighborAdvertisement(B, 1 << 32), "flags=4294967296"),
        (NeighborSolicitation("fe80::2"), "fe80::2"),  # type: ignore[arg-type]
        (RouterSolicitation(code=256), "code 256"),
        (RouterSolicitation((SourceLinkLayer(b"12345"),)), "7 octets are no whole units"),
        (RouterSolicitation((Other(1, bytes(8 * 256 - 2)),)), "range"),
        (RouterSolicitation((MTU(1 << 32),)), "in MTU 4294967296"),
        (RouterSolicitation((RDNSS(0, ("fe80::1",)),)), "fe80::1"),  # type: ignore[arg-type]
        (RouterSolicitation((DNSSL(0, ("a..b",)),)), "empty label"),
        (RouterSolicitation((DNSSL(0, ("x" * 64,)),)), "above 63"),
        (RouterSolicitation((DNSSL(0, ("ä",)),)), "ascii"),
    ],
)
def test_refuses_what_does_not_fit(message: Discovery, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()


@pytest.mark.parametrize(
    ("flags", "preference"), [(0x00, 0), (0x08, 1), (0x18, -1), (0x10, -2), (0xE7, 0)]
)
def test_a_preference_is_two_bits(flags: int, preference: int) -> None:
    assert preference_of(flags) == preference
    assert RouterAdvertisement(flags=flags).preference == preference
    assert RouteInformation(NET, flags=flags).preference == preference


@pytest.mark.parametrize(
    ("address", "group", "mac"),
    [
        ("fe80::1", "ff02::1:ff00:1", "33:33:ff:00:00:01"),
        ("2001:db8::abcd:ef01:2345", "ff02::1:ff01:2345", "33:33:ff:01:23:45"),
        ("fe80::2%eth0", "ff02::1:ff00:2", "33:33:ff:00:00:02"),
    ],
)
def test_who_has_an_address_listens_to_a_group(address: str, group: str, mac: str) -> None:
    """RFC 4291 §2.7.1 and RFC 2464 §7."""
    found = solicited_node(IPv6Address(address))

    assert found == IPv6Address(group)
    assert multicast_mac(found) == MAC.parse(mac)


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        (IPv4Address("224.0.0.1"), "01:00:5e:00:00:01"),
        (IPv4Address("239.255.1.2"), "01:00:5e:7f:01:02"),
        (IPv6Address("ff02::2"), "33:33:00:00:00:02"),
    ],
)
def test_a_group_has_a_hardware_address(group: Address, mac: str) -> None:
    """RFC 1112 §6.4 keeps 23 bits, RFC 2464 §7 32."""
    assert multicast_mac(group) == MAC.parse(mac)


def test_hardware_addresses_are_found_among_the_options() -> None:
    both = (MTU(1), SourceLinkLayer(b"x" * 14), TargetLinkLayer(MAC_A), SourceLinkLayer(MAC_A))

    assert source_mac(RouterSolicitation(both)) == MAC_A
    assert target_mac(RouterSolicitation(both)) == MAC_A
    assert source_mac(RouterSolicitation()) is None


# As tcpdump 4.99.3 prints them.
LINES = [
    (RouterSolicitation((SourceLinkLayer(MAC_A),)), "router solicitation, length 16"),
    (RouterAdvertisement(), "router advertisement, length 16"),
    (NeighborSolicitation(B), "neighbor solicitation, who has fe80::2, length 24"),
    (NeighborAdvertisement(B), "neighbor advertisement, tgt is fe80::2, length 24"),
]


@pytest.mark.parametrize(("message", "said"), LINES)
def test_a_line_is_tcpdumps(message: Discovery, said: str) -> None:
    assert line(IP / message) == f"IP6 fe80::1 > fe80::2: ICMP6, {said}"


def test_a_tree_tells_the_options() -> None:
    told = tree(IP / RouterAdvertisement(options=(MTU(1400), RDNSS(600, (A,)))))

    assert "    MTU 1400\n    name servers fe80::1, 600 s" in told
    assert "MTU(mtu" not in told
