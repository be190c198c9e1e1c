"""The options of ``rawkit resolve-name``."""

from collections.abc import Callable, Sequence
from typing import Literal

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.values import integer, seconds
from rawkit.errors import UsageError

LONGEST = 86_400.0
"""Seconds."""
MOST = 1_000_000


class ResolveNameOptions:
    """What the command line asked for."""

    version: Literal[4, 6] | None = None
    count: int = 1
    interval: float = 0.0
    lifetime: float = 30.0
    timeout: float | None = 5.0
    quiet: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.names: list[str] = []


def parse(words: Sequence[str]) -> ResolveNameOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = ResolveNameOptions()
    if fill(TABLE, options, words, options.names):
        return options
    if not options.names:
        raise UsageError("no HOST (rawkit resolve-name --help)")
    return options


def _version(version: Literal[4, 6]) -> Callable[[ResolveNameOptions, str], None]:
    def apply(options: ResolveNameOptions, _: str) -> None:
        if options.version not in (None, version):
            raise UsageError("only one -4 or -6 option may be specified")
        options.version = version

    return apply


TABLE: Table[ResolveNameOptions] = Table(
    "resolve-name",
    (
        Option("4", "ipv4", "", _version(4), "ask for IPv4 addresses only"),
        Option("6", "ipv6", "", _version(6), "ask for IPv6 addresses only"),
        Option("c", "count", "N", value("count", integer(1, MOST)), "ask so many times (1)"),
        Option(
            "i",
            "interval",
            "TIME",
            value("interval", seconds("bad interval", LONGEST)),
            "time from one time to the next (0)",
        ),
        Option(
            "t",
            "ttl",
            "TIME",
            value("lifetime", seconds("bad time to live", LONGEST)),
            "answers that are asked for again hold so long (30s; 0: ask each time)",
        ),
        Option(
            "w",
            "timeout",
            "TIME",
            value("timeout", seconds("bad timeout", LONGEST, zero=None)),
            "time to wait for each answer (5s; 0: as resolv.conf says)",
        ),
        Option("q", "quiet", "", switch("quiet"), "addresses only, one a line"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)
