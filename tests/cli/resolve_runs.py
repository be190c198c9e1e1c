"""``rawkit resolve`` as a process in a node, for its tests."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from rawkit.lab import Node

RAWKIT = (sys.executable, "-m", "rawkit", "resolve")
PATIENT = 60
"""Seconds: no test may fail because its machine is slow."""
TIME = re.compile(r"\b\d+\.\d{3}ms")
CLOCK = re.compile(r"^\d\d:\d\d:\d\d\.\d{6}", re.MULTILINE)


class Running:
    """A command that runs in a node, and what it has said so far."""

    def __init__(self, node: Node, *words: str, before: Sequence[str] = RAWKIT) -> None:
        self.process = node.popen(
            (*before, *words),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_for(self, words: str) -> str:
        """Read lines up to one with these words."""
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if words in line:
                return text
        raise AssertionError(f"it ended without {words!r}: {text}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> tuple[int, str, str]:
        """Return the exit code, and the rest of what it says."""
        with self.process as process:
            out, err = process.communicate(timeout=PATIENT)
            return process.returncode, out, err


def finished(node: Node, line: str, before: Sequence[str] = RAWKIT) -> tuple[int, str, str]:
    """Run to the end; return the exit code, and what was said without what differs each time."""
    code, out, err = Running(node, *line.split(), before=before).finish()
    return code, constant(out), err


def constant(text: str) -> str:
    """Return a text without round trips and times of day."""
    return CLOCK.sub("CLOCK", TIME.sub("TIME", text))


def objects(text: str) -> list[dict[str, Any]]:
    """Return what JSON lines say."""
    return [json.loads(line) for line in text.splitlines()]
