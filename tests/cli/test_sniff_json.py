"""``rawkit sniff --json``: every packet with every field."""

import json
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given

from rawkit.cli.packet_fields import as_value, headers_of
from rawkit.cli.packet_lines import Seen
from rawkit.cli.records import HEAD
from rawkit.cli.sniff_json import PARTS, SCHEMA, packet_line, summary_line
from rawkit.engine.capture import CaptureReport
from rawkit.record import fields
from rawkit.wire.address import MAC
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.link import VLAN, Direction
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum
from rawkit.wire.sctp import SCTP, Chunk
from rawkit.wire.tcp import Flags
from tests.cli.seen_packets import PACKETS, TAGGED, V4, seen
from tests.properties.strategies import frames


def told(packet: Packet, *, with_octets: bool = False, **known: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        packet_line("sniff", seen(packet, **known), with_octets=with_octets)  # type: ignore[arg-type]  # a test's own words
    )
    return found


def test_a_packet_is_told_with_every_field() -> None:
    found = told(TAGGED["tag"], interface="eth0", direction=Direction.IN, checksum=Checksum.VALID)

    assert found == {
        "schema": "rawkit/1",
        "command": "sniff",
        "type": "packet",
        "host": None,
        "address": None,
        "number": 1,
        "time": 1700000000.123457,
        "nanoseconds": 123456789,
        "interface": "eth0",
        "direction": "in",
        "frame_length": 51,
        "captured_length": 51,
        "checksum_verdict": "valid",
        "super_packet": False,
        "text": "vlan 5, p 3, IP 192.0.2.1.1000 > 192.0.2.2.2000: UDP, length 5",
        "headers": [
            {
                "header": "Ethernet",
                "fields": {
                    "dst": "02:00:00:00:01:02",
                    "src": "02:00:00:00:01:01",
                    "ether_type": 0x8100,
                },
            },
            {
                "header": "VLANTag",
                "fields": {
                    "ether_type": 0x0800,
                    "id": 5,
                    "priority": 3,
                    "drop_eligible": False,
                    "trailer": "",
                    "length": None,
                },
            },
            {
                "header": "IPv4",
                "fields": {
                    "src": "192.0.2.1",
                    "dst": "192.0.2.2",
                    "protocol": 17,
                    "ttl": 64,
                    "dscp": 0,
                    "ecn": 0,
                    "identification": 0,
                    "dont_fragment": True,
                    "more_fragments": False,
                    "fragment_offset": 0,
                    "options": "",
                    "reserved": False,
                    "trailer": "",
                    "total_length": 33,
                    "checksum": 0xB6C8,
                },
            },
            {
                "header": "UDP",
                "fields": {
                    "src_port": 1000,
                    "dst_port": 2000,
                    "trailer": "",
                    "length": 13,
                    "checksum": 0x2C46,
                },
            },
        ],
        "payload": "68656c6c6f",
        "problem": None,
        "octets": None,
    }


def test_the_fields_are_those_of_the_schema_in_its_order() -> None:
    found = told(PACKETS["echo"])

    assert tuple(found) == (*HEAD, *SCHEMA["packet"])
    assert {tuple(one) for one in found["headers"]} == {PARTS["headers"]}


def test_what_is_not_known_is_null() -> None:
    found = told(PACKETS["echo"], time_ns=None)

    unknown = ("time", "nanoseconds", "interface", "direction", "checksum_verdict", "problem")
    assert {name: found[name] for name in unknown} == dict.fromkeys(unknown)


def test_all_octets_are_told_where_they_are_asked_for() -> None:
    found = told(PACKETS["datagram"], with_octets=True)

    assert found["octets"] == bytes(PACKETS["datagram"]).hex()


def test_a_packet_that_cannot_be_read_to_the_end_says_why() -> None:
    octets = bytes(PACKETS["SYN"])[:40]
    cut = Seen(dissect_frame(octets), octets, 1, None, 58)

    found = json.loads(packet_line("sniff", cut, with_octets=False))

    assert found["problem"] == "TCP: 6 of 20 header octets"
    assert (found["captured_length"], found["frame_length"]) == (40, 58)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Flags.SYN | Flags.ACK, 0x12),
        (MAC(b"\2\0\0\0\0\1"), "02:00:00:00:00:01"),
        (IPv4Address("192.0.2.1"), "192.0.2.1"),
        (b"\x00\xff", "00ff"),
        (Direction.IN, "in"),
        ((1, None, True), [1, None, True]),
        (VLAN(5, 3), {"id": 5, "priority": 3, "drop_eligible": False, "ether_type": 0x8100}),
        ({"odd"}, "{'odd'}"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_is_what_json_can_say(value: object, expected: object) -> None:
    assert as_value(value) == expected


def test_what_is_inside_a_header_is_an_object_as_well() -> None:
    (_, _, sctp) = headers_of(V4 / SCTP(1, 2, 3, (Chunk(1, b"odd"),)) / b"")

    assert isinstance(sctp, dict)
    assert sctp["fields"]["chunks"][0]["value"] == "6f6464"


@given(frames)
def test_every_packet_can_be_told(packet: Packet) -> None:
    found = told(packet)

    assert [one["header"] for one in found["headers"]]
    for header, one in zip(seen(packet).packet.headers, found["headers"], strict=True):
        assert isinstance(header, Header)
        assert tuple(one["fields"]) == tuple(field.name for field in fields(header))


def test_the_summary_has_the_counters() -> None:
    report = CaptureReport(7, 12, 3, 700, {"eth0": 5, "lo": 2}, 1, 2, 1, 0, 1.5, "packet ring", "x")

    found = json.loads(summary_line(report, None, "icmp"))

    assert tuple(found) == (*HEAD, *SCHEMA["summary"])
    assert {name: found[name] for name in SCHEMA["summary"]} == {
        "interface": None,
        "filter": "icmp",
        "captured": 7,
        "passed": 12,
        "dropped": 3,
        "captured_octets": 700,
        "interfaces_heard": [
            {"interface": "eth0", "packets": 5},
            {"interface": "lo", "packets": 2},
        ],
        "bad_checksums": 1,
        "unfinished_checksums": 2,
        "super_packets": 1,
        "cut_packets": 0,
        "listened": 1.5,
        "socket": "packet ring",
        "why": "x",
    }
