"""What servers take for a message, and how many a second they answer, by connections."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from scripts.benches import asking, peers, serving
from scripts.benches.asking import Turn
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import CommandFailed, rounds
from scripts.benches.serving import RAWKIT, STREAMS, C, Maker

REPEAT = 5
SIZES = {1: 0.5, 100: 0.5, 1000: 1.0, 10_000: 1.0}
"""By connections, how long to ask, in seconds."""
SPARE = 100
"""Descriptors beside connections."""
MOST_CPU = 1.4
"""Times the CPU time of the server in C, at these connections."""
JUDGED = (100, 1000)
SHARE = 0.4
"""What streams of asyncio may reach of the rate: we are to have at least 2.5 times theirs."""
COLUMNS = (
    Column("cpu", "us", 2),
    Column("x C", "", 2),
    Column("rate", "thousand/s", 1),
    Column("x streams", "", 2),
    Column("generator", "%", 0),
)
Turns = dict[str, dict[int, Turn]]
"""By tool and round."""


def measure(repeat: int) -> Result:
    """Ask all servers in turns, with more and more connections."""
    limit = serving.make_room() - SPARE
    rows: list[Row] = []
    goals: list[Goal] = []
    with asking.compiled() as programs:
        makers = serving.makers(programs)
        for size, seconds in SIZES.items():
            if size > limit:
                peers.say(f"left out: {size} connections: {limit + SPARE} descriptors at most")
                continue
            turns = take_turns(
                [maker for maker in makers if maker.most >= size],
                repeat,
                partial(_turn, programs, size, seconds),
            )
            rows += [_row(tool, size, turns) for tool in turns if turns[tool]]
            if size in JUDGED:
                goals += _goals(size, turns)
    about = (
        f"echoes of {asking.OCTETS} octets, one at a time on each connection; server and generator"
        f" on a processor each; {repeat} interleaved rounds"
    )
    return Result("messages", about, COLUMNS, tuple(rows), tuple(goals))


def take_turns(makers: list[Maker], repeat: int, turn_of: Callable[[Maker], Turn]) -> Turns:
    """Measure every server once a round; a peer that fails is left out.

    Raises:
        CommandFailed: rawkit's own, or that in C, failed.
    """
    turns: Turns = {maker.tool: {} for maker in makers}
    for number, order in enumerate(rounds(makers, repeat)):
        for maker in order:
            if maker.tool not in turns:
                continue
            try:
                turns[maker.tool][number] = turn_of(maker)
            except CommandFailed as error:
                if maker.tool in (C, RAWKIT):
                    raise
                del turns[maker.tool]
                peers.say(f"left out: {maker.tool}: {error}")
    return turns


def compared(turns: Turns, tool: str, base: str, value: Callable[[Turn], float]) -> Spread | None:
    """Return how many times another's figure a server's is, round by round."""
    mine, theirs = turns[tool], turns.get(base, {})
    both = sorted(mine.keys() & theirs.keys())
    if not both:
        return None
    return ratios([value(mine[n]) for n in both], [value(theirs[n]) for n in both])


def cpu(turn: Turn) -> float:
    """Return the CPU time for an answer, in microseconds."""
    return turn.cpu * 1e6


def rate(turn: Turn) -> float:
    """Return the rate in thousands."""
    return turn.rate / 1000


def _turn(programs: Path, size: int, seconds: float, maker: Maker) -> Turn:
    with (
        serving.served(maker, serving.processors()[0]) as server,
        asking.connected(programs, server.port, size, seconds, "ask") as asker,
    ):
        return asker.run(server)


def _row(tool: str, size: int, turns: Turns) -> Row:
    mine = turns[tool].values()
    figures = {
        "cpu": spread(map(cpu, mine)),
        "rate": spread(map(rate, mine)),
        "generator": spread(turn.busy * 100 for turn in mine),
    }
    for name, base, value in (("x C", C, cpu), ("x streams", STREAMS, rate)):
        if (found := compared(turns, tool, base, value)) is not None:
            figures[name] = found
    return Row(f"{size:6} {tool}", figures)


def _goals(size: int, turns: Turns) -> list[Goal]:
    goals = []
    if (found := compared(turns, RAWKIT, C, cpu)) is not None:
        goals.append(Goal(f"CPU time at {size} connections, times C's", found.median, MOST_CPU))
    if STREAMS in turns and (found := compared(turns, STREAMS, RAWKIT, rate)) is not None:
        what = f"asyncio streams' part of the rate at {size} connections"
        goals.append(Goal(what, found.median, SHARE))
    return goals
