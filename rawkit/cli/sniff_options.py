"""The options of ``rawkit sniff``: tcpdump(8)'s letters and meanings, and some of our own."""

from collections.abc import Callable, Sequence
from typing import Literal

from rawkit.cli.getopt import Option, Table, fill, switch, value, without_effect
from rawkit.cli.packet_lines import TIME_STYLES, Look
from rawkit.cli.values import integer, seconds, text
from rawkit.errors import UsageError

MOST = 2**31 - 1
LONGEST = float(MOST)
KIBIBYTE, MILLION = 1 << 10, 10**6
LARGEST_BUFFER = 1 << 20
"""KiB."""
WAYS = {"in": "in", "out": "out", "inout": None}
ANY = "any"


class SniffOptions:
    """What the command line asked for."""

    interface: str | None = None
    count: int | None = None
    timeout: float | None = None
    direction: Literal["in", "out"] | None = None
    promiscuous: bool = True
    snap_length: int = 0
    buffer: int | None = None
    immediate: bool = False
    filter_file: str | None = None
    bpf: str | None = None
    show_program: bool = False
    list_interfaces: bool = False
    file: str | None = None
    file_size: int | None = None
    file_seconds: int | None = None
    file_count: int | None = None
    print_too: bool = False
    workers: int = 1
    time: int = 0
    nanoseconds: bool = False
    numbered: bool = False
    link: bool = False
    quiet: bool = False
    tree: bool = False
    hexadecimal: int = 0
    text: int = 0
    plain: int = 0
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.words: list[str] = []
        """The filter."""

    @property
    def look(self) -> Look:
        """What is printed of a packet."""
        return Look(
            time=self.time,
            digits=9 if self.nanoseconds else 6,
            numbered=self.numbered,
            interface=self.interface is None,
            link=self.link,
            quiet=self.quiet,
            tree=self.tree,
            hexadecimal=self.hexadecimal,
            text=self.text,
            plain=self.plain,
        )


def parse(words: Sequence[str]) -> SniffOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = SniffOptions()
    if fill(TABLE, options, words, options.words):
        return options
    _check(options)
    return options


def _check(options: SniffOptions) -> None:
    """Refuse what contradicts itself.

    Raises:
        UsageError: says what.
    """
    sources = [name for name, given in (
        ("-F", options.filter_file), ("--bpf", options.bpf), ("the words", options.words),
    ) if given]  # fmt: skip
    if len(sources) > 1:
        raise UsageError(f"the filter comes from one place: not from {' and '.join(sources)}")
    if options.file is None:
        for word, given in (
            ("-C", options.file_size),
            ("-G", options.file_seconds),
            ("-W", options.file_count),
            ("--print", options.print_too),
            ("--workers", options.workers > 1),
        ):
            if given:
                raise UsageError(f"{word} goes with -w FILE")
    if options.file_count and not (options.file_size or options.file_seconds):
        raise UsageError("-W goes with -C or -G")
    if options.file == "-":
        _check_stdout(options)
    if options.workers > 1 and (options.print_too or options.count or options.immediate):
        raise UsageError("--workers goes without --print, -c and --immediate-mode")


def _check_stdout(options: SniffOptions) -> None:
    """Refuse what makes no sense where the packets go to standard output.

    Raises:
        UsageError: says what.
    """
    if options.print_too:
        raise UsageError("stdout is for the packets: --print goes with a file")
    if options.file_size or options.file_seconds or options.workers > 1:
        raise UsageError("stdout is one file: -C, -G and --workers take a name")


def _interface(options: SniffOptions, word: str) -> None:
    options.interface = None if word == ANY else word


def _direction(options: SniffOptions, word: str) -> None:
    if word not in WAYS:
        raise UsageError(f"-Q is {word!r}, not one of {', '.join(WAYS)}")
    options.direction = WAYS[word]  # type: ignore[assignment]  # one of these


def _more(name: str, most: int) -> Callable[[SniffOptions, str], None]:
    """Return what adds one to an attribute, each time the letter stands there."""

    def apply(options: SniffOptions, _: str) -> None:
        setattr(options, name, min(most, getattr(options, name) + 1))

    return apply


def _not_promiscuous(options: SniffOptions, _: str) -> None:
    options.promiscuous = False


def _buffer(word: str) -> int:
    return KIBIBYTE * integer(1, LARGEST_BUFFER)(word)


def _millions(word: str) -> int:
    return MILLION * integer(1, MOST)(word)


TABLE: Table[SniffOptions] = Table(
    "sniff",
    (
        Option("A", "ascii", "", _more("plain", 2), "also print it as ASCII; twice: link and all"),
        Option("B", "buffer-size", "KIB", value("buffer", _buffer), "room for bursts (32768)"),
        Option("c", "count", "N", value("count", integer(1, MOST)), "stop after N packets"),
        Option(
            "C",
            "file-size",
            "MB",
            value("file_size", _millions),
            "with -w: begin another file after so many million octets",
        ),
        Option("d", "dump", "", switch("show_program"), "print the filter as a program, and stop"),
        Option(
            "D", "list-interfaces", "", switch("list_interfaces"), "print the interfaces, and stop"
        ),
        Option("e", "link", "", switch("link"), "also print the link's header"),
        Option("F", "filter-file", "FILE", value("filter_file", text), "the filter is in FILE"),
        Option(
            "G",
            "file-seconds",
            "N",
            value("file_seconds", integer(1, MOST)),
            "with -w: begin another file every N seconds; FILE may have strftime(3)'s words",
        ),
        Option("h", "help", "", switch("help"), "show this help"),
        Option("i", "interface", "NAME", _interface, "the interface to listen on (any: all)"),
        Option("l", "line-buffered", "", without_effect, "as it is: whoever reads need not wait"),
        Option("n", "numeric", "", without_effect, "as it is: no names of hosts and ports"),
        Option("#", "number", "", switch("numbered"), "number the packets"),
        Option("p", "no-promiscuous", "", _not_promiscuous, "only what is for this host, too"),
        Option("q", "quick", "", switch("quiet"), "print less of the protocols"),
        Option("Q", "direction", "WAY", _direction, "in, out or inout"),
        Option(
            "s",
            "snapshot-length",
            "N",
            value("snap_length", integer(0, MOST)),
            "octets to keep of each packet (0: all)",
        ),
        Option("S", "absolute", "", without_effect, "as it is: sequence numbers as they are sent"),
        Option(
            "t",
            "time",
            "",
            _more("time", TIME_STYLES),
            "no time; -tt: since 1970, -ttt: since the one before, -tttt: with the day, -ttttt:"
            " since the first",
        ),
        Option("U", "packet-buffered", "", without_effect, "as it is: whoever reads need not wait"),
        Option("v", "verbose", "", switch("tree"), "also print every field, one a line"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option(
            "w", "write", "FILE", value("file", text), "write to FILE (-: stdout), not to print"
        ),
        Option(
            "W",
            "file-count",
            "N",
            value("file_count", integer(1, MOST)),
            "with -C: only the last N files stay; with -G: stop after N",
        ),
        Option(
            "x",
            "hex",
            "",
            _more("hexadecimal", 2),
            "also print it in hexadecimal; -xx: link and all",
        ),
        Option("X", "hex-ascii", "", _more("text", 2), "as -x, and as ASCII; -XX: link and all"),
        Option("", "print", "", switch("print_too"), "with -w: print as well"),
        Option(
            "",
            "timeout",
            "TIME",
            value("timeout", seconds("invalid argument", LONGEST, zero=None)),
            "stop after this time (0: never)",
        ),
        Option("", "bpf", "PROGRAM", value("bpf", text), "a filter in numbers, as of tcpdump -ddd"),
        Option("", "immediate-mode", "", switch("immediate"), "tell each packet at once"),
        Option("", "nano", "", switch("nanoseconds"), "print times with nine decimals"),
        Option(
            "",
            "workers",
            "N",
            value("workers", integer(1, 256)),
            "with -w: share the work among N processes, each with a file of its own",
        ),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
    ),
    {"interface-list": "list-interfaces", "no-promiscuous-mode": "no-promiscuous"},
)
