"""The Internet checksum."""

import pytest

from rawkit.wire.checksum import internet_checksum

VECTORS = [
    pytest.param("0001 f203 f4f5 f6f7", 0x220D, id="RFC 1071 §3"),
    pytest.param("", 0xFFFF, id="nothing"),
    pytest.param("00 00", 0xFFFF, id="silence"),
    pytest.param("ffff", 0x0000, id="all ones"),
    pytest.param("ffff 0001", 0xFFFE, id="the carry comes around"),
    pytest.param("01", 0xFEFF, id="an odd octet is the high half"),
    pytest.param("0001 02", 0xFDFE, id="an odd octet at the end"),
]


@pytest.mark.parametrize(("octets", "expected"), VECTORS)
def test_sums_to(octets: str, expected: int) -> None:
    assert internet_checksum(bytes.fromhex(octets)) == expected


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_any_kind_of_buffer(kind: type) -> None:
    assert internet_checksum(kind(bytes.fromhex("0001 f203 f4f5 f6f7"))) == 0x220D


@pytest.mark.parametrize("octets", ["0001 f203 f4f5 f6f7", "0001 f203 f4f5 f600"])
def test_data_with_its_checksum_sums_to_zero(octets: str) -> None:
    data = bytes.fromhex(octets)

    assert internet_checksum(data + internet_checksum(data).to_bytes(2, "big")) == 0
