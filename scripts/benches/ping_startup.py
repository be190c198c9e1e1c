"""How long until the first reply: one ping of loopback, from start to end of the process."""

import sys

from rawkit import lab
from scripts.benches import peers, programs
from scripts.benches.figures import ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, present, rounds, run

REPEAT = 21
GOAL = 2.5
RAWKIT, SOCKET = "rawkit ping", "python -c 'import socket'"
HOST = "127.0.0.1"
COLUMNS = (
    Column("wall", "ms", 1),
    Column("x socket", "", 2),
    Column("x ping", "", 1),
    Column("cpu", "ms", 1),
    Column("cpu x socket", "", 2),
)


def measure(repeat: int) -> Result:
    """Run every tool once a round, after one round that does not count."""
    commands = present(_commands(), peers.missing("ping"))
    walls: dict[str, list[float]] = {command.tool: [] for command in commands}
    cpus: dict[str, list[float]] = {command.tool: [] for command in commands}
    with lab.Lab() as net:
        node = net.node("host")
        closed = net.node("closed", sysctls={"net.ipv4.ping_group_range": "1 0"})
        for command in commands:
            run(command, node)
        for order in rounds(commands, repeat):
            for command in order:
                outcome = run(command, closed if "raw socket" in command.tool else node)
                walls[command.tool].append(outcome.wall)
                cpus[command.tool].append(outcome.cpu)
    about = f"one ping of {HOST}, whole process; {repeat} interleaved rounds"
    rows = tuple(_row(command.tool, walls, cpus) for command in commands)
    goal = Goal(f"wall of {RAWKIT} / {SOCKET}", ratios(walls[RAWKIT], walls[SOCKET]).median, GOAL)
    return Result("startup", about, COLUMNS, rows, (goal,))


def _commands() -> list[Command]:
    python = sys.executable
    one = {
        "rawkit.ping()": programs.RAWKIT_ONE,
        "icmplib": programs.ICMPLIB_ONE,
        "ping3": programs.PING3_ONE,
        "scapy sr1, lean imports": programs.SCAPY_LEAN_ONE,
        "scapy sr1, scapy.all": programs.SCAPY_ONE,
    }
    ping, rawkit = peers.program("ping"), peers.program("rawkit")
    return [
        Command("true: what starting any process takes", (peers.program("true"),)),
        Command("fping", (peers.program("fping"), "-q", "-c1", HOST)),
        Command("ping", (ping, "-c1", HOST)),
        Command("python -c pass", (python, "-c", "pass")),
        Command(SOCKET, (python, "-c", "import socket")),
        Command(RAWKIT, (rawkit, "ping", "-c1", HOST)),
        Command("rawkit ping, raw socket", (rawkit, "ping", "-c1", HOST)),
        Command("python -m rawkit ping", (python, "-m", "rawkit", "ping", "-c1", HOST)),
        *(Command(tool, (python, "-c", text, HOST)) for tool, text in one.items()),
    ]


def _row(tool: str, walls: dict[str, list[float]], cpus: dict[str, list[float]]) -> Row:
    figures = {
        "wall": spread(1000 * value for value in walls[tool]),
        "x socket": ratios(walls[tool], walls[SOCKET]),
        "cpu": spread(1000 * value for value in cpus[tool]),
        "cpu x socket": ratios(cpus[tool], cpus[SOCKET]),
    }
    if "ping" in walls:
        figures["x ping"] = ratios(walls[tool], walls["ping"])
    return Row(tool, figures)
