"""What each segment of a connection is for, and what it did, with the sections of RFC 9293."""

from collections import deque

from rawkit.record import record
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Established, Moved
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import ACK, RST, SYN, Segment
from rawkit.tcp.sending import DUE
from rawkit.tcp.state import Cause, State

ANSWERS = {
    State.ESTABLISHED: "it acknowledges their SYN: data may follow (§3.10.7.3, fourth)",
    State.TIME_WAIT: "it acknowledges their FIN, and waits for stragglers (§3.10.7.4, eighth)",
    State.CLOSING: "it acknowledges their FIN (§3.10.7.4, eighth)",
    State.CLOSE_WAIT: "it acknowledges their FIN (§3.10.7.4, eighth)",
}
"""What the first acknowledgment without data is for that leaves in a state."""


@record
class Shown:
    """One segment, and what it did."""

    number: int
    """From 1."""
    at: float
    """Seconds since the first one left."""
    is_ours: bool
    before: State
    """Of our side, before it came or left."""
    after: State
    segment: Segment
    reason: str


class Narrator:
    """Watches the segments of one connection, and says what they do.

    Its host has to take in segments one by one (``take_in(most=1)``), and has to be asked behind
    each of them, and behind each ``flush``.
    """

    def __init__(self, flow: Flow) -> None:
        self.established: Established | None = None
        """What both sides agreed on; ``None``: the handshake is not complete."""
        self._flow = flow
        self._seen: deque[tuple[float, Segment, bool]] = deque()
        self._count = 0
        self._began: float | None = None
        self._state = State.CLOSED
        self._acknowledged: State | None = None

    def watch(self, now: float, flow: Flow, segment: Segment, is_ours: bool) -> None:
        """Note a segment: what a host is given to call."""
        if flow == self._flow:
            self._seen.append((now, segment, is_ours))

    def tell(self, connection: Connection) -> list[Shown]:
        """Return what was seen since this was asked last."""
        b = connection.block
        moved = [one for one in b.events if isinstance(one, Moved)]
        opened = (one for one in b.events if isinstance(one, Established))
        self.established = next(opened, self.established)
        said, b.story = list(b.story or ()), []
        shown: list[Shown] = []
        while self._seen:
            at, segment, is_ours = self._seen.popleft()
            if self._began is None:
                self._began = at
            before, self._state = self._state, connection.state
            why = self._ours(segment) if is_ours else _theirs(segment, before, moved, said)
            self._count += 1
            since = at - self._began
            shown.append(Shown(self._count, since, is_ours, before, self._state, segment, why))
        return shown

    def _ours(self, s: Segment) -> str:
        """Return why a segment of ours left."""
        first = self._acknowledged is not self._state
        if s.flags & ACK:
            self._acknowledged = self._state
        return ANSWERS.get(self._state, s.why) if first and s.why == DUE else s.why


def _theirs(s: Segment, before: State, moved: list[Moved], said: list[str]) -> str:
    """Return what a segment of theirs did."""
    for one in moved:
        if one.cause is Cause.SYN_ACK:
            return "it acknowledges our SYN, and is theirs (§3.10.7.3, fourth)"
        if one.cause is Cause.SYN:
            return "their SYN crosses ours: both sides open (§3.5, Figure 7)"
        if one.cause is Cause.RST and before is State.SYN_SENT:
            return "nobody listens there: the connection is refused (§3.10.7.3, second)"
    if moved:
        return ", ".join(str(one.cause) for one in moved)
    if said:
        return said[-1]
    if s.flags & (SYN | RST):
        return "it changes nothing"
    if s.payload:
        return f"{len(s.payload)} octets of data"
    return "it acknowledges what was sent" if s.flags & ACK else "it changes nothing"
