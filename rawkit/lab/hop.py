"""A router on a simulated path: where it is, and how well it behaves."""

import math
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import UsageError
from rawkit.record import field, record
from rawkit.wire.address import Address
from rawkit.wire.multipart import ExtensionObject


@record
class Hop:
    """A router. The default is a good one.

    Raises:
        UsageError: a value makes no sense.
    """

    delay: float = 0.0
    """Seconds on the link to it, each way: what lies behind it is as much farther away."""
    pause: float = 0.0
    """Seconds that it takes to speak for itself; what it forwards does not wait."""
    silent: bool = False
    """Forwards, but never says a word of its own."""
    answers_per_second: float = math.inf
    """How often it speaks for itself at the most (RFC 1812 §4.3.2.8)."""
    burst: int = 1
    """How many answers it may have saved up."""
    mtu: int | None = None
    """Of the link behind it, in octets. Larger packets get "fragmentation needed"."""
    filtered: bool = False
    """Nobody hears that "fragmentation needed": a path MTU black hole."""
    extensions: tuple[ExtensionObject, ...] | bytes = ()
    """What its errors also tell, as MPLS labels and interfaces (RFC 4884); octets are sent
    as they are, however malformed."""
    announced: bool = True
    """Whether its errors say where the extensions begin; older routers' do not (§5.5)."""
    quoted: int | None = None
    """Octets of a packet that its errors quote, at the most: 28 for the IPv4 header and
    8 octets more, as RFC 792 has it; ``None``: as many as may be."""
    ttl: int = 64
    """That its answers start with."""
    ipv4: IPv4Address | None = None
    """``None``: one is chosen."""
    ipv6: IPv6Address | None = None

    def __post_init__(self) -> None:
        for name in ("delay", "pause"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"{name}: {getattr(self, name)} is no number of seconds")
        if not self.answers_per_second > 0:
            raise UsageError("answers_per_second: not above 0; say silent=True")
        if self.burst < 1:
            raise UsageError(f"burst: {self.burst}; say silent=True for a hop that never speaks")
        if self.mtu is not None and self.mtu < 68:
            raise UsageError(f"mtu: {self.mtu} is below 68, the least that IPv4 works with")
        if not 1 <= self.ttl <= 255:
            raise UsageError(f"ttl: {self.ttl} is not between 1 and 255")

    def address(self, version: int) -> Address:
        """Return its address of an IP version."""
        address = self.ipv4 if version == 4 else self.ipv6
        if address is None:
            raise UsageError(f"hop: it has no IPv{version} address yet")
        return address


@record(frozen=False)
class Allowance:
    """How many answers a hop may still give: a token bucket."""

    per_second: float
    burst: int

    _saved: float = field(init=False)
    _since: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        self._saved = self.burst

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        if math.isinf(self.per_second):
            return True
        earned = max(0.0, now - self._since) * self.per_second
        self._saved = min(self.burst, self._saved + earned)
        self._since = max(now, self._since)
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
