"""Traces along twelve routers: who is asked to trace, and how the outcome is judged."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rawkit import lab
from rawkit.lab import shapes
from rawkit.lab.namespace import write_sysctls
from rawkit.lab.plan import Interface, Plan, Sysctls
from scripts.benches import peers, readings
from scripts.benches.figures import Spread, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, Outcome, present
from scripts.benches.turns import Entry, Outcomes, note_of, take_turns, times_as_long

REPEAT = 14
ROUTERS = 12
UNLIMITED = {"net.ipv4.icmp_ratelimit": 0, "net.ipv6.icmp.ratelimit": 0}
NEVER = 300_000_000
"""Milliseconds to the next answer: three days, of which the kernel can still multiply."""
SILENCE = dict.fromkeys(UNLIMITED, NEVER)
FAMILIES = {4: "", 6: " -6"}
"""What a tool's name ends in, by version."""
EITHER_WAY = frozenset({0, 1})
"""Whether the target answered is counted, not taken for a failure."""
PYTHON, SOCKET = "python -c pass", "python -c 'import socket'"
RAWKIT, TRACEROUTE = "rawkit trace", "traceroute"
MILLI = 1000
COLUMNS = (
    Column("wall", "ms", 1),
    Column("x traceroute", "", 1),
    Column("x (traceroute + python)", "", 2),
    Column("found", "", 0),
    Column("cpu", "ms", 1),
)

Place = Callable[[Command], AbstractContextManager[lab.Node]]


def measure(name: str, about: str, place: Place, repeat: int, silent: Iterable[int] = ()) -> Result:
    """Have everybody trace, and count the routers that each of them shows.

    Args:
        name: of the part.
        about: how the routers answer.
        place: opens the node to trace from.
        repeat: how many rounds.
        silent: routers that nobody can find.
    """
    outcomes = take_turns(entries(), repeat, place)
    about = (
        f"{ROUTERS} routers in namespaces, {about}; whole process, names not looked up;"
        f" {repeat} interleaved rounds"
    )
    there = ROUTERS - len(tuple(silent))
    rows = tuple(_row(tool, outcomes, repeat) for tool in outcomes)
    return Result(name, about, COLUMNS, rows, _goals(outcomes, there))


@contextmanager
def line(silent: Iterable[int] = (), sysctls: Sysctls | None = None) -> Iterator[lab.Lab]:
    """Twelve routers in a row, some of which forward and say nothing."""
    with lab.line(ROUTERS, sysctls=sysctls) as net:
        for number in silent:
            net[f"router{number}"].run(write_sysctls, SILENCE)
        yield net


def entries() -> list[Entry]:
    """Return who takes part; the interpreter alone shows what its start takes."""
    commands = [
        Command(PYTHON, (sys.executable, "-c", "pass")),
        Command(SOCKET, (sys.executable, "-c", "import socket")),
    ]
    found = [Entry(command) for command in commands]
    for version in FAMILIES:
        tracers = _tracers(version)
        there = present((entry.command for entry in tracers), peers.missing("trace"))
        found += [entry for entry in tracers if entry.command in there]
    return found


def target(version: int) -> str:
    """Return the far end of the line; a plan is enough to know it."""
    return addresses(far_ends(shapes.line_plan(ROUTERS))[-1])[version]


def routers() -> frozenset[str]:
    """Return the addresses of both families that the routers answer from."""
    ends = far_ends(shapes.line_plan(ROUTERS))[:-1]
    return frozenset(address for end in ends for address in addresses(end).values())


def far_ends(plan: Plan) -> list[Interface]:
    """Return the far end of every link: what answers there, answers from its address."""
    return [link.second for link in plan.links if isinstance(link.second, Interface)]


def addresses(end: Interface) -> dict[int, str]:
    """Return its addresses, by version."""
    return {4: str(end.ipv4.ip), 6: str(end.ipv6.ip)}


def _tracers(version: int) -> list[Entry]:
    host, family = target(version), FAMILIES[version]
    rawkit = (peers.program("rawkit"), "trace", "-n")
    traceroute = (peers.program("traceroute"), "-n")
    mtr = (peers.program("mtr"), "-n", "-r", "-c1")
    scamper = peers.program("scamper")
    method = "" if version == 4 else "-P icmp-paris "  # its usual probes are not answered
    return [
        Entry(Command(TRACEROUTE + family, (*traceroute, host))),
        Entry(Command(f"traceroute -I{family}", (*traceroute, "-I", host))),
        Entry(Command(RAWKIT + family, (*rawkit, host), EITHER_WAY)),
        Entry(Command(f"rawkit trace -I{family}", (*rawkit, "-I", host), EITHER_WAY)),
        Entry(Command(f"tracepath{family}", (peers.program("tracepath"), "-n", host)), True),
        Entry(Command(f"mtr -r -c1{family}", (*mtr, host)), True),
        Entry(Command(f"mtr -r -c1 -i0.1 -G1{family}", (*mtr, "-i0.1", "-G1", host)), True),
        Entry(Command(f"scamper{family}", (scamper, "-I", f"trace {method}{host}")), True),
        Entry(
            Command(
                f"scamper -p1000, trace -N4{family}",
                (scamper, "-p", "1000", "-I", f"trace -N 4 {method}{host}"),
            ),
            True,
        ),
    ]


def _base(tool: str, name: str) -> str:
    """Return the name of another tool, for the same family."""
    return name + FAMILIES[6] if tool.endswith(FAMILIES[6]) else name


def found_by(outcome: Outcome) -> int:
    """Return how many routers a tool shows."""
    return len(readings.addresses(outcome.output) & routers())


def _row(tool: str, outcomes: Outcomes, repeat: int) -> Row:
    mine = outcomes[tool]
    figures = {
        "wall": spread(MILLI * outcome.wall for outcome in mine.values()),
        "cpu": spread(MILLI * outcome.cpu for outcome in mine.values()),
    }
    traceroute = outcomes.get(_base(tool, TRACEROUTE), {})
    ratio = times_as_long(mine, traceroute)
    if ratio is not None:
        figures["x traceroute"] = ratio
    allowed = times_as_long(mine, traceroute, outcomes[PYTHON])
    if allowed is not None:
        figures["x (traceroute + python)"] = allowed
    if not tool.startswith("python"):
        figures["found"] = spread(found_by(outcome) for outcome in mine.values())
    return Row(tool, figures, note_of(mine, repeat))


def _goals(outcomes: Outcomes, there: int) -> tuple[Goal, ...]:
    """Return the goals: every router, and Python's start is all that it takes longer."""
    goals = []
    for family in FAMILIES.values():
        ours = outcomes[RAWKIT + family]
        ratio: Spread | None = None
        if TRACEROUTE + family in outcomes:
            ratio = times_as_long(ours, outcomes[TRACEROUTE + family], outcomes[PYTHON])
        if ratio is not None:
            what = f"wall of {RAWKIT}{family} / ({TRACEROUTE}{family} + {PYTHON})"
            goals.append(Goal(what, ratio.median, 1))
        missed = there - min(found_by(outcome) for outcome in ours.values())
        goals.append(Goal(f"most routers missed by {RAWKIT}{family}", missed, 0, digits=0))
    return tuple(goals)
