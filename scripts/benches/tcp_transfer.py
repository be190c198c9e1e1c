"""How fast much is sent and received: the kernel's TCP, rawkit's on each link, and scapy's."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import NamedTuple

from rawkit import lab
from rawkit.lab import Node
from scripts.benches import peers
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, CommandFailed, rounds, run
from scripts.benches.tcp_work import serve

REPEAT = 5
SIZE, MUCH, SIZE_OF_SCAPY = 10_000_000, 100_000_000, 300_000
PLAIN = "plain"
"""A link that passes no segment larger than its MTU: none is left to be cut."""
LARGE = "large"
"""Kernels hand each other segments of 64 kB, which nothing has to cut on a veth."""
COLUMNS = (
    Column("rate", "MB/s", 2),
    Column("cpu", "us/1448", 2),
    Column("x sockets", "", 4),
    Column("x scapy", "", 0),
)
KERNEL, SCAPY = "sockets", "scapy"
OF_SCAPY, OF_KERNEL = 1 / 200, 2.0
"""Times of theirs that are allowed: with small segments, and with large ones."""


class Transfer(NamedTuple):
    """Who, which way, over which link, and how much."""

    tool: str
    way: str
    link: str
    size: int = SIZE

    def __str__(self) -> str:
        size = "" if self.size == SIZE else f", {self.size / 1e6:g} MB"
        return f"{self.tool}, {self.way}, {self.link}{size}"


class Took(NamedTuple):
    """Nanoseconds an octet."""

    wall: float
    cpu: float


def measure(repeat: int) -> Result:
    """Transfer in turns, on links of both kinds."""
    tools = [KERNEL, "rawkit, raw", "rawkit, packet", "rawkit, offload"]
    found: dict[Transfer, list[Took]] = {}
    for link in (PLAIN, LARGE):
        every = product(tools, ("down", "up"), (link,), (SIZE, MUCH))
        kinds = [Transfer(*one) for one in every]
        if link == PLAIN and SCAPY not in peers.missing("tcp"):
            kinds.append(Transfer(SCAPY, "down", link, SIZE_OF_SCAPY))
        with lab.pair() as net, server_on(net.last) as port:
            if link == PLAIN:
                _without_offload(net.first, net.last)
            for turn in rounds(kinds, repeat):
                for kind in turn:
                    found.setdefault(kind, []).append(one_transfer(kind, net, port))
    about = (
        f"{SIZE / 1e6:g} MB, where nothing else is said, over a veth, from the handshake to the"
        f" end; {repeat} interleaved rounds; plain: no segment above the MTU"
    )
    return Result("transfer", about, COLUMNS, _rows(found), _goals(found))


@contextmanager
def server_on(node: Node) -> Iterator[int]:
    """Give the port of a server on the kernel's sockets."""
    with node.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((str(node.ipv4), 0))
        sock.listen()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
        yield sock.getsockname()[1]
        sock.shutdown(socket.SHUT_RDWR)


def _without_offload(*nodes: Node) -> None:
    for node in nodes:
        for feature in ("tso", "gso", "gro"):
            command = Command("ethtool", (peers.program("ethtool"), "-K", "eth0", feature, "off"))
            run(command, node)


def one_transfer(kind: Transfer, net: lab.Lab, port: int) -> Took:
    """Transfer once, in a process of its own.

    Raises:
        CommandFailed: it did not come to an end.
    """
    size = kind.size
    words = (kind.tool, kind.way, str(net.last.ipv4), str(port), str(size))
    argv = (sys.executable, "-m", "scripts.benches.tcp_work", *words)
    output = run(Command(kind.tool, argv), net.first).output.split()
    if len(output) < 2:
        raise CommandFailed(f"{kind}: {' '.join(output)}")
    wall, cpu = map(int, output[-2:])
    return Took(wall / size, cpu / size)


def _rows(found: dict[Transfer, list[Took]]) -> tuple[Row, ...]:
    ordered = sorted(found, key=lambda kind: (kind.link, kind.way, kind.size))
    return tuple(Row(str(kind), _figures(kind, found)) for kind in ordered)


def _figures(kind: Transfer, found: dict[Transfer, list[Took]]) -> dict[str, Spread]:
    own = [took.wall for took in found[kind]]
    figures = {
        "rate": spread(1000 / nanoseconds for nanoseconds in own),
        "cpu": spread(took.cpu * 1448 / 1000 for took in found[kind]),
    }
    for name, peer in (("x sockets", KERNEL), ("x scapy", SCAPY)):
        theirs = found.get(beside(kind, peer))
        if theirs is not None:
            figures[name] = ratios([took.wall for took in theirs], own)
    return figures


def beside(kind: Transfer, peer: str) -> Transfer:
    """Return the transfer of a peer that one is compared with."""
    return kind._replace(tool=peer, size=SIZE_OF_SCAPY if peer == SCAPY else kind.size)


def _goals(found: dict[Transfer, list[Took]]) -> tuple[Goal, ...]:
    """Return what is to be reached, as times of the other's time."""
    wanted = [
        (Transfer("rawkit, raw", "down", PLAIN), SCAPY, OF_SCAPY, 5),
        *(
            (Transfer("rawkit, offload", way, LARGE, size), KERNEL, OF_KERNEL, 2)
            for size in (SIZE, MUCH)
            for way in ("down", "up")
        ),
    ]
    goals: list[Goal] = []
    for kind, peer, bound, digits in wanted:
        theirs = found.get(beside(kind, peer))
        if theirs is not None:
            own, base = ([took.wall for took in one] for one in (found[kind], theirs))
            goals.append(Goal(f"{kind}: times of {peer}", ratios(own, base).median, bound, digits))
    return tuple(goals)
