"""How long a trace waits for an answer: by what the others took (traceroute(8), ``-w``)."""

from rawkit.engine.trace_settings import TraceSettings

AT_LEAST = 0.010
"""Seconds: below this, a busy machine looks like a silent router."""
REMEMBERED = 8
"""Round trips of each hop that count."""


class Patience:
    """Learns from every answer how long the next one may take."""

    def __init__(self, settings: TraceSettings) -> None:
        self._settings = settings
        self._slowest: dict[int, float] = {}
        self._ordered: list[int] = []

    def took(self, ttl: int, rtt: float) -> None:
        """Note that an answer from this hop took so many seconds."""
        before = self._slowest.get(ttl)
        if before is None:
            self._ordered = sorted((*self._ordered, ttl))
        # A hop that has been slow once is given time for a while, and not for ever.
        self._slowest[ttl] = max(rtt, (before or 0.0) * (1 - 1 / REMEMBERED))

    def for_ttl(self, ttl: int) -> float:
        """Return for how many seconds a probe with this TTL is waited for.

        Waiting goes by the same hop if it has answered, or else by the nearest hop behind
        it, whose answers came past this one.
        """
        settings = self._settings
        if settings.here and ttl in self._slowest:
            return self._bounded(settings.here * self._slowest[ttl])
        if settings.near:
            for later in self._ordered:
                if later > ttl:
                    return self._bounded(settings.near * self._slowest[later])
        return settings.wait

    def _bounded(self, seconds: float) -> float:
        return min(self._settings.wait, max(AT_LEAST, seconds))
