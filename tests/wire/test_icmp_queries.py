"""Timestamps and router discovery of ICMP, on the wire and off it."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmp
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.icmp_queries import (
    NOT_A_DEFAULT,
    AddressMaskReply,
    AddressMaskRequest,
    InformationReply,
    InformationRequest,
    RouterAdvertisement,
    RouterSolicitation,
    TimestampReply,
    TimestampRequest,
    parse,
)

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")

# One table, read in both directions; the octets are laid out by hand from RFC 792,
# RFC 950 appendix I and RFC 1256 §3. Each carries "abcd".
VECTORS = [
    pytest.param(
        TimestampRequest(7, 1, 86_399_999),
        "0d00 .... 0007 0001 05265bff 00000000 00000000",
        id="timestamp request",
    ),
    pytest.param(
        TimestampReply(65535, 65535, 1, 1 << 31, 0xFFFFFFFF, 255),
        "0eff .... ffff ffff 00000001 80000000 ffffffff",
        id="timestamp reply",
    ),
    pytest.param(InformationRequest(7, 1), "0f00 .... 0007 0001", id="info request"),
    pytest.param(InformationReply(65535, 65535, 255), "10ff .... ffff ffff", id="info reply"),
    pytest.param(AddressMaskRequest(7, 1), "1100 .... 0007 0001 00000000", id="mask request"),
    pytest.param(
        AddressMaskReply(7, 1, IPv4Address("255.255.255.0"), 255),
        "12ff .... 0007 0001 ffffff00", id="mask reply",
    ),
    pytest.param(RouterSolicitation(1, 0xDEADBEEF), "0a01 .... dead beef", id="solicitation"),
    pytest.param(RouterAdvertisement(1800, ()), "0900 .... 0002 0708", id="no router"),
    pytest.param(
        RouterAdvertisement(65535, ((A, 0), (B, NOT_A_DEFAULT)), 16),
        "0910 .... 0202 ffff c0000201 00000000 c0000202 80000000",
        id="routers",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_packs_to(message: icmp.Message, octets: str) -> None:
    packed = message.pack(b"abcd")

    assert internet_checksum(packed) == 0
    assert packed.hex() == (octets.replace(" ", "") + b"abcd".hex()).replace(
        "....", packed[2:4].hex()
    )


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_parses_from(message: icmp.Message, octets: str) -> None:
    data = bytes.fromhex(octets.replace("....", "dead")) + b"abcd"

    parsed, payload = icmp.parse(memoryview(data))

    assert (parsed, bytes(payload)) == (message, b"abcd")
    assert parsed.pack(b"abcd") == data


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_refuses_a_message_cut_short(message: icmp.Message, octets: str) -> None:
    size = len(message.pack())

    with pytest.raises(TruncatedError, match=f"{size - 1} of {size}"):
        icmp.parse(memoryview(message.pack()[: size - 1]))


def test_an_advertisement_of_entries_unheard_of_is_kept_as_it_is() -> None:
    data = bytes.fromhex("0900 dead 0103 0708 c0000201 00000000 00000000")

    parsed, payload = icmp.parse(memoryview(data))

    assert isinstance(parsed, icmp.Other)
    assert parsed.pack(bytes(payload)) == data


def test_a_message_of_another_type_is_kept_as_it_is() -> None:
    data = bytes.fromhex("6300 dead 01020304")

    assert parse(memoryview(data))[0].pack() == data


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (TimestampRequest(65536, 1), "identifier=65536"),
        (TimestampRequest(1, -1), "sequence=-1"),
        (TimestampReply(1, 1, 1 << 32), "originate=4294967296"),
        (TimestampReply(1, 1, code=256), "code 256"),
        (InformationRequest(65536, 1), "identifier=65536"),
        (InformationReply(1, 1, 256), "code 256"),
        (AddressMaskRequest(1, -1), "sequence=-1"),
        (AddressMaskReply(1, 1, "255.255.255.0"), "'str' object"),  # type: ignore[arg-type]
        (RouterSolicitation(reserved=-1), "reserved=-1"),
        (RouterAdvertisement(65536, ()), "lifetime=65536"),
        (RouterAdvertisement(1, ((A, 1 << 31),)), "2147483648"),
        (RouterAdvertisement(1, ((A, 0),) * 256), "ICMP"),
        (RouterAdvertisement(1, (("192.0.2.1", 0),)), "'str' object"),  # type: ignore[arg-type]
    ],
)
def test_refuses_a_value_that_does_not_fit(message: icmp.Message, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()
