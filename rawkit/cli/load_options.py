"""The options of ``rawkit load``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rawkit.cli.getopt import Option, Table, fill, switch
from rawkit.cli.socket_settings import setting_option
from rawkit.cli.values import integer, seconds
from rawkit.errors import UsageError
from rawkit.posix.loading.settings import LARGEST, LONGEST, MOST_CONNECTIONS

if TYPE_CHECKING:
    from rawkit.posix.options import Setting

UNITS = {"": 1, "K": 1000, "M": 10**6, "KiB": 1 << 10, "MiB": 1 << 20}
HIGHEST_RATE = 1e9
MOST = (1 << 63) - 1


class LoadOptions:
    """What the command line asked for."""

    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.words: list[str] = []
        self.limits: dict[str, Any] = {}
        """What :func:`rawkit.load` takes by name, as far as it was told."""
        self.settings: list[Setting] = []

    @property
    def word(self) -> str:
        """The address as it was given."""
        return self.words[0]


def parse(words: Sequence[str]) -> LoadOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = LoadOptions()
    if fill(TABLE, options, words, options.words):
        return options
    if not options.words:
        raise UsageError("no ADDRESS, such as tcp:localhost:7007 (rawkit load --help)")
    if len(options.words) > 1:
        raise UsageError(f"one ADDRESS, and not {options.words[1]!r}, too")
    return options


def _limit(name: str, convert: Callable[[str], object]) -> Callable[[LoadOptions, str], None]:
    def apply(options: LoadOptions, argument: str) -> None:
        options.limits[name] = convert(argument)

    return apply


def _number(name: str, high: int) -> Callable[[str], int]:
    read = integer(1, high)

    def convert(word: str) -> int:
        try:
            return read(word)
        except UsageError:
            raise UsageError(f"bad {name}: {word!r} is no number from 1 to {high}") from None

    return convert


def _time(name: str) -> Callable[[str], float]:
    read = seconds(f"bad {name}", LONGEST, None)

    def convert(word: str) -> float:
        if (found := read(word)) is None:
            raise UsageError(f"bad {name}: {word}: nothing could happen in no time")
        return found

    return convert


def _scaled(word: str) -> float:
    """Return a number with a unit; 0: it is none."""
    number = word.rstrip("KMiB")
    unit = UNITS.get(word[len(number) :])
    plain = number.isascii() and not number.strip("0123456789.")
    try:
        return float(number) * unit if plain and unit else 0.0
    except ValueError:
        return 0.0


def _rate(word: str) -> float:
    if not 0 < (found := _scaled(word)) <= HIGHEST_RATE:
        raise UsageError(f"bad rate: {word} (questions a second: 500, 2.5, 20K)")
    return found


def _size(word: str) -> int:
    found = _scaled(word)
    if not 1 <= found <= LARGEST or found != int(found):
        raise UsageError(f"bad size: {word} (octets, from 1 to {LARGEST}: 64, 4KiB)")
    return int(found)


TABLE: Table[LoadOptions] = Table(
    "load",
    (
        Option("c", "connections", "N",
            _limit("connections", _number("number of connections", MOST_CONNECTIONS)),
            "connections, each with one question at a time (10)"),
        Option("d", "duration", "TIME", _limit("duration", _time("duration")),
            "how long to ask (10s)"),
        Option("n", "count", "N", _limit("count", _number("count", MOST)),
            "end after so many questions, if the time is not over before"),
        Option("R", "rate", "N", _limit("rate", _rate),
            "questions a second, whether or not those before are answered"),
        Option("s", "size", "OCTETS", _limit("size", _size), "of a question and its answer (64)"),
        Option("C", "connect", "", _limit("each_its_own", lambda _: True),
            "connect for each question anew: how many connections a second?"),
        Option("w", "timeout", "TIME", _limit("timeout", _time("timeout")),
            "how long to wait for a connection, and for an answer (5s)"),
        Option("", "nagle", "", _limit("no_delay", lambda _: False),
            "let small pieces wait for each other"),
        setting_option("o"),
        Option("j", "json", "", switch("json"), "an object on a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)  # fmt: skip
