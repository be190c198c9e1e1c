"""How a path MTU is looked for: with which probes, how often, and how long."""

import math
from typing import Literal

from rawkit.errors import UsageError
from rawkit.record import record

Method = Literal["auto", "udp", "icmp"]

METHODS = ("auto", "udp", "icmp")
PORT = 33434
LEAST = {4: 68, 6: 1280}
"""Octets that every link carries whole (RFC 791 §3.2, RFC 8200 §5)."""
SMALL = {4: 68, 6: 88}
"""Octets of the probes that only ask who is there."""
LARGEST = {4: 65_535, 6: 65_575}
"""Octets of the largest packet: the length field of IPv6 does not count its header."""


@record(kw_only=True)
class PmtuSettings:
    """What to send, how often, and how long to wait."""

    method: Method = "auto"
    """What the target is asked by: UDP to a closed port, ICMP echo, or whichever it answers."""
    port: int = PORT
    """Destination port of UDP."""
    max_ttl: int = 30
    """No hop farther than this is looked for."""
    largest: int | None = None
    """Octets of the largest packet to try; ``None``: what the first link carries."""
    tries: int = 3
    """Times that a probe is repeated before its silence means something."""
    wait: float = 1.0
    """Seconds to wait for an answer at the most."""
    deadline: float = 20.0
    """Seconds after which it is told what is known by then."""
    traffic_class: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        if self.method not in METHODS:
            raise UsageError(f"method is {self.method!r}, not one of {', '.join(METHODS)}")
        for name, low, high in (
            ("port", 1, 0xFFFF),
            ("max_ttl", 1, 60),
            ("largest", 68, LARGEST[6]),
            ("tries", 1, 10),
            ("wait", 0.01, 60),
            ("deadline", 0.01, math.inf),
            ("traffic_class", 0, 0xFF),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                bounds = f"at least {low}" if high == math.inf else f"{low} to {high}"
                raise UsageError(f"{name.replace('_', ' ')} is {value}, not {bounds}")
