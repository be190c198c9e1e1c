"""What a ping sends, how often, and how long it waits."""

import math
from ipaddress import IPv4Address, IPv6Address

from rawkit.engine.ping_events import Target
from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol

LARGEST_DATAGRAM = 65_535
ECHO_HEADER = 8
IPV4_HEADER = 20
MOST_OPTIONS = 40


@record(kw_only=True)
class PingSettings:
    """What to send, how often, and how long to wait."""

    count: int | None = 4
    """Requests to each target; ``None``: without end."""
    interval: float = 1.0
    """Seconds from one request to the next, to the same target."""
    spacing: float = 0.0
    """Seconds between two targets."""
    timeout: float = 1.0
    """Seconds to wait for each answer."""
    deadline: float | None = None
    """Seconds after which all is over. ``count`` then counts answers, as ``ping -w -c`` does."""
    hurry: bool = False
    """After the last request wait two round trips only, if there was any answer at all."""
    preload: int = 1
    """Requests that are sent at once, without waiting."""
    adaptive: bool = False
    """Send as soon as all is answered, and after ``interval`` in any case."""
    volleys: bool = False
    """Where each request to a single target waits for the last, let the pipe send and time
    them by itself: many times quicker, but no reply of these is told of."""
    size: int = 56
    """Octets of payload."""
    pattern: bytes | None = None
    ttl: int | None = None
    """TTL or hop limit; ``None``: 64, and 1 for multicast."""
    traffic_class: int = 0
    """TOS octet or traffic class."""
    flow_label: int = 0
    options: bytes = b""
    """IPv4 options."""
    dont_fragment: bool = True
    """The DF bit, as far as the socket's path MTU mode leaves it to the packet."""
    any_source: bool = False
    """Take answers from whoever answers: the target is a broadcast address."""
    announce: bool = False
    """Tell of every request sent, too."""
    keep_replies: bool = True
    """Keep every reply for the report; a ping without end keeps none."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        for name, low, high in (
            ("count", 1, math.inf),
            ("interval", 0, math.inf),
            ("spacing", 0, math.inf),
            ("timeout", 0, math.inf),
            ("deadline", 0, math.inf),
            ("preload", 1, 0x10000),
            ("size", 0, LARGEST_DATAGRAM - ECHO_HEADER),
            ("ttl", 0, 0xFF),
            ("traffic_class", 0, 0xFF),
            ("flow_label", 0, 0xFFFFF),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                bounds = f"at least {low}" if high == math.inf else f"{low} to {high}"
                raise UsageError(f"{name.replace('_', ' ')} is {value}, not {bounds}")
        if len(self.options) > MOST_OPTIONS or len(self.options) % 4:
            raise UsageError(f"IPv4 options are {len(self.options)} octets, not 0, 4, 8 … 40")


def outer_header(
    target: Target, settings: PingSettings, transport: int | None = None
) -> IPv4 | IPv6:
    """Return the IP header of every request to one target.

    Args:
        target: whom it goes to.
        settings: what it says.
        transport: the protocol that it carries; ``None``: ICMP of its version.
    """
    ttl = settings.ttl
    if ttl is None:
        ttl = 1 if target.address.is_multicast else 64
    dscp, ecn = settings.traffic_class >> 2, settings.traffic_class & 0b11
    match target.src, target.address:
        case IPv4Address() as src, IPv4Address() as dst:
            largest = LARGEST_DATAGRAM - IPV4_HEADER - len(settings.options) - ECHO_HEADER
            if settings.size > largest:
                raise UsageError(f"size is {settings.size}, not 0 to {largest}")
            return IPv4(
                src,
                dst,
                ttl=ttl,
                dscp=dscp,
                ecn=ecn,
                dont_fragment=settings.dont_fragment,
                options=settings.options,
                protocol=transport or IPProtocol.ICMP,
            )
        case IPv6Address() as src, IPv6Address() as dst:
            return IPv6(
                src,
                dst,
                hop_limit=ttl,
                dscp=dscp,
                ecn=ecn,
                flow_label=settings.flow_label,
                next_header=transport or IPProtocol.ICMPV6,
            )
    raise ValueError(f"{target.src} and {target.address} are not of one family")
