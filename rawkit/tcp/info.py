"""How a connection is doing: the fields of ``ss -i`` (tcp(7), ``TCP_INFO``)."""

from math import isinf

from rawkit.record import record
from rawkit.tcp.block import Block, Counters
from rawkit.tcp.flow import Flow
from rawkit.tcp.newreno import UNLIMITED
from rawkit.tcp.pacing import rate
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.state import State


@record(kw_only=True)
class Info:
    """A look at a connection. Times are seconds, sizes octets."""

    flow: Flow | None
    state: State
    phase: Phase
    """What it does about losses."""
    congestion: str
    timestamps: bool
    sack: bool
    ecn: bool
    scales: tuple[int, int] | None
    """Bits by which windows are shifted, theirs and ours; ``None``: they are not."""
    rtt: float | None
    """Smoothed."""
    rttvar: float
    min_rtt: float | None
    rto: float
    """With all doublings."""
    backoff: int
    mss: int
    """Octets of data in a full-sized segment of ours."""
    received_mss: int
    """The largest segment that came."""
    path_mtu: int
    cwnd: int
    """The congestion window, in octets."""
    ssthresh: int | None
    """The threshold of slow start; ``None``: none yet."""
    send_window: int
    """What the other side has room for."""
    receive_window: int
    """What we told that we have room for."""
    in_flight: int
    """Octets that left and are not acknowledged."""
    pipe: int
    """Of those, what is thought to be in the network."""
    sacked: int
    lost: int
    reordering: bool
    """Whether reordering was seen."""
    unsent: int
    """Octets written that have not left."""
    unread: int
    """Octets arrived that were not read."""
    waiting: int
    """Octets arrived beyond a gap."""
    octets_acked: int
    octets_received: int
    pacing_rate: float | None
    """Octets a second; ``None``: not paced."""
    since_sent: float | None
    """Since data left last."""
    since_heard: float | None
    since_acked: float | None
    counters: Counters


def info_of(b: Block, now: float) -> Info:
    """Return how a connection is doing at this time."""
    threshold = b.congestion.threshold
    return Info(
        flow=b.flow,
        state=b.state,
        phase=b.recovery.phase,
        congestion=b.settings.congestion,
        timestamps=b.timestamps,
        sack=b.sack,
        ecn=b.ecn,
        scales=(b.snd_shift, b.rcv_shift) if b.scaling else None,
        rtt=b.rto.srtt,
        rttvar=b.rto.rttvar,
        min_rtt=b.rto.min_rtt,
        rto=b.rto.timeout(),
        backoff=b.rto.backoff,
        mss=b.mss,
        received_mss=b.rcv_mss,
        path_mtu=b.mtu,
        cwnd=b.congestion.window,
        ssthresh=None if threshold >= UNLIMITED else threshold,
        send_window=b.snd_wnd,
        receive_window=max(0, b.rcv_adv - b.rcv_nxt),
        in_flight=b.snd_nxt - b.snd_una,
        pipe=b.in_pipe,
        sacked=b.flight.sacked,
        lost=b.flight.lost,
        reordering=b.rack.reordered,
        unsent=max(0, b.buffer.end - max(b.snd_nxt, b.buffer.start)),
        unread=b.inbox.size,
        waiting=b.queue.size,
        octets_acked=acked_octets(b),
        octets_received=received_octets(b),
        pacing_rate=rate(b) if b.settings.pacing else None,
        since_sent=_since(now, b.sent_at),
        since_heard=_since(now, b.heard_at),
        since_acked=_since(now, b.acked_at),
        counters=b.counters,
    )


def acked_octets(b: Block) -> int:
    """Return the octets of data that were acknowledged."""
    fin = b.fin_at is not None and b.snd_una > b.fin_at
    return max(0, b.snd_una - b.iss - 1 - fin)


def received_octets(b: Block) -> int:
    """Return the octets of data that arrived in order."""
    fin = b.rcv_fin is not None and b.rcv_nxt > b.rcv_fin
    return max(0, b.rcv_nxt - b.irs - 1 - fin)


def _since(now: float, then: float) -> float | None:
    return None if then < 0 or isinf(then) else now - then
