"""Packets in lines: to the letter, and as tcpdump has them."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from rawkit.capture.writer import CaptureWriter
from rawkit.cli.packet_lines import Look, PacketLines, Seen, ascii_of, link_size
from rawkit.record import replace
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.link import Direction
from rawkit.wire.llc import LLC
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.cli.seen_packets import (
    FRAME,
    HERE,
    PACKETS,
    STEP,
    TAGGED,
    THERE,
    TIME,
    V4,
    A,
    B,
    seen,
)
from tests.tcpdump import reader

ECHO = PACKETS["echo"]
WORDS = "IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 1, length 64"


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def printed(one: Seen, **look: object) -> str:
    return PacketLines(Look(**look)).of(one)  # type: ignore[arg-type]  # a test's own words


def tcpdump(path: Path, *words: str) -> list[str]:
    command = [*reader(), "-n", "-r", str(path), *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


LOOKS = {
    "": Look(),
    "-e": Look(link=True),
    "-q": Look(quiet=True),
    "-eq": Look(link=True, quiet=True),
    "-#": Look(numbered=True),
    "-t": Look(time=1),
    "-tt": Look(time=2),
    "-ttt": Look(time=3),
    "-tttt": Look(time=4),
    "-ttttt": Look(time=5),
    "--nano": Look(digits=9),
    "--nano -ttt": Look(digits=9, time=3),
    "-x": Look(hexadecimal=1),
    "-xx": Look(hexadecimal=2),
    "-X": Look(text=1),
    "-XX": Look(text=2),
    "-A": Look(plain=1),
    "-eXX": Look(link=True, text=2),
}


@pytest.mark.parametrize(("words", "look"), LOOKS.items(), ids=LOOKS)
def test_packets_of_every_day_are_printed_as_tcpdump_does(
    words: str, look: Look, tmp_path: Path
) -> None:
    packets = {**PACKETS, **(TAGGED if look.link else {})}
    path = tmp_path / "x.pcap"
    with CaptureWriter(path) as writer:
        for place, packet in enumerate(packets.values()):
            writer.write(bytes(packet), TIME + place * STEP)

    lines = PacketLines(look)
    ours = "".join(lines.of(seen(one, number)) for number, one in enumerate(packets.values(), 1))

    assert ours.splitlines() == tcpdump(path, *words.split())


def test_a_packet_is_a_line() -> None:
    assert printed(seen(ECHO)) == f"22:13:20.123456 {WORDS}\n"


def test_a_tag_is_told_in_the_line() -> None:
    assert printed(seen(TAGGED["two tags"]), time=1) == (
        "vlan 6, p 0, vlan 5, p 3, IP 192.0.2.1.1000 > 192.0.2.2.2000: UDP, length 5\n"
    )


@pytest.mark.parametrize(
    ("direction", "word"),
    [
        (Direction.IN, "In "),
        (Direction.OUT, "Out"),
        (Direction.BROADCAST, "B  "),
        (Direction.MULTICAST, "M  "),
        (Direction.OTHER_HOST, "P  "),
        (None, "?  "),
    ],
)
def test_of_all_interfaces_each_line_has_its_own(direction: Direction | None, word: str) -> None:
    one = seen(ECHO, interface="eth0", direction=direction)
    other = seen(ECHO, interface=None, direction=direction)

    assert printed(one, time=1, interface=True) == f"eth0  {word} {WORDS}\n"
    assert printed(other, time=1, interface=True) == f"?     {word} {WORDS}\n"


@pytest.mark.parametrize(
    ("known", "remark"),
    [
        ({"checksum": Checksum.VALID}, ""),
        ({"checksum": Checksum.UNFINISHED}, ""),
        ({"checksum": Checksum.BAD}, " [bad checksum]"),
        ({"super_packet": True}, " [super-packet]"),
        ({"length": 1500}, " [98 of 1500 octets]"),
        (
            {"checksum": Checksum.BAD, "super_packet": True, "length": 1500},
            " [bad checksum] [super-packet] [98 of 1500 octets]",
        ),
    ],
)
def test_what_is_odd_stands_at_the_end_of_the_line(known: dict[str, Any], remark: str) -> None:
    assert printed(seen(ECHO, **known), time=1) == f"{WORDS}{remark}\n"


def test_every_field_is_told_below_the_line() -> None:
    datagram = seen(
        V4 / UDP(1000, 2000) / b"hello", interface="eth0", direction=Direction.IN,
        checksum=Checksum.UNFINISHED,
    )  # fmt: skip

    assert printed(datagram, time=1, tree=True) == (
        "IP 192.0.2.1.1000 > 192.0.2.2.2000: UDP, length 5\n"
        "    packet 1, 47 octets, eth0 in, checksum unfinished\n"
        "    Ethernet\n"
        "      dst              02:00:00:00:01:02\n"
        "      src              02:00:00:00:01:01\n"
        "      ether_type       0x0800 (IPV4)\n"
        "    IPv4\n"
        "      src              192.0.2.1\n"
        "      dst              192.0.2.2\n"
        "      protocol         17 (UDP)\n"
        "      ttl              64\n"
        "      dscp             0\n"
        "      ecn              0\n"
        "      identification   0\n"
        "      dont_fragment    True\n"
        "      more_fragments   False\n"
        "      fragment_offset  0\n"
        "      reserved         False\n"
        "      total_length     33\n"
        "      checksum         0xb6c8\n"
        "    UDP\n"
        "      src_port         1000\n"
        "      dst_port         2000\n"
        "      length           13\n"
        "      checksum         0x2c46\n"
        "    payload of 5 octets\n"
        "      0000  68 65 6c 6c 6f                                    hello\n"
    )


def test_a_tree_and_a_hexdump_may_stand_below_each_other() -> None:
    text = printed(seen(V4 / UDP(1000, 2000) / b"hello"), time=1, tree=True, hexadecimal=1)

    assert "    UDP\n" in text
    assert text.endswith("\t0x0020:  6f\n")


def test_a_frame_with_a_length_says_so() -> None:
    frame = Ethernet(THERE, HERE) / LLC(0x42, 0x42) / bytes(35)

    assert printed(seen(frame), time=1, link=True).startswith(
        "02:00:00:00:01:01 > 02:00:00:00:01:02, 802.3, length 38: LLC"
    )


def test_what_is_not_known_is_told_by_its_number_and_size() -> None:
    frame = Packet((Ethernet(THERE, HERE, 0x88B5),), b"other things")

    assert printed(seen(frame), time=1) == (
        "02:00:00:00:01:01 > 02:00:00:00:01:02, ethertype 0x88b5, length 26\n"
    )
    assert printed(seen(frame), time=1, link=True) == (
        "02:00:00:00:01:01 > 02:00:00:00:01:02, ethertype Unknown (0x88b5), length 26: 12 octets\n"
    )


def test_a_packet_without_a_link_has_no_header_of_one() -> None:
    octets = bytes(IPv4(A, B) / UDP(1, 2) / b"x")
    one = Seen(dissect_ip(octets), octets, 1, TIME, len(octets))

    assert printed(one, time=1, link=True) == "IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1\n"
    assert link_size(one.packet) == 0


def test_an_empty_packet_is_printed_as_well() -> None:
    one = Seen(Packet(), b"", 1, None, 0)

    assert printed(one, link=True, tree=True, text=2, plain=1) == (
        "0 octets\n    packet 1, 0 octets\n"
    )


def test_a_packet_without_a_time_has_none() -> None:
    assert printed(seen(ECHO, time_ns=None), time=3) == f"{WORDS}\n"


def test_a_time_that_goes_back_has_a_sign() -> None:
    lines = PacketLines(Look(time=3))
    lines.of(seen(ECHO, time_ns=TIME))

    assert lines.of(seen(ECHO, time_ns=TIME - 1_000_000)).startswith("-00:00:00.001000 ")


def test_quick_is_quick_over_ipv6_too() -> None:
    segment = PACKETS["echo over IPv6"].headers[:2]
    packet = Packet((*segment[:1], replace(segment[1], next_header=6), TCP(1, 2))) / b"xyz"

    assert printed(seen(packet), time=1, quiet=True) == (
        "IP6 2001:db8::1.1 > 2001:db8::2.2: tcp 3\n"
    )


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"one\r\ntwo\n", "one\ntwo\n"),
        (b"a\rb", "a.b"),
        (b"tab\tstays \x00\x7f\xff", "tab\tstays ..."),
        (b"", ""),
        (b"\x1b[31mred", ".[31mred"),
    ],
)
def test_ascii_has_nothing_that_a_terminal_obeys(octets: bytes, text: str) -> None:
    assert ascii_of(octets) == text


def test_frames_of_the_vlan_have_their_tags_counted_as_link() -> None:
    assert link_size(TAGGED["two tags"]) == 22
    assert link_size(FRAME / IPv4(A, B)) == 14
