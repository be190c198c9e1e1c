"""How long a trace takes where two of the routers never answer."""

from contextlib import nullcontext

from scripts.benches import tracing
from scripts.benches.result import Result

REPEAT = tracing.REPEAT
SILENT = (5, 9)


def measure(repeat: int) -> Result:
    """Trace in turns, past routers that forward and say nothing."""
    with tracing.line(SILENT, tracing.UNLIMITED) as net:
        about = f"{' and '.join(map(str, SILENT))} silent"
        return tracing.measure("silent", about, lambda _: nullcontext(net.first), repeat, SILENT)
