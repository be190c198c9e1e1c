"""scripts/bench tcp: the transfers it measures, and the goals it draws from them."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.lab import Lab
from scripts.benches.tcp_transfer import LARGE, PLAIN, Took, Transfer, _figures, _goals
from scripts.benches.tcp_work import TOOLS, serve

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def net() -> Iterator[tuple[Lab, int]]:
    with lab.pair() as net, net.last.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((str(net.last.ipv4), 0))
        sock.listen()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
        yield net, sock.getsockname()[1]
        sock.shutdown(socket.SHUT_RDWR)


@pytest.mark.netns
@pytest.mark.parametrize("way", ["down", "up"])
@pytest.mark.parametrize("tool", ["sockets", "rawkit, offload"])
def test_a_transfer_tells_how_long_it_took(net: tuple[Lab, int], tool: str, way: str) -> None:
    nodes, port = net
    words = (tool, way, str(nodes.last.ipv4), str(port), "200000")
    command = [sys.executable, "-m", "scripts.benches.tcp_work", *words]
    with nodes.first.popen(command, stdout=subprocess.PIPE, text=True, cwd=str(ROOT)) as process:
        out, _ = process.communicate(timeout=60)

    took, cpu = map(int, out.split())
    assert process.returncode == 0
    assert cpu > 0
    assert 0 < took < 30e9


def test_every_tool_that_takes_part_is_known() -> None:
    assert set(TOOLS) == {
        *("sockets", "scapy"),
        *("rawkit, raw", "rawkit, packet", "rawkit, offload"),
    }


def test_goals_are_ratios_of_the_times_of_the_same_round() -> None:
    found = {
        Transfer("rawkit, raw", "down", PLAIN): [Took(10.0, 8.0), Took(30.0, 8.0)],
        Transfer("scapy", "down", PLAIN): [Took(4000.0, 4000.0), Took(12000.0, 4000.0)],
        Transfer("rawkit, offload", "up", LARGE): [Took(3.0, 1.0)],
        Transfer("sockets", "up", LARGE): [Took(1.0, 1.0)],
    }

    goals = {goal.what: (goal.value, goal.met) for goal in _goals(found)}
    figures = _figures(Transfer("rawkit, raw", "down", PLAIN), found)

    assert goals == {
        "rawkit, raw, down, plain: times of scapy": (0.0025, True),
        "rawkit, offload, up, large: times of sockets": (3.0, False),
    }
    assert figures["rate"].median == pytest.approx((100 + 1000 / 30) / 2)
    assert figures["x scapy"].median == 400
