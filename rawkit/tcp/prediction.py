"""Header prediction: the usual segment, taken in without all the checks that it would pass.

In a connection that is open, most segments are the next data, acknowledge nothing new and change no
window. What they have to be is checked here at once; whatever is unusual goes the long way
(:mod:`rawkit.tcp.arrival`), which would come to the same.
"""

from rawkit.tcp.block import Block
from rawkit.tcp.options import TIMESTAMPS_HEAD, TIMESTAMPS_SIZE, TWO_NUMBERS
from rawkit.tcp.receiving import owe_acknowledgment
from rawkit.tcp.segment import ACK, PSH, WRAP, Segment
from rawkit.tcp.state import State

HALF = 1 << 31


def is_usual(b: Block, now: float, s: Segment) -> bool:
    """Take in a segment if it is the next data and nothing else; tell whether it was."""
    payload = s.payload
    nxt = b.rcv_nxt
    if (
        s.flags & ~PSH != ACK
        or not payload
        or b.state is not State.ESTABLISHED
        or s.sequence != nxt & WRAP
        or s.acknowledgment != b.snd_una & WRAP
        or s.window != b.snd_field
        or len(payload) > b.rcv_adv - nxt
        or b.queue
        or b.ecn
        or b.rcv_fin is not None
        or not b.reading
        or b.snd_una == b.iss
    ):
        return False
    if b.timestamps:
        if not _has_usual_timestamp(b, now, s.options):
            return False
    elif s.options:
        return False
    _take(b, now, bytes(payload))
    return True


def _has_usual_timestamp(b: Block, now: float, options: bytes) -> bool:
    """Remember a timestamp, if it is the only option and not old (RFC 7323 §4.3, §5.3)."""
    if len(options) != TIMESTAMPS_SIZE or options[:4] != TIMESTAMPS_HEAD:
        return False
    stamp, _ = TWO_NUMBERS.unpack_from(options, 4)
    if (stamp - b.ts_recent) & WRAP >= HALF:
        return False
    if b.rcv_nxt == b.last_ack_sent:
        b.ts_recent, b.ts_recent_at = stamp, now
    return True


def _take(b: Block, now: float, payload: bytes) -> None:
    b.heard_at = now
    b.keepalives = 0
    b.snd_wl1, b.snd_wl2 = b.rcv_nxt, b.snd_una
    counters = b.counters
    counters.segments_in += 1
    counters.data_segments_in += 1
    size = len(payload)
    if size > b.rcv_mss:
        b.rcv_mss = min(size, b.full_size)
    b.inbox.add(payload)
    b.rcv_nxt += size
    owe_acknowledgment(b, now, size)
