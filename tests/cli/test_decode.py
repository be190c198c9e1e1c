"""``rawkit decode``: what it prints, to the letter."""

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter
from rawkit.cli.decode_options import TABLE
from rawkit.wire import icmp
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.cooked import LinuxCooked2
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from tests.cli.decoded import NOON, Decode, runner, written
from tests.cli.seen_packets import FRAME, PACKETS, TAGGED, A, B
from tests.tcpdump import reader

ECHO = IPv4(A, B, identification=1) / icmp.EchoRequest(1, 1)
ECHO_HEX = "4500 001c 0001 4000 4001 b6dc c000 0201 c000 0202 0800 f7fd 0001 0001"
ECHO_LINE = "IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 1, length 8\n"
ASKED = IPv4(A, B) / UDP(40000, 53) / b"hello"
ASKED_LINE = "IP 192.0.2.1.40000 > 192.0.2.2.53: UDP, length 5\n"


@pytest.fixture
def decode(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Decode:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    run = runner(monkeypatch, capfdbinary)
    return lambda *words, **more: run("decode", *words, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "x.pcap", [ECHO, ASKED, ECHO, ASKED])


def test_a_capture_in_lines(decode: Decode, path: Path) -> None:
    assert decode(path) == (
        0,
        f"12:00:00.000000 {ECHO_LINE}12:00:00.000001 {ASKED_LINE}"
        f"12:00:00.000002 {ECHO_LINE}12:00:00.000003 {ASKED_LINE}",
        "",
    )


def test_the_remaining_words_are_a_filter(decode: Decode, path: Path) -> None:
    assert decode("-t", path, "udp", "port", "53") == (0, ASKED_LINE * 2, "")
    assert decode("-t", "-c", "1", path, "udp port 53") == (0, ASKED_LINE, "")
    assert decode("-#t", path, "icmp") == (0, f"    1  {ECHO_LINE}    3  {ECHO_LINE}", "")
    assert decode(path, "tcp") == (1, "", "")


def test_a_filter_may_come_from_a_file_or_be_a_program(
    decode: Decode, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "filter").write_text("icmp # pings\n")

    assert decode("-tF", tmp_path / "filter", path) == (0, ECHO_LINE * 2, "")
    assert decode("-t", "--bpf", "1,6 0 0 0", path) == (1, "", "")
    code, _, err = decode("-F", tmp_path / "filter", path, "udp")
    assert (code, err) == (
        2, "rawkit decode: the filter comes from one place: not from -F and the words\n"
    )  # fmt: skip


def test_a_filter_that_makes_no_sense_is_pointed_at(decode: Decode, path: Path) -> None:
    assert decode(path, "udp prt 53") == (
        2,
        "",
        "rawkit decode: filter: 'prt' is no word of filters; did you mean 'port'? (column 5)\n"
        "udp prt 53\n    ^^^\n",
    )


def test_times_are_written_as_tcpdump_does(decode: Decode, tmp_path: Path) -> None:
    path = written(tmp_path / "x.pcap", [ECHO, ECHO], step=61_000_000_001)
    starts = {
        "-q": ["12:00:00.000000 ", "12:01:01.000000 "],
        "-tt": ["1700049600.000000 ", "1700049661.000000 "],
        "-ttt": [" 00:00:00.000000 ", " 00:01:01.000000 "],
        "-tttt": ["2023-11-15 12:00:00.000000 ", "2023-11-15 12:01:01.000000 "],
        "--nano": ["12:00:00.000000000 ", "12:01:01.000000001 "],
    }
    for option, (first, second) in starts.items():
        assert decode(option, path) == (0, f"{first}{ECHO_LINE}{second}{ECHO_LINE}", "")


HEXES = {
    "groups": ECHO_HEX,
    "bare": ECHO_HEX.replace(" ", ""),
    "dump": "0x0000:  4500 001c 0001 4000 4001 b6dc c000 0201  E.......\n"
    "\t0x0010:  c000 0202 0800 f7fd 0001 0001            ........",
    "program": "\\x" + "\\x".join(bytes(ECHO).hex(" ").split()),
}


@pytest.mark.parametrize("name", HEXES)
def test_octets_in_hexadecimal(decode: Decode, name: str) -> None:
    assert decode(HEXES[name]) == (0, ECHO_LINE, "")
    assert decode("-", stdin=HEXES[name].encode()) == (0, ECHO_LINE, "")


def test_octets_need_no_quotes_and_a_file_may_hold_them(decode: Decode, tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(ECHO_HEX)

    assert decode(*ECHO_HEX.split()) == (0, ECHO_LINE, "")
    assert decode(*ECHO_HEX.split(), "icmp") == (0, ECHO_LINE, "")
    assert decode(*ECHO_HEX.split(), "udp") == (1, "", "")
    assert decode(tmp_path / "dump.txt") == (0, ECHO_LINE, "")


def test_what_hexadecimal_begins_with_is_guessed_or_said(decode: Decode) -> None:
    frame = bytes(FRAME / ECHO).hex()

    assert decode(frame) == (0, ECHO_LINE, "")
    assert decode("--link", "ethernet", frame) == (0, ECHO_LINE, "")
    assert decode("--link", "ip", frame)[1] == "42 octets [IPv4: version field says 0]\n"
    cooked = LinuxCooked2(4, 1, b"\2\0\0\0\0\1") / ECHO
    assert decode("--link", "sll2", bytes(cooked).hex())[1].endswith(ECHO_LINE)
    assert decode("--link", "276", bytes(cooked).hex())[1].endswith(ECHO_LINE)


WRONG_HEX = [
    ("4500zz", "rawkit decode: hex: 'z' is no hex digit (column 5)\n4500zz\n    ^\n"),
    ("4500 1", "rawkit decode: hex: 1 hex digits: an octet has two (column 6)\n4500 1\n     ^\n"),
    ("0000  45 00\n0020  00", "rawkit decode: hex: line 2: offset 0x20, and 0x2 octets before it"
     " (column 1)\n0020  00\n^\n"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "said"), WRONG_HEX)
def test_what_is_no_octet_is_pointed_at(decode: Decode, word: str, said: str) -> None:
    assert decode(word) == (2, "", said)


def test_what_is_no_capture_says_why(decode: Decode, tmp_path: Path) -> None:
    text, image, empty = tmp_path / "note.txt", tmp_path / "x.png", tmp_path / "empty.pcap"
    text.write_text("\nhello, world\n")
    image.write_bytes(b"\x89PNG\r\n")
    empty.write_bytes(b"")

    for words, said in (
        ([text], f"{text}: no capture file, and as hex: line 2: 'h' is no hex digit (column 1)\n"
         "hello, world\n^"),
        ([image], f"{image}: no capture file: it begins with 89 50 4e 47, as neither pcap nor"
         " pcapng"),
        ([empty], f"{empty}: no octets, and no capture file"),
        (["nowhere.pcap"], "nowhere.pcap: no such file, and no octets in hexadecimal"),
        ([tmp_path], f"{tmp_path}: Is a directory"),
        ([], "no FILE, - or HEX (rawkit decode --help)"),
        (["--from-hex", "hello"], "hex: 'h' is no hex digit (column 1)\nhello\n^"),
    ):  # fmt: skip
        assert decode(*words) == (2, "", f"rawkit decode: {said}\n")


def test_a_file_that_breaks_off_is_told_after_what_is_good(decode: Decode, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])

    code, out, err = decode("-t", path)

    assert (code, out) == (2, ECHO_LINE + ASKED_LINE + ECHO_LINE)
    assert err == (
        f"rawkit decode: {path}: it breaks off after 30 of 33 octets of a packet"
        " (octet 161, behind 3 packets)\n"
    )


def test_a_capture_without_packets_has_none(decode: Decode, tmp_path: Path) -> None:
    assert decode(written(tmp_path / "x.pcapng", [])) == (1, "", "")


def test_standard_input_may_be_a_capture_even_a_compressed_one(decode: Decode, path: Path) -> None:
    octets = path.read_bytes()

    assert decode("-tc1", "-", stdin=octets) == (0, ECHO_LINE, "")
    assert decode("-tc1", "-", stdin=gzip.compress(octets)) == (0, ECHO_LINE, "")
    assert decode("-tc1", "-r", "-", "udp", stdin=octets) == (0, ASKED_LINE, "")


@pytest.mark.parametrize("options", [["-n"], ["-nv"], ["-ne"], ["-nx"], ["-nXX"], ["-nA"], ["-nq"]])
def test_lines_and_dumps_are_those_of_tcpdump(
    decode: Decode, tmp_path: Path, options: list[str]
) -> None:
    if options == ["-nv"]:
        options = ["-n"]  # theirs has other words; ours has a test of its own
    names = [name for name in PACKETS if options != ["-nq"] or "SYN" in name or "datagram" in name]
    packets = [PACKETS[name] for name in names]
    path = written(tmp_path / "x.pcap", packets, link_type=LinkType.ETHERNET)

    command = [*reader(), *options, "-S", "-r", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert decode(*options, path)[1] == ran.stdout


def test_every_field_one_a_line(decode: Decode) -> None:
    assert decode("-v", ECHO_HEX) == (0, f"""\
{ECHO_LINE}    packet 1, 28 octets, checksum valid
    IPv4
      src              192.0.2.1
      dst              192.0.2.2
      protocol         1 (ICMP)
      ttl              64
      dscp             0
      ecn              0
      identification   1
      dont_fragment    True
      more_fragments   False
      fragment_offset  0
      reserved         False
      total_length     28
      checksum         0xb6dc
    EchoRequest
      identifier       1
      sequence         1
      code             0
      checksum         0xf7fd
""", "")  # fmt: skip


def test_checksums_are_verified(decode: Decode, tmp_path: Path) -> None:
    segment = TCP(1, 2, 7, flags=Flags.ACK)
    pseudo = internet_checksum(IPv4(A, B).pseudo_header(20, 6)) ^ 0xFFFF
    packets = [
        IPv4(A, B) / segment,
        IPv4(A, B) / TCP(1, 2, 7, flags=Flags.ACK, checksum=0xDEAD),
        IPv4(A, B) / TCP(1, 2, 7, flags=Flags.ACK, checksum=pseudo),
    ]
    path = written(tmp_path / "x.pcap", packets)
    line = "IP 192.0.2.1.1 > 192.0.2.2.2: Flags [.], ack 0, win 64240, length 0"

    assert decode("-t", path)[1] == f"{line}\n{line} [bad checksum]\n{line}\n"
    assert decode("-tK", path)[1] == f"{line}\n" * 3
    told = [row for row in decode("-v", path)[1].splitlines() if row.startswith("    packet")]
    assert told == [
        "    packet 1, 40 octets, checksum valid",
        "    packet 2, 40 octets, checksum bad",
        "    packet 3, 40 octets, checksum unfinished",
    ]


CUT = [
    (IPv4(A, B) / UDP(40000, 53) / bytes(1000), 28,
     "IP 192.0.2.1.40000 > 192.0.2.2.53: UDP, length 1000 [28 of 1028 octets]\n"),
    (IPv4(A, B) / TCP(1, 2, 7, 9, Flags.ACK) / bytes(1000), 50,
     "IP 192.0.2.1.1 > 192.0.2.2.2: Flags [.], seq 7:1007, ack 9, win 64240, length 1000"
     " [50 of 1040 octets]\n"),
    (ECHO / bytes(56), 40,
     "IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 1, length 64 [40 of 84 octets]\n"),
    (IPv4(A, B) / TCP(1, 2), 24,
     "IP 192.0.2.1 > 192.0.2.2: ip-proto-6 20 [TCP: 4 of 20 header octets] [24 of 40 octets]\n"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "kept", "line"), CUT)
def test_of_what_was_cut_short_the_lengths_are_those_on_the_link(
    decode: Decode, tmp_path: Path, packet: Packet, kept: int, line: str
) -> None:
    path = written(tmp_path / "x.pcap", [packet], kept=kept)

    assert decode("-t", path) == (0, line, "")
    found = json.loads(decode("--json", path)[1].splitlines()[0])
    assert found["checksum_verdict"] is None
    assert line.startswith(found["text"])
    assert found["payload"] == bytes(packet)[kept - len(found["payload"]) // 2 : kept].hex()


def test_json_has_every_field(decode: Decode, tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    with CaptureWriter(path) as writer:
        eth0 = writer.add_interface(LinkType.ETHERNET, name="eth0")
        octets = bytes(TAGGED["tag"])
        writer.write(octets, NOON + 1, interface=eth0, direction=Direction.OUT)
    code, out, _ = decode("--json", "-x", path, "vlan 5")
    packet, summary = map(json.loads, out.splitlines())

    assert code == 0
    assert packet.pop("headers")[1] == {
        "header": "VLANTag",
        "fields": {"ether_type": 2048, "id": 5, "priority": 3, "drop_eligible": False,
                   "trailer": "", "length": None},
    }  # fmt: skip
    assert packet == {
        "schema": "rawkit/1", "command": "decode", "type": "packet", "host": None,
        "address": None, "number": 1, "time": 1700049600.0, "nanoseconds": 1,
        "interface": "eth0", "direction": "out", "frame_length": 51, "captured_length": 51,
        "checksum_verdict": "valid", "super_packet": None,
        "text": packet["text"], "payload": b"hello".hex(), "problem": None,
        "octets": octets.hex(), "layers": None,
    }  # fmt: skip
    assert summary == {
        "schema": "rawkit/1", "command": "decode", "type": "summary", "host": None,
        "address": None, "file": str(path), "filter": "vlan 5", "read_packets": 1, "passed": 1,
        "captured_octets": 51, "covered": 0.0, "bad_checksums": 0, "unfinished_checksums": 0,
        "cut_packets": 0, "unread_packets": 0, "problem": None,
    }  # fmt: skip


def test_statistics_instead_of_packets(decode: Decode, tmp_path: Path) -> None:
    packets = [
        FRAME / IPv4(A, B) / UDP(40000, 53) / b"hello",
        Ethernet(FRAME.src, FRAME.dst) / IPv4(B, A) / UDP(53, 40000) / b"hello, too",
        FRAME / IPv4(A, B) / UDP(1, 2, checksum=9),
        PACKETS["ARP reply"],
    ]
    path = written(tmp_path / "x.pcap", packets, link_type=LinkType.ETHERNET, step=500_000_000)

    assert decode("--stats", path) == (0, """\
4 packets, 183 octets in 1.500000 s: 2.7 packets/s, 976 bit/s
  1 with a bad checksum

packets        octets  protocol
      4           183  Ethernet
      1            42    ARP
      3           141    IPv4
      3           141      UDP

packets        octets  packets        octets      seconds  conversation
      1 >          47        1 <          52     0.500000  UDP 192.0.2.1:40000 <> 192.0.2.2:53
      1 >          42        0 <           0     0.000000  UDP 192.0.2.1:1 <> 192.0.2.2:2
      1 >          42        0 <           0     0.000000  Ethernet 02:00:00:00:01:01 <> \
02:00:00:00:01:02
""", "")  # fmt: skip
    assert decode("-t", "--stats", "--print", path, "arp")[1].startswith("ARP, Reply 192.0.2.1")


def test_statistics_in_json_are_lines_of_their_own(decode: Decode, path: Path) -> None:
    found = [json.loads(line) for line in decode("--json", "--stats", path)[1].splitlines()]

    assert [one["type"] for one in found] == ["protocol"] * 3 + ["talk"] * 2 + ["summary"]
    assert (found[1]["chain"], found[1]["packet_count"]) == (["IPv4", "ICMP"], 2)
    assert (found[3]["protocol"], found[3]["first_port"], found[3]["forth_octets"]) == (
        "UDP", 40000, 66
    )  # fmt: skip
    assert (found[4]["protocol"], found[4]["first_port"]) == ("ICMP", None)


def test_many_conversations_are_not_all_printed(decode: Decode, tmp_path: Path) -> None:
    packets = [IPv4(A, B) / UDP(port, 53) for port in range(25)]
    _, out, _ = decode("--stats", written(tmp_path / "x.pcap", packets))

    assert out.endswith("and 5 more conversations (--json has them all)\n")
    assert out.count(" <> ") == 20


def test_what_passes_is_copied_with_all_that_is_around_it(decode: Decode, tmp_path: Path) -> None:
    source, target = tmp_path / "x.pcapng", tmp_path / "y.pcapng"
    with CaptureWriter(source, comments=("keep me",)) as writer:
        tun0 = writer.add_interface(LinkType.RAW, name="tun0")
        for number, packet in enumerate((ECHO, ASKED)):
            comments = ("and me",) if number else ()
            writer.write(bytes(packet), NOON + number, interface=tun0, comments=comments)

    assert decode("-w", target, source, "udp") == (
        0, "", f"1 of 2 packets written to {target}\n"
    )  # fmt: skip
    copy = read_capture(target)
    (copied,) = copy
    assert (copied.octets, copied.time_ns, copied.comments) == (bytes(ASKED), NOON + 1, ("and me",))
    assert copy.sections[0].comments == ("keep me",)
    assert [one.name for one in copy.interfaces] == ["tun0"]
    assert decode("-tw", target, "--print", source)[1] == ECHO_LINE + ASKED_LINE


def test_a_copy_may_go_to_standard_output(decode: Decode, path: Path) -> None:
    code, out, err = decode("-w", "-", path, "icmp")

    assert (code, err) == (0, "2 of 4 packets written to -\n")
    assert decode("-t", "-", stdin=out.encode(errors="surrogateescape")) == (0, ECHO_LINE * 2, "")


def test_hexadecimal_may_be_written_to_a_capture(decode: Decode, tmp_path: Path) -> None:
    target = tmp_path / "y.pcapng"

    code, _, err = decode("-w", target, ECHO_HEX)

    assert code == 0, err
    assert [one.octets for one in read_capture(target)] == [bytes(ECHO)]


def test_the_file_that_is_read_is_not_overwritten(decode: Decode, path: Path) -> None:
    before = path.read_bytes()

    assert decode("-w", path, path) == (
        2, "", f"rawkit decode: {path} is what is read: write to another file\n"
    )  # fmt: skip
    assert path.read_bytes() == before


DNS = bytes.fromhex("000101000001000000000000") + b"\7example\3org\0" + b"\0\1\0\1"


def test_scapy_reads_what_is_inside(decode: Decode, tmp_path: Path) -> None:
    pytest.importorskip("scapy")
    query = FRAME / IPv4(A, B) / UDP(40000, 53) / DNS
    path = written(tmp_path / "x.pcap", [query], link_type=LinkType.ETHERNET)
    line = "IP 192.0.2.1.40000 > 192.0.2.2.53: UDP, length 29\n"

    code, out, _ = decode("-t", "--deep", path)
    assert (code, out.partition("    ")[0]) == (0, line)
    assert out.splitlines()[1].startswith("    DNS: DNS Qry")
    assert "example.org" in out
    fields = decode("-tv", "--deep", path)[1]
    assert "      id               1\n" in fields
    found = json.loads(decode("--json", "--deep", path)[1].splitlines()[0])
    assert found["layers"][0]["scapy_layer"] == "DNS"
    assert found["layers"][0]["layer_fields"]["rd"] == "1"


def test_without_scapy_the_way_out_is_one_line(
    decode: Decode, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "scapy"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "scapy", None)
    monkeypatch.setitem(sys.modules, "scapy.layers", None)
    monkeypatch.setitem(sys.modules, "scapy.layers.all", None)

    assert decode("--deep", path) == (
        2, "", "rawkit decode: scapy is not installed: pip install 'rawkit[scapy]'\n"
    )  # fmt: skip


def test_packets_that_scapy_has_no_name_for_are_left_to_us(decode: Decode, tmp_path: Path) -> None:
    pytest.importorskip("scapy")
    cooked = LinuxCooked2(4, 1, b"\2\0\0\0\0\1") / IPv4(A, B) / UDP(40000, 53) / DNS
    path = written(tmp_path / "x.pcap", [cooked], link_type=LinkType.LINUX_SLL2)
    odd = written(tmp_path / "y.pcap", [Packet((), b"odd")], link_type=147)

    assert "DNS" in decode("--deep", path)[1]
    assert decode("-t", "--deep", odd) == (0, "3 octets\n", "")


REFUSED = [
    (["--as", "hex", "x"], "--as goes with --follow"),
    (["--side", "client", "x"], "--side goes with --follow"),
    (["--policy", "last", "x"], "--policy goes with --follow"),
    (["--into", "d", "x"], "--into goes with --follow"),
    (["--follow", "--as", "raw", "--json", "x"], "--as raw prints octets and nothing else"),
    (["--follow", "--as", "odd", "x"], "bad form: odd (one of text, hex, raw)"),
    (["--follow=a:b", "x"], "'a:b' is no end of a conversation: 192.0.2.7:80, [2001:db8::7]:80"),
    (["--link", "token-ring", "x"],
     "bad link: token-ring (one of ethernet, ip, ipv4, ipv6, sll, sll2, null, loop, or a number)"),
    (["-w", "-", "--stats", "x"], "stdout is for the packets: nothing else can be printed"),
    (["-c", "0", "x"], "invalid argument: '0': out of range: 1 <= value <= 2147483647"),
    (["--fllow", "x"], "unrecognized option '--fllow' (did you mean '--follow'?)"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_contradicts_itself_is_refused(decode: Decode, words: list[str], said: str) -> None:
    assert decode(*words) == (2, "", f"rawkit decode: {said}\n")


def test_help_and_version(decode: Decode) -> None:
    code, out, _ = decode("--help")

    assert code == 0
    assert all(f"--{option.name}" in out for option in TABLE.options)
    assert out.startswith("Usage: rawkit decode [options] FILE|-|HEX [FILTER…]\n")
    assert decode("--version")[1].startswith("rawkit decode ")


def test_packets_from_a_pipe_are_printed_as_they_come(path: Path) -> None:
    octets = path.read_bytes()
    command = [sys.executable, "-m", "rawkit", "decode", "-t", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(octets[:-3])
        child.stdin.flush()
        early = [child.stdout.readline().decode() for _ in range(3)]
        child.stdin.write(octets[-3:])
        child.stdin.close()
        late = child.stdout.read().decode()

    assert early == [ECHO_LINE, ASKED_LINE, ECHO_LINE]
    assert late == ASKED_LINE
    assert child.returncode == 0
