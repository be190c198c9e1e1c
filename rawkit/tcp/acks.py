"""An acknowledgment arrives: the fifth check of RFC 9293 §3.10.7.4."""

from rawkit.tcp.arrived import Arrived
from rawkit.tcp.block import Block
from rawkit.tcp.emit import challenge
from rawkit.tcp.events import Writable
from rawkit.tcp.flight import Sent
from rawkit.tcp.mtu import probe_arrived
from rawkit.tcp.options import TIMESTAMPS_SIZE, Range, sack_blocks_in
from rawkit.tcp.probing import probe_answered, schedule_probe
from rawkit.tcp.recovery import Told, after_ack, forget_sacks
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.segment import ECE, FIN, SYN, WRAP
from rawkit.tcp.sending import arm, note_fin
from rawkit.tcp.timers import OFF

HALF = 1 << 31


def take_ack(b: Block, now: float, a: Arrived) -> bool:
    """Take in the acknowledgment number, SACK blocks and the window; tell whether to go on."""
    ack = a.acknowledgment
    if ack > b.snd_max:
        challenge(b, now, "it acknowledges what was never sent (RFC 9293 §3.10.7.4, fifth)")
        return False
    if ack < b.snd_una - b.max_snd_wnd:
        challenge(b, now, "its acknowledgment is too old (RFC 5961 §5.2)")
        return False
    take_valid_ack(b, now, a)
    return True


def take_valid_ack(b: Block, now: float, a: Arrived) -> None:
    """Take in an acknowledgment that is within what is plausible."""
    flight = b.flight
    before, window_before, in_pipe = b.snd_una, b.snd_wnd, b.in_pipe
    ack = a.acknowledgment
    blocks, reported = _blocks(b, a)
    sacked = flight.sack(blocks, b.mss) if blocks else []
    if ack >= before:
        update_window(b, a)
    acked = advance(b, now, ack) if ack > before else []
    echoed = b.echoed(now, a.echo) if a.echo else None
    measure(b, now, acked, sacked, echoed)
    plain = ack == before and not a.octets and bool(flight) and not a.segment.flags & (SYN | FIN)
    duplicate = plain and b.snd_wnd == window_before
    if duplicate:
        b.counters.duplicate_acks += 1
    if reported:
        b.counters.duplicates_reported += 1
        b.rack.duplicate(b.snd_nxt)
    if b.recovery.probe_end is not None:
        probe_answered(b, now, ack, duplicate and not blocks, reported)
    if acked or sacked or duplicate:
        after_ack(b, now, Told(acked, sacked, max(0, ack - before), in_pipe, echoed, duplicate))
    if b.ecn and a.segment.flags & ECE:
        heed_mark(b, now)
    if acked and flight.segments and flight.segments[0].sacked:
        forget_sacks(b)
    if acked or sacked:
        b.recovery.probes = 0
        schedule_probe(b, now)


def advance(b: Block, now: float, ack: int) -> list[Sent]:
    """Move SND.UNA, and forget what is acknowledged for good."""
    acked = b.flight.acknowledge(ack)
    b.snd_una = ack
    if ack > b.snd_nxt:  # the octet of a window probe was taken after all
        b.snd_nxt = ack
    b.buffer.drop(ack)
    if b.fin_wanted and b.fin_at is None and ack > b.buffer.end:
        note_fin(b)  # as the octet of a window probe
    b.persists = 0
    b.progress_at = b.acked_at = now
    b.stalled = False
    b.timers.retransmit = OFF
    if b.flight.segments:
        arm(b, now)
    if b.short_of_room and 2 * len(b.buffer) <= b.buffer.limit:
        b.short_of_room = False
        b.events.append(Writable())
    if b.probe is not None and ack >= b.probe[1]:
        probe_arrived(b)
    return acked


def measure(
    b: Block, now: float, acked: list[Sent], sacked: list[Sent], echoed: int | None
) -> None:
    """Take the round-trip time, but never of a segment of which two copies are about (RFC 6298 §3).

    A timestamp helps if it is the last copy's. If not, one cannot tell whether the first copy or
    its acknowledgment took long, or the acknowledgment was lost: without a measurement the
    timeout stays doubled (Karn's algorithm).
    """
    rto = b.rto
    resent_at = 0.0
    oldest: Sent | None = None
    newest: Sent | None = None
    for one in acked:
        if one.tries > 1:
            resent_at = max(resent_at, one.at)
        elif not one.sacked:
            oldest, newest = oldest or one, one
    if sacked and sacked[-1].tries == 1:
        newest = sacked[-1]
    if newest is not None:
        rto.smallest(now - newest.at, now)
    if not acked:
        return
    samples = 1 + b.in_pipe // (2 * b.mss)
    if oldest is not None and not resent_at:
        rto.sample(now - oldest.at, now, samples)
    elif echoed is not None and echoed >= int(resent_at * 1000):
        rto.sample(max(0, int(now * 1000) - echoed) / 1000, now, samples)


def update_window(b: Block, a: Arrived) -> None:
    """Take the send window from a segment that is not older than the last one that gave it."""
    if b.snd_wl1 < a.sequence or (b.snd_wl1 == a.sequence and b.snd_wl2 <= a.acknowledgment):
        window = a.segment.window << b.snd_shift
        b.snd_wl1, b.snd_wl2 = a.sequence, a.acknowledgment
        b.snd_field = a.segment.window
        if window != b.snd_wnd:
            b.snd_wnd = window
            b.max_snd_wnd = max(b.max_snd_wnd, window)
            if window:
                b.timers.persist = OFF
                b.persists = 0


def heed_mark(b: Block, now: float) -> None:
    """Reduce the window once a round trip when the other side echoes marks (RFC 3168 §6.1.2)."""
    if b.snd_una < b.reduced_until or b.recovery.phase is not Phase.OPEN:
        return
    b.say("the other side echoes a mark of congestion: the window is reduced")
    b.counters.marks_echoed += 1
    b.congestion.lost(now, b.congestion.window)
    b.congestion.window = min(b.congestion.window, b.congestion.threshold)
    b.reduced_until = b.snd_nxt
    b.reduction_to_tell = True


def _blocks(b: Block, a: Arrived) -> tuple[list[Range], bool]:
    """Return the SACK blocks that are about what is in flight, and whether one tells a duplicate.

    A first block that lies below the acknowledgment number, or in the second one, is such
    (RFC 2883 §5).
    """
    options = a.segment.options
    if not b.sack or not options or (b.timestamps and len(options) == TIMESTAMPS_SIZE):
        return [], False
    una = b.snd_una
    blocks: list[Range] = []
    for left, right in sack_blocks_in(options):
        start = una + ((left - una + HALF) & WRAP) - HALF
        end = start + ((right - left) & WRAP)
        blocks.append((start, end))
    if not blocks:
        return [], False
    first = blocks[0]
    reported = first[1] <= a.acknowledgment or (
        len(blocks) > 1 and blocks[1][0] <= first[0] and first[1] <= blocks[1][1]
    )
    plausible = [one for one in blocks if una < one[1] <= b.snd_max and one[0] < one[1]]
    return plausible, reported and first[0] >= b.iss
