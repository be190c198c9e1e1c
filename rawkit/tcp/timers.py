"""The times at which something is due, whoever comes first; ``OFF`` if nothing is."""

from math import inf

from rawkit.record import record

OFF = inf


@record(frozen=False, eq=False)
class Timers:
    """Each a point of time in seconds."""

    retransmit: float = OFF
    """RFC 6298 §5."""
    probe: float = OFF
    """For a lost tail (RFC 8985 §7)."""
    reorder: float = OFF
    """When what seems out of order counts as lost (RFC 8985 §6.3)."""
    persist: float = OFF
    """For a window that is shut, or too small to be of use (RFC 9293 §3.8.6.1)."""
    delayed_ack: float = OFF
    keepalive: float = OFF
    time_wait: float = OFF
    """The end of TIME-WAIT, or of a FIN-WAIT-2 that nobody reads."""
    pace: float = OFF
    """When the next segment may leave."""

    def earliest(self) -> float:
        """Return the first of all."""
        return min(
            self.retransmit,
            self.probe,
            self.reorder,
            self.persist,
            self.delayed_ack,
            self.keepalive,
            self.time_wait,
            self.pace,
        )

    def stop(self) -> None:
        """Switch all off."""
        self.stop_sending()
        self.delayed_ack = self.keepalive = self.time_wait = OFF

    def stop_sending(self) -> None:
        """Switch off those that are about what we have sent or want to send."""
        self.retransmit = self.probe = self.reorder = self.persist = self.pace = OFF
