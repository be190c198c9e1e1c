"""The programs that show sockets from socket() to close() run, and are short."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lessons.loopback import A_WHILE, PATIENCE

SCRIPTS = Path(__file__).parents[2] / "scripts"
SERVER, CLIENT, KINDS = (
    SCRIPTS / f"{name}.py" for name in ("line_server", "line_client", "socket_kinds")
)
LONGEST = 60
"""Lines: a page, for a program that is to be read."""
PLACES = ["127.0.0.1:0", "[::1]:0", "./s"]


def run(script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def server(place: str, model: str) -> Iterator[str]:
    """Run a server; gives the place where it is."""
    command = [sys.executable, str(SERVER), place, model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            _, _, said = process.stdout.readline().partition(" ")
            if place.endswith(":0"):
                port = said.split(", ")[1].strip(")\n")
                place = f"{place.removesuffix('0')}{port}"
            yield place
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == -signal.SIGINT


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.netns
@pytest.mark.parametrize("model", ["one", "fork"])
@pytest.mark.parametrize("place", PLACES)
def test_lines_come_back_with_one_added_to_each_octet(place: str, model: str) -> None:
    with server(place, model) as where:
        first = run(CLIENT, where, "HAL", "gdkkn")
        second = run(CLIENT, where, "VMS")

    assert (first.stdout, first.stderr, first.returncode) == ("IBM\nhello\n", "", 0)
    assert (second.stdout, second.stderr, second.returncode) == ("WNT\n", "", 0)


@pytest.mark.netns
@pytest.mark.parametrize(("model", "is_served"), [("one", False), ("fork", True)])
def test_a_silent_client_stops_the_server_that_has_but_one_process(
    model: str, is_served: bool
) -> None:
    with (
        server("./s", model),
        socket.socket(socket.AF_UNIX) as silent,
        socket.socket(socket.AF_UNIX) as second,
    ):
        silent.connect("./s")
        second.connect("./s")
        second.sendall(b"HAL\n")
        second.settimeout(PATIENCE if is_served else 4 * A_WHILE)
        try:
            heard = second.recv(99)
        except TimeoutError:
            heard = b""

    assert heard == (b"IBM\n" if is_served else b"")


@pytest.mark.netns
def test_a_client_that_resets_ends_its_own_connection_and_no_other() -> None:
    with server("127.0.0.1:0", "one") as place:
        host, port = place.split(":")
        with socket.create_connection((host, int(port))) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            rude.sendall(b"half a line")

        assert run(CLIENT, place, "HAL").stdout == "IBM\n"


def test_the_kinds_of_sockets_are_tried_and_told() -> None:
    told = run(KINDS, "all")

    lines = told.stdout.splitlines()
    assert lines[1].split() == ["AF_UNIX", "yes", "yes", "yes", "a", "datagram", "one"]
    assert lines[2].split()[:3] == ["AF_INET", "yes", "yes"]
    assert lines[-3:] == [
        "b'first' and b'second', sent by SOCK_STREAM, came as b'firstsecond'",
        "b'first' and b'second', sent by SOCK_DGRAM, came as b'first' and b'second'",
        "b'first' and b'second', sent by SOCK_SEQPACKET, came as b'first' and b'second'",
    ]
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("script", "words", "complaint"),
    [
        (SERVER, ("192.0.2.1:7",), "[Errno 99] Cannot assign requested address"),
        (SERVER, ("127.0.0.1:http",), "invalid literal for int() with base 10: 'http'"),
        (CLIENT, ("./nobody", "hello"), "[Errno 2] No such file or directory"),
        (CLIENT, ("127.0.0.1:7", "hello"), "[Errno 111] Connection refused"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    script: Path, words: tuple[str, ...], complaint: str
) -> None:
    told = run(script, *words)

    assert told.stderr == f"{script.name}: {complaint}\n"
    assert (told.returncode, told.stdout) == (1, "")


@pytest.mark.parametrize(
    ("script", "usage"),
    [
        (SERVER, "scripts/line_server.py PLACE [one|fork]"),
        (CLIENT, "scripts/line_client.py PLACE LINE…"),
        (KINDS, "scripts/socket_kinds.py all"),
    ],
)
def test_a_program_to_be_read_fits_on_a_page_and_says_how_it_is_used(
    script: Path, usage: str
) -> None:
    told = run(script)

    assert len(script.read_text().splitlines()) <= LONGEST
    assert usage in told.stderr
    assert told.returncode == 1
