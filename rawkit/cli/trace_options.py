"""The options of ``rawkit trace``: traceroute(8)'s letters and meanings, and some of our own."""

from collections.abc import Callable, Sequence
from typing import Literal

from rawkit.cli.getopt import Option, Table, fill, refuse, switch, value, without_effect
from rawkit.cli.trace_wanted import TraceOptions, check
from rawkit.cli.values import choice, integer, seconds, text, unsigned
from rawkit.engine.trace_settings import ACK, FLOWS, SYN, Method
from rawkit.errors import UsageError

LONGEST = 2**31 / 1000
"""Seconds."""
MILLISECONDS_FROM = 10
"""A bare number above this is a time in milliseconds for traceroute's ``-z``."""
METHODS: dict[str, Method] = {"default": "udp", "udp": "udp", "icmp": "icmp", "tcp": "tcp"}
FLAGS = {"syn": SYN, "ack": ACK}


def parse(words: Sequence[str]) -> TraceOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options, rest = TraceOptions(), list[str]()
    if fill(TABLE, options, words, rest):
        return options
    if len(rest) > 2:
        raise UsageError(f"extra argument {rest[2]!r}: one HOST, and perhaps a packet LENGTH")
    if rest:
        options.host = rest[0]
    if len(rest) > 1:
        options.length = integer(0, 0xFFFF)(rest[1])
    check(options)
    return options


# What options do


def _version(version: Literal[4, 6]) -> Callable[[TraceOptions, str], None]:
    def apply(options: TraceOptions, _: str) -> None:
        if options.version not in (None, version):
            raise UsageError("only one -4 or -6 option may be specified")
        options.version = version

    return apply


def _method(method: Method) -> Callable[[TraceOptions, str], None]:
    def apply(options: TraceOptions, _: str) -> None:
        options.method, options.fixed_port = method, False

    return apply


def _fixed_udp(options: TraceOptions, _: str) -> None:
    options.method, options.fixed_port = "udp", True


def _module(options: TraceOptions, argument: str) -> None:
    if argument not in METHODS:
        raise UsageError(f"method {argument!r} is not supported: {', '.join(METHODS)}")
    if argument == "udp":
        _fixed_udp(options, "")
    else:
        _method(METHODS[argument])(options, "")


def _module_options(options: TraceOptions, argument: str) -> None:
    if argument not in FLAGS:
        raise UsageError(f"-O {argument} is not supported: {' or '.join(FLAGS)}")
    options.flags = FLAGS[argument]


def _ack(options: TraceOptions, _: str) -> None:
    options.flags = ACK


def _protocol(options: TraceOptions, argument: str) -> None:
    known: dict[str, Method] = {"udp": "udp", "17": "udp", "tcp": "tcp", "6": "tcp"}
    known |= {"icmp": "icmp", "1": "icmp", "58": "icmp"}
    if argument not in known:
        raise UsageError(f"-P {argument} is not supported: probes are UDP, ICMP (-I) or TCP (-T)")
    options.method = known[argument]


def _wait(options: TraceOptions, argument: str) -> None:
    """Read ``MAX[,HERE[,NEAR]]``; MAX alone turns the other two off, as in traceroute(8)."""
    words = argument.split(",")
    if len(words) > 3:
        raise UsageError(f"invalid wait: {argument} (MAX,HERE,NEAR)")
    if words[0]:
        options.wait = _time("invalid wait", words[0])
    if len(words) == 1:
        options.here = options.near = 0.0
    if len(words) > 1 and words[1]:
        options.here = _factor(words[1])
    if len(words) > 2 and words[2]:
        options.near = _factor(words[2])


def _send_wait(options: TraceOptions, argument: str) -> None:
    """Read a time; a bare number above 10 is in milliseconds, as in traceroute(8)."""
    options.spacing = _time("invalid wait", argument)
    if argument[-1:].isdigit() and options.spacing > MILLISECONDS_FROM:
        options.spacing /= 1000


def _time(wrong: str, word: str) -> float:
    return seconds(wrong, LONGEST)(word) or 0.0


def _factor(word: str) -> float:
    plain = word.isascii() and not word.strip("0123456789.")
    try:
        return float(word) if plain else float("x")
    except ValueError:
        raise UsageError(f"invalid wait: {word} (a number of round trips)") from None


def _source(options: TraceOptions, argument: str) -> None:
    from rawkit.host.names import numeric

    options.source = numeric(argument)
    if options.source is None:
        raise UsageError(f"invalid source address: {argument}")


def _as_table(options: TraceOptions, argument: str) -> None:
    options.systems, options.as_table = True, argument


def _as_dns(options: TraceOptions, argument: str) -> None:
    options.systems, options.as_zone = True, argument or None


def _speed(options: TraceOptions, argument: str) -> None:
    plain = argument.isascii() and not argument.strip("0123456789.")
    try:
        options.speed = float(argument) if plain else 0.0
    except ValueError:
        options.speed = 0.0
    if not options.speed:
        raise UsageError(f"invalid speed: {argument} (2: twice as quick as it was)")


def _confidence(options: TraceOptions, argument: str) -> None:
    percent = argument.endswith("%")
    number = argument.removesuffix("%")
    try:
        found = float(number) if not number.strip("0123456789.") else 0.0
    except ValueError:
        found = 0.0
    options.confidence = found / 100 if percent else found
    if not 0.5 <= options.confidence < 1:
        raise UsageError(f"invalid confidence: {argument} (0.95, or 99%)")


TOS = unsigned(0xFF, "invalid tos", "tos is an octet, 0 to 255")
FLOW_LABEL = unsigned(0xFFFFF, "invalid flow label", "a flow label has 20 bits")
NOT_PORTS = "not supported: probes are UDP, ICMP (-I) or TCP (-T)"
Opt = Option[TraceOptions]

OPTIONS: tuple[Opt, ...] = (
    Opt("4", "ipv4", "", _version(4), "use IPv4 only"),
    Opt("6", "ipv6", "", _version(6), "use IPv6 only"),
    Opt("A", "as-path-lookups", "", switch("systems"), "show AS numbers, by --as-dns if no table"),
    Opt("c", "count", "N", value("count", integer(1, 2**31 - 1)), "ask the whole path N times (1)"),
    Opt("d", "debug", "", without_effect, "accepted, without effect"),
    Opt("D", "dccp", "", refuse(f"DCCP probes (-D) are {NOT_PORTS}"), "not supported"),
    Opt(
        "e",
        "extensions",
        "",
        switch("extensions"),
        "show MPLS labels and interfaces that routers tell",
    ),
    Opt("f", "first", "TTL", value("first_ttl", integer(1, 255)), "start with this hop (1)"),
    Opt("F", "dont-fragment", "", switch("dont_fragment"), "set the DF bit"),
    Opt(
        "g",
        "gateway",
        "HOST",
        refuse("source routes (-g) are not supported: routers drop them (RFC 7126)"),
        "not supported",
    ),
    Opt("h", "help", "", switch("help"), "print this"),
    Opt("i", "interface", "IF", value("interface", text), "send through this interface or VRF"),
    Opt("I", "icmp", "", _method("icmp"), "probe with ICMP echo requests"),
    Opt("j", "json", "", switch("json"), "one JSON object a line; with --report mtr's object"),
    Opt("l", "flowlabel", "LABEL", value("flow_label", FLOW_LABEL), "IPv6 flow label"),
    Opt("L", "udplite", "", refuse(f"UDP-Lite probes (-UL) are {NOT_PORTS}"), "not supported"),
    Opt("m", "max-hops", "TTL", value("max_ttl", integer(1, 255)), "stop after this hop (30)"),
    Opt("M", "module", "NAME", _module, "method by name: default, udp, icmp, tcp"),
    Opt("n", "numeric", "", switch("numeric"), "look no names up"),
    Opt(
        "N",
        "sim-queries",
        "N",
        value("parallel", integer(1, 1024)),
        "probes under way at once (16; --report, --live: 64)",
    ),
    Opt("O", "options", "WORDS", _module_options, "of TCP: syn or ack"),
    Opt(
        "p",
        "port",
        "PORT",
        value("port", integer(0, 0xFFFF)),
        "destination port: 33434 UDP, the first of many; 80 TCP",
    ),
    Opt("P", "protocol", "PROTO", _protocol, "method by protocol: udp, icmp, tcp"),
    Opt(
        "q",
        "queries",
        "N",
        value("queries", integer(1, 10)),
        "probes for each hop (3; --report, --live: 1)",
    ),
    Opt("r", "dont-route", "", switch("dont_route"), "bypass the routing table"),
    Opt("s", "source", "ADDR", _source, "source address"),
    Opt(
        "t", "tos", "TOS", value("traffic_class", TOS), "TOS octet or traffic class, decimal or 0x…"
    ),
    Opt("T", "tcp", "", _method("tcp"), "probe with TCP SYNs; takes CAP_NET_RAW"),
    Opt("U", "udp", "", _fixed_udp, "probe with UDP to one port (53) only"),
    Opt("v", "verbose", "", switch("verbose"), "say which kind of socket, and why"),
    Opt("V", "version", "", switch("show_version"), "print the version"),
    Opt(
        "w",
        "wait",
        "MAX,HERE,NEAR",
        _wait,
        "wait MAX, but HERE round trips of the same hop, NEAR of a later one (5,3,10)",
    ),
    Opt("z", "sendwait", "TIME", _send_wait, "time between two probes (0); above 10: milliseconds"),
    Opt("", "ack", "", _ack, "with -T: send ACKs, which pass where SYNs are filtered"),
    Opt("", "as-dns", "[=ZONE]", _as_dns, "look AS numbers up by DNS (asn.cymru.com)"),
    Opt(
        "", "as-table", "FILE", _as_table, "look AS numbers up in FILE: lines of PREFIX ASN [NAME]"
    ),
    Opt("", "back", "", switch("back"), "show how many hops back, where it seems to differ"),
    Opt("", "confidence", "SHARE", _confidence, "of --multipath: that no way is missed (0.95)"),
    Opt("", "csv", "", switch("csv"), "comma-separated values, a line for each hop"),
    Opt("", "dot", "", switch("dot"), "a graph of what was seen, for graphviz"),
    Opt(
        "",
        "flow",
        "HOW",
        choice("flow", "invalid flow", *FLOWS),
        "paris: all probes take one path; classic: each its own; dublin: shows NAT, too",
    ),
    Opt("", "fwmark", "MARK", value("mark", integer(0, 2**32 - 1)), "mark the packets (SO_MARK)"),
    Opt(
        "",
        "interval",
        "TIME",
        value("interval", seconds("bad timing interval", LONGEST)),
        "from one round to the next (1 s)",
    ),
    Opt("", "live", "", switch("live"), "a table that keeps itself up to date, until you quit"),
    Opt(
        "",
        "mtu",
        "",
        refuse("path MTUs are found by another command: rawkit pmtu HOST"),
        "not here: rawkit pmtu HOST",
    ),
    Opt("", "multipath", "", switch("multipath"), "find all the ways that load balancers share"),
    Opt("", "pcap", "FILE", value("pcap", text), "write the packets sent and received to FILE"),
    Opt(
        "",
        "record",
        "FILE",
        value("record", text),
        "also write all that happens to FILE, for --replay",
    ),
    Opt("", "replay", "FILE", value("replay", text), "show a recording, in any form of output"),
    Opt(
        "",
        "report",
        "",
        switch("report"),
        "mtr(8)'s table of losses and times after 10 rounds (-c)",
    ),
    Opt("", "speed", "FACTOR", _speed, "of --replay: as many times as quick as it was"),
    Opt("", "sport", "PORT", value("source_port", integer(1, 0xFFFF)), "source port"),
)
ALSO = {
    "first-ttl": "first",
    "max-ttl": "max-hops",
    "no-dns": "numeric",
    "aslookup": "as-path-lookups",
    "report-cycles": "count",
    "mpls": "extensions",
    "mark": "fwmark",
}
"""Names of mtr(8), and of other traceroutes."""
TABLE = Table("trace", OPTIONS, ALSO)
