"""How a connection is to behave: sizes, options, timers."""

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.tcp.options import HIGHEST_SHIFT
from rawkit.wire.tcp_options import Option

LONGEST_TIMEOUT = 86_400.0 * 365
SMALLEST_MSS = 64
LARGEST_WINDOW = 0xFFFF << HIGHEST_SHIFT
"""RFC 7323 §2.3: one gigaoctet."""
HEADERS = {4: 40, 6: 60}
"""Octets of IP and TCP headers without options, by version of IP."""


@record(kw_only=True)
class Settings:
    """Everything that a user can choose about a connection. Times are seconds, sizes octets."""

    mtu: int = 1500
    """Of the link: the largest IP packet."""
    mss: int | None = None
    """The largest payload, asked of the other side and kept to; ``None``: what the MTU allows."""
    gso: int = 0
    """The largest payload that the link takes and cuts into segments itself; 0: it does not."""
    window: int = 4 << 20
    """Room for what arrives and is not yet read."""
    send_buffer: int = 4 << 20
    """Room for what is written and not yet acknowledged."""

    window_scaling: bool = True
    timestamps: bool = True
    sack: bool = True
    ecn: bool = False
    """Ask for explicit congestion notification, and take part if asked (RFC 3168)."""
    options: tuple[Option, ...] | None = None
    """The options of the SYN, by hand; what is not offered here is not used."""

    nodelay: bool = False
    """Send small segments at once (no Nagle algorithm)."""
    delayed_ack: float = 0.04
    """How long an acknowledgment may wait for company; 0.5 at most (RFC 9293 §3.8.6.3)."""
    ack_every: int = 2
    """Full-sized segments that may arrive before one acknowledgment is due."""

    congestion: str = "cubic"
    """A name in :data:`rawkit.tcp.congestion.ALGORITHMS`."""
    initial_window: int = 10
    """In segments (RFC 6928)."""
    rack: bool = True
    """Find losses by time and probe for lost tails (RFC 8985), given SACK; else by RFC 6675."""
    undo: bool = True
    """Take a reduction back when timestamps show that nothing was lost (RFC 3522, RFC 4015)."""
    pacing: bool = False
    """Spread segments over the round-trip time."""

    rto_initial: float = 1.0
    rto_min: float = 0.2
    """RFC 6298 asks for 1; 0.2 is what Linux has."""
    rto_max: float = 60.0
    syn_timeout: float = 180.0
    """Give up opening after this (RFC 9293 §3.8.3: at least 3 minutes)."""
    user_timeout: float = 300.0
    """Give up when data stays unacknowledged for so long (RFC 9293 §3.10.1)."""
    advertise_user_timeout: float | None = None
    """Tell the other side of a timeout (RFC 5482), in its SYN."""
    heed_user_timeout: bool = False
    """Adapt to a timeout that the other side tells, within 100 seconds and an hour."""
    keepalive: float | None = None
    """Probe after so long a silence; ``None``: never (RFC 9293 §3.8.4)."""
    keepalive_interval: float = 75.0
    keepalive_count: int = 9
    """Unanswered probes that end a connection."""
    msl: float = 30.0
    """Maximum segment lifetime; TIME-WAIT takes two. RFC 9293 has 120, Linux 30."""
    fin_wait: float = 60.0
    """How long a connection that nobody reads any more waits for the other side's FIN."""

    mtu_probing: bool = False
    """Try larger packets, and smaller ones if large ones vanish (RFC 4821)."""
    soft_errors: bool = False
    """Have ICMP errors that may pass end a connection that is not open yet, too: RFC 9293
    forbids it, and Linux does it (RFC 5461 §4.1)."""
    hard_errors: bool = False
    """Have ICMP errors end a connection that is open, which forged ones can (RFC 5927 §5.2)."""

    def __post_init__(self) -> None:
        self._check("mtu", self.mtu, 68, 1 << 20)
        if self.mss is not None:
            self._check("mss", self.mss, SMALLEST_MSS, 0xFFFF)
        self._check("gso", self.gso, 0, 0xFFFF)
        self._check("window", self.window, 1, LARGEST_WINDOW)
        self._check("send_buffer", self.send_buffer, 1, 1 << 40)
        self._check("ack_every", self.ack_every, 1, 64)
        self._check("initial_window", self.initial_window, 1, 1000)
        self._check("keepalive_count", self.keepalive_count, 1, 1000)
        self._check("delayed_ack", self.delayed_ack, 0, 0.5)
        for name in (
            *("rto_initial", "rto_min", "rto_max", "syn_timeout", "user_timeout"),
            *("keepalive_interval", "msl", "fin_wait"),
        ):
            self._check(name, getattr(self, name), 1e-6, LONGEST_TIMEOUT)
        for name in ("keepalive", "advertise_user_timeout"):
            value = getattr(self, name)
            if value is not None:
                self._check(name, value, 1e-6, LONGEST_TIMEOUT)
        if self.rto_min > self.rto_max:
            raise UsageError(f"rto_min {self.rto_min:g} is above rto_max {self.rto_max:g}")

    def _check(self, name: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            raise UsageError(f"{name} is {value:g}; {low:g} to {high:g} fit")

    def segment_size(self, version: int) -> int:
        """Return the largest payload of a segment to take and to send, options not counted.

        Args:
            version: of IP, 4 or 6.
        """
        fitting = max(SMALLEST_MSS, min(self.mtu - HEADERS[version], 0xFFFF))
        return fitting if self.mss is None else min(self.mss, fitting)

    @property
    def shift(self) -> int:
        """The smallest window scale with which the whole window can be said."""
        shift = 0
        while self.window >> shift > 0xFFFF:
            shift += 1
        return shift


DEFAULT = Settings()
