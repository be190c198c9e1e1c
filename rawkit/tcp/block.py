"""The transmission control block: all that one connection knows (RFC 9293 §3.3.1).

The variables have the RFC's names: SND.UNA is ``snd_una``. Sequence numbers are plain integers
that never wrap; only the wire has 32 bits of them. The other modules of this room are what the
RFC says is to be done with a block.
"""

from rawkit.record import field, record
from rawkit.tcp.chunks import Inbox
from rawkit.tcp.congestion import Congestion, congestion_control
from rawkit.tcp.events import Closed, Ending, Event, Moved
from rawkit.tcp.flight import Flight
from rawkit.tcp.flow import Flow
from rawkit.tcp.limiter import Limiter
from rawkit.tcp.options import Offer, Range
from rawkit.tcp.rack import Rack
from rawkit.tcp.reassembly import Reassembly
from rawkit.tcp.recovery_state import Recovery
from rawkit.tcp.rto import Estimator
from rawkit.tcp.segment import WRAP, Segment
from rawkit.tcp.send_buffer import SendBuffer
from rawkit.tcp.settings import Settings
from rawkit.tcp.state import TRANSITIONS, Cause, State
from rawkit.tcp.timers import OFF, Timers
from rawkit.wire.address import Address
from rawkit.wire.packet import Header

SENDING = (
    State.ESTABLISHED,
    State.CLOSE_WAIT,
    State.FIN_WAIT_1,
    State.CLOSING,
    State.LAST_ACK,
)
"""Where there may be data or a FIN of ours that is not acknowledged."""
SILENCE = -1e18
"""A time before all others."""


@record(frozen=False, eq=False)
class Counters:
    """What has happened, in numbers. Segments, unless said otherwise."""

    segments_in: int = 0
    segments_out: int = 0
    data_segments_in: int = 0
    data_segments_out: int = 0
    octets_sent: int = 0
    """Of data, those sent again included."""
    octets_resent: int = 0
    resent: int = 0
    timeouts: int = 0
    recoveries: int = 0
    """Times of fast recovery."""
    probes: int = 0
    """Tail loss probes."""
    undone: int = 0
    """Reductions that were taken back."""
    reneged: int = 0
    """Times that the other side threw away what it had reported."""
    duplicate_acks: int = 0
    duplicates_reported: int = 0
    """By the other side: D-SACK."""
    out_of_order: int = 0
    unacceptable: int = 0
    """Outside of the window, or too old by their timestamps."""
    old_timestamps: int = 0
    challenges: int = 0
    """Challenge acknowledgments sent."""
    window_probes: int = 0
    keepalives: int = 0
    marks_in: int = 0
    """Congestion that routers marked on what arrived."""
    marks_echoed: int = 0
    """Reductions because the other side echoed a mark."""
    advised: int = 0
    """ICMP errors."""


@record(frozen=False, eq=False, kw_only=True)
class Block:
    """One connection. Everything here may be looked at; change it through the connection."""

    flow: Flow | None
    """Nobody is known as long as it listens."""
    settings: Settings
    secret: bytes
    version: int
    """Of IP."""

    state: State = State.CLOSED
    begun: bool = False
    """Whether it was ever opened."""
    passive: bool = False
    returns: bool = False
    """Whether a reset in SYN-RECEIVED leads back to LISTEN."""
    open: bool = False
    """Whether the state is one of :data:`SENDING`."""

    given_isn: int | None = None
    """The first sequence number, by hand."""
    iss: int = 0
    snd_una: int = 0
    snd_nxt: int = 0
    snd_max: int = 0
    """The highest number ever sent, that of window probes included."""
    snd_wnd: int = 0
    snd_wl1: int = 0
    snd_wl2: int = 0
    snd_up: int = 0
    """Behind the last urgent octet of ours."""
    max_snd_wnd: int = 0
    snd_field: int = 0
    """The window as it stood in the header: to see quickly that it did not change."""
    snd_shift: int = 0
    fin_wanted: bool = False
    fin_at: int | None = None
    """The number of our FIN, once it was sent."""
    short_of_room: bool = False
    """Whether a write was cut short."""

    irs: int = 0
    rcv_nxt: int = 0
    rcv_adv: int = 0
    """The right edge of the window as we gave it; it never moves back."""
    rcv_up: int = 0
    rcv_shift: int = 0
    rcv_fin: int | None = None
    """The number of the other side's FIN, once it is known."""
    rcv_mss: int = 536
    """The largest segment that came: what "full-sized" means for acknowledgments."""
    reading: bool = True
    """Whether somebody still wants what arrives."""
    held: Segment | None = None
    """What came along with a SYN, until the connection is open."""
    last_ack_sent: int = 0

    offer: Offer = field(default_factory=Offer)
    """What our SYN says."""
    heard: Offer = field(default_factory=Offer)
    """What the other side's SYN said."""
    full_size: int = 536
    """Octets of a segment, options included: Eff.snd.MSS plus the options."""
    mss: int = 536
    """Octets of data in a full-sized segment."""
    largest: int = 536
    """Octets of data that we give to the link at once: more than ``mss`` if it divides them."""
    scaling: bool = False
    sack: bool = False
    rack_used: bool = False
    timestamps: bool = False
    ecn: bool = False
    ts_offset: int = 0
    ts_recent: int = 0
    ts_recent_at: float = SILENCE
    mtu: int = 0
    """Of the path, as far as it is known."""
    user_timeout: float = 0.0

    ack_now: bool = False
    unacknowledged: int = 0
    """Octets that arrived since the last acknowledgment of ours."""
    duplicate: Range | None = None
    """What came twice, for the next acknowledgment (RFC 2883)."""
    mark_to_echo: bool = False
    """A router marked congestion: ECE until the other side answers with CWR (RFC 3168 §6.1.3)."""
    reduction_to_tell: bool = False
    """CWR goes with the next new data."""
    reduced_until: int = 0
    """No further reduction for marks as long as less than this is acknowledged."""

    buffer: SendBuffer
    flight: Flight = field(default_factory=Flight)
    inbox: Inbox = field(default_factory=Inbox)
    queue: Reassembly = field(default_factory=Reassembly)
    rto: Estimator
    congestion: Congestion
    recovery: Recovery = field(default_factory=Recovery)
    rack: Rack = field(default_factory=Rack)
    timers: Timers = field(default_factory=Timers)
    limiter: Limiter = field(default_factory=Limiter)
    counters: Counters = field(default_factory=Counters)

    syn_sent_at: float = 0.0
    opened_at: float = 0.0
    progress_at: float = 0.0
    """When data was acknowledged last, or the first data left that is not."""
    heard_at: float = SILENCE
    sent_at: float = SILENCE
    """When data left last."""
    acked_at: float = SILENCE
    persists: int = 0
    """Window probes since the window shut."""
    keepalives: int = 0
    """Keep-alives since something was heard."""
    pace_at: float = SILENCE
    stalled: bool = False
    """Whether the user was told that nothing gets through."""
    probe: Range | None = None
    """The numbers of a segment larger than the path is known to take (RFC 4821)."""
    probe_mtu: int = 0
    """The size of the packet that carries it."""
    probe_ceiling: int = 0
    """The largest packet that may get through."""
    probe_at: float = OFF
    """When larger packets are tried next."""
    top_mtu: int = 0
    """The largest packet that either end takes."""

    out: list[Segment] = field(default_factory=list)
    """Segments to be sent."""
    events: list[Event] = field(default_factory=list)
    ended: Closed | None = None
    """How it ended."""
    story: list[str] | None = None
    """Why things happen, in words; ``None``: nobody asked."""

    def move(self, cause: Cause) -> None:
        """Change the state as the table says."""
        before = self.state
        self.state = after = TRANSITIONS[before, cause]
        self.open = after in SENDING
        self.events.append(Moved(before, cause, after))

    def end(
        self,
        cause: Cause,
        ending: Ending,
        message: Header | None = None,
        source: Address | None = None,
    ) -> None:
        """Delete the block: the connection is over."""
        self.move(cause)
        self.timers.stop()
        self.flight.clear()
        self.buffer.clear()
        self.queue.clear()
        self.ack_now = False
        self.ended = Closed(ending, message, source)
        self.events.append(self.ended)

    def say(self, why: str) -> None:
        """Note why something happens, if somebody wants to know."""
        if self.story is not None:
            self.story.append(why)

    def stamp(self, now: float) -> int:
        """Return our timestamp: milliseconds, from some offset on."""
        return (int(now * 1000) + self.ts_offset) & WRAP

    def echoed(self, now: float, echo: int) -> int:
        """Return the millisecond at which we sent a timestamp that came back."""
        milliseconds = int(now * 1000)
        return milliseconds - ((milliseconds + self.ts_offset - echo) & WRAP)

    @property
    def in_pipe(self) -> int:
        """Octets in the network: those that duplicate acknowledgments tell of are not."""
        return self.flight.pipe - self.flight.unseen

    @property
    def is_synchronized(self) -> bool:
        """Whether both sides know each other's numbers."""
        return self.open or self.state in (State.FIN_WAIT_2, State.TIME_WAIT)


def new_block(flow: Flow | None, version: int, settings: Settings, secret: bytes) -> Block:
    """Return the block of a connection that is closed."""
    size = settings.segment_size(version)
    return Block(
        flow=flow,
        version=version,
        settings=settings,
        secret=secret,
        mtu=settings.mtu,
        user_timeout=settings.user_timeout,
        buffer=SendBuffer(0, settings.send_buffer),
        rto=Estimator(settings.rto_initial, settings.rto_min, settings.rto_max),
        congestion=congestion_control(settings.congestion, size, size),
    )
