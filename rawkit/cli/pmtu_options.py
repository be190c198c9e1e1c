"""The options of ``rawkit pmtu``: tracepath(8)'s letters and meanings, and some of our own."""

from collections.abc import Callable, Sequence
from typing import Literal

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.values import choice, integer, octet, seconds, text, unsigned
from rawkit.engine.pmtu_settings import METHODS, PORT, Method
from rawkit.errors import UsageError

LONGEST = 60.0
"""Seconds for one answer."""
LONGEST_RUN = 2**31 / 1000
KINDS = ("auto", "socket", "raw")


class PmtuOptions:
    """What the command line asked for."""

    version: Literal[4, 6] | None = None
    method: Method = "auto"
    kind: Literal["auto", "socket", "raw"] = "auto"
    port: int = PORT
    largest: int | None = None
    max_ttl: int = 30
    tries: int = 3
    wait: float = 1.0
    deadline: float = 20.0
    traffic_class: int = 0
    interface: str | None = None
    source: str | None = None
    source_port: int | None = None
    mark: int | None = None
    numeric: bool = False
    both: bool = False
    verbose: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False
    host: str = ""


def parse(words: Sequence[str]) -> PmtuOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options, rest = PmtuOptions(), list[str]()
    if fill(TABLE, options, words, rest):
        return options
    if not rest:
        raise UsageError("no HOST (rawkit pmtu --help)")
    if len(rest) > 1:
        raise UsageError(f"extra argument {rest[1]!r}: one HOST")
    options.host = _split(rest[0], options)
    return options


def _split(word: str, options: PmtuOptions) -> str:
    """Take HOST/PORT apart, as tracepath(8) once did."""
    host, slash, port = word.partition("/")
    if slash:
        options.port = integer(1, 0xFFFF)(port)
    return host


def _version(version: Literal[4, 6]) -> Callable[[PmtuOptions, str], None]:
    def apply(options: PmtuOptions, _: str) -> None:
        if options.version not in (None, version):
            raise UsageError("only one -4 or -6 option may be specified")
        options.version = version

    return apply


def _method(method: Method) -> Callable[[PmtuOptions, str], None]:
    return lambda options, _: setattr(options, "method", method)


mark = unsigned(0xFFFF_FFFF, "bad mark", "mark above 4294967295")

TABLE: Table[PmtuOptions] = Table(
    "pmtu",
    (
        Option("4", "ipv4", "", _version(4), "use IPv4"),
        Option("6", "ipv6", "", _version(6), "use IPv6"),
        Option("n", "numeric", "", switch("numeric"), "no names of hops"),
        Option("b", "both", "", switch("both"), "names and addresses of hops"),
        Option(
            "l",
            "length",
            "OCTETS",
            value("largest", integer(68, 65_575)),
            "the largest packet to try (what the first link carries)",
        ),
        Option(
            "m", "max-hops", "N", value("max_ttl", integer(1, 60)), "look no farther than this (30)"
        ),
        Option("p", "port", "PORT", value("port", integer(1, 0xFFFF)), "port of UDP (33434)"),
        Option("U", "udp", "", _method("udp"), "ask the target by UDP only"),
        Option("I", "icmp", "", _method("icmp"), "ask the target by ICMP echo only"),
        Option(
            "",
            "method",
            "METHOD",
            choice("method", "bad method", *METHODS),
            "udp, icmp, or auto: both, as far as it answers",
        ),
        Option("i", "interface", "NAME", value("interface", text), "send over this interface"),
        Option("s", "source", "ADDRESS", value("source", text), "source address"),
        Option(
            "",
            "source-port",
            "PORT",
            value("source_port", integer(1, 0xFFFF)),
            "source port of UDP (a free one)",
        ),
        Option("t", "tos", "TOS", value("traffic_class", octet), "TOS octet or traffic class"),
        Option("", "mark", "MARK", value("mark", mark), "firewall mark (needs a capability)"),
        Option(
            "q", "tries", "N", value("tries", integer(1, 10)), "times to ask before giving up (3)"
        ),
        Option(
            "w",
            "wait",
            "TIME",
            value("wait", seconds("bad waiting time", LONGEST)),
            "time to wait for an answer at the most (1s)",
        ),
        Option(
            "d",
            "deadline",
            "TIME",
            value("deadline", seconds("bad deadline", LONGEST_RUN)),
            "time after which it tells what it knows (20s)",
        ),
        Option(
            "",
            "kind",
            "KIND",
            choice("kind", "bad kind", *KINDS),
            "sockets: raw, socket, or auto: raw if permitted",
        ),
        Option("v", "verbose", "", switch("verbose"), "tell on stderr which sizes were tried"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)
