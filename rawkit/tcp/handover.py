"""A connection moves to another TCP: what that has to know, and how one begins in the middle.

Both TCPs never speak at the same time: whoever drives them sees to that. What arrives in between
is lost, and comes again.
"""

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.tcp.block import Block
from rawkit.tcp.congestion import congestion_control, initial_window
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Ending, Established
from rawkit.tcp.flow import Flow
from rawkit.tcp.mtu import DEFAULT_MSS, begin
from rawkit.tcp.opening import agreed
from rawkit.tcp.options import Offer
from rawkit.tcp.segment import WRAP
from rawkit.tcp.settings import Settings
from rawkit.tcp.state import Cause, State


@record(kw_only=True)
class Snapshot:
    """An established connection, between two segments. Numbers have 32 bits."""

    flow: Flow
    first: int
    """The number of the first octet of ours that is not acknowledged."""
    next: int
    """The number that is expected next."""
    in_flight: bytes = b""
    """What left and is not acknowledged."""
    unread: bytes = b""
    """What arrived in order and was not read; it ends before ``next``."""
    mss: int
    """The largest segment that the other side takes."""
    scales: tuple[int, int] | None
    """Bits by which windows are shifted, theirs and ours; ``None``: they are not."""
    sack: bool
    timestamps: bool
    stamp: int
    """Our timestamp at this time, in milliseconds."""
    window: int
    """What the other side has room for, in octets, from ``first`` on."""
    largest_window: int
    """The largest that it ever had."""
    window_at: int
    """The number of the segment that told of it (SND.WL1)."""
    given: int
    """What we told that we have room for, in octets, from ``next`` on."""


def is_movable(b: Block, most: int) -> bool:
    """Tell whether all that was written has left, and at most so much is not acknowledged.

    Raises:
        UsageError: it is not open, or one of the sides has ended.
    """
    if b.state is not State.ESTABLISHED or b.fin_wanted:
        said = "shut down" if b.fin_wanted else str(b.state)
        raise UsageError(f"only a connection that is ESTABLISHED can be handed over: it is {said}")
    return b.snd_max == b.buffer.end and b.snd_max - b.snd_una <= most


def snapshot(b: Block, now: float) -> Snapshot:
    """Return what another TCP has to know to go on with a connection.

    What lies beyond a gap is not in it: it comes again, for it was not acknowledged.

    Raises:
        UsageError: it is not open, or one of the sides has ended.
    """
    if not is_movable(b, b.buffer.limit) or b.flow is None:
        raise UsageError("some of what was written has not left yet")
    unread = b.inbox.read(b.inbox.size)
    b.inbox.add(unread)
    return Snapshot(
        flow=b.flow,
        first=b.snd_una & WRAP,
        next=b.rcv_nxt & WRAP,
        in_flight=bytes(b.buffer.part(b.snd_una, b.snd_max)),
        unread=unread,
        mss=DEFAULT_MSS[b.version] if b.heard.mss is None else b.heard.mss,
        scales=(b.snd_shift, b.rcv_shift) if b.scaling else None,
        sack=b.sack,
        timestamps=b.timestamps,
        stamp=b.stamp(now),
        window=b.snd_wnd,
        largest_window=max(b.max_snd_wnd, b.snd_wnd),
        window_at=b.snd_wl1 & WRAP,
        given=max(0, b.rcv_adv - b.rcv_nxt),
    )


def let_go(connection: Connection) -> None:
    """End a connection without a word to the other side: somebody else goes on with it."""
    connection.block.end(Cause.ABORT, Ending.HANDED_OVER)
    connection.touched(connection)


def adopted(found: Snapshot, settings: Settings, now: float, secret: bytes) -> Connection:
    """Return a connection that goes on where another TCP has stopped.

    Args:
        found: where that is; nothing of ours is in flight.
        settings: how it is to behave; what both sides' SYNs agreed on stays.
        now: seconds.
        secret: of the host (RFC 6528).
    """
    if found.in_flight:
        raise UsageError("what the other TCP has sent is not acknowledged yet")
    made = Connection(found.flow, settings, secret=secret)
    b = made.block
    b.begun = b.open = True
    b.state = State.ESTABLISHED
    _take_agreement(b, found)
    _take_numbers(b, found)
    begin(b)
    window = initial_window(b.full_size, settings.initial_window)
    b.congestion = congestion_control(settings.congestion, b.mss, window)
    b.ts_offset = (found.stamp + 1 - int(now * 1000)) & WRAP
    b.opened_at = b.progress_at = b.heard_at = now
    if settings.keepalive is not None:
        b.timers.keepalive = now + settings.keepalive
    b.ack_now = True  # whatever got lost on the way, the other side learns where we are
    b.events.append(Established(None, agreed(b)))
    return made


def _take_agreement(b: Block, found: Snapshot) -> None:
    theirs, ours = found.scales or (None, None)
    b.heard = Offer(found.mss, theirs, found.sack, found.timestamps)
    b.offer = Offer(b.settings.segment_size(b.version), ours, found.sack, found.timestamps)
    b.scaling = found.scales is not None
    b.snd_shift, b.rcv_shift = found.scales or (0, 0)
    b.sack, b.timestamps = found.sack, found.timestamps
    b.rack_used = b.sack and b.settings.rack


def _take_numbers(b: Block, found: Snapshot) -> None:
    """Begin as if the SYNs had been the octets right before."""
    b.iss = found.first - 1
    b.snd_una = b.snd_nxt = b.snd_max = b.snd_wl2 = found.first
    b.snd_up = b.recovery.recover = b.reduced_until = found.first
    b.buffer.begin(found.first)
    b.snd_wnd, b.max_snd_wnd = found.window, found.largest_window
    b.snd_field = found.window >> b.snd_shift
    b.snd_wl1 = found.next - ((found.next - found.window_at) & WRAP)
    b.irs = found.next - len(found.unread) - 1
    b.rcv_nxt = b.rcv_up = b.last_ack_sent = found.next
    b.rcv_adv = found.next + found.given
    if found.unread:
        b.inbox.add(found.unread)
