"""The TCP header, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.wire import icmp
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.quote import quoted
from rawkit.wire.tcp import TCP, Flags, quoted_ports

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
MSS = bytes.fromhex("020405b4")

# One table, read in both directions; the octets are laid out by hand from RFC 9293 §3.1.
VECTORS = [
    pytest.param(
        TCP(40000, 80, 0xDEADBEEF, checksum=0x1234),
        "9c40 0050 deadbeef 00000000 5002 faf0 1234 0000",
        id="a SYN",
    ),
    pytest.param(
        TCP(80, 40000, 1, 0xDEADBEF0, Flags.SYN | Flags.ACK, 65535, options=MSS, checksum=0),
        "0050 9c40 00000001 deadbef0 6012 ffff 0000 0000 020405b4",
        id="a SYN-ACK with an option",
    ),
    pytest.param(
        TCP(65535, 0, 0xFFFFFFFF, 0xFFFFFFFF, Flags(0xFF), 0, 65535, b"", 15, checksum=65535),
        "ffff 0000 ffffffff ffffffff 5fff 0000 ffff ffff",
        id="field limits",
    ),
    pytest.param(
        TCP(1, 2, flags=Flags(0), options=bytes(40), checksum=0),
        "0001 0002 00000000 00000000 f000 faf0 0000 0000" + "00" * 40,
        id="no flag, the most options",
    ),
]


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_packs_to(header: TCP, octets: str) -> None:
    assert header.pack() == bytes.fromhex(octets)


@pytest.mark.parametrize(("header", "octets"), VECTORS)
def test_parses_from(header: TCP, octets: str) -> None:
    data = bytes.fromhex(octets)

    parsed, payload = TCP.parse(memoryview(data + b"data"))

    assert (parsed, parsed.checksum) == (header, header.checksum)
    assert parsed.data_offset == len(data) // 4
    assert bytes(payload) == b"data"
    assert parsed.pack(b"data") == data + b"data"


def test_the_checksum_covers_the_addresses_and_the_data() -> None:
    octets = bytes(IPv4(A, B) / TCP(40000, 80, 7) / b"odd")

    covered = A.packed + B.packed + bytes.fromhex("0006 0017") + octets[20:]

    assert octets[36:38] == bytes.fromhex("c0ee")  # as scapy works it out
    assert internet_checksum(covered) == 0


def test_over_ipv6_the_checksum_covers_the_addresses_too() -> None:
    a, b = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
    octets = bytes(IPv6(a, b) / TCP(40000, 80, 7) / b"odd")

    covered = a.packed + b.packed + bytes.fromhex("0000 0017 0000 0006") + octets[40:]

    assert internet_checksum(covered) == 0
    assert dissect_ip(octets)[TCP].sequence == 7


def test_without_addresses_there_is_no_checksum() -> None:
    assert TCP(1, 2).pack()[16:18] == bytes(2)


def test_a_given_data_offset_goes_out_as_it_stands() -> None:
    assert TCP(1, 2, options=b"\x01", data_offset=15).pack()[12] == 0xF0


@pytest.mark.parametrize("octets", ["", "0001 0002 00000000 00000000 5002 faf0 0000 00"])
def test_refuses_a_short_header(octets: str) -> None:
    with pytest.raises(TruncatedError, match="of 20 header octets"):
        TCP.parse(memoryview(bytes.fromhex(octets)))


def test_refuses_options_cut_short() -> None:
    with pytest.raises(TruncatedError, match="23 of 24 header octets"):
        TCP.parse(memoryview(TCP(1, 2, options=MSS).pack()[:23]))


def test_refuses_a_data_offset_below_the_header() -> None:
    with pytest.raises(ParseError, match="says 16 octets"):
        TCP.parse(memoryview(TCP(1, 2, data_offset=4).pack()))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (TCP(65536, 1), "src_port=65536"),
        (TCP(1, 2, -1), "sequence=-1"),
        (TCP(1, 2, 0, 1 << 32), "acknowledgment=4294967296"),
        (TCP(1, 2, window=65536), "window=65536"),
        (TCP(1, 2, urgent=65536), "urgent=65536"),
        (TCP(1, 2, reserved=16), "reserved is 16"),
        (TCP(1, 2, data_offset=16), "data_offset=16"),
        (TCP(1, 2, checksum=65536), "checksum=65536"),
        (TCP(1, 2, options=b"\x01"), "1 octets of options"),
        (TCP(1, 2, options=bytes(44)), "44 octets of options"),
    ],
)
def test_refuses_a_value_that_does_not_fit(header: TCP, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        header.pack()


def test_of_the_shortest_quote_the_ports_and_the_sequence_number_are_left() -> None:
    """RFC 792: an ICMP error need not quote more than 8 octets of what the packet carried."""
    ours = IPv4(A, B) / TCP(40000, 80, 0xDEADBEEF)
    error = IPv4(B, A) / icmp.TimeExceeded() / bytes(ours)[:28]

    quote = quoted(dissect(bytes(error)))

    assert quote is not None
    assert quote.get(TCP) is None
    assert quoted_ports(quote.payload) == (40000, 80, 0xDEADBEEF)
    assert str(quote.error) == "TCP: 8 of 20 header octets"


def test_fewer_octets_than_eight_tell_nothing() -> None:
    assert quoted_ports(bytes(7)) is None
