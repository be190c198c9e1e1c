"""Services that speak first: chargen (RFC 864), qotd (RFC 865), daytime (RFC 867), time (RFC 868).

All but chargen say one thing and hang up. As a datagram, whatever is in it, each asks for one
answer.
"""

import os
from collections.abc import Callable
from itertools import count
from time import gmtime, strftime
from time import time as clock

from rawkit.errors import UsageError
from rawkit.posix.service import Client, Conversation, Offer, Sender

LINE = 72
"""Letters of a line of chargen."""
PRINTABLE = bytes(range(0x20, 0x7F))
LONGEST_QUOTE = 512
"""Octets, the end of the line included (RFC 865)."""
SINCE_1900 = 2_208_988_800
"""Seconds from 1900, where RFC 868 begins to count, to 1970."""

QUOTES = (
    "Be liberal in what you accept, and conservative in what you send. -- RFC 1122",
    "It is always possible to add another level of indirection. -- RFC 1925",
    "With sufficient thrust, pigs fly just fine. -- RFC 1925",
    "It has to work. -- RFC 1925",
)


def lines() -> bytes:
    """Return the pattern up to where it begins anew: 95 lines of 72 letters and CR LF."""
    twice = PRINTABLE * 2
    return b"".join(twice[at : at + LINE] + b"\r\n" for at in range(len(PRINTABLE)))


PATTERN = lines()


class Generator(Conversation):
    """Characters without end, as fast as the client reads."""

    def begin(self) -> bytes:
        return PATTERN

    def end(self) -> bytes:
        self.over = True
        return b""

    def more(self) -> bytes:
        return PATTERN


class Announcement(Conversation):
    """One thing is said, and that is all."""

    def __init__(self, text: Callable[[], bytes]) -> None:
        self._text = text

    def begin(self) -> bytes:
        self.over = True
        return self._text()


def daytime_now() -> bytes:
    """Return the date in words, in a form that RFC 867 suggests."""
    return strftime("%A, %B %d, %Y %H:%M:%S-UTC\r\n", gmtime()).encode("ascii", "replace")


def time_now() -> bytes:
    """Return the seconds since 1900, in 32 bits: they begin anew in 2036."""
    return ((int(clock()) + SINCE_1900) & 0xFFFF_FFFF).to_bytes(4)


def quoting(path: str) -> Offer:
    """Return the service that says the quotations in a file in turn, as fortune(6) has them.

    Raises:
        OSError: the file cannot be read.
        UsageError: there is nothing in it.
    """
    with open(path, "rb") as file:
        found = [one.strip() for one in file.read().split(b"\n%\n")]
    quotes = tuple(_lined(one) for one in found if one)
    if not quotes:
        raise UsageError(f"{os.fsdecode(path)}: no quotation in it")
    return _quoting(quotes)


def _quoting(quotes: tuple[bytes, ...]) -> Offer:
    turn = count()
    return _announcing(
        "qotd", "says a quotation", "RFC 865", lambda: quotes[next(turn) % len(quotes)]
    )


def _lined(quote: bytes) -> bytes:
    """Return a quotation with the line ends of the network, cut to what the RFC allows."""
    text = b"\r\n".join(quote.splitlines())
    return text[: LONGEST_QUOTE - 2] + b"\r\n"


def _announcing(name: str, about: str, source: str, text: Callable[[], bytes]) -> Offer:
    def begin(_: Client) -> Conversation:
        return Announcement(text)

    def answer(_: bytes, __: Sender) -> bytes:
        return text()

    return Offer(name, about, source, None, begin, answer, lends_itself=True)


def _generate(_: Client) -> Conversation:
    return Generator()


def _as_long(data: bytes, _: Sender) -> bytes:
    """Answer as long as the question; RFC 864 says 0 to 512 octets at random."""
    return PATTERN[: len(data)]


chargen = Offer("chargen", "says characters without end", "RFC 864", None, _generate, _as_long)
daytime = _announcing("daytime", "says the date in words", "RFC 867", daytime_now)
time = _announcing("time", "says the seconds since 1900, in 4 octets", "RFC 868", time_now)
qotd = _quoting(tuple(_lined(one.encode()) for one in QUOTES))
