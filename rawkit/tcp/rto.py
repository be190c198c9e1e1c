"""How long to wait for an acknowledgment (RFC 6298), from round trips that were measured."""

from rawkit.record import record

GRANULARITY = 0.001
"""G: the variance counts for this much at least."""
AFTER_SYN_LOSS = 3.0
"""What the timeout becomes when a SYN had to be sent again (RFC 6298 §5.7)."""
MIN_RTT_LASTS = 300.0
"""Seconds after which a smallest round trip is forgotten: paths change (RFC 8985 §6.2)."""


@record(frozen=False, eq=False)
class Estimator:
    """The smoothed round trip, its variation, and the timeout that follows."""

    rto: float
    """Seconds, not yet backed off."""
    floor: float
    ceiling: float
    srtt: float | None = None
    rttvar: float = 0.0
    backoff: int = 0
    """How often the timeout was doubled."""
    min_rtt: float | None = None
    """The smallest of the last five minutes."""
    _min_at: float = 0.0

    def sample(self, rtt: float, now: float, per_round: int = 1) -> None:
        """Take one measurement.

        Args:
            rtt: seconds.
            now: seconds.
            per_round: samples that are expected in one round trip: each counts for less
                when there are many (RFC 7323 App. G).
        """
        if self.srtt is None:
            self.srtt, self.rttvar = rtt, rtt / 2
        else:
            self.rttvar += (abs(self.srtt - rtt) - self.rttvar) / (4 * per_round)
            self.srtt += (rtt - self.srtt) / (8 * per_round)
        wait = self.srtt + max(GRANULARITY, 4 * self.rttvar)
        self.rto = min(max(wait, self.floor), self.ceiling)
        self.backoff = 0

    def smallest(self, rtt: float, now: float) -> None:
        """Take a measurement without delay at the other side, for the minimum alone."""
        if self.min_rtt is None or rtt <= self.min_rtt or now - self._min_at > MIN_RTT_LASTS:
            self.min_rtt, self._min_at = rtt, now

    def timeout(self) -> float:
        """Return the timeout, doubled as often as it has run out."""
        if not self.backoff:
            return self.rto
        return min(self.rto * (1 << min(self.backoff, 32)), self.ceiling)
