"""Time passes (RFC 9293 §3.10.8): what is to be done when a timer has run out."""

from rawkit.tcp.block import Block
from rawkit.tcp.emit import acknowledge, emit, emit_reset
from rawkit.tcp.events import Ending, Stalled
from rawkit.tcp.mtu import fell_into_black_hole, is_probe, probe_lost
from rawkit.tcp.probing import can_probe, is_first_probe, schedule_probe
from rawkit.tcp.recovery import enter_loss, look_again
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.segment import ACK, FIN
from rawkit.tcp.sending import arm, gives_up_at, persist_time, resend, transmit
from rawkit.tcp.state import Cause, State
from rawkit.tcp.timers import OFF

R1 = 3
"""Times that something is sent before its loss is a problem (RFC 9293 §3.8.3)."""


def time_passes(b: Block, now: float) -> None:
    """Do what is due."""
    timers = b.timers
    if now >= timers.time_wait:
        _wait_is_over(b)
        return
    if now >= timers.delayed_ack:
        timers.delayed_ack = OFF
        acknowledge(b, now, "a delayed acknowledgment is due (RFC 9293 §3.8.6.3)")
    if now >= timers.reorder:
        timers.reorder = OFF
        look_again(b, now)
    if now >= timers.probe:
        timers.probe = OFF
        send_tail_probe(b, now)
    if now >= timers.retransmit:
        timers.retransmit = OFF
        retransmit(b, now)
    if now >= timers.persist:
        timers.persist = OFF
        probe_window(b, now)
    if now >= timers.keepalive:
        timers.keepalive = OFF
        keep_alive(b, now)
    if now >= timers.pace:
        timers.pace = OFF


def retransmit(b: Block, now: float) -> None:
    """Send the first segment again, and wait twice as long (RFC 6298 §5.4-5.6)."""
    if not b.flight:
        return
    if _is_given_up(b, now):
        return
    head = b.flight.segments[0]
    b.counters.timeouts += 1
    b.rto.backoff += 1
    if b.open and b.snd_una > b.iss:
        if b.probe is not None and is_probe(b, head):
            probe_lost(b, now)
        enter_loss(b, now)
        if head.tries >= R1:
            _tell_of_stall(b, now)
        if head.end - head.start > b.mss:
            b.flight.divide(head, head.start + b.mss)
    b.recovery.force = False
    resend(b, now, head, "the retransmission timer ran out (RFC 6298 §5)")
    arm(b, now)


def send_tail_probe(b: Block, now: float) -> None:
    """Send new data, or the last segment again, lest a lost tail goes unnoticed (RFC 8985 §7.3)."""
    if not can_probe(b):
        return
    b.counters.probes += 1
    first = is_first_probe(b)
    b.recovery.probes += 1
    if first:
        _probe_tail(b, now)
    else:
        _probe_head(b, now)
    schedule_probe(b, now)


def _probe_tail(b: Block, now: float) -> None:
    left = min(b.buffer.end, b.snd_una + b.snd_wnd) - b.snd_nxt
    if left > 0:
        b.recovery.probe_again = False
        transmit(b, now, min(left, b.mss), "new data as a tail loss probe (RFC 8985 §7.3)")
    else:
        b.recovery.probe_again = True
        last = b.flight.segments[-1]
        if last.end - last.start > b.mss and not last.flags:
            last = b.flight.divide(last, last.end - b.mss)
        resend(b, now, last, "a tail loss probe (RFC 8985 §7.3)")
        b.recovery.resent_at = None
    b.recovery.probe_end = b.snd_nxt
    b.timers.retransmit = OFF
    arm(b, now)


def _probe_head(b: Block, now: float) -> None:
    """Send the first segment again; the retransmission timer goes on."""
    recovery, head = b.recovery, b.flight.segments[0]
    if head.end - head.start > b.mss and not head.flags:
        b.flight.divide(head, head.start + b.mss)
    resend(b, now, head, "a further probe: still nothing is acknowledged")
    if recovery.phase is Phase.OPEN:
        recovery.resent_at = None
        recovery.probe_end, recovery.probe_again = b.snd_nxt, True


def probe_window(b: Block, now: float) -> None:
    """Send one octet into a window that is shut, or what fits one that is small (§3.8.6.1)."""
    waiting = b.buffer.end - b.snd_nxt
    if b.flight or (waiting <= 0 and not b.fin_wanted):
        return
    window = b.snd_una + b.snd_wnd - b.snd_nxt
    if window > 0 and waiting > 0:
        transmit(b, now, min(window, waiting, b.mss), "a small window is used after a while")
        return
    b.persists += 1
    b.counters.window_probes += 1
    flags, end = ACK, b.snd_nxt + 1
    if waiting <= 0:
        flags |= FIN
    octet = b.buffer.part(b.snd_nxt, end) if waiting > 0 else b""
    emit(b, now, flags, b.snd_nxt, octet, "a probe of a shut window (§3.8.6.1)")
    b.snd_max = max(b.snd_max, end)
    b.timers.persist = now + persist_time(b)


def keep_alive(b: Block, now: float) -> None:
    """Ask a silent other side whether it is still there (RFC 9293 §3.8.4)."""
    idle, settings = b.settings.keepalive, b.settings
    if idle is None or not b.is_synchronized or b.state is State.TIME_WAIT:
        return
    due = max(b.heard_at, b.opened_at) + idle
    if now < due and not b.keepalives:
        b.timers.keepalive = due
        return
    if b.keepalives >= settings.keepalive_count:
        emit_reset(b, now, b.snd_nxt, ACK, "nobody answers keep-alives")
        b.end(Cause.TIMEOUT, Ending.TIMED_OUT)
        return
    b.timers.keepalive = now + settings.keepalive_interval
    if not b.flight:  # else the retransmission timer finds out
        b.keepalives += 1
        b.counters.keepalives += 1
        emit(b, now, ACK, b.snd_nxt - 1, b"", "a keep-alive (§3.8.4)")


def _wait_is_over(b: Block) -> None:
    """End TIME-WAIT, or a FIN-WAIT-2 of which nobody wants to read."""
    if b.state is State.TIME_WAIT:
        b.end(Cause.TWO_MSL, Ending.FINISHED)
    else:
        b.end(Cause.TIMEOUT, Ending.TIMED_OUT)


def _is_given_up(b: Block, now: float) -> bool:
    """End a connection that gets nothing through any more (R2 of RFC 9293 §3.8.3)."""
    if now < gives_up_at(b):
        return False
    if b.is_synchronized:
        emit_reset(b, now, b.snd_nxt, ACK, "nothing is acknowledged any more (§3.10.8)")
    b.end(Cause.TIMEOUT, Ending.TIMED_OUT)
    return True


def _tell_of_stall(b: Block, now: float) -> None:
    """Tell the user once, and suspect the path (R1)."""
    if not b.stalled:
        b.stalled = True
        b.events.append(Stalled(b.flight.segments[0].tries))
    fell_into_black_hole(b, now)
