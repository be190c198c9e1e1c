"""What the command line of ``rawkit trace`` asks for, and what of it contradicts itself."""

from typing import Literal

from rawkit.engine.trace_settings import (
    ACK,
    IP_HEADER,
    LENGTH,
    SHORTEST,
    SYN,
    Flow,
    Method,
    TraceSettings,
)
from rawkit.errors import UsageError
from rawkit.wire.address import Address

REPORT_ROUNDS = 10
"""As mtr(8) has it."""
AT_ONCE_IN_ROUNDS = 64
"""Probes under way where hops are asked every second, as mtr(8) does: silent ones, and each
for some seconds, must not keep the others waiting."""
SYN_HEADER = 40
"""Octets of the TCP header of a SYN, with the options that are usual."""
DNS_PORT = 53
"""Where ``-U`` goes, as in traceroute(8)."""


class TraceOptions:
    """What the command line asked for; every default is traceroute(8)'s."""

    version: Literal[4, 6] | None = None
    method: Method = "udp"
    port: int | None = None
    fixed_port: bool = False
    flags: int = SYN
    flow: Flow = "paris"
    first_ttl: int = 1
    max_ttl: int = 30
    queries: int | None = None
    parallel: int | None = None
    wait: float = 5.0
    here: float = 3.0
    near: float = 10.0
    spacing: float = 0.0
    length: int | None = None
    traffic_class: int = 0
    flow_label: int = 0
    dont_fragment: bool = False
    interface: str | None = None
    source: Address | None = None
    source_port: int | None = None
    mark: int | None = None
    dont_route: bool = False

    count: int | None = None
    interval: float = 1.0
    report: bool = False
    json: bool = False
    csv: bool = False
    dot: bool = False
    live: bool = False
    multipath: bool = False
    confidence: float = 0.95
    record: str | None = None
    replay: str | None = None
    speed: float | None = None
    pcap: str | None = None

    numeric: bool = False
    extensions: bool = False
    back: bool = False
    systems: bool = False
    as_table: str | None = None
    as_zone: str | None = None
    verbose: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.host = ""

    @property
    def rounds(self) -> int | None:
        """How often every hop is asked; ``None``: until somebody ends it."""
        if self.count is not None or self.live:
            return self.count
        return REPORT_ROUNDS if self.report else 1

    @property
    def replay_speed(self) -> float | None:
        """How quick a replay is; ``None``: at once, as where only its outcome is shown."""
        if self.speed is None and (self.report or self.csv or self.dot):
            return None
        return self.speed or 1.0

    @property
    def first_port(self) -> int | None:
        """The destination port, or the first of them; ``None``: the method's own."""
        return DNS_PORT if self.fixed_port and self.port is None else self.port

    @property
    def probes_at_once(self) -> int:
        """How many probes may be under way; rounds overlap where somebody is silent."""
        if self.parallel is not None:
            return self.parallel
        return AT_ONCE_IN_ROUNDS if self.report or self.live else 16

    @property
    def queries_a_round(self) -> int:
        """How many probes each hop gets in a round."""
        if self.queries is not None:
            return self.queries
        return 1 if self.report or self.live else 3


def check(options: TraceOptions) -> None:
    """Refuse what contradicts itself.

    Raises:
        UsageError: says what, and what would do.
    """
    if options.replay is None and not options.host:
        raise UsageError("no host to trace (rawkit trace HOST)")
    if options.replay is not None and options.host:
        raise UsageError(f"either --replay, or {options.host!r}: a recording has its host")
    if options.replay is not None and options.record is not None:
        raise UsageError("either --record or --replay: a recording is there already")
    if options.replay is not None and options.multipath:
        raise UsageError("a recording is of a trace, not of --multipath")
    if options.replay is not None and options.pcap is not None:
        raise UsageError("a recording has no packets for --pcap")
    if options.speed is not None and options.replay is None:
        raise UsageError("--speed is for --replay FILE")
    shapes = [
        f"--{name}" for name in ("report", "csv", "dot", "live") if getattr(options, name)
    ] + ["--json"] * options.json
    allowed = (["--report", "--json"],)
    if len(shapes) > 1 and shapes not in allowed:
        raise UsageError(f"either {' or '.join(shapes)}, not both")
    if options.flags == ACK and options.method != "tcp":
        raise UsageError("--ack is for TCP: rawkit trace -T --ack HOST")
    if options.live and options.multipath:
        raise UsageError("either --live or --multipath, not both")


def probe_length(settings: TraceSettings, version: int) -> int:
    """Return the octets of a probe, IP header included; of TCP they are as flags have it."""
    if settings.method == "tcp":
        return IP_HEADER[version] + (SYN_HEADER if settings.flags & SYN else SHORTEST["tcp"])
    return settings.length or max(LENGTH[version], least_length(settings.method, version))


def least_length(method: Method, version: int) -> int:
    """Return the octets of the shortest probe."""
    return IP_HEADER[version] + SHORTEST[method]
