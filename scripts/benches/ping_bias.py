"""How wrong is the RTT: what a tool shows, less what a capture shows of the same packets."""

import sys
from collections.abc import Callable
from typing import NamedTuple

from rawkit import lab
from scripts.benches import peers, programs, readings
from scripts.benches.capture import Capture, exchanges
from scripts.benches.figures import Spread, differences, mean_interval, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, CommandFailed, present, rounds, run

REPEAT = 5
BLOCK = 60
"""Probes of one tool in a row."""
INTERVAL = 0.010
MOST_BIAS = 10e-6
MICRO = 1e6
COLUMNS = (
    Column("bias", "us", 1),
    Column("shown", "us", 1),
    Column("wire", "us", 1),
    Column("interval", "ms", 3),
    Column("probes", "", 0),
)


class Tool(NamedTuple):
    """A way to send a block, and to read what it shows."""

    command: Command
    read: Callable[[str], list[readings.Shown]]
    note: str = ""


class Block(NamedTuple):
    """What one block gave, in seconds."""

    shown: list[float]
    wire: list[float]
    interval: float
    """Mean, by the capture."""


def measure(repeat: int) -> Result:
    """Have the tools take turns on a quiet cable."""
    with lab.pair() as net:
        tools = {tool.command.tool: tool for tool in _tools(str(net.last.ipv4))}
        commands = present((tool.command for tool in tools.values()), peers.missing("ping"))
        blocks: dict[str, list[Block]] = {command.tool: [] for command in commands}
        with Capture(net.first, net.first.interfaces[0].name) as capture:
            for command in commands:
                run(command, net.first)
            for order in rounds(commands, repeat):
                for command in order:
                    capture.take()
                    output = run(command, net.first).output
                    shown = tools[command.tool].read(output)
                    blocks[command.tool].append(_block(command.tool, shown, capture))
    biases = {tool: _biases(done) for tool, done in blocks.items()}
    rows = tuple(_row(tools[tool], done, biases[tool]) for tool, done in blocks.items())
    about = (
        f"RTT shown less RTT on the wire, the same packets on a quiet veth;"
        f" {repeat} interleaved blocks of {BLOCK} probes, one each {1000 * INTERVAL:.0f} ms"
    )
    return Result("bias", about, COLUMNS, rows, _goals(biases))


def _tools(host: str) -> list[Tool]:
    count, interval = str(BLOCK), str(INTERVAL)
    paced = ("-n", "-c", count, "-i", interval, host)
    milliseconds = str(round(1000 * INTERVAL))
    fping = (peers.program("fping"), "-c", count, "-p", milliseconds, host)
    ping, rawkit = peers.program("ping"), (peers.program("rawkit"), "ping")

    def series(tool: str, text: str, note: str) -> Tool:
        argv = (sys.executable, "-c", text, host, count, interval)
        return Tool(Command(tool, argv), readings.program_replies, note)

    return [
        Tool(Command("rawkit ping", (*rawkit, *paced)), readings.ping_replies),
        Tool(
            Command("rawkit ping, raw socket", (*rawkit, "-e", "1", *paced)), readings.ping_replies
        ),
        Tool(Command("rawkit ping -U", (*rawkit, "-U", *paced)), readings.ping_replies),
        Tool(Command("ping", (ping, *paced)), readings.ping_replies),
        Tool(Command("ping -U", (ping, "-U", *paced)), readings.ping_replies),
        Tool(Command("fping", fping), readings.fping_replies),
        series("icmplib", programs.ICMPLIB_SERIES, "waits after each reply"),
        series("ping3", programs.PING3_SERIES, "paced by the caller's sleep"),
        series("scapy sr()", programs.SCAPY_SERIES, "times of its packets"),
    ]


def _block(tool: str, shown: list[readings.Shown], capture: Capture) -> Block:
    passed = exchanges(capture.take())
    if len(shown) != len(passed) or [reply.sequence for reply in shown] != [*range(BLOCK)]:
        raise CommandFailed(f"{tool} shows {len(shown)} replies, the capture {len(passed)}")
    return Block(
        [reply.rtt for reply in shown],
        [exchange.rtt for exchange in passed],
        mean_interval([exchange.sent for exchange in passed]),
    )


def _biases(blocks: list[Block]) -> Spread:
    return spread(bias for block in blocks for bias in differences(block.shown, block.wire))


def _row(tool: Tool, blocks: list[Block], bias: Spread) -> Row:
    figures = {
        "bias": Spread(bias.low * MICRO, bias.median * MICRO, bias.high * MICRO, bias.size),
        "shown": spread(MICRO * rtt for block in blocks for rtt in block.shown),
        "wire": spread(MICRO * rtt for block in blocks for rtt in block.wire),
        "interval": spread(1000 * block.interval for block in blocks),
        "probes": spread([bias.size]),
    }
    return Row(tool.command.tool, figures, tool.note)


def _goals(biases: dict[str, Spread]) -> tuple[Goal, ...]:
    ours = MICRO * abs(biases["rawkit ping"].median)
    goals = [Goal("|median bias| of rawkit ping, us", ours, MICRO * MOST_BIAS, digits=1)]
    if "ping" in biases:
        theirs = MICRO * abs(biases["ping"].median)
        goals.append(Goal("the same, against ping's, us", ours, theirs, digits=1))
    return tuple(goals)
