"""``rawkit check``, to the letter; what it finds is tested in tests/posix."""

import json
import sys
from collections.abc import Sequence

import pytest

from rawkit.cli.check_json import SCHEMA
from rawkit.cli.main import main
from rawkit.posix.check import EVERY
from tests.posix import stock

Captured = pytest.CaptureFixture[str]
OURS = ("--", sys.executable, "-m", "rawkit", "serve", "echo", "-a", "unix-seqpacket:@")
ITERATIVE = ("--", sys.executable, "-S", "-c", stock.ITERATIVE, "{port}")


@pytest.mark.netns
def test_each_fault_has_a_line_and_the_last_one_says_what_it_comes_to(capsys: Captured) -> None:
    words = ("-f", "garbage", "-f", "empty messages", "-f", "too long a message")

    code = main(["check", *words, *OURS])

    assert (code, *capsys.readouterr()) == (
        0,
        "ok    garbage\nok    empty messages\nok    too long a message  refused\nall 3 stood\n",
        "",
    )


@pytest.mark.netns
def test_what_is_not_stood_is_told_with_why_and_the_exit_code_is_one(capsys: Captured) -> None:
    words = ("-f", "idle client", "-f", "dripping", "-f", "empty messages", "-w", "0.5")

    code = main(["check", "tcp4:127.0.0.1:0", *words, *ITERATIVE])

    assert (code, *capsys.readouterr()) == (
        1,
        "FAILS idle client         while a client is silent, others get no answer: timed out\n"
        "ok    dripping\n"
        "-     empty messages      a stream has no messages\n"
        "1 of 2 not stood\n",
        "",
    )


@pytest.mark.netns
def test_quiet_prints_failures_only(capsys: Captured) -> None:
    words = ("-q", "-f", "idle client", "-f", "dripping", "-w", "0.5")

    code = main(["check", "tcp4:127.0.0.1:0", *words, *ITERATIVE])

    assert (code, capsys.readouterr().out.count("\n")) == (1, 1)


@pytest.mark.netns
def test_json_has_a_line_for_each_fault_with_the_fields_of_the_schema(capsys: Captured) -> None:
    words = ("--json", "-f", "dripping", "-f", "empty messages")

    main(["check", *words, *OURS])

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for one in found:
        assert tuple(one)[5:] == SCHEMA[one["type"]]
    assert [one["type"] for one in found] == ["fault", "fault", "checked"]
    assert [one["stood"] for one in found[:2]] == [True, True]
    assert (found[2]["faults_stood"], found[2]["faults_not_stood"]) == (2, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no ADDRESS, such as tcp:127.0.0.1:7007, and no COMMAND behind --"),
        (["--"], "no COMMAND behind --"),
        (["unix:a", "unix:b"], "one ADDRESS: 'unix:b' is too much (COMMAND is behind --)"),
        (["-f", "rst", "unix:a"], "no fault 'rst' (rawkit check --list shows them)"),
        (["-p", "x", "unix:a"], "bad process: 'x' is no number from 1 to 4194304"),
        (["unix:a", "--", "/nowhere"], "cannot start /nowhere: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line(words: Sequence[str], said: str, capsys: Captured) -> None:
    code = main(["check", *words])

    assert (code, *capsys.readouterr()) == (2, "", f"rawkit check: {said}\n")


def test_every_fault_is_listed_with_what_it_is(capsys: Captured) -> None:
    main(["check", "--list"])
    out = capsys.readouterr().out

    for fault in EVERY:
        assert f"  {fault.name:20} {fault.about}\n" in out
