"""How to load a server."""

import math

from rawkit.errors import UsageError
from rawkit.posix.options import Setting
from rawkit.record import record

MOST_CONNECTIONS = 1 << 20
LONGEST = 86_400.0
"""Seconds: no test goes on for ever."""
LARGEST = 1 << 26
"""Octets of a question."""


@record(kw_only=True)
class LoadSettings:
    """How to load a server. Times are seconds.

    Raises:
        UsageError: something makes no sense.
    """

    connections: int = 10
    """That many, each with one unanswered question at most."""
    duration: float = 10.0
    """How long to ask."""
    count: int | None = None
    """Questions at most; ``None``: as many as the time allows."""
    rate: float | None = None
    """Questions a second, whether or not those before are answered, as long as a connection is
    free; ``None``: each connection asks when it is answered."""
    size: int = 64
    """Octets of a question, and of the answer that it is to have."""
    each_its_own: bool = False
    """Connect for each question anew, and close when it is answered."""
    timeout: float = 5.0
    """How long to wait for a connection, and for an answer."""
    no_delay: bool = True
    """Whether small pieces leave at once (TCP_NODELAY)."""
    options: tuple[Setting, ...] = ()
    """Of the sockets, set before they connect."""

    def __post_init__(self) -> None:
        self._check("connections", self.connections, 1, MOST_CONNECTIONS)
        self._check("size", self.size, 1, LARGEST)
        if self.count is not None:
            self._check("count", self.count, 1, math.inf)
        if self.rate is not None and not 0 < self.rate <= 1e9:
            raise UsageError(f"rate is {self.rate}, not above 0 and up to 1e9 a second")
        for name in ("duration", "timeout"):
            if not 0 < (value := getattr(self, name)) <= LONGEST:
                raise UsageError(f"{name} is {value}, not above 0 and up to {LONGEST:g} s")

    @staticmethod
    def _check(name: str, value: int, low: int, high: float) -> None:
        if not low <= value <= high:
            raise UsageError(f"{name} is {value}, not from {low} to {high:g}")
