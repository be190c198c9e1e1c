"""Segments leave: with what acknowledges the other side's, options and windows filled in."""

from rawkit.tcp.block import Block
from rawkit.tcp.events import SynSent
from rawkit.tcp.options import (
    Offer,
    Range,
    sack_blocks_that_fit,
    sack_option,
    syn_options,
    timestamps_option,
)
from rawkit.tcp.segment import ACK, CWR, ECE, ECT_0, NOT_ECT, RST, SYN, URG, Segment
from rawkit.tcp.state import State
from rawkit.tcp.timers import OFF
from rawkit.wire.tcp_options import LONGEST, Timestamps

MOST_WINDOW = 0xFFFF
MOST_URGENT = 0xFFFF


def emit(
    b: Block,
    now: float,
    flags: int,
    sequence: int,
    payload: bytes | memoryview,
    why: str,
    ecn: int = NOT_ECT,
) -> None:
    """Send a segment that acknowledges all that has come."""
    options = timestamps_option(b.stamp(now), b.ts_recent) if b.timestamps else b""
    if b.sack and (b.queue or b.duplicate is not None):
        options += _sack(b, len(options), b.full_size - len(payload))
    if b.mark_to_echo:
        flags |= ECE
    urgent = b.snd_up - sequence
    if urgent > 0:
        flags |= URG
        urgent = min(urgent, MOST_URGENT)
    else:
        urgent = 0
    window = window_to_give(b)
    segment = Segment(flags, sequence, b.rcv_nxt, window, options, payload, urgent, ecn, 0, why)
    b.out.append(segment)
    b.counters.segments_out += 1
    _acknowledged(b)


def emit_data(b: Block, now: float, start: int, end: int, flags: int, why: str) -> None:
    """Send data from the buffer, new or again; the caller keeps the books of it."""
    payload = b.buffer.part(start, min(end, b.buffer.end)) if start < b.buffer.end else b""
    ecn = NOT_ECT
    if b.ecn and start >= b.snd_max and payload:  # what is sent again says nothing: RFC 3168 §6.1.5
        ecn = ECT_0
        if b.reduction_to_tell:
            flags |= CWR
            b.reduction_to_tell = False
    b.sent_at = now
    counters = b.counters
    counters.data_segments_out += 1
    counters.octets_sent += len(payload)
    emit(b, now, flags | ACK, start, payload, why, ecn)
    if len(payload) > b.mss and (b.probe is None or start != b.probe[0]):
        b.out[-1].cut = b.mss


def emit_many(b: Block, now: float, start: int, count: int, size: int) -> None:
    """Send data of the buffer in segments of one size, behind each of which more follows.

    None has anything special: no urgent data, no mark, nothing to report.
    """
    options = timestamps_option(b.stamp(now), b.ts_recent) if b.timestamps else b""
    window, acknowledgment = window_to_give(b), b.rcv_nxt
    cut = b.mss if size > b.mss else 0
    flags = ACK | ECE if b.mark_to_echo else ACK
    ecn = ECT_0 if b.ecn else NOT_ECT
    out = b.out
    for payload in b.buffer.parts(start, size, count):
        numbers = start, acknowledgment, window
        out.append(Segment(flags, *numbers, options, payload, 0, ecn, cut, "data"))
        start += size
    counters = b.counters
    counters.segments_out += count
    counters.data_segments_out += count
    counters.octets_sent += count * size
    b.sent_at = now
    _acknowledged(b)


def acknowledge(b: Block, now: float, why: str) -> None:
    """Send an acknowledgment without data."""
    emit(b, now, ACK, next_acceptable(b), b"", why)


def next_acceptable(b: Block) -> int:
    """Return SND.NXT, or what the other side takes instead.

    It may have drawn its window in, though it should not (RFC 9293 §3.8.6): then it would throw
    our acknowledgment away for a number beyond that.
    """
    edge = b.snd_una + b.snd_wnd
    if b.snd_nxt <= edge + (1 << b.snd_shift) - 1:
        return b.snd_nxt
    return max(edge, b.snd_una)


def challenge(b: Block, now: float, why: str) -> None:
    """Send a challenge acknowledgment, if there were not too many (RFC 5961 §7)."""
    if b.limiter.allows(now):
        b.counters.challenges += 1
        acknowledge(b, now, why)
    else:
        b.say("one acknowledgment too many: none is sent (RFC 5961 §7)")


def emit_syn(b: Block, now: float, why: str) -> None:
    """Send our SYN, or SYN and ACK, for the first time or again."""
    answering = b.state is not State.SYN_SENT
    offer = b.offer
    stamp = None
    if offer.timestamps:
        stamp = Timestamps(b.stamp(now), b.ts_recent if answering else 0)
    by_hand = b.settings.options
    if answering and by_hand is None:
        offer = offer_for_answer(b)
        stamp = stamp if b.timestamps else None
    flags = SYN | ACK if answering else SYN
    resent = b.flight.segments[0].tries if b.flight else 0
    if b.ecn and (answering or not resent):  # a SYN that was lost may be a victim: §6.1.1.1
        flags |= ECE if answering else ECE | CWR
    window = min(b.settings.window, MOST_WINDOW)
    options = syn_options(offer, stamp, by_hand)
    acknowledgment = b.rcv_nxt if answering else 0
    b.out.append(Segment(flags, b.iss, acknowledgment, window, options, why=why))
    b.rcv_adv = max(b.rcv_adv, b.rcv_nxt + window)
    b.counters.segments_out += 1
    b.ack_now = False
    if not answering:
        b.events.append(SynSent(b.iss, resent))


def emit_reset(b: Block, now: float, sequence: int, flags: int, why: str) -> None:
    """Send RST, without a word about windows."""
    acknowledgment = b.rcv_nxt if flags & ACK else 0
    options = b""
    if b.timestamps:
        options = timestamps_option(b.stamp(now), b.ts_recent)
    b.out.append(Segment(flags | RST, sequence, acknowledgment, 0, options, why=why))
    b.counters.segments_out += 1


def offer_for_answer(b: Block) -> Offer:
    """Return what our SYN says that answers one: only what that one said, too."""
    ours, theirs = b.offer, b.heard
    return Offer(
        ours.mss,
        ours.shift if theirs.shift is not None else None,
        ours.sack and theirs.sack,
        ours.timestamps and theirs.timestamps,
        0,
        ours.user_timeout,
    )


def window_to_give(b: Block) -> int:
    """Return the window for the header, and remember its right edge.

    The edge stays where it is until it can move by a whole segment or half of all room: the
    receiver's part against silly windows (RFC 9293 §3.8.6.2.2).
    """
    room = b.settings.window - b.inbox.size
    edge = b.rcv_nxt + room
    if edge - b.rcv_adv < min(b.rcv_mss, b.settings.window // 2):
        edge = b.rcv_adv
    window = (edge - b.rcv_nxt) >> b.rcv_shift
    if window > MOST_WINDOW:
        window = MOST_WINDOW
    elif window < 0:
        window = 0
    b.rcv_adv = max(b.rcv_adv, b.rcv_nxt + (window << b.rcv_shift))
    return window


def _acknowledged(b: Block) -> None:
    """Note that a segment left, which acknowledges all that has come."""
    b.last_ack_sent = b.rcv_nxt
    b.ack_now = False
    b.unacknowledged = 0
    b.timers.delayed_ack = OFF


def _sack(b: Block, used: int, room: int) -> bytes:
    """Return the SACK option with a duplicate in front (RFC 2883 §4), as far as there is room."""
    most = sack_blocks_that_fit(min(LONGEST - used, room - used))
    if most <= 0:
        return b""
    duplicate, b.duplicate = b.duplicate, None
    blocks: list[Range] = [] if duplicate is None else [duplicate]
    if duplicate is not None:
        around = b.queue.covers(*duplicate)
        if around is not None:
            blocks.append(around)
    blocks += [one for one in b.queue.blocks(most + 1) if one not in blocks[1:]]
    return sack_option(blocks[:most])
