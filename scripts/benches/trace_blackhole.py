"""How long it takes to find a path MTU that nobody tells of, and whether it is found at all."""

from contextlib import nullcontext

from rawkit import lab
from scripts.benches import peers, readings
from scripts.benches.figures import spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, present
from scripts.benches.tracing import EITHER_WAY, FAMILIES, ROUTERS, UNLIMITED, target
from scripts.benches.turns import (
    Entry,
    Outcomes,
    note_of,
    take_turns,
    times_as_long_as_usual,
    walls,
)

REPEAT = 7
NARROW, MTU = 7, 1400
"""The link that longer packets vanish on, and how long they may be."""
MOST = 3.0
"""Seconds."""
RAWKIT, TRACEPATH = "rawkit pmtu", "tracepath"
COLUMNS = (
    Column("wall", "s", 3),
    Column("x tracepath", "", 3),
    Column("mtu", "", 0),
    Column("cpu", "s", 3),
)


def measure(repeat: int) -> Result:
    """Look for the path MTU in turns."""
    with lab.line(ROUTERS, sysctls=UNLIMITED, links={NARROW: {"silent_mtu": MTU}}) as net:
        outcomes = take_turns(_entries(), repeat, lambda _: nullcontext(net.first))
    about = (
        f"packets above {MTU} vanish on link {NARROW} of {ROUTERS + 1}; whole process, names"
        f" not looked up; {repeat} interleaved rounds"
    )
    rows = tuple(_row(tool, outcomes, repeat) for tool in outcomes)
    return Result("blackhole", about, COLUMNS, rows, _goals(outcomes))


def _entries() -> list[Entry]:
    found, last = [], str(ROUTERS + 2)  # a hop more than there are
    for version, family in FAMILIES.items():
        host = target(version)
        traceroute = (peers.program("traceroute"), "-n", "--mtu", "-q1", "-w1", "-m", last)
        method = "" if version == 4 else "-P icmp-paris "
        scamper = (peers.program("scamper"), "-p", "1000", "-I", f"trace -M {method}{host}")
        commands = [
            Command(RAWKIT + family, (peers.program("rawkit"), "pmtu", "-n", host), EITHER_WAY),
            Command(TRACEPATH + family, (peers.program("tracepath"), "-n", "-m", last, host)),
            Command(f"traceroute --mtu -q1 -w1{family}", (*traceroute, host)),
            Command(f"scamper -p1000, trace -M{family}", scamper),
        ]
        there = present(commands, peers.missing("trace"))
        found += [Entry(command, not command.tool.startswith(RAWKIT)) for command in there]
    return found


def _row(tool: str, outcomes: Outcomes, repeat: int) -> Row:
    mine = outcomes[tool]
    figures = {
        "wall": walls(mine.values()),
        "mtu": spread(readings.path_mtu(outcome.output) for outcome in mine.values()),
        "cpu": spread(outcome.cpu for outcome in mine.values()),
    }
    base = TRACEPATH + (FAMILIES[6] if tool.endswith(FAMILIES[6]) else "")
    ratio = times_as_long_as_usual(mine, outcomes.get(base, {}))
    if ratio is not None:
        figures["x tracepath"] = ratio
    return Row(tool, figures, note_of(mine, repeat))


def _goals(outcomes: Outcomes) -> tuple[Goal, ...]:
    goals = []
    for family in FAMILIES.values():
        tool = RAWKIT + family
        mine = outcomes[tool].values()
        off = max(abs(readings.path_mtu(outcome.output) - MTU) for outcome in mine)
        goals.append(Goal(f"seconds of {tool}", walls(mine).median, MOST))
        goals.append(Goal(f"octets that {tool} is wrong by at most", off, 0, digits=0))
    return tuple(goals)
