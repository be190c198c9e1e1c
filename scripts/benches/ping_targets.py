"""How fast through many hosts: 4 000 live addresses asked once each, behind one cable."""

import sys
import tempfile
from ipaddress import IPv4Network
from itertools import islice

from rawkit import lab
from scripts.benches import peers, programs, readings
from scripts.benches.figures import ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, CommandFailed, Outcome, present, rounds, run

REPEAT = 7
TARGETS = 4000
NETWORK = IPv4Network("10.68.0.0/16")
MOST = 3.0
NO_ANSWER = frozenset({0, 1})
"""Some host may be missed, which is to be counted and not to end it all."""
RAWKIT, FPING = "rawkit ping -i 0", "fping -i0 -r0"
RTN_LOCAL, RT_TABLE_LOCAL, RT_SCOPE_HOST = 2, 255, 254  # linux/rtnetlink.h
LOOPBACK = 1
"""The index of ``lo`` in every namespace."""
COLUMNS = (
    Column("wall", "ms", 0),
    Column("x fping", "", 1),
    Column("found", "", 0),
    Column("cpu", "ms", 0),
)


def measure(repeat: int) -> Result:
    """Ask all of them, in turns; the far end owns the whole network (AnyIP)."""
    with lab.pair() as net, tempfile.NamedTemporaryFile("w", suffix=".targets") as file:
        file.writelines(f"{host}\n" for host in islice(NETWORK.hosts(), TARGETS))
        file.flush()
        net.first.run(_route, gateway=str(net.last.ipv4))
        net.last.run(
            _route, type=RTN_LOCAL, table=RT_TABLE_LOCAL, scope=RT_SCOPE_HOST, oif=LOOPBACK
        )
        commands = present(_commands(file.name), peers.missing("ping"))
        outcomes: dict[str, list[Outcome]] = {command.tool: [] for command in commands}
        for command in commands:
            _ask(command, net.first)
        for order in rounds(commands, repeat):
            for command in order:
                outcomes[command.tool].append(_ask(command, net.first))
    walls = {tool: [outcome.wall for outcome in done] for tool, done in outcomes.items()}
    found = {tool: [_found(outcome) for outcome in done] for tool, done in outcomes.items()}
    rows = tuple(_row(tool, walls, found, outcomes[tool]) for tool in outcomes)
    about = (
        f"{TARGETS} hosts that are all there, asked once over a veth, whole process;"
        f" {repeat} interleaved rounds"
    )
    return Result("targets", about, COLUMNS, rows, _goals(walls, found))


def _commands(file: str) -> list[Command]:
    rawkit = (peers.program("rawkit"), "ping", "-n", "-q", "-c1")
    fping = (peers.program("fping"), "-q", "-c1", "-i0", "-r0", "-f", file)
    icmplib = (sys.executable, "-c", programs.ICMPLIB_MANY, file)
    return [
        Command(FPING, fping, NO_ANSWER),
        Command(RAWKIT, (*rawkit, "-i0", f"@{file}"), NO_ANSWER),
        Command("rawkit ping -i 0, raw socket", (*rawkit, "-i0", "-e1", f"@{file}"), NO_ANSWER),
        Command("rawkit ping", (*rawkit, f"@{file}"), NO_ANSWER),
        Command("icmplib, 50 tasks", (*icmplib, "50")),
        Command("icmplib, 1000 tasks", (*icmplib, "1000")),
    ]


def _route(**how: str | int) -> None:
    from pyroute2 import IPRoute

    with IPRoute() as netlink:
        netlink.route("add", dst=str(NETWORK), **how)


def _ask(command: Command, node: lab.Node) -> Outcome:
    outcome = run(command, node)
    if (asked := readings.found(outcome.output).asked) != TARGETS:
        last = outcome.output[-1000:]
        raise CommandFailed(f"{command.tool} asked {asked} hosts of {TARGETS}:\n{last}")
    return outcome


def _found(outcome: Outcome) -> int:
    return readings.found(outcome.output).answered


def _row(
    tool: str, walls: dict[str, list[float]], found: dict[str, list[int]], outcomes: list[Outcome]
) -> Row:
    figures = {
        "wall": spread(1000 * wall for wall in walls[tool]),
        "found": spread(found[tool]),
        "cpu": spread(1000 * outcome.cpu for outcome in outcomes),
    }
    if FPING in walls:
        figures["x fping"] = ratios(walls[tool], walls[FPING])
    return Row(tool, figures)


def _goals(walls: dict[str, list[float]], found: dict[str, list[int]]) -> tuple[Goal, ...]:
    goals = [Goal(f"most hosts missed by {RAWKIT}", TARGETS - min(found[RAWKIT]), 0, digits=0)]
    if FPING in walls:
        ratio = ratios(walls[RAWKIT], walls[FPING]).median
        goals.append(Goal(f"wall of {RAWKIT} / {FPING}", ratio, MOST))
    return tuple(goals)
