"""How fast packets may come, for a sniffer to lose none of them."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rawkit import lab
from rawkit.lab import Node
from scripts.benches import peers
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import CommandFailed, environment_of

REPEAT = 2
LEAST_TIMES = 20
"""Times scapy's rate that rawkit is to hear without loss."""
SECONDS = 3.0
"""For how long packets come."""
SLOWEST, FASTEST = 1000.0, 512_000.0
"""Packets a second; what sends them can do no more."""
STEPS = 3
"""How often the gap between the last rate without loss and the first with some is halved."""
PATIENCE = 60
SETTLING = {"scapy": 0.5, "tcpdump": 1.5}
"""Seconds from the last packet until a tool is told to end that would lose its last ones."""
BEHIND = 0.3
"""Seconds that a tool may take after that: it kept up, and had not just room for them."""
ROOT = Path(__file__).parents[2]
TOOLS = {
    "rawkit": "read, with the verdict on its checksum",
    "scapy": "read, store=False",
    "rawkit, lines": "the same, and a line of each",
    "scapy, lines": "the same, and its summary",
    "rawkit, to a file": "written as it is",
    "tcpdump -w": "written as it is",
}
COLUMNS = (Column("without loss", "k/s", 1), Column("x scapy", "", 1))


def measure(repeat: int) -> Result:
    """Find the highest rate of each tool, round by round."""
    absent = peers.missing("packets")
    tools = [tool for tool in TOOLS if program_of(tool) not in absent]
    rates: dict[str, list[float]] = {tool: [] for tool in tools}
    with lab.pair() as net:
        for turn in range(repeat):
            first = turn % len(tools)
            for tool in (*tools[first:], *tools[:first]):
                rates[tool].append(highest(net.first, net.last, tool))
    rows = tuple(Row(tool, _figures(tool, rates), TOOLS[tool]) for tool in tools)
    goals: tuple[Goal, ...] = ()
    if "scapy" in rates:
        share = ratios(rates["scapy"], rates["rawkit"]).median
        goals = (Goal("scapy's rate, times rawkit's", share, 1 / LEAST_TIMES, 3),)
    most = f"{FASTEST / 1000:.0f} k/s"
    about = f"UDP, 60 octets, for {SECONDS:.0f} s, at up to {most}; {repeat} rounds"
    return Result("sniff", about, COLUMNS, rows, goals)


def highest(sender: Node, hearer: Node, tool: str) -> float:
    """Return the highest rate at which a tool loses nothing and keeps up, in packets a second."""
    good, rate = 0.0, SLOWEST if program_of(tool) == "scapy" else 16 * SLOWEST
    while rate <= FASTEST and hears_all(sender, hearer, tool, rate):
        good, rate = rate, 2 * rate
    if rate > FASTEST:
        return good
    bad = rate
    for _ in range(STEPS):
        middle = (good * bad) ** 0.5 if good else bad / 2
        if hears_all(sender, hearer, tool, middle):
            good = middle
        else:
            bad = middle
    return good


def hears_all(sender: Node, hearer: Node, tool: str, rate: float) -> bool:
    """Tell whether a tool hears all that is sent at a rate, and is soon done with it.

    Raises:
        CommandFailed: it does not begin, or does not end.
    """
    quiet = environment_of({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    with hearer.popen(
        command_of(tool), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=str(ROOT), env=quiet,
    ) as hearing:  # fmt: skip
        try:
            _wait_for_beginning(hearing)
            sent = _send(sender, rate, quiet)
            time.sleep(SETTLING.get(program_of(tool), 0.0))
            ended = time.perf_counter()
            hearing.send_signal(signal.SIGINT)
            told, _ = hearing.communicate(timeout=PATIENCE)
            behind = time.perf_counter() - ended
        except (subprocess.TimeoutExpired, CommandFailed):
            hearing.kill()
            raise
    return heard_by(tool, told) == sent and behind <= BEHIND


def program_of(tool: str) -> str:
    """Return the program, or the library, that a tool is."""
    return tool.partition(",")[0].split()[0]


def command_of(tool: str) -> Sequence[str]:
    """Return how a tool is called."""
    if tool == "tcpdump -w":
        return (peers.program("tcpdump"), "-i", "eth0", "-w", "/dev/null", "udp")
    return (sys.executable, "-m", "scripts.benches.sniff_work", "hear", tool)


def heard_by(tool: str, told: str) -> int:
    """Return how many packets a tool says that it heard."""
    for line in reversed(told.splitlines()):
        words = line.split()
        if words and words[0].isdigit() and (len(words) == 1 or words[2:] == ["captured"]):
            return int(words[0])
    raise CommandFailed(f"{tool} does not say what it heard: {told[-500:]}")


def _wait_for_beginning(hearing: "subprocess.Popen[str]") -> None:
    assert hearing.stdout is not None
    for line in hearing.stdout:
        if line.startswith("ready") or "listening on" in line:
            return
    raise CommandFailed("it ended before it began")


def _send(sender: Node, rate: float, environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "scripts.benches.sniff_work", "send", str(rate), str(SECONDS)]
    with sender.popen(
        command, stdout=subprocess.PIPE, text=True, cwd=str(ROOT), env=environment
    ) as sending:
        told, _ = sending.communicate(timeout=PATIENCE)
    if sending.returncode:
        raise CommandFailed("the sender failed")
    return int(told.split()[0])


def _figures(tool: str, rates: dict[str, list[float]]) -> dict[str, Spread]:
    figures = {"without loss": spread(rate / 1000 for rate in rates[tool])}
    if "scapy" in rates and all(rates["scapy"]):
        figures["x scapy"] = ratios(rates[tool], rates["scapy"])
    return figures
