"""What a ping asks, and whose answer this is: what all kinds of questions have in common.

An answer belongs to a request by its source, its numbers and the marks that it repeats;
an ICMP error by all that it quotes, the destination included. Any of these alone has
fooled a ping.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from rawkit.engine.family import family_of
from rawkit.engine.ping_events import Damage, Reply
from rawkit.engine.ping_settings import PingSettings, outer_header
from rawkit.engine.ping_tally import Request, Tally
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from rawkit.wire.received import Received

if TYPE_CHECKING:
    from rawkit.engine.ping_answers import Answer

BROADCAST = IPv4Address("255.255.255.255")
Known = list[int] | tuple[()]
"""Numbers of the targets with one address."""


@record
class Match:
    """The request that a packet is about, and what the packet says."""

    ip: IPv4 | IPv6
    """The packet's own IP header."""
    request: Request
    size: int = 0
    """Octets of the answer behind its IP header; 0: nobody knows."""
    damage: Damage | None = None
    """Source and numbers fit, and the rest does not."""
    answer: "Answer | None" = None
    message: Header | None = None
    """The packet is this ICMP error, or advice, about the request."""
    is_advice: bool = False
    is_doubtful: bool = False
    """It may be the answer to what was sent again for this request."""


class Question:
    """One kind of request: makes the packets, and finds the requests that others are about."""

    def __init__(
        self,
        tallies: list[Tally],
        settings: PingSettings,
        identifier: int,
        key: bytes,
        transport: int | None = None,
    ) -> None:
        """Prepare to ask.

        Args:
            tallies: the books of every target; strays are counted there.
            settings: what holds for all kinds.
            identifier: 16 bits, where the requests have any.
            key: secret octets for marks.
            transport: what IP carries; ``None``: ICMP.
        """
        self.tallies = tallies
        self.settings = settings
        self.identifier = identifier
        self.key = key
        self.outers = [outer_header(tally.target, settings, transport) for tally in tallies]
        self.answer_kinds: dict[int, type[Header]] = {}
        """What an answer is, by the version of IP."""
        self._answers: dict[int, Answer] = {}
        self._numbers: dict[Address, list[int]] = {}
        for number, tally in enumerate(tallies):
            address = tally.target.address
            self._numbers.setdefault(address, []).append(number)
            if isinstance(address, IPv6Address) and address.scope_id is not None:
                # A quote says nothing of the link that its packet went by.
                self._numbers.setdefault(IPv6Address(int(address)), []).append(number)
        self.groups = [n for n, tally in enumerate(tallies) if self._is_group(tally)]
        """Numbers of the targets that many may answer for."""

    def packet(self, request: Request) -> Packet:
        """Return the packet of a request."""
        raise NotImplementedError

    def match(self, received: Received) -> Match | None:
        """Return the request that a packet answers or quotes, or ``None``."""
        headers = received.packet.headers
        if len(headers) < 2 or not isinstance(ip := headers[0], IPv4 | IPv6):
            return None
        kind = self.answer_kinds.get(ip.src.version)
        if len(headers) == 2 and kind is not None and isinstance(headers[1], kind):
            return self.match_answer(ip, headers[1], received)
        return self._match_error(ip, received)

    def match_answer(self, ip: IPv4 | IPv6, message: Header, received: Received) -> Match | None:
        """Return the request that a packet with the right kind of header answers.

        Args:
            ip: its IP header.
            message: the other header.
            received: all of it.
        """
        raise NotImplementedError

    def quoted_request(self, ours: IPv4 | IPv6, quote: Packet) -> Request | None:
        """Return the request that an ICMP error quotes.

        Args:
            ours: the quoted IP header.
            quote: the quoted packet, as far as it is there.
        """
        raise NotImplementedError

    def error(
        self, ip: IPv4 | IPv6, message: Header, request: Request, received: Received
    ) -> Match:
        """Return what an ICMP error about a request means."""
        advice = isinstance(message, family_of(ip.src).advice)
        return Match(ip, request, message=message, is_advice=advice)

    def speaks_for(self, source: Address, number: int) -> bool:
        """Return whether an answer from this source counts as the target's."""
        return source == self.tallies[number].target.address or number in self.groups

    def took(self, number: int, reply: Reply) -> None:
        """Note a reply in time that says something."""
        if reply.answer is not None:
            self._answers[number] = reply.answer

    def answer_of(self, number: int) -> "Answer | None":
        """Return what a target has said, as its report is to show it."""
        return self._answers.get(number)

    def known(self, address: Address) -> Known:
        """Return the numbers of the targets with an address."""
        return self._numbers.get(address, ())

    def stray(self, known: Known = ()) -> None:
        """Count an answer that fits nowhere."""
        self.tallies[known[0] if known else 0].strays += 1

    def _match_error(self, ip: IPv4 | IPv6, received: Received) -> Match | None:
        quote = quoted(received.packet)
        if quote is None or not quote.headers:
            return None
        ours = quote.headers[0]
        if not isinstance(ours, IPv4 | IPv6):
            return None
        request = self.quoted_request(ours, quote)
        if request is None:
            return None
        kind = family_of(ip.src).message
        message = next(h for h in received.packet.headers if isinstance(h, kind))
        return self.error(ip, message, request, received)

    def _is_group(self, tally: Tally) -> bool:
        address = tally.target.address
        return self.settings.any_source or address.is_multicast or address == BROADCAST


Ask = Callable[[list[Tally], PingSettings, int, bytes], Question]
"""Makes the question of a ping: from the books, the settings, the identifier and the key."""
