"""The options of ``rawkit check``."""

from collections.abc import Sequence

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.values import integer, seconds
from rawkit.errors import UsageError

LONGEST = 3600.0
MOST_PID = 1 << 22
SEPARATOR = "--"


class CheckOptions:
    """What the command line asked for."""

    pid: int | None = None
    patience: float = 5.0
    grace: float = 3.0
    remote: bool = False
    list: bool = False
    quiet: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.words: list[str] = []
        self.names: list[str] = []
        self.command: tuple[str, ...] = ()

    @property
    def address(self) -> str | None:
        """Where the server is, if that was said."""
        return self.words[0] if self.words else None


def parse(words: Sequence[str]) -> CheckOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = CheckOptions()
    at = words.index(SEPARATOR) if SEPARATOR in words else len(words)
    if fill(TABLE, options, words[:at], options.words):
        return options
    options.command = tuple(words[at + 1 :])
    if at < len(words) and not options.command:
        raise UsageError("no COMMAND behind --")
    if len(options.words) > 1:
        raise UsageError(f"one ADDRESS: {options.words[1]!r} is too much (COMMAND is behind --)")
    return options


def _pid(word: str) -> int:
    try:
        return integer(1, MOST_PID)(word)
    except UsageError:
        raise UsageError(f"bad process: {word!r} is no number from 1 to {MOST_PID}") from None


TABLE: Table[CheckOptions] = Table(
    "check",
    (
        Option("p", "pid", "PID", value("pid", _pid),
            "the server's process: memory and descriptors, too"),
        Option("f", "fault", "NAME", lambda wanted, word: wanted.names.append(word),
            "only this fault; see --list; may be repeated"),
        Option("w", "patience", "SECONDS", value("patience", seconds("bad patience", LONGEST)),
            "how long an answer may take (5)"),
        Option("g", "grace", "SECONDS", value("grace", seconds("bad grace", LONGEST)),
            "in which it has to be gone when told to stop (3)"),
        Option("", "remote", "", switch("remote"), "also if it is on another machine, and yours"),
        Option("q", "quiet", "", switch("quiet"), "print what it does not stand, and nothing else"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("l", "list", "", switch("list"), "show the faults"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)  # fmt: skip
