"""What may leave now: lost segments first, then new data, then FIN (RFC 9293 §3.8.6.2.1, §3.7.4).

Every call of the user and every segment that arrives only changes the block; :func:`output`
is called once behind them.
"""

from rawkit.tcp.block import Block
from rawkit.tcp.congestion import initial_window
from rawkit.tcp.emit import acknowledge, emit_data, emit_many, emit_syn
from rawkit.tcp.flight import Sent
from rawkit.tcp.mtu import probe_size
from rawkit.tcp.pacing import is_held_back, paced
from rawkit.tcp.probing import schedule_probe
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.segment import FIN, PSH, SYN
from rawkit.tcp.state import Cause, State
from rawkit.tcp.timers import OFF

DUE = "acknowledgment due"
"""Why an acknowledgment leaves that nothing else could take along."""


def output(b: Block, now: float) -> None:
    """Send all that may be sent, and the acknowledgment that is due."""
    if b.open:
        if b.flight.lost:
            resend_lost(b, now)
        if b.buffer.end > b.snd_nxt or (b.fin_wanted and b.fin_at is None):
            send_new(b, now)
            _watch_window(b, now)
    if b.ack_now:
        acknowledge(b, now, DUE)


def resend_lost(b: Block, now: float) -> None:
    """Send what is held for lost, as far as the congestion window allows."""
    flight, recovery = b.flight, b.recovery
    edge = b.snd_una + b.snd_wnd
    before = b.counters.resent
    while (one := flight.next_lost()) is not None:
        quota = b.congestion.window - b.in_pipe
        if recovery.force:
            quota = max(quota, b.mss)
        size = one.end - one.start
        if quota < min(size, b.mss) or (one.start >= edge and one.start != b.snd_una):
            break
        if is_held_back(b, now):
            break
        recovery.force = False
        most = max(min(quota // b.mss * b.mss, b.largest), b.mss)
        if size > most and not one.flags & SYN:
            flight.divide(one, one.start + most)
        resend(b, now, one, "sent again: held for lost")
    if b.counters.resent > before:
        schedule_probe(b, now)


def resend(b: Block, now: float, one: Sent, why: str) -> None:
    """Send one segment again, not divided any more."""
    b.counters.resent += 1
    size = one.end - one.start
    b.recovery.out += size
    if b.recovery.resent_at is None and one.tries == 1:
        b.recovery.resent_at = int(now * 1000)
    if one.flags & SYN:
        emit_syn(b, now, why)
    else:
        b.counters.octets_resent += size
        is_last = one.start < b.buffer.end <= one.end
        flags = one.flags | (PSH if is_last else 0)
        emit_data(b, now, one.start, one.end, flags, why)
    b.flight.resent(one, now)
    paced(b, now, size)
    if b.timers.retransmit == OFF:
        arm(b, now)


def send_new(b: Block, now: float) -> None:
    """Send data that was not sent before, and then FIN."""
    if not b.flight:
        _begin_again(b, now)
    edge = b.snd_una + b.snd_wnd
    room = min(edge - b.snd_nxt, b.congestion.window - b.in_pipe)
    left = b.buffer.end - b.snd_nxt
    sent = False
    if now >= b.probe_at and (size := probe_size(b, now, left, room)):
        b.probe = b.snd_nxt, b.snd_nxt + size
        transmit(b, now, size, "data, in a packet that tries the path")
        left, room, sent = left - size, room - size, True
    if (run := _full_segments(b, left, room)) > 1:
        transmit_many(b, now, run)
        left -= run * b.largest
        room -= run * b.largest
        sent = True
    while left > 0:
        size = _size_to_send(b, left, room, edge)
        if size <= 0 or is_held_back(b, now):
            break
        transmit(b, now, size)
        left -= size
        room -= size
        sent = True
    if left == 0 and b.fin_wanted and b.fin_at is None and edge > b.snd_nxt:
        transmit(b, now, 0)  # all data left without it, or there was none
        sent = True
    if sent:
        schedule_probe(b, now)


def transmit(b: Block, now: float, size: int, why: str = "data") -> None:
    """Send the next octets, and FIN if they are the last ones."""
    start = b.snd_nxt
    end = start + size
    flags = 0
    if end == b.buffer.end:
        flags = PSH if size else 0
        if b.fin_wanted:
            flags |= FIN
            note_fin(b)
            why = "data and FIN" if size else "FIN"
    emit_data(b, now, start, end, flags, why)
    if flags & FIN:
        end += 1
    if not b.flight:
        b.progress_at = now
    b.flight.sent(start, end, now, flags & FIN)
    b.recovery.out += end - start
    b.snd_nxt = end
    if end > b.snd_max:
        b.snd_max = end
    timers = b.timers
    timers.persist = OFF
    if timers.retransmit == OFF:
        arm(b, now)
    if b.settings.pacing:
        paced(b, now, size)


def transmit_many(b: Block, now: float, count: int) -> None:
    """Send so many of the largest segments; more data follows behind them."""
    size, start = b.largest, b.snd_nxt
    emit_many(b, now, start, count, size)
    if not b.flight:
        b.progress_at = now
    b.flight.sent_many(start, size, count, now)
    b.recovery.out += count * size
    b.snd_nxt = end = start + count * size
    if end > b.snd_max:
        b.snd_max = end
    b.timers.persist = OFF
    if b.timers.retransmit == OFF:
        arm(b, now)


def arm(b: Block, now: float) -> None:
    """Start the retransmission timer (RFC 6298 §5.1, §5.3); not beyond the user timeout."""
    b.timers.retransmit = min(now + b.rto.timeout(), gives_up_at(b))


def gives_up_at(b: Block) -> float:
    """Return when to give up if nothing is acknowledged (R2 of RFC 9293 §3.8.3)."""
    if not b.open:
        return b.progress_at + b.settings.syn_timeout
    if not b.snd_wnd:  # who shuts the window and answers is alive
        return max(b.progress_at, b.heard_at) + b.user_timeout
    return b.progress_at + b.user_timeout


def _size_to_send(b: Block, left: int, room: int, edge: int) -> int:
    """Return how many octets the next segment has; 0: none is to be sent yet.

    The sender's part against silly windows (RFC 9293 §3.8.6.2.1) and the Nagle algorithm
    (§3.7.4): a segment that is not full goes only if it is all there is and nothing is
    under way, or if it fills half of the largest window that there ever was.
    """
    mss = b.mss
    size = min(left, b.largest, room)
    if size >= mss:
        return size if size == left else size - size % mss
    if size == left:
        at_once = b.settings.nodelay or b.fin_wanted or not b.flight or b.snd_up > b.snd_nxt
        return size if at_once else 0
    window = edge - b.snd_nxt
    if size == window and not b.flight and window >= b.max_snd_wnd // 2:
        return size
    return 0


def _full_segments(b: Block, left: int, room: int) -> int:
    """Return how many of the largest segments may leave at once, if they have nothing special."""
    marks = b.ecn and (b.reduction_to_tell or b.snd_nxt < b.snd_max)
    special = b.settings.pacing or marks or b.queue or b.duplicate or b.snd_up > b.snd_nxt
    return 0 if special else min(left - 1, room) // b.largest


def note_fin(b: Block) -> None:
    """Note that our FIN was sent: it is behind all data."""
    b.fin_at = b.buffer.end
    if b.state is State.CLOSE_WAIT:
        b.move(Cause.CLOSE)


def _watch_window(b: Block, now: float) -> None:
    """Start the persist timer if the window stops what is to be sent (RFC 9293 §3.8.6.1)."""
    waiting = b.buffer.end > b.snd_nxt or (b.fin_wanted and b.fin_at is None)
    if waiting and not b.flight and b.timers.persist == OFF and b.timers.pace == OFF:
        b.timers.persist = now + persist_time(b)


def persist_time(b: Block) -> float:
    """Return how long to wait for the window before it is probed."""
    return min(b.rto.rto * (1 << min(b.persists, 16)), b.settings.rto_max)


def _begin_again(b: Block, now: float) -> None:
    """Forget the congestion window after an idle time (RFC 5681 §4.1)."""
    if now - b.sent_at > b.rto.timeout() and b.sent_at >= 0 and b.recovery.phase is Phase.OPEN:
        b.congestion.restart(now, initial_window(b.full_size, b.settings.initial_window))
