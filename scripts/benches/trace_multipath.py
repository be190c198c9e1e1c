"""How long it takes to find three equally good paths, and whether all of them are found."""

from collections.abc import Iterator
from contextlib import contextmanager

from rawkit import lab
from rawkit.lab import shapes
from scripts.benches import peers, readings
from scripts.benches.figures import Spread, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, Outcome, present
from scripts.benches.tracing import EITHER_WAY, FAMILIES, UNLIMITED, addresses, far_ends
from scripts.benches.turns import (
    Entry,
    Outcomes,
    note_of,
    take_turns,
    times_as_long_as_usual,
    walls,
)

REPEAT = 14
PATHS = 3
LIMITED = ", limited"
"""What the name of a tool ends in where routers answer as seldom as Linux does by itself."""
RAWKIT, TRACELB = "rawkit trace --multipath", "scamper tracelb"
LEAST = 20
METHODS = {4: "", 6: "-P udp-sport "}
"""Scamper's, by version: its usual probes are not answered over IPv6."""
COLUMNS = (
    Column("wall", "s", 3),
    Column("x tracelb", "", 3),
    Column("found", "", 0),
    Column("ways", "", 0),
    Column("cpu", "s", 3),
)


def measure(repeat: int) -> Result:
    """Look for the paths in turns, each time in a fresh network that nobody has asked yet."""
    outcomes = take_turns(_entries(), repeat, _fresh)
    about = (
        f"{PATHS} equally good paths of {PATHS} hops, a fresh network for each; whole process;"
        f" {repeat} interleaved rounds"
    )
    rows = tuple(_row(tool, outcomes, repeat) for tool in outcomes)
    return Result("multipath", about, COLUMNS, rows, _goals(outcomes))


@contextmanager
def _fresh(command: Command) -> Iterator[lab.Node]:
    limits = None if command.tool.endswith(LIMITED) else UNLIMITED
    with lab.diamond(PATHS, sysctls=limits) as net:
        yield net.first


def _entries() -> list[Entry]:
    found = []
    for limit in ("", LIMITED):
        for version, family in FAMILIES.items():
            host = addresses(far_ends(shapes.diamond_plan(PATHS))[-1])[version]
            rawkit = (peers.program("rawkit"), "trace", "-n", "--multipath", host)
            scamper = (peers.program("scamper"), "-I")
            method = METHODS[version]
            found += [
                Entry(Command(f"{RAWKIT}{family}{limit}", rawkit, EITHER_WAY)),
                Entry(
                    Command(f"{TRACELB}{family}{limit}", (*scamper, f"tracelb {method}{host}")),
                    True,
                ),
                Entry(
                    Command(
                        f"{TRACELB} -W15{family}{limit}",
                        (*scamper, f"tracelb -W 15 {method}{host}"),
                    ),
                    True,
                ),
            ]
    there = present((entry.command for entry in found), peers.missing("trace"))
    return [entry for entry in found if entry.command in there]


def interfaces() -> frozenset[str]:
    """Return the addresses of both families that answer: one for each way into a router."""
    ends = far_ends(shapes.diamond_plan(PATHS))
    return frozenset(address for end in ends for address in addresses(end).values())


def _found(outcome: Outcome) -> int:
    return len(readings.addresses(outcome.output) & interfaces())


def _row(tool: str, outcomes: Outcomes, repeat: int) -> Row:
    mine = outcomes[tool]
    figures = {
        "wall": walls(mine.values()),
        "found": spread(_found(outcome) for outcome in mine.values()),
        "cpu": spread(outcome.cpu for outcome in mine.values()),
    }
    if tool.startswith(RAWKIT):
        figures["ways"] = spread(readings.ways(outcome.output) for outcome in mine.values())
    ratio = times_as_long_as_usual(mine, outcomes.get(_peer(tool), {}))
    if ratio is not None:
        figures["x tracelb"] = ratio
    return Row(tool, figures, note_of(mine, repeat) or _misses(figures.get("ways"), mine))


def _misses(ways: Spread | None, outcomes: dict[int, Outcome]) -> str:
    """Say how often a way was missed: at 95 % that may be, now and then."""
    missed = sum(readings.ways(outcome.output) < PATHS for outcome in outcomes.values())
    return f"a way missed in {missed} of {len(outcomes)}" if ways and missed else ""


def _peer(tool: str) -> str:
    """Return the name of plain tracelb under the same conditions."""
    return TRACELB + tool.removeprefix(RAWKIT).removeprefix(TRACELB).removeprefix(" -W15")


def _goals(outcomes: Outcomes) -> tuple[Goal, ...]:
    goals = []
    for tool in (tool for tool in outcomes if tool.startswith(RAWKIT)):
        mine = outcomes[tool]
        ratio = times_as_long_as_usual(mine, outcomes.get(_peer(tool), {}))
        if ratio is not None:
            goals.append(Goal(f"wall of {tool} / tracelb's", ratio.median, 1 / LEAST, digits=3))
        ways = spread(readings.ways(outcome.output) for outcome in mine.values()).median
        goals.append(Goal(f"ways missed by {tool}, median", PATHS - ways, 0, digits=0))
    return tuple(goals)
