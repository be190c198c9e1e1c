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
    "nagle": "two small writes, and a wait of 40 ms that nobody asked for",
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
