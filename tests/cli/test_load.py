"""``rawkit load``, to the letter; the tests themselves are tested in tests/posix."""

import json
import re
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest

from rawkit.cli import load_json, load_text
from rawkit.cli.load_json import PARTS, SCHEMA
from rawkit.cli.main import main
from rawkit.cli.records import HEAD
from rawkit.engine.histogram import Histogram
from rawkit.engine.load_report import Cause, Effort, LoadReport, latency_of
from rawkit.posix.address import parse
from rawkit.posix.serve import Server, serve
from rawkit.posix.services import SERVICES

Captured = pytest.CaptureFixture[str]
COMMAND = (sys.executable, "-m", "rawkit", "load")
NUMBER = re.compile(r"\d+(\.\d+)?")


def found(**changes: Any) -> LoadReport:
    latencies = Histogram()
    latencies.add_each([0.001] * 990 + [0.25] * 10)
    latency = latency_of(latencies)
    values: dict[str, Any] = {
        "connections": 10, "connected": 10, "size": 64, "rate": None, "each_its_own": False,
        "elapsed": 2.0, "asked": 1000, "answered": 1000, "answered_in_time": 1000, "unasked": 0,
        "unfinished": 0, "different": 0, "strays": 0, "latency": latency, "corrected": latency,
        "connecting": None, "fewest": 90, "most": 110, "causes": {}, "effort": Effort(0.5, 0.1),
    }  # fmt: skip
    return LoadReport(**{**values, **changes})


def text(report: LoadReport) -> str:
    return "".join(f"{line}\n" for line in load_text.report("tcp4:192.0.2.7:7", report))


def test_a_report_is_a_table_of_latencies() -> None:
    assert text(found()) == (
        "tcp4:192.0.2.7:7: 10 connections, 64 octets, closed loop\n"
        "1000 questions, 1000 answered; 2.000 s, 500 answers a second, 0.032 MB/s\n"
        "milliseconds  least  mean   50 %   90 %   99 %   most\n"
        "as asked      1.000  3.490  1.004  1.004  1.004  250.000\n"
        "corrected     1.000  3.490  1.004  1.004  1.004  250.000\n"
        "a connection had 90 to 110 answers\n"
        "this generator took 50% of a processor, and waited for one 10% of the time\n"
    )


def test_a_report_names_all_that_went_wrong() -> None:
    causes = {Cause("answer", 0, "none in 5 s"): 2, Cause("connect", 111, "refused"): 1}
    report = found(
        rate=500.0, connected=9, answered=1, unasked=3, unfinished=1, different=4, strays=2,
        latency=None, corrected=None, causes=causes, most=0,
    )  # fmt: skip

    assert text(report) == (
        "tcp4:192.0.2.7:7: 9 of 10 connections, 64 octets, open loop of 500 a second\n"
        "1000 questions, 1 answered; 2.000 s, 500 answers a second, 0.032 MB/s\n"
        "3 questions never asked: all connections were waiting\n"
        "1 answer not waited for\n"
        "4 answers not what was asked: no echo service\n"
        "2 datagrams came late, or twice\n"
        "2 times no answer: none in 5 s\n"
        "1 time no connection: refused\n"
        "this generator took 50% of a processor, and waited for one 10% of the time\n"
    )


def test_a_rate_and_connections_of_their_own_have_other_words() -> None:
    report = found(each_its_own=True, connections=1, size=1, rate=2.5, connecting=found().latency)

    assert text(report).splitlines()[:6] == [
        "tcp4:192.0.2.7:7: a new connection each time, 1 question at once, 1 octet, open loop of"
        " 2.5 a second",
        "1000 questions, 1000 answered; 2.000 s, 500 connections a second, 0.001 MB/s",
        "milliseconds               least  mean   50 %   90 %   99 %   most",
        "from when they were asked  1.000  3.490  1.004  1.004  1.004  250.000",
        "from when they were due    1.000  3.490  1.004  1.004  1.004  250.000",
        "to connect                 1.000  3.490  1.004  1.004  1.004  250.000",
    ]


def test_json_has_every_field_of_the_schema_in_its_order() -> None:
    causes = {Cause("connect", 111, "connection refused"): 1}
    asked, peer = parse("tcp:example.org:7"), parse("tcp4:192.0.2.7:7")

    line = json.loads(load_json.report(asked, peer, found(causes=causes), 1))

    assert [*line] == [*HEAD, *SCHEMA["load"]]
    assert [*line["latency"]] == [*PARTS["latency"]]
    assert (line["host"], line["peer_address"]) == ("example.org", "tcp4:192.0.2.7:7")
    assert line["latency"]["percentiles"][2] == {"percent": 99.0, "at_most": 0.001003519}
    assert line["gone_wrong"] == [
        {
            "under_way": "connect",
            "errno_name": "ECONNREFUSED",
            "cause": "connection refused",
            "failures": 1,
        }
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no ADDRESS, such as tcp:localhost:7007 (rawkit load --help)"),
        (["tcp:a:7", "tcp:b:7"], "one ADDRESS, and not 'tcp:b:7', too"),
        (["-c", "0", "tcp:a:7"],
            "bad number of connections: '0' is no number from 1 to 1048576"),
        (["-n", "x", "tcp:a:7"], "bad count: 'x' is no number from 1 to 9223372036854775807"),
        (["-d", "0", "tcp:a:7"], "bad duration: 0: nothing could happen in no time"),
        (["-d", "soon", "tcp:a:7"], "bad duration: soon (seconds, or 200ms, 50us, 2m)"),
        (["-R", "0", "tcp:a:7"], "bad rate: 0 (questions a second: 500, 2.5, 20K)"),
        (["-R", "1KiBK", "tcp:a:7"], "bad rate: 1KiBK (questions a second: 500, 2.5, 20K)"),
        (["-s", "1.5", "tcp:a:7"], "bad size: 1.5 (octets, from 1 to 67108864: 64, 4KiB)"),
        (["fd:3"], "fd:3: one socket that is open; a load test opens its own"),
        (["-C", "packet:lo"], "packet:lo: frames have no connections; rawkit send sends them"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_line(
    words: list[str], message: str, capsys: Captured
) -> None:
    assert main(["load", *words]) == 2
    assert capsys.readouterr() == ("", f"rawkit load: {message}\n")


def test_help_shows_every_option_and_examples(capsys: Captured) -> None:
    assert main(["load", "--help"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith("Usage: rawkit load [options] ADDRESS\n")
    assert "  -R, --rate N              questions a second" in shown
    assert all(len(line) <= 100 for line in shown.splitlines())


def test_the_version_is_told(capsys: Captured) -> None:
    assert main(["load", "-V"]) == 0
    assert capsys.readouterr().out.startswith("rawkit load ")


def echo(**options: Any) -> Server:
    return serve(SERVICES["echo"], "tcp4:127.0.0.1:0", grace=0.0, **options)


@pytest.mark.netns
def test_all_answered_is_a_zero(capsys: Captured) -> None:
    with echo() as server:
        code = main(["load", "-c", "2", "-n", "50", "-s", "1KiB", server.address])

    out = capsys.readouterr().out
    assert code == 0
    assert out.startswith(
        f"{server.address}: 2 connections, 1024 octets, closed loop\n50 questions"
    )
    assert NUMBER.sub("#", out.splitlines()[1]) == (
        "# questions, # answered; # s, # answers a second, # MB/s"
    )


@pytest.mark.netns
def test_not_all_answered_is_a_one(capsys: Captured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        place = f"tcp4:127.0.0.1:{deaf.getsockname()[1]}"
        code = main(["load", "-c", "2", "-n", "2", "-w", "100ms", place])

    assert code == 1
    assert "2 times no answer: none in 0.1 s\n" in capsys.readouterr().out


@pytest.mark.netns
def test_nobody_there_is_a_one_and_a_line(capsys: Captured) -> None:
    assert main(["load", "tcp4:127.0.0.1:9"]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(
        "rawkit load: tcp4:127.0.0.1:9: RST came back: connection refused (ECONNREFUSED)"
    )


@pytest.mark.netns
def test_json_is_one_line(capsys: Captured) -> None:
    with echo() as server:
        assert main(["load", "--json", "-n", "20", server.address]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["answered_questions"], json.loads(line)["exit_code"]) == (20, 0)


@pytest.mark.netns
def test_ctrl_c_ends_it_with_what_is_known() -> None:
    pipe = subprocess.PIPE
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"tcp4:127.0.0.1:{server.getsockname()[1]}"
        command = [*COMMAND, "-c", "1", place]
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
            sock, _ = server.accept()
            with sock:
                sock.sendall(sock.recv(64, socket.MSG_WAITALL))
                sock.recv(64, socket.MSG_WAITALL)  # the second question: it has begun
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert out.splitlines()[1].startswith("2 questions, 1 answered; ")
    assert "1 answer not waited for\n" in out


@pytest.mark.netns
def test_nobody_who_reads_is_no_trouble() -> None:
    with echo() as server:
        command = f"{' '.join(COMMAND)} -n 10 {server.address} 2>&1 | true"
        told = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip

    assert (told.returncode, told.stdout, told.stderr) in ((141, "", ""), (0, "", ""))
