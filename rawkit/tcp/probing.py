"""Tail loss probes (RFC 8985 §7): when nothing comes back, send something early.

If the last segments of a flight are lost, no later one tells of it, and without a probe only the
retransmission timer would help, with a collapsed window.
"""

from rawkit.tcp.block import Block
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.timers import OFF

DELAYED_ACK = 0.2
"""How long the other side may keep back the acknowledgment of a single segment."""
SHORTEST = 0.002
"""Seconds: a program wakes up no more exactly than this."""
UNMEASURED = 1.0


def schedule_probe(b: Block, now: float) -> None:
    """Set the probe timer anew (§7.2)."""
    if not can_probe(b):
        b.timers.probe = OFF
        return
    srtt = b.rto.srtt
    if srtt is None:
        wait = UNMEASURED
    else:
        wait = max(2 * srtt, SHORTEST)
        if b.in_pipe <= b.mss:
            wait += DELAYED_ACK
    b.timers.probe = min(now + wait, b.timers.retransmit)


def can_probe(b: Block) -> bool:
    """Tell whether a lost tail would go unnoticed."""
    return (
        b.rack_used
        and bool(b.flight)
        and b.recovery.phase is Phase.OPEN
        and b.recovery.probe_end is None
        and not b.flight.sacked
        and not b.flight.lost
    )


def probe_answered(b: Block, now: float, ack: int, plain_duplicate: bool, reported: bool) -> None:
    """Find out from an acknowledgment what became of a probe (§7.4.2).

    Args:
        b: the connection.
        now: seconds.
        ack: its number.
        plain_duplicate: whether it is a duplicate without SACK blocks.
        reported: whether it says that the probe came twice.
    """
    recovery = b.recovery
    end = recovery.probe_end
    if end is None or ack < end:
        return
    if not recovery.probe_again or reported or plain_duplicate:
        recovery.probe_end = None  # nothing had been lost
    elif ack > end:
        recovery.probe_end = None
        if recovery.phase is Phase.OPEN:
            b.say("the probe made up for a loss: the window is reduced (RFC 8985 §7.4)")
            b.congestion.lost(now, b.in_pipe)
            b.congestion.window = min(b.congestion.window, b.congestion.threshold)
