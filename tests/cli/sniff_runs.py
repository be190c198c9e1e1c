"""``rawkit sniff`` as a process in a node, for its tests."""

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO

from rawkit.lab import Node

RAWKIT = (sys.executable, "-m", "rawkit", "sniff")
PATIENT = 60
"""Seconds: no test may fail because its machine is slow."""
CLOCK = re.compile(r"^\d\d:\d\d:\d\d\.\d{6}", re.MULTILINE)
IDENTIFIER = re.compile(r"\bid \d+\b")


class Running:
    """A command that listens in a node."""

    def __init__(
        self,
        node: Node,
        *words: str,
        before: Sequence[str] = RAWKIT,
        stdout: int | IO[str] = subprocess.PIPE,
    ) -> None:
        self.process = node.popen(
            (*before, *words),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        )
        assert self.process.stderr is not None
        self.first = self.process.stderr.readline()
        """What it says when it listens; or why it does not."""

    def lines(self, count: int) -> str:
        """Return the next lines that it prints."""
        assert self.process.stdout is not None
        return "".join(self.process.stdout.readline() for _ in range(count))

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> tuple[int, str, str]:
        """Return the exit code, and the rest of what it says."""
        with self.process as process:
            out, err = process.communicate(timeout=PATIENT)
            return process.returncode, out or "", err

    def interrupt(self) -> tuple[int, str, str]:
        """Press Ctrl-C, and finish."""
        self.signal(signal.SIGINT)
        return self.finish()


def constant(text: str) -> str:
    """Return a text without times of day and identifiers."""
    return IDENTIFIER.sub("id ID", CLOCK.sub("CLOCK", text))


def counters(captured: int, passed: int | None = None, dropped: int = 0) -> str:
    """Return the three lines at the end."""
    passed = captured if passed is None else passed

    def plural(count: int) -> str:
        return f"{count} packet{'' if count == 1 else 's'}"

    return (
        f"{plural(captured)} captured\n"
        f"{plural(passed)} received by filter\n"
        f"{plural(dropped)} dropped by kernel\n"
    )
