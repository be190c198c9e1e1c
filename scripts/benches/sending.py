"""Send and exchange with several libraries in turns, each time in a lab of two hosts."""

import sys

from rawkit import lab
from scripts.benches import peers
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.packet_rounds import Least, Times, goal, readings
from scripts.benches.result import Column, Goal, Row
from scripts.benches.running import Command, rounds, run

COLUMNS = (Column("rate", "k/s", 2), Column("time", "us", 2), Column("x scapy", "", 4))


def measure(job: str, libraries: tuple[str, ...], repeat: int) -> Times:
    """Return how long a job takes in each round.

    Raises:
        CommandFailed: a library fails at it.
    """
    absent = peers.missing("packets")
    times: Times = {}
    module = ("-m", "scripts.benches.sending_work")
    commands = [
        Command(name, (sys.executable, *module, name, job))
        for name in libraries
        if name not in absent
    ]
    with lab.pair() as net:
        for commands_of_round in rounds(commands, repeat):
            for command in commands_of_round:
                for kind, nanoseconds in readings(run(command, net.first).output):
                    times.setdefault((command.tool, kind), []).append(nanoseconds)
    return times


def rows(times: Times) -> tuple[Row, ...]:
    """Return a row for each kind and library."""
    kinds = dict.fromkeys(kind for _, kind in times)
    ordered = [key for kind in kinds for key in times if key[1] == kind]
    return tuple(Row(f"{name}, {kind}", _figures(times, name, kind)) for name, kind in ordered)


def goals(times: Times, kind: str, what: str, least: Least) -> tuple[Goal, ...]:
    """Return the goal for one kind; none, if the peer is not there."""
    return goal(what, times["rawkit", kind], times.get((least.peer, kind)), least)


def _figures(times: Times, name: str, kind: str) -> dict[str, Spread]:
    own = times[name, kind]
    figures = {
        "rate": spread(1e6 / nanoseconds for nanoseconds in own),
        "time": spread(nanoseconds / 1000 for nanoseconds in own),
    }
    if (theirs := times.get(("scapy", kind))) is not None:
        figures["x scapy"] = ratios(own, theirs)
    return figures
