"""The options of ``rawkit send``."""

from collections.abc import Sequence

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.packet_options import PacketOptions
from rawkit.cli.values import choice, integer, seconds, text, unsigned
from rawkit.errors import UsageError

LONGEST = 3600.0
"""Seconds from one packet to the next."""
LEAST = 28
"""Octets of a fragment."""
MOST = 10**12
LAYERS = ("auto", "ipv4", "ipv6", "icmpv6", "cooked", "frame")
FASTEST = 1e9

mark = unsigned(0xFFFF_FFFF, "bad mark", "mark above 4294967295")


class SendOptions(PacketOptions):
    """What the command line asked for."""

    count: int = 1
    interval: float = 0.0


def parse(words: Sequence[str]) -> SendOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options, rest = SendOptions(), list[str]()
    if not fill(TABLE, options, words, rest) and not options.is_complete:
        options.take("send", rest)
    return options


def rate(word: str) -> float:
    """Return the seconds between packets of which there are so many a second."""
    factor = {"k": 1e3, "M": 1e6}.get(word[-1:], 1.0)
    try:
        packets = float(word[:-1] if factor > 1 else word) * factor
    except ValueError:
        packets = 0.0
    if not 0 < packets <= FASTEST:
        raise UsageError(f"bad rate: {word} (packets a second, as 100, 2.5k, 1M)")
    return 1 / packets


def fragment(options: PacketOptions, word: str) -> None:
    """Take the argument of ``--fragment``; without one, the MTU decides."""
    options.fragment = integer(LEAST, 65_535)(word) if word else True


TABLE: Table[SendOptions] = Table(
    "send",
    (
        Option("c", "count", "N", value("count", integer(1, MOST)),
               "how often; of a packet that varies: how many (1)"),
        Option("f", "fragment", "[=SIZE]", fragment,
               "cut what is longer than SIZE octets (the MTU)"),
        Option("h", "help", "", switch("help"), "show this help"),
        Option("i", "interval", "TIME", value("interval", seconds("bad interval", LONGEST)),
               "time from one packet to the next (0)"),
        Option("I", "interface", "NAME", value("interface", text), "send over this interface"),
        Option("l", "layer", "LAYER", choice("layer", "bad layer", *LAYERS),
               "ipv4, ipv6, icmpv6, cooked or frame (auto: the one that fits)"),
        Option("m", "mark", "MARK", value("mark", mark), "firewall mark (needs a capability)"),
        Option("n", "dry-run", "", switch("dry_run"),
               "say what the kernel would make of it, and send nothing"),
        Option("q", "quiet", "", switch("quiet"), "say nothing but errors"),
        Option("r", "rate", "RATE", value("interval", rate), "packets a second, as 100 or 2.5k"),
        Option("v", "verbose", "", switch("verbose"), "show every field, and by which socket"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("x", "dump", "", switch("dump"), "show the octets, too"),
        Option("", "list", "[=HEADER]", value("list_headers", text),
               "list the headers of the notation, or all about one"),
        Option("", "hex", "", switch("hex"), "PACKET is octets in hexadecimal"),
        Option("", "pcap", "FILE", value("pcap", text), "write what was sent to FILE"),
        Option("", "pcap-in", "FILE", value("pcap_in", text), "send the packets of a capture"),
        Option("", "seed", "N", value("seed", integer(0, 2**63 - 1)), "of random values (0)"),
        Option("", "via", "ADDRESS", value("via", text),
               "the neighbour to send it to, whoever it is for"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
    ),
)  # fmt: skip
