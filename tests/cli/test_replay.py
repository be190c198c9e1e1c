"""``rawkit replay``: what its words ask for, and what it says without sending anything."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rawkit.capture.reader import read_capture
from rawkit.cli.replay_options import parse
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from tests.cli.decoded import NOON, Decode, runner, written
from tests.test_api_replay import FOUR, FRAME, numbered

HELLO = "IP 192.0.2.1.1 > 192.0.2.7.2: UDP, length 1"
SUPER = FRAME / FOUR / TCP(1, 2, flags=Flags.ACK) / bytes(4000)


@pytest.fixture
def rawkit(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Decode:
    return runner(monkeypatch, capfdbinary)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    packets = [numbered(1), SUPER, numbered(3)]
    return written(tmp_path / "x.pcapng", packets, link_type=LinkType.ETHERNET, step=500_000_000)


def test_options_are_read() -> None:
    line = (
        "-f -i eth0 -l 3 -L 9 -M 2.5 -n -N 10.0.0.0/24=192.0.2.0/24,10.1.0.1=192.0.2.1 -q"
        " -r 80=8080 -r 53=5353 -v -w out -j --dst-mac 02:00:00:00:00:01 --layer ip"
        " --longest-pause 50ms --mac a=b --mss 500 --mtu 1400 --no-fix --src-mac c"
        " --truncated pad --udp-segment 600 --untag --vlan 5 file udp port 53"
    )

    options = parse(line.split())

    assert vars(options) == {
        "fragment": True, "interface": "eth0", "loops": 3, "limit": 9, "bits": 2.5e6,
        "dry_run": True, "quiet": True, "verbose": True, "file": "out", "json": True,
        "addresses": {"10.0.0.0/24": "192.0.2.0/24", "10.1.0.1": "192.0.2.1"},
        "ports": {80: 8080, 53: 5353}, "macs": {"a": "b"}, "layer": "ip", "longest": 0.05,
        "dst_mac": "02:00:00:00:00:01", "src_mac": "c", "mss": 500, "mtu": 1400, "fix": False,
        "truncated": "pad", "udp_segment": 600, "untag": True, "vlan": 5, "source": "file",
        "words": ["udp", "port", "53"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "rate"), [("100", 100), ("2.5k", 2500), ("1M", 1e6), ("0.5", 0.5), ("1G", 1e9)]
)
def test_a_rate_may_have_a_unit(words: str, rate: float) -> None:
    assert parse(["-p", words, "f"]).rate == rate


def test_some_words_of_tcpreplay_mean_the_same() -> None:
    options = parse(["--intf1=eth0", "--topspeed", "--enet-dmac=a", "--enet-smac", "b", "f"])

    assert (options.interface, options.top) == ("eth0", True)
    assert (options.dst_mac, options.src_mac) == ("a", "b")


WRONG = [
    ("", "no FILE (rawkit replay --help)"),
    ("-w - f", "stdout is for the text: -w FILE, or -w >(rawkit decode -)"),
    ("-p fast f", "bad rate: fast (as 0.5, 100, 2.5k, 1M)"),
    ("-x 0 f", "bad factor: 0 (as 0.5, 100, 2.5k, 1M)"),
    ("-N 10.0.0.1 f", "bad address: 10.0.0.1 (OLD=NEW)"),
    ("-r 80=http f", "invalid argument: 'http'"),
    ("-l 0 f", "invalid argument: '0': out of range: 1 <= value <= 1000000000000"),
    ("--layer tcp f", "bad layer: tcp (one of auto, frame, ip)"),
    ("--longest-pause x f", "bad pause: x (seconds, or 200ms, 50us, 2m)"),
    ("-t -p 5 f", "one pace at a time: not rate and top"),
    ("-l 2 -", "standard input: it can be read once only: loops take a file"),
    ("--src-mac 02 f", "'02' is no hardware address (02:00:00:00:01:02)"),
    ("-N 10.0.0.0/24=10.0.0.0/25 f",
     "10.0.0.0/24=10.0.0.0/25: 256 addresses cannot become 128: as many, or one"),
    ("-n nothere", "nothere: No such file or directory"),
    ("--topsped f", "unrecognized option '--topsped' (did you mean '--topspeed'?)"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_makes_no_sense_is_refused_in_one_line(words: str, said: str, rawkit: Decode) -> None:
    assert rawkit("replay", *words.split()) == (2, "", f"rawkit replay: {said}\n")


def test_a_filter_that_makes_no_sense_is_pointed_at(frames: Path, rawkit: Decode) -> None:
    code, out, err = rawkit("replay", "-n", frames, "udp", "prot", "53")

    assert (code, out) == (2, "")
    assert err.startswith("rawkit replay: ")
    assert err.endswith("udp prot 53\n    ^^^^\n")


def test_frames_take_an_interface(frames: Path, rawkit: Decode) -> None:
    assert rawkit("replay", frames) == (
        2,
        "",
        "rawkit replay: frames leave by an interface: name it (-i, interface=), or send the IP"
        " packets in them (--layer ip, layer=)\n",
    )


def test_a_dry_run_says_what_would_be_sent(frames: Path, rawkit: Decode) -> None:
    assert rawkit("replay", "-n", "-v", "-x", "2", frames) == (
        0,
        f"    1  +0.000000 {HELLO}\n"
        "    2  +0.250000 IP 192.0.2.1.1 > 192.0.2.7.2: Flags [.], seq 0:1460, ack 0, win 64240,"
        " length 1460\n"
        "    2  +0.250000 IP 192.0.2.1.1 > 192.0.2.7.2: Flags [.], seq 1460:2920, ack 0,"
        " win 64240, length 1460\n"
        "    2  +0.250000 IP 192.0.2.1.1 > 192.0.2.7.2: Flags [.], seq 2920:4000, ack 0,"
        " win 64240, length 1080\n"
        f"    3  +0.500000 {HELLO}\n"
        "5 packets would be sent, 4248 octets\n"
        "3 packets read, 3 chosen\n"
        "super-packets cut: 1\n",
        "",
    )


def test_a_capture_is_edited_without_sending_it(
    frames: Path, tmp_path: Path, rawkit: Decode
) -> None:
    out = tmp_path / "out.pcapng"
    words = ("-n", "-q", "-N", "192.0.2.0/24=198.51.100.0/24", "-r", "2=53", "-w", out)

    assert rawkit("replay", *words, frames, "udp") == (0, "", "")

    with read_capture(out) as capture:
        found = list(capture)
    assert [one.time_ns for one in found] == [NOON, NOON + 10**9]
    for one in found:
        packet = dissect_frame(one.octets)
        assert str(packet[IPv4].dst) == "198.51.100.7"
        assert packet[UDP].dst_port == 53


def test_what_is_read_is_not_written_over(frames: Path, rawkit: Decode) -> None:
    before = frames.read_bytes()

    code, _, err = rawkit("replay", "-n", "-w", frames, frames)

    assert (code, err) == (
        2, f"rawkit replay: {frames} is what is read: write to another file\n"
    )  # fmt: skip
    assert frames.read_bytes() == before


def test_a_file_that_is_not_there_leaves_the_other_one_alone(
    tmp_path: Path, rawkit: Decode
) -> None:
    other = tmp_path / "out.pcap"
    other.write_bytes(b"precious")

    assert rawkit("replay", "-n", "-w", other, tmp_path / "none")[0] == 2
    assert other.read_bytes() == b"precious"


def test_a_damaged_file_is_sent_up_to_there(frames: Path, rawkit: Decode) -> None:
    frames.write_bytes(gzip.compress(frames.read_bytes()[:-20]))

    code, out, err = rawkit("replay", "-n", frames)

    assert (code, out) == (
        2,
        "4 packets would be sent, 4205 octets\n2 packets read, 2 chosen\nsuper-packets cut: 1\n",
    )
    assert err.startswith(f"rawkit replay: {frames}: it breaks off after ")
    assert err.endswith("behind 2 packets)\n")


def test_packets_come_from_standard_input_too(frames: Path, rawkit: Decode) -> None:
    code, out, _ = rawkit("replay", "-n", "-", "udp", stdin=frames.read_bytes())

    assert (code, out) == (0, "2 packets would be sent, 86 octets\n3 packets read, 2 chosen\n")


def test_what_is_not_sent_is_told_and_makes_the_exit_code_1(tmp_path: Path, rawkit: Decode) -> None:
    packets: list[Packet] = [numbered(1), Packet((Ethernet(b"\2" * 6, b"\4" * 6, 0x88B5),))]
    cut = written(tmp_path / "x.pcap", packets, link_type=LinkType.ETHERNET, kept=30)

    assert rawkit("replay", "-nv", cut) == (
        1,
        "    1  not sent, cut short by the capture: 04:04:04:04:04:04 > 02:02:02:02:02:02,"
        " ethertype 0x0800 (IPV4), length 30 [IPv4: 16 of 20 header octets]\n"
        "    2  +0.000000 04:04:04:04:04:04 > 02:02:02:02:02:02, ethertype 0x88b5, length 14\n"
        "1 packet would be sent, 14 octets\n"
        "2 packets read, 2 chosen\n"
        "not sent, cut short by the capture: 1\n",
        "",
    )


def test_nothing_that_is_chosen_is_nothing_sent(frames: Path, rawkit: Decode) -> None:
    assert rawkit("replay", "-n", frames, "icmp") == (
        1, "0 packets would be sent, 0 octets\n3 packets read, 0 chosen\n", ""
    )  # fmt: skip


def test_json_has_a_packet_a_line_and_a_summary(frames: Path, rawkit: Decode) -> None:
    code, out, err = rawkit("replay", "-n", "-v", "-j", "-L", "2", frames)

    assert (code, err) == (0, "")
    first, second, summary = map(json.loads, out.splitlines())
    assert first == {
        "schema": "rawkit/1", "command": "replay", "type": "sent", "host": None, "address": None,
        "number": 1, "due": 0.0, "lateness": None, "pieces": 1, "text": HELLO,
    }  # fmt: skip
    assert (second["number"], second["due"], second["pieces"]) == (2, 0.5, 3)
    told: dict[str, Any] = {
        "schema": "rawkit/1", "command": "replay", "type": "summary", "host": None,
        "address": None, "file": str(frames), "filter": "", "interface": None, "read_packets": 2,
        "chosen_packets": 2, "packets_sent": 4, "packets_refused": 0, "octets_sent": 4205,
        "late_median": None, "late_p99": None, "late_worst": None, "left_out": [],
        "mended": [{"reason": "super-packets cut", "packet_count": 1}], "refusals": [],
        "message": None, "problem": None, "dry_run": True,
    }  # fmt: skip
    assert {name: summary[name] for name in summary if name != "elapsed"} == told
