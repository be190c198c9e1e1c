"""What the search for a path MTU tells while it runs, and its outcome."""

from enum import Enum

from rawkit.engine.ping_events import Target
from rawkit.record import record
from rawkit.wire.address import Address


@record
class PmtuHop:
    """A hop that answered, and what is known to come as far as there."""

    ttl: int
    """TTL or hop limit that leads to it."""
    address: Address
    rtt: float
    """Seconds: of its first answer."""
    size: int
    """Octets of the largest packet that is known to have come here."""
    is_target: bool = False


@record
class Narrowing:
    """A place where the largest possible packet gets smaller."""

    mtu: int
    """Octets that pass; one more does not."""
    before: int
    """Octets that come as far as here."""
    ttl: int
    """The last hop known to be before the narrow link; 0: this host."""
    address: Address | None
    """Its address, or that of who told; ``None``: neither is known."""
    next_ttl: int | None
    """The first hop known to be behind it: the narrow link lies between the two."""
    announced: bool | None
    """Whether a router told that the packet was too big. ``False``: a black hole.
    ``None``: the socket could not hear it."""
    told: int | None = None
    """The MTU that the router told, right or wrong; 0: none (RFC 1191 §5)."""


@record
class SizeTried:
    """It was found out how far packets of one size come."""

    size: int
    """Octets."""
    ttl: int
    """The farthest hop that is known to have got one; 255: the target."""


class PmtuRemark(Enum):
    """What else there is to say."""

    SILENT_TARGET = "silent target"
    """It answered no probe of any size."""
    REFUSED = "refused"
    """Somebody says that there is no way to the target, or that it is prohibited."""
    LIES = "lies"
    """Somebody told an MTU that makes no sense, or is not true; it was not believed."""
    UNCERTAIN = "uncertain"
    """Answers were so rare that larger packets may pass than those known to pass."""
    DEAF = "deaf"
    """This kind of socket cannot hear routers say "too big" and leave no trace."""
    REMEMBERED = "remembered"
    """The kernel has taken note of what a router told, for ten minutes or so."""
    BELOW_LEAST = "below least"
    """The path carries less than IPv6 demands of every link (RFC 8200 §5)."""


@record
class PmtuReport:
    """The path MTU to one target, or as much of it as could be found out."""

    target: Target
    reached: bool
    """The target answered."""
    mtu: int | None
    """Octets of the largest packet that reaches the target; ``None``: it answered none."""
    local_mtu: int
    """Octets that the first link carries, or the largest that was to be tried."""
    hops: tuple[PmtuHop, ...]
    """Those that answered, nearest first, the target included."""
    narrowings: tuple[Narrowing, ...]
    """Nearest first, each narrower than the one before."""
    back_hops: int | None
    """Hops of the way back, guessed from the TTL of the target's answer."""
    sent: int
    """Probes."""
    strays: int
    """ICMP errors and replies about nothing that was sent."""
    lies: int
    """Messages with an MTU that makes no sense: not below the size they are about."""
    elapsed: float
    """Seconds."""
    remarks: tuple[PmtuRemark, ...] = ()
    refusal: str = ""
    """What was said by who refused, or by this host's kernel."""
    via: str = ""
    """The kind of socket."""
    why: str = ""
    """Why that kind."""

    @property
    def hop(self) -> Narrowing | None:
        """The narrowest place; ``None``: the path carries what the first link does."""
        return self.narrowings[-1] if self.narrowings else None

    @property
    def distance(self) -> int | None:
        """Hops to the target; ``None``: unknown."""
        return next((hop.ttl for hop in self.hops if hop.is_target), None)


PmtuEvent = PmtuHop | SizeTried | Narrowing
