"""What must hold of a connection at any time, whatever has come."""

from math import inf

from rawkit.tcp.block import Block
from rawkit.tcp.reassembly import MOST_PIECES
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.state import State


def check(b: Block) -> None:
    """Raise AssertionError if something is wrong with the books."""
    check_numbers(b)
    check_flight(b)
    check_queue(b)
    check_timers(b)


def check_numbers(b: Block) -> None:
    assert b.snd_una <= b.snd_nxt <= b.snd_max, "SND.UNA, SND.NXT, SND.MAX"
    if b.state in (State.CLOSED, State.LISTEN, State.SYN_SENT):
        return
    assert b.rcv_nxt > b.irs
    assert b.inbox.size + b.queue.size <= b.settings.window + 0xFFFF
    assert b.congestion.window >= 0
    assert b.congestion.threshold >= 2 * min(b.mss, 64)


def check_flight(b: Block) -> None:
    flight = b.flight
    pipe = sacked = lost = count = 0
    edge = b.snd_una
    for one in flight.segments:
        assert one.start == edge, "a gap, or an overlap, in what is in flight"
        assert one.start < one.end
        assert not one.done
        assert not (one.sacked and one.lost)
        size = one.end - one.start
        if one.sacked:
            sacked += size
            count += 1
        elif one.lost:
            lost += size
        else:
            pipe += size
        edge = one.end
    if b.state not in (State.CLOSED, State.LISTEN):
        assert edge == b.snd_nxt, "what is in flight ends at SND.NXT"
    assert (flight.pipe, flight.sacked, flight.lost) == (pipe, sacked, lost)
    assert flight.sacked_segments == count
    assert 0 <= flight.unseen <= pipe
    entries = list(flight.under_way())
    assert len(entries) == len(set(map(id, entries)))
    wanted = {id(one) for one in flight.segments if not (one.sacked or one.lost)}
    assert {id(one) for one in entries} == wanted, "by time and by number"
    assert [one.at for one in entries] == sorted(one.at for one in entries)
    if lost:
        assert flight.next_lost() is not None


def check_queue(b: Block) -> None:
    assert len(b.queue) <= MOST_PIECES
    edge = b.rcv_nxt
    total = 0
    for start, end in sorted(b.queue.blocks(MOST_PIECES)):
        assert start > edge, "what waits is beyond a gap"
        assert end > start
        total += end - start
        edge = end
    assert total == b.queue.size
    if b.queue:
        assert edge <= b.rcv_adv


def check_timers(b: Block) -> None:
    """Nobody may wait for ever: what is in flight, or cannot leave, has a timer."""
    timers = b.timers
    if b.state is State.CLOSED:
        assert timers.earliest() == inf
        return
    if b.flight.segments:
        assert timers.retransmit < inf, "data in flight without a timer"
    elif b.open and (b.buffer.end > b.snd_nxt or (b.fin_wanted and b.fin_at is None)):
        assert min(timers.persist, timers.pace) < inf, "data that waits without a timer"
    if b.state is State.TIME_WAIT:
        assert timers.time_wait < inf
    if b.recovery.phase is not Phase.OPEN:
        assert b.flight.segments, "recovery of nothing"
