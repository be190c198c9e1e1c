"""``rawkit doctor``, to the letter."""

import json
import os
import subprocess
import sys

import pytest

from rawkit.cli.doctor import main, show
from rawkit.host.finding import Finding, Verdict

FINE = Finding("seccomp", Verdict.OK, "off")
ODD = Finding("IPv4 raw socket", Verdict.WARN, "cannot be opened", "no CAP_NET_RAW", ("sudo", "su"))
SAME = Finding("packet socket", Verdict.WARN, "cannot be opened", "no CAP_NET_RAW", ("sudo", "su"))
WORSE = Finding("rawkit ping", Verdict.BAD, "cannot ping", "", ("rawkit lab",))
FIRST_SAID = (
    "warn  IPv4 raw socket: cannot be opened\n"
    "      why: no CAP_NET_RAW\n"
    "      try: sudo\n"
    "      try: su\n"
)
AGAIN_SAID = (
    "warn  packet socket: cannot be opened\n      why, and what to try: see IPv4 raw socket\n"
)
WORSE_SAID = "bad   rawkit ping: cannot ping\n      try: rawkit lab\n"


def test_each_finding_tells_verdict_cause_and_ways_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = show([FINE, ODD, SAME, WORSE])

    said = "ok    seccomp: off\n" + FIRST_SAID + AGAIN_SAID + WORSE_SAID
    assert (code, capsys.readouterr()) == (1, (said, ""))


def test_quiet_leaves_out_what_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    code = show([FINE, ODD], quiet=True)

    assert (code, capsys.readouterr()) == (0, (FIRST_SAID, ""))


def test_only_a_command_that_cannot_work_makes_it_exit_1() -> None:
    assert show([]) == show([FINE]) == show([ODD]) == 0
    assert show([WORSE]) == show([FINE, WORSE], quiet=True) == 1


def test_json_is_one_object_a_finding_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    show([ODD, SAME], as_json=True)

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {
        "schema": "rawkit.doctor/1",
        "subject": "IPv4 raw socket",
        "verdict": "warn",
        "says": "cannot be opened",
        "cause": "no CAP_NET_RAW",
        "ways_out": ["sudo", "su"],
    }
    assert second["cause"] == "no CAP_NET_RAW"


def test_this_machine_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    code = main([])

    out, err = capsys.readouterr()
    assert err == ""
    assert code == (1 if "\nbad   " in out else 0)
    assert "rawkit doctor: needs nothing" in out


def test_quiet_and_json_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    main(["-q", "--json"])

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(one["verdict"] != "ok" for one in found)
    assert all(one["schema"] == "rawkit.doctor/1" for one in found)


@pytest.mark.parametrize("argv", [["--foo"], ["foo"]])
def test_a_mistake_is_one_line_and_exit_2(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2

    said = f"rawkit doctor: unrecognized arguments: {argv[0]}\n"
    assert capsys.readouterr() == ("", said)


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-h"]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert "\nexamples:\n  rawkit doctor " in out
    assert "0 every command can work; 1 at least one cannot; 2 wrong usage\n" in out


@pytest.mark.parametrize("command", ["caps", "doctor"])
def test_a_reader_who_has_left_is_no_error(command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = "import sys; from rawkit.cli.main import main; sys.exit(main(sys.argv[1:]))"
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, command], stdout=writer, stderr=subprocess.PIPE
        )
    finally:
        os.close(writer)

    assert done.stderr == b""
