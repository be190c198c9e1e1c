"""What a trace sends, in what order, and how long it waits."""

import math
from typing import Literal

from rawkit.errors import UsageError
from rawkit.record import record

Method = Literal["udp", "icmp", "tcp"]
Flow = Literal["classic", "paris", "dublin"]

METHODS: tuple[str, ...] = ("udp", "icmp", "tcp")
FLOWS: tuple[str, ...] = ("classic", "paris", "dublin")
DEFAULT_PORT = {"udp": 33434, "tcp": 80, "icmp": 0}
SYN, ACK = 0x02, 0x10
SHORTEST = {"udp": 8, "icmp": 8, "tcp": 20}
"""Octets of the header that each method puts behind that of IP."""
IP_HEADER = {4: 20, 6: 40}
LENGTH = {4: 60, 6: 80}
"""Octets of a whole probe where nothing is said, as traceroute(8) has it."""


@record(kw_only=True)
class TraceSettings:
    """What to send, in what order, and how long to wait."""

    method: Method = "udp"
    port: int | None = None
    """Destination port; of UDP the first one. ``None``: 33434 for UDP, 80 for TCP."""
    fixed_port: bool = False
    """UDP to this very port in every flow (traceroute's -U): flows differ by source port."""
    flags: int = SYN
    """TCP flags of a probe: SYN, or ACK."""
    flow: Flow = "paris"
    """What routers balance by: other for each probe (classic), the same for all probes of a
    flow (paris), and besides an identification that shows address translators (dublin)."""
    first_ttl: int = 1
    max_ttl: int = 30
    queries: int = 3
    """Probes for each hop in each round."""
    parallel: int = 16
    """Probes in flight at most, over all hops."""
    rounds: int | None = 1
    """``None``: without end."""
    interval: float = 1.0
    """Seconds from the start of one round to the next."""
    wait: float = 5.0
    """Seconds to wait for an answer at the most."""
    here: float = 3.0
    """… times the round trip of an answer from the same hop, if there is one; 0: do not adapt."""
    near: float = 10.0
    """… times the round trip of an answer from a later hop, if there is one; 0: do not adapt."""
    spacing: float = 0.0
    """Seconds between two probes at least."""
    length: int | None = None
    """Octets of a whole probe, IP header included; ``None``: 60, over IPv6 80."""
    traffic_class: int = 0
    flow_label: int = 0
    dont_fragment: bool = False
    options: bytes = b""
    """IPv4 options."""
    announce: bool = False
    """Tell of every probe, answer and silence, and not only of finished rows."""
    keep_rows: bool = True
    """Keep every row for the report."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        for name, known in (("method", METHODS), ("flow", FLOWS)):
            if (word := getattr(self, name)) not in known:
                raise UsageError(f"{name} is {word!r}, not one of {', '.join(known)}")
        for name, low, high in (
            ("port", 0, 0xFFFF),
            ("flags", 0, 0xFF),
            ("first_ttl", 1, 0xFF),
            ("max_ttl", 1, 0xFF),
            ("queries", 1, 10),
            ("parallel", 1, 1024),
            ("rounds", 1, math.inf),
            ("interval", 0, math.inf),
            ("wait", 0, math.inf),
            ("here", 0, math.inf),
            ("near", 0, math.inf),
            ("spacing", 0, math.inf),
            ("length", 0, 0xFFFF),
            ("traffic_class", 0, 0xFF),
            ("flow_label", 0, 0xFFFFF),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                bounds = f"at least {low}" if high == math.inf else f"{low} to {high}"
                raise UsageError(f"{name.replace('_', ' ')} is {value}, not {bounds}")
        if self.first_ttl > self.max_ttl:
            raise UsageError(f"first ttl {self.first_ttl} is above max ttl {self.max_ttl}")

    def port_for(self) -> int:
        """Return the destination port, or the first of them."""
        return DEFAULT_PORT[self.method] if self.port is None else self.port
