"""What idle connections cost a server in memory of its own, and those who are not idle in time."""

from pathlib import Path
from typing import NamedTuple

from scripts.benches import asking, peers, serving
from scripts.benches.asking import Turn
from scripts.benches.figures import Spread, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import CommandFailed, rounds
from scripts.benches.serving import RAWKIT, C, Maker, Running

REPEAT = 3
MOST = 10_000
SPARE = 100
"""Descriptors beside connections."""
BOUND = 2.5
"""KiB for each connection."""
SECONDS = 0.5
"""How long one more client asks, without them and beside them."""
COLUMNS = (
    Column("connections", "", 0),
    Column("each", "KiB", 2),
    Column("none", "MiB", 1),
    Column("all", "MiB", 1),
    Column("alone", "us", 1),
    Column("beside", "us", 1),
    Column("cpu", "x alone", 2),
)


class Weight(NamedTuple):
    """What a server takes without connections, and with them, in KiB."""

    connections: int
    empty: float
    full: float
    alone: Turn
    """What came of asking it on one connection, when that was the only one."""
    beside: Turn
    """The same, beside all that are idle."""


def measure(repeat: int) -> Result:
    """Hold connections to each server in turns."""
    limit = serving.make_room() - SPARE
    weights: dict[str, list[Weight]] = {}
    with asking.compiled() as programs:
        makers = serving.makers(programs)
        failed = set[str]()
        for order in rounds(makers, repeat):
            for maker in order:
                if maker.tool in failed:
                    continue
                try:
                    weight = _weight(programs, maker, min(MOST, maker.most, limit))
                except CommandFailed as error:
                    if maker.tool in (C, RAWKIT):
                        raise
                    failed.add(maker.tool)
                    peers.say(f"left out: {maker.tool}: {error}")
                    continue
                weights.setdefault(maker.tool, []).append(weight)
    tools = [maker.tool for maker in makers if maker.tool in weights]
    rows = tuple(Row(tool, _figures(weights[tool])) for tool in tools)
    each = _figures(weights[RAWKIT])["each"].median
    about = (
        "memory of a server's processes (Pss) with idle connections, each of which has echoed"
        f" {asking.OCTETS} octets, without what the kernel keeps; and the round trip of one more"
        f" client, alone and beside them; {repeat} rounds"
    )
    goal = Goal(f"KiB of {RAWKIT}, for a connection", each, BOUND)
    return Result("memory", about, COLUMNS, rows, (goal,))


def _weight(programs: Path, maker: Maker, connections: int) -> Weight:
    with serving.served(maker, serving.processors()[0]) as server:
        alone = _ask(programs, server)
        empty = server.memory()
        with asking.connected(programs, server.port, connections, 0.0, "ask"):
            full = server.memory()
            return Weight(connections, empty, full, alone, _ask(programs, server))


def _ask(programs: Path, server: Running) -> Turn:
    """Have one client ask, and leave."""
    with asking.connected(programs, server.port, 1, SECONDS, "ask") as asker:
        return asker.run(server)


def _figures(weights: list[Weight]) -> dict[str, Spread]:
    return {
        "connections": spread(weight.connections for weight in weights),
        "each": spread((weight.full - weight.empty) / weight.connections for weight in weights),
        "none": spread(weight.empty / 1024 for weight in weights),
        "all": spread(weight.full / 1024 for weight in weights),
        "alone": spread(1e6 / weight.alone.rate for weight in weights),
        "beside": spread(1e6 / weight.beside.rate for weight in weights),
        "cpu": spread(weight.beside.cpu / weight.alone.cpu for weight in weights),
    }
