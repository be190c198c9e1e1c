"""``rawkit sniff`` as a process: what it prints to the letter, and how it ends."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import rawkit
from rawkit.capture.reader import read_capture
from rawkit.cli.main import main
from rawkit.lab import Lab
from tests.cli.sniff_runs import PATIENT, RAWKIT, Running, constant, counters
from tests.sockets.test_frames import mac_of
from tests.sockets.test_ring import numbered, send
from tests.tcpdump import listener, reader

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]


def wait_until(truth: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENT
    while not truth():
        assert time.monotonic() < end
        time.sleep(0.01)


def ping(net: Lab, count: int = 1) -> None:
    assert rawkit.ping(net.last.ipv4, count=count, interval=0.05, at=net.first).run().is_alive


def test_a_ping_in_lines(pair: LabFactory) -> None:
    net = pair()
    running = Running(net.first, "-c", "4", "icmp")

    ping(net, 2)
    code, out, err = running.finish()

    assert (code, running.first, err) == (0, "listening on all interfaces\n", counters(4))
    assert constant(out) == (
        "CLOCK eth0  Out IP 10.1.0.1 > 10.1.0.2: ICMP echo request, id ID, seq 1, length 64\n"
        "CLOCK eth0  In  IP 10.1.0.2 > 10.1.0.1: ICMP echo reply, id ID, seq 1, length 64\n"
        "CLOCK eth0  Out IP 10.1.0.1 > 10.1.0.2: ICMP echo request, id ID, seq 2, length 64\n"
        "CLOCK eth0  In  IP 10.1.0.2 > 10.1.0.1: ICMP echo reply, id ID, seq 2, length 64\n"
    )


def test_of_one_interface_the_lines_are_tcpdumps(pair: LabFactory) -> None:
    net = pair()
    tcpdump = listener()
    words = ("-i", "eth0", "-n", "-e", "-c", "4", "icmp or arp")
    ours = Running(net.first, *words)
    with net.first.popen(
        [tcpdump, "--immediate-mode", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"TZ": "UTC", "PATH": os.environ["PATH"]},
    ) as theirs:  # fmt: skip
        assert theirs.stderr is not None
        while "listening on" not in (said := theirs.stderr.readline()):
            assert said, "tcpdump ended before it listened"

        ping(net)
        code, out, _ = ours.finish()
        shown = theirs.communicate(timeout=PATIENT)[0]

    # To the microsecond: both have the kernel's stamp, which it makes for each of the sockets.
    near = re.compile(r"\.\d{6} ")
    assert code == 0
    assert near.sub(" ", out) == near.sub(" ", shown)


def test_ctrl_c_prints_the_counters(pair: LabFactory) -> None:
    net = pair()
    running = Running(net.first, "icmp", "-t")

    ping(net)
    out = running.lines(2)
    code, rest, err = running.interrupt()

    assert constant(out) == (
        "eth0  Out IP 10.1.0.1 > 10.1.0.2: ICMP echo request, id ID, seq 1, length 64\n"
        "eth0  In  IP 10.1.0.2 > 10.1.0.1: ICMP echo reply, id ID, seq 1, length 64\n"
    )
    assert (code, rest, err) == (0, "", counters(2))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP])
def test_other_signals_do_as_well(number: signal.Signals, pair: LabFactory) -> None:
    running = Running(pair().first, "icmp")

    running.signal(number)

    assert running.finish() == (1, "", counters(0))


def test_what_came_right_before_ctrl_c_is_not_lost(pair: LabFactory) -> None:
    net = pair()
    running = Running(net.last, "-i", "eth0", "-q", "-t", "ether proto 0x88b5")

    send(net.first, *numbered(50), to=mac_of(net.last))
    code, out, err = running.interrupt()

    assert (code, len(out.splitlines()), err) == (0, 50, counters(50))


def test_nothing_heard_is_told_by_the_exit_code(pair: LabFactory) -> None:
    net = pair()
    nothing = Running(net.first, "--timeout", "0.05", "icmp").finish()
    running = Running(net.first, "--timeout", "2", "-c", "3", "icmp")
    ping(net)
    too_few = running.finish()

    assert nothing == (1, "", counters(0))
    assert (too_few[0], too_few[2]) == (1, counters(2))


def test_a_packet_with_all_that_can_be_printed(pair: LabFactory) -> None:
    net = pair()
    running = Running(
        net.last, "-i", "eth0", "-c", "1", "-t", "-e", "-#", "-v", "-XX", "ether proto 0x88b5"
    )

    send(net.first, b"some octets and more", to=mac_of(net.last), tag=b"\x81\x00\x60\x05")
    code, out, _ = running.finish()

    assert code == 0
    assert out == (
        "    1  02:00:00:00:01:01 > 02:00:00:00:01:02, ethertype 802.1Q (0x8100), length 38:"
        " vlan 5, p 3, ethertype Unknown (0x88b5), 20 octets\n"
        "    packet 1, 38 octets, eth0 in, checksum valid\n"
        "    Ethernet\n"
        "      dst              02:00:00:00:01:02\n"
        "      src              02:00:00:00:01:01\n"
        "      ether_type       0x8100 (VLAN)\n"
        "    VLANTag\n"
        "      ether_type       0x88b5\n"
        "      id               5\n"
        "      priority         3\n"
        "      drop_eligible    False\n"
        "    payload of 20 octets\n"
        "      0000  73 6f 6d 65 20 6f 63 74  65 74 73 20 61 6e 64 20  some octets and \n"
        "      0010  6d 6f 72 65                                       more\n"
        "\t0x0000:  0200 0000 0102 0200 0000 0101 8100 6005  ..............`.\n"
        "\t0x0010:  88b5 736f 6d65 206f 6374 6574 7320 616e  ..some.octets.an\n"
        "\t0x0020:  6420 6d6f 7265                           d.more\n"
    )


def test_json_has_a_packet_a_line_and_the_counters(pair: LabFactory) -> None:
    net = pair()
    running = Running(net.first, "--json", "-x", "-i", "eth0", "-c", "2", "icmp")

    ping(net)
    code, out, err = running.finish()

    first, second, summary = (json.loads(line) for line in out.splitlines())
    assert (code, err) == (0, "")
    assert [one["headers"][2]["header"] for one in (first, second)] == ["EchoRequest", "EchoReply"]
    assert [one["direction"] for one in (first, second)] == ["out", "in"]
    assert bytes.fromhex(first["octets"])[12:14] == b"\x08\x00"
    assert abs(first["time"] - time.time()) < 60
    assert (summary["type"], summary["captured"], summary["passed"], summary["dropped"]) == (
        "summary", 2, 2, 0,
    )  # fmt: skip


def test_drops_are_told_in_the_counters(pair: LabFactory) -> None:
    net = pair()
    # Stopped, it reads nothing while the ring of two blocks overflows.
    running = Running(net.last, "-i", "eth0", "-B", "1", "-w", "/dev/null", "ether proto 0x88b5")
    running.signal(signal.SIGSTOP)

    send(net.first, *numbered(1000, 1000), to=mac_of(net.last))
    running.signal(signal.SIGCONT)
    code, _, err = running.interrupt()

    captured, passed, dropped = (int(line.split()[0]) for line in err.splitlines())
    assert code == 0
    assert (captured + dropped, passed) == (1000, 1000)
    assert dropped > 0


def test_a_reader_that_goes_away_ends_it_without_a_word(pair: LabFactory) -> None:
    """At once, and not only when the next packet would be printed."""
    net = pair()
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        running = Running(net.first, "-c", "1000", "icmp", stdout=file)
    ping(net)
    assert os.read(reading, 10)

    os.close(reading)
    code, _, err = running.finish()

    assert (code, err) == (141, "")


def test_head_ends_it(pair: LabFactory) -> None:
    net = pair()
    command = f"{sys.executable} -m rawkit sniff icmp | head -1; echo ${{PIPESTATUS[0]}}"
    running = Running(net.first, before=("bash", "-c", command))

    ping(net)
    code, out, err = running.finish()

    assert constant(out).splitlines()[0].startswith("CLOCK eth0  Out IP 10.1.0.1 > 10.1.0.2: ICMP")
    assert (out.splitlines()[1:], err, code) == (["141"], "", 0)


def test_a_full_disk_is_told_in_one_line(pair: LabFactory) -> None:
    net = pair()
    with Path("/dev/full").open("w") as full:
        printing = Running(net.first, "-c", "2", "icmp", stdout=full)
        ping(net)
        printed = printing.finish()
    writing = Running(net.first, "-w", "/dev/full", "icmp")
    ping(net)
    written = writing.finish()

    assert (printed[0], printed[2]) == (2, "rawkit sniff: write error: No space left on device\n")
    assert (written[0], written[2]) == (2, "rawkit sniff: /dev/full: No space left on device\n")


def test_an_interface_that_vanishes_ends_it_with_counters_and_the_reason(pair: LabFactory) -> None:
    net = pair()
    running = Running(net.first, "-i", "eth0", "-t", "icmp")
    ping(net)
    out = running.lines(2)

    with net.first.popen(["ip", "link", "set", "eth0", "down"]) as ran:
        assert ran.wait() == 0
    code, rest, err = running.finish()

    assert (len(out.splitlines()), rest, code) == (2, "", 2)
    assert err == "rawkit sniff: eth0 is down: nothing comes or goes there\n" + counters(2)


# Files


def test_a_file_has_what_was_heard_and_other_tools_agree(pair: LabFactory, tmp_path: Path) -> None:
    net = pair()
    path = tmp_path / "x.pcapng"
    running = Running(net.first, "-i", "eth0", "-c", "4", "-w", str(path), "icmp")

    ping(net, 2)
    code, out, err = running.finish()

    shown = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-e", "icmp.type", "-e", "icmp.seq"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert (code, out, err) == (0, "", counters(4))
    assert shown == "8\t1\n0\t1\n8\t2\n0\t2\n"
    (interface,) = {one.interface for one in read_capture(path)}
    assert (interface.name, interface.filter) == ("eth0", "icmp")


def test_a_file_is_complete_up_to_now_while_it_is_written(pair: LabFactory, tmp_path: Path) -> None:
    """What has come is in the file as soon as nothing more comes: kill -9 loses none of it."""
    net = pair()
    path = tmp_path / "x.pcapng"
    running = Running(net.first, "-i", "eth0", "-w", str(path), "icmp")
    ping(net, 2)
    wait_until(lambda: len(list(read_capture(path))) == 4)

    running.signal(signal.SIGKILL)

    assert running.finish()[0] == -signal.SIGKILL
    assert len(list(read_capture(path))) == 4


def test_it_may_print_what_it_writes(pair: LabFactory, tmp_path: Path) -> None:
    net = pair()
    path = tmp_path / "x.pcap"
    running = Running(net.first, "-c", "2", "-w", str(path), "--print", "-t", "icmp")

    ping(net)
    code, out, _ = running.finish()

    assert (code, len(out.splitlines())) == (0, 2)
    assert len(list(read_capture(path))) == 2


def test_a_file_may_be_a_pipe_to_another_program(pair: LabFactory) -> None:
    net = pair()
    sniff = f"{sys.executable} -m rawkit sniff -i eth0 -c 2 -w - icmp"
    tools = f"{sniff} | {shlex.join(reader())} -n -t -r - 2>/dev/null"
    running = Running(net.first, before=("bash", "-c", tools))

    ping(net)
    code, out, err = running.finish()

    assert (code, err) == (0, counters(2))
    assert constant(out) == (
        "IP 10.1.0.1 > 10.1.0.2: ICMP echo request, id ID, seq 1, length 64\n"
        "IP 10.1.0.2 > 10.1.0.1: ICMP echo reply, id ID, seq 1, length 64\n"
    )


def test_several_processes_share_what_comes(pair: LabFactory, tmp_path: Path) -> None:
    net = pair()
    running = Running(
        net.last, "-i", "eth0", "--workers", "3", "-w", str(tmp_path / "x.pcapng"), "udp"
    )

    for _ in range(60):  # each from a port of its own, so that all get a share
        with net.first.socket(kind=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", (str(net.last.ipv4), 2000))
    code, out, err = running.interrupt()

    shares = {path.name: len(list(read_capture(path))) for path in sorted(tmp_path.iterdir())}
    assert (code, out, err) == (0, "", counters(60))
    assert sum(shares.values()) == 60
    assert [*shares] == ["x-0.pcapng", "x-1.pcapng", "x-2.pcapng"]
    assert all(shares.values())


# What is left behind


def packet_sockets() -> int:
    """Return how many packet sockets this thread's network has."""
    return len(Path("/proc/thread-self/net/packet").read_text().splitlines()[1:])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_socket_and_no_process_stays_behind(
    number: signal.Signals, pair: LabFactory, tmp_path: Path
) -> None:
    node = pair().first
    before = node.run(packet_sockets)
    running = Running(node, "-w", str(tmp_path / "x.pcapng"), "--workers", "3")
    wait_until(lambda: node.run(packet_sockets) == before + 3)

    running.signal(number)
    running.finish()

    wait_until(lambda: node.run(packet_sockets) == before)
    for path in tmp_path.glob("x-[12].pcapng"):
        with read_capture(path) as capture:
            assert [*capture.blocks()][:1] == capture.sections


# Without leave


def test_without_the_privilege_it_says_so_in_one_line() -> None:
    ran = subprocess.run(
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", *RAWKIT],
        capture_output=True, text=True, check=False, timeout=PATIENT,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("rawkit sniff: cannot open a packet socket: ")
    assert "CAP_NET_RAW" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_an_interface_that_is_not_there_is_told_with_those_that_are(
    pair: LabFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    with pair().first.here():
        code = main(["sniff", "-i", "eth9"])

    said = capfd.readouterr().err
    assert code == 2
    assert re.fullmatch(r"rawkit sniff: no interface 'eth9' here, only lo, .*eth0\n", said)


def test_interfaces_are_listed(pair: LabFactory, capfd: pytest.CaptureFixture[str]) -> None:
    with pair().first.here():
        code = main(["sniff", "-D"])

    lines = capfd.readouterr().out.splitlines()
    assert code == 0
    assert "1.lo [Up, Running, Loopback] loopback, MTU 65536 127.0.0.1/8 ::1/128" in lines
    assert any(
        re.fullmatch(r"\d+\.eth0 \[Up, Running\] veth, MTU 1500 10\.1\.0\.1/16 .*", line)
        for line in lines
    )


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (("-i", "eth0", "ip"), "(000) ldh      [12]\n(001) jeq      #0x800           jt 2\tjf 3\n"
         "(002) ret      #4294967295\n(003) ret      #0\n"),
        (("-i", "lo", "-s", "96"),
         "(000) ld       [packet_type]\n(001) jeq      #0x4             jt 2\tjf 5\n"
         "(002) ld       [hardware_type]\n(003) jeq      #0x304           jt 4\tjf 5\n"
         "(004) ret      #0\n(005) ret      #96\n"),
    ],
)  # fmt: skip
def test_the_program_can_be_looked_at(
    words: tuple[str, ...], program: str, pair: LabFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    with pair().first.here():
        code = main(["sniff", "-d", *words])

    assert (code, capfd.readouterr().out) == (0, program)


def test_it_gives_up_its_privileges(pair: LabFactory) -> None:
    running = Running(pair().first, "icmp")

    status = Path(f"/proc/{running.process.pid}/status").read_text()
    running.interrupt()

    assert re.findall(r"^Cap(?:Prm|Eff):\s*0+$", status, re.MULTILINE) != []
    assert len(re.findall(r"^Cap(?:Prm|Eff):\s*0+$", status, re.MULTILINE)) == 2
