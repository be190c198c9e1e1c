"""What ``rawkit resolve-name`` prints."""

from collections.abc import Iterator, Sequence

from rawkit.cli.columns import beside
from rawkit.cli.resolve_name_run import Repeated, Surroundings
from rawkit.host.name_questions import TIMED_OUT, Answer
from rawkit.host.name_sources import NSSWITCH, RESOLV_CONF
from rawkit.host.names import Address

LABEL, TIME = 20, 10
"""Columns of a label, and of a time behind it."""
COLUMN = 2 + LABEL + TIME + 2
LABELS = {
    ("getaddrinfo", None): "getaddrinfo",
    ("getaddrinfo", 4): "getaddrinfo, IPv4",
    ("getaddrinfo", 6): "getaddrinfo, IPv6",
    ("gethostbyname", 4): "gethostbyname",
}


def answer(one: Answer) -> Iterator[str]:
    """Yield what is said to a question, and how long it took."""
    said = _list(one.addresses)
    if one.error:
        code = "" if one.error == TIMED_OUT else f" ({one.error})"
        said = f"none: {one.cause}{code}"
    yield from _timed(LABELS[one.question, one.version], one.took, said)


def rest(answers: Sequence[Answer], around: Surroundings) -> Iterator[str]:
    """Yield what follows from all answers: the canonical name, who said so, who is asked."""
    if canonical := answers[0].canonical:
        yield from _row("canonical name", canonical)
    if aliases := answers[-1].aliases:
        yield from _row("aliases", " ".join(aliases))
    if answers[0].addresses:
        yield from _row("said by", str(around.origin))
    read = NSSWITCH if around.services_were_read else f"as nothing is said in {NSSWITCH}"
    yield from _row("asked in this order", f"{' '.join(around.services)} ({read})")
    if around.asks_dns:
        yield from _row("name servers", f"{' '.join(around.servers)} ({RESOLV_CONF})")


def numeric(address: Address) -> str:
    """Return what is to be said of an address."""
    return f"{address}\n  an IPv{address.version} address and no name: nobody was asked"


def again(one: Repeated) -> Iterator[str]:
    """Yield what a repeated question cost."""
    said = _list(one.addresses) or f"none: {one.cause.partition(': ')[2]}"
    where = "asked"
    if one.age is not None and one.left is not None:
        where = f"remembered for {one.age:.1f} s, holds for {one.left:.1f} s more"
    yield from _timed(f"time {one.number}", one.took, f"{said}  {where}")


def _timed(label: str, took: float, text: str) -> Iterator[str]:
    time = f"{took * 1000:.3f} ms"
    yield from _row(f"{label:{LABEL}}{time:>{TIME}}", text)


def _row(label: str, text: str) -> Iterator[str]:
    yield from beside(f"  {label}", text, COLUMN)


def _list(addresses: Sequence[Address]) -> str:
    return ", ".join(map(str, addresses))
