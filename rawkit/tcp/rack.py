"""RACK: a segment is lost when one that left later has arrived, and time enough has passed.

RFC 8985 §6; the steps are numbered as there. Unlike counting duplicates, this finds a lost
retransmission, and bears with reordering.
"""

from rawkit.record import record
from rawkit.tcp.flight import Flight, Sent

DUPLICATES = 3
"""DupThresh: segments beyond a gap that prove it, as long as no reordering was seen."""
PERSISTENCE = 16
"""Recoveries for which a wider window lasts."""


@record(frozen=False, eq=False)
class Rack:
    """What is known of the segment that left last of all that were delivered."""

    serial: int = 0
    """Of its departure, in the place of RACK.xmit_ts and RACK.end_seq: many leave at one time."""
    rtt: float = 0.0
    highest: int = -1
    """The highest number that was delivered: RACK.fack."""
    reordered: bool = False
    """Whether reordering was seen."""
    factor: int = 1
    """Quarters of the smallest round trip to wait for what may be reordered."""
    persists: int = PERSISTENCE
    duplicate_round: int | None = None
    """A duplicate was reported, and the factor rises no more until this is acknowledged."""

    def delivered(self, one: Sent, now: float, min_rtt: float | None, echoed: int | None) -> None:
        """Take a segment that was just acknowledged, selectively or not (steps 2 and 3).

        Args:
            one: the segment.
            now: seconds.
            min_rtt: the smallest round trip.
            echoed: the millisecond whose timestamp came back, if there are timestamps.
        """
        if one.tries > 1:
            # Which of the copies arrived?
            too_early = min_rtt is not None and now - one.at < min_rtt
            if too_early or (echoed is not None and int(one.at * 1000) > echoed):
                return
        if one.end > self.highest:
            self.highest = one.end
        elif one.tries == 1:
            self.reordered = True
        if one.serial > self.serial:
            self.serial, self.rtt = one.serial, now - one.at

    def duplicate(self, edge: int) -> None:
        """Note that the other side reported a duplicate: something was sent again in vain."""
        if self.duplicate_round is None:
            self.duplicate_round = edge
            self.factor += 1
            self.persists = PERSISTENCE

    def acknowledged(self, edge: int) -> None:
        """Note how far everything is acknowledged."""
        if self.duplicate_round is not None and edge >= self.duplicate_round:
            self.duplicate_round = None

    def recovered(self) -> None:
        """Note the end of a recovery (step 4)."""
        self.persists -= 1
        if self.persists <= 0:
            self.persists, self.factor = PERSISTENCE, 1

    def window(
        self, min_rtt: float | None, srtt: float | None, recovering: bool, sacked_enough: bool
    ) -> float:
        """Return how long to wait for what may only be reordered, in seconds (step 4)."""
        if not self.reordered and (recovering or sacked_enough):
            return 0.0
        if min_rtt is None or srtt is None:
            return 0.0
        return min(self.factor * min_rtt / 4, srtt)

    def detect(self, flight: Flight, now: float, window: float) -> tuple[list[Sent], float]:
        """Return what is lost, and in how many seconds to look again; 0: not (step 5)."""
        lost: list[Sent] = []
        wait = 0.0
        for one in flight.under_way():
            if one.serial >= self.serial:
                break
            remaining = one.at + self.rtt + window - now
            if remaining <= 0:
                lost.append(one)
            else:
                wait = max(wait, remaining)
        return lost, wait
