"""TCP conversations packet by packet, for tests of those who follow them."""

from ipaddress import IPv4Address, IPv6Address

from rawkit.engine.follow import DEFAULT, Follower, FollowSettings
from rawkit.engine.follow_events import Data, FollowEvent, Missing, Side
from rawkit.record import replace
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags

CLIENT, SERVER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
CLIENT6, SERVER6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7")
PORT, SERVICE = 40000, 80
SYN, ACK, FIN, RST, PSH = Flags.SYN, Flags.ACK, Flags.FIN, Flags.RST, Flags.PSH


class Talk:
    """Makes the segments of a conversation, and hands them to a follower."""

    def __init__(
        self,
        settings: FollowSettings = DEFAULT,
        *,
        ours: int = 1000,
        theirs: int = 5000,
        port: int = PORT,
        version: int = 4,
        follower: Follower | None = None,
    ) -> None:
        """Prepare.

        Args:
            settings: those of the follower.
            ours: the client's first sequence number.
            theirs: the server's.
            port: the client's.
            version: of IP.
            follower: one that has others to follow as well.
        """
        self.follower = follower or Follower(settings)
        self.events: list[FollowEvent] = []
        self.now = 0.0
        self.ours, self.theirs = ours, theirs
        self._port = port
        self._version = version

    def client(
        self,
        place: int,
        octets: bytes = b"",
        flags: Flags = ACK,
        ack: int = 0,
        kept: int | None = None,
    ) -> None:
        """Have the client send octets from ``place`` on, of which only some may be captured."""
        self.give(self.packet(Side.CLIENT, place, octets, flags, ack), kept)

    def server(
        self,
        place: int,
        octets: bytes = b"",
        flags: Flags = ACK,
        ack: int = 0,
        kept: int | None = None,
    ) -> None:
        """Have the server send octets."""
        self.give(self.packet(Side.SERVER, place, octets, flags, ack), kept)

    def shake_hands(self) -> None:
        """Open the connection."""
        self.client(-1, flags=SYN)
        self.server(-1, flags=SYN | ACK)
        self.client(0)

    def packet(
        self, side: Side, place: int, octets: bytes = b"", flags: Flags = ACK, ack: int = 0
    ) -> Packet:
        """Return a packet; places are counted behind the SYN."""
        ours, theirs = self.ours + 1, self.theirs + 1
        ports = self._port, SERVICE
        first, other = ours + place, theirs + ack
        if side is Side.SERVER:
            ports, first, other = (SERVICE, self._port), theirs + place, ours + ack
        header = TCP(*ports, first % 2**32, other % 2**32 if flags & ACK else 0, flags)
        ends = (CLIENT, SERVER) if side is Side.CLIENT else (SERVER, CLIENT)
        if self._version == 6:
            six = (CLIENT6, SERVER6) if side is Side.CLIENT else (SERVER6, CLIENT6)
            return IPv6(*six) / header / octets
        return IPv4(*ends) / header / octets

    def give(self, packet: Packet, kept: int | None = None) -> None:
        """Hand a packet over, or what a capture keeps of its data."""
        octets = bytes(packet)
        if kept is not None:
            octets = octets[: len(octets) - len(packet.payload) + kept]
        self.events += self.follower.add(self.now, dissect_ip(octets))

    def finish(self) -> None:
        """Let the capture end."""
        self.events += self.follower.finish()

    def said(self, side: Side) -> bytes:
        """Return what one side said, with a dot for each octet that is missing."""
        parts, end = [], 0
        for event in self.events:
            if isinstance(event, Data | Missing) and event.sender is side:
                assert event.offset == end, "what is told leaves nothing out, and nothing twice"
                octets = event.octets if isinstance(event, Data) else b"." * event.length
                end += len(octets)
                parts.append(octets)
        return b"".join(parts)

    def kinds(self) -> list[str]:
        """Return which events there were."""
        return [type(event).__name__ for event in self.events]


def patient(seconds: float) -> FollowSettings:
    """Return settings with another patience."""
    return replace(DEFAULT, patience=seconds)
