"""What a connection remembers while it makes up for losses."""

from enum import Enum

from rawkit.record import record


class Phase(Enum):
    """What a sender is doing about losses."""

    OPEN = "open"
    """Nothing: none are known."""
    RECOVERY = "recovery"
    """Fast recovery: acknowledgments still come, and tell what is lost."""
    LOSS = "loss"
    """The timer ran out: slow start from one segment."""

    def __str__(self) -> str:
        return self.value


@record(frozen=False, eq=False)
class Recovery:
    """The times of loss: the one that is, or the last one."""

    phase: Phase = Phase.OPEN
    recover: int = -1
    """The phase ends when all before this number is acknowledged (RFC 6675 RecoveryPoint)."""
    duplicates: int = 0
    """Duplicate acknowledgments in a row."""
    delivered: int = 0
    """Octets since the beginning (prr_delivered of RFC 9937)."""
    out: int = 0
    """Octets sent since the beginning (prr_out)."""
    in_flight: int = 1
    """Octets in flight at the beginning (RecoverFS)."""
    force: bool = False
    """The next segment sent again need not fit the window."""
    resent_at: int | None = None
    """The millisecond of the first segment sent again, until it is known whether in vain."""
    probe_end: int | None = None
    """Behind the tail loss probe, as long as it is unknown what became of it."""
    probe_again: bool = False
    """Whether the probe was data sent before."""
    probes: int = 0
    """Probes since something was acknowledged last, selectively or not."""
