"""How many connections a second are taken: by the kernel's TCP, and by rawkit's."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rawkit import lab
from rawkit.lab import Node
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, CommandFailed, rounds, run
from scripts.benches.tcp_taking import TOOLS

REPEAT = 5
COUNT, AT_ONCE = 2000, 32
PATIENCE = 60.0
KERNEL, OWN = "sockets", "rawkit, asyncio"
ENOUGH = 5000.0
"""Connections a second that are wanted."""
COLUMNS = (
    Column("rate", "a second", 0),
    Column("cpu", "us", 1),
    Column("x sockets", "", 3),
)


class Took(NamedTuple):
    """Microseconds a connection."""

    wall: float
    cpu: float


def measure(repeat: int) -> Result:
    """Have connections taken in turns."""
    found: dict[str, list[Took]] = {}
    with lab.pair() as net:
        for turn in rounds(list(TOOLS), repeat):
            for tool in turn:
                found.setdefault(tool, []).append(_one(tool, net))
    about = (
        f"{COUNT} connections over a veth, {AT_ONCE} at once: the kernel's TCP connects and closes,"
        f" the other side takes, reads to the end and closes; {repeat} interleaved rounds"
    )
    rows = tuple(Row(tool, _figures(tool, found)) for tool in found)
    own = spread(took.wall for took in found[OWN]).median
    goal = Goal(f"{OWN}: us for a connection", own, 1e6 / ENOUGH, 0)
    return Result("connections", about, COLUMNS, rows, (goal,))


def _one(tool: str, net: lab.Lab) -> Took:
    host = str(net.last.ipv4)
    with _taking(tool, net.last, host) as process:
        words = (host, _line(process), str(COUNT), str(AT_ONCE))
        asking = (sys.executable, "-m", "scripts.benches.tcp_asking", *words)
        run(Command("asking", asking), net.first)
        output, _ = process.communicate(timeout=PATIENCE)
    numbers = output.split()
    if process.returncode or len(numbers) != 2:
        raise CommandFailed(f"{tool}: exit code {process.returncode}, {output!r}")
    wall, cpu = (int(number) / COUNT / 1000 for number in numbers)
    return Took(wall, cpu)


@contextmanager
def _taking(tool: str, node: Node, host: str) -> Iterator[subprocess.Popen[str]]:
    argv = (sys.executable, "-m", "scripts.benches.tcp_taking", tool, host, str(COUNT))
    with node.here():
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline().strip() if process.stdout else ""
    if not line:
        raise CommandFailed("it does not listen")
    return line


def _figures(tool: str, found: dict[str, list[Took]]) -> dict[str, Spread]:
    own, theirs = found[tool], found[KERNEL]
    return {
        "rate": spread(1e6 / took.wall for took in own),
        "cpu": spread(took.cpu for took in own),
        "x sockets": ratios([took.wall for took in theirs], [took.wall for took in own]),
    }
