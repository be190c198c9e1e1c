"""The options of ``rawkit serve``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.raw_values import guard, link, share
from rawkit.cli.socket_settings import setting_option
from rawkit.cli.values import integer, seconds
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.posix.options import Setting

LONGEST = 1e7
"""Seconds, of any limit."""
NOT_RAW = ("workers", "fast_open", "mode", "owner", "hand_over", "amplify")
"""Limits that are of kernel sockets, of processes or of datagrams alone."""


class ServeOptions:
    """What the command line asked for."""

    model: str | None = None
    explain: str | None = None
    list: bool = False
    ends_in: float | None = None
    print_address: bool = False
    log: bool = False
    quiet: bool = False
    json: bool = False
    raw: bool = False
    link: str | None = None
    guard: str | None = None
    pcap: str | None = None
    drop: float = 0.0
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.words: list[str] = []
        self.limits: dict[str, Any] = {}
        """What :func:`rawkit.serve` takes by name, as far as it was told."""
        self.faults: list[str] = []
        self.settings: list[Setting] = []

    @property
    def service(self) -> str:
        """The word for the service."""
        return self.words[0]

    @property
    def addresses(self) -> Sequence[str]:
        """Where to listen; empty: at what was passed to this process."""
        return self.words[1:]


def parse(words: Sequence[str]) -> ServeOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = ServeOptions()
    if fill(TABLE, options, words, options.words):
        return options
    if not (options.words or options.list or options.explain):
        raise UsageError("no SERVICE, such as echo (rawkit serve --list shows them)")
    if "hand_over" in options.limits and options.model != "prefork":
        raise UsageError("--hand-over is of --model prefork")
    if options.print_address and (options.json or options.log):
        raise UsageError("--print-address prints nothing else: without --json and --log")
    _check_raw(options)
    return options


def _check_raw(options: ServeOptions) -> None:
    """Refuse what does not go with ``--raw``, and what goes with nothing else.

    Raises:
        UsageError: says what.
    """
    if not options.raw:
        for name in ("link", "guard", "pcap", "drop"):
            if getattr(options, name):
                raise UsageError(f"--{name}: only of --raw")
        return
    if options.model is not None:
        raise UsageError("--model: with --raw one thread serves all, there are no models")
    for name in NOT_RAW:
        if name in options.limits:
            raise UsageError(f"--{name.replace('_', '-')}: not with --raw")
    if options.settings:
        raise UsageError("-o: with --raw there is no socket to set options of")
    if options.words and not options.addresses:
        raise UsageError("--raw: no ADDRESS, such as tcp:127.0.0.1:7007")


def _limit(name: str, convert: Callable[[str], object]) -> Callable[[ServeOptions, str], None]:
    def apply(options: ServeOptions, argument: str) -> None:
        options.limits[name] = convert(argument)

    return apply


def _flag(name: str, to: bool) -> Callable[[ServeOptions, str], None]:
    return _limit(name, lambda _: to)


def _number(name: str, low: int, high: int) -> Callable[[str], int]:
    read = integer(low, high)

    def convert(word: str) -> int:
        try:
            return read(word)
        except UsageError:
            raise UsageError(f"bad {name}: {word!r} is no number from {low} to {high}") from None

    return convert


def _time(name: str) -> Callable[[str], float | None]:
    """Return a reader of limits: 0 is none."""
    return seconds(f"bad {name}", LONGEST, None)


def _ends_in(word: str) -> float | None:
    if (found := _time("time")(word)) is None:
        raise UsageError(f"--for {word}: nobody could come in no time")
    return found


def _mode(word: str) -> int:
    if not word.isascii() or not word.isdecimal() or set(word) & set("89") or int(word, 8) > 0o777:
        raise UsageError(f"bad mode: {word!r} is no octal number from 0 to 777, such as 660")
    return int(word, 8)


def _owner(word: str) -> tuple[int, int]:
    """Return the numbers of USER, USER:GROUP or :GROUP; -1: as it is."""
    import grp
    import pwd

    user, _, group = word.partition(":")
    try:
        uid = -1 if not user else int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
    except KeyError:
        raise UsageError(f"--owner {word}: there is no user {user!r}") from None
    try:
        gid = -1 if not group else int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise UsageError(f"--owner {word}: there is no group {group!r}") from None
    return uid, gid


TABLE: Table[ServeOptions] = Table(
    "serve",
    (
        Option("m", "model", "MODEL", value("model", str), "how it waits (epoll); see --list"),
        Option("w", "workers", "N", _limit("workers", _number("number of workers", 1, 1024)),
            "of prefork, reuseport (one a processor), pool (32)"),
        Option("n", "max-connections", "N",
            _limit("max_connections", _number("number of connections", 1, 1 << 20)),
            "hang up on more than these (1024)"),
        Option("i", "idle", "SECONDS", _limit("idle", _time("idle time")),
            "end a connection on which nothing moves (30); 0: never"),
        Option("L", "lifetime", "SECONDS", _limit("lifetime", _time("lifetime")),
            "end a connection, however busy (300); 0: never"),
        Option("g", "grace", "SECONDS", _limit("grace", seconds("bad grace", LONGEST)),
            "what connections have left when it is told to stop (3)"),
        Option("c", "count", "N", _limit("count", _number("count", 1, (1 << 32) - 1)),
            "stop after so many connections or datagrams"),
        Option("t", "for", "SECONDS", value("ends_in", _ends_in), "stop after so long"),
        Option("a", "print-address", "", switch("print_address"),
            "print the address alone: for scripts, with port 0"),
        Option("l", "log", "", switch("log"), "a line for each connection that ends"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1), connections too"),
        Option("q", "quiet", "", switch("quiet"), "print nothing but what goes wrong"),
        Option("f", "fault", "FAULT", lambda wanted, word: wanted.faults.append(word),
            "be a bad server on purpose; see --list; may be repeated"),
        Option("", "backlog", "N", _limit("backlog", _number("backlog", 0, (1 << 31) - 1)),
            "connections that wait to be accepted (128)"),
        Option("", "nagle", "", _flag("no_delay", False), "let small pieces wait for each other"),
        Option("", "keepalive", "SECONDS",
            _limit("keepalive", _number("time of keepalive", 1, 32767)),
            "ask so silent a client whether it is there"),
        Option("", "fast-open", "N", _limit("fast_open", _number("number", 1, 0xFFFF)),
            "take data in a SYN (RFC 7413), N pending at most"),
        Option("", "mode", "OCTAL", _limit("mode", _mode), "of a Unix socket's file (600)"),
        Option("", "owner", "USER:GROUP", _limit("owner", _owner), "of a Unix socket's file"),
        Option("", "hand-over", "", _flag("hand_over", True),
            "prefork: the parent accepts and passes on (SCM_RIGHTS)"),
        Option("", "amplify", "", _flag("amplify", True),
            "answer other hosts' datagrams by longer ones, too"),
        setting_option("o"),
        Option("", "raw", "", switch("raw"), "make TCP in user space, over raw sockets"),
        Option("", "link", "KIND", value("link", link),
            "with --raw: raw (the default), packet, offload (sends much faster), tun"),
        Option("", "guard", "KIND", value("guard", guard),
            "with --raw: what keeps the kernel's TCP away: auto, socket, nft or address"),
        Option("", "pcap", "FILE", value("pcap", str),
            "with --raw: write all segments into a capture file"),
        Option("", "drop", "SHARE", value("drop", share),
            "with --raw: lose so many segments on purpose, each way: 5%"),
        Option("e", "explain", "MODEL", value("explain", str), "say what a model is good for"),
        Option("", "list", "", switch("list"), "show services, models and faults"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)  # fmt: skip
