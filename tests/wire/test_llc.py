"""Frames with a length, and the LLC and SNAP headers in them, on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.wire.address import MAC
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.llc import IEEE8023, LLC, SAP, SNAP, parse
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp import UDP

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
BRIDGES, MAC_A = MAC.parse("01:80:c2:00:00:00"), MAC.parse("02:00:00:00:00:01")
ENDS = "0180c2000000 020000000001"
LINK = Ethernet(BRIDGES, MAC_A)

# One table, read in both directions. The first is a configuration message of the spanning
# tree protocol, laid out from IEEE 802.1D §9.3.1; the others from IEEE 802.2 and RFC 1042.
BPDU = bytes.fromhex(
    "0000 00 00 00 8000020000000001 00000000 8000020000000001 8001 0000 1400 0200 0f00"
)
BRIDGE = LLC(SAP.SPANNING_TREE, SAP.SPANNING_TREE)
FRAMES = [
    pytest.param(
        IEEE8023(BRIDGES, MAC_A, trailer=bytes(8)) / BRIDGE / BPDU,
        f"{ENDS} 0026 42 42 03 {BPDU.hex()} {'00' * 8}",
        id="spanning tree, with what fills the frame",
    ),
    pytest.param(
        IEEE8023(BRIDGES, MAC_A) / SNAP() / IPv4(A, B) / UDP(1, 2),
        f"{ENDS} 0024 aaaa03 000000 0800 4500001c 00004000 4011b6cd c0000201 c0000202"
        "0001 0002 0008 7bd7",
        id="IPv4 behind SNAP",
    ),
    pytest.param(
        IEEE8023(BRIDGES, MAC_A) / SNAP(oui=b"\0\0\x0c", ether_type=0x2000) / b"\x02\xb4",
        f"{ENDS} 000a aaaa03 00000c 2000 02b4",
        id="a company's own protocol",
    ),
    pytest.param(
        IEEE8023(BRIDGES, MAC_A) / LLC(SAP.IP, SAP.IP) / IPv4(A, B) / UDP(1, 2),
        f"{ENDS} 001f 06 06 03 4500001c 00004000 4011b6cd c0000201 c0000202 0001 0002 0008 7bd7",
        id="IPv4 right behind LLC",
    ),
    pytest.param(
        IEEE8023(BRIDGES, MAC_A) / LLC(0xF1, 0xF1, 0x7F) / b"",
        f"{ENDS} 0003 f1 f1 7f",
        id="unnumbered",
    ),
    pytest.param(
        IEEE8023(BRIDGES, MAC_A) / LLC(0xFE, 0xFE, 0x0201) / b"abc",
        f"{ENDS} 0007 fe fe 01 02 616263",
        id="numbered: its control field has two octets, the lower one first",
    ),
    pytest.param(IEEE8023(BRIDGES, MAC_A) / b"", f"{ENDS} 0000", id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "octets"), FRAMES)
def test_packs_to(frame: Packet, octets: str) -> None:
    assert bytes(frame) == bytes.fromhex(octets)


@pytest.mark.parametrize(("frame", "octets"), FRAMES)
def test_parses_from(frame: Packet, octets: str) -> None:
    read = dissect(bytes.fromhex(octets), first=Ethernet.parse)

    assert read == frame
    assert read.error is None
    assert bytes(read) == bytes.fromhex(octets)


@pytest.mark.parametrize("inside", [LLC(0x42, 0x42), SNAP(ether_type=0x0800)])
def test_a_plain_header_becomes_one_with_a_length_around_llc(inside: Header) -> None:
    frame = LINK / inside

    assert frame.headers[0] == IEEE8023(BRIDGES, MAC_A)
    assert frame[Ethernet] is frame.headers[0]


@pytest.mark.parametrize(("number", "kind"), [(1500, IEEE8023), (1501, Ethernet), (1535, Ethernet)])
def test_a_number_up_to_1500_is_a_length(number: int, kind: type[Header]) -> None:
    octets = bytes.fromhex(ENDS) + number.to_bytes(2, "big") + bytes(4)

    read = dissect(octets, first=Ethernet.parse)

    assert type(read.headers[0]) is kind
    assert bytes(read) == octets


def test_a_frame_shorter_than_its_length_is_read_as_far_as_it_goes() -> None:
    octets = bytes.fromhex(f"{ENDS} 0100 42 42 03 6162")

    read = dissect(octets, first=Ethernet.parse)

    assert (read[IEEE8023].length, read[IEEE8023].trailer, read.payload) == (256, b"", b"ab")
    assert bytes(read) == octets


def test_a_wrong_length_is_sent_as_it_is() -> None:
    frame = IEEE8023(BRIDGES, MAC_A, length=7) / LLC(0x42, 0x42) / b"abc"

    assert bytes(frame)[12:14] == b"\0\x07"
    assert bytes(frame.replace(LLC, dsap=0x43))[12:14] == b"\0\x06"


def test_a_header_class_of_ones_own_is_read_as_it_is() -> None:
    class Marked(Ethernet):
        __slots__ = ()

    header, _ = Marked.parse(memoryview(bytes.fromhex(f"{ENDS} 0003 424203")))

    assert (type(header), header.ether_type) == (Marked, 3)


@pytest.mark.parametrize(
    ("read", "octets", "words"),
    [
        (IEEE8023.parse, ENDS, "12 of 14"),
        (parse, "", "LLC: 0 of 4"),
        (parse, "4242", "LLC: 2 of 4"),
        (parse, "424202", "LLC: 3 of 4"),
        (parse, "aaaa03000000 08", "SNAP: 7 of 8"),
    ],
)  # fmt: skip
def test_refuses_what_is_cut_off(read: type, octets: str, words: str) -> None:
    with pytest.raises(TruncatedError, match=words):
        read(memoryview(bytes.fromhex(octets)))


def test_refuses_a_type_as_a_length_and_other_saps_as_snap() -> None:
    with pytest.raises(ParseError, match="2048 is no length"):
        IEEE8023.parse(memoryview(bytes.fromhex(f"{ENDS} 0800")))
    with pytest.raises(ParseError, match="begins with aa aa 13"):
        SNAP.parse(memoryview(bytes.fromhex("aaaa13 000000 0800")))


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (IEEE8023(BRIDGES, MAC_A) / bytes(1501), "1501 octets, above 1500"),
        (IEEE8023(BRIDGES, MAC_A, length=65536) / b"", "length=65536"),
        (IEEE8023(b"abc", MAC_A) / b"", "addresses have 6 octets"),
        (LLC(256, 0) / b"", "dsap=256"),
        (LLC(0, -1) / b"", "ssap=-1"),
        (LLC(0, 0, 0x103) / b"", "control=259"),
        (LLC(0, 0, 0x10000) / b"", "control=65536"),
        (SNAP() / b"", "ether_type is unset"),
        (SNAP(ether_type=65536) / b"", "ether_type=65536"),
        (SNAP(oui=b"ab", ether_type=1) / b"", "3 octets"),
    ],
)
def test_refuses_what_does_not_fit(packet: Packet, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        bytes(packet)
