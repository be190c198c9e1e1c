"""MLD messages, on the wire and off it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire import icmpv6
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import HopByHop
from rawkit.wire.icmpv6 import Message
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.membership import GroupRecord, RecordType
from rawkit.wire.mld import (
    ALL_REPORTS,
    ListenerDone,
    ListenerQuery,
    ListenerQueryV2,
    ListenerReport,
    ListenerReportV2,
)
from rawkit.wire.received import Checksum
from rawkit.wire.verify import verdict

GROUP, A = IPv6Address("ff05::1234"), IPv6Address("2001:db8::1")
ON_LINK = IPv6Address("fe80::f41f:f3ff:fee2:bb10")
GROUP_OCTETS = "ff05 0000 0000 0000 0000 0000 0000 1234"
A_OCTETS = "2001 0db8 0000 0000 0000 0000 0000 0001"

# One table, read in both directions; the octets are laid out by hand from RFC 2710 §3 and
# RFC 3810 §5.
VECTORS = [
    pytest.param(ListenerQuery(), f"8200 .... 2710 0000 {'00' * 16}", id="general query"),
    pytest.param(
        ListenerQuery(GROUP, 65535, 255, 65535), f"82ff .... ffff ffff {GROUP_OCTETS}", id="query"
    ),
    pytest.param(ListenerReport(GROUP), f"8300 .... 0000 0000 {GROUP_OCTETS}", id="report"),
    pytest.param(
        ListenerDone(GROUP, 1, 0xDEADBEEF), f"8401 .... dead beef {GROUP_OCTETS}", id="done"
    ),
    pytest.param(
        ListenerQueryV2(), f"8200 .... 2710 0000 {'00' * 16} 02 7d 0000", id="query, version 2"
    ),
    pytest.param(
        ListenerQueryV2(GROUP, (A,), 0xFFFF, True, 7, 0xFF, 0xFF, 0xFFFF, 0xF),
        f"82ff .... ffff ffff {GROUP_OCTETS} ff ff 0001 {A_OCTETS}", id="query for sources",
    ),
    pytest.param(ListenerReportV2(), "8f00 .... 0000 0000", id="report about nothing"),
    pytest.param(
        ListenerReportV2((GroupRecord(1, GROUP, (A,), b"aux!"),), 0xFF, 0xFFFF),
        f"8fff .... ffff 0001 01010001 {GROUP_OCTETS} {A_OCTETS} 61757821", id="report, version 2",
    ),
]  # fmt: skip

# Sent by Linux 6.18: by a new interface, when a socket joined a group and when it left it;
# then the same under force_mld_version=1. All behind a router alert.
NEW, FROM = "00000000000000000000000000000000", "fe80000000000000f41ff3fffee2bb10"
REPORTS, ALERT = "ff020000000000000000000000000016", "3a00050200000100"
FROM_LINUX = [
    (
        f"6000000000380001 {NEW} {REPORTS} {ALERT} 8f00b17c00000002"
        "04000000 ff0200000000000000000001ffe2bb10 04000000 ff0200000000000000000001ff000001",
        ListenerReportV2(
            tuple(
                GroupRecord(RecordType.CHANGE_TO_EXCLUDE_MODE, IPv6Address(group))
                for group in ("ff02::1:ffe2:bb10", "ff02::1:ff00:1")
            )
        ),
    ),
    (
        f"6000000000240001 {FROM} {REPORTS} {ALERT} 8f00bbc000000001 04000000 {GROUP_OCTETS}",
        ListenerReportV2((GroupRecord(RecordType.CHANGE_TO_EXCLUDE_MODE, GROUP),)),
    ),
    (
        f"6000000000240001 {FROM} {REPORTS} {ALERT} 8f00bcc000000001 03000000 {GROUP_OCTETS}",
        ListenerReportV2((GroupRecord(RecordType.CHANGE_TO_INCLUDE_MODE, GROUP),)),
    ),
    (
        f"6000000000200001 {FROM} {GROUP_OCTETS} {ALERT} 8300b9a400000000 {GROUP_OCTETS}",
        ListenerReport(GROUP),
    ),
    (
        f"6000000000200001 {FROM} ff020000000000000000000000000002 {ALERT} 8400cad900000000"
        f"{GROUP_OCTETS}",
        ListenerDone(GROUP),
    ),
]


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_packs_to(message: Message, octets: str) -> None:
    assert message.pack() == bytes.fromhex(octets.replace("....", "0000"))


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_parses_from(message: Message, octets: str) -> None:
    data = bytes.fromhex(octets.replace("....", "dead"))

    parsed, payload = icmpv6.parse(memoryview(data))

    assert (parsed, bytes(payload)) == (message, b"")
    assert parsed.pack() == data


@pytest.mark.parametrize(("octets", "message"), FROM_LINUX)
def test_what_linux_sends_is_read_and_built(octets: str, message: Message) -> None:
    data = bytes.fromhex(octets)

    read = dissect_ip(data)

    assert read.headers[2:] == (message,)
    assert verdict(read) is Checksum.VALID
    assert bytes(read[IPv6] / read[HopByHop] / message) == data


def test_additional_data_is_the_payload() -> None:
    packet = IPv6(ON_LINK, ALL_REPORTS) / ListenerReportV2((GroupRecord(4, GROUP),)) / b"more"

    read = dissect_ip(bytes(packet))

    assert (read, read.payload) == (packet, b"more")
    assert verdict(read) is Checksum.VALID


@pytest.mark.parametrize("size", range(24, 28))
def test_a_query_of_less_than_28_octets_is_an_old_one(size: int) -> None:
    data = ListenerQueryV2(GROUP).pack()[:size]

    parsed, payload = icmpv6.parse(memoryview(data))

    assert parsed == ListenerQuery(GROUP)
    assert parsed.pack(bytes(payload)) == data


def test_times_are_decoded() -> None:
    query = ListenerQueryV2(max_response_code=0x8001, interval_code=0x8F)

    assert (query.max_response, query.interval) == (32.776, 248)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (f"8200 0000 2710 0000 {'00' * 15}", "23 of 24"),
        ("8300 0000 0000 0000", "8 of 24"),
        (f"8200 0000 2710 0000 {'00' * 16} 027d 0001", "query of 1 sources: 4 of 20"),
        ("8f00 0000 0000 0001", "group record 1 of 1"),
    ],
)
def test_refuses_what_is_cut_off(octets: str, words: str) -> None:
    with pytest.raises(TruncatedError, match=words):
        icmpv6.parse(memoryview(bytes.fromhex(octets)))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (ListenerQuery(max_response_delay=65536), "max_response_delay=65536"),
        (ListenerQuery(reserved=-1), "reserved=-1"),
        (ListenerQuery(code=256), "code 256"),
        (ListenerReport(GROUP, reserved=1 << 32), "reserved=4294967296"),
        (ListenerReport("ff02::1"), "'str' object"),  # type: ignore[arg-type]
        (ListenerDone(IPv4Address("233.252.0.1")), "other family"),  # type: ignore[arg-type]
        (ListenerQueryV2(robustness=-1), "robustness above 7"),
        (ListenerQueryV2(reserved_bits=16), "reserved_bits=16"),
        (ListenerReportV2(flags=65536), "flags=65536"),
        (ListenerReportV2(count=65536), "count=65536"),
    ],
)
def test_refuses_what_does_not_fit(message: Message, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        message.pack()
