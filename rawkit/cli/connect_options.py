"""The options of ``rawkit connect``."""

import re
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.raw_values import guard, link, share
from rawkit.cli.socket_settings import setting_option
from rawkit.cli.values import seconds
from rawkit.errors import UsageError
from rawkit.host.names import numeric
from rawkit.posix import address as addresses
from rawkit.posix.address import Address, DescriptorAddress

if TYPE_CHECKING:
    from rawkit.posix.options import Setting

LONGEST = 86_400.0
"""Seconds."""
HIGHEST_RATE = 1e12
UNITS = {"": 1, "K": 1000, "M": 10**6, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
STREAMS = (socket.SOCK_STREAM, socket.SOCK_SEQPACKET)
STANDARD = 2
"""The last descriptor that is this command's own."""

AtEnd = Literal["half-close", "hold", "rst"]


class ConnectOptions:
    """What the command line asked for."""

    timeout: float | None = 10.0
    idle: float | None = None
    bind: str | None = None
    at_end: AtEnd | None = None
    lines: bool = False
    crlf: bool = False
    rate: float | None = None
    expect: re.Pattern[bytes] | None = None
    connect_only: bool = False
    raw: bool = False
    link: str | None = None
    guard: str | None = None
    explain: bool = False
    pcap: str | None = None
    drop: float = 0.0
    verbose: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.settings: list[Setting] = []
        self.words: list[str] = []

    @property
    def word(self) -> str:
        """The address as it was given."""
        return self.words[0]


def parse(words: Sequence[str]) -> ConnectOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = ConnectOptions()
    if fill(TABLE, options, words, options.words):
        return options
    if not options.words:
        raise UsageError("no ADDRESS, such as tcp:localhost:80 (rawkit connect --help)")
    if len(options.words) > 1:
        raise UsageError(f"one ADDRESS, and not {options.words[1]!r}, too")
    return options


def address_of(options: ConnectOptions) -> Address:
    """Return whom to connect to.

    Raises:
        UsageError: it is no address, or the other options do not go with it.
    """
    address = addresses.parse(options.word)
    kind = address.kind
    if isinstance(address, DescriptorAddress) and address.number <= STANDARD:
        raise UsageError(f"{address}: that is input or output of this command itself")
    if options.connect_only and kind.service_protocol == "udp" and kind.protocol:
        raise UsageError(
            f"-z: nobody says whether there is anybody at {kind.word}:; send something"
        )
    _check_raw(options, kind.word)
    if options.at_end == "rst" and kind.word[:3] not in ("tcp", "fd", "mpt"):
        raise UsageError(f"--rst: only TCP has RSTs, {kind.word}: has none")
    if options.at_end == "half-close" and kind.type == socket.SOCK_DGRAM:
        raise UsageError(f"--half-close: {kind.word}: has no end to tell of")
    return address


def _check_raw(options: ConnectOptions, word: str) -> None:
    if not options.raw:
        for name in ("link", "guard", "explain", "pcap", "drop"):
            if getattr(options, name):
                raise UsageError(f"--{name}: only of --raw")
        return
    if word not in ("tcp", "tcp4", "tcp6"):
        raise UsageError(f"--raw: only TCP can be made in user space, and no {word}:")
    if options.settings:
        raise UsageError("-o: with --raw there is no socket to set options of")


def place_of(options: ConnectOptions, address: Address) -> Address | None:
    """Return where to be bound: ``--bind`` is an address, or only what it has behind the kind.

    Raises:
        UsageError: it is none.
    """
    word = options.bind
    if word is None:
        return None
    if word.partition(":")[0] in addresses.KINDS and ":" in word:
        return addresses.parse(word)
    kind = address.kind.word.rstrip("46") if address.kind.family != socket.AF_UNIX else ""
    if not kind:
        return addresses.parse(f"{address.kind.word}:{word}")
    if numeric(word) is not None:
        word = f"[{word}]:0" if ":" in word else f"{word}:0"
    elif not word.rpartition(":")[1]:
        word = f"{word}:0"
    return addresses.parse(f"{kind}:{word}")


def _end(at_end: AtEnd) -> Callable[[ConnectOptions, str], None]:
    def apply(options: ConnectOptions, _: str) -> None:
        if options.at_end not in (None, at_end):
            raise UsageError(f"--{options.at_end} or --{at_end}, not both")
        options.at_end = at_end

    return apply


def _rate(word: str) -> float:
    """Read octets, or lines, a second: ``10``, ``2.5``, ``64KiB``."""
    number = word.rstrip("KMGiB")
    unit = UNITS.get(word[len(number) :])
    plain = number.isascii() and not number.strip("0123456789.")
    try:
        rate = float(number) * unit if plain and unit else 0.0
    except ValueError:
        rate = 0.0
    if not 0 < rate <= HIGHEST_RATE:
        raise UsageError(f"bad rate: {word} (octets a second, or lines with --lines: 10, 64KiB)")
    return rate


def _pattern(word: str) -> re.Pattern[bytes]:
    """Read a regular expression of octets; letters beyond ASCII are those of UTF-8."""
    import os

    try:
        return re.compile(os.fsencode(word))
    except re.error as error:
        raise UsageError(f"--expect {word!r}: no regular expression: {error}") from error


TABLE: Table[ConnectOptions] = Table(
    "connect",
    (
        Option("w", "timeout", "TIME",
            value("timeout", seconds("bad timeout", LONGEST, zero=None)),
            "time to wait for a connection (10s; 0: as long as the kernel does)"),
        Option("i", "idle", "TIME", value("idle", seconds("bad idle time", LONGEST, zero=None)),
            "end when nothing comes or goes for so long"),
        Option("s", "bind", "ADDRESS", value("bind", str), "connect from here: HOST, HOST:PORT"),
        setting_option("o"),
        Option("N", "half-close", "", _end("half-close"),
            "when the input ends, say so, and go on receiving (the default)"),
        Option("", "hold", "", _end("hold"), "when the input ends, stay connected and say nothing"),
        Option("", "rst", "", _end("rst"), "when the input ends, reset the connection"),
        Option("", "lines", "", switch("lines"),
            "send line by line; messages are lines, without their line breaks"),
        Option("C", "crlf", "", switch("crlf"), "line breaks go out as CR LF"),
        Option("r", "rate", "N", value("rate", _rate), "octets a second, or lines with --lines"),
        Option("e", "expect", "REGEX", value("expect", _pattern),
            "end when this has come; exit code 1 if it does not"),
        Option("z", "connect-only", "", switch("connect_only"), "connect, and close at once"),
        Option("", "raw", "", switch("raw"), "make TCP in user space, over raw sockets"),
        Option("L", "link", "KIND", value("link", link),
            "with --raw: raw (the default), packet, offload (sends much faster), tun (with -s)"),
        Option("", "guard", "KIND", value("guard", guard),
            "with --raw: what keeps the kernel's TCP away: auto, socket, nft or address"),
        Option("", "explain", "", switch("explain"),
            "with --raw: tell of every segment on stderr, and what it is for"),
        Option("", "pcap", "FILE", value("pcap", str),
            "with --raw: write all segments into a capture file"),
        Option("", "drop", "SHARE", value("drop", share),
            "with --raw: lose so many segments on purpose, each way: 5%"),
        Option("v", "verbose", "", switch("verbose"), "tell on stderr what happens"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1), data included"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)  # fmt: skip
