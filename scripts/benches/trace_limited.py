"""How long a trace takes where routers answer as seldom as Linux does by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from rawkit.lab import Node
from scripts.benches import tracing
from scripts.benches.result import Result
from scripts.benches.running import Command

REPEAT = tracing.REPEAT


def measure(repeat: int) -> Result:
    """Trace in turns, each time along fresh routers that nobody has asked yet."""
    about = "fresh for each trace, with Linux's own limit to their answers"
    return tracing.measure("limited", about, _fresh, repeat)


@contextmanager
def _fresh(_: Command) -> Iterator[Node]:
    with tracing.line() as net:
        yield net.first
