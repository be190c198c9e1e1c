"""A segment as a connection sees it: what is in the header, without ports and checksum.

Many thousands a second are made, so this is no header and no packet:
:mod:`rawkit.tcp.codec` turns it into octets and back, :mod:`rawkit.tcp.packets` into packets.
"""

from rawkit.record import field, record
from rawkit.wire.tcp import FLAGS, Flags

FIN, SYN, RST, PSH = int(Flags.FIN), int(Flags.SYN), int(Flags.RST), int(Flags.PSH)
ACK, URG, ECE, CWR = int(Flags.ACK), int(Flags.URG), int(Flags.ECE), int(Flags.CWR)

WRAP = 0xFFFFFFFF
"""What of a sequence number is on the wire."""

NOT_ECT, ECT_1, ECT_0, CE = range(4)
"""What the ECN bits of the IP header say (RFC 3168 §5)."""


@record(frozen=False)
class Segment:
    """One segment. Numbers of arrived ones have 32 bits, those of others never wrap."""

    flags: int
    sequence: int
    acknowledgment: int = 0
    window: int = 0
    """As in the header: not scaled."""
    options: bytes = b""
    """Padded to a multiple of 4 octets."""
    payload: bytes | memoryview = b""
    """Of ours, much is a view of what was written."""
    urgent: int = 0
    """The urgent pointer: what is behind the urgent octet, counted from ``sequence``."""
    ecn: int = NOT_ECT
    """The two bits of the IP header."""
    cut: int = 0
    """Of ours: octets of payload in each of the segments that the link makes of it; 0: of one."""
    why: str = field(default="", compare=False)
    """For a segment of ours: the reason that it is sent, in a few words."""

    @property
    def length(self) -> int:
        """SEG.LEN: octets of sequence space, where SYN and FIN count as one each."""
        return len(self.payload) + (self.flags & FIN) + (self.flags >> 1 & 1)

    def __str__(self) -> str:
        """Return it in the shorthand of tcpdump and packetdrill."""
        letters = "".join(letter for bit, letter in LETTERS if self.flags & bit) or "-"
        begin = self.sequence & WRAP
        end = begin + len(self.payload)
        text = f"{letters} {begin}:{end}({len(self.payload)})"
        if self.flags & ACK:
            text += f" ack {self.acknowledgment & WRAP}"
        text += f" win {self.window}"
        return f"{text} urg {self.urgent}" if self.flags & URG else text


LETTERS = (
    (SYN, "S"),
    (FIN, "F"),
    (RST, "R"),
    (PSH, "P"),
    (URG, "U"),
    (ECE, "E"),
    (CWR, "W"),
    (ACK, "."),
)
"""In the order in which tcpdump writes them."""


def parts_of(s: Segment) -> list[Segment]:
    """Return the segments that a link makes of a large one: FIN and PSH go with the last."""
    parts: list[Segment] = []
    for at in range(0, len(s.payload), s.cut):
        part = s.payload[at : at + s.cut]
        flags = s.flags if at + s.cut >= len(s.payload) else s.flags & ~(FIN | PSH)
        if at:
            flags &= ~CWR  # tells of one reduction, once (RFC 3168 §6.1.2)
        urgent = max(0, s.urgent - at)
        if not urgent:
            flags &= ~URG
        numbers = s.sequence + at, s.acknowledgment, s.window
        parts.append(Segment(flags, *numbers, s.options, part, urgent, s.ecn, 0, s.why))
    return parts


def flags_of(number: int) -> Flags:
    """Return the control bits as the header's type has them."""
    return FLAGS[number]
