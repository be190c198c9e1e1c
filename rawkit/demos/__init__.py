"""Demonstrations: what sockets do that surprises, measured here and now, each in seconds.

Each is a module whose :data:`DEMO` says what is done, and does it on loopback or in a lab. It
is meant for a network of its own, as ``rawkit demo`` and :func:`rawkit.lab.enter` make one: some
change settings of the kernel in it.
"""

from typing import TYPE_CHECKING

from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.demos.outcome import Demo

DEMOS = {
    "messages": "a stream has no messages: what arrives of three sends",
    "half-close": "the end of one direction, and what close() does to an answer",
    "refused": "nobody at the other end: who is told, and by which call",
    "time-wait": "an address in use by nobody, and what SO_REUSEADDR is for",
    "backlog": "connections that nobody has accepted, and the first that hears nothing",
    "nagle": "two small writes, and a wait of 40 ms that nobody asked for",
    "udp-drop": "sends that succeed, and datagrams that nobody gets",
    "herd": "everybody wakes for one client, or always the same one",
    "reuseport": "several listeners on one port, and what is lost with one of them",
    "omission": "a server that stops, and a measurement that does not see it",
    "batching": "many datagrams in one call: where the time goes",
    "fastopen": "a question in the SYN saves a round trip, but not the first time",
    "rst-trap": "a handshake by hand, and the kernel that ends it",
    "mptcp": "multipath TCP, and how it falls back",
}
"""Each is ``rawkit/demos/NAME.py``, ``-`` being ``_``; in the order of a course."""


def load(name: str) -> "Demo":
    """Return a demonstration by its name.

    Raises:
        UsageError: there is none of that name.
    """
    from importlib import import_module

    if name not in DEMOS:
        raise UsageError(f"no demonstration {name!r}: {', '.join(DEMOS)}")
    demo: Demo = import_module(f"rawkit.demos.{name.replace('-', '_')}").DEMO
    return demo
