"""The options of ``rawkit sockaddr``."""

from collections.abc import Sequence

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.values import seconds
from rawkit.errors import UsageError

LONGEST = 3600.0
"""Seconds to wait for a name server."""


class SockAddrOptions:
    """What the command line asked for."""

    timeout: float | None = 5.0
    quiet: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.addresses: list[str] = []


def parse(words: Sequence[str]) -> SockAddrOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = SockAddrOptions()
    if fill(TABLE, options, words, options.addresses):
        return options
    if not options.addresses:
        raise UsageError("no ADDRESS, such as tcp:127.0.0.1:80 (rawkit sockaddr --help)")
    return options


TABLE: Table[SockAddrOptions] = Table(
    "sockaddr",
    (
        Option(
            "w",
            "timeout",
            "TIME",
            value("timeout", seconds("bad timeout", LONGEST, zero=None)),
            "time to wait for a name server (5s; 0: as long as it takes)",
        ),
        Option("q", "quiet", "", switch("quiet"), "no notes below"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)
