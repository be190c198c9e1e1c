"""``rawkit handshake``: what it prints, and its exit codes."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from rawkit import lab
from rawkit.capture.reader import read_capture
from rawkit.cli import raw_values
from rawkit.cli.handshake_options import GUARDS, LINKS
from rawkit.cli.main import main
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.opening import LinkKind
from rawkit.lab.topology import Lab
from rawkit.tcp.codec import Reader
from rawkit.tcp.segment import ACK, RST, SYN

Captured = pytest.CaptureFixture[str]
COMMAND = [sys.executable, "-m", "rawkit", "handshake"]
REAL = pytest.mark.netns


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.line(hops=1) as net:
        yield net


@pytest.fixture(scope="module")
def port(net: Lab) -> Iterator[int]:
    """A port of the last node where somebody listens, by both versions of IP."""
    with net.last.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.bind(("::", 0))
        sock.listen(100)
        yield sock.getsockname()[1]


def run(net: Lab, *words: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, words)]
    with net.first.popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "a HOST and a PORT are wanted: localhost 80 (rawkit handshake --help)"),
        (["localhost"], "a HOST and a PORT are wanted: localhost 80 (rawkit handshake --help)"),
        (["localhost", "0"], "bad port: 0 (1 to 65535)"),
        (["localhost", "65536"], "bad port: 65536 (1 to 65535)"),
        (["localhost", "no such"], "bad port: no such (a number, or a service of /etc/services)"),
        (["--stop", "fin", "localhost", "80"], "bad --stop: fin (syn, syn-ack, ack)"),
        (["--mss", "12", "localhost", "80"], "bad MSS: 12 (64 to 65535)"),
        (
            ["--whole", "--stop", "syn", "localhost", "80"],
            "--whole and --stop: nothing is whole that stops",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], said: str, capsys: Captured) -> None:
    code = main(["handshake", *words])

    assert (code, capsys.readouterr().err) == (2, f"rawkit handshake: {said}\n")


def test_links_and_guards_are_those_that_there_are() -> None:
    assert tuple(LINKS) == raw_values.LINKS == get_args(LinkKind)
    assert tuple(GUARDS) == raw_values.GUARDS == get_args(GuardKind)


def test_help_has_every_option_and_examples(capsys: Captured) -> None:
    assert main(["handshake", "--help"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith("Usage: rawkit handshake [options] HOST PORT\n")
    assert "--no-timestamps" in shown
    assert "\nExamples:\n" in shown


@REAL
@pytest.mark.parametrize("version", [4, 6])
def test_three_segments_and_their_reasons(net: Lab, port: int, version: int) -> None:
    there = net.last.ipv4 if version == 4 else net.last.ipv6
    ran = run(net, "-v", there, port)

    lines = [re.sub(r"\d+", "#", line.strip()) for line in ran.stdout.splitlines()]
    assert (ran.returncode, ran.stderr) == (0, "")
    assert lines[0].endswith("(raw link; guard: filter, digest, hops)")
    assert lines[1:] == [
        "#.# ms -> Flags [S], seq #, win #, options [mss #,sackOK,TS val # ecr #,nop,wscale #], "
        "length #",
        "CLOSED to SYN-SENT: the connection is opened (§#.#.#)",
        "#.# ms <- Flags [S.], seq #, ack #, win #, options [mss #,sackOK,TS val # ecr #,nop,"
        "wscale #], length #",
        "SYN-SENT to ESTABLISHED: it acknowledges our SYN, and is theirs (§#.#.#.#, fourth)",
        "#.# ms -> Flags [.], ack #, win #, options [nop,nop,TS val # ecr #], length #",
        "ESTABLISHED: it acknowledges their SYN: data may follow (§#.#.#.#, fourth)",
        "established: round trip #.# ms, MSS #, windows shifted by # and #, SACK, timestamps",
    ]


@REAL
def test_nothing_is_offered_that_was_switched_off(net: Lab, port: int) -> None:
    words = ("--no-sack", "--no-timestamps", "--no-scaling", "--mss", 500, "--window", 3000)
    ran = run(net, "-q", *words, net.last.ipv4, port)

    assert "win 3000, options [mss 500], length 0" in ran.stdout.splitlines()[1]
    assert re.search(r"established: round trip [\d.]+ ms, MSS 500$", ran.stdout, re.MULTILINE)


@REAL
@pytest.mark.parametrize(("where", "count"), [("syn", 1), ("syn-ack", 2), ("ack", 3)])
def test_it_stops_where_it_is_told_to(net: Lab, port: int, where: str, count: int) -> None:
    ran = run(net, "--json", "--stop", where, net.last.ipv4, port)

    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0
    assert [row["type"] for row in rows] == ["segment"] * count + ["handshake"]
    assert [row["direction"] for row in rows[:-1]] == ["out", "in", "out"][:count]
    assert rows[-1]["established"] is (count > 1)


@REAL
def test_the_farewell_is_shown_as_well(net: Lab) -> None:
    script = (
        "import socket\nlistener = socket.create_server(('', 7001))\nprint(flush=True)\n"
        "listener.accept()[0].recv(1)"
    )
    with net.last.popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        ran = run(net, "--json", "--whole", net.last.ipv4, 7001)

    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    flags = [row["tcp_flags"] for row in rows[:-1]]
    assert flags[:4] == [["SYN"], ["SYN", "ACK"], ["ACK"], ["FIN", "ACK"]]
    assert ["FIN", "ACK"] in flags[4:]
    assert rows[-2]["state_after"] == "TIME-WAIT"


@REAL
def test_a_refusal_is_told_and_no_handshake(net: Lab) -> None:
    ran = run(net, net.last.ipv4, 9)

    assert ran.returncode == 1
    assert "SYN-SENT to CLOSED: nobody listens there" in ran.stdout
    assert ran.stderr == f"rawkit handshake: tcp:{net.last.ipv4}:9: RST came back: refused\n"


@REAL
def test_silence_is_told(net: Lab) -> None:
    with net.routers[0].popen(["ip", "route", "add", "blackhole", "203.0.113.0/24"]) as process:
        process.wait()

    ran = run(net, "-w", "200ms", "203.0.113.9", 80)

    said = "rawkit handshake: tcp:203.0.113.9:80: nothing came back in 0.2 s\n"
    assert (ran.returncode, ran.stderr) == (1, said)


@REAL
def test_who_says_that_there_is_no_way_is_told(net: Lab) -> None:
    ran = run(net, "198.51.100.9", 80)

    assert ran.returncode == 1
    said = "ICMP 3/0 (Destination Net Unreachable) from 10.1.0.2 came back: unreachable"
    assert said in ran.stderr


@REAL
def test_a_capture_has_the_segments_and_the_reset_behind_them(
    net: Lab, port: int, tmp_path: Path
) -> None:
    ran = run(net, "--pcap", tmp_path / "seen.pcap", net.last.ipv4, port)

    with read_capture(tmp_path / "seen.pcap") as capture:
        seen = [found[1] for one in capture if (found := Reader().read(one.octets))]
    assert ran.returncode == 0
    assert [one.flags for one in seen] == [SYN, SYN | ACK, ACK, RST | ACK]


@REAL
def test_what_is_lost_on_purpose_is_not_answered(net: Lab, port: int) -> None:
    ran = run(net, "--drop", "99.999999%", "-w", "0.2", net.last.ipv4, port)

    assert (ran.returncode, "nothing came back in 0.2 s" in ran.stderr) == (1, True)


@REAL
def test_an_interrupt_ends_it_without_a_trace(net: Lab) -> None:
    command = [*COMMAND, "-w", "0", "203.0.113.9", "80"]
    with net.routers[0].popen(["ip", "route", "add", "blackhole", "203.0.113.0/25"]) as way:
        way.wait()
    with net.first.popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)

    assert (process.returncode, err) == (130, "")
