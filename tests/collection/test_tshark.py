"""What reads for the collection's tests finds what is wrong."""

import shutil
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from rawkit.capture.writer import CaptureWriter
from rawkit.wire import icmp
from rawkit.wire.address import MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.collection import tshark

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
FRAME = Ethernet(MAC(bytes(6)), MAC(bytes(6)))
QUOTED = bytes(IPv4(A, B, checksum=1) / UDP(1000, 2000, checksum=1) / b"Test")
PACKETS: list[tuple[Packet, list[str], bool]] = [
    (FRAME / IPv4(A, B) / UDP(1000, 2000) / b"Test", [], False),
    (FRAME / IPv4(A, B) / UDP(1000, 2000, checksum=1) / b"Test", ["udp"], False),
    (FRAME / IPv4(A, B, checksum=1) / TCP(1000, 2000, checksum=1), ["ip", "tcp"], False),
    (FRAME / IPv4(A, B) / icmp.Unreachable(3) / QUOTED, [], False),
    (FRAME / IPv4(A, B, checksum=1) / icmp.Unreachable(3) / QUOTED, ["ip"], False),
    (FRAME / IPv4(A, B) / TCP(1000, 2000, data_offset=4), [], True),
    (FRAME / IPv4(A, B) / UDP(1000, 2000, length=4) / b"Test", [], True),
]
"""Packets, whose checksums are not right, and whether there is more to complain about."""


@pytest.mark.skipif(shutil.which("tshark") is None, reason="there is no tshark")
def test_wrong_checksums_and_broken_headers_are_found_but_not_in_what_an_error_quotes(
    tmp_path: Path,
) -> None:
    file = tmp_path / "frames.pcapng"
    with CaptureWriter(file) as writer:
        for number, (packet, _, _) in enumerate(PACKETS):
            writer.write(bytes(packet), number)

    readings = tshark.read(file)

    assert [one.octets for one in readings] == [bytes(packet) for packet, _, _ in PACKETS]
    for reading, (packet, doubtful, broken) in zip(readings, PACKETS, strict=True):
        assert reading.doubtful == [f"{name}.checksum.status" for name in doubtful], packet
        assert bool(reading.complaints) is broken, packet
