"""Tail loss probes (RFC 8985 §7): when nothing comes back, send something early.

If the last segments of a flight are lost, no later one tells of it, and without a probe only the
retransmission timer would help, with a collapsed window.

The RFC has one probe, and none while losses are made up for. Where round trips are much shorter
than the smallest timeout, that leaves long silences: the probe may be lost, or the last
retransmission, or what acknowledges them. So there are further probes until the timer runs out,
each after twice the time, as QUIC has them (RFC 9002 §6.2). They are the first segment that is
missing: whoever has it already says so at once (RFC 9293 §3.10.7.4), while new data may be
acknowledged late.
"""

from rawkit.tcp.block import Block
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.timers import OFF

DELAYED_ACK = 0.2
"""How long the other side may keep back the acknowledgment of a single segment."""
SHORTEST = 0.001
"""Seconds: a program wakes up no more exactly than this (RFC 9002 §6.1.2)."""
UNMEASURED = 1.0


def schedule_probe(b: Block, now: float) -> None:
    """Set the probe timer anew (§7.2)."""
    timers, srtt = b.timers, b.rto.srtt
    if not can_probe(b):
        timers.probe = OFF
    elif is_first_probe(b):
        wait = UNMEASURED if srtt is None else max(2 * srtt, SHORTEST)
        if srtt is not None and b.in_pipe <= b.mss:
            wait += DELAYED_ACK
        timers.probe = min(now + wait, timers.retransmit)
    else:
        wait = max(2 * (srtt or UNMEASURED), SHORTEST) * (1 << b.recovery.probes)
        timers.probe = now + wait if now + wait < timers.retransmit else OFF


def can_probe(b: Block) -> bool:
    """Tell whether a probe is of use: not after a timeout, which sends again by itself."""
    return b.rack_used and bool(b.flight) and b.recovery.phase is not Phase.LOSS


def is_first_probe(b: Block) -> bool:
    """Tell whether the next probe is the one of RFC 8985: nothing is known to be missing."""
    recovery, flight = b.recovery, b.flight
    return (
        recovery.phase is Phase.OPEN
        and recovery.probe_end is None
        and not (recovery.probes or flight.sacked or flight.lost)
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
