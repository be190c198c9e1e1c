"""How many connections a second servers take: connect, one echo, close."""

from functools import partial
from pathlib import Path

from scripts.benches import asking, serving
from scripts.benches.asking import Turn
from scripts.benches.figures import spread
from scripts.benches.result import Column, Result, Row
from scripts.benches.servers_messages import Turns, compared, cpu, rate, take_turns
from scripts.benches.serving import C, Maker

REPEAT = 5
AT_ONCE, SECONDS = 32, 0.7
COLUMNS = (
    Column("cpu", "us", 1),
    Column("x C", "", 2),
    Column("rate", "thousand/s", 2),
    Column("generator", "%", 0),
)


def measure(repeat: int) -> Result:
    """Connect to all servers in turns."""
    serving.make_room()
    with asking.compiled() as programs:
        turns = take_turns(serving.makers(programs), repeat, partial(_turn, programs))
    about = (
        f"connections a second, {AT_ONCE} at once: connect, echo {asking.OCTETS} octets, close;"
        f" {repeat} interleaved rounds"
    )
    rows = tuple(_row(tool, turns) for tool in turns if turns[tool])
    return Result("connections", about, COLUMNS, rows, ())


def _turn(programs: Path, maker: Maker) -> Turn:
    with (
        serving.served(maker, serving.processors()[0]) as server,
        asking.connected(programs, server.port, AT_ONCE, SECONDS, "connect") as asker,
    ):
        return asker.run(server)


def _row(tool: str, turns: Turns) -> Row:
    mine = turns[tool].values()
    figures = {
        "cpu": spread(map(cpu, mine)),
        "rate": spread(map(rate, mine)),
        "generator": spread(turn.busy * 100 for turn in mine),
    }
    if (found := compared(turns, tool, C, cpu)) is not None:
        figures["x C"] = found
    return Row(tool, figures)
