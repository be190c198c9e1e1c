"""A segment arrives (RFC 9293 §3.10.7): the checks of §3.10.7.4, one function each, in order.

Each tells whether the next one is to look at the segment. LISTEN and SYN-SENT have their own
checks, in :mod:`rawkit.tcp.opening`.
"""

from collections.abc import Callable

from rawkit.tcp.acks import HALF, take_ack, take_valid_ack
from rawkit.tcp.arrived import Arrived
from rawkit.tcp.block import Block
from rawkit.tcp.emit import acknowledge, challenge, emit_reset, emit_syn
from rawkit.tcp.events import Ending, Urgent
from rawkit.tcp.opening import arrives_in_listen, arrives_in_syn_sent, established, return_to_listen
from rawkit.tcp.options import timestamps_in
from rawkit.tcp.receiving import enter_time_wait, take_fin, take_text
from rawkit.tcp.segment import ACK, CE, CWR, FIN, RST, SYN, URG, WRAP, Segment
from rawkit.tcp.state import Cause, State

Check = Callable[[Block, float, Arrived], bool]
OUTDATED = 24 * 86_400.0
"""Seconds after which an old timestamp says nothing any more (RFC 7323 §5.5)."""
BEYOND_SYN_RECEIVED = (
    State.ESTABLISHED,
    State.FIN_WAIT_1,
    State.FIN_WAIT_2,
    State.CLOSE_WAIT,
    State.CLOSING,
    State.LAST_ACK,
    State.TIME_WAIT,
)


def segment_arrives(b: Block, now: float, s: Segment) -> None:
    """Do what is to be done with a segment in this state (§3.10.7)."""
    b.counters.segments_in += 1
    match b.state:
        case State.CLOSED:
            b.say("there is no connection (§3.10.7.1)")
        case State.LISTEN:
            arrives_in_listen(b, now, s)
        case State.SYN_SENT:
            arrives_in_syn_sent(b, now, s)
        case _:
            arrives_otherwise(b, now, unwrapped(b, s))


def is_later_syn(b: Block, s: Segment) -> bool:
    """Tell whether a SYN is of a later connection than one in TIME-WAIT (RFC 6191 §2)."""
    if s.flags & (SYN | ACK | RST) != SYN:
        return False
    stamps = timestamps_in(s.options)
    if b.timestamps and stamps is not None and stamps[0] != b.ts_recent:
        return (stamps[0] - b.ts_recent) & WRAP < HALF
    return 0 <= (s.sequence - b.rcv_nxt) & WRAP < HALF


def unwrapped(b: Block, s: Segment) -> Arrived:
    """Return a segment with numbers near ours."""
    nxt, una = b.rcv_nxt, b.snd_una
    sequence = nxt + ((s.sequence - nxt + HALF) & WRAP) - HALF
    acknowledgment = una + ((s.acknowledgment - una + HALF) & WRAP) - HALF
    return Arrived(s, sequence, acknowledgment, bytes(s.payload), s.flags)


def arrives_otherwise(b: Block, now: float, a: Arrived) -> None:
    """Check a segment in SYN-RECEIVED and the states behind it (§3.10.7.4)."""
    b.heard_at = now
    b.keepalives = 0
    for check in CHECKS:
        if not check(b, now, a):
            return


def timestamp_is_not_old(b: Block, now: float, a: Arrived) -> bool:
    """Protect against wrapped sequence numbers (RFC 7323 §5.3, R1)."""
    if not b.timestamps:
        return True
    found = timestamps_in(a.segment.options)
    if a.flags & RST:
        return True  # §5.2: a reset is judged by its number alone
    if found is None:
        b.say("it lacks the timestamp that was agreed on: dropped (RFC 7323 §3.2)")
        return False
    a.stamp, a.echo = found
    if (a.stamp - b.ts_recent) & WRAP < HALF or now - b.ts_recent_at > OUTDATED:
        return True
    b.counters.old_timestamps += 1
    b.counters.unacceptable += 1
    _answer_unacceptable(b, now, a, "its timestamp is old (RFC 7323 §5.3)")
    return False


def sequence_is_acceptable(b: Block, now: float, a: Arrived) -> bool:
    """First, check the sequence number."""
    size = a.end - a.sequence
    nxt, edge = b.rcv_nxt, b.rcv_adv
    if edge > nxt:
        fits = a.sequence < edge and a.end > nxt if size else nxt <= a.sequence <= edge
    else:
        fits = not size and a.sequence == nxt
    if fits:
        _remember_timestamp(b, now, a)
        return True
    if b.state is State.SYN_RECEIVED and a.flags & SYN and a.sequence + 1 == nxt:
        return _syn_again(b, now, a)
    b.counters.unacceptable += 1
    if a.flags & RST:
        b.say("a reset outside of the window: dropped (RFC 5961 §3.2)")
        return False
    return _is_of_use_although_unacceptable(b, now, a)


def reset_is_genuine(b: Block, now: float, a: Arrived) -> bool:
    """Second, check the RST bit (RFC 5961 §3.2)."""
    if not a.flags & RST:
        return True
    if a.sequence != b.rcv_nxt:
        challenge(b, now, "a reset not quite in place is challenged (RFC 5961 §3.2)")
    elif b.state is State.SYN_RECEIVED and b.returns:
        return_to_listen(b)
    elif b.state is State.SYN_RECEIVED:
        b.end(Cause.RST, Ending.RESET if b.passive else Ending.REFUSED)
    elif b.state in (State.CLOSING, State.LAST_ACK, State.TIME_WAIT):
        b.end(Cause.RST, Ending.RESET if b.buffer else Ending.FINISHED)
    else:
        b.end(Cause.RST, Ending.RESET)
    return False


def syn_is_absent(b: Block, now: float, a: Arrived) -> bool:
    """Fourth, check the SYN bit.

    Third would be security and compartment, which nobody uses.
    """
    if not a.flags & SYN:
        return True
    if b.state is State.SYN_RECEIVED and b.passive:
        if b.returns:
            return_to_listen(b)
        else:
            b.end(Cause.RST, Ending.RESET)
    else:
        challenge(b, now, "a SYN within a connection is challenged (RFC 5961 §4.2)")
    return False


def acknowledgment_is_valid(b: Block, now: float, a: Arrived) -> bool:
    """Fifth, check the ACK field."""
    if not a.flags & ACK:
        b.say("it acknowledges nothing: dropped (§3.10.7.4, fifth)")
        return False
    of_syn = b.snd_una == b.iss and b.iss < a.acknowledgment <= b.snd_max
    if b.state is State.SYN_RECEIVED and not of_syn:
        emit_reset(b, now, a.segment.acknowledgment, 0, "it acknowledges another SYN")
        return False
    if of_syn:  # in SYN-RECEIVED, or in FIN-WAIT-1 where the user closed in SYN-RECEIVED
        if b.state is State.SYN_RECEIVED:
            b.move(Cause.ACK_OF_SYN)
        established(b, now, a)
    elif not take_ack(b, now, a):
        return False
    return _closing_goes_on(b, now)


def urgent_pointer_is_read(b: Block, now: float, a: Arrived) -> bool:
    """Sixth, check the URG bit (RFC 6093)."""
    if a.flags & URG and b.state in (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2):
        pointer = a.sequence + a.segment.urgent
        if pointer > max(b.rcv_up, b.rcv_nxt - b.inbox.size):
            b.rcv_up = pointer
            b.events.append(Urgent(pointer - (b.rcv_nxt - b.inbox.size)))
    return True


def text_is_taken(b: Block, now: float, a: Arrived) -> bool:
    """Seventh, process the segment text."""
    if b.ecn:
        _note_congestion(b, a)
    return not a.octets or take_text(b, now, a)


def fin_is_taken(b: Block, now: float, a: Arrived) -> bool:
    """Eighth, check the FIN bit."""
    if b.rcv_fin is None and not a.flags & FIN:
        return False
    return take_fin(b, now, a)


CHECKS: tuple[Check, ...] = (
    timestamp_is_not_old,
    sequence_is_acceptable,
    reset_is_genuine,
    syn_is_absent,
    acknowledgment_is_valid,
    urgent_pointer_is_read,
    text_is_taken,
    fin_is_taken,
)


def _remember_timestamp(b: Block, now: float, a: Arrived) -> None:
    """Keep the timestamp of what is at the left edge of the window (RFC 7323 §4.3)."""
    if a.stamp is not None and a.sequence <= b.last_ack_sent:
        b.ts_recent, b.ts_recent_at = a.stamp, now  # it is not older: that was checked


def _syn_again(b: Block, now: float, a: Arrived) -> bool:
    """Take a SYN that came before, in SYN-RECEIVED.

    With the right ACK it is the other side's answer in a simultaneous open, which the sequence
    check would drop although Figure 8 of RFC 9293 shows it taken. Without, ours was lost.
    """
    if a.flags & ACK and a.acknowledgment == b.snd_max:
        a.flags &= ~SYN
        a.sequence += 1
        b.ack_now = True
        return True
    if not a.flags & (ACK | RST) and b.flight.segments and b.limiter.allows(now):
        emit_syn(b, now, "the same SYN again: ours was lost")
    return False


def _is_of_use_although_unacceptable(b: Block, now: float, a: Arrived) -> bool:
    """Answer a segment outside of the window, and take from it what may be taken.

    RFC 9293 §3.10.7.4 has valid acknowledgments accepted when the window is shut. Those of old
    duplicates are, too: where both sides only sent such segments, dropping them would let
    neither side ever find out what has arrived.
    """
    if b.state is State.TIME_WAIT:
        _again_in_time_wait(b, now, a)
        return False
    oldest = b.snd_una if a.sequence == b.rcv_nxt else b.snd_una + 1
    valid = oldest <= a.acknowledgment <= b.snd_max and a.sequence <= b.rcv_nxt
    if valid and a.flags & ACK and not a.flags & SYN and b.open:
        take_valid_ack(b, now, a)
        if not _closing_goes_on(b, now):
            return False
    if b.sack and a.octets and a.end <= b.rcv_nxt:
        b.duplicate = a.sequence, a.sequence + len(a.octets)
    _answer_unacceptable(b, now, a, "it is outside of the window (§3.10.7.4, first)")
    return False


def _answer_unacceptable(b: Block, now: float, a: Arrived, why: str) -> None:
    if a.octets or a.flags & FIN:
        acknowledge(b, now, why)
    else:
        challenge(b, now, why)  # two who only complain to each other must come to an end


def _again_in_time_wait(b: Block, now: float, a: Arrived) -> None:
    """Answer the other side's FIN once more, and wait anew."""
    if a.flags & FIN and a.end == b.rcv_nxt:
        b.timers.time_wait = now + 2 * b.settings.msl
    _answer_unacceptable(b, now, a, "our last acknowledgment was lost (§3.10.7.4, eighth)")


def _closing_goes_on(b: Block, now: float) -> bool:
    """Move on if our FIN is acknowledged; tell whether the connection still is."""
    if b.fin_at is not None and b.snd_una > b.fin_at:
        if b.state is State.FIN_WAIT_1:
            b.move(Cause.ACK_OF_FIN)
            if not b.reading:
                b.timers.time_wait = now + b.settings.fin_wait
        elif b.state is State.CLOSING:
            enter_time_wait(b, now, Cause.ACK_OF_FIN)
        elif b.state is State.LAST_ACK:
            b.end(Cause.ACK_OF_FIN, Ending.FINISHED)
            return False
    return True


def _note_congestion(b: Block, a: Arrived) -> None:
    """Echo a router's mark until the other side says that it heard (RFC 3168 §6.1.3)."""
    if a.flags & CWR:
        b.mark_to_echo = False
    if a.segment.ecn == CE:
        b.counters.marks_in += 1
        b.mark_to_echo = True
