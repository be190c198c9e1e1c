"""Echo servers that are measured: how each is started, what it takes, how it is ended."""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scripts.benches import peers, server_programs
from scripts.benches.running import CommandFailed, environment_of

PATIENCE = 20.0
"""Seconds until a server has to be there."""
PORT = re.compile(rb"(\d+)\s*$")
TICK = 1 / os.sysconf("SC_CLK_TCK")
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
C, RAWKIT, STREAMS = "C, epoll", "rawkit, epoll", "asyncio, streams"
FREE_PORTS = iter(range(20_000, 30_000))
"""For servers that do not choose one; below those that clients get."""


class Maker(NamedTuple):
    """A server that takes part."""

    tool: str
    argv: tuple[str, ...]
    """With ``PORT`` for a port; without, it prints the one that it has."""
    most: int
    """Connections at most: of those with a process or a thread for each, not all that are tried."""
    needs: str = ""
    """What has to be installed for it."""


def makers(programs: Path) -> list[Maker]:
    """Return all that can be started here.

    Args:
        programs: where the compiled ones are.
    """
    here = sys.executable
    streams, protocol = server_programs.ASYNCIO_STREAMS, server_programs.ASYNCIO_PROTOCOL
    own = (peers.program("rawkit"), "serve", "echo", "tcp4:127.0.0.1:0", "--print-address")
    room = ("--max-connections", "20000", "--backlog", "4096")
    socat = "TCP4-LISTEN:PORT,bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=4096"
    ncat = ("-k", "-l", "127.0.0.1", "PORT", "-m", "20000", "--exec", "/bin/cat")
    loop, uv = server_programs.ON_ASYNCIO, server_programs.ON_UVLOOP
    every = [
        Maker(C, (str(programs / "echo"),), 10_000, "cc"),
        Maker(RAWKIT, (*own, *room), 10_000),
        Maker("uvloop, protocol", (here, "-c", protocol + uv), 10_000, "uvloop"),
        Maker("asyncio, protocol", (here, "-c", protocol + loop), 10_000),
        Maker("uvloop, streams", (here, "-c", streams + uv), 10_000, "uvloop"),
        Maker(STREAMS, (here, "-c", streams + loop), 10_000),
        Maker("socketserver, threads", (here, "-c", server_programs.SOCKETSERVER), 1000),
        Maker("socat, fork", (peers.program("socat"), socat, "PIPE"), 1000, "socat"),
        Maker("ncat, cat", (peers.program("ncat"), *ncat), 100, "ncat"),
    ]
    absent = peers.missing("servers")
    return [maker for maker in every if maker.needs not in absent]


class Running(NamedTuple):
    """A server that is there."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu(self) -> float:
        """Return the CPU time of it and of all its children so far, in seconds."""
        return sum(_clock(pid) + _of_dead(pid) for pid in tree(self.process.pid))

    def memory(self) -> float:
        """Return the memory of it and of its children, what they share counted once, in KiB."""
        return float(sum(map(_pss, tree(self.process.pid))))


@contextlib.contextmanager
def served(maker: Maker, processor: int) -> Iterator[Running]:
    """Run a server on one processor.

    Raises:
        CommandFailed: it does not start.
    """
    named = "PORT" in " ".join(maker.argv)
    port = next(FREE_PORTS) if named else 0
    argv = [word.replace("PORT", str(port)) for word in maker.argv]
    with pinned(processor):
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment_of(os.environ), start_new_session=True,
        )  # fmt: skip
    try:
        if named:
            _wait_for(port)
        else:
            port = _told(process)
        yield Running(process, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@contextlib.contextmanager
def pinned(processor: int) -> Iterator[None]:
    """Have what is started in the block run on one processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def processors() -> tuple[int, int]:
    """Return one for servers, and one for whoever asks them: another one, if there is one."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[-1]


def make_room() -> int:
    """Raise the limit of descriptors as far as it goes, and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 20 if hard == resource.RLIM_INFINITY else hard


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):  # it has ended since
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _clock(pid: int) -> float:
    """Return the CPU time of a process and of all its threads (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _of_dead(pid: int) -> float:
    """Return the CPU time of its children that have ended and were waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) * TICK


def _pss(pid: int) -> int:
    try:
        match = PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:
        return 0
    return int(match[1]) if match else 0


def _told(process: subprocess.Popen[bytes]) -> int:
    """Return the port that a server prints."""
    assert process.stdout is not None
    match = PORT.search(process.stdout.readline())
    if match is None:
        raise CommandFailed(f"{process.args!r} does not start")
    return int(match[1])


def _wait_for(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.02)
    raise CommandFailed(f"nobody listens at port {port}")
