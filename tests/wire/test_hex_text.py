"""Packets in hexadecimal, from every dump that people paste."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.cli.packet_lines import hex_rows
from rawkit.errors import NotationError
from rawkit.wire.hex_text import looks_like_hex, read_hex
from rawkit.wire.link_guess import link_of
from rawkit.wire.link_types import LinkType
from rawkit.wire.text import hexdump

OCTETS = bytes.fromhex(
    "4500002a000740004011b6b3c0000201c00002079c400007001600006162206364204546203031203233"
)
"""A datagram whose text looks like hexadecimal: "ab cd EF 01 23"."""

# Each as the program printed it; xxd 2022-01-14, util-linux 2.38, coreutils 9.1,
# tcpdump 4.99, tshark 4.0.
DUMPS = {
    "bare": OCTETS.hex(),
    "apart": OCTETS.hex(" "),
    "colons": OCTETS.hex(":"),
    "0x": "0x" + OCTETS.hex().upper(),
    "words": OCTETS.hex(" ", 2),
    "C": "{ " + ", ".join(f"0x{octet:02x}" for octet in OCTETS) + " };",
    "string": '"' + "".join(f"\\x{octet:02x}" for octet in OCTETS) + '"',
    "Python": "[" + ", ".join(f"'{octet:#04x}'" for octet in OCTETS) + "]",
    "xxd": """\
00000000: 4500 002a 0007 4000 4011 b6b3 c000 0201  E..*..@.@.......
00000010: c000 0207 9c40 0007 0016 0000 6162 2063  .....@......ab c
00000020: 6420 4546 2030 3120 3233                 d EF 01 23
""",
    "xxd -g 1 -c 8": """\
00000000: 45 00 00 2a 00 07 40 00  E..*..@.
00000008: 40 11 b6 b3 c0 00 02 01  @.......
00000010: c0 00 02 07 9c 40 00 07  .....@..
00000018: 00 16 00 00 61 62 20 63  ....ab c
00000020: 64 20 45 46 20 30 31 20  d EF 01\x20
00000028: 32 33                    23
""",
    "xxd -c 32": """\
00000000: 4500 002a 0007 4000 4011 b6b3 c000 0201 c000 0207 9c40 0007 0016 0000 6162 2063  E..*ab c
00000020: 6420 4546 2030 3120 3233                                                         d EF 01
""",
    "xxd -p": """\
4500002a000740004011b6b3c0000201c00002079c400007001600006162
206364204546203031203233
""",
    "xxd -i": """\
unsigned char v_bin[] = {
  0x45, 0x00, 0x00, 0x2a, 0x00, 0x07, 0x40, 0x00, 0x40, 0x11, 0xb6, 0xb3,
  0xc0, 0x00, 0x02, 0x01, 0xc0, 0x00, 0x02, 0x07, 0x9c, 0x40, 0x00, 0x07,
  0x00, 0x16, 0x00, 0x00, 0x61, 0x62, 0x20, 0x63, 0x64, 0x20, 0x45, 0x46,
  0x20, 0x30, 0x31, 0x20, 0x32, 0x33
};
unsigned int v_bin_len = 42;
""",
    "hexdump -C": """\
00000000  45 00 00 2a 00 07 40 00  40 11 b6 b3 c0 00 02 01  |E..*..@.@.......|
00000010  c0 00 02 07 9c 40 00 07  00 16 00 00 61 62 20 63  |.....@......ab c|
00000020  64 20 45 46 20 30 31 20  32 33                    |d EF 01 23|
0000002a
""",
    "od -A x -t x1z": """\
000000 45 00 00 2a 00 07 40 00 40 11 b6 b3 c0 00 02 01  >E..*..@.@.......<
000010 c0 00 02 07 9c 40 00 07 00 16 00 00 61 62 20 63  >.....@......ab c<
000020 64 20 45 46 20 30 31 20 32 33                    >d EF 01 23<
00002a
""",
    "tcpdump -X": """\
20:13:55.474309 IP 192.0.2.1.40000 > 192.0.2.7.7: UDP, length 14
\t0x0000:  4500 002a 0007 4000 4011 b6b3 c000 0201  E..*..@.@.......
\t0x0010:  c000 0207 9c40 0007 0016 0000 6162 2063  .....@......ab.c
\t0x0020:  6420 4546 2030 3120 3233                 d.EF.01.23
""",
    "tshark -x": """\
0000  45 00 00 2a 00 07 40 00 40 11 b6 b3 c0 00 02 01   E..*..@.@.......
0010  c0 00 02 07 9c 40 00 07 00 16 00 00 61 62 20 63   .....@......ab c
0020  64 20 45 46 20 30 31 20 32 33                     d EF 01 23

""",
}


@pytest.mark.parametrize("name", DUMPS)
def test_every_dump_is_read(name: str) -> None:
    assert read_hex(DUMPS[name]) == (OCTETS,)
    assert looks_like_hex(DUMPS[name]) or "\n" in DUMPS[name]


@given(st.binary(min_size=1, max_size=70))
def test_our_own_dumps_are_read(octets: bytes) -> None:
    assert read_hex(hexdump(octets)) == (octets,)
    for with_text in (False, True):
        rows = "\n".join(hex_rows(octets, with_text=with_text))
        assert read_hex(f"IP 192.0.2.1 > 192.0.2.7\n{rows}\n") == (octets,)


@given(st.text(alphabet="0123456789abcdefxX: \t\n\\-|z", max_size=80))
def test_any_text_is_read_or_refused_with_a_column(text: str) -> None:
    try:
        found = read_hex(text)
    except NotationError as error:
        found, column, line = (b"?",), error.column, error.text
        assert 0 <= column <= len(line)

    assert all(found)


def test_a_dump_may_hold_several_packets() -> None:
    dump = f"first\n{DUMPS['tcpdump -X']}second\n{DUMPS['tcpdump -X']}"

    assert read_hex(dump) == (OCTETS, OCTETS)
    assert read_hex(DUMPS["tshark -x"] * 3) == (OCTETS,) * 3


def test_bare_packets_stand_apart_by_empty_lines() -> None:
    assert read_hex("4500\n0001\n\n6000\n\n\n") == (b"\x45\0\0\1", b"\x60\0")


def test_rows_that_hexdump_leaves_out_are_put_back() -> None:
    dump = "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
    dump += "*\n00000030  41 42                                             |AB|\n00000032\n"

    assert read_hex(dump) == (bytes(48) + b"AB",)


def test_nothing_holds_no_packet() -> None:
    assert read_hex("") == read_hex(" \n \n") == ()


def test_zeros_in_groups_are_octets_and_no_offsets() -> None:
    assert read_hex("0000 0000 0000 0000 0000 0000 0800 4500") == (bytes(12) + b"\x08\0\x45\0",)


WRONG = [
    ("4500zz", "hex: 'z' is no hex digit (column 5)", "4500zz\n    ^"),
    ("45 0", "hex: 1 hex digits: an octet has two (column 4)", "45 0\n   ^"),
    ("450", "hex: 3 hex digits: an octet has two (column 1)", "450\n^"),
    ("0x45, 0xg1", "hex: 'g' is no hex digit (column 9)", "0x45, 0xg1\n        ^"),
    ("45 00\n0o", "hex: line 2: '0' …", ""),
    ("0000  45 00\n0010  45", "hex: line 2: offset 0x10, and 0x2 octets before it (column 1)",
     "0010  45\n^"),
    ("0000: 4500 00z0", "hex: 'z' is no hex digit (column 14)", "0000: 4500 00z0\n             ^"),
    ("0000: 4500 000", "hex: 3 hex digits: an octet has two (column 12)",
     "0000: 4500 000\n           ^"),
    ("{ 0x45,\n  0xqq }", "hex: line 2: 'q' is no hex digit (column 5)", "  0xqq \n    ^"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said", "pointed"), WRONG)
def test_what_is_no_octet_is_pointed_at(text: str, said: str, pointed: str) -> None:
    with pytest.raises(NotationError) as caught:
        read_hex(text)

    if pointed:
        assert str(caught.value) == said
        assert caught.value.pointed() == pointed
    else:
        assert str(caught.value).startswith("hex: line 2: ")


NO_HEX = ["x.pcap", "icmp", "4", "", "dump/4500", "udp port 53"]


@pytest.mark.parametrize("word", NO_HEX)
def test_a_word_that_is_something_else_does_not_look_like_hex(word: str) -> None:
    assert not looks_like_hex(word)


FRAME = bytes.fromhex("020000000002020000000001")
LINKS = [
    pytest.param(OCTETS, LinkType.RAW, id="IPv4"),
    pytest.param(OCTETS[:30], LinkType.RAW, id="IPv4, cut short"),
    pytest.param(b"\x45" + OCTETS[1:9] + b"\xff" + OCTETS[10:], LinkType.RAW, id="bad checksum"),
    pytest.param(bytes.fromhex("60000000 0004 3b 40") + bytes(36), LinkType.RAW, id="IPv6"),
    pytest.param(bytes.fromhex("60000000 00ff 3b 40") + bytes(36), LinkType.RAW, id="IPv6, cut"),
    pytest.param(FRAME + b"\x08\0" + OCTETS, LinkType.ETHERNET, id="frame"),
    pytest.param(b"\x45" + FRAME[1:] + b"\x08\0" + OCTETS, LinkType.ETHERNET, id="frame to 45:…"),
    pytest.param(b"\x64" + FRAME[1:] + b"\x08\x06" + bytes(29), LinkType.ETHERNET, id="to 64:…"),
    pytest.param(FRAME + b"\x88\xcc" + bytes(30), LinkType.ETHERNET, id="LLDP"),
    pytest.param(FRAME + b"\x00\x26" + bytes(38), LinkType.ETHERNET, id="802.3"),
    pytest.param(bytes.fromhex("450000140000000040 00 0000 0800 4501 c0000207"), LinkType.RAW,
                 id="from 8.0.69.1, whose checksum is bad"),
    pytest.param(b"\x45\0", LinkType.RAW, id="two octets"),
    pytest.param(b"", LinkType.RAW, id="none"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "link"), LINKS)
def test_what_octets_begin_with_is_guessed(octets: bytes, link: LinkType) -> None:
    assert link_of(octets) is link
