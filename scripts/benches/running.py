"""Run a command in a node of a lab, and say how long it took from start to end."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from rawkit.lab import Node

PATIENCE = 120.0
"""Seconds for the slowest command."""


T = TypeVar("T")


class CommandFailed(Exception):
    """A command ended otherwise than it should have."""


class Command(NamedTuple):
    """A tool, and how it is called."""

    tool: str
    argv: Sequence[str]
    codes: frozenset[int] = frozenset({0})
    """Exit codes that are no failure."""


class Outcome(NamedTuple):
    """How it went."""

    wall: float
    """Seconds from before it was started until it was gone."""
    cpu: float
    """Seconds of CPU time, in user space and in the kernel."""
    output: str
    """What it wrote to stdout and stderr."""


def run(command: Command, node: Node) -> Outcome:
    """Run one command to its end, in the network of a node.

    Its output goes to memory, so nobody is woken up to read it while it runs.

    Raises:
        CommandFailed: its exit code is not one of those expected, or it took too long.
    """
    environment = environment_of(os.environ)
    output = os.memfd_create("output")
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    actions = [(os.POSIX_SPAWN_DUP2, null, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, output, stream) for stream in (1, 2)]
    try:
        with node.here():
            began = time.perf_counter()
            child = os.posix_spawn(
                command.argv[0], list(command.argv), environment, file_actions=actions
            )
        code, cpu = _wait(child)
        wall = time.perf_counter() - began
        text = os.pread(output, os.fstat(output).st_size, 0).decode()
    finally:
        os.close(output)
        os.close(null)
    if code not in command.codes:
        shown = text if len(text) < 2000 else f"{text[:1000]}\n…\n{text[-1000:]}"
        raise CommandFailed(f"{' '.join(command.argv)}: exit code {code}\n{shown}")
    return Outcome(wall, cpu, text)


def rounds(commands: Sequence[T], count: int) -> Iterator[list[T]]:
    """Yield the commands once a round, beginning with another one each time.

    So none always runs in the wake of the same other one.
    """
    for turn in range(count):
        first = turn % len(commands)
        yield [*commands[first:], *commands[:first]]


def environment_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what would change how Python starts, or how tools speak."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
    return {**kept, "LC_ALL": "C"}


def present(commands: Iterable[Command], missing: Iterable[str]) -> list[Command]:
    """Return the commands whose program is there."""
    absent = frozenset(missing)
    return [command for command in commands if command.tool.split()[0] not in absent]


def _wait(child: int) -> tuple[int, float]:
    """Return exit code and CPU time of a child; on the way out by whatever means, it is gone."""
    handle = os.pidfd_open(child)
    try:
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        in_time = waiting.poll(PATIENCE * 1000)
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)
        _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if not in_time:
        raise CommandFailed(f"killed after {PATIENCE:.0f} s")
    return code, usage.ru_utime + usage.ru_stime
