"""What a ping found: the ledger of its requests, and their round-trip times."""

from typing import TYPE_CHECKING

from rawkit.engine.ping_events import Reply, Target
from rawkit.engine.rtt import RTT
from rawkit.record import field, record
from rawkit.wire.received import Clock

if TYPE_CHECKING:
    from rawkit.engine.ping_answers import Answer


@record
class Ledger:
    """Where every request went. The first count is the sum of the next six."""

    sent: int = 0
    """Requests made, those that the kernel refused included."""
    replied: int = 0
    late: int = 0
    corrupted: int = 0
    errors: int = 0
    lost_here: int = 0
    """Refused by the kernel on the way out, or dropped by it for want of buffer on the way in."""
    unanswered: int = 0
    duplicates: int = 0
    """Replies beyond the first; not part of the sum. Neither are the next three."""
    wrong_source: int = 0
    strays: int = 0
    """Replies that bear our identifier and answer nothing we sent."""
    advice: int = 0
    """Redirects and source quenches."""

    @property
    def transmitted(self) -> int:
        """Requests that left this host, as far as it knows."""
        return self.sent - self.not_sent

    not_sent: int = 0
    """Those of ``lost_here`` that never left."""

    @property
    def loss(self) -> float:
        """The share of requests without a good reply in time, 0 to 1; 0 if none was sent."""
        return 1 - self.replied / self.sent if self.sent else 0.0


@record
class PingReport:
    """What one ping found about one target."""

    target: Target
    ledger: Ledger
    rtt: RTT | None
    """Statistics of the replies in time; ``None`` if there was none."""
    elapsed: float
    """Seconds from the first request to the last, as ping(8) counts them."""
    replies: tuple[Reply, ...] = field(default=(), repr=False)
    """Every reply in time, in order of arrival; empty when asked not to keep them."""
    clocks: tuple[Clock, Clock] | None = None
    """Who stamped departure and arrival: the worst that occurred."""
    via: str = ""
    """The kind of socket: ``"ping socket"``, ``"raw socket"``."""
    why: str = ""
    """Why this kind and no other."""
    answer: "Answer | None" = None
    """What the target said in its latest reply in time; of a clock, in the quickest.
    ``None``: it was asked for nothing but an echo, or did not reply."""

    @property
    def loss(self) -> float:
        """The share of requests without a good reply in time, 0 to 1."""
        return self.ledger.loss

    @property
    def is_alive(self) -> bool:
        """Whether the target itself answered in time at least once."""
        return self.ledger.replied > 0
