"""``rawkit ping --tcp`` and its like as processes on the real kernel: lines and exit codes."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rawkit import lab
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.tcp import TCP, Flags
from tests.netns.test_ping_questions import NODE, firewall

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "ping")
UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")
OPEN, CLOSED, SILENT, REJECTED = 80, 81, 93, 91
VARYING = (
    (r"(time|connect)=[\d.]+ ms", r"\1=T ms"),
    (r"time \d+ms", "time Tms"),
    (r"= [\d.]+/[\d.]+/[\d.]+/[\d.]+ ms", "= A/B/C/D ms"),
    (r"(originate|receive|transmit)=\d+", r"\1=N"),
)
RULES = f"""table inet filter {{
    chain input {{
        type filter hook input priority 0
        meta l4proto {{ tcp, udp }} th dport {SILENT} drop
        meta l4proto {{ tcp, udp }} th dport {REJECTED} reject with icmpx type admin-prohibited
    }}
}}
"""
Ran = tuple[int, str, str]


@pytest.fixture(scope="module")
def net() -> Iterator[lab.Lab]:
    sysctls = {"net.ipv4.icmp_echo_enable_probe": 1, "net.ipv4.icmp_ratelimit": 0}
    with (
        lab.pair(sysctls=sysctls) as net,
        net.last.socket(socket.AF_INET6, socket.SOCK_STREAM) as listener,
    ):
        firewall(net.last, RULES)
        listener.bind(("::", OPEN))
        listener.listen()
        yield net


def ran(net: lab.Lab, line: str, *before: str) -> Ran:
    words = {
        "v4": net.last.ipv4,
        "v6": net.last.ipv6,
        "spare": net.last.spare().ipv4,
    }
    command = (*before, *RAWKIT, *line.format_map(words).split())
    with net.first.popen(
        command,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, err = process.communicate(timeout=20)
        return process.returncode, constant(out), err


def constant(text: str) -> str:
    for pattern, stand_in in VARYING:
        text = re.sub(pattern, stand_in, text)
    return text


def page(first: str, *lines: str, host: str, received: int, errors: int = 0) -> str:
    """Return all that one request leads to."""
    counts = f"1 packets transmitted, {received} received"
    counts += f", +{errors} errors" * bool(errors) + f", {100 - 100 * received}% packet loss"
    times = "rtt min/avg/max/mdev = A/B/C/D ms" * received
    told = [first, *lines, "", f"--- {host} ping statistics ---", f"{counts}, time Tms", times]
    return "\n".join(told) + "\n"


V4, V6 = "10.1.0.2", "fd00:0:0:1::2"
PAGES: list[tuple[str, tuple[str, ...], int, str]] = [
    (
        f"-c1 --tcp {OPEN} {{v4}}",
        (),
        0,
        page(
            f"PING {V4} ({V4}) TCP port 80",
            f"40 bytes from {V4}: tcp_seq=1 ttl=64 time=T ms open",
            host=V4,
            received=1,
        ),
    ),
    (
        f"-c1 --tcp {CLOSED} {{v6}}",
        (),
        0,
        page(
            f"PING {V6}({V6}) TCP port 81",
            f"20 bytes from {V6}: tcp_seq=1 ttl=64 time=T ms closed",
            host=V6,
            received=1,
        ),
    ),
    (
        f"-c1 --tcp {OPEN} {{v4}}",
        UNPRIVILEGED,
        0,
        page(
            f"PING {V4} ({V4}) TCP port 80",
            f"answer from {V4}: tcp_seq=1 time=T ms connect=T ms open",
            host=V4,
            received=1,
        ),
    ),
    (
        f"-c1 --tcp {OPEN} -C {{v6}}",
        (),
        0,
        page(
            f"PING {V6}({V6}) TCP port 80",
            f"answer from {V6}: tcp_seq=1 time=T ms connect=T ms open",
            host=V6,
            received=1,
        ),
    ),
    (
        f"-c1 --tcp {CLOSED} {{v4}}",
        UNPRIVILEGED,
        0,
        page(
            f"PING {V4} ({V4}) TCP port 81",
            f"answer from {V4}: tcp_seq=1 time=T ms connect=T ms closed",
            host=V4,
            received=1,
        ),
    ),
    *(
        (
            f"-c1 --tcp {REJECTED} {{v4}}",
            before,
            1,
            page(
                f"PING {V4} ({V4}) TCP port 91",
                f"From {V4} tcp_seq=1 Packet filtered",
                host=V4,
                received=0,
                errors=1,
            ),
        )
        for before in ((), UNPRIVILEGED)
    ),
    *(
        (
            f"-c1 -W 0.2 --tcp {SILENT} {{v4}}",
            before,
            1,
            page(f"PING {V4} ({V4}) TCP port 93", host=V4, received=0),
        )
        for before in ((), UNPRIVILEGED)
    ),
    (
        f"-c1 --udp {CLOSED} {{v4}}",
        UNPRIVILEGED,
        0,
        page(
            f"PING {V4} ({V4}) UDP port 81, 56(84) bytes of data.",
            f"answer from {V4}: udp_seq=1 ttl=64 time=T ms closed",
            host=V4,
            received=1,
        ),
    ),
    (
        f"-c1 -W 0.2 --udp {SILENT} -s 0 {{v6}}",
        UNPRIVILEGED,
        1,
        page(f"PING {V6}({V6}) UDP port 93, 0(48) bytes of data.", host=V6, received=0),
    ),
    (
        f"-c1 --udp {REJECTED} {{v6}}",
        UNPRIVILEGED,
        1,
        page(
            f"PING {V6}({V6}) UDP port 91, 56(104) bytes of data.",
            f"From {V6} udp_seq=1 Destination unreachable: Administratively prohibited",
            host=V6,
            received=0,
            errors=1,
        ),
    ),
    (
        "-c1 --icmp-timestamp {v4}",
        (),
        0,
        page(
            f"PING {V4} ({V4}) ICMP timestamp",
            f"20 bytes from {V4}: icmp_seq=1 ttl=64 time=T ms originate=N receive=N transmit=N"
            " difference=0 ms",
            "",
            f"clock of {V4} minus ours: 0 ms",
            host=V4,
            received=1,
        ),
    ),
    (
        "-c1 --probe eth0 {v4}",
        UNPRIVILEGED,
        0,
        page(
            f"PING {V4} ({V4}) PROBE interface eth0",
            f"20 bytes from {V4}: icmp_seq=1 ttl=64 time=T ms active, IPv4, IPv6",
            host=V4,
            received=1,
        ),
    ),
    (
        "-c1 --probe 77 {v6}",
        (),
        0,
        page(
            f"PING {V6}({V6}) PROBE interface 77",
            f"20 bytes from {V6}: icmp_seq=1 ttl=64 time=T ms no such interface",
            host=V6,
            received=1,
        ),
    ),
]


@pytest.fixture
def powerless() -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv(1) here to lose privileges with")


@pytest.mark.usefixtures("powerless")
@pytest.mark.parametrize(("line", "before", "code", "shown"), PAGES)
def test_a_question_is_asked_and_answered(
    line: str, before: tuple[str, ...], code: int, shown: str, net: lab.Lab
) -> None:
    assert ran(net, line, *before) == (code, shown, "")


@pytest.mark.usefixtures("powerless")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-c1 --icmp-timestamp {v4}", "cannot send ICMP timestamp requests over IPv4: "),
        ("-c1 -N name {v6}", "cannot send node information queries over IPv6: "),
        ("-c1 --tcp 80 --pcap /dev/null {v4}", "cannot send TCP probes over IPv4: "),
    ],
)
def test_what_takes_privilege_says_so_in_one_line_with_the_ways_out(
    line: str, said: str, net: lab.Lab
) -> None:
    code, out, err = ran(net, line, *UNPRIVILEGED)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"rawkit ping: {said}CAP_NET_RAW ")
    assert "try: " in err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--tcp 0 {v4}", "invalid argument: '0': out of range: 1 <= value <= 65535"),
        ("--udp 70000 {v4}", "invalid argument: '70000': out of range: 1 <= value <= 65535"),
        (
            "--tcp 80 --udp 53 {v4}",
            "only one of --tcp, --udp, --icmp-timestamp, --probe, -N may be used",
        ),
        ("-N name {v4}", f"{V4}: is an IPv4 address, not IPv6"),
        ("-4 -N name localhost", "this question is asked over IPv6 only"),
        ("--icmp-timestamp {v6}", f"{V6}: is an IPv6 address, not IPv4"),
        ("-N subject-name=a {v6}", "node information: subject-name=a asks for nothing"),
        ("--probe 4294967296 {v4}", None),
        ("--tcp 80 192.0.2.9", None),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(line: str, said: str | None, net: lab.Lab) -> None:
    code, out, err = ran(net, f"-c1 {line}")

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said is None or err == f"rawkit ping: {said}\n"


def test_the_words_for_a_node_are_listed(net: lab.Lab) -> None:
    code, out, err = ran(net, "-N help")

    assert (code, err) == (0, "")
    assert out.startswith("rawkit ping -N WHAT … HOST\n")
    for word in ("name", "ipv6-all", "ipv4-all", "subject-fqdn=NAME"):
        assert f"  {word} " in out


@pytest.fixture(scope="module")
def knowing(net: lab.Lab) -> Iterator[lab.Lab]:
    """The last node answers node information queries."""
    with net.last.popen([sys.executable, "-c", NODE], text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield net
        process.kill()


@pytest.mark.parametrize("words", ["-N name", "-N ipv6", "-N ipv6-all", "-N ipv4"])
def test_a_node_is_shown_as_ping_8_shows_it(words: str, knowing: lab.Lab) -> None:
    ping = shutil.which("ping")
    version = ping and subprocess.run([ping, "-V"], capture_output=True, text=True, check=False)
    if not ping or not version or "20221126" not in version.stdout:
        pytest.skip("no ping of iputils 20221126 here to compare with")
    command = [ping, "-6", "-c1", *words.split(), str(knowing.last.ipv6)]
    with knowing.first.popen(command, text=True, stdout=subprocess.PIPE) as process:
        expected = process.communicate(timeout=20)[0]

    code, out, err = ran(knowing, f"-c1 {words} {{v6}}")

    # But for the time, which ping(8) does not tell here.
    ours = out.replace(" time=T ms", "").replace("rtt min/avg/max/mdev = A/B/C/D ms\n", "\n")
    assert (code, err) == (0, "")
    assert ours == constant(expected)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("powerless")
@pytest.mark.parametrize(
    ("line", "before", "answer"),
    [
        (f"--tcp {OPEN} {{v4}}", (), {"port_state": "open", "tcp_flags": ["SYN", "ACK"]}),
        (f"--tcp {CLOSED} {{v6}}", UNPRIVILEGED, {"port_state": "closed", "tcp_flags": None}),
        (f"--udp {CLOSED} {{v4}}", UNPRIVILEGED, {"port_state": "closed", "icmp_code": 3}),
        ("--probe eth0 {v6}", (), {"outcome": "no error", "interface_active": True}),
        ("--icmp-timestamp {v4}", (), {}),
    ],
)
def test_json_tells_the_answer(
    line: str, before: tuple[str, ...], answer: dict[str, Any], net: lab.Lab
) -> None:
    code, out, err = ran(net, f"-c1 --json {line}", *before)

    assert (code, err) == (0, "")
    reply, summary = objects(out)
    assert (reply["type"], summary["type"]) == ("reply", "summary")
    assert answer.items() <= reply["answer"].items()
    assert summary["answer"] == reply["answer"]


def test_the_capture_shows_syn_and_answer(net: lab.Lab, tmp_path: Path) -> None:
    file = tmp_path / "tcp.pcap"

    code, _, err = ran(net, f"-c1 --tcp {OPEN} --pcap {file} {{v4}}")

    assert (code, err) == (0, "")
    octets, flags = file.read_bytes()[24:], list[Flags]()
    while octets:
        size = int.from_bytes(octets[8:12], "big")
        flags.append(dissect_ip(octets[16 : 16 + size])[TCP].flags)
        octets = octets[16 + size :]
    assert flags == [Flags.SYN, Flags.SYN | Flags.ACK]


@pytest.mark.usefixtures("powerless")
@pytest.mark.parametrize("before", [(), UNPRIVILEGED], ids=["raw", "connect"])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_nothing_is_left_when_it_is_ended(
    end: signal.Signals, before: tuple[str, ...], net: lab.Lab
) -> None:
    command = (*before, *RAWKIT, "-i", "0.02", "--tcp", str(OPEN), str(net.last.ipv4))
    with net.first.popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "tcp_seq=5 " in line:
                break
        process.send_signal(end)
        out, err = process.communicate(timeout=20)

    if end is signal.SIGINT:
        assert (process.returncode, err) == (0, "")
        assert "ping statistics" in out
    deadline = time.monotonic() + 5
    while busy(net.first) + busy(net.last):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def busy(node: lab.Node) -> str:
    """Return the TCP connections of a node, finished ones included."""
    with node.popen(
        ["ss", "-Htan", "state", "connected"], text=True, stdout=subprocess.PIPE
    ) as process:
        return process.communicate(timeout=20)[0]


def test_verbose_says_why_the_kernel_connects(net: lab.Lab) -> None:
    code, _, err = ran(net, f"-c1 -v -C --tcp {OPEN} {{v4}}")

    assert (code, err) == (0, "rawkit ping: connect(): asked for\n")


def test_several_hosts_and_stats(net: lab.Lab) -> None:
    code, out, err = ran(net, f"-c1 --stats --tcp {OPEN} {{v4}} {{v6}}")

    assert (code, err) == (0, "")
    for host in (V4, V6):
        assert f"{host}: 40 bytes from {host}: tcp_seq=1 ttl=64 time=T ms open\n" in out
        assert f"{host}: socket: raw socket (permitted here)\n" in out


def test_a_host_that_is_not_there_is_told_of_as_for_an_echo(net: lab.Lab) -> None:
    code, out, _ = ran(net, f"-c1 -W 0.2 --tcp {OPEN} {{spare}}")

    assert code == 1
    assert "1 packets transmitted, 0 received, 100% packet loss" in out
