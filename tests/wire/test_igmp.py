"""IGMP messages, on the wire and off it."""

import time
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.igmp import (
    ALL_REPORTS,
    LeaveGroup,
    MembershipQuery,
    MembershipQueryV3,
    MembershipReportV1,
    MembershipReportV2,
    MembershipReportV3,
    Message,
    Other,
    parse,
)
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.membership import GroupRecord, RecordType
from rawkit.wire.received import Checksum
from rawkit.wire.verify import verdict

GROUP, A, B = IPv4Address("233.252.0.1"), IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")

# One table, read in both directions; the octets are laid out by hand from RFC 1112 appendix
# I, RFC 2236 §2 and RFC 3376 §4.
VECTORS = [
    pytest.param(MembershipQuery(max_response_code=0), "1100 .... 00000000", id="query, version 1"),
    pytest.param(MembershipQuery(), "1164 .... 00000000", id="general query"),
    pytest.param(MembershipQuery(GROUP, 255), "11ff .... e9fc0001", id="query for a group"),
    pytest.param(MembershipReportV1(GROUP), "1200 .... e9fc0001", id="report, version 1"),
    pytest.param(MembershipReportV2(GROUP, 255), "16ff .... e9fc0001", id="report"),
    pytest.param(LeaveGroup(GROUP), "1700 .... e9fc0001", id="leave"),
    pytest.param(MembershipQueryV3(), "1164 .... 00000000 02 7d 0000", id="query, version 3"),
    pytest.param(
        MembershipQueryV3(GROUP, (A, B), 0xFF, True, 7, 0xFF, 0xF),
        "11ff .... e9fc0001 ff ff 0002 c0000201 c0000202", id="query for sources",
    ),
    pytest.param(MembershipReportV3(), "2200 .... 0000 0000", id="report about nothing"),
    pytest.param(
        MembershipReportV3(
            (GroupRecord(1, GROUP, (A,), b"aux!"), GroupRecord(4, GROUP)), 0xFFFF, 0xFF
        ),
        "22ff .... ffff 0002 01010001 e9fc0001 c0000201 61757821 04000000 e9fc0001",
        id="report, version 3",
    ),
    pytest.param(Other(0x13, 5), "1305 ....", id="other"),
]  # fmt: skip

# Sent by Linux 6.18 when a socket joined a group, joined another for one source alone, and
# left the first; then the same under force_igmp_version=2.
FROM_LINUX = [
    (
        "46c0002800004000010241f8c0000201e0000016940400002200f0000000000104000000e9fc0001",
        MembershipReportV3((GroupRecord(RecordType.CHANGE_TO_EXCLUDE_MODE, GROUP),)),
    ),
    (
        "46c0002c00004000010241f4c0000201e0000016940400002200c4c30000000105000001e9fc0002c6336407",
        MembershipReportV3(
            (
                GroupRecord(
                    RecordType.ALLOW_NEW_SOURCES,
                    IPv4Address("233.252.0.2"),
                    (IPv4Address("198.51.100.7"),),
                ),
            )
        ),
    ),
    (
        "46c0002800004000010241f8c0000201e0000016940400002200f1000000000103000000e9fc0001",
        MembershipReportV3((GroupRecord(RecordType.CHANGE_TO_INCLUDE_MODE, GROUP),)),
    ),
    (
        "46c000200000400001023819c0000201e9fc00019404000016000002e9fc0001",
        MembershipReportV2(GROUP),
    ),
    ("46c000200000400001024214c0000201e0000002940400001700ff01e9fc0001", LeaveGroup(GROUP)),
]


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_packs_to(message: Message, octets: str) -> None:
    packed = message.pack()

    assert internet_checksum(packed) == 0
    assert packed == bytes.fromhex(octets.replace("....", packed[2:4].hex()))


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_parses_from(message: Message, octets: str) -> None:
    data = bytes.fromhex(octets.replace("....", "dead"))

    parsed, payload = parse(memoryview(data))

    assert (parsed, bytes(payload)) == (message, b"")
    assert parsed.pack() == data


@pytest.mark.parametrize(("octets", "message"), FROM_LINUX)
def test_what_linux_sends_is_read_and_built(octets: str, message: Message) -> None:
    data = bytes.fromhex(octets)

    read = dissect(data)

    assert read.headers[1:] == (message,)
    assert verdict(read) is Checksum.VALID
    assert read[IPv4].ttl == 1
    assert bytes(read[IPv4] / message) == data


def test_additional_data_counts_in_the_checksum_and_is_the_payload() -> None:
    """RFC 3376 §4.2.11."""
    packed = MembershipReportV3((GroupRecord(4, GROUP),)).pack(b"more")

    parsed, payload = parse(memoryview(packed))

    assert internet_checksum(packed) == 0
    assert bytes(payload) == b"more"
    assert isinstance(parsed, MembershipReportV3)


@pytest.mark.parametrize("size", range(8, 12))
def test_a_query_of_less_than_12_octets_is_an_old_one(size: int) -> None:
    data = MembershipQueryV3(GROUP).pack()[:size]

    parsed, payload = parse(memoryview(data))

    assert parsed == MembershipQuery(GROUP, 100)
    assert parsed.pack(bytes(payload)) == data


def test_times_are_decoded() -> None:
    query = MembershipQueryV3(max_response_code=0x8F, interval_code=0x90)

    assert (query.max_response, query.interval) == (24.8, 256)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("1164ee", "3 of 4"),
        ("1164ee9b000000", "7 of 8"),
        ("1600 0000 e9fc00", "7 of 8"),
        ("2200 0000 000000", "7 of 8"),
        ("1164 0000 e9fc0001 027d 0001 c00002", "query of 1 sources: 7 of 8"),
        ("2200 0000 0000 0001 010000", "group record 1 of 1"),
    ],
)
def test_refuses_what_is_cut_off(octets: str, words: str) -> None:
    with pytest.raises(TruncatedError, match=words):
        parse(memoryview(bytes.fromhex(octets)))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (MembershipQuery(GROUP, 256), "second octet 256"),
        (MembershipQuery("233.252.0.1"), "'str' object"),  # type: ignore[arg-type]
        (MembershipReportV2(GROUP, -1), "second octet -1"),
        (MembershipQueryV3(robustness=8), "robustness above 7"),
        (MembershipQueryV3(reserved=16), "MembershipQueryV3: .*reserved=16"),
        (MembershipQueryV3(interval_code=256), "interval_code=256"),
        (MembershipQueryV3(sources=(IPv6Address(1), A)), "other family"),  # type: ignore[arg-type]
        (MembershipQueryV3(count=65536), "count=65536"),
        (MembershipReportV3(flags=65536), "flags=65536"),
        (MembershipReportV3(count=-1), "count=-1"),
        (Other(256), "type 256"),
        (Other(1, checksum=65536), "checksum 65536"),
    ],
)
def test_refuses_what_does_not_fit(message: Message, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()


def test_a_group_of_the_other_family_does_not_fit() -> None:
    with pytest.raises(BuildError, match="other family"):
        MembershipReportV2(IPv6Address("ff02::1")).pack()  # type: ignore[arg-type]


def test_counts_that_lie_are_sent_as_they_are_and_stay_payload() -> None:
    lying = IPv4(A, ALL_REPORTS) / MembershipReportV3((GroupRecord(4, GROUP),), count=9)

    read = dissect(bytes(lying))

    assert str(read.error) == "group record 2 of 9: 0 octets"
    assert bytes(read) == bytes(lying)


def test_in_a_frame_it_is_found() -> None:
    frame = (
        Ethernet(b"\x01\x00\x5e\x00\x00\x16", bytes(6)) / IPv4(A, ALL_REPORTS) / LeaveGroup(GROUP)
    )

    assert dissect(bytes(frame), first=Ethernet.parse) == frame


@pytest.mark.alone
def test_the_most_records_are_read_in_time() -> None:
    record = GroupRecord(1, GROUP)
    data = memoryview(MembershipReportV3((record,) * 8000).pack())

    def duration(octets: memoryview) -> float:
        start = time.process_time()
        parse(octets)
        return time.process_time() - start

    half = MembershipReportV3((record,) * 4000).pack()

    assert min(duration(data) for _ in range(3)) < 20 * min(
        duration(memoryview(half)) for _ in range(3)
    )
