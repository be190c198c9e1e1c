"""Captures for the tests of ``rawkit decode``, and the command run in this process."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rawkit.capture.writer import CaptureWriter
from rawkit.cli.main import main
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet

SECOND = 10**9
NOON = 1_700_049_600 * SECOND
"""2023-11-15 12:00:00 UTC."""
Ran = tuple[int, str, str]
Decode = Callable[..., Ran]


def written(
    path: Path,
    packets: list[Packet],
    *,
    link_type: int = LinkType.RAW,
    kept: int | None = None,
    step: int = 1000,
) -> Path:
    """Write packets to a capture file, a microsecond apart."""
    with CaptureWriter(path, link_type=link_type) as writer:
        for number, packet in enumerate(packets):
            octets = bytes(packet)
            writer.write(octets[:kept], NOON + number * step, length=len(octets))
    return path


class Stdin(io.TextIOWrapper):
    """Standard input with something in it."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(io.BufferedReader(io.BytesIO(octets)))


def runner(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Ran]:
    """Return what runs a command, and returns its exit code and what it printed.

    What is no UTF-8 in it comes back by ``errors="surrogateescape"``.
    """

    def run(*words: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", Stdin(stdin))
        code = main([*map(str, words)])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return code, out.decode(errors="surrogateescape"), err.decode()

    return run
