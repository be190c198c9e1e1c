"""What a handshake over UDP is told and what it tells."""

from enum import Enum

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp_handshake import MOST_TRIES


@record(kw_only=True)
class HandshakeSettings:
    """How patient a side is. Times are seconds."""

    wait: float = 1.0
    """Until the first message is sent again; then twice as long, and so on (RFC 8085 §3.1.1)."""
    longest_wait: float = 60.0
    tries: int = 5
    """How often it is sent in all."""
    linger: float = 4.0
    """How long a caller that is connected still answers repeated replies, for its confirmation
    may have been lost; and a callee remembers whom it is connected to."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says what.
        """
        if not 1 <= self.tries <= MOST_TRIES:
            raise UsageError(f"tries is {self.tries}; 1 to {MOST_TRIES} fit")
        if not 0 < self.wait <= self.longest_wait or self.linger < 0:
            raise UsageError("waiting takes time: 0 < wait <= longest_wait, and linger from 0 on")

    def wait_behind(self, sent: int) -> float:
        """Return how long to wait behind the message that was sent for so many times."""
        doubled: float = self.wait * 2.0 ** min(sent - 1, 64)
        return min(doubled, self.longest_wait)


@record
class Peer:
    """The other side, and this handshake with it."""

    address: Address
    port: int
    token: bytes
    """That the caller has chosen."""

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"udp:{host}:{self.port}"


@record
class Said:
    """One of our messages left: a request, a reply or a confirmation."""

    packet: Packet
    to: Peer
    turn: int
    """For how many times it did, from 1."""


@record
class Connected:
    """Both sides know that the other one hears them."""

    peer: Peer
    rtt: float | None
    """Seconds from the message that was answered to its answer, whichever that was; ``None``: it
    was a reply that came by itself, for all others were lost."""


class Cause(Enum):
    """Why there is no connection."""

    SILENCE = "nobody answered"
    ICMP = "an ICMP error came back"
    NOT_SENT = "it could not be sent"
    CROWD = "there are too many others"

    def __str__(self) -> str:
        return self.value


@record
class Failed:
    """There is no connection."""

    peer: Peer
    cause: Cause
    message: Header | None = None
    """The ICMP error."""
    source: Address | None = None
    """Who sent that."""
    error: OSError | None = None
    """What the kernel said."""


HandshakeEvent = Said | Connected | Failed


@record(kw_only=True)
class HandshakeReport:
    """What has become of it so far."""

    connected: tuple[Connected, ...] = ()
    failed: tuple[Failed, ...] = ()
    sent: int = 0
    """Messages."""
    repeated: int = 0
    """Of them, those that were sent for not being answered."""
    duplicates: int = 0
    """Messages that came again."""
    strange: int = 0
    """Datagrams that fit in nowhere."""
    damaged: int = 0
    """Datagrams whose checksum is wrong."""
