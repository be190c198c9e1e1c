"""scripts/bench servers: who takes part, how it is measured, and the programs in C."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.benches import asking, peers, servers_memory, servers_messages, serving
from scripts.benches.asking import Turn
from scripts.benches.figures import Spread
from scripts.benches.running import CommandFailed
from scripts.benches.servers_memory import Weight
from scripts.benches.servers_messages import Turns, compared, cpu, rate, take_turns
from scripts.benches.serving import RAWKIT, STREAMS, C, Maker, Running

HAS_COMPILER = shutil.which("cc") is not None
needs_compiler = pytest.mark.skipif(not HAS_COMPILER, reason="no C compiler")
HERE = serving.processors()[0]


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("cc (Debian 12.2.0-14) 12.2.0\nCopyright (C) 2022\n", "12.2.0"),
        ("ping from iputils 20221126\nlibcap: yes, IDN: yes\n", "20221126"),
        ("Ncat: Version 7.93 ( https://nmap.org/ncat )\n", "7.93"),
        ("socat by Gerhard Rieger - see www.dest-unreach.org\nsocat version 1.7.4.4 on\n",
            "1.7.4.4"),
        ("no version\n", "unknown"),
        ("", "unknown"),
    ],
)  # fmt: skip
def test_a_version_is_found_in_what_a_program_says(said: str, version: str) -> None:
    assert peers.version_in(said) == version


def turns_of(failing: str) -> tuple[list[str], Turns]:
    had = []

    def turn(maker: Maker) -> Turn:
        had.append(maker.tool)
        if maker.tool == failing:
            raise CommandFailed("broken")
        return Turn(1e-6, 1000.0, 0.5)

    makers = [Maker(tool, (), 1) for tool in (C, RAWKIT, "peer")]
    return had, take_turns(makers, 2, turn)


def test_every_server_has_a_turn_a_round_and_another_is_first() -> None:
    had, turns = turns_of("nobody")

    assert had == [C, RAWKIT, "peer", RAWKIT, "peer", C]
    assert {tool: [*each] for tool, each in turns.items()} == {
        C: [0, 1], RAWKIT: [0, 1], "peer": [0, 1],
    }  # fmt: skip


def test_a_peer_that_fails_is_left_out_and_our_own_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, turns = turns_of("peer")

    assert [*turns] == [C, RAWKIT]
    assert capsys.readouterr().err == "bench: left out: peer: broken\n"
    with pytest.raises(CommandFailed):
        turns_of(RAWKIT)


def test_figures_are_compared_within_a_round() -> None:
    turns = {
        C: {0: Turn(1e-6, 9000.0, 0.0), 1: Turn(10e-6, 900.0, 0.0), 2: Turn(1.0, 1.0, 0.0)},
        RAWKIT: {0: Turn(2e-6, 3000.0, 0.0), 1: Turn(20e-6, 300.0, 0.0)},
    }

    assert compared(turns, RAWKIT, C, cpu) == pytest.approx(Spread(2, 2, 2, 2))
    assert compared(turns, RAWKIT, C, rate) == pytest.approx(Spread(1 / 3, 1 / 3, 1 / 3, 2))
    assert compared(turns, RAWKIT, STREAMS, rate) is None


def test_goals_are_the_cpu_time_of_c_and_the_rate_of_streams() -> None:
    turns = {
        C: {0: Turn(1e-6, 1.0, 0.0)},
        RAWKIT: {0: Turn(1.5e-6, 1000.0, 0.0)},
        STREAMS: {0: Turn(9e-6, 300.0, 0.0)},
    }

    goals = servers_messages._goals(100, turns)

    assert [goal.value for goal in goals] == pytest.approx([1.5, 0.3])
    assert [goal.met for goal in goals] == [False, True]


def test_memory_is_what_connections_add() -> None:
    weights = [
        Weight(100, 1024.0, 1224.0, Turn(1e-6, 10_000.0, 0.0), Turn(2e-6, 5000.0, 0.0)),
        Weight(100, 2048.0, 2448.0, Turn(3e-6, 10_000.0, 0.0), Turn(3e-6, 2500.0, 0.0)),
    ]

    figures = servers_memory._figures(weights)

    assert {name: found.median for name, found in figures.items()} == pytest.approx(
        {
            "connections": 100, "each": 3.0, "none": 1.5, "all": 1836 / 1024, "alone": 100.0,
            "beside": 300.0, "cpu": 1.5,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    with asking.compiled() as folder:
        yield folder


@needs_compiler
@pytest.mark.netns
def test_the_server_in_c_echoes_more_than_sockets_hold(programs: Path) -> None:
    maker = Maker(C, (str(programs / "echo"),), 10)
    octets = memoryview(os.urandom(1 << 20) * 48)  # net.ipv4.tcp_rmem may allow 32 to be kept
    with serving.served(maker, HERE) as server:
        with socket.socket() as sock:
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # else they grow to hold it all
                sock.setsockopt(socket.SOL_SOCKET, option, 1 << 16)
            sock.connect(("127.0.0.1", server.port))
            sock.setblocking(False)
            sent = 0
            while sent < len(octets):  # until nothing more goes in: it keeps one piece at most
                try:
                    sent += sock.send(octets[sent:])
                except BlockingIOError:
                    break
            assert sent < len(octets)
            time.sleep(0.05)
            sock.settimeout(20)
            back = bytearray()
            while len(back) < sent:
                back += sock.recv(1 << 20)
        again = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        with again:
            again.sendall(b"still there")

            assert again.recv(100) == b"still there"
    assert back == octets[:sent]


@needs_compiler
@pytest.mark.netns
@pytest.mark.parametrize("mode", ["ask", "connect"])
def test_a_server_is_asked_and_measured(programs: Path, mode: asking.Mode) -> None:
    maker = Maker(C, (str(programs / "echo"),), 10)
    with (
        serving.served(maker, HERE) as server,
        asking.connected(programs, server.port, 5, 0.1, mode) as asker,
    ):
        turn = asker.run(server)

    assert turn.rate > 10
    assert 0 < turn.cpu < 0.1
    assert turn.busy > 0


@needs_compiler
@pytest.mark.netns
def test_a_server_that_hangs_up_is_no_measurement(programs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.close()
        with (
            pytest.raises(CommandFailed, match="ask: connect: Connection refused"),
            asking.connected(programs, port, 1, 0.1, "ask"),
        ):
            pass


def test_what_does_not_start_is_no_server() -> None:
    with (
        pytest.raises(CommandFailed, match="does not start"),
        serving.served(Maker("none", (sys.executable, "-c", "pass"), 1), HERE),
    ):
        pass


BUSY = """
import os, time
def work(seconds):
    while time.process_time() < seconds: pass
for seconds in (0.12, 0.08):
    if os.fork() == 0:
        work(seconds)
        if seconds == 0.12: os._exit(0)
        print(1, flush=True)
        time.sleep(60)
        os._exit(0)
    if seconds == 0.12: os.wait()
work(0.05)
time.sleep(60)
"""


def test_time_and_memory_of_children_count_dead_or_alive() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        server = Running(process, 0)
        until = time.monotonic() + 20
        while server.cpu() < 0.22 and time.monotonic() < until:
            time.sleep(0.01)

        assert 0.22 <= server.cpu() < 2
        assert len(serving.tree(process.pid)) == 2
        assert server.memory() > serving._pss(process.pid) > 0
    finally:
        os.killpg(process.pid, 9)
        process.communicate()


@pytest.mark.netns
def test_the_servers_of_python_s_own_echo() -> None:
    for maker in serving.makers(Path("/nonexistent")):
        if "asyncio" not in maker.tool and "socketserver" not in maker.tool:
            continue
        with (
            serving.served(maker, HERE) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock,
        ):
            sock.sendall(b"hello")

            assert sock.recv(100) == b"hello", maker.tool
