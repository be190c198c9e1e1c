"""A segment that arrived, with its numbers unwrapped."""

from rawkit.record import record
from rawkit.tcp.segment import Segment


@record(frozen=False)
class Arrived:
    """What the checks of RFC 9293 §3.10.7.4 look at; they trim it as they go."""

    segment: Segment
    sequence: int
    """SEG.SEQ, as a number that does not wrap."""
    acknowledgment: int
    """SEG.ACK, likewise."""
    octets: bytes
    """What of its data is new and within the window."""
    flags: int
    stamp: int | None = None
    """SEG.TSval, if there are timestamps."""
    echo: int = 0
    """SEG.TSecr."""

    @property
    def end(self) -> int:
        """The number behind the segment, SYN and FIN counted."""
        return self.sequence + self.segment.length
