"""Run every library at one job, in turns, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from scripts.benches import peers
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.result import Column, Goal, Row
from scripts.benches.running import CommandFailed, environment_of

LIBRARIES = ("rawkit", "dpkt", "pypacker", "scapy")
PATIENCE = 120
"""Seconds for the slowest library."""
COLUMNS = (
    Column("rate", "k/s", 1),
    Column("time", "us", 2),
    Column("x dpkt", "", 2),
    Column("x scapy", "", 3),
)

Times = dict[tuple[str, str], list[float]]
"""Nanoseconds a packet, by library and kind: one for each round."""


class Least(NamedTuple):
    """What rawkit is to reach: so many times as quick as a peer."""

    peer: str
    times: float


def measure(job: str, repeat: int) -> Times:
    """Return how long a job takes in each round.

    Raises:
        CommandFailed: a library does something else than the others, or nothing at all.
    """
    absent = peers.missing("packets")
    libraries = [name for name in LIBRARIES if name not in absent]
    times: Times = {}
    for turn in range(repeat):
        first = turn % len(libraries)
        for name in (*libraries[first:], *libraries[:first]):
            for kind, nanoseconds in _run(name, job):
                times.setdefault((name, kind), []).append(nanoseconds)
    return times


def rows(times: Times) -> tuple[Row, ...]:
    """Return a row for each library and kind, kind by kind."""
    kinds = list(dict.fromkeys(kind for _, kind in times))
    ordered = [(name, kind) for kind in kinds for name in LIBRARIES if (name, kind) in times]
    return tuple(Row(f"{name}, {kind}", _figures(times, name, kind)) for name, kind in ordered)


def goal(
    what: str, ours: Sequence[float], theirs: Sequence[float] | None, least: Least
) -> tuple[Goal, ...]:
    """Return the goal to be so many times as quick; none, if the peer is not there."""
    if theirs is None:
        return ()
    value = ratios(ours, theirs).median
    return (Goal(f"time of {what}, rawkit / {least.peer}", value, 1 / least.times, 4),)


def _figures(times: Times, name: str, kind: str) -> dict[str, Spread]:
    own = times[name, kind]
    figures = {
        "rate": spread(1e6 / nanoseconds for nanoseconds in own),
        "time": spread(nanoseconds / 1000 for nanoseconds in own),
    }
    for peer in ("dpkt", "scapy"):
        if (theirs := times.get((peer, kind))) is not None:
            figures[f"x {peer}"] = ratios(own, theirs)
    return figures


def _run(name: str, job: str) -> list[tuple[str, float]]:
    command = [sys.executable, "-m", "scripts.benches.packet_work", name, job]
    try:
        done = subprocess.run(
            command,
            cwd=peers.ROOT,
            env=environment_of(os.environ),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{name}, {job}: more than {PATIENCE} s") from error
    if done.returncode:
        raise CommandFailed(f"{name}, {job}: exit code {done.returncode}\n{done.stderr}")
    return readings(done.stdout)


def readings(text: str) -> list[tuple[str, float]]:
    """Return kinds and nanoseconds, as a worker prints them."""
    pairs = (line.split(" ", 1) for line in text.splitlines())
    return [(kind, float(nanoseconds)) for nanoseconds, kind in pairs]
