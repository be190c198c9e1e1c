"""The generator that servers are asked by: a program in C, so that it is not the limit."""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from scripts.benches import peers, serving
from scripts.benches.running import CommandFailed
from scripts.benches.serving import Running

NATIVE = Path(__file__).parent / "native"
FLAGS = ("-O2", "-Wall", "-Wextra")
OCTETS = 64
PATIENCE = 150.0
"""Seconds for the slowest step: more than the generator gives itself."""

Mode = Literal["ask", "connect"]


class Turn(NamedTuple):
    """What came of asking a server for a while."""

    cpu: float
    """Seconds of CPU time that the server took for an answer."""
    rate: float
    """Answers a second."""
    busy: float
    """Share of its processor that the generator took."""


@contextmanager
def compiled() -> Iterator[Path]:
    """Compile the programs in C, into a folder that vanishes again.

    Raises:
        CommandFailed: there is no compiler, or it fails.
    """
    with TemporaryDirectory(prefix="rawkit-bench-") as folder:
        for source in sorted(NATIVE.glob("*.c")):
            target = Path(folder) / source.stem
            command = [peers.program("cc"), *FLAGS, "-o", str(target), str(source)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            except FileNotFoundError as error:
                raise CommandFailed("no C compiler (apt-get install gcc libc6-dev)") from error
            if done.returncode or done.stderr:
                raise CommandFailed(f"{' '.join(command)}: {done.stderr}")
        yield Path(folder)


@contextmanager
def connected(
    programs: Path, port: int, connections: int, seconds: float, mode: Mode
) -> Iterator["Asker"]:
    """Run a generator that is connected, each of its connections having been answered once.

    Raises:
        CommandFailed: it is not served.
    """
    argv = [
        *(str(programs / "ask"), str(port), str(connections)),
        *(str(OCTETS), str(seconds), mode),
    ]
    pipe = subprocess.PIPE
    with serving.pinned(serving.processors()[1]):
        process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        asker = Asker(process)
        asker.line()
        yield asker
    finally:
        process.kill()
        process.communicate()


class Asker:
    """A generator that is connected."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, server: Running) -> Turn:
        """Ask, and measure the server meanwhile.

        Raises:
            CommandFailed: a connection broke, or was not answered.
        """
        assert self._process.stdin is not None
        before = server.cpu()
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()
        answers, seconds, busy = map(float, self.line().split())
        spent = server.cpu() - before
        if not answers:
            raise CommandFailed("nothing was answered")
        return Turn(spent / answers, answers / seconds, busy / seconds)

    def line(self) -> bytes:
        """Return the next line it prints."""
        stdout, stderr = self._process.stdout, self._process.stderr
        assert stdout is not None
        assert stderr is not None
        waiting = select.poll()
        waiting.register(stdout, select.POLLIN)
        if not waiting.poll(PATIENCE * 1000):
            raise CommandFailed(f"no end in {PATIENCE:g} s")
        if line := stdout.readline():
            return line
        raise CommandFailed(os.fsdecode(stderr.read()).strip() or "it ended")
