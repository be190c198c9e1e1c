"""Acknowledgments that anybody can provoke are rare (RFC 5961 §7).

The limit is each connection's own: one for all would let a stranger who provokes some find
out about others by counting.
"""

from rawkit.record import record

MOST = 10
"""In one period."""
PERIOD = 5.0
"""Seconds."""


@record(frozen=False, eq=False)
class Limiter:
    """Allows so many a period."""

    _since: float = -PERIOD
    _count: int = 0

    def allows(self, now: float) -> bool:
        """Tell whether one more may be sent, and count it."""
        if now - self._since >= PERIOD:
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= MOST
