"""``rawkit serve``, to the letter; the servers themselves are tested in tests/posix."""

import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from rawkit.cli.main import main
from rawkit.cli.serve_json import PARTS, SCHEMA
from rawkit.posix.faults.subject import receive
from rawkit.posix.models import ABOUT, FILES, PROCESSES

Captured = pytest.CaptureFixture[str]
COMMAND = (sys.executable, "-m", "rawkit", "serve")
PORT = re.compile(r"(?<=\.\d:)\d+|(?<=\]:)\d+")
"""Behind an address."""
SECONDS = re.compile(r"\d+\.\d+ s")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a server, which is there when the first line is."""
    command = [*COMMAND, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, bufsize=1) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def port_in(line: str) -> int:
    return int(PORT.findall(line)[0])


def talk(address: int | str, words: bytes) -> bytes:
    """Say something to a port, or the file of a Unix socket, and hear all that is said."""
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    with socket.socket(family) as sock:
        sock.settimeout(20)
        sock.connect(("127.0.0.1", address) if isinstance(address, int) else address)
        sock.sendall(words)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(1 << 16), b""))


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=20)
    return process.returncode, SECONDS.sub("# s", PORT.sub("#", out)), err


@pytest.mark.netns
def test_it_says_where_it_is_and_at_the_end_what_came() -> None:
    with started("echo", "tcp4:127.0.0.1:0", "--log") as server:
        line = first_line(server)
        heard = talk(port_in(line), b"hello")
        time.sleep(0.01)
        server.send_signal(signal.SIGTERM)

        assert PORT.sub("#", line) == "echo at tcp4:127.0.0.1:# (IPv4 only), model epoll\n"
        assert heard == b"hello"
        assert ended(server) == (
            0,
            "tcp4:127.0.0.1:#: done; 5 octets received, 5 sent, # s\n"
            "--- echo ---\n"
            "1 connection, 5 octets received, 5 sent\n"
            "  1 done\n",
            "",
        )


@pytest.mark.netns
def test_a_script_gets_the_address_alone() -> None:
    with started("upper", "tcp6:[::1]:0", "--print-address", "--for", "0.01") as server:
        assert ended(server) == (1, "tcp6:[::1]:#\n", "")


@pytest.mark.netns
def test_a_service_for_one_client_ends_by_itself() -> None:
    Path("file").write_bytes(b"octets")
    with started("send=file", "tcp4:127.0.0.1:0", "-c1", "-q", "-m", "thread", "-a") as server:
        heard = talk(port_in(first_line(server)), b"")

        assert heard.endswith(b"\noctets")
        assert ended(server) == (0, "", "")


@pytest.mark.netns
def test_clients_of_a_unix_socket_are_told_with_their_process() -> None:
    with started("rot1", "unix:s", "--log", "--count", "1", "--mode", "660") as server:
        assert first_line(server) == "rot1 at unix:s, model epoll\n"
        assert Path("s").stat().st_mode & 0o777 == 0o660
        assert talk("s", b"HAL\n") == b"IBM\n"
        me = f"pid {os.getpid()}, uid {os.getuid()}, gid {os.getgid()}"

        assert ended(server) == (
            0,
            f"a client without a name ({me}): done; 4 octets received, 4 sent, # s\n"
            "--- rot1 ---\n"
            "1 connection, 4 octets received, 4 sent\n"
            "  1 done\n",
            "",
        )
    assert not Path("s").exists()


@pytest.mark.netns
def test_datagrams_are_counted_by_what_became_of_them() -> None:
    with started("time", "udp4:127.0.0.1:0", "--count", "2") as server:
        port = port_in(first_line(server))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.bind(("127.0.0.2", port))  # the server's own port
            sock.sendto(b"x", ("127.0.0.1", port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.sendto(b"xyz", ("127.0.0.1", port))
            assert len(sock.recv(100)) == 4

        assert ended(server)[1] == (
            "--- time ---\n"
            "2 datagrams, 1 answered, 4 octets received, 4 sent\n"
            "  1 from a port of servers\n"
        )


@pytest.mark.netns
def test_json_has_a_line_for_each_event_with_the_fields_of_the_schema() -> None:
    with started("echo", "tcp4:127.0.0.1:0", "--json", "-m", "prefork", "-w2", "-c1") as server:
        lines = [first_line(server)]
        talk(int(json.loads(lines[0])["socket_address"].rpartition(":")[2]), b"hello")
        out, err = server.communicate(timeout=20)

    found = [json.loads(line) for line in (*lines, *out.splitlines())]
    assert err == ""
    assert [one["type"] for one in found] == ["listening", "closed", "served"]
    for one in found:
        assert tuple(one)[5:] == SCHEMA[one["type"]]
    assert (found[0]["service"], found[0]["model"], found[0]["ip_versions"]) == (
        "echo", "prefork", [4],
    )  # fmt: skip
    assert (found[1]["close_reason"], found[1]["received_octets"]) == ("done", 5)
    assert found[2]["closed"] == [{"close_reason": "done", "connections": 1}]
    assert [tuple(worker) for worker in found[2]["workers"]] == [PARTS["worker"]] * 2
    assert tuple(found[2]["closed"][0]) == PARTS["reason"]


@pytest.mark.netns
@pytest.mark.parametrize("model", ["epoll", "fork", "pool", "asyncio"])
def test_a_client_in_the_middle_may_finish_and_nobody_else_is_taken(model: str) -> None:
    with started("echo", "tcp4:127.0.0.1:0", "-m", model, "--grace", "20") as server:
        port = port_in(first_line(server))
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.settimeout(20)
            sock.sendall(b"before")
            assert receive(sock, 6) == b"before"
            server.send_signal(signal.SIGTERM)
            _wait_until_refused(port)
            sock.sendall(b"after")
            assert receive(sock, 5) == b"after"

        code, out, err = ended(server)
    assert (code, err) == (0, "")
    assert ", 11 octets received, 11 sent\n" in out
    assert "cut" not in out


@pytest.mark.netns
@pytest.mark.parametrize(
    "client",
    [("socat", "-t", "60", "-", "tcp:127.0.0.1:{port}"), ("ncat", "127.0.0.1", "{port}")],
    ids=lambda client: client[0],
)
@pytest.mark.parametrize("model", ["epoll", "thread"])
def test_well_known_clients_get_back_all_that_they_say_though_it_is_told_to_stop_meanwhile(
    client: tuple[str, ...], model: str, tmp_path: Path
) -> None:
    if not shutil.which(client[0]):
        pytest.skip(f"no {client[0]} here")
    data = random.Random(7).randbytes(25_000_000)
    (tmp_path / "said").write_bytes(data)
    with started("echo", "tcp4:127.0.0.1:0", "-m", model, "-g", "60", "--print-address") as server:
        port = str(port_in(first_line(server)))
        command = [word.replace("{port}", port) for word in client]
        with (
            (tmp_path / "said").open("rb") as said,
            (tmp_path / "heard").open("wb") as heard,
            subprocess.Popen(command, stdin=said, stdout=heard) as process,
        ):
            _wait_until(lambda: (tmp_path / "heard").stat().st_size > 0)
            server.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0

        assert sha256((tmp_path / "heard").read_bytes()).digest() == sha256(data).digest()
        assert server.wait(20) == 0


@pytest.mark.netns
@pytest.mark.parametrize("model", ["iterative", "fork", "epoll", "asyncio", "reuseport"])
def test_the_second_signal_does_not_wait_for_the_grace(model: str) -> None:
    with started("echo", "tcp4:127.0.0.1:0", "-m", model, "--grace", "600", "-w1") as server:
        port = port_in(first_line(server))
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.settimeout(20)
            sock.sendall(b"hello")
            assert receive(sock, 5) == b"hello"
            server.send_signal(signal.SIGINT)
            _wait_until_refused(port)
            server.send_signal(signal.SIGINT)

            code, out, err = ended(server)
    assert (code, err) == (0, "")
    assert "  1 cut as the server stopped\n" in out


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.01)
    raise AssertionError("it goes on taking clients")


@pytest.mark.netns
@pytest.mark.parametrize("model", PROCESSES)
def test_a_kill_leaves_no_process_and_a_file_that_the_next_one_replaces(model: str) -> None:
    with (
        started("echo", "unix:s", "-m", model, "-w2") as server,
        socket.socket(socket.AF_UNIX) as sock,
    ):
        first_line(server)
        sock.connect("s")
        sock.send(b"x")
        sock.recv(1)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        server.kill()
        server.wait()
        deadline = time.monotonic() + 20
        while any(_is_alive(pid) for pid in children) and time.monotonic() < deadline:
            time.sleep(0.01)

        assert children
        assert not any(_is_alive(pid) for pid in children)
    with started("echo", "unix:s", "--for", "0.01", "-q") as server:
        assert ended(server) == (
            1, "", "rawkit serve: unix:s: a server that is gone had left its file: replaced\n",
        )  # fmt: skip


def _is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.netns
def test_it_serves_at_a_socket_that_it_was_started_with() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        environment = {**os.environ, "LISTEN_FDS": "1"}
        shell = f"LISTEN_PID=$$ exec {' '.join(COMMAND)} echo --count 1 3<&{sock.fileno()}"
        with subprocess.Popen(
            ["bash", "-c", shell],
            env=environment, pass_fds=[sock.fileno()], stdout=subprocess.PIPE, text=True,
        ) as server:  # fmt: skip
            port = port_in(first_line(server))

            assert talk(port, b"hello") == b"hello"
            assert server.wait(20) == 0


@pytest.mark.netns
def test_as_many_descriptors_are_allowed_as_connections_take() -> None:
    with started("echo", "unix:@", "--for", "600") as server:
        first_line(server)
        soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)

        assert soft >= 1024 + 64 or soft == hard


@pytest.mark.netns
def test_more_connections_than_the_hard_limit_has_descriptors_for_are_told() -> None:
    limit = "ulimit -n 200; exec "
    words = " ".join((*COMMAND, "echo unix:@ --for 0.01 -q"))

    done = subprocess.run(["sh", "-c", limit + words], capture_output=True, text=True, check=False)

    said = "rawkit serve: 200 descriptors for 1024 connections: the hard limit\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


@pytest.mark.netns
def test_nobody_reads_the_log_and_the_server_ends() -> None:
    with started("echo", "tcp4:127.0.0.1:0", "--log") as server:
        port = port_in(first_line(server))
        assert server.stdout is not None
        server.stdout.close()
        talk(port, b"hello")

        assert server.wait(20) == 141


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no SERVICE, such as echo (rawkit serve --list shows them)"),
        (["echo"], "no ADDRESS, such as tcp:127.0.0.1:7007, and no socket was passed"),
        (["ecko", "unix:s"], "no service 'ecko' (did you mean 'echo'?)"),
        (["echo", "tcp:127.0.0.1"], "address 'tcp:127.0.0.1': no port: tcp:127.0.0.1:PORT"),
        (["echo", "unix:s", "-m", "epol"], "no model 'epol' (did you mean 'epoll'?)"),
        (["--explain", "forks"], "no model 'forks' (did you mean 'fork'?)"),
        (["echo", "unix:s", "unix-dgram:t"], "streams and datagrams are two servers: start two"),
        (["echo", "unix-dgram:s", "-m", "fork"],
            "fork makes one for each connection; datagrams have none"),
        (["send=/nowhere", "unix:s"], "/nowhere: No such file or directory"),
        (["echo", "unix:s", "--owner", "nobody:nogrp?"],
            "--owner nobody:nogrp?: there is no group 'nogrp?'"),
        (["echo", "unix:s", "--mode", "888"],
            "bad mode: '888' is no octal number from 0 to 777, such as 660"),
        (["echo", "unix:s", "-w", "0"], "bad number of workers: '0' is no number from 1 to 1024"),
        (["echo", "unix:s", "--idle", "x"], "bad idle time: x (seconds, or 200ms, 50us, 2m)"),
        (["echo", "unix:s", "--for", "0"], "--for 0: nobody could come in no time"),
        (["echo", "unix:s", "--hand-over"], "--hand-over is of --model prefork"),
        (["echo", "unix:s", "-a", "-l"],
            "--print-address prints nothing else: without --json and --log"),
        (["echo", "unix:s", "--fault", "slow=fast"],
            "slow=fast: slow=RATE: send so many octets a second: slow=10B/s"),
        (["echo", "unix:s", "-o", "TCP_NODELAY=1"],
            "TCP_NODELAY=1: operation not supported (EOPNOTSUPP): the option is for another kind"
            " or protocol of sockets (try: another level)"),
        (["echo", "unix:file"],
            "cannot listen: file is there and no socket: it is left alone (try: another path)"),
        (["echo", "unix:" + "a" * 108],
            f"address 'unix:{'a' * 108}': the path has 108 octets, and 107 is the limit"),
        (["echo", "packet:lo"], "packet:lo: frames are not served; rawkit sniff hears them"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_leaves_nothing(
    words: Sequence[str], said: str, capsys: Captured
) -> None:
    Path("file").touch()

    code = main(["serve", *words])

    assert (code, *capsys.readouterr()) == (2, "", f"rawkit serve: {said}\n")
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_a_model_is_explained(capsys: Captured) -> None:
    code = main(["serve", "--explain", "iterative"])

    assert (code, *capsys.readouterr()) == (
        0,
        "iterative: one client after the other\n"
        "  blocks in:     poll(2), for the one client that is being served; everybody\n"
        "                 else waits in the backlog\n"
        "  a slow client: it holds up all others, until it is idle for too long\n"
        "  a connection:  nothing but the kernel's: a connection has no state of its\n"
        "                 own\n"
        "  history:       UNP design 0\n"
        "  to read:       rawkit/posix/models/iterative.py\n",
        "",
    )


@pytest.mark.parametrize("model", FILES)
def test_every_model_can_be_explained_and_is_listed(model: str, capsys: Captured) -> None:
    main(["serve", "--explain", model])
    explained = capsys.readouterr().out
    main(["serve", "--list"])
    listed = capsys.readouterr().out

    assert explained.startswith(f"{model}: ")
    assert f"\n  {model:20} {ABOUT[model]}\n" in listed
