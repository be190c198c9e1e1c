"""What both parts about captures share: a file of packets, and libraries that take turns."""

import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from rawkit.capture.writer import CaptureWriter
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.result import Row
from scripts.benches.running import CommandFailed, environment_of

DIFFERENT = 1000
"""Packets that differ; they are repeated."""
SIZES = (0, 0, 100, 500, 1400)
"""Octets of payload: small packets are the most."""
PATIENCE = 300
FIRST = 1_700_000_000 * 10**9


class Contender(NamedTuple):
    """A library at work on a file."""

    tool: str
    library: str
    path: Path
    note: str = ""


def write_captures(folder: Path, count: int) -> dict[str, Path]:
    """Write the same packets in each format, and return the files by format."""
    chance = random.Random(1)
    hosts = [IPv4Address(f"192.0.2.{number}") for number in range(1, 30)]
    frames = []
    for _ in range(DIFFERENT):
        inner = chance.choice([TCP, TCP, UDP])(chance.choice([80, 443, 53, 40000]), 50000)
        src, dst = chance.sample(hosts, 2)
        ip = IPv4(src, dst) / inner / chance.randbytes(chance.choice(SIZES))
        frames.append(bytes(Ethernet(b"\2\0\0\0\0\1", b"\2\0\0\0\0\2") / ip))
    files = {}
    for kind in ("pcap", "pcapng"):
        files[kind] = folder / f"packets.{kind}"
        with CaptureWriter(files[kind]) as writer:
            for number in range(count):
                writer.write(frames[number % DIFFERENT], FIRST + number * 1000)
    return files


def turns(
    job: str, contenders: Sequence[Contender], repeat: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Have those whose library is there take turns.

    Returns:
        The seconds of CPU time of each, round by round, and how many packets it had.

    Raises:
        CommandFailed: one of them failed, or came to another result than the first.
    """
    there = [one for one in contenders if find_spec(one.library) is not None]
    seconds: dict[str, list[float]] = {one.tool: [] for one in there}
    counts: dict[str, int] = {}
    for turn in range(repeat):
        first = turn % len(there)
        for one in [*there[first:], *there[:first]]:
            spent, counts[one.tool] = _measured(job, one)
            seconds[one.tool].append(spent)
    if len(set(counts.values())) > 1:
        raise CommandFailed(f"they do not agree how many packets there are: {counts}")
    return seconds, counts


def _measured(job: str, contender: Contender) -> tuple[float, int]:
    words = (job, contender.library, str(contender.path))
    command = [sys.executable, "-m", "scripts.benches.capture_work", *words]
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=Path(__file__).parents[2],
        env=environment_of({"PATH": ""}),
        check=False,
    )
    if ran.returncode:
        raise CommandFailed(f"{' '.join(words)}: {ran.stderr.strip().splitlines()[-1]}")
    spent, count = ran.stdout.split()
    return float(spent), int(count)


def rows(
    contenders: Sequence[Contender],
    seconds: Mapping[str, Sequence[float]],
    packets: int,
    base: str,
) -> tuple[Row, ...]:
    """Return a row for each, with microseconds a packet and times the base's time."""
    found = []
    for one in contenders:
        if one.tool not in seconds:
            continue
        figures: dict[str, Spread] = {
            "CPU": spread(1e6 * value / packets for value in seconds[one.tool])
        }
        if base in seconds:
            figures[f"x {base}"] = ratios(seconds[one.tool], seconds[base])
        found.append(Row(one.tool, figures, one.note))
    return tuple(found)
