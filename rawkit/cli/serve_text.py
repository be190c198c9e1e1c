"""What ``rawkit serve`` prints."""

from collections.abc import Iterator
from importlib import import_module
from textwrap import wrap
from typing import TYPE_CHECKING

from rawkit.posix.serving.counts import Stats

if TYPE_CHECKING:
    from rawkit.posix.serve import Server
    from rawkit.posix.serving.shift import Closed

WIDTH = 78
REASONS = {
    "done": "done",
    "served": "hung up by the service",
    "reset": "gone in the middle",
    "idle": "idle for too long",
    "lifetime": "open for too long",
    "aborted": "cut as the server stopped",
    "failed": "failed in the service",
    "too_long": "hung up on for too long a message",
    "dropped": "dropped",
    "error": "ended by an error of the system",
}
"""By the reason of a connection's end: what is said of it, or of several."""
DATAGRAMS = {
    "truncated": "too long to be answered",
    "nameless": "of nobody who could be answered",
    "unsafe": "from a port of servers",
    "withheld": "whose answer would be longer",
    "undelivered": "whose answer could not be sent",
    "failures": "failed in the service",
    "overflowed": "dropped by the kernel as it came too fast",
}


def beginning(service: str, server: "Server") -> Iterator[str]:
    """Yield where it is, and what is not as it was asked for."""
    for listener, address in zip(server.listeners, server.addresses, strict=True):
        families = f" ({listener.families})" if listener.families else ""
        yield f"{service} at {address}{families}, model {server.model}"


def closed(event: "Closed") -> str:
    """Return a line on a connection that has ended."""
    who = str(event.client or "a client without a name")
    if event.credentials is not None:
        pid, uid, gid = event.credentials
        who += f" (pid {pid}, uid {uid}, gid {gid})"
    error = f": {event.error}" if event.error else ""
    octets = f"{event.received} octets received, {event.sent} sent"
    return f"{who}: {REASONS[event.reason]}{error}; {octets}, {event.seconds:.3f} s"


def ending(service: str, stats: Stats, *, is_datagram: bool) -> Iterator[str]:
    """Yield what was counted."""
    yield f"--- {service} ---"
    octets = f"{stats.received} octets received, {stats.sent} sent"
    if is_datagram:
        yield f"{_number(stats.datagrams, 'datagram')}, {stats.answered} answered, {octets}"
        yield from _counts(stats, DATAGRAMS)
        return
    yield f"{_number(stats.accepted, 'connection')}, {octets}"
    for reason, number in stats.closed.items():
        yield f"  {number} {REASONS[reason]}"
    if stats.open > 0:
        yield f"  {stats.open} cut while the service did not return"
    if stats.full:
        yield f"  {stats.full} more hung up on: as many as there may be"
    if stats.descriptors:
        yield f"  {stats.descriptors} times nothing left to take one with: descriptors or memory"
    if stats.accept_errors:
        yield f"  {stats.accept_errors} gone before they were taken"
    for number, worker in enumerate(stats.workers, start=1):
        mine = sum(worker.closed.values())
        yield f"  worker {number}: {_number(mine, 'connection')}, {worker.received} octets received"


def _counts(stats: Stats, words: dict[str, str]) -> Iterator[str]:
    for name, said in words.items():
        if number := getattr(stats, name):
            yield f"  {number} {said}"


def explanation(model: str) -> Iterator[str]:
    """Yield what a model is good for."""
    from rawkit.posix.models import DEFAULT, FILES, Notes

    module = FILES[model]
    notes: Notes = import_module(f"rawkit.posix.models.{module}").NOTES
    yield from _paragraph(f"{model}: {notes.about}{' (the default)' * (model == DEFAULT)}", "")
    for name, text in (
        ("blocks in", notes.blocks),
        ("a slow client", notes.slow_client),
        ("a connection", notes.cost),
        ("history", notes.history),
        ("to read", f"rawkit/posix/models/{module}.py"),
    ):
        if text:
            yield from _paragraph(text, f"  {name}:")


def catalogue() -> Iterator[str]:
    """Yield services, models and faults."""
    from rawkit.posix.models import ABOUT
    from rawkit.posix.services import ARGUMENTS, SERVICES
    from rawkit.posix.serving.mischief import FORMS

    yield "Services:"
    for name, offer in SERVICES.items():
        source = f" ({offer.source})" if offer.source else ""
        yield f"  {name:20} {offer.about}{source}"
    for name, (argument, _, about) in ARGUMENTS.items():
        yield f"  {name + '=' + argument:20} {about}"
    yield "Models (rawkit serve --explain MODEL):"
    for name, about in ABOUT.items():
        yield f"  {name:20} {about}"
    yield "Faults, committed on purpose (--fault):"
    for form in FORMS.values():
        name, _, about = form.partition(": ")
        yield f"  {name:20} {about}" if about else f"  {name}"


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _paragraph(text: str, name: str) -> Iterator[str]:
    """Yield lines of a text beside its name."""
    indent = 17 if name else 0
    first, *others = wrap(text, WIDTH - indent)
    yield f"{name:{indent}}{first}"
    for line in others:
        yield f"{'':{indent or 2}}{line}"
