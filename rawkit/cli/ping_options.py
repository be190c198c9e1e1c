"""The options of ``rawkit ping``: ping(8)'s letters and meanings, and a few of our own.

The table at the end is all there is: the parser, ``--help`` and the tests read it.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from rawkit.cli.getopt import Option, Table, switch, value, without_effect
from rawkit.cli.values import (
    choice,
    hex_octets,
    integer,
    octet,
    octets,
    seconds,
    text,
    unsigned,
)
from rawkit.errors import UsageError
from rawkit.wire.address import Address

LONGEST = 2**31 / 1000
"""Seconds: the longest time ping(8) takes."""
LARGEST = 2**31 - 1
TIMEVAL = 16
"""Octets: ping(8) keeps its time there; it tells no times where the payload is smaller."""
QUESTIONS = ("tcp", "udp", "icmp_timestamp", "probe", "node_info")
"""Attributes of :class:`PingOptions` that ask for something else than an echo."""


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
    tcp: int | None = None
    udp: int | None = None
    data: bytes | None = None
    connect: bool = False
    icmp_timestamp: bool = False
    probe: str | None = None
    node_info: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.hosts: list[str] = []

    @property
    def questions(self) -> list[str]:
        """What is asked for instead of an echo: the name of the attribute, one at most."""
        return [name for name in QUESTIONS if name in vars(self)]

    @property
    def tells_times(self) -> bool:
        """Whether replies and statistics have times: not where ping(8) has none."""
        return self.size >= TIMEVAL or bool(self.questions)

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
HELP = ("help",)
"""The word of ``-N`` that asks for the others."""


def parse(words: Sequence[str]) -> PingOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense; the message is ping(8)'s where it has one.
    """
    options = PingOptions()
    for option, argument in TABLE.read(words, options.hosts):
        option.apply(options, argument)
        if options.help or options.show_version or options.node_info[-1:] == HELP:
            return options
    return options


def check(options: PingOptions, uid: int) -> None:
    """Refuse what ping(8) refuses: what contradicts itself, and what harms from user ``uid``.

    Raises:
        UsageError: says what.
    """
    if not options.hosts:
        raise UsageError("usage error: Destination address required")
    if options.questions or options.data is not None:
        from rawkit.cli.ping_question_options import check_question

        check_question(options)
    if uid and options.preload > USER_PRELOAD:
        raise UsageError(f"cannot set preload to value greater than 3: {options.preload}")
    if uid and (options.is_unpaced or options.pace < USER_INTERVAL):
        raise UsageError("cannot flood; minimal interval allowed for user is 2ms")


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


def _node_information(options: PingOptions, argument: str) -> None:
    options.node_info = (*options.node_info, argument)


def _flood(options: PingOptions, _: str) -> None:
    options.flood = options.numeric = True


OPTIONS: tuple[Option[PingOptions], ...] = (
    Option("4", "ipv4", "", _version(4), "use IPv4 only"),
    Option("6", "ipv6", "", _version(6), "use IPv6 only"),
    Option("a", "audible", "", switch("audible"), "ring the bell at every reply"),
    Option("A", "adaptive", "", switch("adaptive"), "send as soon as all has been answered"),
    Option("b", "broadcast", "", switch("broadcast"), "allow pinging a broadcast address"),
    Option("B", "sticky", "", switch("sticky"), "bind to the source address chosen at first"),
    Option(
        "c",
        "count",
        "N",
        value("count", integer(1, 2**63 - 1)),
        "stop after N requests; with -w: after N answers",
    ),
    Option(
        "C",
        "connect",
        "",
        switch("connect"),
        "with --tcp: let the kernel connect, even if we may do it ourselves",
    ),
    Option("d", "debug", "", without_effect, "accepted, without effect (as in the kernel)"),
    Option("D", "stamps", "", switch("stamps"), "print the time of day before each line"),
    Option(
        "e",
        "identifier",
        "ID",
        value("identifier", integer(0, 0xFFFF)),
        "set the identifier of the requests",
    ),
    Option("f", "flood", "", _flood, "flood: a dot a request, a backspace a reply"),
    Option(
        "F",
        "flow-label",
        "LABEL",
        value(
            "flow_label",
            unsigned(0xFFFFF, "bad value for flowinfo", "flow value is greater than 20 bits"),
        ),
        "IPv6 flow label",
    ),
    Option("h", "help", "", switch("help"), "print this"),
    Option(
        "i",
        "interval",
        "TIME",
        value("interval", seconds("bad timing interval", LONGEST)),
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
        value("preload", integer(1, 65536)),
        "send N requests at once, without waiting",
    ),
    Option("L", "no-loop", "", switch("no_loop"), "do not hear one's own multicast"),
    Option("m", "mark", "MARK", value("mark", integer(0, 2**32 - 1)), "mark the packets (SO_MARK)"),
    Option(
        "M",
        "pmtu",
        "HOW",
        choice("pmtu", "invalid -M argument", "do", "want", "dont", "probe"),
        "path MTU discovery: do, want, dont, probe",
    ),
    Option("n", "numeric", "", switch("numeric"), "look no names up"),
    Option(
        "N",
        "node-info",
        "WHAT",
        _node_information,
        "IPv6: ask for name, ipv6, ipv6-all, ipv4 … (help: a list)",
    ),
    Option(
        "O",
        "outstanding",
        "",
        switch("outstanding"),
        "say so when the next request leaves before the answer came",
    ),
    Option(
        "p",
        "pattern",
        "HEX",
        value("pattern", hex_octets),
        "fill the payload with up to 16 octets",
    ),
    Option("q", "quiet", "", switch("quiet"), "print the summary only"),
    Option(
        "Q",
        "tos",
        "TOS",
        value("traffic_class", octet),
        "TOS octet or traffic class, decimal or 0x…",
    ),
    Option("r", "dont-route", "", switch("dont_route"), "bypass the routing table"),
    Option("R", "record-route", "", _record_route, "IPv4: record the route"),
    Option("s", "size", "N", value("size", integer(0, LARGEST)), "octets of payload (56)"),
    Option("S", "sndbuf", "N", value("send_buffer", integer(1, LARGEST)), "send buffer, in octets"),
    Option("t", "ttl", "N", value("ttl", integer(0, 255)), "TTL or hop limit"),
    Option(
        "T",
        "timestamp",
        "HOW",
        _timestamp,
        "IPv4 timestamps: tsonly, tsandaddr, tsprespec HOP… HOST",
    ),
    Option("U", "user-times", "", switch("user_times"), "take the times outside of the kernel"),
    Option(
        "v",
        "verbose",
        "",
        switch("verbose"),
        "say which kind of socket, and why; show duplicates of multicast",
    ),
    Option("V", "version", "", switch("show_version"), "print the version"),
    Option(
        "w",
        "deadline",
        "TIME",
        value("deadline", seconds("invalid argument", LARGEST, zero=None)),
        "stop after this time, whatever has been answered (0: never)",
    ),
    Option(
        "W",
        "timeout",
        "TIME",
        value("timeout", seconds("bad linger time", LONGEST, zero=float("inf"))),
        "time to wait for an answer (10 s; 0: for ever)",
    ),
    Option(
        "",
        "tcp",
        "PORT",
        value("tcp", integer(1, 0xFFFF)),
        "ask by TCP: a SYN, answered by SYN-ACK or RST",
    ),
    Option(
        "",
        "udp",
        "PORT",
        value("udp", integer(1, 0xFFFF)),
        "ask by UDP: a datagram, answered by one or by port unreachable",
    ),
    Option("", "data", "HEX", value("data", octets), "all that such a datagram carries"),
    Option("", "icmp-timestamp", "", switch("icmp_timestamp"), "IPv4: ask what time it is there"),
    Option(
        "",
        "probe",
        "IF|ADDR",
        value("probe", text),
        "ask for an interface of HOST: name, index, address (RFC 8335)",
    ),
    Option(
        "", "ignore-errors", "", switch("ignore_errors"), "with -w: go on when an ICMP error comes"
    ),
    Option("", "json", "", switch("json"), "one JSON object a line"),
    Option(
        "",
        "pcap",
        "FILE",
        value("pcap", text),
        "write the packets sent and received to FILE",
    ),
    Option(
        "",
        "stats",
        "",
        switch("stats"),
        "add percentiles, jitter, where every request went, and the clocks",
    ),
)

TABLE = Table("ping", OPTIONS)
