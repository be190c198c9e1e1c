"""Text and FIN: the seventh and the eighth check of RFC 9293 §3.10.7.4."""

from rawkit.tcp.arrived import Arrived
from rawkit.tcp.block import Block
from rawkit.tcp.emit import acknowledge, emit_reset
from rawkit.tcp.events import Ending, EndOfStream
from rawkit.tcp.segment import ACK, FIN
from rawkit.tcp.state import Cause, State
from rawkit.tcp.timers import OFF

RECEIVING = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)


def take_text(b: Block, now: float, a: Arrived) -> bool:
    """Take in what is new and within the window."""
    if b.state not in RECEIVING or (b.rcv_fin is not None and a.sequence > b.rcv_fin):
        b.say("nothing is expected any more: its data is ignored")
        return True
    b.counters.data_segments_in += 1
    size = len(a.octets)
    if size > b.rcv_mss:
        b.rcv_mss = min(size, b.full_size)
    if not b.reading:
        emit_reset(b, now, b.snd_nxt, ACK, "nobody reads any more (RFC 9293 §3.10.4)")
        b.end(Cause.ABORT, Ending.ABORTED)
        return False
    _trim(b, a)
    if not a.octets:
        return True
    if a.sequence > b.rcv_nxt:
        _keep(b, now, a)
    else:
        _deliver(b, now, a)
    return True


def take_fin(b: Block, now: float, a: Arrived) -> bool:
    """Note where the other side's FIN is, and act on it when all before it is there."""
    if a.flags & FIN and b.rcv_fin is None:
        if b.state not in RECEIVING:
            return False
        _note_fin(b, a.sequence + len(a.octets))
        b.ack_now = True
    if b.rcv_nxt != b.rcv_fin:
        return False
    b.rcv_nxt += 1
    b.ack_now = True
    b.events.append(EndOfStream())
    if b.state is State.FIN_WAIT_2:
        enter_time_wait(b, now, Cause.FIN)
    else:
        b.move(Cause.FIN)
    return True


def enter_time_wait(b: Block, now: float, cause: Cause) -> None:
    """Wait until no segment of this connection can be under way any more."""
    b.move(cause)
    b.timers.stop_sending()
    b.timers.keepalive = OFF
    b.timers.time_wait = now + 2 * b.settings.msl


def received(b: Block, octets: bytes) -> None:
    """Hand octets that are in order to whoever reads."""
    b.inbox.add(octets)
    b.rcv_nxt += len(octets)


def owe_acknowledgment(b: Block, now: float, octets: int) -> None:
    """Acknowledge every second full-sized segment at once, and others soon (RFC 5681 §4.2)."""
    b.unacknowledged += octets
    if b.unacknowledged >= b.settings.ack_every * b.rcv_mss:
        b.ack_now = True
    elif b.timers.delayed_ack == OFF:
        b.timers.delayed_ack = now + b.settings.delayed_ack


def _note_fin(b: Block, at: int) -> None:
    """Note where the FIN is; one that contradicts octets behind it, which came first, is none."""
    end = b.queue.end
    if end is None or end <= at:
        b.rcv_fin = at


def _trim(b: Block, a: Arrived) -> None:
    """Leave out what was there before, and what is beyond the window."""
    before = b.rcv_nxt - a.sequence
    if before > 0:
        if b.sack:
            b.duplicate = a.sequence, min(a.sequence + len(a.octets), b.rcv_nxt)
        a.octets = a.octets[before:]
        a.sequence = b.rcv_nxt
        b.ack_now = True
    beyond = a.sequence + len(a.octets) - b.rcv_adv
    if beyond > 0:
        a.octets = a.octets[:-beyond]
        a.flags &= ~FIN
    if b.rcv_fin is not None:
        a.octets = a.octets[: b.rcv_fin - a.sequence]


def _keep(b: Block, now: float, a: Arrived) -> None:
    """Keep what is beyond a gap, and tell of it at once (RFC 5681 §4.2)."""
    end = a.sequence + len(a.octets)
    b.counters.out_of_order += 1
    if not b.queue.add(a.sequence, a.octets) and b.sack and b.queue.covers(a.sequence, end):
        b.duplicate = a.sequence, end
    if a.flags & FIN and b.rcv_fin is None:
        _note_fin(b, end)
    acknowledge(b, now, "it is out of order (RFC 5681 §4.2)")


def _deliver(b: Block, now: float, a: Arrived) -> None:
    """Hand on what is in order, and what was waiting for it."""
    octets = a.octets
    received(b, octets)
    if b.queue:
        b.ack_now = True  # a gap is filled, or a part of it
        for chunk in b.queue.take(b.rcv_nxt):
            received(b, bytes(chunk))
    owe_acknowledgment(b, now, len(octets))
