"""What the discovery of all paths sends, and when it is content."""

import math

from rawkit.engine.trace_settings import TraceSettings
from rawkit.errors import UsageError
from rawkit.record import record


@record(kw_only=True)
class MultipathSettings(TraceSettings):
    """What to send, how sure to be, and how long to wait.

    Of a trace's settings, ``queries``, ``rounds``, ``interval`` and ``keep_rows`` mean nothing
    here: how many probes there are follows from the answers.
    """

    parallel: int = 64
    wait: float = 2.0
    confidence: float = 0.95
    """Chance of finding all next hops of a router that uses them evenly, 0.5 to 0.9999."""
    attempts: int = 3
    """Probes of a flow to a hop where nobody answers, before silence is believed."""
    gap: int = 5
    """Silent hops in a row after which the path is followed no further."""
    max_flows: int = 2048
    max_probes: int = 30_000
    deadline: float = 60.0
    """Seconds after which it ends with what is known."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        TraceSettings.__post_init__(self)
        if self.flow == "classic":
            raise UsageError("flow is 'classic', where each probe is its own flow: paris or dublin")
        for name, low, high in (
            ("confidence", 0.5, 0.9999),
            ("attempts", 1, 10),
            ("gap", 1, 30),
            ("max_flows", 1, 30_000),
            ("max_probes", 1, 30_000),
            ("deadline", 0, math.inf),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                bounds = f"at least {low}" if high == math.inf else f"{low} to {high}"
                raise UsageError(f"{name.replace('_', ' ')} is {value}, not {bounds}")
