"""The options of ``rawkit decode``: those of ``rawkit sniff`` about packets, and its own."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import cast

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.packet_lines import Look
from rawkit.cli.sniff_options import TABLE as SNIFF
from rawkit.cli.sniff_options import SniffOptions
from rawkit.cli.values import choice, text
from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.wire.link_types import LinkType

LINKS: dict[str, int] = {
    "ethernet": LinkType.ETHERNET,
    "ip": LinkType.RAW,
    "ipv4": LinkType.IPV4,
    "ipv6": LinkType.IPV6,
    "sll": LinkType.LINUX_SLL,
    "sll2": LinkType.LINUX_SLL2,
    "null": LinkType.NULL,
    "loop": LinkType.LOOP,
}
FORMS = ("text", "hex", "raw")
SIDES = ("client", "server")
POLICIES = ("first", "last", "bsd", "linux")
WHICH = re.compile(r"\d+|.*\d:\d+(-.*)?|.*\d:\d+")
"""What behind ``--follow`` is a conversation, and not the file or a filter."""
HEX_WORD = re.compile(r"(?:0x)?(?:[0-9A-Fa-f]{2})+,?")


class DecodeOptions(SniffOptions):
    """What the command line asked for."""

    source: str = ""
    is_hex: bool = False
    link_type: int | None = None
    check: bool = True
    deep: bool = False
    stats: bool = False
    follow: str | None = None
    """Which conversation; empty: all."""
    form: str = "text"
    side: str | None = None
    policy: str | None = None
    folder: str | None = None

    @property
    def look(self) -> Look:
        """What is printed of a packet."""
        return replace(super().look, interface=False)


def parse(words: Sequence[str]) -> DecodeOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options, rest = DecodeOptions(), list[str]()
    if fill(TABLE, options, list(_joined(words)), rest):
        return options
    _take(options, rest)
    _check(options)
    return options


def _joined(words: Sequence[str]) -> Iterator[str]:
    """Yield words, those apart that belong together: ``--follow 3``."""
    waiting = False
    for word in words:
        if waiting:
            yield f"--follow={word}" if WHICH.fullmatch(word) else "--follow"
            waiting = False
            if WHICH.fullmatch(word):
                continue
        if word == "--follow":
            waiting = True
        else:
            yield word
    if waiting:
        yield "--follow"


def _take(options: DecodeOptions, rest: list[str]) -> None:
    """Take the source from the words, and leave the filter.

    Raises:
        UsageError: there is no source.
    """
    if not options.source:
        if not rest:
            raise UsageError("no FILE, - or HEX (rawkit decode --help)")
        options.source = rest.pop(0)
        if HEX_WORD.fullmatch(options.source) and not os.path.exists(options.source):
            while rest and HEX_WORD.fullmatch(rest[0]):  # octets that nobody quoted
                options.source += f" {rest.pop(0)}"
    options.words = rest


def _check(options: DecodeOptions) -> None:
    """Refuse what contradicts itself.

    Raises:
        UsageError: says what.
    """
    filters = (("-F", options.filter_file), ("--bpf", options.bpf), ("the words", options.words))
    if len(names := [name for name, given in filters if given]) > 1:
        raise UsageError(f"the filter comes from one place: not from {' and '.join(names)}")
    if options.file == "-" and (options.print_too or options.stats or options.follow is not None):
        raise UsageError("stdout is for the packets: nothing else can be printed")
    if options.follow is None:
        for word, given in (
            ("--as", options.form != "text"),
            ("--side", options.side),
            ("--policy", options.policy),
            ("--into", options.folder),
        ):
            if given:
                raise UsageError(f"{word} goes with --follow")
    elif options.form == "raw" and (options.json or options.stats):
        raise UsageError("--as raw prints octets and nothing else")


def _link(options: DecodeOptions, word: str) -> None:
    if word in LINKS:
        options.link_type = LINKS[word]
    elif word.isdecimal() and int(word) <= 0xFFFF:
        options.link_type = int(word)
    else:
        raise UsageError(f"bad link: {word} (one of {', '.join(LINKS)}, or a number)")


def _without_checksums(options: DecodeOptions, _: str) -> None:
    options.check = False


def _which(options: DecodeOptions, word: str) -> None:
    from rawkit.api.follow import chosen

    chosen(word or None)
    options.follow = word


SHARED = {option.name: cast("Option[DecodeOptions]", option) for option in SNIFF.options}
LINK_HEADER = SHARED["link"]


def _shared(*names: str) -> Iterator[Option[DecodeOptions]]:
    """Yield options that mean the same in ``rawkit sniff``."""
    return (SHARED[name] for name in names)


TABLE: Table[DecodeOptions] = Table(
    "decode",
    (
        *_shared("ascii", "count"),
        Option("e", "link-header", "", LINK_HEADER.apply, LINK_HEADER.about),
        *_shared("filter-file", "help"),
        Option("K", "no-checksums", "", _without_checksums, "do not look at checksums"),
        *_shared("line-buffered", "numeric", "number", "quick"),
        Option("r", "read", "FILE", value("source", text), "the same as FILE"),
        *_shared("absolute", "time", "packet-buffered", "verbose", "version", "write"),
        *_shared("hex", "hex-ascii"),
        Option("", "as", "FORM", choice("form", "bad form", *FORMS),
               "with --follow: text, hex or raw (octets and nothing else)"),
        *_shared("bpf"),
        Option("", "deep", "", switch("deep"),
               "have scapy read what is inside (rawkit[scapy])"),
        Option("", "follow", "[=WHICH]", _which,
               "print what was said over TCP; WHICH: its number, or HOST:PORT-HOST:PORT"),
        Option("", "from-hex", "", switch("is_hex"), "FILE is octets in hexadecimal, or has them"),
        Option("", "into", "DIR", value("folder", text),
               "with --follow: write what each side said to a file of its own"),
        Option("", "link", "NAME", _link, f"what packets begin with: {', '.join(LINKS)}"),
        *_shared("nano"),
        Option("", "policy", "NAME", choice("policy", "bad policy", *POLICIES),
               "with --follow: who wins where segments overlap (linux)"),
        Option("", "print", "", switch("print_too"),
               "with -w, --stats or --follow: print packets as well"),
        Option("", "side", "SIDE", choice("side", "bad side", *SIDES),
               "with --follow: only what the client said, or the server"),
        Option("", "stats", "", switch("stats"), "count by protocol, and by who talks to whom"),
        *_shared("json"),
    ),
)  # fmt: skip
