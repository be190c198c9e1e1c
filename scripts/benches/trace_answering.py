"""How long a trace takes where every router answers at once."""

from contextlib import nullcontext

from scripts.benches import tracing
from scripts.benches.result import Result

REPEAT = tracing.REPEAT


def measure(repeat: int) -> Result:
    """Trace in turns, along routers without a limit to their answers."""
    with tracing.line(sysctls=tracing.UNLIMITED) as net:
        about = "all answering"
        return tracing.measure("answering", about, lambda _: nullcontext(net.first), repeat)
