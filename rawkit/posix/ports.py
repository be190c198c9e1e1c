"""Ports: numbers and names of services, and what the ranges mean (RFC 6335)."""

import socket
from typing import NamedTuple

from rawkit.errors import UsageError
from rawkit.host import sysctl

MOST = 0xFFFF
SERVICES = "/etc/services"
UNPRIVILEGED = "net.ipv4.ip_unprivileged_port_start"
EPHEMERAL = "net.ipv4.ip_local_port_range"


class Range(NamedTuple):
    """A range of ports (RFC 6335 §6)."""

    name: str
    first: int
    last: int
    about: str


RANGES = (
    Range("well-known", 0, 1023, "the system ports of the classic services"),
    Range("registered", 1024, 49_151, "user ports: written down for a service, free to use"),
    Range("dynamic", 49_152, MOST, "private ports: for nobody in particular, never registered"),
)


def parse(word: str, protocol: str = "tcp") -> int:
    """Return the port that a number or the name of a service stands for.

    Args:
        word: ``80`` or ``http``; numbers are decimal, without sign and leading zeros.
        protocol: ``"tcp"`` or ``"udp"``: whose table of services.

    Raises:
        UsageError: it is no port; the message says why.
    """
    if word.isascii() and word.isdecimal():
        if len(word) > 1 and word.startswith("0"):
            raise UsageError(f"port {word}: a number without leading zeros")
        if len(word) > 5 or int(word) > MOST:
            raise UsageError(f"port {word} is not in 0 to {MOST}")
        return int(word)
    if not word:
        raise UsageError("no port behind the last colon")
    if word.lstrip("+-").isdecimal():
        raise UsageError(f"port {word!r}: decimal digits, 0 to {MOST}")
    try:
        return socket.getservbyname(word, protocol)
    except (OSError, UnicodeError, ValueError):
        raise UsageError(_unknown(word, protocol)) from None


def service(port: int, protocol: str = "tcp") -> str | None:
    """Return the name of the service that has a port, by the system's table."""
    try:
        return socket.getservbyport(port, protocol)
    except OSError:
        return None


def range_of(port: int) -> Range:
    """Return the range that a port lies in."""
    return next(one for one in RANGES if one.first <= port <= one.last)


def explain(port: int, protocol: str = "tcp") -> str:
    """Return in words what a port is: its service, its range, who may bind it here."""
    if port == 0:
        return "0: to bind it asks the kernel for any free port; nobody can connect to it"
    found = range_of(port)
    name = service(port, protocol)
    words = [f"{port} ({name})" if name else f"{port}"]
    words.append(f"{found.name} ({found.first} to {found.last})")
    if (low := sysctl.numbers(UNPRIVILEGED)) is not None:
        free = "anybody may bind it" if port >= low[0] else "to bind it takes CAP_NET_BIND_SERVICE"
        words.append(f"{free} ({UNPRIVILEGED} is {low[0]})")
    chosen = sysctl.numbers(EPHEMERAL)
    if chosen is not None and chosen[0] <= port <= chosen[1]:
        words.append(
            f"the kernel gives it to clients, too ({EPHEMERAL} is {chosen[0]} {chosen[1]})"
        )
    return ", ".join(words)


def _unknown(word: str, protocol: str) -> str:
    from difflib import get_close_matches

    other = "udp" if protocol == "tcp" else "tcp"
    try:
        number = socket.getservbyname(word, other)
    except (OSError, UnicodeError, ValueError):
        pass
    else:
        return f"service {word!r} is one of {other} only, at port {number}: say the number"
    close = get_close_matches(word, _services(protocol), n=1)
    way_out = f"did you mean {close[0]!r}?" if close else f"a number, or a name in {SERVICES}"
    return f"no service {word!r} of {protocol} ({way_out})"


def _services(protocol: str) -> list[str]:
    """Return the names in the system's table, as far as it is a file."""
    try:
        with open(SERVICES, encoding="utf-8", errors="replace") as file:
            lines = [line.partition("#")[0].split() for line in file]
    except OSError:
        return []
    found = [words for words in lines if len(words) > 1 and words[1].endswith(f"/{protocol}")]
    return [name for name, _, *aliases in found for name in (name, *aliases)]
