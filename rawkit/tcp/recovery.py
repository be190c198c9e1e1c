"""What acknowledgments say about losses, and how the sender makes up for them.

Losses are found by time (RFC 8985), by counting SACKed octets (RFC 6675) or by counting
duplicates (RFC 6582). In all three cases they are made up for alike: the window shrinks in
proportion to what is delivered (RFC 9937), and lost segments go before new ones.
"""

from rawkit.record import record
from rawkit.tcp.block import Block
from rawkit.tcp.flight import START, Sent
from rawkit.tcp.mtu import is_probe, probe_lost
from rawkit.tcp.rack import DUPLICATES
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.timers import OFF


@record(frozen=False)
class Told:
    """What one acknowledgment told."""

    acked: list[Sent]
    """Segments acknowledged for good; some had been SACKed before."""
    sacked: list[Sent]
    """Segments SACKed that were not before."""
    octets: int
    """How far SND.UNA moved."""
    in_pipe: int
    """Octets in the network before."""
    echoed: int | None = None
    """The millisecond whose timestamp came back."""
    duplicate: bool = False
    """Whether it is a duplicate in the sense of RFC 5681 §2."""


def after_ack(b: Block, now: float, told: Told) -> None:
    """Find losses and the ends of them, and set the congestion window."""
    recovery = b.recovery
    before = recovery.phase
    delivered = _delivered(told)
    if b.rack_used:
        _inform_rack(b, now, told)
    if before is not Phase.OPEN:
        if told.octets and recovery.resent_at is not None and told.echoed is not None:
            _look_for_spurious(b, now, told.echoed)
        if recovery.phase is not Phase.OPEN and b.snd_una >= recovery.recover:
            leave(b)
    if b.flight:
        if not b.sack:
            delivered = _count_duplicates(b, told)
        _look_for_losses(b, now, told)
    else:
        b.flight.unseen = 0
        b.timers.reorder = OFF
    if recovery.phase is Phase.RECOVERY:
        _reduce_in_proportion(b, delivered, progress=told.octets > 0)
    elif told.octets and before is not Phase.RECOVERY:  # its end sets the window already
        _grow(b, now, told)


def enter_recovery(b: Block, now: float) -> None:
    """Begin fast recovery: reduce the threshold, and send the first lost segment at once."""
    b.say("a segment is lost: fast recovery begins (RFC 5681 §3.2)")
    b.counters.recoveries += 1
    in_flight = b.snd_nxt - b.snd_una
    b.congestion.lost(now, b.congestion.window)
    _begin(b, Phase.RECOVERY, in_flight)
    b.recovery.force = True
    if b.ecn:
        b.reduction_to_tell = True


def enter_loss(b: Block, now: float) -> None:
    """Begin anew after a timeout (RFC 5681 §3.1, RFC 8985 §6.3)."""
    recovery = b.recovery
    again = recovery.phase is not Phase.OPEN
    b.congestion.timed_out(now, b.congestion.window, again)
    if not again:
        _begin(b, Phase.LOSS, b.snd_nxt - b.snd_una)
    recovery.phase = Phase.LOSS
    recovery.recover = b.snd_nxt
    recovery.duplicates = b.flight.unseen = 0
    recovery.probe_end = None
    recovery.force = True
    head = b.flight.segments[0]
    if head.sacked:
        forget_sacks(b)
    _hold_overdue_for_lost(b, now)


def leave(b: Block) -> None:
    """End a time of loss: all that was in flight when it began has arrived."""
    recovery = b.recovery
    if recovery.phase is Phase.RECOVERY:
        b.congestion.window = b.congestion.threshold
    recovery.phase = Phase.OPEN
    recovery.duplicates = 0
    recovery.resent_at = None
    recovery.force = False
    b.flight.unseen = 0
    b.rack.recovered()


def forget_sacks(b: Block) -> None:
    """Believe no SACK block any more: octets that were reported are missing (RFC 2018 §8)."""
    b.say("the other side threw away what it had reported: all is to be sent again")
    b.counters.reneged += 1
    b.flight.renege()
    for one in b.flight.segments:
        b.flight.hold_for_lost(one)


def look_again(b: Block, now: float) -> None:
    """Look for losses when the time for reordering is over."""
    if b.flight and b.rack_used:
        _look_for_losses(b, now, None)
        if b.recovery.phase is Phase.RECOVERY:
            _reduce_in_proportion(b, 0, progress=False)


def _begin(b: Block, phase: Phase, in_flight: int) -> None:
    recovery = b.recovery
    recovery.phase = phase
    recovery.recover = b.snd_nxt
    recovery.delivered = recovery.out = 0
    recovery.in_flight = max(in_flight, 1)
    recovery.resent_at = None
    b.timers.probe = OFF


def _delivered(told: Told) -> int:
    octets = 0
    for one in told.acked:
        if not one.sacked:
            octets += one.end - one.start
    for one in told.sacked:
        octets += one.end - one.start
    return octets


def _inform_rack(b: Block, now: float, told: Told) -> None:
    rack, min_rtt = b.rack, b.rto.min_rtt
    for one in told.acked:
        if not one.sacked:
            rack.delivered(one, now, min_rtt, told.echoed)
    # The first block tells of the latest: out of order it would look like reordering (§6.2, 3).
    for one in sorted(told.sacked, key=START):
        # What is echoed is of the last segment in order (RFC 7323 §4.3), not of this one.
        rack.delivered(one, now, min_rtt, None)
    rack.acknowledged(b.snd_una)


def _look_for_spurious(b: Block, now: float, echoed: int) -> None:
    """Compare the first acknowledgment with what was sent again (RFC 3522 §3.2).

    If it echoes a timestamp from before, the segment that was held for lost arrived after all.
    """
    recovery = b.recovery
    resent_at, recovery.resent_at = recovery.resent_at, None
    if resent_at is None or echoed >= resent_at or not b.settings.undo:
        return
    b.say("it was sent again in vain: the reduction is taken back (RFC 4015)")
    b.counters.undone += 1
    b.flight.find_again()
    b.congestion.undo(now)
    b.rto.backoff = 0
    recovery.phase = Phase.OPEN
    recovery.duplicates = b.flight.unseen = 0
    recovery.force = False


def _look_for_losses(b: Block, now: float, told: Told | None) -> None:
    """Hold for lost what must be, and begin fast recovery if that is news."""
    if b.rack_used:
        lost = _lost_by_time(b, now)
    elif b.sack:
        lost = _lost_by_count(b)
    else:
        lost = _lost_by_duplicates(b, told)
    if b.probe is not None and len(lost) == 1 and is_probe(b, lost[0]):
        probe_lost(b, now)
        b.flight.hold_for_lost(lost[0])
        b.recovery.force = True
        return
    for one in lost:
        b.flight.hold_for_lost(one)
    if lost and b.recovery.phase is Phase.OPEN:
        enter_recovery(b, now)


def _lost_by_time(b: Block, now: float) -> list[Sent]:
    rack = b.rack
    enough = b.flight.sacked_segments >= DUPLICATES or b.flight.sacked >= DUPLICATES * b.mss
    recovering = b.recovery.phase is not Phase.OPEN
    window = rack.window(b.rto.min_rtt, b.rto.srtt, recovering, enough)
    lost, wait = rack.detect(b.flight, now, window)
    b.timers.reorder = now + wait if wait > 0 else OFF
    return lost


def _lost_by_count(b: Block) -> list[Sent]:
    """Return what has DupThresh segments, or more octets than those have, SACKed above it.

    IsLost of RFC 6675 §4. What was sent again is not looked at: only the timer finds out.
    """
    board = b.flight.scoreboard
    enough, octets, edge = (DUPLICATES - 1) * b.mss, 0, -1
    from_top = zip(reversed(board.starts), reversed(board.ends), strict=True)
    for ranges, (start, end) in enumerate(from_top, 1):
        octets += end - start
        if octets > enough or ranges >= DUPLICATES:
            edge = start
            break
    lost: list[Sent] = []
    for one in b.flight.segments:
        if one.start >= edge:
            break
        if not (one.sacked or one.lost) and one.tries == 1:
            lost.append(one)
    return lost


def _lost_by_duplicates(b: Block, told: Told | None) -> list[Sent]:
    """Return the first segment after three duplicates, or after a partial acknowledgment."""
    recovery, head = b.recovery, b.flight.segments[0]
    if told is None or head.lost:
        return []
    if recovery.phase is Phase.OPEN:
        # Duplicates of segments sent again after a timeout prove nothing: RFC 6582 §3.2.
        fresh = b.snd_una > recovery.recover
        return [head] if recovery.duplicates >= DUPLICATES and fresh else []
    return [head] if told.octets and head.tries == 1 else []


def _count_duplicates(b: Block, told: Told) -> int:
    """Keep the books of duplicates where there is no SACK; return what was delivered."""
    recovery, flight = b.recovery, b.flight
    if told.octets:
        seen = min(flight.unseen, max(0, told.octets - b.mss))
        flight.unseen -= seen
        recovery.duplicates = 0
        return told.octets - seen
    if not told.duplicate or recovery.phase is Phase.LOSS:
        return 0
    recovery.duplicates += 1
    more = min(b.mss, max(0, flight.pipe - flight.unseen - b.mss))
    flight.unseen += more
    return b.mss


def _hold_overdue_for_lost(b: Block, now: float) -> None:
    """Hold the first segment for lost, and others that left long enough ago."""
    flight, rack = b.flight, b.rack
    flight.hold_for_lost(flight.segments[0])
    window = rack.window(b.rto.min_rtt, b.rto.srtt, recovering=True, sacked_enough=True)
    for one in list(flight.segments):
        if not b.rack_used or one.at + rack.rtt + window <= now:
            flight.hold_for_lost(one)


def _reduce_in_proportion(b: Block, delivered: int, *, progress: bool) -> None:
    """Set the window such that it reaches the threshold when recovery ends (RFC 9937 §6)."""
    recovery, congestion = b.recovery, b.congestion
    pipe = b.in_pipe
    recovery.delivered += delivered
    if pipe > congestion.threshold:
        share = -(-recovery.delivered * congestion.threshold // recovery.in_flight)
        quota = share - recovery.out
    else:
        quota = max(recovery.delivered - recovery.out, delivered)
        if progress:
            quota += b.mss
        quota = min(congestion.threshold - pipe, quota)
    congestion.window = pipe + max(quota, 0)


def _grow(b: Block, now: float, told: Told) -> None:
    """Let the window grow, if it was in use (RFC 9438 §5.8)."""
    congestion = b.congestion
    if congestion.window < congestion.threshold:
        in_use = 2 * told.in_pipe >= congestion.window
    else:
        in_use = told.in_pipe + b.largest >= congestion.window
    if in_use:
        congestion.acknowledged(now, told.octets, b.rto.srtt or 0.0)
    else:
        congestion.unused(now)
