"""What a connection tells its user. Octets that arrive are no events: they are read."""

from enum import Enum

from rawkit.record import record
from rawkit.tcp.options import Agreed, Offer
from rawkit.tcp.state import Cause, State
from rawkit.wire.address import Address
from rawkit.wire.packet import Header


class Ending(Enum):
    """Why a connection is over."""

    FINISHED = "both sides have closed"
    REFUSED = "refused"
    """The other side answered our SYN with RST."""
    RESET = "reset by the other side"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    """An ICMP error said so."""
    ABORTED = "aborted by us"
    CLOSED_UNOPENED = "closed before it was open"
    HANDED_OVER = "handed over to another TCP"

    def __str__(self) -> str:
        return self.value


@record
class Moved:
    """A connection changed its state."""

    before: State
    cause: Cause
    after: State


@record
class SynSent:
    """The first of the three segments left."""

    sequence: int
    """The initial sequence number, 32 bits."""
    resent: int = 0
    """How often it had been sent before."""


@record
class SynReceived:
    """The other side's SYN arrived: the first of the three segments, or in the second."""

    sequence: int
    """The other side's initial sequence number."""
    offer: Offer


@record
class Established:
    """Both sides know of each other: data can flow."""

    rtt: float | None
    """Seconds from our SYN to its acknowledgment; ``None``: ours was sent again."""
    agreed: Agreed


@record
class Writable:
    """There is room again after a write that was cut short."""


@record
class Urgent:
    """The other side has urgent data (RFC 6093)."""

    ahead: int
    """How many octets are to be read up to the last urgent one, that one included."""


@record
class EndOfStream:
    """The other side has sent all that it will send."""


@record
class Stalled:
    """Data was sent again and again and is not acknowledged (R1 of RFC 9293 §3.8.3)."""

    resent: int


@record
class Advised:
    """An ICMP error arrived that does not end the connection."""

    message: Header
    """The ICMP header."""
    source: Address | None = None
    """Who sent it."""


@record
class PathMtu:
    """Packets of another size are used from now on."""

    mtu: int
    mss: int


@record
class Closed:
    """The connection is over; nothing follows."""

    ending: Ending
    message: Header | None = None
    """The ICMP error that ended it."""
    source: Address | None = None
    """Who sent that."""


Event = (
    Moved
    | SynSent
    | SynReceived
    | Established
    | Writable
    | Urgent
    | EndOfStream
    | Stalled
    | Advised
    | PathMtu
    | Closed
)
