"""What the kernel tells of a TCP connection that it makes itself (tcp(7), ``TCP_INFO``)."""

from rawkit.record import record


@record
class Handshake:
    """How the opening of a connection went."""

    rtt: float | None
    """Seconds from a SYN to its answer; ``None``: the kernel did not measure it."""
    resent: int
    """How many times it sent the SYN again."""
    waited: float
    """Seconds from connect(2) until this program saw that it was over."""
