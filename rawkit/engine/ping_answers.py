"""What hosts say to the questions of a ping that are more than an echo."""

from enum import Enum

from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.packet import Header


class PortState(Enum):
    """What an answer shows of a port."""

    OPEN = "open"
    CLOSED = "closed"


@record
class TCPAnswer:
    """The answer to a SYN."""

    state: PortState
    """Open: SYN-ACK; closed: RST."""
    flags: int | None
    """Those of the segment, as in :class:`rawkit.wire.tcp.Flags`; ``None``: the kernel made
    the connection and tells only how it went."""
    connect_time: float | None = None
    """Seconds that connect(2) took, as this program saw it; ``None``: there was none. Beside
    it the round trip of the reply is that which the kernel measured (``TCP_INFO``), if it
    did so: not of a RST, nor where it had to send the SYN again."""
    resent: int = 0
    """How many times the kernel sent the SYN again. Unless it is sure that the first one was
    answered, the reply counts as late."""


@record
class UDPAnswer:
    """The answer to a datagram."""

    state: PortState
    """Open: a datagram; closed: the host's own ICMP "port unreachable"."""
    payload: bytes = b""
    """Of the datagram."""
    message: Header | None = None
    """The ICMP message."""


@record
class TimestampAnswer:
    """The answer to an ICMP timestamp request (RFC 792).

    Times are milliseconds since midnight UT, or of a clock of another kind if their
    highest bit is set.
    """

    originate: int
    """When the request was made, by our clock."""
    receive: int
    """When it came, by the host's clock."""
    transmit: int
    """When the answer left, by the host's clock."""
    difference: float | None
    """Seconds by which the host's clock is ahead of ours, as far as the way there takes
    as long as the way back; of milliseconds, half a day at most. ``None``: another kind
    of clock."""


@record
class InterfaceAnswer:
    """The answer to a PROBE (RFC 8335 §3)."""

    code: int
    """A :class:`rawkit.wire.extended_echo.Code`; 0: all is well."""
    state: int
    """A :class:`rawkit.wire.extended_echo.State`, if the interface is a neighbour's."""
    active: bool
    """Whether the interface works, if it is the host's own."""
    ipv4: bool
    """Whether IPv4 runs on it."""
    ipv6: bool
    """Whether IPv6 runs on it."""


@record
class NodeAnswer:
    """The answer to a node information query (RFC 4620)."""

    code: int
    """A :class:`rawkit.wire.node_information.Answered`; 0: it is answered."""
    qtype: int
    """What was asked for: a :class:`rawkit.wire.node_information.QType`."""
    names: tuple[str, ...] = ()
    """Those that end with a dot are whole names."""
    addresses: tuple[Address, ...] = ()
    truncated: bool = False
    """Whether there are more addresses than these."""


Answer = TCPAnswer | UDPAnswer | TimestampAnswer | InterfaceAnswer | NodeAnswer
