"""What ``rawkit errno`` prints."""

import os
from collections.abc import Iterable, Iterator

from rawkit.cli.columns import beside, rows
from rawkit.errnos.icmp import TABLE, Situation, Told
from rawkit.errnos.meaning import Meaning
from rawkit.errnos.resolver import EVERY, ResolverError
from rawkit.errnos.table import name_of
from rawkit.wire import icmp, icmpv6
from rawkit.wire.quote import says
from rawkit.wire.quote_ipv6 import says_ipv6

COLUMN = 27
"""Where the clauses begin."""
NAMES = {4: "ICMP", 6: "ICMPv6"}
SITUATIONS = {
    Situation.UDP: "udp, connected",
    Situation.UDP_RECVERR: "udp, IP_RECVERR",
    Situation.TCP_CONNECTING: "tcp, connecting",
    Situation.TCP_CONNECTED: "tcp, connected",
}
GOES_ON = (
    "A TCP connection goes on whatever comes. SO_ERROR tells such an errno once, and should the"
    " connection time out, it is the one that comes. UDP sockets that are not connected hear"
    " nothing without IP_RECVERR."
)
MORE_WORDS: dict[tuple[int, int, int | None], str] = {
    (4, 3, None): "Destination Unreachable, any other code",
    (4, 5, None): "Redirect",
    (6, 1, 5): "Destination unreachable: Source address against the policy",
    (6, 1, 6): "Destination unreachable: Route rejects",
    (6, 1, None): "Destination unreachable: any other code",
    (6, 137, None): "Redirect",
    (6, 137, 0): "Redirect",
}
"""For what ping(8) has no words."""


def overview(meanings: Iterable[Meaning]) -> Iterator[str]:
    """Yield a line for each errno, with the calls that give it, and one for each error of names."""
    calls: dict[int, dict[str, None]] = {}
    for one in meanings:
        calls.setdefault(one.number, {})[one.call] = None
    for told in TABLE:
        if told.number:
            calls.setdefault(told.number, {})["icmp"] = None
    yield from rows(
        (name_of(number), str(number), os.strerror(number), " ".join(calls[number]))
        for number in sorted(calls)
    )
    yield ""
    yield from rows((one.name, str(one.number), clause(one)) for one in EVERY)


def entry(number: int, meanings: Iterable[Meaning], errors: Iterable[Told]) -> Iterator[str]:
    """Yield what is known of an errno: each call, and the ICMP errors that become it."""
    yield f"{name_of(number)} ({number}): {os.strerror(number)}"
    for one in meanings:
        yield from _meaning(one.call, one)
    for told in errors:
        yield from beside(f"  {icmp_name(told)}", words_of(told), COLUMN)


def of_call(meanings: Iterable[Meaning], *, whole: bool) -> Iterator[str]:
    """Yield what is known of a call or of a kind of sockets.

    Args:
        meanings: what is known.
        whole: name the calls, too: there are several.
    """
    call = ""
    for one in meanings:
        if whole and one.call != call:
            yield one.call
        call = one.call
        yield from _meaning(name_of(one.number), one)


def resolver(one: ResolverError) -> Iterator[str]:
    """Yield what an error of the resolver means."""
    source = "getaddrinfo(3)" if one.name.startswith("EAI_") else "h_errno, gethostbyname(3)"
    yield f"{one.name} ({one.number}): {source}"
    yield from beside("  ", clause(one), 2)
    if one.way_out:
        yield from beside("  ", f"try: {one.way_out}", 2)


def clause(one: ResolverError) -> str:
    """Return why an error of the resolver comes, of no version of IP."""
    return one.says.format(family="")


def icmp_entry(told: Told, code: int) -> Iterator[str]:
    """Yield what becomes of an ICMP error in each situation."""
    yield f"{NAMES[told.version]} {told.type}/{code}: {words_of(told, code)}"
    for situation, words in SITUATIONS.items():
        number = told.errno_in(situation)
        found = f"{name_of(number)} ({os.strerror(number).lower()})" if number else "nothing"
        yield f"  {words:{COLUMN - 2}}{found}"


def icmp_table() -> Iterator[str]:
    """Yield the whole table of ICMP errors."""
    head = ("error", "says", "errno", "connected UDP", "IP_RECVERR", "TCP connecting")
    yield from rows((head, *map(_row, TABLE)))
    yield ""
    yield from beside("", GOES_ON, 0)


def icmp_name(told: Told) -> str:
    """Return how an ICMP error is called: ``ICMP 3/1``; ``ICMP 11/*``: every other code."""
    return f"{NAMES[told.version]} {told.type}/{'*' if told.code is None else told.code}"


def words_of(told: Told, code: int | None = None) -> str:
    """Return what an ICMP error says, in ping(8)'s words; without a code, what all have."""
    code = told.code if code is None else code
    if (told.version, told.type, code) in MORE_WORDS:
        return MORE_WORDS[told.version, told.type, code]
    message = (_icmp if told.version == 4 else _icmpv6)(told.type, code or 0)
    words = says(message) if told.version == 4 else says_ipv6(message)
    for value in ("(", " at ", ": mtu", ": pointer"):  # of a message that nobody sent
        words = words.partition(value)[0].rstrip()
    return words.partition(":")[0] if code is None else words


def _icmp(type_: int, code: int) -> icmp.Message:
    message, _ = icmp.parse(memoryview(bytes((type_, code)) + bytes(34)))
    return message


def _icmpv6(type_: int, code: int) -> icmpv6.Message:
    message, _ = icmpv6.parse(memoryview(bytes((type_, code)) + bytes(46)))
    return message


def _row(told: Told) -> tuple[str, ...]:
    reports = [
        "yes" if told.errno_in(situation) else "no"
        for situation in (Situation.UDP, Situation.UDP_RECVERR, Situation.TCP_CONNECTING)
    ]
    name = name_of(told.number) if told.number else "none"
    return (icmp_name(told), words_of(told), name, *reports)


def _meaning(label: str, one: Meaning) -> Iterator[str]:
    yield from beside(f"  {label:10} {' '.join(one.kinds)}", one.says, COLUMN)
    if one.way_out:
        yield from beside("", f"try: {one.way_out}", COLUMN)
