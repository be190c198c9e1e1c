"""A router on a simulated path: where it is, and how well it behaves."""

import math
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import UsageError
from rawkit.lab.mistakes import Mistake
from rawkit.lab.nat import NAT
from rawkit.lab.saying import Why
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
    loss: float = 0.0
    """Share of packets lost on that link, 0 to 1, each way."""
    pause: float | tuple[float, ...] = 0.0
    """Seconds that it takes to speak for itself; what it forwards does not wait. Several are
    taken in turn, so that answers overtake each other."""
    silent: bool = False
    """Forwards, but never says a word of its own."""
    drops: bool = False
    """Forwards nothing, and does not say so; of a TTL that runs out here it speaks."""
    refuses: Why | int | None = None
    """Forwards nothing and says why, whatever the TTL, as where the route is one that
    rejects. A number is the code of "unreachable", in both versions."""
    forwards_dying: bool = False
    """Sends on what comes with a TTL of 1, so that it dies at the next hop, which then
    answers for both, quoting a TTL of 0."""
    copies: int = 1
    """How often it sends each answer."""
    speaks_as: tuple[Address, ...] = ()
    """Addresses that its answers come from, in turn, instead of its own."""
    detour: int = 0
    """How many more routers its answers pass on their way back than packets do to it."""
    nat: NAT | None = None
    """It translates addresses, to its own."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with its errors."""
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
    """Octets of a packet that its errors quote, at the most; ``None``: as many as may be."""
    quoted_data: int | None = None
    """… counted from behind the IP header: 8, as RFC 792 has it."""
    ttl: int = 64
    """That its answers start with."""
    ipv4: IPv4Address | None = None
    """``None``: one is chosen."""
    ipv6: IPv6Address | None = None

    def __post_init__(self) -> None:
        for name, seconds in (("delay", self.delay), *(("pause", one) for one in self.pauses)):
            if not 0 <= seconds < math.inf:
                raise UsageError(f"{name}: {seconds} is no number of seconds")
        if not self.pauses:
            raise UsageError("pause: none of them; say 0 for a hop that speaks at once")
        if not 0 <= self.loss <= 1:
            raise UsageError(f"loss: {self.loss} is no share between 0 and 1")
        if not self.answers_per_second > 0:
            raise UsageError("answers_per_second: not above 0; say silent=True")
        for name, least in (("burst", 1), ("copies", 1), ("detour", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name}: {getattr(self, name)} is below {least}")
        if self.mtu is not None and self.mtu < 68:
            raise UsageError(f"mtu: {self.mtu} is below 68, the least that IPv4 works with")
        if not 1 <= self.ttl <= 255:
            raise UsageError(f"ttl: {self.ttl} is not between 1 and 255")

    @property
    def pauses(self) -> tuple[float, ...]:
        """Every ``pause`` in turn."""
        return self.pause if isinstance(self.pause, tuple) else (self.pause,)

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
