"""Congestion control: what every algorithm has, and how one is chosen by its name.

What is lost, and when the window is to be reduced, is decided elsewhere
(:mod:`rawkit.tcp.recovery`); an algorithm says by how much, and how the window grows again.
"""

from collections.abc import Callable
from typing import Protocol

from rawkit.errors import UsageError
from rawkit.tcp.cubic import Cubic
from rawkit.tcp.newreno import NewReno


class Congestion(Protocol):
    """An algorithm for one connection. Sizes are octets."""

    mss: int
    window: int
    """How much may be in the network."""
    threshold: int
    """Below this the window grows exponentially (ssthresh)."""

    def acknowledged(self, now: float, octets: int, srtt: float) -> None:
        """Let the window grow: so much was acknowledged, and the window was in use."""
        ...

    def unused(self, now: float) -> None:
        """Note that the window was not the limit: time passes without effect."""
        ...

    def lost(self, now: float, in_flight: int) -> None:
        """Reduce the threshold after a loss or a mark; the window follows bit by bit."""
        ...

    def timed_out(self, now: float, in_flight: int, again: bool) -> None:
        """Begin anew with one segment.

        Args:
            now: seconds.
            in_flight: octets.
            again: this happens within a time of loss for which the threshold was reduced.
        """
        ...

    def undo(self, now: float) -> None:
        """Take back the last reduction: nothing was lost."""
        ...

    def restart(self, now: float, initial: int) -> None:
        """Begin again after an idle time: what was known of the path is old (RFC 5681 §4.1)."""
        ...

    def resized(self, mss: int) -> None:
        """Take another segment size."""
        ...


Algorithm = Callable[[int, int], Congestion]
"""Makes one from the segment size and the initial window."""

ALGORITHMS: dict[str, Algorithm] = {"cubic": Cubic, "newreno": NewReno}
"""By name. A name of one's own may be added."""


def congestion_control(name: str, mss: int, initial_window: int) -> Congestion:
    """Return a new instance of an algorithm.

    Args:
        name: a key of :data:`ALGORITHMS`.
        mss: octets of a full-sized segment.
        initial_window: octets.

    Raises:
        UsageError: there is no such algorithm.
    """
    algorithm = ALGORITHMS.get(name)
    if algorithm is None:
        known = ", ".join(sorted(ALGORITHMS))
        raise UsageError(f"congestion control {name!r} is unknown (try: {known})")
    return algorithm(mss, initial_window)


def initial_window(mss: int, segments: int) -> int:
    """Return the initial window in octets (RFC 6928 §2: of 10 segments, 14600 octets)."""
    return min(segments * mss, max(2 * mss, segments * 1460))
