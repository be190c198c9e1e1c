"""One connection: what its user and its driver do with it (RFC 9293 §3.10).

    ============================  ======================================================
    ``open(now)``                 active open; ``listen()``: passive open
    ``arrive(now, segment)``      a segment came
    ``advise(now, advice)``       an ICMP error came
    ``tick(now)``                 time has passed; at ``wake_at`` at the latest
    ``outgoing(now)``             the segments to be sent now: after any of the others
    ``take_events()``             what has happened
    ``write``, ``read``           data, as far as there is room, or as there is some
    ``shutdown()``                no more will be written; ``close``: nor read
    ``abort(now)``                reset, now
    ============================  ======================================================

Nothing here waits, and nothing raises for what the network does: that is told by events. What
the user does wrong raises :class:`~rawkit.errors.UsageError`.
"""

from collections.abc import Callable
from math import inf

from rawkit.errors import UsageError
from rawkit.tcp.arrival import is_later_syn, segment_arrives
from rawkit.tcp.block import Block, new_block
from rawkit.tcp.emit import emit_reset
from rawkit.tcp.events import Closed, Ending, Event
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice, advised
from rawkit.tcp.info import Info, info_of
from rawkit.tcp.isn import check_secret
from rawkit.tcp.opening import open_actively, syn_leaves
from rawkit.tcp.prediction import is_usual
from rawkit.tcp.receiving import RECEIVING
from rawkit.tcp.segment import ACK, WRAP, Segment
from rawkit.tcp.sending import output
from rawkit.tcp.settings import DEFAULT, Settings
from rawkit.tcp.state import Cause, State
from rawkit.tcp.timeouts import time_passes

EVERYTHING = 1 << 62
AFTER_CLOSE = (State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.TIME_WAIT)


def nobody(_: "Connection") -> None:
    """Be told of a connection that wants to send, and do nothing."""


class Connection:
    """A TCP connection, as a machine without clock and socket.

    Args:
        flow: the two ends. ``None``, for one that listens: it learns them from a SYN.
        settings: how it behaves.
        secret: 8 to 32 octets from which its first sequence number follows (RFC 6528); the
            same for all connections of a host, and known to nobody else.
        version: of IP, where there is no flow.
        isn: the first sequence number by hand, 32 bits.
        touched: called with the connection when its user has done something after which
            there may be segments to send.
    """

    __slots__ = ("block", "key", "scheduled", "touched")

    def __init__(
        self,
        flow: Flow | None,
        settings: Settings = DEFAULT,
        *,
        secret: bytes,
        version: int = 4,
        isn: int | None = None,
        touched: "Callable[[Connection], None]" = nobody,
    ) -> None:
        ip = version if flow is None else flow.version
        self.block: Block = new_block(flow, ip, settings, check_secret(secret))
        self.block.given_isn = None if isn is None else isn & WRAP
        self.touched = touched
        self.key = b"" if flow is None else flow.key
        """That of its flow, worked out once; of one that listens, once it is known."""
        self.scheduled = inf
        """For the driver: when it looks at this connection next."""

    # The user's calls (§3.10.1 to §3.10.6)

    def open(self, now: float) -> None:
        """Open actively, from CLOSED or LISTEN (§3.10.1).

        Raises:
            UsageError: it is open, or the other end is unknown.
        """
        b = self.block
        if b.state is not State.LISTEN and (b.begun or b.state is not State.CLOSED):
            raise UsageError(f"cannot open a connection that is {b.state}")
        open_actively(b, now)
        self.touched(self)

    def listen(self, *, returns: bool = True) -> None:
        """Open passively: wait for a SYN (§3.10.1).

        Args:
            returns: whether a reset before it is established leads back to waiting.

        Raises:
            UsageError: it is open.
        """
        b = self.block
        if b.begun or b.state is not State.CLOSED:
            raise UsageError(f"cannot listen on a connection that is {b.state}")
        b.begun = b.passive = True
        b.returns = returns
        b.move(Cause.PASSIVE_OPEN)

    def write(self, octets: bytes | bytearray | memoryview, *, urgent: bool = False) -> int:
        """Have octets sent, as many as there is room for (§3.10.2, SEND).

        Args:
            octets: what to send; before the connection is open it is kept.
            urgent: whether the last of them are urgent (RFC 6093 advises against it).

        Returns:
            How many were taken. If it is less, ``Writable`` tells when there is room again.

        Raises:
            UsageError: the connection is closed, or was shut down.
        """
        b = self.block
        if b.fin_wanted or b.state is State.CLOSED or b.state in AFTER_CLOSE:
            raise UsageError(f"cannot write: the connection is {self._condition()}")
        room = b.buffer.room
        if len(octets) > room:
            octets = memoryview(octets)[:room]
            b.short_of_room = True
        b.buffer.add(octets)
        if urgent:
            b.snd_up = b.buffer.end
        self.touched(self)
        return len(octets)

    def read(self, limit: int = EVERYTHING) -> bytes:
        """Return octets that have arrived, at most so many (§3.10.3, RECEIVE).

        Returns:
            Nothing, if there is nothing: :attr:`at_end` tells whether more will come.
        """
        octets = self.block.inbox.read(limit)
        if octets:
            self._have_read()
        return octets

    def read_some(self, limit: int) -> bytes:
        """Do the same, but return less if that saves copying: at least something."""
        octets = self.block.inbox.read_some(limit)
        if octets:
            self._have_read()
        return octets

    def shutdown(self) -> None:
        """Send FIN behind all that was written; one can still read (§3.10.4, CLOSE)."""
        b = self.block
        if b.fin_wanted or b.state is State.CLOSED:
            return
        if b.state in (State.LISTEN, State.SYN_SENT):
            b.end(Cause.CLOSE, Ending.CLOSED_UNOPENED)
        else:
            b.fin_wanted = True
            if b.state is State.ESTABLISHED or (
                b.state is State.SYN_RECEIVED and not len(b.buffer) and not b.returns
            ):
                b.move(Cause.CLOSE)
        self.touched(self)

    def close(self, now: float) -> None:
        """Send FIN, and read no more: what still arrives is answered with a reset.

        If octets that have arrived were not read, the reset is sent now, for the other side to
        know that they are lost (RFC 9293 §3.6.1).
        """
        b = self.block
        b.reading = False
        if b.inbox.size and b.is_synchronized:
            b.inbox.clear()
            self.abort(now)
            return
        self.shutdown()
        if b.state is State.FIN_WAIT_2:
            b.timers.time_wait = now + b.settings.fin_wait

    def abort(self, now: float) -> None:
        """Reset the connection (§3.10.5, ABORT)."""
        b = self.block
        if b.state is State.CLOSED:
            return
        owes = b.state is State.SYN_RECEIVED or (b.is_synchronized and not _is_nearly_over(b))
        if owes:
            emit_reset(b, now, b.snd_nxt, ACK, "the user aborts (§3.10.5)")
        b.end(Cause.ABORT, Ending.ABORTED)
        self.touched(self)

    # The driver's

    def arrive(self, now: float, segment: Segment, flow: Flow | None = None) -> None:
        """Take in a segment (§3.10.7).

        Args:
            now: seconds, on a clock that never goes back.
            segment: with 32-bit numbers; its checksum was found to be right.
            flow: whose it is; needed in LISTEN alone.
        """
        b = self.block
        if is_usual(b, now, segment):
            return
        if b.state is State.LISTEN:
            b.flow = flow
            self.key = b"" if flow is None else flow.key
        segment_arrives(b, now, segment)

    def gives_way(self, segment: Segment) -> bool:
        """End a connection in TIME-WAIT if this is a SYN that cannot belong to it (RFC 6191).

        Whoever calls this then listens anew, and that connection takes the SYN.
        """
        b = self.block
        if b.state is State.TIME_WAIT and is_later_syn(b, segment):
            b.end(Cause.REOPENED, Ending.FINISHED)
            return True
        return False

    def advise(self, now: float, advice: Advice) -> None:
        """Take in an ICMP error (RFC 9293 §3.9.2.2)."""
        advised(self.block, now, advice)

    def tick(self, now: float) -> None:
        """Do what is due by now (§3.10.8)."""
        time_passes(self.block, now)

    def outgoing(self, now: float) -> list[Segment]:
        """Return the segments that are to be sent now, in order."""
        b = self.block
        output(b, now)
        out, b.out = b.out, []
        if out and b.state is State.SYN_SENT:
            syn_leaves(b, now)
        return out

    def take_events(self) -> list[Event]:
        """Return what has happened since this was asked last."""
        events, self.block.events = self.block.events, []
        return events

    @property
    def wake_at(self) -> float:
        """When to call :meth:`tick` at the latest; infinity: never, unless something happens."""
        return self.block.timers.earliest()

    # What one may want to know

    @property
    def state(self) -> State:
        return self.block.state

    @property
    def flow(self) -> Flow | None:
        return self.block.flow

    @property
    def settings(self) -> Settings:
        return self.block.settings

    @property
    def readable(self) -> int:
        """How many octets can be read."""
        return self.block.inbox.size

    @property
    def writable(self) -> int:
        """How many octets there is room for."""
        return self.block.buffer.room

    @property
    def unacknowledged(self) -> int:
        """Octets written that the other side has not acknowledged."""
        return len(self.block.buffer)

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to read, and nothing more will come."""
        b = self.block
        ended = b.rcv_fin is not None and b.rcv_nxt > b.rcv_fin
        return not b.inbox.size and (ended or self.is_over)

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done and the connection is not over."""
        return self.block.is_synchronized

    @property
    def is_over(self) -> bool:
        """Whether it was opened and is closed."""
        return self.block.state is State.CLOSED and self.block.begun

    @property
    def ended(self) -> Closed | None:
        """How it ended; ``None``: it has not."""
        return self.block.ended

    def info(self, now: float) -> Info:
        """Return how it is doing, as ``ss -i`` does."""
        return info_of(self.block, now)

    def _have_read(self) -> None:
        b = self.block
        if b.state in RECEIVING and _opens_window(b):
            b.ack_now = True
            self.touched(self)

    def _condition(self) -> str:
        b = self.block
        return "shut down" if b.fin_wanted and b.state is not State.CLOSED else str(b.state)


def _opens_window(b: Block) -> bool:
    """Tell whether to announce room that was made by reading (RFC 9293 §3.8.6.2.2).

    Only where little was left: else the next acknowledgment tells of it.
    """
    room = b.settings.window - b.inbox.size
    given = b.rcv_adv - b.rcv_nxt
    return room - given >= min(2 * b.rcv_mss, b.settings.window // 2) and room >= 2 * given


def _is_nearly_over(b: Block) -> bool:
    """Tell whether both sides have closed: nothing is owed to the other one."""
    return b.state in (State.CLOSING, State.LAST_ACK, State.TIME_WAIT)
