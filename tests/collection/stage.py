"""Where entries are run: a lab whose last node hears what comes, and tshark reads it."""

import ast
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import rawkit
from rawkit.capture.writer import CaptureWriter
from rawkit.host import ioctl
from rawkit.lab import Lab, Node
from rawkit.record import record
from rawkit.wire.arp import ARP
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.icmpv6 import Message
from rawkit.wire.igmp import MembershipReportV3
from tests.collection import tshark
from tests.collection.entry import Way
from tests.netns.capture import Capture, Frame

PATIENCE = 10.0
"""Seconds within which what was sent has to be there; it is there at once."""
LIMIT = 30.0
"""Seconds that a command may take."""
QUIET = 0.03
"""Seconds without a packet after which no more are waited for."""
LISTENING = "0A"
"""The state of a TCP socket in /proc/net (linux/tcp_states.h)."""
ROOT = Path(__file__).parents[2]
CHECKSUMS = 0x17
"""ETHTOOL_STXCSUM (linux/ethtool.h)."""
SPOKEN_BY_KERNELS = frozenset((130, 131, 132, 133, 134, 135, 136, 143))
"""Types of ICMPv6 messages that a link carries unasked."""


@record
class Ran:
    """What a command or a piece of Python did."""

    frames: list[Frame]
    """All that passed meanwhile."""
    value: Any = None
    output: str = ""
    errors: str = ""
    exit: int = 0


@record
class Seen:
    """What tshark reads in frames."""

    sent: list[tshark.Reading]
    """Packets of the first node."""
    answers: list[tshark.Reading]
    """Packets that go the other way."""


SYSCTLS = {
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv6.icmp.ratelimit": 0,
    # Nobody asks again for a neighbour who is known.
    "net.ipv4.neigh.eth0.delay_first_probe_time": 3600,
    "net.ipv6.neigh.eth0.delay_first_probe_time": 3600,
}


class Stage:
    """A lab to run entries in.

    Args:
        net: the lab, with ``SYSCTLS``.
        preamble: Python that comes before every piece of it.
    """

    def __init__(self, net: Lab, preamble: str) -> None:
        self._net = net
        self._preamble = preamble
        for node in (net.first, net.last):
            whole_checksums(node)
        for host in (net.last.ipv4, net.last.ipv6):  # so kernels know their neighbours by now
            assert rawkit.ping(host, count=1, at=net.first).run().is_alive

    def command(self, way: Way) -> Ran:
        """Run the command of a way in the first node, and its peer's in the last."""
        ran, frames = self._observed(way, lambda: shell(self._net.first, way.command))
        return Ran(frames, None, ran.stdout, ran.stderr, ran.returncode)

    def library(self, way: Way) -> Ran:
        """Run the Python of a way in the first node."""
        code = f"{self._preamble}\n{way.library}"
        value, frames = self._observed(way, lambda: self._net.first.run(evaluated, code))
        return Ran(frames, value)

    def _observed(self, way: Way, run: Callable[[], Any]) -> tuple[Any, list[Frame]]:
        own = kinds_of(way)
        place = self._net.first if way.near else self._net.last
        with Capture(place, "eth0") as capture:
            peer = started(self._net.last, way.peer, way.ready) if way.peer else None
            try:
                result = run()
            finally:
                if peer is not None:
                    ended(peer)
            return result, heard(capture, own, way)


def whole_checksums(node: Node) -> None:
    """Have a node finish its checksums itself: what is heard is what a wire would carry."""
    with node.here(), ioctl.any_socket() as handle:
        ioctl.ethtool(handle, "eth0", CHECKSUMS, 0)


def environment() -> dict[str, str]:
    """Return the environment of commands, in which ``rawkit`` is this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin",  # nft
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def shell(node: Node, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a node to its end, in a folder of its own where ``scripts`` is."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "scripts").symlink_to(ROOT / "scripts")
        process = node.popen(
            ["bash", "-c", command],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=environment(),
            cwd=folder,
        )
        with process:
            try:
                out, err = process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def started(node: Node, command: str, ready: str) -> subprocess.Popen[bytes]:
    """Start a command in a node, which :func:`ended` ends.

    Args:
        node: where.
        command: what.
        ready: what it has open once it is ready, as in :class:`Way`.
    """
    process = node.popen(
        ["bash", "-c", f"exec {command}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if ready else None,
        env=environment(),
        cwd=str(ROOT),
    )
    end = time.monotonic() + PATIENCE
    while ready and not node.run(is_open, *ready.split()):
        assert time.monotonic() < end, f"{command}: no {ready}"
        time.sleep(0.01)
    return process


def is_open(kind: str, number: str) -> bool:
    """Whether somebody in this namespace listens to a port, or to a protocol."""
    end = f":{int(number):04X}"
    files = [Path("/proc/thread-self/net") / name for name in (kind, f"{kind}6")]
    rows = [line.split() for file in files for line in file.read_text().splitlines()]
    states = {row[3] for row in rows if row[1].endswith(end)}
    return LISTENING in states if kind == "tcp" else bool(states)


def ended(process: subprocess.Popen[bytes]) -> None:
    """End what :func:`started` started."""
    with process:
        process.terminate()


def evaluated(code: str) -> Any:
    """Run Python in a folder of its own; return the value of its last line, an expression."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    with TemporaryDirectory() as folder, chdir(folder):
        exec(compile(tree, "library", "exec"), names)
        return eval(compile(ast.Expression(last.value), "library", "eval"), names)


def heard(capture: Capture, own: frozenset[int], way: Way) -> list[Frame]:
    """Return what passed, once all is there, and what follows right behind it.

    Args:
        capture: at one of the nodes.
        own: what is meant though kernels say it, too; see :func:`kinds_of`.
        way: what is to pass.
    """
    frames: list[Frame] = []
    end = time.monotonic() + PATIENCE
    while (now := time.monotonic()) < end:
        is_complete = sum(one.outgoing is way.near for one in frames) >= len(
            way.sends or way.begins
        ) and sum(one.outgoing is not way.near for one in frames) >= len(way.answers)
        frame = capture.next(QUIET if is_complete else end - now)
        if frame is None:
            break
        if is_meant(frame.octets, own):
            frames.append(frame)
    return frames


ARP_KIND = -1
"""Stands for ARP among types of ICMPv6 messages."""


def kinds_of(way: Way) -> frozenset[int]:
    """Return which of the messages that kernels send, too, a way is about."""
    fields = [*way.sends, *way.answers, way.hears or {}]
    kinds = {int(one["icmpv6.type"].partition(",")[0]) for one in fields if "icmpv6.type" in one}
    if any(name.startswith("arp.") for one in fields for name in one):
        kinds.add(ARP_KIND)
    return frozenset(kinds)


def is_meant(octets: bytes, own: frozenset[int]) -> bool:
    """Whether a frame is no talk of kernels about their link."""
    packet = dissect_frame(octets)
    if ARP in packet:
        return ARP_KIND in own
    if MembershipReportV3 in packet:
        return False
    last = packet.headers[-1]
    if not isinstance(last, Message) or last.TYPE not in SPOKEN_BY_KERNELS:
        return True
    return last.TYPE in own


def seen(ways: list[tuple[Way, Ran]]) -> list[Seen]:
    """Return what tshark reads in all that was run; it is started once."""
    every = [frame for _, ran in ways for frame in ran.frames]
    if not every:
        return [Seen([], []) for _ in ways]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "frames.pcapng"
        with CaptureWriter(path) as writer:
            for frame in every:
                writer.write(frame.octets, int(frame.time * 1e9))
        readings = iter(tshark.read(path))
    told = [Seen([], []) for _ in ways]
    for (way, ran), one in zip(ways, told, strict=True):
        for frame in ran.frames:
            (one.sent if frame.outgoing is way.near else one.answers).append(next(readings))
    assert next(readings, None) is None
    return told
