"""A segment for which there is no connection (RFC 9293 §3.10.7.1)."""

from rawkit.tcp.segment import ACK, RST, WRAP, Segment

NOBODY = "there is no such connection (RFC 9293 §3.10.7.1)"


def reset_for(s: Segment) -> Segment | None:
    """Return the reset that answers a segment of no connection; ``None``: it is a reset itself."""
    if s.flags & RST:
        return None
    if s.flags & ACK:
        return Segment(RST, s.acknowledgment, why=NOBODY)
    return Segment(RST | ACK, 0, s.sequence + s.length & WRAP, why=NOBODY)
