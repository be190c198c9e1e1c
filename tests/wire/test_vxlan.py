"""VXLAN headers, and how they are found in UDP."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.wire import icmp, mld
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.dissect import BY_UDP_PORT, dissect, dissect_ip, following
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.quote import quoted
from rawkit.wire.udp import UDP
from rawkit.wire.vxlan import PORT, VXLAN

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
LINK = Ethernet(BROADCAST, MAC.parse("02:00:00:00:00:01"))

# One table, read in both directions; the octets are laid out by hand from RFC 7348 §5.
VECTORS = [
    pytest.param(VXLAN(42), "08 000000 00002a 00", id="as it should be"),
    pytest.param(VXLAN(0xFFFFFF, 0xFF, 0xFFFFFF, 0xFF), "ffffffffffffffff", id="field limits"),
    pytest.param(VXLAN(0, 0x88, 0x1234), "88 001234 000000 00", id="bits of an extension"),
]

# Sent by Linux 6.18 from a vxlan device (id 42, dstport 4789) that got `ping 198.51.100.2`, and
# heard on a veth; the first is the report that the device itself makes. The checksum of UDP
# was left to the hardware.
FROM_LINUX = [
    "020000000002f61ff3e2bb1008004500007e409300004011b5d8c0000201c0000202a28e12b5006a847f08000000"
    "00002a003333000000160200000000aa86dd600000000024000100000000000000000000000000000000ff020000"
    "0000000000000000000000163a000502000001008f006ee00000000104000000ff0200000000000000000001ff00"
    "00aa",
    "020000000002f61ff3e2bb10080045000086409400004011b5cfc0000201c0000202de5e12b50072848708000000"
    "00002a000200000000bb0200000000aa080045000054333140004001b30dc6336401c63364020800a3697d3d0001"
    "ddd5096b000000003144000000000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d"
    "2e2f3031323334353637",
]


@pytest.fixture
def ports() -> Iterator[None]:
    before = dict(BY_UDP_PORT)
    yield
    BY_UDP_PORT.clear()
    BY_UDP_PORT.update(before)


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_packs_to(header: VXLAN, octets: str) -> None:
    assert header.pack(b"abcd") == bytes.fromhex(octets) + b"abcd"


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_parses_from(header: VXLAN, octets: str) -> None:
    parsed, payload = VXLAN.parse(memoryview(bytes.fromhex(octets) + b"abcd"))

    assert (parsed, bytes(payload)) == (header, b"abcd")


@pytest.mark.parametrize("octets", FROM_LINUX)
def test_frames_from_linux_are_read_to_the_end(octets: str) -> None:
    data = bytes.fromhex(octets)

    read = dissect(data, first=Ethernet.parse)

    assert read[VXLAN] == VXLAN(42)
    assert isinstance(read.headers[-1], icmp.EchoRequest | mld.ListenerReportV2)
    assert bytes(read) == data
    assert dissect_frame(data) == read


@pytest.mark.parametrize("outer", [IPv4(A, B), IPv6(A6, B6)])
def test_it_is_found_in_datagrams_to_its_port(outer: IPv4 | IPv6) -> None:
    packet = outer / UDP(40000, PORT, checksum=0) / VXLAN(1) / LINK / IPv4(A, B) / UDP(1, 2) / b"hi"

    assert dissect_ip(bytes(packet)) == packet


def test_a_datagram_from_its_port_is_plain_payload() -> None:
    packet = IPv4(A, B) / UDP(PORT, 40000) / VXLAN(1).pack(b"hi")

    assert dissect(bytes(packet)).headers == packet.headers


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"hello", "VXLAN: 5 of 8 header octets"),
        (b"GET / HTTP", "VXLAN: flags 0x47 say that it has no valid VNI"),
    ],
)
def test_a_payload_that_does_not_read_as_vxlan_stays_payload(payload: bytes, reason: str) -> None:
    octets = bytes(IPv4(A, B) / UDP(40000, PORT) / payload)

    read = dissect(octets)

    assert (type(read.headers[-1]), read.payload, str(read.error)) == (UDP, payload, reason)
    assert bytes(read) == octets


def test_in_a_quote_it_is_left_to_whoever_sent_the_datagram() -> None:
    """Marks of a probe may look like a header."""
    ours = IPv4(A, B) / UDP(40000, PORT) / b"\x08mark"
    theirs = IPv4(A, B) / UDP(40000, PORT) / VXLAN(1) / LINK / IPv4(A, B, 200) / b"hi"

    for sent in (ours, theirs):
        found = quoted(dissect(bytes(IPv4(B, A) / icmp.TimeExceeded() / sent)))
        assert found is not None
        assert found.headers == sent.headers[:2]
        assert bytes(found) == bytes(sent)


@pytest.mark.usefixtures("ports")
def test_the_ports_can_be_changed() -> None:
    inside = VXLAN(1) / LINK / IPv4(A, B, 200) / b"hi"
    old, usual = (IPv4(A, B) / UDP(40000, port) / inside for port in (8472, PORT))

    BY_UDP_PORT[8472], BY_UDP_PORT[PORT] = VXLAN.parse, None

    assert dissect(bytes(old)) == old
    assert dissect(bytes(usual)).headers == usual.headers[:2]
    assert dissect(bytes(usual)).error is None
    for packet in (old, usual):
        frame = bytes(LINK / packet)
        assert dissect_frame(frame) == dissect(frame, first=Ethernet.parse)


class Marked(UDP):
    """A datagram of a user's own."""

    __slots__ = ()


def test_a_class_derived_from_a_datagram_is_followed_by_the_same() -> None:
    octets = UDP(40000, PORT).pack(bytes(VXLAN(1) / LINK / IPv4(A, B, 200)))

    assert VXLAN in dissect(octets, first=Marked.parse)
    assert following(Marked(1, 2)) is None


@pytest.mark.parametrize("size", range(8))
def test_refuses_what_is_cut_off(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 8"):
        VXLAN.parse(memoryview(VXLAN(1).pack()[:size]))


def test_refuses_flags_without_a_valid_number() -> None:
    with pytest.raises(ParseError, match="0xf7"):
        VXLAN.parse(memoryview(bytes.fromhex("f7000000 00000100")))


@pytest.mark.parametrize(
    "header",
    [VXLAN(1 << 24), VXLAN(-1), VXLAN(1, 256), VXLAN(1, 8, 1 << 24), VXLAN(1, 8, 0, 256)],
)
def test_refuses_what_does_not_fit(header: VXLAN) -> None:
    with pytest.raises(BuildError, match="above its 8 or 24 bits"):
        header.pack()
