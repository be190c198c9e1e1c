"""The options of ``rawkit exchange``."""

from collections.abc import Sequence

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.packet_options import PacketOptions
from rawkit.cli.send_options import LAYERS, MOST, fragment, mark
from rawkit.cli.values import choice, integer, seconds, text

SHORTEST, LONGEST = 1e-6, 3600.0
"""Seconds that may be waited."""


class ExchangeOptions(PacketOptions):
    """What the command line asked for."""

    all: bool = False
    count: int = 1
    interval: float = 0.0
    tries: int = 0
    """0: as is usual."""
    timeout: float = 1.0


def parse(words: Sequence[str]) -> ExchangeOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options, rest = ExchangeOptions(), list[str]()
    if not fill(TABLE, options, words, rest) and not options.is_complete:
        options.take("exchange", rest)
    return options


TABLE: Table[ExchangeOptions] = Table(
    "exchange",
    (
        Option("a", "all", "", switch("all"), "take every answer until the timeout"),
        Option("c", "count", "N", value("count", integer(1, MOST)), "questions to ask (1)"),
        Option("f", "fragment", "[=SIZE]", fragment,
               "cut a question longer than SIZE octets (the MTU)"),
        Option("h", "help", "", switch("help"), "show this help"),
        Option("i", "interval", "TIME", value("interval", seconds("bad interval", LONGEST)),
               "time from one question to the next, at least (0)"),
        Option("I", "interface", "NAME", value("interface", text), "ask over this interface"),
        Option("l", "layer", "LAYER", choice("layer", "bad layer", *LAYERS),
               "ipv4, ipv6, icmpv6, cooked or frame (auto: the one that fits)"),
        Option("m", "mark", "MARK", value("mark", mark), "firewall mark (needs a capability)"),
        Option("n", "dry-run", "", switch("dry_run"),
               "say what the kernel would make of it, and ask nothing"),
        Option("q", "quiet", "", switch("quiet"), "say nothing but errors"),
        Option("t", "tries", "N", value("tries", integer(1, MOST)),
               "times to send a question that is not answered (3; -a: 1)"),
        Option("v", "verbose", "", switch("verbose"),
               "show every field, question and answer side by side"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("w", "timeout", "TIME",
               value("timeout", seconds("bad timeout", LONGEST, zero=SHORTEST)),
               "time to wait for an answer before it is sent again (1s)"),
        Option("x", "dump", "", switch("dump"), "show the octets of answers, too"),
        Option("", "list", "[=HEADER]", value("list_headers", text),
               "list the headers of the notation, or all about one"),
        Option("", "hex", "", switch("hex"), "PACKET is octets in hexadecimal"),
        Option("", "pcap-in", "FILE", value("pcap_in", text), "ask the packets of a capture"),
        Option("", "pcap", "FILE", value("pcap", text), "write questions and answers to FILE"),
        Option("", "seed", "N", value("seed", integer(0, 2**63 - 1)), "of random values (0)"),
        Option("", "via", "ADDRESS", value("via", text),
               "the neighbour to send it to, whoever it is for"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
    ),
)  # fmt: skip
