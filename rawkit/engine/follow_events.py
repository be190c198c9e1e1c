"""What is told of TCP conversations that are followed."""

from enum import Enum

from rawkit.record import record
from rawkit.wire.address import Address


@record
class Endpoint:
    """One end of a conversation."""

    address: Address
    port: int

    def __str__(self) -> str:
        shown = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{shown}:{self.port}"


class Side(Enum):
    """Who of the two."""

    CLIENT = "client"
    SERVER = "server"


@record
class Conversation:
    """A TCP connection that was seen, or a part of one."""

    number: int
    """Its place among all, from 0."""
    client: Endpoint
    """Who sent the SYN; where none was seen, who was heard first."""
    server: Endpoint
    began: float
    """When its first segment was seen."""
    is_whole: bool
    """Whether its beginning was seen: a SYN."""

    def endpoint(self, side: Side) -> Endpoint:
        """Return one of its ends."""
        return self.client if side is Side.CLIENT else self.server

    def __str__(self) -> str:
        return f"{self.client} > {self.server}"


class Cause(Enum):
    """Why octets are missing."""

    NOT_CAPTURED = "not captured"
    """No segment with them was seen."""
    CUT = "cut short"
    """A segment with them was seen, and the capture kept only its beginning."""


class How(Enum):
    """How a conversation ended."""

    CLOSED = "closed"
    """Both sides had said all, and said so (FIN)."""
    RESET = "reset"
    REFUSED = "refused"
    """The server answered the SYN by a RST."""
    OPEN = "open"
    """It went on, or the capture ended before it did."""
    FORGOTTEN = "forgotten"
    """There was no room to remember it any longer."""


@record(frozen=False)
class Counts:
    """What one side sent."""

    segments: int = 0
    """With data."""
    octets: int = 0
    """Told in order, each once."""
    missing: int = 0
    """Octets told to be missing."""
    repeated: int = 0
    """Segments with nothing new in them: sent again, captured twice, or keep-alives."""
    ahead: int = 0
    """Segments that came when octets before them were missing."""
    differing: int = 0
    """Octets that came again with another value while the first ones waited."""
    damaged: int = 0
    """Segments left out for a wrong checksum."""
    stray: int = 0
    """Segments left out for a place where there can be none."""


@record
class Began:
    """A conversation was seen for the first time."""

    conversation: Conversation


@record
class Data:
    """The next octets of one side."""

    conversation: Conversation
    sender: Side
    offset: int
    """Their place among all that this side sent, from 0."""
    octets: bytes
    time: float
    """Of the segment that made them complete."""


@record
class Missing:
    """The next octets of one side are not there."""

    conversation: Conversation
    sender: Side
    offset: int
    length: int
    cause: Cause
    acknowledged: bool
    """Whether the other side said that it has them."""
    time: float


@record
class Ended:
    """A conversation is over, or is followed no longer."""

    conversation: Conversation
    how: How
    by: Side | None
    """Who reset it."""
    client: Counts
    server: Counts
    time: float
    """Of its last segment."""


FollowEvent = Began | Data | Missing | Ended
