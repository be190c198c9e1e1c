"""Congestion control whose window follows a cubic function of time (RFC 9438).

It grows fast far from the window at which something was lost, and slowly near it, whatever
the round trip. Where the old way would have grown more, it does as that did.
"""

from rawkit.tcp.newreno import NewReno

C = 0.4
"""Of the cubic function, in segments a second to the third."""


class Cubic(NewReno):
    """CUBIC. Inside, windows are in segments, as in the RFC."""

    __slots__ = ("_epoch", "_k", "_seen", "_w_est", "_w_max", "_was")

    FACTOR = 0.7
    """β (RFC 9438 §4.6)."""
    ALPHA = 3 * (1 - FACTOR) / (1 + FACTOR)
    """Segments a round trip with which the old way, with this β, is as fast as with its own."""

    def __init__(self, mss: int, initial_window: int) -> None:
        NewReno.__init__(self, mss, initial_window)
        self._w_max = 0.0
        self._k = 0.0
        self._w_est = 0.0
        self._epoch: float | None = None
        """When this time of congestion avoidance began."""
        self._seen = 0.0
        self._was: tuple[float, float, float | None] = (0.0, 0.0, None)

    def unused(self, now: float) -> None:
        if self._epoch is not None:
            self._epoch += now - self._seen  # the window does not grow while nobody uses it
        self._seen = now

    def lost(self, now: float, in_flight: int) -> None:
        self._was = self._w_max, self._k, self._epoch
        NewReno.lost(self, now, in_flight)
        window = self.window / self.mss
        # Fast convergence: who loses before the last peak leaves room to others (§4.7).
        self._w_max = window * (1 + self.FACTOR) / 2 if window < self._w_max else window
        self._epoch = None

    def timed_out(self, now: float, in_flight: int, again: bool) -> None:
        NewReno.timed_out(self, now, in_flight, again)
        self._epoch = None

    def undo(self, now: float) -> None:
        if self._saved is not None:
            self._w_max, self._k, self._epoch = self._was
            self._seen = now
        NewReno.undo(self, now)

    def restart(self, now: float, initial: int) -> None:
        NewReno.restart(self, now, initial)
        self._epoch = None

    def _grow(self, now: float, octets: int, srtt: float) -> None:
        window, acked = self.window / self.mss, octets / self.mss
        self._seen = now
        if self._epoch is None:
            self._begin(now, window)
        past = now - (self._epoch or now)
        self._w_est += self.ALPHA * acked / window
        if C * (past - self._k) ** 3 + self._w_max < self._w_est:
            step = max(0.0, self._w_est - window)  # the old way is ahead: §4.3
        else:
            target = C * (past + srtt - self._k) ** 3 + self._w_max
            step = (min(max(target, window), 1.5 * window) - window) / window * acked
        self._credit += step * self.mss
        whole = int(self._credit)
        self.window += whole
        self._credit -= whole

    def _begin(self, now: float, window: float) -> None:
        """Begin a time of congestion avoidance (§4.2, §4.10)."""
        self._epoch = now
        if window < self._w_max:
            self._k = ((self._w_max - window) / C) ** (1 / 3)
        else:
            self._k, self._w_max = 0.0, window
        self._w_est = window
