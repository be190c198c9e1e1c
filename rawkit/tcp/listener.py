"""A port that others may open connections to: those half open, and those that wait to be taken."""

from collections import deque
from collections.abc import Callable
from enum import Enum

from rawkit.record import field, record, replace
from rawkit.tcp.connection import Connection
from rawkit.tcp.cookies import cookie, size_in
from rawkit.tcp.flow import Flow
from rawkit.tcp.mtu import DEFAULT_MSS
from rawkit.tcp.options import offer_in
from rawkit.tcp.segment import ACK, RST, SYN, WRAP, Segment
from rawkit.tcp.settings import DEFAULT, Settings
from rawkit.wire.tcp_options import MaximumSegmentSize, encode

MOST_WINDOW = 0xFFFF


class Cookies(Enum):
    """When a listener answers a SYN without remembering it (RFC 4987 §3.6)."""

    NEVER = "never"
    WHEN_FULL = "when full"
    ALWAYS = "always"


@record(frozen=False, eq=False)
class Listener:
    """What one port does with SYNs. The limits bound its memory, whoever floods it."""

    settings: Settings = DEFAULT
    secret: bytes = b""
    backlog: int = 128
    """Open connections that may wait to be taken; beyond that SYNs are dropped."""
    half_open: int = 256
    """Connections whose handshake is not over."""
    cookies: Cookies = Cookies.WHEN_FULL
    settings_for: Callable[[Flow], Settings] | None = None
    """What holds for one connection, if it depends on whom it is with."""

    opening: dict[bytes, Connection] = field(default_factory=dict)
    """By the flow's key."""
    ready: deque[Connection] = field(default_factory=deque)
    """Open, and not yet taken."""
    dropped: int = 0
    """SYNs without an answer."""
    remembered: int = 0
    """Answers that were cookies."""

    def answer(self, now: float, flow: Flow, s: Segment) -> Connection | Segment | None:
        """Answer the first segment of somebody.

        Returns:
            A connection in SYN-RECEIVED or, by a cookie, open; a segment to be sent that is not
            remembered; ``None``: nothing is said.
        """
        if s.flags & (SYN | ACK | RST) == SYN:
            return self._syn(now, flow, s)
        if s.flags & (SYN | ACK | RST) == ACK and self.cookies is not Cookies.NEVER:
            return self._by_cookie(now, flow, s)
        return None

    def instead_of(
        self, now: float, opening: Connection, flow: Flow, s: Segment
    ) -> Connection | None:
        """Return a connection that a cookie opens, where another answer was remembered."""
        answers = s.acknowledgment == opening.block.iss + 1 & WRAP
        if answers or s.flags & (SYN | ACK | RST) != ACK or self.cookies is Cookies.NEVER:
            return None
        return self._by_cookie(now, flow, s)

    def _syn(self, now: float, flow: Flow, s: Segment) -> Connection | Segment | None:
        if len(self.ready) >= self.backlog:
            self.dropped += 1
            return None
        full = len(self.opening) >= self.half_open
        if self.cookies is Cookies.ALWAYS or (full and self.cookies is Cookies.WHEN_FULL):
            self.remembered += 1
            return self._cookie(now, flow, s)
        if full:
            self.dropped += 1
            return None
        return self._connection(self._settings(flow), flow, None)

    def _cookie(self, now: float, flow: Flow, s: Segment) -> Segment:
        """Return SYN and ACK with a cookie; of options it can agree on MSS alone."""
        theirs = offer_in(s.options).mss or DEFAULT_MSS[flow.version]
        number = cookie(now, flow, s.sequence, theirs, self.secret)
        options = encode(MaximumSegmentSize(self._settings(flow).segment_size(flow.version)))
        window = min(self.settings.window, MOST_WINDOW)
        why = "a cookie answers: too many are half open (RFC 4987 §3.6)"
        return Segment(SYN | ACK, number, s.sequence + 1 & WRAP, window, options, why=why)

    def _by_cookie(self, now: float, flow: Flow, s: Segment) -> Connection | None:
        """Open a connection whose cookie came back, as if its SYN were remembered."""
        ours, theirs = s.acknowledgment - 1 & WRAP, s.sequence - 1 & WRAP
        mss = size_in(now, ours, flow, theirs, self.secret)
        if mss is None or len(self.ready) >= self.backlog:
            return None
        plain = replace(self._settings(flow), timestamps=False, sack=False, window_scaling=False)
        made = self._connection(replace(plain, ecn=False, options=None), flow, ours)
        syn = Segment(SYN, theirs, 0, s.window, encode(MaximumSegmentSize(mss)))
        made.arrive(now, syn, flow)
        made.block.out.clear()  # its answer was the cookie
        return made

    def _settings(self, flow: Flow) -> Settings:
        return self.settings if self.settings_for is None else self.settings_for(flow)

    def _connection(self, settings: Settings, flow: Flow, isn: int | None) -> Connection:
        made = Connection(None, settings, secret=self.secret, version=flow.version, isn=isn)
        made.listen(returns=False)
        return made
