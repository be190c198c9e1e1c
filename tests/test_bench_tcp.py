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
from scripts.benches import tcp_connections, tcp_loss, tcp_taking
from scripts.benches.tcp_transfer import (
    LARGE,
    MUCH,
    PLAIN,
    SIZE_OF_SCAPY,
    Took,
    Transfer,
    _figures,
    _goals,
)
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
        Transfer("scapy", "down", PLAIN, SIZE_OF_SCAPY): [
            Took(4000.0, 4000.0),
            Took(12000.0, 4000.0),
        ],
        Transfer("rawkit, offload", "up", LARGE): [Took(3.0, 1.0)],
        Transfer("sockets", "up", LARGE): [Took(1.0, 1.0)],
        Transfer("rawkit, offload", "up", LARGE, MUCH): [Took(1.5, 1.0)],
        Transfer("sockets", "up", LARGE, MUCH): [Took(1.0, 1.0)],
    }

    goals = {goal.what: (goal.value, goal.met) for goal in _goals(found)}
    figures = _figures(Transfer("rawkit, raw", "down", PLAIN), found)

    assert goals == {
        "rawkit, raw, down, plain: times of scapy": (0.0025, True),
        "rawkit, offload, up, large: times of sockets": (3.0, False),
        "rawkit, offload, up, large, 100 MB: times of sockets": (1.5, True),
    }
    assert figures["rate"].median == pytest.approx((100 + 1000 / 30) / 2)
    assert figures["x scapy"].median == 400


@pytest.mark.netns
@pytest.mark.parametrize("tool", tcp_taking.TOOLS)
def test_every_connection_is_taken(
    net: tuple[Lab, int], tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_connections, "COUNT", 40)

    took = tcp_connections._one(tool, net[0])

    assert took.cpu > 0
    assert 0 < took.wall < 1e6


def test_the_goal_with_losses_is_a_time_for_each_megabyte() -> None:
    kinds = [Transfer(tcp_loss.OWN, way, "5%") for way in ("down", "up")]
    found = {kinds[0]: [Took(50.0, 8.0)], kinds[1]: [Took(90.0, 8.0), Took(130.0, 8.0)]}

    goals = {goal.what: (goal.value, goal.met) for goal in tcp_loss._goals(found)}

    assert goals == {
        "rawkit, raw, down, 5%: ms for 1 MB": (50.0, True),
        "rawkit, raw, up, 5%: ms for 1 MB": (110.0, False),
    }
