"""Digests and codes in TCP options."""

import hashlib
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.record import record
from rawkit.wire import ip_options, routing, tcp_authentication, tcp_md5, tcp_options
from rawkit.wire.cmac import cmac
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.tcp_authentication import Algorithm, traffic_key
from rawkit.wire.tcp_options import (
    Authentication,
    MaximumSegmentSize,
    Md5,
    Timestamps,
)
from rawkit.wire.udp import UDP
from rawkit.wire.verify import verdict

A, B, C = (IPv4Address(f"192.0.2.{last}") for last in "123")
A6, B6, C6 = (IPv6Address(f"2001:db8::{last}") for last in "123")


@record
class Known:
    """A segment of RFC 9235, with its keys."""

    section: str
    src_isn: int
    dst_isn: int
    key: str
    octets: str
    algorithm: Algorithm = Algorithm.SHA1
    covers_options: bool = True

    def __str__(self) -> str:
        return self.section


MASTER = b"testvector"
BGP = (
    "ff" * 16
    + "004301 04dabf00b4 0a0b0c0d 2602 0601 0400 0100 0102 0280 0002 0202 0002 0242"
    + ("0002 0641 0400 00da bf02 0840 0600 6400 0101 00")
)
KNOWN = [
    Known(
        "4.1.1", 0xFBFBAB5A, 0, "6d63ef1b 02fe1509 d4b14027 07fd7b04 16abb74f",
        "45e0004c dd0f4000 ff06bf6b 0a0b0c0d ac1b1c1d e9d700b3 fbfbab5a 00000000 e002ffff cac40000"
        "020405b4 01030308 0402080a 00155ab7 00000000 1d103d54 2ee437c6 f8ede6d7 c4d602e7",
    ),
    Known(
        "4.1.2", 0x11C14261, 0xFBFBAB5A, "d9e217e4 834a80ca 2f3fd8de 2e41b8e6 797fea96",
        "45e0004c 65064000 ff063775 ac1b1c1d 0a0b0c0d 00b3e9d7 11c14261 fbfbab5b e012ffff 37760000"
        "020405b4 01030308 0402080a 84a50beb 00155ab7 1d10543d eeab0fe2 4c301081 5116b3be",
    ),
    Known(
        "4.1.3", 0xFBFBAB5A, 0x11C14261, "d2e59c65 ffc7b1a3 93476564 63b70edc 24a13d71",
        "45e00087 36a14000 ff06659f 0a0b0c0d ac1b1c1d e9d700b3 fbfbab5b 11c14262 c0180104 a1620000"
        "0101080a 00155ac1 84a50beb 1d103d54 7064cf99 8cc6c315 c2c2e2bf" + BGP,
    ),
    Known(
        "4.2.1", 0xCB0EFBEE, 0, "30eaa156 0cf0be57 dab5c045 229fb10a 423cd7ea",
        "45e0004c 53994000 ff0648e2 0a0b0c0d ac1b1c1d ff1200b3 cb0efbee 00000000 e002ffff 541f0000"
        "020405b4 01030308 0402080a 00024cce 00000000 1d103d54 80af3cfe b8536893 7b8f9ec2",
        covers_options=False,
    ),
    Known(
        "4.2.3", 0xCB0EFBEE, 0xACD5B5E1, "f3db1793 d7910ecd 806c34f1 55ea1f00 345953e3",
        "45e00087 a8f54000 ff06f34a 0a0b0c0d ac1b1c1d ff1200b3 cb0efbef acd5b5e2 c0180104 6c450000"
        "0101080a 00024cce 576772f3 1d103d54 710608cc 696c03a2 71c93aa5" + BGP,
        covers_options=False,
    ),
    Known(
        "5.1.1", 0x787A1DDF, 0, "f5b8b3d5 f34fdbb6 eb8d4ab9 660e60e3",
        "45e0004c 7b9f4000 ff0620dc 0a0b0c0d ac1b1c1d c4fa00b3 787a1ddf 00000000 e002ffff 5a0f0000"
        "020405b4 01030308 0402080a 00017ed0 00000000 1d103d54 e477e99c 80407654 98e55091",
        Algorithm.AES,
    ),
    Known(
        "5.1.3", 0x787A1DDF, 0xFADD6DE9, "8c8ae0e8 371ec5cb b97ea79d 90418391",
        "45e00087 fb4f4000 ff06a0f0 0a0b0c0d ac1b1c1d c4fa00b3 787a1de0 fadd6dea c0180104 95050000"
        "0101080a 00017ed0 93f4e9e8 1d103d54 77412742 fa4dc433 eff0973e" + BGP,
        Algorithm.AES,
    ),
    Known(
        "5.2.1", 0x389BED71, 0, "2cdbae13 92c49449 fa92c450 9735d50e",
        "45e0004c f22e4000 ff06aa4c 0a0b0c0d ac1b1c1d da1c00b3 389bed71 00000000 e002ffff 70bf0000"
        "020405b4 01030308 0402080a 000185e1 00000000 1d103d54 c44e60cb 31f7c0b1 de3d2749",
        Algorithm.AES,
        covers_options=False,
    ),
    Known(
        "6.1.1", 0x176A833F, 0, "625ec09d 575836ed c9b64284 18bbf069 89a361bb",
        "6e0891dc 00380640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002"
        "f7e400b3 176a833f 00000000 e002ffff 47210000 020405a0 01030308 0402080a 0041d087 00000000"
        "1d103d54 9033ec3d 7334b64c 5edd039f",
    ),
    Known(
        "6.1.2", 0x3F51994B, 0x176A833F, "e4a37ada 2a0afca8 71143491 3fe138c7 71ebcb4a",
        "6e01009e 00380640 fd000000 00000000 00000000 00000002 fd000000 00000000 00000000 00000001"
        "00b3f7e4 3f51994b 176a8340 e012ffff bfec0000 020405a0 01030308 0402080a bd33129b 0041d087"
        "1d10543d f1cba346 c3526163 f71f1f55",
    ),
    Known(
        "6.2.1", 0x020C1E69, 0, "31a3faf6 9effae52 931b7f84 5467315c 270a4edc",
        "6e078fcd 00380640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002"
        "c6cd00b3 020c1e69 00000000 e002ffff a41a0000 020405a0 01030308 0402080a 009db95b 00000000"
        "1d103d54 885698b0 530ed4d5 a15f8346",
        covers_options=False,
    ),
    Known(
        "7.1.1", 0x193CCCEC, 0, "fa5a2108 882d39d0 c7192917 5ab1b7b8",
        "6e04a706 00380640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002"
        "f85a00b3 193cccec 00000000 e002ffff de5d0000 020405a0 01030308 0402080a 13e4ab99 00000000"
        "1d103d54 59b58810 7481ac6d c3927040",
        Algorithm.AES,
    ),
    Known(
        "7.2.1", 0xB01DA74A, 0, "a94f5112 63e4093d 35dd818c 13bbbf53",
        "6e093d76 00380640 fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002"
        "f28800b3 b01da74a 00000000 e002ffff 75ff0000 020405a0 01030308 0402080a 14275b3b 00000000"
        "1d103d54 3d45b434 2de8bb15 30847898",
        Algorithm.AES,
        covers_options=False,
    ),
]  # fmt: skip
all_known = pytest.mark.parametrize("known", KNOWN, ids=str)


@all_known
def test_keys_are_those_of_rfc_9235(known: Known) -> None:
    packet = dissect_ip(bytes.fromhex(known.octets))

    key = traffic_key(packet, MASTER, known.src_isn, known.dst_isn, known.algorithm)

    assert key == bytes.fromhex(known.key)


@all_known
def test_codes_are_those_of_rfc_9235(known: Known) -> None:
    packet = dissect_ip(bytes.fromhex(known.octets))
    key, how = bytes.fromhex(known.key), {"covers_options": known.covers_options}
    options = tcp_options.decode(packet[TCP].options)
    bare = [Authentication(o.key_id, o.next_key_id, b"") if isinstance(o, Authentication) else o
            for o in options]  # fmt: skip
    blank = packet.replace(TCP, options=tcp_options.encode(*bare))

    again = tcp_authentication.signed(blank, key, known.algorithm, **how)

    assert tcp_authentication.is_signed(packet, key, known.algorithm, **how)
    assert again[TCP] == packet[TCP]  # checksums apart: those over IPv4 are wrong in the RFC
    assert not tcp_authentication.is_signed(packet, key[1:] + key[:1], known.algorithm, **how)
    other = packet.replace(TCP, window=9)
    assert not tcp_authentication.is_signed(other, key, known.algorithm, **how)


@all_known
def test_other_options_count_or_not(known: Known) -> None:
    packet = dissect_ip(bytes.fromhex(known.octets))
    options = [
        Timestamps(one.value + 1) if isinstance(one, Timestamps) else one
        for one in tcp_options.decode(packet[TCP].options)
    ]
    changed = packet.replace(TCP, options=tcp_options.encode(*options))
    key = bytes.fromhex(known.key)

    authentic = tcp_authentication.is_signed(
        changed, key, known.algorithm, covers_options=known.covers_options
    )

    assert authentic is not known.covers_options


# RFC 4493 §4.
KEY = bytes.fromhex("2b7e1516 28aed2a6 abf71588 09cf4f3c")
MESSAGE = bytes.fromhex(
    "6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57 1e03ac9c 9eb76fac 45af8e51"
    "30c81c46 a35ce411 e5fbc119 1a0a52ef f69f2445 df4f9b17 ad2b417b e66c3710"
)


@pytest.mark.parametrize(
    ("length", "code"),
    [
        (0, "bb1d6929 e9593728 7fa37d12 9b756746"),
        (16, "070a16b4 6b4d4144 f79bdd9d d04a287c"),
        (40, "dfa66747 de9ae630 30ca3261 1497c827"),
        (64, "51f0bebf 7e3b9d92 fc497417 79363cfe"),
    ],
)
def test_cmac_is_that_of_rfc_4493(length: int, code: str) -> None:
    assert cmac(KEY, MESSAGE[:length]) == bytes.fromhex(code)


def test_cmac_needs_a_key_of_16_octets() -> None:
    with pytest.raises(BuildError, match="a key of 15 octets"):
        cmac(KEY[1:], b"")


def test_how_often_sequence_numbers_wrapped_counts() -> None:
    packet = IPv4(A, B) / TCP(1, 2, options=tcp_options.encode(Authentication(1, 2)))

    wrapped = tcp_authentication.signed(packet, KEY, extension=1)

    assert tcp_authentication.is_signed(wrapped, KEY, extension=1)
    assert not tcp_authentication.is_signed(wrapped, KEY)
    with pytest.raises(BuildError, match="not within 32 bits"):
        tcp_authentication.signed(packet, KEY, extension=1 << 32)


# MD5 (RFC 2385 §2); tests/netns/test_tcp_md5.py has the kernel's to compare

SECRET = b"secret"
DATA = b"some data"


def test_the_digest_covers_addresses_header_data_and_secret_and_no_option() -> None:
    options = tcp_options.encode(MaximumSegmentSize(1460), Md5())
    packet = IPv4(A, B) / TCP(1, 2, 3, 4, Flags.ACK, 5, options=options) / DATA

    signed = tcp_md5.signed(packet, SECRET)

    covered = bytes.fromhex(
        "c0000201 c0000202 0006 0035"  # the pseudo header; the length counts options
        "0001 0002 00000003 00000004 b010 0005 0000 0000"
    )
    expected = hashlib.md5(covered + DATA + SECRET).digest()
    assert tcp_options.decode(signed[TCP].options)[1] == Md5(expected)
    assert tcp_md5.is_signed(dissect_ip(bytes(signed)), SECRET)
    assert verdict(dissect_ip(bytes(signed))) is Checksum.VALID


def test_the_option_is_added_where_there_is_none() -> None:
    signed = tcp_md5.signed(IPv6(A6, B6) / TCP(1, 2) / DATA, SECRET)

    assert len(signed[TCP].options) == 20
    assert tcp_md5.is_signed(signed, SECRET)


@pytest.mark.parametrize(
    "changes",
    [{"sequence": 9}, {"window": 9}, {"flags": Flags.RST}, {"src_port": 9}, {"urgent": 9}],
)
def test_whatever_counts_is_noticed(changes: dict[str, int]) -> None:
    signed = tcp_md5.signed(IPv6(A6, B6) / TCP(1, 2) / DATA, SECRET)

    assert not tcp_md5.is_signed(signed.replace(TCP, **changes), SECRET)
    assert not tcp_md5.is_signed(signed / b"!", SECRET)
    assert not tcp_md5.is_signed(signed.replace(IPv6, src=C6), SECRET)
    assert not tcp_md5.is_signed(signed, b"guess")


def test_the_digest_covers_the_end_of_a_route() -> None:
    first, header = routing.through(B6, destination=C6)
    first4, option = ip_options.through(B, destination=C)
    way4 = IPv4(A, first4, options=ip_options.encode(option))

    for round_about, straight in (
        (IPv6(A6, first) / DestinationOptions() / header, IPv6(A6, C6)),
        (way4, IPv4(A, C)),
    ):
        way = tcp_md5.signed(round_about / TCP(1, 2) / DATA, SECRET)
        assert way[TCP].options == tcp_md5.signed(straight / TCP(1, 2) / DATA, SECRET)[TCP].options


def test_without_an_option_nothing_is_signed() -> None:
    packet = IPv4(A, B) / TCP(1, 2)

    assert not tcp_md5.is_signed(packet, SECRET)
    assert not tcp_authentication.is_signed(packet, SECRET)
    with pytest.raises(BuildError, match="no TCP-AO option"):
        tcp_authentication.signed(packet, SECRET)


@pytest.mark.parametrize("packet", [IPv4(A, B) / UDP(1, 2), Packet((TCP(1, 2),)), Packet()])
def test_only_a_segment_inside_ip_can_be_signed(packet: Packet) -> None:
    for sign in (tcp_md5.signed, tcp_authentication.signed):
        with pytest.raises(BuildError, match="no segment inside IP"):
            sign(packet, SECRET)


def test_refuses_what_does_not_fit() -> None:
    full = TCP(1, 2, options=tcp_options.encode(*[Timestamps(1)] * 3))

    with pytest.raises(BuildError, match="48 octets, and 40 fit"):
        tcp_md5.signed(IPv4(A, B) / full, SECRET)
    with pytest.raises(BuildError, match="of -1 and 0"):
        traffic_key(IPv4(A, B) / TCP(1, 2), MASTER, -1)
