"""The three-way handshake: what arrives in LISTEN and SYN-SENT (RFC 9293 §3.10.7.2, §3.10.7.3)."""

from rawkit.errors import UsageError
from rawkit.tcp.arrived import Arrived
from rawkit.tcp.block import Block
from rawkit.tcp.congestion import congestion_control, initial_window
from rawkit.tcp.emit import emit_reset, emit_syn
from rawkit.tcp.events import Ending, Established, SynReceived
from rawkit.tcp.flow import Flow
from rawkit.tcp.isn import initial_sequence, timestamp_offset
from rawkit.tcp.mtu import begin
from rawkit.tcp.options import Agreed, Offer, offer_in, timestamps_in
from rawkit.tcp.receiving import received, take_fin
from rawkit.tcp.recovery_state import Recovery
from rawkit.tcp.rto import AFTER_SYN_LOSS
from rawkit.tcp.segment import ACK, CWR, ECE, FIN, RST, SYN, WRAP, Segment
from rawkit.tcp.sending import arm
from rawkit.tcp.state import Cause, State
from rawkit.tcp.timers import OFF
from rawkit.tcp.user_timeout import told_of_timeout, user_timeout_option
from rawkit.wire.tcp_options import encode


def open_actively(b: Block, now: float) -> None:
    """Send a SYN (§3.10.1)."""
    _choose_numbers(b, now)
    b.passive = False
    b.move(Cause.ACTIVE_OPEN)
    b.ecn = b.settings.ecn
    _send_first_syn(b, now, "the connection is opened (§3.10.1)")


def syn_leaves(b: Block, now: float) -> None:
    """Note when our first SYN really leaves: its driver may have been slow."""
    ours = b.flight.segments[0]
    if ours.tries == 1:
        ours.at = now


def arrives_in_listen(b: Block, now: float, s: Segment) -> None:
    """Check a segment in LISTEN (§3.10.7.2): RST, then ACK, then SYN."""
    if s.flags & RST:
        b.say("a reset of nothing: dropped (§3.10.7.2, first)")
    elif s.flags & ACK:
        emit_reset(b, now, s.acknowledgment, 0, "it acknowledges what was never sent (second)")
    elif s.flags & SYN:
        take_syn(b, now, s)
    else:
        b.say("neither SYN nor ACK nor RST: dropped (§3.10.7.2, fourth)")


def take_syn(b: Block, now: float, s: Segment) -> None:
    """Answer a SYN (§3.10.7.2, third)."""
    _choose_numbers(b, now)
    b.passive = True
    _hear_syn(b, now, s)
    b.ecn = b.settings.ecn and s.flags & (ECE | CWR) == ECE | CWR
    b.move(Cause.SYN)
    _send_first_syn(b, now, "it is answered with ours (§3.10.7.2, third)")


def arrives_in_syn_sent(b: Block, now: float, s: Segment) -> None:
    """Check a segment in SYN-SENT (§3.10.7.3)."""
    b.heard_at = now
    acknowledgment = b.iss + ((s.acknowledgment - b.iss) & WRAP)
    acceptable = b.snd_una < acknowledgment <= b.snd_max
    if s.flags & ACK and not acceptable:
        if s.flags & RST:
            b.say("a reset of something else: dropped (§3.10.7.3, first)")
        else:
            emit_reset(b, now, s.acknowledgment, 0, "it acknowledges another SYN (first)")
    elif s.flags & RST:
        if s.flags & ACK:
            b.end(Cause.RST, Ending.REFUSED)
        else:
            b.say("a reset that acknowledges nothing: dropped (§3.10.7.3, second)")
    elif s.flags & SYN:
        _take_their_syn(b, now, s, acknowledgment)
    else:
        b.say("neither SYN nor RST: dropped (§3.10.7.3, fifth)")


def established(b: Block, now: float, a: Arrived) -> None:
    """Begin to exchange data: our SYN is acknowledged, and theirs has arrived."""
    rtt = _syn_round_trip(b, now, a.segment)
    b.flight.acknowledge(a.acknowledgment)
    b.snd_una = a.acknowledgment
    b.timers.retransmit = OFF
    b.rto.backoff = 0
    b.snd_wnd = a.segment.window << (0 if a.segment.flags & SYN else b.snd_shift)
    b.snd_field = a.segment.window
    b.max_snd_wnd = max(b.max_snd_wnd, b.snd_wnd)
    b.snd_wl1, b.snd_wl2 = a.sequence, a.acknowledgment
    b.opened_at = b.progress_at = now
    if b.flight.segments:  # a FIN that was sent in SYN-RECEIVED
        arm(b, now)
    if b.settings.keepalive is not None:
        b.timers.keepalive = now + b.settings.keepalive
    b.events.append(Established(rtt, agreed(b)))
    if b.fin_wanted and b.state is State.ESTABLISHED:
        b.move(Cause.CLOSE)
    _take_what_was_held(b, now)


def agreed(b: Block) -> Agreed:
    """Return what both sides' SYNs lead to."""
    return Agreed(b.mss, b.snd_shift, b.rcv_shift, b.sack, b.timestamps, b.ecn, b.scaling)


def return_to_listen(b: Block) -> None:
    """Forget who wanted to connect (§3.10.7.4, second and fourth)."""
    b.move(Cause.RETURN)
    b.timers.stop()
    b.flight.clear()
    b.flow = None
    b.recovery = Recovery()
    b.held = None
    b.ack_now = False
    b.fin_at = None


def unopened(flow: Flow | None) -> Flow:
    """Return a flow whose other end is known.

    Raises:
        UsageError: it is not.
    """
    if flow is None:
        raise UsageError("nobody to connect to is known: name the other side")
    return flow


def _choose_numbers(b: Block, now: float) -> None:
    flow = unopened(b.flow)
    b.begun = True
    given = b.given_isn
    b.iss = initial_sequence(now, flow, b.secret) if given is None else given
    b.ts_offset = timestamp_offset(flow, b.secret)
    b.snd_una = b.iss
    b.snd_nxt = b.snd_max = b.iss + 1
    b.snd_up = b.recovery.recover = b.reduced_until = b.iss
    b.buffer.begin(b.iss + 1)
    b.offer = _our_offer(b)


def _our_offer(b: Block) -> Offer:
    settings = b.settings
    if settings.options is not None:
        return offer_in(encode(*settings.options))
    return Offer(
        settings.segment_size(b.version),
        settings.shift if settings.window_scaling else None,
        settings.sack,
        settings.timestamps,
        0,
        user_timeout_option(settings),
    )


def _send_first_syn(b: Block, now: float, why: str) -> None:
    emit_syn(b, now, why)
    b.syn_sent_at = b.progress_at = now
    b.flight.sent(b.iss, b.iss + 1, now, SYN)
    arm(b, now)


def _hear_syn(b: Block, now: float, s: Segment) -> None:
    """Learn from the other side's SYN."""
    b.irs = s.sequence
    b.rcv_nxt = b.last_ack_sent = b.rcv_up = s.sequence + 1
    b.rcv_adv = b.rcv_nxt + min(b.settings.window, 0xFFFF)
    heard, ours = offer_in(s.options), b.offer
    b.heard = heard
    b.sack = heard.sack and ours.sack
    b.rack_used = b.sack and b.settings.rack
    b.timestamps = heard.timestamps and ours.timestamps
    b.scaling = heard.shift is not None and ours.shift is not None
    b.snd_shift = (heard.shift or 0) if b.scaling else 0
    b.rcv_shift = (ours.shift or 0) if b.scaling else 0
    if heard.timestamps:
        b.ts_recent, b.ts_recent_at = heard.timestamp, now
    b.snd_wnd = b.max_snd_wnd = s.window
    b.snd_field = s.window
    b.snd_wl1 = s.sequence
    begin(b)
    segments = b.settings.initial_window if _syn_tries(b) <= 2 else 1
    window = initial_window(b.full_size, segments)
    b.congestion = congestion_control(b.settings.congestion, b.mss, window)
    told_of_timeout(b, heard.user_timeout)
    b.events.append(SynReceived(s.sequence, heard))
    if s.payload or s.flags & FIN:
        b.held = s


def _take_their_syn(b: Block, now: float, s: Segment, acknowledgment: int) -> None:
    """Go on with a SYN in SYN-SENT (§3.10.7.3, fourth)."""
    _hear_syn(b, now, s)
    if s.flags & ACK:
        b.ecn = b.ecn and s.flags & (ECE | CWR) == ECE
        b.move(Cause.SYN_ACK)
        b.ack_now = True
        established(b, now, Arrived(s, s.sequence, acknowledgment, b"", s.flags))
        return
    b.ecn = b.ecn and s.flags & (ECE | CWR) == ECE | CWR
    b.move(Cause.SYN)
    ours = b.flight.segments[0]
    emit_syn(b, now, "both sides open at the same time (§3.10.7.3, fourth)")
    b.flight.resent(ours, now)
    arm(b, now)


def _syn_tries(b: Block) -> int:
    return b.flight.segments[0].tries if b.flight.segments else 1


def _syn_round_trip(b: Block, now: float, s: Segment) -> float | None:
    """Measure the first round trip, unless it is not known which SYN was answered."""
    if not b.flight.segments:
        return None
    ours = b.flight.segments[0]
    stamps = timestamps_in(s.options) if b.timestamps else None
    if ours.tries == 1:
        rtt = now - ours.at
        b.rto.smallest(rtt, now)
    elif stamps is not None and (echoed := b.echoed(now, stamps[1])) >= int(ours.at * 1000):
        rtt = max(0, int(now * 1000) - echoed) / 1000
    else:
        b.rto.rto = max(b.rto.rto, min(AFTER_SYN_LOSS, b.rto.ceiling))
        return None
    b.rto.sample(rtt, now)
    return rtt


def _take_what_was_held(b: Block, now: float) -> None:
    """Process text and FIN that came along with the SYN (§3.10.7.2, third)."""
    s, b.held = b.held, None
    if s is None:
        return
    octets = bytes(s.payload[: b.rcv_adv - b.rcv_nxt])
    if octets:
        received(b, octets)
    b.ack_now = True
    if s.flags & FIN and len(octets) == len(s.payload):
        take_fin(b, now, Arrived(s, b.rcv_nxt, b.snd_una, b"", FIN))
