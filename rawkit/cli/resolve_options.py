"""The options of ``rawkit resolve``: arping(8)'s letters and meanings, and some of our own."""

from collections.abc import Callable, Sequence
from typing import Literal

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.values import integer, seconds, text
from rawkit.engine.neighbour_events import Purpose
from rawkit.errors import UsageError

LONGEST = 2**31 / 1000
"""Seconds."""
MOST = 2**31 - 1
SOLICITATIONS = 3
"""Of routers, where nothing is said (RFC 4861 §10, MAX_RTR_SOLICITATIONS)."""


class ResolveOptions:
    """What the command line asked for; every default is arping(8)'s."""

    version: Literal[4, 6] | None = None
    purpose: Purpose = Purpose.ASK
    routers: bool = False
    watch: bool = False
    promiscuous: bool = False
    broadcast: bool = False
    until_first: bool = False
    count: int | None = None
    interval: float = 1.0
    deadline: float | None = None
    interface: str | None = None
    source: str | None = None
    cooked: bool = False
    quiet: bool = False
    verbose: bool = False
    json: bool = False
    pcap: str | None = None
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.addresses: list[str] = []


def parse(words: Sequence[str]) -> ResolveOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = ResolveOptions()
    if fill(TABLE, options, words, options.addresses):
        return options
    _check(options)
    return options


def _check(options: ResolveOptions) -> None:
    """Refuse what contradicts itself.

    Raises:
        UsageError: says what.
    """
    if options.routers and options.watch:
        raise UsageError("only one of --routers or --watch may be used")
    if options.routers or options.watch:
        _check_alone(options, "--routers" if options.routers else "--watch")
    elif not options.addresses:
        raise UsageError("no ADDRESS (rawkit resolve --help)")
    if options.promiscuous and not options.watch:
        raise UsageError("--promiscuous goes with --watch")
    if options.pcap is not None and len(options.addresses) > 1:
        raise UsageError("--pcap takes one ADDRESS: for several, tcpdump arp or icmp6")
    if options.interval == 0 and (options.count is None or options.deadline is not None):
        raise UsageError("-i 0 goes with -c N and without -w: the link would see nothing else")


def _check_alone(options: ResolveOptions, what: str) -> None:
    """Refuse what makes no sense where there is no ADDRESS.

    Raises:
        UsageError: says what.
    """
    if options.addresses:
        raise UsageError(f"{what} takes no ADDRESS: {options.addresses[0]}")
    if options.purpose is not Purpose.ASK:
        raise UsageError(f"{what} goes without -A, -D and -U")
    if options.routers and options.interface is None:
        raise UsageError("--routers asks on one interface: -I NAME")
    if options.promiscuous and options.interface is None:
        raise UsageError("--promiscuous listens on one interface: -I NAME")
    if options.watch and (options.source is not None or options.broadcast):
        raise UsageError("--watch sends nothing: without -s and -b")


def _version(version: Literal[4, 6]) -> Callable[[ResolveOptions, str], None]:
    def apply(options: ResolveOptions, _: str) -> None:
        if options.version not in (None, version):
            raise UsageError("only one -4 or -6 option may be specified")
        options.version = version

    return apply


def _purpose(purpose: Purpose) -> Callable[[ResolveOptions, str], None]:
    def apply(options: ResolveOptions, _: str) -> None:
        pair = {options.purpose, purpose}
        if pair == {Purpose.ANNOUNCE, Purpose.ANSWER}:
            options.purpose = Purpose.ANSWER  # as in arping(8): -A is a kind of -U
        elif Purpose.PROBE in pair and len(pair - {Purpose.ASK}) > 1:
            raise UsageError("only one of -D, and -A or -U, may be used")
        else:
            options.purpose = purpose

    return apply


TABLE: Table[ResolveOptions] = Table(
    "resolve",
    (
        Option("4", "ipv4", "", _version(4), "IPv4 only: by ARP"),
        Option("6", "ipv6", "", _version(6), "IPv6 only: by neighbour discovery"),
        Option(
            "A", "answer", "", _purpose(Purpose.ANSWER), "as -U, but by replies nobody asked for"
        ),
        Option(
            "b", "broadcast", "", switch("broadcast"), "keep asking everybody, also when answered"
        ),
        Option(
            "c",
            "count",
            "N",
            value("count", integer(1, MOST)),
            "stop after N requests; with -w: after N answers",
        ),
        Option(
            "D", "duplicate", "", _purpose(Purpose.PROBE), "ask for nobody: is the address free?"
        ),
        Option("f", "first", "", switch("until_first"), "stop at the first answer"),
        Option("h", "help", "", switch("help"), "show this help"),
        Option(
            "i",
            "interval",
            "TIME",
            value("interval", seconds("bad timing interval", LONGEST)),
            "time from one request to the next (1s)",
        ),
        Option("I", "interface", "NAME", value("interface", text), "the interface to ask on"),
        Option("q", "quiet", "", switch("quiet"), "say nothing"),
        Option("s", "source", "ADDRESS", value("source", text), "source address: one of ours"),
        Option(
            "U", "announce", "", _purpose(Purpose.ANNOUNCE), "tell everybody: the address is ours"
        ),
        Option("v", "verbose", "", switch("verbose"), "say on stderr which kind of socket it is"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option(
            "w",
            "deadline",
            "TIME",
            value("deadline", seconds("invalid argument", LONGEST, zero=None)),
            "stop after this time (0: never)",
        ),
        Option(
            "",
            "routers",
            "",
            switch("routers"),
            "ask the routers what holds on the link (IPv6; -4: RFC 1256)",
        ),
        Option("", "watch", "", switch("watch"), "tell what all hosts say of themselves"),
        Option(
            "", "promiscuous", "", switch("promiscuous"), "with --watch: also what is not for us"
        ),
        Option("", "cooked", "", switch("cooked"), "leave the link's header to the kernel"),
        Option("", "pcap", "FILE", value("pcap", text), "also write the frames to FILE"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
    ),
)
