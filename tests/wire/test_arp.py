"""ARP on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC, Operation
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.text import line, tree

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
MAC_A, MAC_B = MAC.parse("02:00:00:00:00:01"), MAC.parse("02:00:00:00:00:02")

# One table, read in both directions; the octets are written by hand from RFC 826.
VECTORS = [
    pytest.param(
        ARP(Operation.REQUEST, MAC_A, A, NO_MAC, B),
        "0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202",
        id="request",
    ),
    pytest.param(
        ARP(Operation.REPLY, MAC_B, B, MAC_A, A),
        "0001 0800 06 04 0002 020000000002 c0000202 020000000001 c0000201",
        id="reply",
    ),
    pytest.param(
        ARP(1, MAC_A, A, NO_MAC, B, trailer=bytes(18)),
        "0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202" + "00" * 18,
        id="with what fills a frame",
    ),
    pytest.param(
        ARP(77, b"\x01\x02", b"\x0a\x0b\x0c", b"\x03\x04", b"\x0d\x0e\x0f", 7, 0x1234),
        "0007 1234 02 03 004d 0102 0a0b0c 0304 0d0e0f",
        id="another protocol, other lengths",
    ),
    pytest.param(
        ARP(1, MAC_A, A.packed, NO_MAC, B.packed, protocol_type=0x86DD),
        "0001 86dd 06 04 0001 020000000001 c0000201 000000000000 c0000202",
        id="four octets that are no IPv4 address",
    ),
    pytest.param(ARP(1, b"", b"", b"", b""), "0001 0800 00 00 0001", id="no addresses"),
]


@pytest.mark.parametrize(("arp", "octets"), VECTORS)
def test_packs_to(arp: ARP, octets: str) -> None:
    assert arp.pack() == bytes.fromhex(octets)


@pytest.mark.parametrize(("arp", "octets"), VECTORS)
def test_parses_from(arp: ARP, octets: str) -> None:
    parsed, payload = ARP.parse(memoryview(bytes.fromhex(octets)))

    assert parsed == arp
    assert not payload
    assert type(parsed.sender_ip) is type(arp.sender_ip)


def test_a_known_operation_has_a_name_and_an_unknown_one_stays_a_number() -> None:
    known, _ = ARP.parse(memoryview(ARP(2, MAC_A, A, MAC_B, B).pack()))
    unknown, _ = ARP.parse(memoryview(ARP(5, MAC_A, A, MAC_B, B).pack()))

    assert known.operation is Operation.REPLY
    assert (type(unknown.operation), unknown.operation) == (int, 5)


def test_in_a_frame_it_is_found_and_its_type_is_set() -> None:
    frame = Ethernet(BROADCAST, MAC_A) / ARP(1, MAC_A, A, NO_MAC, B)

    read = dissect(bytes(frame), first=Ethernet.parse)

    assert bytes(frame)[12:14] == b"\x08\x06"
    assert read == frame
    assert isinstance(read[ARP].sender_mac, MAC)


@pytest.mark.parametrize("size", [0, 7, 8, 27])
def test_refuses_what_is_cut_off(size: int) -> None:
    octets = ARP(1, MAC_A, A, NO_MAC, B).pack()[:size]

    with pytest.raises(TruncatedError, match=f"ARP: {size} of"):
        ARP.parse(memoryview(octets))


def test_lengths_that_lie_are_sent_as_they_are() -> None:
    octets = ARP(1, MAC_A, A, NO_MAC, B, hardware_length=200, protocol_length=1).pack()

    assert octets[4:6] == b"\xc8\x01"
    assert len(octets) == 28


@pytest.mark.parametrize(
    ("arp", "words"),
    [
        (ARP(1, MAC_A, A, b"", B), "hardware addresses of different lengths"),
        (ARP(1, MAC_A, A, NO_MAC, b""), "protocol addresses of different lengths"),
        (ARP(65536, MAC_A, A, NO_MAC, B), "operation=65536"),
        (ARP(1, MAC_A, "192.0.2.1", NO_MAC, B), "no IPv4Address"),  # type: ignore[arg-type]
    ],
)
def test_refuses_what_does_not_fit(arp: ARP, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        arp.pack()


@pytest.mark.parametrize(
    ("arp", "probe", "announcement"),
    [
        (ARP(1, MAC_A, A, NO_MAC, B), False, False),
        (ARP(1, MAC_A, NO_ADDRESS, NO_MAC, B), True, False),
        (ARP(1, MAC_A, A, NO_MAC, A), False, True),
        (ARP(2, MAC_A, A, MAC_A, A), False, True),
        (ARP(2, MAC_A, NO_ADDRESS, MAC_A, B), False, False),
        (ARP(1, MAC_A, NO_ADDRESS, NO_MAC, NO_ADDRESS), True, False),
    ],
)
def test_probes_and_announcements_are_known(arp: ARP, probe: bool, announcement: bool) -> None:
    assert (arp.is_probe, arp.is_announcement) == (probe, announcement)


# As tcpdump 4.99.3 prints them, but for the last two, of which it says less or more.
LINES = [
    (ARP(1, MAC_A, A, NO_MAC, B), "Request who-has 192.0.2.2 tell 192.0.2.1, length 28"),
    (
        ARP(1, MAC_A, A, BROADCAST, B),
        "Request who-has 192.0.2.2 (ff:ff:ff:ff:ff:ff) tell 192.0.2.1, length 28",
    ),
    (ARP(1, MAC_A, A, NO_MAC, B, trailer=bytes(18)),
     "Request who-has 192.0.2.2 tell 192.0.2.1, length 46"),
    (ARP(2, MAC_B, B, MAC_A, A), "Reply 192.0.2.2 is-at 02:00:00:00:00:02, length 28"),
    (ARP(3, MAC_A, A, MAC_A, A),
     "Reverse Request who-is 02:00:00:00:00:01 tell 02:00:00:00:00:01, length 28"),
    (ARP(4, MAC_A, A, MAC_A, A), "Reverse Reply 02:00:00:00:00:01 at 192.0.2.1, length 28"),
    (ARP(8, MAC_A, A, MAC_A, A),
     "Inverse Request who-is 02:00:00:00:00:01 tell 02:00:00:00:00:01, length 28"),
    (ARP(9, MAC_A, A, MAC_A, A), "Inverse Reply 02:00:00:00:00:01 at 192.0.2.1, length 28"),
    (ARP(77, MAC_A, A, MAC_A, A), "Unknown (77), length 28"),
    (ARP(1, b"ab", A, b"cd", B), "hardware 1 (len 2), protocol 0x0800, length 20"),
]  # fmt: skip


@pytest.mark.parametrize(("arp", "said"), LINES)
def test_a_line_is_tcpdumps(arp: ARP, said: str) -> None:
    assert line(Ethernet(BROADCAST, MAC_A) / arp) == f"ARP, {said}"


def test_a_tree_writes_hardware_addresses_with_colons() -> None:
    told = tree(Ethernet(BROADCAST, MAC_A) / ARP(1, MAC_A, A, NO_MAC, B))

    assert "  sender_mac       02:00:00:00:00:01\n" in told
    assert "  target_ip        192.0.2.2\n" in told
    assert "trailer" not in told
