"""Segments spread over the round trip instead of in bursts, if that is wanted."""

from rawkit.tcp.block import Block
from rawkit.tcp.timers import OFF

SLOW_START, AVOIDANCE = 2.0, 1.2
"""How many windows a round trip are sent: the window is to grow, and not to be waited for."""
AHEAD = 0.001
"""Seconds by which segments may leave early: no timer is more exact in Python."""


def rate(b: Block) -> float:
    """Return octets a second; 0 if nothing is known yet."""
    srtt = b.rto.srtt
    if not srtt:
        return 0.0
    gain = SLOW_START if b.congestion.window < b.congestion.threshold else AVOIDANCE
    return gain * b.congestion.window / srtt


def is_held_back(b: Block, now: float) -> bool:
    """Tell whether the next segment has to wait, and set the timer for it."""
    if not b.settings.pacing or b.pace_at - now <= AHEAD:
        b.timers.pace = OFF
        return False
    b.timers.pace = b.pace_at
    return True


def paced(b: Block, now: float, octets: int) -> None:
    """Note that so many octets leave."""
    if b.settings.pacing and (octets_a_second := rate(b)):
        b.pace_at = max(now, b.pace_at) + octets / octets_a_second
