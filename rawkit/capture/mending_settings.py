"""How packets of a capture are made fit to be sent, and what may be in the way."""

from enum import Enum
from typing import Literal

from rawkit.errors import UsageError
from rawkit.record import field, record
from rawkit.wire.link import VLAN
from rawkit.wire.rewrite import Rewriting

USUAL_MTU = 1500
"""What a super-packet is cut to where no link says what it carries."""
LEAST_MTU = 68


class Skip(Enum):
    """Why a packet is not sent."""

    CUT = "cut short by the capture"
    TOO_LONG = "too long for the link"
    TOO_SHORT = "shorter than a link's header"
    NO_FRAME = "without an Ethernet header"
    NO_IP = "without an IP header"
    UNKNOWN_LINK = "of a link type that cannot be sent"
    UNSENDABLE = "not to be sent from here"


class Remark(Enum):
    """What was done to a packet beside what was asked for."""

    SEGMENTED = "super-packets cut"
    FINISHED = "unfinished checksums worked out"
    PADDED = "cut short by the capture, filled up with zeros"
    SHORTENED = "cut short by the capture, sent as they are"
    FRAGMENTED = "fragmented"
    RELENGTHENED = "total lengths of 0 filled in"


@record(kw_only=True)
class MendingSettings:
    """What is done to packets before they are sent."""

    rewriting: Rewriting = field(default_factory=Rewriting)
    fix: bool = True
    """Cut super-packets of TCP, work out unfinished checksums."""
    mss: int | None = None
    """Octets of data in a TCP segment at most; ``None``: as the handshake in the capture
    has it, and the MTU."""
    mtu: int | None = None
    """Octets from the IP header on that the link carries; ``None``: nobody knows."""
    udp_segment: int | None = None
    """Octets of data to which datagrams that are too long are cut (UDP GSO)."""
    fragment: bool = False
    """Fragment what is still too long."""
    truncated: Literal["skip", "pad", "send"] = "skip"
    """What becomes of packets that the capture has only the beginning of."""
    layer: Literal["auto", "frame", "ip"] = "auto"
    """What is sent: frames where there are frames, frames alone, or what is in them."""
    vlan: VLAN | None = None
    """The tag that each frame gets, outermost."""
    untag: bool = False
    """Take all tags away before."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        for name, least in (("mss", 1), ("udp_segment", 1), ("mtu", LEAST_MTU)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} is {value}, below {least}")
        if self.truncated not in ("skip", "pad", "send"):
            raise UsageError(f"truncated is {self.truncated!r}, not one of skip, pad, send")
        if self.layer not in ("auto", "frame", "ip"):
            raise UsageError(f"layer is {self.layer!r}, not one of auto, frame, ip")
        if self.layer == "ip" and (self.vlan or self.untag):
            raise UsageError("layer ip has no VLAN tags: the kernel makes the frames")
