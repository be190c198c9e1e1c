"""``rawkit connect --raw``: TCP in user space, against programs that know nothing of it."""

import hashlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from random import Random

import pytest

from rawkit import lab
from rawkit.cli.main import main
from rawkit.lab.topology import Lab

COMMAND = [sys.executable, "-m", "rawkit", "connect", "--raw"]
BODY = Random(1).randbytes(1_000_000)
PORT = 8000
REAL = pytest.mark.netns


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two nodes with a router between them, and a web server on the last one."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "body").write_bytes(BODY)
    serve = [sys.executable, "-u", "-m", "http.server", str(PORT), "--bind", "::"]
    command = [*serve, "-d", str(folder)]
    with (
        lab.line(hops=1) as net,
        net.last.popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server,
    ):
        assert server.stdout is not None
        server.stdout.readline()
        yield net
        server.kill()


def run(net: Lab, *words: object, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *map(str, words)]
    with net.first.popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        out, err = process.communicate(said, timeout=30)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def address(net: Lab, version: int, port: int = PORT) -> str:
    return f"tcp:{net.last.ipv4}:{port}" if version == 4 else f"tcp:[{net.last.ipv6}]:{port}"


@REAL
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("link", ["raw", "packet", "offload"])
def test_a_body_is_fetched_over_every_link(net: Lab, version: int, link: str) -> None:
    ran = run(net, "-L", link, address(net, version), said=b"GET /body HTTP/1.0\r\n\r\n")

    _, _, body = ran.stdout.partition(b"\r\n\r\n")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert hashlib.sha256(body).digest() == hashlib.sha256(BODY).digest()


@REAL
@pytest.mark.parametrize("version", [4, 6])
def test_a_server_that_only_listens_hears_that_its_client_was_killed(
    net: Lab, version: int
) -> None:
    family, host = (socket.AF_INET, net.last.ipv4) if version == 4 else (
        socket.AF_INET6, net.last.ipv6)  # fmt: skip
    pipe = subprocess.PIPE
    with net.last.socket(family, socket.SOCK_STREAM) as waiting:
        waiting.bind((str(host), 0))
        waiting.listen()
        waiting.settimeout(30)
        words = [*COMMAND, "--hold", address(net, version, waiting.getsockname()[1])]
        with (
            net.first.popen(words, stdin=pipe, stdout=pipe, stderr=pipe) as process,
            waiting.accept()[0] as there,
        ):
            there.settimeout(30)
            there.sendall(b"hello")
            assert process.stdout is not None
            assert process.stdout.read(5) == b"hello"
            process.kill()
            with pytest.raises(ConnectionResetError):
                there.recv(1)


@REAL
def test_every_segment_is_explained(net: Lab) -> None:
    ran = run(net, "--explain", address(net, 4), said=b"HEAD / HTTP/1.0\r\n\r\n")

    lines = ran.stderr.decode().splitlines()
    told = [re.sub(r"^rawkit connect: +", "", line) for line in lines]
    flags = [match[1] for line in told if (match := re.search(r"(.. Flags \[\S+\])", line))]
    assert flags[:4] == ["-> Flags [S]", "<- Flags [S.]", "-> Flags [.]", "-> Flags [P.]"]
    assert "CLOSED to SYN-SENT: the connection is opened (§3.10.1)" in told
    assert "ESTABLISHED: it acknowledges their SYN: data may follow (§3.10.7.3, fourth)" in told
    assert any(line.endswith("FIN arrives") for line in told)
    assert ran.stdout.startswith(b"HTTP/1.0 200 OK")


@REAL
@pytest.mark.parametrize("version", [4, 6])
def test_a_refusal_is_told_as_of_the_kernel(net: Lab, version: int) -> None:
    ran = run(net, "-z", address(net, version, 9))

    assert ran.returncode == 1
    assert b":9: RST came back: connection refused (ECONNREFUSED): nobody listens" in ran.stderr


@REAL
@pytest.mark.parametrize("version", [4, 6])
def test_who_says_that_there_is_no_way_is_told(net: Lab, version: int) -> None:
    far = "203.0.113.9" if version == 4 else "[2001:db8:7::1]"
    ran = run(net, "-z", f"tcp:{far}:9")

    assert ran.returncode == 1
    assert re.search(rb": ICMP.* from (10\.1\.0\.2|fd00:\S+) came back: ", ran.stderr)


@REAL
def test_silence_is_told_with_the_number_of_syns(net: Lab) -> None:
    with net.routers[0].popen(["ip", "route", "add", "blackhole", "198.51.100.0/24"]) as way:
        way.wait()

    ran = run(net, "-w", "300ms", "-z", "tcp:198.51.100.9:9")

    assert ran.returncode == 1
    assert b"nothing came back in 0.3 s, to 1 SYN: connection timed out" in ran.stderr


@REAL
def test_from_where_it_connects_can_be_said(net: Lab) -> None:
    ran = run(net, "-z", "-v", "-s", f"{net.first.ipv4}:45678", address(net, 4))

    assert ran.returncode == 0
    assert f"from tcp4:{net.first.ipv4}:45678 (after ".encode() in ran.stderr


@REAL
def test_the_end_of_the_input_can_reset(net: Lab) -> None:
    ran = run(net, "-v", "--rst", "--explain", address(net, 4), said=b"half a question")

    assert b"-> Flags [R.]" in ran.stderr
    assert b"reset by us" in ran.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--raw", "udp:127.0.0.1:9"], "--raw: only TCP can be made in user space, and no udp:"),
        (["--explain", "tcp:127.0.0.1:9"], "--explain: only of --raw"),
        (["--link", "packet", "tcp:127.0.0.1:9"], "--link: only of --raw"),
        (
            ["--raw", "--link", "tin", "tcp:127.0.0.1:9"],
            "bad link: tin (raw, packet, offload, tun)",
        ),
        (
            ["--raw", "--link", "tun", "tcp:127.0.0.1:9"],
            "a TUN link needs a place to connect from: an address nobody has",
        ),
        (
            ["--raw", "-o", "TCP_NODELAY=1", "tcp:127.0.0.1:9"],
            "-o: with --raw there is no socket to set options of",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["connect", *words])

    assert (code, capsys.readouterr().err) == (2, f"rawkit connect: {said}\n")
