"""The options of ``rawkit sockopt``."""

from collections.abc import Callable, Sequence

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.socket_settings import setting_option
from rawkit.cli.values import integer
from rawkit.errors import UsageError
from rawkit.posix.options import Setting

MOST_PID = 1 << 22
"""As many as the kernel can have (proc(5), pid_max)."""
MOST_DESCRIPTOR = 0x7FFF_FFFF


class SockOptOptions:
    """What the command line asked for."""

    pid: int | None = None
    descriptor: int | None = None
    list: bool = False
    all: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.words: list[str] = []
        self.settings: list[Setting] = []

    @property
    def address(self) -> str | None:
        """The address that a socket is to be opened for."""
        has_one = self.words and self.pid is None and not self.list
        return self.words[0] if has_one else None

    @property
    def names(self) -> Sequence[str]:
        """Names of options, or patterns of them."""
        return self.words[1:] if self.address is not None else self.words


def parse(words: Sequence[str]) -> SockOptOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = SockOptOptions()
    if fill(TABLE, options, words, options.words):
        return options
    _check(options)
    return options


def _check(options: SockOptOptions) -> None:
    if options.descriptor is not None and options.pid is None:
        raise UsageError("--fd goes with --pid; one of our own is the address fd:NUMBER")
    if options.list and (options.pid is not None or options.settings):
        raise UsageError("--list shows the table, of no socket: without --pid and --option")
    if options.pid is not None and options.settings:
        raise UsageError("--option is for a socket that is opened here; that of --pid is another's")
    if not options.list and options.pid is None and not options.words:
        raise UsageError("no ADDRESS, such as tcp:127.0.0.1:0 (rawkit sockopt --help)")


def _pid(word: str) -> int:
    return _number("bad process", MOST_PID, 1)(word)


def _descriptor(word: str) -> int:
    return _number("bad descriptor", MOST_DESCRIPTOR)(word)


def _number(wrong: str, high: int, low: int = 0) -> Callable[[str], int]:
    def convert(word: str) -> int:
        try:
            return integer(low, high)(word)
        except UsageError:
            raise UsageError(f"{wrong}: {word!r} is no number from {low} to {high}") from None

    return convert


TABLE: Table[SockOptOptions] = Table(
    "sockopt",
    (
        setting_option("o"),
        Option("p", "pid", "PID", value("pid", _pid), "the sockets of this process instead"),
        Option(
            "f", "fd", "N", value("descriptor", _descriptor), "of these the one with this number"
        ),
        Option("a", "all", "", switch("all"), "also those that cannot be read now"),
        Option("l", "list", "", switch("list"), "the table of options, of no socket"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)
