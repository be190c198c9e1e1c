"""The fault suite as a tool: it finds what servers of books and manuals do not stand."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rawkit.errors import RawkitError, UsageError
from rawkit.posix import address
from rawkit.posix.check import Check, Plan
from rawkit.posix.faults import Finding
from rawkit.posix.started import Started
from tests.posix import stock

pytestmark = pytest.mark.netns

ANY = address.parse("tcp4:127.0.0.1:0")


def python(program: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", program, "{port}", *arguments)


def tried(command: Sequence[str], fault: str, patience: float = 1.0) -> Finding:
    plan = Plan(address=ANY, command=tuple(command), names=(fault,), patience=patience, grace=0.2)
    (finding,) = Check(plan).findings()
    return finding


@pytest.mark.alone
@pytest.mark.parametrize(
    ("command", "fault", "said"),
    [
        (python(stock.ITERATIVE), "idle client",
            "while a client is silent, others get no answer: timed out"),
        (python(stock.SOCKETSERVER, "ForkingTCPServer"), "killed", "1 children go on without it"),
        (python(stock.SOCKETSERVER, "ForkingTCPServer"), "drains the idle",
            "1 children go on without it"),
        (python(stock.SOCKETSERVER, "ThreadingTCPServer"), "drains",
            "it cuts off a client in the middle: "),
        (python(stock.THREADS), "no descriptors", "it has died for want of descriptors"),
        (python(stock.EPOLL), "never reads", "it hangs up on a client that does not read yet: "),
        (python(stock.FORGETFUL), "memory leak", " KiB in 100 clients that are gone"),
        (python(stock.FORGETFUL), "descriptor leak", " descriptors stay open after 40 clients"),
        (python(stock.ASYNCIO), "never reads", " MiB for a client that does not read"),
    ],
)  # fmt: skip
def test_known_faults_of_servers_of_books_are_found(
    command: Sequence[str], fault: str, said: str
) -> None:
    finding = tried(command, fault)

    assert finding.passed is False, finding
    assert said in finding.said


@pytest.mark.alone
@pytest.mark.parametrize(
    ("command", "fault", "passed"),
    [
        (("socat", "TCP-LISTEN:{port},fork,reuseaddr", "PIPE"), "half-close", True),
        (("socat", "TCP-LISTEN:{port},fork,reuseaddr", "PIPE"), "killed", False),
        (("ncat", "-lk", "127.0.0.1", "{port}", "--exec", "/bin/cat"), "half-close", False),
        (("ncat", "-lk", "127.0.0.1", "{port}", "--exec", "/bin/cat"), "killed", False),
    ],
)
def test_known_faults_of_socat_and_ncat_are_found(
    command: Sequence[str], fault: str, passed: bool
) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} here")

    assert tried(command, fault).passed is passed


@pytest.mark.alone
@pytest.mark.parametrize("fault", ["half-close", "no descriptors", "interrupted", "killed"])
def test_a_server_of_ours_stands_them(fault: str) -> None:
    command = (*OURS, "--grace", "0.2")

    finding = tried(command, fault, patience=20)

    assert finding.passed, finding.said


OURS = (sys.executable, "-m", "rawkit", "serve", "echo", "tcp4:127.0.0.1:{port}")


def test_datagrams_are_tried_by_faults_of_their_own() -> None:
    command = (sys.executable, "-m", "rawkit", "serve", "echo", "-a", "udp4:127.0.0.1:0")

    findings = list(Check(Plan(command=command, patience=20)).findings())

    assert [one.fault for one in findings] == [
        *("datagrams", "unreachable", "never reads", "nameless", "too long", "own port"),
        "low port",
    ]
    assert not [one for one in findings if one.passed is False]


def test_a_server_that_a_fault_has_killed_is_started_anew_for_the_next_one() -> None:
    names = ("never reads", "idle client", "killed")
    plan = Plan(address=ANY, command=python(stock.EPOLL), names=names, patience=5, grace=0.2)

    assert [one.passed for one in Check(plan).findings()] == [False, True, True]


def test_of_a_started_server_nothing_is_left(tmp_path: Path) -> None:
    program = "import os, time; print('unix:s', flush=True); os.fork(); time.sleep(600)"
    with pytest.raises(RawkitError, match=r"nobody is at unix:s after 0\.3 s"):
        Started((sys.executable, "-c", program), None, 0.3).__enter__()

    deadline = time.monotonic() + 20
    while _running(program) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _running(program)


def _running(program: str) -> bool:
    found = False
    for name in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208  # pids, not paths
        try:
            found |= program.encode() in Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit('no such luck')",
            "it has ended with code 1 before anybody could connect: no such luck"),
        ("print('hello')",
            "it says 'hello', and that is no address (try: rawkit check ADDRESS -- COMMAND)"),
        ("import time; time.sleep(600)",
            "it says no address within 0.5 s (try: rawkit check ADDRESS -- COMMAND)"),
    ],
)  # fmt: skip
def test_a_server_that_does_not_start_is_told_with_its_last_words(program: str, said: str) -> None:
    plan = Plan(command=(sys.executable, "-S", "-c", program), patience=0.5)

    with pytest.raises(RawkitError) as caught:
        list(Check(plan).findings())
    assert str(caught.value) == said


def test_a_server_that_is_there_already_is_tried_from_outside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        there = address.parse(f"tcp4:127.0.0.1:{deaf.getsockname()[1]}")
        plan = Plan(address=there, names=("idle client", "memory leak"), patience=0.1)

        findings = list(Check(plan).findings())

    assert [one.passed for one in findings] == [False, None]
    assert findings[1].said == "the process of the server is not known"


def test_where_nobody_is_there_is_nothing_to_try() -> None:
    with pytest.raises(RawkitError, match="nobody answers at unix:@rawkit-nobody"):
        list(Check(Plan(address=address.parse("unix:@rawkit-nobody"), patience=0.1)).findings())


def test_of_a_server_that_a_fault_has_killed_the_rest_is_not_tried() -> None:
    with Started(python(stock.EPOLL), ANY, 20) as server:
        names = ("never reads", "idle client")
        plan = Plan(address=server.address, names=names, patience=0.5)

        findings = list(Check(plan).findings())

    assert [one.passed for one in findings] == [False, None]
    assert findings[1].said == "not tried: nobody is there any more"


def test_the_file_of_a_unix_socket_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "s"
    command = (sys.executable, "-m", "rawkit", "serve", "echo", "{address}")
    plan = Plan(address=address.parse(f"unix:{path}"), command=command, names=("killed",))

    assert [one.passed for one in Check(plan).findings()] == [True]
    assert not path.exists()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({}, "no ADDRESS, such as tcp:127.0.0.1:7007, and no COMMAND behind --"),
        ({"address": ANY, "names": ("half-clos",)},
            "no fault 'half-clos' (did you mean 'half-close'?)"),
        ({"command": ("x",), "pid": 1},
            "--pid is of a server that is there already: without COMMAND"),
        ({"address": address.parse("tcp:192.0.2.1:7")},
            "tcp:192.0.2.1:7 is not on this machine, and is not loaded by a check"
            " (try: run it there; --remote, if it is yours)"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(plan: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Plan(**plan)  # type: ignore[arg-type]

    assert str(caught.value) == said
