"""The options of ``rawkit ping``: ping(8)'s letters and meanings, and a few of our own.

The table at the end is all there is: the parser, ``--help`` and the tests read it.
It is a parser of our own because argparse would take as long as the whole ping.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from rawkit.cli.values import (
    Convert,
    choice,
    hex_octets,
    integer,
    octet,
    seconds,
    text,
    unsigned,
)
from rawkit.errors import UsageError
from rawkit.wire.address import Address

LONGEST = 2**31 / 1000
"""Seconds: the longest time ping(8) takes."""
LARGEST = 2**31 - 1


class PingOptions:
    """What the command line asked for; every default is ping(8)'s."""

    # A plain class: making a record of so many fields takes as long as the whole parsing.
    version: Literal[4, 6] | None = None
    count: int | None = None
    interval: float | None = None
    timeout: float = 10.0
    deadline: float | None = None
    size: int = 56
    pattern: bytes | None = None
    ttl: int | None = None
    traffic_class: int = 0
    flow_label: int = 0
    interface: str | None = None
    source: Address | None = None
    mark: int | None = None
    pmtu: Literal["do", "want", "dont", "probe"] | None = None
    identifier: int | None = None
    spare_identifier: int | None = None
    """Used where none was asked for, and a raw socket is had."""
    preload: int = 1
    send_buffer: int | None = None
    timestamp: Literal["tsonly", "tsandaddr", "tsprespec"] | None = None
    record_route: bool = False
    adaptive: bool = False
    audible: bool = False
    broadcast: bool = False
    dont_route: bool = False
    flood: bool = False
    no_loop: bool = False
    numeric: bool = False
    outstanding: bool = False
    quiet: bool = False
    stamps: bool = False
    sticky: bool = False
    user_times: bool = False
    verbose: bool = False
    ignore_errors: bool = False
    json: bool = False
    stats: bool = False
    pcap: str | None = None
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.hosts: list[str] = []

    @property
    def is_unpaced(self) -> bool:
        """Whether requests go out as fast as answers come: ``-i 0``, and ``-f`` without ``-i``."""
        return self.interval == 0 or (self.flood and self.interval is None)

    @property
    def is_told_one_by_one(self) -> bool:
        """Whether each request and reply is told of, and not only drawn as a dot."""
        return not self.flood or self.json

    @property
    def pace(self) -> float:
        """Seconds from one request to the next, answered or not."""
        if self.is_unpaced:
            return FLOOD_INTERVAL
        return 1.0 if self.interval is None else self.interval


FLOOD_INTERVAL = 0.01
"""A flood sends a hundred times a second where no answers come."""
USER_INTERVAL = 0.002
"""The least ping(8) allows to others than root."""
USER_PRELOAD = 3


class Option(NamedTuple):
    """One option: its letter, its long name, its argument, what it does."""

    letter: str
    name: str
    argument: str
    """What ``--help`` calls the argument; empty: the option takes none."""
    apply: Callable[[PingOptions, str], None]
    about: str


def parse(words: Sequence[str]) -> PingOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense; the message is ping(8)'s where it has one.
    """
    options = PingOptions()
    for option, argument in _split(words, options.hosts):
        option.apply(options, argument)
        if options.help or options.show_version:
            return options
    return options


def check(options: PingOptions, uid: int) -> None:
    """Refuse what ping(8) refuses: what contradicts itself, and what harms from user ``uid``.

    Raises:
        UsageError: says what.
    """
    if not options.hosts:
        raise UsageError("usage error: Destination address required")
    if uid and options.preload > USER_PRELOAD:
        raise UsageError(f"cannot set preload to value greater than 3: {options.preload}")
    if uid and (options.is_unpaced or options.pace < USER_INTERVAL):
        raise UsageError("cannot flood; minimal interval allowed for user is 2ms")


def _split(words: Sequence[str], hosts: list[str]) -> Iterator[tuple[Option, str]]:
    """Take the words apart as getopt_long(3) does; what is no option goes to ``hosts``."""
    rest = iter(words)
    for word in rest:
        if word == "--":
            hosts.extend(rest)
        elif word.startswith("--"):
            yield _long(word[2:], rest)
        elif word.startswith("-") and word != "-":
            yield from _letters(word[1:], rest)
        else:
            hosts.append(word)


def _letters(word: str, rest: Iterator[str]) -> Iterator[tuple[Option, str]]:
    for place, letter in enumerate(word, start=1):
        option = BY_LETTER.get(letter)
        if option is None:
            raise UsageError(f"invalid option -- '{letter}' (rawkit ping --help)")
        if not option.argument:
            yield option, ""
            continue
        argument = word[place:] or next(rest, None)
        if argument is None:
            raise UsageError(f"option requires an argument -- '{letter}' ({option.argument})")
        yield option, argument
        return


def _long(word: str, rest: Iterator[str]) -> tuple[Option, str]:
    name, has_argument, given = word.partition("=")
    option = BY_NAME.get(name)
    if option is None:
        from rawkit.cli.main import suggestion

        known = suggestion(f"--{name}", [f"--{known}" for known in BY_NAME])
        raise UsageError(f"unrecognized option '--{name}'{known or ' (rawkit ping --help)'}")
    if not option.argument:
        if has_argument:
            raise UsageError(f"option '--{name}' doesn't allow an argument")
        return option, ""
    argument = given if has_argument else next(rest, None)
    if argument is None:
        raise UsageError(f"option '--{name}' requires an argument ({option.argument})")
    return option, argument


def _switch(name: str) -> Callable[[PingOptions, str], None]:
    return lambda options, _: setattr(options, name, True)


def _value(name: str, convert: Convert) -> Callable[[PingOptions, str], None]:
    return lambda options, argument: setattr(options, name, convert(argument))


def _without_effect(options: PingOptions, argument: str) -> None:
    """Take an option that makes no difference here."""


def _version(version: Literal[4, 6]) -> Callable[[PingOptions, str], None]:
    def apply(options: PingOptions, _: str) -> None:
        if options.version not in (None, version):
            raise UsageError("only one -4 or -6 option may be specified")
        options.version = version

    return apply


def _record_route(options: PingOptions, _: str) -> None:
    if options.timestamp:
        raise UsageError("only one of -T or -R may be used")
    options.record_route = True


def _timestamp(options: PingOptions, argument: str) -> None:
    if options.record_route:
        raise UsageError("only one of -T or -R may be used")
    choice("timestamp", "invalid timestamp type", "tsonly", "tsandaddr", "tsprespec")(
        options, argument
    )


def _interface(options: PingOptions, argument: str) -> None:
    """Tell an address from an interface, as ``ping -I`` does; both may be given."""
    from rawkit.host.names import numeric

    address = numeric(argument)
    if address is None and ":" in argument:
        raise UsageError(f"invalid source address: {argument}")
    if address is None:
        options.interface = argument
        return
    options.source = address
    if address.version == 6 and (scope := argument.partition("%")[2]):
        options.interface = scope


def _flood(options: PingOptions, _: str) -> None:
    options.flood = options.numeric = True


def _node_information(options: PingOptions, _: str) -> None:
    raise UsageError("node information queries (-N, RFC 4620) are not supported")


OPTIONS = (
    Option("4", "ipv4", "", _version(4), "use IPv4 only"),
    Option("6", "ipv6", "", _version(6), "use IPv6 only"),
    Option("a", "audible", "", _switch("audible"), "ring the bell at every reply"),
    Option("A", "adaptive", "", _switch("adaptive"), "send as soon as all has been answered"),
    Option("b", "broadcast", "", _switch("broadcast"), "allow pinging a broadcast address"),
    Option("B", "sticky", "", _switch("sticky"), "bind to the source address chosen at first"),
    Option(
        "c",
        "count",
        "N",
        _value("count", integer(1, 2**63 - 1)),
        "stop after N requests; with -w: after N answers",
    ),
    Option("C", "connect", "", _without_effect, "accepted, without effect"),
    Option("d", "debug", "", _without_effect, "accepted, without effect (as in the kernel)"),
    Option("D", "stamps", "", _switch("stamps"), "print the time of day before each line"),
    Option(
        "e",
        "identifier",
        "ID",
        _value("identifier", integer(0, 0xFFFF)),
        "set the identifier of the requests",
    ),
    Option("f", "flood", "", _flood, "flood: a dot a request, a backspace a reply"),
    Option(
        "F",
        "flow-label",
        "LABEL",
        _value(
            "flow_label",
            unsigned(0xFFFFF, "bad value for flowinfo", "flow value is greater than 20 bits"),
        ),
        "IPv6 flow label",
    ),
    Option("h", "help", "", _switch("help"), "print this"),
    Option(
        "i",
        "interval",
        "TIME",
        _value("interval", seconds("bad timing interval", LONGEST)),
        "time from one request to the next (1 s)",
    ),
    Option(
        "I",
        "interface",
        "IF|ADDR",
        _interface,
        "interface or VRF, or source address; may be given twice",
    ),
    Option(
        "l",
        "preload",
        "N",
        _value("preload", integer(1, 65536)),
        "send N requests at once, without waiting",
    ),
    Option("L", "no-loop", "", _switch("no_loop"), "do not hear one's own multicast"),
    Option(
        "m", "mark", "MARK", _value("mark", integer(0, 2**32 - 1)), "mark the packets (SO_MARK)"
    ),
    Option(
        "M",
        "pmtu",
        "HOW",
        choice("pmtu", "invalid -M argument", "do", "want", "dont", "probe"),
        "path MTU discovery: do, want, dont, probe",
    ),
    Option("n", "numeric", "", _switch("numeric"), "look no names up"),
    Option("N", "node-info", "WHAT", _node_information, "not supported"),
    Option(
        "O",
        "outstanding",
        "",
        _switch("outstanding"),
        "say so when the next request leaves before the answer came",
    ),
    Option(
        "p",
        "pattern",
        "HEX",
        _value("pattern", hex_octets),
        "fill the payload with up to 16 octets",
    ),
    Option("q", "quiet", "", _switch("quiet"), "print the summary only"),
    Option(
        "Q",
        "tos",
        "TOS",
        _value("traffic_class", octet),
        "TOS octet or traffic class, decimal or 0x…",
    ),
    Option("r", "dont-route", "", _switch("dont_route"), "bypass the routing table"),
    Option("R", "record-route", "", _record_route, "IPv4: record the route"),
    Option("s", "size", "N", _value("size", integer(0, LARGEST)), "octets of payload (56)"),
    Option(
        "S", "sndbuf", "N", _value("send_buffer", integer(1, LARGEST)), "send buffer, in octets"
    ),
    Option("t", "ttl", "N", _value("ttl", integer(0, 255)), "TTL or hop limit"),
    Option(
        "T",
        "timestamp",
        "HOW",
        _timestamp,
        "IPv4 timestamps: tsonly, tsandaddr, tsprespec HOP… HOST",
    ),
    Option("U", "user-times", "", _switch("user_times"), "take the times outside of the kernel"),
    Option(
        "v",
        "verbose",
        "",
        _switch("verbose"),
        "say which kind of socket, and why; show duplicates of multicast",
    ),
    Option("V", "version", "", _switch("show_version"), "print the version"),
    Option(
        "w",
        "deadline",
        "TIME",
        _value("deadline", seconds("invalid argument", LARGEST, zero=None)),
        "stop after this time, whatever has been answered (0: never)",
    ),
    Option(
        "W",
        "timeout",
        "TIME",
        _value("timeout", seconds("bad linger time", LONGEST, zero=float("inf"))),
        "time to wait for an answer (10 s; 0: for ever)",
    ),
    Option(
        "", "ignore-errors", "", _switch("ignore_errors"), "with -w: go on when an ICMP error comes"
    ),
    Option("", "json", "", _switch("json"), "one JSON object a line"),
    Option(
        "",
        "pcap",
        "FILE",
        _value("pcap", text),
        "write the packets sent and received to FILE",
    ),
    Option(
        "",
        "stats",
        "",
        _switch("stats"),
        "add percentiles, jitter, where every request went, and the clocks",
    ),
)

BY_LETTER = {option.letter: option for option in OPTIONS if option.letter}
BY_NAME = {option.name: option for option in OPTIONS}
