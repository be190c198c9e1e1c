"""What IGMPv3 and MLDv2 share: group records, and times as short floating numbers."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire.membership import GroupRecord, RecordType, code_for, read_records, time_of

GROUP, A, B = IPv4Address("233.252.0.1"), IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
GROUP6, A6 = IPv6Address("ff0e::db8:0:1"), IPv6Address("2001:db8::1")

# One table, read in both directions; the octets are laid out by hand from RFC 3376 §4.2.4
# and RFC 3810 §5.2.4.
RECORDS = [
    pytest.param(GroupRecord(RecordType.MODE_IS_EXCLUDE, GROUP), "02 00 0000 e9fc0001", id="all"),
    pytest.param(
        GroupRecord(RecordType.ALLOW_NEW_SOURCES, GROUP, (A, B)),
        "05 00 0002 e9fc0001 c0000201 c0000202", id="two sources",
    ),
    pytest.param(
        GroupRecord(200, GROUP, (A,), b"12345678"),
        "c8 02 0001 e9fc0001 c0000201 3132333435363738", id="something unknown, with data",
    ),
    pytest.param(
        GroupRecord(RecordType.MODE_IS_INCLUDE, GROUP6, (A6,)),
        "01 00 0001 ff0e00000000000000000db800000001 20010db8000000000000000000000001", id="IPv6",
    ),
]  # fmt: skip

# Worked out by hand from the formulas of RFC 3376 §4.1.1 and RFC 3810 §5.1.3.
TIMES = [
    (0, 8, 0),
    (127, 8, 127),
    (0x80, 8, 16 << 3),
    (0x8F, 8, 31 << 3),
    (0x90, 8, 16 << 4),
    (0xFF, 8, 31 << 10),
    (0x7FFF, 16, 32767),
    (0x8000, 16, 4096 << 3),
    (0x9001, 16, 4097 << 4),
    (0xFFFF, 16, 8191 << 10),
]


@pytest.mark.parametrize(("record", "octets"), RECORDS)
def test_packs_to(record: GroupRecord, octets: str) -> None:
    assert record.pack() == bytes.fromhex(octets)


@pytest.mark.parametrize(("record", "octets"), RECORDS)
def test_parses_from(record: GroupRecord, octets: str) -> None:
    data = bytes.fromhex(octets) + b"rest"

    records, rest = read_records(memoryview(data), 1, record.group.max_prefixlen // 8)

    assert (records, bytes(rest)) == ((record,), b"rest")
    assert records[0].pack() == bytes.fromhex(octets)


def test_a_known_type_has_a_name_and_an_unknown_one_stays_a_number() -> None:
    data = bytes.fromhex("01 00 0000 e9fc0001 07 00 0000 e9fc0001")

    first, second = read_records(memoryview(data), 2, 4)[0]

    assert first.type is RecordType.MODE_IS_INCLUDE
    assert (type(second.type), second.type) == (int, 7)


@pytest.mark.parametrize(
    ("octets", "count", "words"),
    [
        ("", 1, "group record 1 of 1: 0 octets"),
        ("01 00 0000 e9fc00", 1, "group record 1 of 1: 7 octets"),
        ("01 00 0000 e9fc0001", 2, "group record 2 of 2: 0 octets"),
        ("01 00 ffff e9fc0001", 1, "1 of 1: 8 of 262148"),
        ("01 ff 0000 e9fc0001", 65535, "1 of 65535: 8 of 1028"),
    ],
)
def test_refuses_records_cut_short(octets: str, count: int, words: str) -> None:
    with pytest.raises(TruncatedError, match=words):
        read_records(memoryview(bytes.fromhex(octets)), count, 4)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (GroupRecord(256, GROUP), "type=256"),
        (GroupRecord(1, GROUP, count=65536), "count=65536"),
        (GroupRecord(1, GROUP, auxiliary=b"abc"), "auxiliary data of 3 octets"),
        (GroupRecord(1, GROUP, auxiliary=bytes(1024)), "group record"),
        (GroupRecord(1, GROUP, (A6,)), "other family"),
        (GroupRecord(1, "233.252.0.1"), "'str' object"),  # type: ignore[arg-type]
    ],
)
def test_refuses_what_does_not_fit(record: GroupRecord, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        record.pack()


def test_numbers_that_lie_are_sent_as_they_are() -> None:
    record = GroupRecord(1, GROUP, (A,), b"ab", count=9, auxiliary_length=7)

    assert record.pack()[:4] == bytes.fromhex("01 07 0009")


@pytest.mark.parametrize(("code", "bits", "time"), TIMES)
def test_a_code_stands_for_a_time(code: int, bits: int, time: int) -> None:
    assert time_of(code, bits) == time
    assert code_for(time, bits) == code


@pytest.mark.parametrize(
    ("time", "bits", "code"),
    [(135, 8, 0x80), (136, 8, 0x81), (31743, 8, 0xFE), (32769, 16, 0x8000)],
)
def test_a_time_between_two_codes_gets_the_shorter_one(time: int, bits: int, code: int) -> None:
    assert code_for(time, bits) == code


@pytest.mark.parametrize(("time", "bits"), [(-1, 8), (65536, 8), (8192 << 10, 16)])
def test_refuses_a_time_that_has_no_code(time: int, bits: int) -> None:
    with pytest.raises(BuildError, match=f"a time of {time}"):
        code_for(time, bits)


def test_a_record_says_what_it_means() -> None:
    assert str(GroupRecord(4, GROUP)) == "233.252.0.1 change to exclude mode {}"
    assert str(GroupRecord(9, GROUP, (A, B))) == "233.252.0.1 9 {192.0.2.1, 192.0.2.2}"
