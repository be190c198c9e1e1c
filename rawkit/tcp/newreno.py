"""Congestion control as of old: slow start, then one segment more a round trip (RFC 5681).

The name is that of the recovery it is used with (RFC 6582).
"""

UNLIMITED = 1 << 40
"""The first threshold: arbitrarily high (RFC 5681 §3.1)."""
BURST = 8
"""Segments by which one acknowledgment may raise the window in slow start (RFC 3465 §2.3)."""


class NewReno:
    """Additive increase, multiplicative decrease by a half."""

    __slots__ = ("_credit", "_saved", "burst", "mss", "threshold", "window")

    FACTOR = 0.5
    """What is left of the window after a loss."""

    def __init__(self, mss: int, initial_window: int) -> None:
        self.mss = mss
        self.window = initial_window
        self.threshold = UNLIMITED
        self.burst = BURST * mss
        self._credit = 0.0
        """Octets acknowledged, or grown by, that are no whole step yet."""
        self._saved: tuple[int, int] | None = None

    def acknowledged(self, now: float, octets: int, srtt: float) -> None:
        if self.window < self.threshold:
            room = min(octets, self.burst, self.threshold - self.window)
            self.window += room
            return
        self._grow(now, octets, srtt)

    def unused(self, now: float) -> None:
        """Nothing here depends on time."""

    def lost(self, now: float, in_flight: int) -> None:
        self._saved = self.window, self.threshold
        self.threshold = self._reduced(in_flight)
        self._credit = 0.0

    def timed_out(self, now: float, in_flight: int, again: bool) -> None:
        if not again:
            self.lost(now, in_flight)
        self.window = self.mss
        self._credit = 0.0

    def undo(self, now: float) -> None:
        if self._saved is not None:
            window, threshold = self._saved
            self.window = max(self.window, window)
            self.threshold = max(self.threshold, threshold)
            self._saved = None

    def restart(self, now: float, initial: int) -> None:
        # What the window was is still worth something: RFC 2861 §3.
        self.threshold = max(self.threshold, self.window * 3 // 4)
        self.window = min(self.window, initial)

    def resized(self, mss: int) -> None:
        self.window = max(self.window, mss)
        self.mss = mss
        self.burst = max(self.burst, BURST * mss)

    def _reduced(self, in_flight: int) -> int:
        return max(int(in_flight * self.FACTOR), 2 * self.mss)

    def _grow(self, now: float, octets: int, srtt: float) -> None:
        """Add one segment for each window that is acknowledged (RFC 3465 §2.1)."""
        self._credit += octets
        if self._credit >= self.window:
            self._credit -= self.window
            self.window += self.mss
