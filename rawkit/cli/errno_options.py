"""The options of ``rawkit errno``, and the words that it takes."""

from collections.abc import Sequence

from rawkit.cli.getopt import Option, Table, fill, switch, value
from rawkit.errnos import table
from rawkit.errnos.meaning import KINDS
from rawkit.errors import UsageError
from rawkit.record import record

ICMP = {"icmp": 4, "icmp4": 4, "icmp6": 6, "icmpv6": 6}


@record
class IcmpError:
    """A question about an ICMP error."""

    version: int
    type: int
    code: int


class ErrnoOptions:
    """What the command line asked for."""

    call: str | None = None
    kind: str | None = None
    icmp: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.words: list[str] = []


def parse(words: Sequence[str]) -> ErrnoOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = ErrnoOptions()
    if fill(TABLE, options, words, options.words):
        return options
    if options.icmp and (options.words or options.call or options.kind):
        raise UsageError("--icmp shows the whole table; of one error: rawkit errno icmp:3/1")
    return options


def icmp_error(word: str) -> IcmpError | None:
    """Return the ICMP error that a word asks about; ``None``: it asks about none.

    Raises:
        UsageError: its type and code are no octets.
    """
    name, colon, numbers = word.lower().partition(":")
    if not colon or name not in ICMP:
        return None
    type_, slash, code = numbers.partition("/")
    if not slash:
        raise UsageError(f"{word}: type and code, as in {name}:3/1")
    return IcmpError(ICMP[name], _octet(word, type_), _octet(word, code))


def _octet(word: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 3 or int(digits) > 0xFF:
        raise UsageError(f"{word}: {digits!r} is not in 0 to 255")
    return int(digits)


def _kind(word: str) -> str:
    if word not in KINDS:
        raise UsageError(f"no kind of socket {word!r}: one of {', '.join(KINDS)}")
    return word


TABLE: Table[ErrnoOptions] = Table(
    "errno",
    (
        Option("c", "call", "CALL", value("call", table.call_of), "only what this call gives"),
        Option("k", "kind", "KIND", value("kind", _kind), f"only of {', '.join(KINDS)} sockets"),
        Option("", "icmp", "", switch("icmp"), "which errno each ICMP error becomes"),
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)
