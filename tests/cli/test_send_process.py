"""``rawkit send`` in nodes of a lab: what it prints, what it sends, what it leaves behind."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter
from rawkit.lab import Lab, Node
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.link_types import LinkType
from rawkit.wire.udp import UDP
from tests.cli.resolve_runs import Running, objects
from tests.netns.capture import Capture
from tests.netns.test_send import HELLO, A, B, arriving

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "send")
ROUTED = "by ipv4 over eth0: the kernel routes it and finds the neighbour"
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", *RAWKIT)


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


def ran(node: Node, *words: str, before: tuple[str, ...] = RAWKIT) -> tuple[int, str, str]:
    return Running(node, *words, before=before).finish()


def fed(node: Node, text: str, *words: str) -> tuple[int, str, str]:
    """Run with some standard input."""
    pipe = subprocess.PIPE
    with node.popen((*RAWKIT, *words), text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        out, err = process.communicate(text, timeout=60)
        return process.returncode, out, err


def test_a_packet_is_shown_with_what_was_filled_in_and_sent(net: Lab) -> None:
    told: list[tuple[int, str, str]] = []
    words = f'ip(dst={B})/udp(dport=7)/"hello"'
    (frame,) = arriving(net, lambda: told.append(ran(net.first, words)))

    ((code, out, err),) = told
    packet = dissect_ip(frame[14:])
    assert (code, err) == (0, "")
    assert out == f"{packet}\n1 packet sent, 33 octets, {ROUTED}\n"
    assert packet[IPv4].src == A


DRY = [
    (f'ip(src={A},dst={B})/udp(1,7)/"hello"', (), 0,
     "  layer    ipv4: the kernel routes it and finds the neighbour\n"
     "  socket   raw IPv4 socket, header included\n"
     "  way      eth0, MTU 1500\n"
     "  length   33 octets\n"),
    (f"ip(src={A},dst={B},len=20,df=no)/udp(1,7)", ("-l", "ipv4"), 0,
     "  layer    ipv4: asked for\n"
     "  socket   raw IPv4 socket, header included\n"
     "  way      eth0, MTU 1500\n"
     "  length   28 octets\n"
     "  changes  total length 20 -> 28\n"
     "  changes  identification 0 -> chosen by the kernel\n"),
    (f"ip(src={A},dst={B},checksum=1)/udp(1,7)", (), 0,
     "  layer    cooked: by a raw socket the kernel would correct the header checksum\n"
     "  socket   cooked packet socket\n"
     "  way      eth0, MTU 1500\n"
     "  frame    to 10.1.0.2, which is asked for its hardware address\n"
     "  length   28 octets\n"),
    (f"ip(src={A},dst={B})/udp(1,7)/0x00*2000", (), 1,
     "  layer    ipv4: the kernel routes it and finds the neighbour\n"
     "  socket   raw IPv4 socket, header included\n"
     "  way      eth0, MTU 1500\n"
     "  length   2028 octets\n"
     "  refused  message too long (EMSGSIZE): 2028 octets for an MTU of 1500; at this layer the "
     "kernel cuts nothing: fragment it (--fragment, fragment=)\n"),
    (f"ip(src={A},dst={B})/udp(1,7)/0x00*2000", ("-f",), 0,
     "  layer    ipv4: the kernel routes it and finds the neighbour\n"
     "  socket   raw IPv4 socket, header included\n"
     "  way      eth0, MTU 1500\n"
     "  length   2048 octets in 2 fragments\n"
     "  note     it is cut into 2 fragments\n"),
    ("ip(src=10.1.0.1,dst=203.0.113.5)/udp(1..9,7)", ("--via", "10.1.0.2"), 0,
     "  layer    ipv4: the kernel routes it and finds the neighbour\n"
     "  socket   raw IPv4 socket, header included\n"
     "  way      eth0, MTU 1500, by way of 10.1.0.2\n"
     "  length   28 octets\n"
     "  note     this is the first packet; what differs in those that follow: src_port\n"),
    ("ip6(src=fd00:0:0:1::1,dst=fd00:0:0:1::2,flow=7)/icmp6.echo(1,2)", ("-l", "icmpv6"), 0,
     "  layer    icmpv6: asked for\n"
     "  socket   raw ICMPv6 socket\n"
     "  way      eth0, MTU 1500\n"
     "  length   48 octets\n"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "options", "code", "shown"), DRY)
def test_a_dry_run_tells_all_and_sends_nothing(
    net: Lab, words: str, options: tuple[str, ...], code: int, shown: str
) -> None:
    before = sent_by(net.first)
    done = ran(net.first, "-n", *options, words)

    assert (done[0], done[2]) == (code, "")
    assert done[1].partition("\n")[2] == shown
    assert sent_by(net.first) == before


def sent_by(node: Node) -> str:
    """Return how many packets left by eth0."""
    return node.run(lambda: Path("/sys/class/net/eth0/statistics/tx_packets").read_text())


def test_a_dry_run_shows_fields_and_octets_as_they_will_leave(net: Lab) -> None:
    words = f"ip(src={A},dst={B},checksum=1)/udp(1,7)"
    code, out, _ = ran(net.first, "-n", "-v", "-x", "-l", "ipv4", words)

    assert code == 0
    assert "  changes  header checksum 0x0001 -> 0x26cd\n" in out
    assert "    checksum         0x26cd\n" in out
    assert "  0000  45 00 00 1c 00 00 40 00  40 11 26 cd 0a 01 00 01  E.....@.@.&.....\n" in out


def test_a_dry_run_needs_no_privilege(net: Lab) -> None:
    code, out, err = ran(net.first, "-n", f"ip(dst={B})/udp(dport=7)", before=POWERLESS)

    assert (code, err) == (0, "")
    assert out.startswith("ip(src=10.1.0.1,dst=10.1.0.2)/udp(sport=")


def test_without_the_privilege_it_says_which_and_how_to_get_it(net: Lab) -> None:
    code, out, err = ran(net.first, f"ip(dst={B})/udp(dport=7)", before=POWERLESS)

    assert (code, out) == (2, "")
    assert err.startswith("rawkit send: cannot send packets of one's own making: CAP_NET_RAW is")
    assert err.count("\n") == 1


def test_what_the_kernel_changes_is_said_when_it_is_sent_too(net: Lab) -> None:
    code, out, _ = ran(net.first, "-l", "ipv4", f"ip(src={A},dst={B},checksum=1)/udp(1,7)")

    assert code == 0
    assert out.splitlines()[1] == "  the kernel changes: header checksum 0x0001 -> 0x26cd"


def test_every_packet_is_shown_if_that_is_wanted(net: Lab) -> None:
    code, out, _ = ran(net.first, "-x", "-c", "2", f"ip(src={A},dst={B})/udp(1..2,7)")

    assert code == 0
    assert re.findall(r"sport=\d", out) == ["sport=1", "sport=2"]
    assert out.count("  0010  0a 01 00 02 00 0") == 2


@pytest.mark.parametrize("seed", [(), ("--seed", "3")])
def test_what_is_random_is_foreseen_and_shown_as_it_leaves(net: Lab, seed: tuple[str, ...]) -> None:
    lines = "".join(f"ip(src={A},dst={B})/udp({n},random(1,65535))/random(4)\n" for n in (1, 2))
    foreseen = fed(net.first, lines, *seed, "-n", "-")[1]
    every = fed(net.first, lines, *seed, "-x", "-")[1]
    opening = fed(net.first, lines, *seed, "-")[1].splitlines()

    told = [line for line in foreseen.splitlines() if line.startswith("ip(")]
    assert told == [line for line in every.splitlines() if line.startswith("ip(")]
    assert "0x00000000" not in foreseen
    assert opening[0] == told[0]
    assert opening[1] == (
        "  note: this is the first packet; what differs in those that follow: dst_port, payload"
    )


def test_quiet_says_nothing_but_errors(net: Lab) -> None:
    good = ran(net.first, "-q", "-v", f"ip(dst={B})/udp(dport=7)")
    bad = ran(net.first, "-q", f"ip(dst={B})/udp(dport=7)/0x00*2000")

    assert good == (0, "", "")
    assert bad[:2] == (1, "")
    assert bad[2].startswith("rawkit send: 1 packet refused: message too long (EMSGSIZE)")


def test_some_refused_is_exit_code_1(net: Lab) -> None:
    lines = f"ip(dst={B})/udp(1,7)\nip(dst={B})/udp(2,7)/0x00*2000\nip(dst={B})/udp(3,7)\n"
    code, out, err = fed(net.first, lines, "-")

    assert code == 1
    assert out.splitlines()[1] == f"2 packets sent, 56 octets, {ROUTED}"
    assert err.startswith("rawkit send: 1 packet refused: message too long (EMSGSIZE)")


def test_lines_of_a_file_are_packets_and_a_wrong_one_is_named(net: Lab, tmp_path: Path) -> None:
    file = tmp_path / "packets"
    file.write_text(f"# two\nip(dst={B})/udp(1,7)\n\n  ip(dst={B})/upd(1,7)\n")
    code, out, err = ran(net.first, f"@{file}")

    assert code == 2
    assert out.splitlines()[-1] == f"1 packet sent, 28 octets, {ROUTED}"
    assert err == (
        f"rawkit send: {file}, line 4: unknown header 'upd': did you mean 'udp'? (column 20)\n"
        f"  ip(dst={B})/upd(1,7)\n                   ^\n"
    )


HEX = [
    ("4500001c00004000401126cd0a0100010a01000200010007000800d8", ()),
    ("4500 001c 0000 4000 4011 26cd 0a01 0001 0a01 0002 0001 0007 0008 00d8", ()),
    ("0000  45 00 00 1c 00 00 40 00  40 11 26 cd 0a 01 00 01  E.....@.@.&.....\n"
     "0010  0a 01 00 02 00 01 00 07  00 08 00 d8              ............", ()),
    ("020000000102020000000101 0800 4500001c00004000401126cd0a0100010a01000200010007000800d8",
     ("-l", "frame", "-I", "eth0")),
]  # fmt: skip


@pytest.mark.parametrize(("digits", "options"), HEX)
def test_octets_in_hexadecimal_leave_as_they_are(
    net: Lab, digits: str, options: tuple[str, ...]
) -> None:
    (frame,) = arriving(net, lambda: ran(net.first, *options, "--hex", digits))

    assert frame.hex().endswith("4500001c00004000401126cd0a0100010a01000200010007000800d8")


def test_what_was_sent_is_written_and_can_be_sent_again(net: Lab, tmp_path: Path) -> None:
    file, again = tmp_path / "one.pcapng", tmp_path / "two.pcapng"
    arp, datagram = f"arp(tpa={B})", f"ip(src={A},dst={B},checksum=1)/udp(1,7)"
    fed(net.first, f"{arp}\n{datagram}\n", "-I", "eth0", "--pcap", str(file), "-")
    code, out, _ = ran(net.first, "--pcap-in", str(file), "--pcap", str(again), "-I", "eth0")

    first, second = ([block.octets for block in read_capture(one)] for one in (file, again))
    assert first == second
    assert (code, out.splitlines()[1]) == (
        0, "2 packets sent, 84 octets, by frame over eth0: it begins with the link's header",
    )  # fmt: skip
    assert [dissect_ip(octets[14:])[IPv4].checksum for octets in first[1:]] == [1]


def test_below_the_link_the_packets_of_a_capture_lose_its_header(net: Lab, tmp_path: Path) -> None:
    file = tmp_path / "in.pcap"
    with CaptureWriter(file, link_type=LinkType.LINUX_SLL) as writer:
        head = bytes.fromhex("0004 0001 0006 020000000101 0000 0800")
        writer.write(head + bytes(IPv4(A, B) / HELLO), 0)
    (frame,) = arriving(net, lambda: ran(net.first, "--pcap-in", str(file)))
    (again,) = arriving(net, lambda: ran(net.first, "--pcap-in", str(file), "-l", "ipv4"))

    assert frame == again
    assert dissect_ip(frame[14:])[UDP].dst_port == 7


def test_a_damaged_capture_is_sent_as_far_as_it_can_be_read(net: Lab, tmp_path: Path) -> None:
    file = tmp_path / "in.pcap"
    with CaptureWriter(file, link_type=LinkType.RAW) as writer:
        for _ in range(3):
            writer.write(bytes(IPv4(A, B) / HELLO), 0)
    file.write_bytes(file.read_bytes()[:-5])
    code, out, err = ran(net.first, "--pcap-in", str(file))

    assert code == 2
    assert out.splitlines()[1].startswith("2 packets sent, 66 octets")
    assert "behind 2 packets" in err
    assert err.count("\n") == 1


def test_json_has_what_was_sent_and_the_summary(net: Lab) -> None:
    words = f"ip(src={A},dst={B},checksum=9)/udp(1,7)"
    code, out, err = ran(net.first, "--json", "-v", "-x", "-l", "ipv4", words)
    sent, summary = objects(out)

    assert (code, err) == (0, "")
    assert (sent["type"], sent["host"], sent["sequence"]) == ("sent", "10.1.0.2", 1)
    assert sent["octets"] == "4500001c00004000401126cd0a0100010a010002000100070008ebd1"
    assert [one["header"] for one in sent["headers"]] == ["IPv4", "UDP"]
    assert sent["headers"][0]["fields"]["checksum"] == 0x26CD
    assert (summary["packets_sent"], summary["packets_refused"], summary["refusals"]) == (1, 0, [])
    assert summary["notation"] == f"ip(src={A},dst={B},checksum=0x0009)/udp(sport=1,dport=7)"


def test_json_tells_of_refusals(net: Lab) -> None:
    code, out, err = ran(net.first, "--json", "-v", f"ip(src={A},dst={B})/udp(1,7)/0x00*2000")
    refused, summary = objects(out)

    assert (code, err) == (1, "")
    assert (refused["type"], refused["errno"]) == ("refused", 90)
    assert summary["refusals"] == [
        {"errno": 90, "message": "message too long (EMSGSIZE)", "times": 1}
    ]


def test_a_preview_in_json_says_what_the_kernel_does(net: Lab) -> None:
    words = f"ip(src={A},dst={B},checksum=9)/udp(1,7)"
    code, out, _ = ran(net.first, "--json", "-n", "-l", "ipv4", words)
    (told,) = objects(out)

    assert code == 0
    assert told["kernel_changes"] == [
        {"changed_field": "header checksum", "given_value": "0x0009", "sent_value": "0x26cd",
         "filled_in": False},
    ]  # fmt: skip
    assert (told["send_layer"], told["interface"], told["interface_mtu"]) == ("ipv4", "eth0", 1500)
    assert (told["refusal"], told["fragments"], told["octets"]) == (None, 1, None)


@pytest.mark.parametrize("options", [("-q",), (), ("-v",), ("--json",)], ids=" ".join)
def test_ctrl_c_ends_it_with_what_was_sent(net: Lab, options: tuple[str, ...]) -> None:
    words = f"ip(src={A},dst={B})/udp(1..9,7)"
    running = Running(net.first, *options, "-c", "1000", "-i", "20ms", words, before=RAWKIT)
    arriving(net, lambda: None, 3)
    running.signal(signal.SIGINT)
    code, out, err = running.finish()

    assert (code, err) == (0, "")
    if options == ("--json",):
        assert 3 <= objects(out)[-1]["packets_sent"] < 1000
    elif "-q" not in options:
        found = re.search(r"^(\d+) packets sent, \d+ octets, by ipv4", out, re.MULTILINE)
        assert found
        assert 3 <= int(found[1]) < 1000
    else:
        assert out == ""


@pytest.mark.parametrize(
    ("option", "shown"), [("-v", "0 packets sent, 0 octets\n"), ("-q", ""), ("-j", None)]
)
def test_ctrl_c_before_a_neighbour_was_found_says_that_nothing_was_sent(
    net: Lab, option: str, shown: str | None
) -> None:
    wanted = IPv4Address("10.1.9.9").packed
    with Capture(net.last, "eth0") as capture:
        running = Running(net.first, option, "eth/ip(dst=10.1.9.9)/icmp.echo", before=RAWKIT)
        assert capture.until(lambda frame: frame.octets[38:42] == wanted, timeout=20)  # ARP
    running.signal(signal.SIGINT)
    code, out, err = running.finish()

    assert (code, err) == (1, "")
    if shown is None:
        assert objects(out)[-1]["packets_sent"] == 0
    else:
        assert out == shown


def test_nobody_reading_is_no_trouble(net: Lab) -> None:
    pipe = subprocess.PIPE
    words = (*RAWKIT, "-v", "-c", "500", f"ip(dst={B})/udp(1..9,7)")
    with net.first.popen(words, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()

    assert (process.returncode, errors) == (141, "")


def test_a_full_disk_is_said_once(net: Lab) -> None:
    code, _, err = ran(net.first, "--pcap", "/dev/full", f"ip(dst={B})/udp(dport=7)")

    assert code == 2
    assert err == "rawkit send: /dev/full: No space left on device\n"


def test_a_killed_run_leaves_a_readable_capture(net: Lab, tmp_path: Path) -> None:
    file = tmp_path / "out.pcapng"
    words = ("-c", "1000", "-i", "20ms", "--pcap", str(file), f"ip(src={A},dst={B})/udp(1..9,7)")
    running = Running(net.first, *words, before=RAWKIT)
    arriving(net, lambda: None, 3)
    running.signal(signal.SIGKILL)
    running.finish()

    capture = read_capture(file)
    assert len(list(capture)) >= 2
    assert capture.error is None
