"""``rawkit serve --raw``: services over TCP in user space, for those who know nothing of it."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from random import Random

import pytest

from rawkit import lab
from rawkit.capture.reader import read_capture
from rawkit.cli.main import main
from rawkit.cli.serve_json import SCHEMA
from rawkit.lab.topology import Lab, Node
from rawkit.tcp.codec import Reader
from rawkit.tcp.segment import ACK, SYN

SERVE = [sys.executable, "-m", "rawkit", "serve", "--raw"]
CONNECT = [sys.executable, "-m", "rawkit", "connect", "--raw"]
KERNEL = CONNECT[:-1]
BODY = Random(2).randbytes(10_000_000)
HEAD = f"{len(BODY)} {hashlib.sha256(BODY).hexdigest()}\n".encode()
REAL = pytest.mark.netns
PYTHON = """
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while data := sock.recv(1 << 16):
    sys.stdout.buffer.write(data)
"""
SECONDS = re.compile(r"\d+\.\d+ s")
PORT = re.compile(r"(?<=\.\d:)\d+|(?<=\]:)\d+")
LINKS = ["raw", "packet", "offload"]


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    """Two nodes with a router between them."""
    with lab.line(hops=1) as net:
        yield net


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "body"
    path.write_bytes(BODY)
    return path


@contextmanager
def serving(node: Node, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, which is there when the first line is."""
    pipe = subprocess.PIPE
    with node.popen([*SERVE, *map(str, words)], stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    said = PORT.sub("#", SECONDS.sub("# s", out.decode()))
    return process.returncode, said, err.decode()


def place(net: Lab, version: int, port: int = 0) -> str:
    where = address(net, version)
    return f"tcp:[{where}]:{port}" if version == 6 else f"tcp:{where}:{port}"


def address(net: Lab, version: int) -> IPv4Address | IPv6Address:
    found = net.last.ipv4 if version == 4 else net.last.ipv6
    assert found is not None
    return found


def run(node: Node, words: Sequence[object], said: bytes = b"") -> bytes:
    pipe = subprocess.PIPE
    with node.popen(list(map(str, words)), stdin=pipe, stdout=pipe) as process:
        out, _ = process.communicate(said, timeout=60)
        assert process.returncode == 0
        return out


def client(kind: str, where: IPv4Address | IPv6Address, port: str) -> list[str]:
    """Return a command of somebody else's that writes out what a server says."""
    shown = f"[{where}]" if where.version == 6 else str(where)
    return {
        "curl": ["curl", "-s", "--http0.9", f"http://{shown}:{port}/"],
        "ncat": ["ncat", "--recv-only", str(where), port],
        "python": [sys.executable, "-c", PYTHON, str(where), port],
    }[kind]


@REAL
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("link", LINKS)
def test_programs_of_others_fetch_a_file_over_every_link(
    net: Lab, body: Path, link: str, version: int
) -> None:
    clients = ["python", *filter(shutil.which, ("curl", "ncat"))]
    many = f"-c{len(clients)}"
    words = ["--link", link, f"send={body}", place(net, version), many, "-a", "-g60"]
    with serving(net.last, *words) as server:
        port = first_line(server).rpartition(":")[2].strip()
        for kind in clients:
            heard = run(net.first, client(kind, address(net, version), port))
            assert hashlib.sha256(heard).digest() == hashlib.sha256(HEAD + BODY).digest()

        assert ended(server) == (0, "", "")


@REAL
@pytest.mark.parametrize("version", [4, 6])
def test_what_is_said_comes_back_up_to_the_last_octet_before_the_half_close(
    net: Lab, version: int
) -> None:
    with serving(net.last, "echo", place(net, version), "--log", "-c1") as server:
        line = first_line(server)
        with net.first.here():
            sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6)
        with sock:
            sock.settimeout(30)
            sock.connect((str(address(net, version)), int(PORT.findall(line)[0])))
            sock.sendall(BODY[:1_000_000])
            sock.shutdown(socket.SHUT_WR)
            heard = b"".join(iter(lambda: sock.recv(1 << 16), b""))

        assert heard == BODY[:1_000_000]
        code, out, err = ended(server)
    assert (code, err) == (0, "")
    assert out.endswith(
        ": done; 1000000 octets received, 1000000 sent, # s\n"
        "--- echo ---\n"
        "1 connection, 1000000 octets received, 1000000 sent\n"
        "  1 done\n"
    )


@REAL
@pytest.mark.parametrize("version", [4, 6])
def test_a_file_arrives_whole_though_one_segment_in_twenty_is_lost_and_they_come_out_of_order(
    tmp_path: Path, version: int
) -> None:
    (tmp_path / "body").write_bytes(BODY[:2_000_000])
    with lab.line(hops=1, loss=0.05, reorder=0.05, delay=0.002) as net:
        words = [f"send={tmp_path}/body", place(net, version), "-c1", "-a", "-g60"]
        with serving(net.last, *words) as server:
            port = first_line(server).rpartition(":")[2].strip()
            heard = run(net.first, client("python", address(net, version), port))

            assert heard.partition(b"\n")[2] == BODY[:2_000_000]
            assert ended(server) == (0, "", "")


@REAL
def test_a_file_arrives_whole_though_both_sides_lose_segments_on_purpose(
    net: Lab, tmp_path: Path
) -> None:
    (tmp_path / "body").write_bytes(BODY[:300_000])
    words = [f"send={tmp_path}/body", place(net, 4), "-c1", "-a", "-g60", "--drop", "3%"]
    with serving(net.last, *words) as server:
        where = first_line(server).strip()
        heard = run(net.first, [*CONNECT, "--drop", "0.03", where])

        assert heard.partition(b"\n")[2] == BODY[:300_000]
        assert ended(server) == (0, "", "")


@REAL
@pytest.mark.parametrize("link", LINKS)
def test_a_capture_of_both_sides_has_every_segment(net: Lab, tmp_path: Path, link: str) -> None:
    here, there = tmp_path / "here.pcapng", tmp_path / "there.pcap"
    how = ["--link", link, "--pcap"]
    with serving(net.last, "upper", place(net, 6), "-c1", "-a", *how, there) as server:
        where = first_line(server).strip()
        assert run(net.first, [*CONNECT, *how, here, where], b"hello") == b"HELLO"
        assert ended(server)[0] == 0

    for path in (here, there):
        with read_capture(path) as capture:
            segments = [Reader().read(one.octets) for one in capture]
        seen = [one for _, one in filter(None, segments)]
        assert len(seen) == len(segments)
        assert [one.flags for one in seen[:3]] == [SYN, SYN | ACK, ACK]
        assert sorted(bytes(one.payload) for one in seen if one.payload) == [b"HELLO", b"hello"]


@REAL
def test_a_client_in_the_middle_may_finish_and_nobody_else_is_taken(net: Lab) -> None:
    with serving(net.last, "echo", place(net, 4), "--grace", "20") as server:
        port = int(PORT.findall(first_line(server))[0])
        with connected(net, port) as sock:
            sock.sendall(b"before")
            assert sock.recv(6, socket.MSG_WAITALL) == b"before"
            server.send_signal(signal.SIGTERM)
            wait_until(lambda: is_refused(net, port))
            sock.sendall(b"after")
            assert sock.recv(5, socket.MSG_WAITALL) == b"after"

        code, out, err = ended(server)
    assert (code, err) == (0, "")
    assert ", 11 octets received, 11 sent\n" in out  # whoever tried may be counted, too
    assert "cut" not in out


@REAL
def test_the_second_signal_does_not_wait_for_the_grace(net: Lab) -> None:
    with serving(net.last, "echo", place(net, 4), "--grace", "600") as server:
        port = int(PORT.findall(first_line(server))[0])
        with connected(net, port) as sock:
            sock.sendall(b"hello")
            assert sock.recv(5, socket.MSG_WAITALL) == b"hello"
            server.send_signal(signal.SIGINT)
            wait_until(lambda: is_refused(net, port))
            server.send_signal(signal.SIGINT)

            code, out, err = ended(server)
            assert sock.recv(5) == b""
    assert (code, err) == (0, "")
    assert "  1 cut as the server stopped\n" in out


@REAL
@pytest.mark.parametrize("guard", ["socket", "nft"])
def test_a_killed_server_leaves_nothing_and_its_client_is_reset(net: Lab, guard: str) -> None:
    with serving(net.last, "echo", place(net, 4), "--guard", guard) as server:
        port = int(PORT.findall(first_line(server))[0])
        with connected(net, port) as sock:
            sock.sendall(b"hello")
            assert sock.recv(5, socket.MSG_WAITALL) == b"hello"
            server.kill()
            server.wait()
            wait_until(lambda: not left_behind(net.last, port))
            with pytest.raises(ConnectionResetError):
                sock.recv(5)  # nothing of it was under way: the watchdog has told it


def left_behind(node: Node, port: int) -> str:
    """Return sockets at a port, and tables of nftables."""
    sockets = run(node, ["ss", "-Htanl", f"sport = {port}"]).decode()
    return sockets + run(node, ["nft", "list", "ruleset"]).decode()


@REAL
@pytest.mark.parametrize("version", [4, 6])
def test_it_may_be_at_an_address_that_nobody_has(net: Lab, version: int) -> None:
    where = net.last.spare(1)[version == 6]
    asked = f"tcp:[{where}]:0" if version == 6 else f"tcp:{where}:0"
    with serving(net.last, "upper", asked, "--guard", "address", "-c1", "-a") as server:
        assert run(net.routers[0], [*KERNEL, first_line(server).strip()], b"hi") == b"HI"
        assert ended(server) == (0, "", "")


@REAL
@pytest.mark.skipif(not os.access("/dev/net/tun", os.W_OK), reason="no /dev/net/tun")
def test_it_may_be_behind_a_tun_interface(net: Lab) -> None:
    words = ["upper", "tcp:10.77.0.1:7", "--link", "tun", "-c1", "-a"]
    with serving(net.last, *words) as server:
        assert first_line(server) == "tcp4:10.77.0.1:7\n"
        assert run(net.last, [*KERNEL, "tcp4:10.77.0.1:7"], b"hi") == b"HI"
        assert ended(server) == (0, "", "")


@REAL
def test_more_than_there_may_be_are_hung_up_on_and_idle_ones_are_ended(net: Lab) -> None:
    words = ["echo", place(net, 4), "--max-connections", "1", "--idle", "300ms", "--log"]
    with serving(net.last, *words) as server:
        port = int(PORT.findall(first_line(server))[0])
        with connected(net, port) as first, connected(net, port) as second:
            assert second.recv(5) == b""
            assert first.recv(5) == b""
        server.send_signal(signal.SIGTERM)
        out = ended(server)[1]
    assert "idle for too long" in out
    assert "  1 more hung up on: as many as there may be\n" in out


@REAL
def test_objects_are_those_of_every_server(net: Lab) -> None:
    with serving(net.last, "whoami", place(net, 4), "--json", "-c1") as server:
        first = json.loads(first_line(server))
        where = first["socket_address"]
        with connected(net, int(where.rpartition(":")[2])) as sock:
            heard = b"".join(iter(lambda: sock.recv(1 << 16), b"")).decode().splitlines()
            here = sock.getsockname()
        out, err = (text.decode() for text in server.communicate(timeout=30))

    found = [first, *map(json.loads, out.splitlines())]
    client_address = f"tcp4:{here[0]}:{here[1]}"
    assert (server.returncode, err) == (0, "")
    assert heard == [f"you {client_address}", f"here {where}", "socket none: TCP in user space"]
    assert [one["type"] for one in found] == ["listening", "closed", "served"]
    for one in found:
        assert tuple(one)[5:] == SCHEMA[one["type"]]
    assert (first["model"], first["ip_versions"]) == ("raw", [4])
    assert (found[1]["peer_address"], found[1]["close_reason"]) == (client_address, "served")


@REAL
@pytest.mark.parametrize(
    ("fault", "said"), [("rst", "failed in the service: on purpose"), ("drop-accept", "")]
)
def test_it_can_be_a_bad_server(net: Lab, fault: str, said: str) -> None:
    with serving(net.last, "echo", place(net, 4), "--fault", fault, "-c1", "--log") as server:
        port = int(PORT.findall(first_line(server))[0])
        with connected(net, port) as sock:
            if said:
                sock.sendall(b"hello")
                with pytest.raises(ConnectionResetError):
                    sock.recv(5)
            else:
                assert sock.recv(5) == b""
        code, out, _ = ended(server)
    assert (code, said in out) == (0, True)


@REAL
def test_late_answers_come_late_and_in_order(net: Lab) -> None:
    with serving(net.last, "slow=0.2", place(net, 4), "-c1") as server:
        port = int(PORT.findall(first_line(server))[0])
        with connected(net, port) as sock:
            began = time.monotonic()
            sock.sendall(b"one")
            assert sock.recv(3, socket.MSG_WAITALL) == b"one"
            assert time.monotonic() - began >= 0.2
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(1) == b""
        assert ended(server)[0] == 0


@REAL
def test_nobody_comes(net: Lab) -> None:
    with serving(net.last, "echo", place(net, 4), "--for", "0.05", "-q") as server:
        assert ended(server) == (1, "", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["echo", "udp:127.0.0.1:0", "--raw"],
         "udp:127.0.0.1:0: only TCP can be served in user space"),
        (["echo", "tcp:*:0", "--raw"],
         "tcp:*:0: one address of this host is wanted, and not every one"),
        (["echo", "tcp:127.0.0.1:0", "--raw", "--link", "offload"],
         "127.0.0.1: the kernel drops frames from there: use the raw link"),
        (["echo", "--raw"], "--raw: no ADDRESS, such as tcp:127.0.0.1:7007"),
        (["echo", "tcp:127.0.0.1:0", "--raw", "-m", "fork"],
         "--model: with --raw one thread serves all, there are no models"),
        (["echo", "tcp:127.0.0.1:0", "--raw", "--fast-open", "3"], "--fast-open: not with --raw"),
        (["echo", "tcp:127.0.0.1:0", "--raw", "-w", "3"], "--workers: not with --raw"),
        (["echo", "tcp:127.0.0.1:0", "--raw", "-o", "SO_SNDBUF=9999"],
         "-o: with --raw there is no socket to set options of"),
        (["echo", "tcp:127.0.0.1:0", "--guard", "nft"], "--guard: only of --raw"),
        (["echo", "tcp:127.0.0.1:0", "--drop", "5%"], "--drop: only of --raw"),
        (["echo", "tcp:127.0.0.1:0", "--raw", "--drop", "100%"],
         "bad share: 100% (above 0 and below 100%: 5% or 0.05)"),
        (["echo", "tcp:127.0.0.1:0", "--raw", "--pcap", "/no/where"],
         "/no/where: No such file or directory"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["serve", *words])

    assert (code, capsys.readouterr().err) == (2, f"rawkit serve: {said}\n")


@contextmanager
def connected(net: Lab, port: int) -> Iterator[socket.socket]:
    with net.first.here():
        sock = socket.socket()
    with sock:
        sock.settimeout(30)
        sock.connect((str(net.last.ipv4), port))
        yield sock


def is_refused(net: Lab, port: int) -> bool:
    try:
        with connected(net, port):
            return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False  # it came just before the server stopped listening


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)
