"""The options of ``rawkit handshake``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.raw_values import share
from rawkit.cli.values import seconds
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.endpoint.guarding import GuardKind
    from rawkit.endpoint.opening import LinkKind

LINKS: "dict[str, LinkKind]" = {
    "raw": "raw",
    "packet": "packet",
    "offload": "offload",
    "tun": "tun",
}
GUARDS: "dict[str, GuardKind]" = {
    "auto": "auto",
    "socket": "socket",
    "nft": "nft",
    "address": "address",
}
"""Written out once more: to import the types would take longer than all the rest."""
LONGEST = 86_400.0
"""Seconds."""
STOPS = {"syn": 1, "syn-ack": 2, "ack": 3}
HIGHEST_PORT = 0xFFFF


class HandshakeOptions:
    """What the command line asked for."""

    timeout: float | None = 5.0
    version: int | None = None
    interface: str | None = None
    source: str | None = None
    source_port: int = 0
    link: "LinkKind" = "raw"
    guard: "GuardKind" = "auto"
    segments: int = 3
    whole: bool = False
    mss: int | None = None
    window: int | None = None
    timestamps: bool = True
    sack: bool = True
    scaling: bool = True
    ecn: bool = False
    ttl: int = 64
    dscp: int = 0
    pcap: str | None = None
    drop: float = 0.0
    quiet: bool = False
    verbose: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False
    host: str = ""
    port: int = 0

    def __init__(self) -> None:
        self.words: list[str] = []


def parse(words: Sequence[str]) -> HandshakeOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = HandshakeOptions()
    if fill(TABLE, options, words, options.words):
        return options
    if len(options.words) != 2:
        raise UsageError("a HOST and a PORT are wanted: localhost 80 (rawkit handshake --help)")
    options.host = options.words[0]
    options.port = _port(options.words[1])
    if options.whole and options.segments != STOPS["ack"]:
        raise UsageError("--whole and --stop: nothing is whole that stops")
    return options


def _port(word: str) -> int:
    """Read a port, by number or by the name of its service."""
    if word.isascii() and word.isdecimal():
        if 1 <= int(word) <= HIGHEST_PORT:
            return int(word)
        raise UsageError(f"bad port: {word} (1 to {HIGHEST_PORT})")
    import socket

    try:
        return socket.getservbyname(word, "tcp")
    except OSError as error:
        raise UsageError(f"bad port: {word} (a number, or a service of /etc/services)") from error


def _number(what: str, low: int, high: int) -> Callable[[str], int]:
    def read(word: str) -> int:
        if word.isascii() and word.isdecimal() and low <= int(word) <= high:
            return int(word)
        raise UsageError(f"bad {what}: {word} ({low} to {high})")

    return read


def _stop(word: str) -> int:
    if word not in STOPS:
        raise UsageError(f"bad --stop: {word} ({', '.join(STOPS)})")
    return STOPS[word]


def _link(word: str) -> "LinkKind":
    if word not in LINKS:
        raise UsageError(f"bad link: {word} ({', '.join(LINKS)})")
    return LINKS[word]


def _guard(word: str) -> "GuardKind":
    if word not in GUARDS:
        raise UsageError(f"bad guard: {word} ({', '.join(GUARDS)})")
    return GUARDS[word]


def _without(name: str) -> Callable[[HandshakeOptions, str], None]:
    return lambda options, _: setattr(options, name, False)


def _family(version: int) -> Callable[[HandshakeOptions, str], None]:
    return lambda options, _: setattr(options, "version", version)


TABLE: Table[HandshakeOptions] = Table(
    "handshake",
    (
        Option("4", "ipv4", "", _family(4), "IPv4 alone"),
        Option("6", "ipv6", "", _family(6), "IPv6 alone"),
        Option("I", "interface", "NAME", value("interface", str), "over this one alone"),
        Option("s", "source", "ADDRESS", value("source", str), "connect from there"),
        Option("p", "source-port", "PORT", value("source_port", _number("port", 0, HIGHEST_PORT)),
            "from this port (0: any that is free)"),
        Option("L", "link", "KIND", value("link", _link),
            "raw (the default), packet, offload: others finish the sums; tun: with -s"),
        Option("", "guard", "KIND", value("guard", _guard),
            "what keeps the kernel away: auto (the default), socket, nft or address"),
        Option("w", "timeout", "TIME",
            value("timeout", seconds("bad timeout", LONGEST, zero=None)),
            "time to wait for an answer (5s; 0: as long as TCP does)"),
        Option("", "stop", "WHERE", value("segments", _stop),
            "stop behind the syn, the syn-ack or the ack (the default)"),
        Option("", "whole", "", switch("whole"),
            "close in good order, and show that, too; else the connection is reset"),
        Option("", "mss", "N", value("mss", _number("MSS", 64, 0xFFFF)), "offer this segment size"),
        Option("", "window", "N", value("window", _number("window", 1, 1 << 30)),
            "offer a window of so many octets"),
        Option("", "no-timestamps", "", _without("timestamps"), "do not offer timestamps"),
        Option("", "no-sack", "", _without("sack"), "do not offer selective acknowledgments"),
        Option("", "no-scaling", "", _without("scaling"), "do not offer window scaling"),
        Option("", "ecn", "", switch("ecn"), "ask for explicit congestion notification"),
        Option("t", "ttl", "N", value("ttl", _number("TTL", 1, 255)),
            "TTL or hop limit of the packets (64)"),
        Option("", "dscp", "N", value("dscp", _number("DSCP", 0, 63)), "DSCP of the packets"),
        Option("", "pcap", "FILE", value("pcap", str), "write all segments into a capture file"),
        Option("", "drop", "SHARE", value("drop", share),
            "lose so many segments on purpose, each way: 20%"),
        Option("q", "quiet", "", switch("quiet"), "the segments alone, without reasons"),
        Option("v", "verbose", "", switch("verbose"), "tell of the guard and the link, too"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)  # fmt: skip
