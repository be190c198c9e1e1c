"""Which request does this answer belong to?

By source, identifier, sequence number and payload for a reply; by all that is quoted,
the destination included, for an ICMP error. Any of these alone has fooled a ping.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from rawkit.engine.echo_payload import EchoPayload
from rawkit.engine.family import Family, family_of
from rawkit.engine.ping_tally import Request, Tally
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted

if TYPE_CHECKING:
    from rawkit.engine.family import EchoReply

BROADCAST = IPv4Address("255.255.255.255")


@record
class Match:
    """The request that a packet is about."""

    ip: IPv4 | IPv6
    """The packet's own IP header."""
    request: Request
    damaged: bool = False
    """Source and numbers fit, and the payload does not."""
    message: Header | None = None
    """The packet is this ICMP error, or advice, about the request."""
    is_advice: bool = False


class Matcher:
    """Finds requests in the books of a ping; counts what fits nowhere as strays."""

    def __init__(
        self, tallies: list[Tally], payloads: EchoPayload, identifier: int, any_source: bool
    ) -> None:
        self._tallies = tallies
        self._payloads = payloads
        self._identifier = identifier
        self._any_source = any_source
        self._numbers: dict[Address, list[int]] = {}
        for number, tally in enumerate(tallies):
            address = tally.target.address
            self._numbers.setdefault(address, []).append(number)
            if isinstance(address, IPv6Address) and address.scope_id is not None:
                # A quote says nothing of the link that its packet went by.
                self._numbers.setdefault(IPv6Address(int(address)), []).append(number)
        self._groups = [n for n, tally in enumerate(tallies) if self._is_group(tally)]

    def match(self, packet: Packet) -> Match | None:
        """Return the request that a packet answers or quotes, or ``None``."""
        match packet.headers:
            case (IPv4() | IPv6() as ip, message, *rest):
                family = family_of(ip.src)
                if not rest and isinstance(message, family.echo_reply):
                    return self._match_reply(ip, message, packet.payload)
                return self._match_error(ip, family, packet)
            case _:
                return None

    def speaks_for(self, source: Address, number: int) -> bool:
        """Return whether a reply from this source counts as the target's."""
        return source == self._tallies[number].target.address or number in self._groups

    def _match_reply(self, ip: IPv4 | IPv6, echo: "EchoReply", payload: bytes) -> Match | None:
        if echo.identifier != self._identifier:
            return None  # a raw socket hears every ping on the machine
        known = self._numbers.get(ip.src, ())
        for number in (*known, *self._claimed_by(payload)):
            for request in self._tallies[number].find(echo.sequence):
                if self._payloads.of(number, request.sequence) == payload:
                    return Match(ip, request)
        for number in known or self._groups:
            for request in self._tallies[number].find(echo.sequence)[:1]:
                return Match(ip, request, damaged=True)
        self._stray(known)
        return None

    def _match_error(self, ip: IPv4 | IPv6, family: Family, packet: Packet) -> Match | None:
        quote = quoted(packet)
        if quote is None or len(quote.headers) < 2:
            return None
        ours, echo = quote.headers[0], quote.headers[-1]
        if not isinstance(ours, IPv4 | IPv6) or not isinstance(echo, family.echo_request):
            return None
        if echo.identifier != self._identifier:
            return None
        known = self._numbers.get(ours.dst, ())
        for number in known:
            for request in self._tallies[number].find(echo.sequence):
                sent = self._payloads.of(number, request.sequence)
                if sent.startswith(quote.payload[: len(sent)]):
                    message = next(h for h in packet.headers if isinstance(h, family.message))
                    return Match(
                        ip, request, message=message, is_advice=isinstance(message, family.advice)
                    )
        self._stray(known)
        return None

    def _claimed_by(self, payload: bytes) -> list[int]:
        """Return whom a reply from a stranger may be meant to stand for."""
        number = self._payloads.target_in(payload)
        if number is not None and number < len(self._tallies):
            return [number]
        return self._groups or [0]

    def _stray(self, known: list[int] | tuple[()]) -> None:
        self._tallies[known[0] if known else 0].strays += 1

    def _is_group(self, tally: Tally) -> bool:
        """Return whether many may answer for this target."""
        address = tally.target.address
        return self._any_source or address.is_multicast or address == BROADCAST
