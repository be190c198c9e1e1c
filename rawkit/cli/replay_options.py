"""The options of ``rawkit replay``: letters of tcpreplay(1), and words for what it edits."""

from collections.abc import Callable, Sequence
from typing import Literal

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.cli.values import choice, integer, seconds, text
from rawkit.errors import UsageError

MOST = 10**12
LONGEST = float(2**31)
FACTORS = {"k": 1e3, "M": 1e6, "G": 1e9}
MEGA = 1e6
PORTS = 0xFFFF


class ReplayOptions:
    """What the command line asked for."""

    source: str = ""
    interface: str | None = None
    loops: int = 1
    limit: int | None = None
    dry_run: bool = False
    speed: float = 1.0
    rate: float | None = None
    bits: float | None = None
    top: bool = False
    longest: float | None = None
    src_mac: str | None = None
    dst_mac: str | None = None
    vlan: int | None = None
    untag: bool = False
    layer: Literal["auto", "frame", "ip"] = "auto"
    fix: bool = True
    mss: int | None = None
    mtu: int | None = None
    udp_segment: int | None = None
    fragment: bool = False
    truncated: Literal["skip", "pad", "send"] = "skip"
    file: str = ""
    quiet: bool = False
    verbose: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.words: list[str] = []
        """The filter."""
        self.addresses: dict[str, str] = {}
        self.macs: dict[str, str] = {}
        self.ports: dict[int, int] = {}


def parse(words: Sequence[str]) -> ReplayOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options, rest = ReplayOptions(), list[str]()
    if fill(TABLE, options, words, rest):
        return options
    if not rest:
        raise UsageError("no FILE (rawkit replay --help)")
    options.source, *options.words = rest
    if options.file == "-":
        raise UsageError("stdout is for the text: -w FILE, or -w >(rawkit decode -)")
    return options


def number(what: str, factor: float = 1.0) -> Callable[[str], float]:
    """Return a reader of numbers above 0, perhaps with a unit: ``100``, ``2.5k``, ``1M``.

    Args:
        what: what to call it where it is none.
        factor: what it is multiplied with.
    """

    def convert(word: str) -> float:
        unit = FACTORS.get(word[-1:], 1.0)
        digits = word[:-1] if unit > 1 else word
        try:
            found = float(digits) * unit * factor
        except ValueError:
            found = 0.0
        if not 0 < found < float("inf"):
            raise UsageError(f"bad {what}: {word} (as 0.5, 100, 2.5k, 1M)")
        return found

    return convert


def pairs(name: str, take: Callable[[ReplayOptions, str, str], None]) -> Option[ReplayOptions]:
    """Return what takes ``OLD=NEW``, several with commas between."""

    def apply(options: ReplayOptions, word: str) -> None:
        for pair in word.split(","):
            old, sign, new = pair.partition("=")
            if not (old and sign and new):
                raise UsageError(f"bad {name}: {pair} (OLD=NEW)")
            take(options, old.strip(), new.strip())

    letter = {"address": "N", "port": "r"}.get(name, "")
    return Option(letter, name, "OLD=NEW", apply, ABOUT[name])


ABOUT = {
    "address": "what addresses, ranges and networks become: 10.0.0.0/24=192.0.2.0/24",
    "port": "what a port becomes, on either side: 80=8080",
    "mac": "what a hardware address becomes, wherever it stands",
}


def _address(options: ReplayOptions, old: str, new: str) -> None:
    options.addresses[old] = new


def _mac(options: ReplayOptions, old: str, new: str) -> None:
    options.macs[old] = new


def _port(options: ReplayOptions, old: str, new: str) -> None:
    convert = integer(0, PORTS)
    options.ports[convert(old)] = convert(new)


def _as_it_is(options: ReplayOptions, _: str) -> None:
    options.fix = False


TABLE: Table[ReplayOptions] = Table(
    "replay",
    (
        Option("f", "fragment", "", switch("fragment"), "fragment what is still too long"),
        Option("h", "help", "", switch("help"), "show this help"),
        Option("i", "interface", "NAME", value("interface", text), "where frames leave"),
        Option("l", "loop", "N", value("loops", integer(1, MOST)), "how often all of it (1)"),
        Option("L", "limit", "N", value("limit", integer(1, MOST)), "packets of FILE at most"),
        Option("M", "mbps", "RATE", value("bits", number("rate", MEGA)),
               "so many megabits a second"),
        Option("n", "dry-run", "", switch("dry_run"),
               "send nothing: say what would be, with -w write it"),
        pairs("address", _address),
        Option("p", "pps", "RATE", value("rate", number("rate")),
               "so many packets a second, as 100, 2.5k, 1M"),
        Option("q", "quiet", "", switch("quiet"), "say nothing but errors"),
        pairs("port", _port),
        Option("t", "topspeed", "", switch("top"), "as fast as possible"),
        Option("v", "verbose", "", switch("verbose"), "show each packet as it leaves"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("w", "write", "FILE", value("file", text), "write what was sent to FILE"),
        Option("x", "multiplier", "FACTOR", value("speed", number("factor")),
               "so many times as fast as it was captured (1)"),
        Option("", "dst-mac", "MAC", value("dst_mac", text), "what each frame is for"),
        Option("", "layer", "LAYER", choice("layer", "bad layer", "auto", "frame", "ip"),
               "frame: frames alone; ip: what is in them, by the routes (auto)"),
        Option("", "longest-pause", "TIME",
               value("longest", seconds("bad pause", LONGEST)), "cut pauses short"),
        pairs("mac", _mac),
        Option("", "mss", "N", value("mss", integer(1, 65_535)),
               "octets of data in a segment of TCP at most (as in the handshake)"),
        Option("", "mtu", "N", value("mtu", integer(68, 65_535)), "of the link (as it is)"),
        Option("", "no-fix", "", _as_it_is,
               "leave super-packets and unfinished checksums as they are"),
        Option("", "src-mac", "MAC", value("src_mac", text), "what each frame is from"),
        Option("", "truncated", "HOW", choice("truncated", "bad choice", "skip", "pad", "send"),
               "what becomes of packets that were cut short (skip)"),
        Option("", "udp-segment", "N", value("udp_segment", integer(1, 65_535)),
               "octets of data to which longer datagrams are cut"),
        Option("", "untag", "", switch("untag"), "take VLAN tags away"),
        Option("", "vlan", "ID", value("vlan", integer(0, 4095)), "put a VLAN tag on each frame"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
    ),
    {"intf1": "interface", "enet-dmac": "dst-mac", "enet-smac": "src-mac"},
)  # fmt: skip
