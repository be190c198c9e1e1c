"""Which rules a chain of IPv6 extension headers breaks (RFC 8200 §4.1 and others).

Nothing here hinders anybody from breaking them: a packet is packed as it was put together.

====== ===================== =================================================
rank   header                note
====== ===================== =================================================
0      hop-by-hop options    right behind the IPv6 header, or nowhere
1      destination options   for every station of a routing header that follows
2      routing
3      fragment
4      authentication (AH)
5      ESP
6      destination options   for the destination alone
====== ===================== =================================================
"""

from collections import Counter
from collections.abc import Iterator
from enum import Enum
from itertools import pairwise

from rawkit.record import record
from rawkit.wire import ipv6_options, routing
from rawkit.wire.authentication import AH
from rawkit.wire.authentication import SIZE as AH_SIZE
from rawkit.wire.extensions import (
    DestinationOptions,
    Extension,
    Fragment,
    HopByHop,
    Options,
    Routing,
    RoutingKind,
)
from rawkit.wire.ipv6 import MOST, IPv6
from rawkit.wire.ipv6_option_values import JumboPayload, Pad1, PadN
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet

LONGEST_PADDING = 7
"""Octets; more is never needed (RFC 8504 §5.3)."""
LAST_OPTIONS = 6


class Rule(Enum):
    """What is right, and who says so."""

    HOP_BY_HOP_FIRST = "hop-by-hop options stand right behind the IPv6 header (RFC 8200 §4.3)"
    ORDER = "headers stand in the order of their use (RFC 8200 §4.1)"
    ONCE = "a header occurs once, destination options once more before a route (RFC 8200 §4.1)"
    NEXT_HEADER = "a header names the one behind it (RFC 8200 §4)"
    ALIGNMENT = "an option begins where its fields lie evenly (RFC 8200 §4.2)"
    READABLE = "options can be told apart to the end of their header (RFC 8200 §4.2)"
    PADDING = "padding is zeros, up to 7 octets in a row (RFC 8504 §5.3)"
    SEGMENTS_LEFT = "no more segments are left than there are (RFC 8200 §4.4)"
    SOURCE_ROUTE = "routing headers of kind 0 are not used any more (RFC 5095)"
    WHOLE_CHAIN = "a first fragment has all headers (RFC 7112)"
    ATOMIC = "what fits into one packet is no fragment (RFC 8021)"
    JUMBO_LENGTH = "a jumbo payload is above 65535 octets, the payload length 0 (RFC 2675 §3)"
    JUMBO_FRAGMENT = "a jumbogram is not fragmented (RFC 2675 §3)"
    AH_LENGTH = "an authentication header has a multiple of 8 octets (RFC 4302 §3.3.3.2.1)"


@record
class Violation:
    """A rule that is broken, and by which of a packet's headers."""

    place: int
    """Of the header in :attr:`Packet.headers`."""
    rule: Rule

    def __str__(self) -> str:
        return f"header {self.place}: {self.rule.value}"


Link = tuple[int, Header]
"""A header and its place in the packet."""


def violations(packet: Packet) -> tuple[Violation, ...]:
    """Return the rules that a packet breaks, header by header; none if all is well.

    Each IPv6 header of a tunnel has a chain of its own.
    """
    found = []
    for place, header in enumerate(packet.headers):
        if isinstance(header, IPv6):
            chain, upper = _chain(packet, place)
            broken = dict.fromkeys(_broken(header, chain, upper, packet))
            found += sorted(broken, key=lambda one: one[0])
    return tuple(Violation(place, rule) for place, rule in found)


def _chain(packet: Packet, place: int) -> tuple[list[Link], Link | None]:
    """Return the IPv6 header there, its extension headers, and what stands behind them."""
    chain: list[Link] = [(place, packet.headers[place])]
    for at in range(place + 1, len(packet.headers)):
        if not isinstance(packet.headers[at], Extension):
            return chain, (at, packet.headers[at])
        chain.append((at, packet.headers[at]))
    return chain, None


Broken = Iterator[tuple[int, Rule]]


def _broken(ip: IPv6, chain: list[Link], upper: Link | None, packet: Packet) -> Broken:
    yield from _out_of_place(chain[1:], chain[0][0])
    yield from _misnamed([*chain, *([upper] if upper else [])])
    for place, header in chain[1:]:
        match header:
            case Options(options=octets):
                yield from ((place, rule) for rule in _of_options(octets))
            case Routing():
                yield from ((place, rule) for rule in _of_route(header))
            case Fragment(offset=0, more=False):
                yield place, Rule.ATOMIC
            case Fragment(offset=0) if upper is None and _lacks_headers(chain, packet):
                yield place, Rule.WHOLE_CHAIN
            case AH(icv=icv) if (AH_SIZE + len(icv)) % ipv6_options.UNIT:
                yield place, Rule.AH_LENGTH
    yield from _of_jumbo(ip, chain)


def _out_of_place(chain: list[Link], ip: int) -> Broken:
    last_route = max((place for place, one in chain if isinstance(one, Routing)), default=-1)
    seen: Counter[int] = Counter()
    highest = 0
    for place, header in chain:
        rank = _rank(header, place < last_route)
        if rank == 0 and place != ip + 1:
            yield place, Rule.HOP_BY_HOP_FIRST
        elif rank < highest:
            yield place, Rule.ORDER
        seen[rank] += 1
        if seen[rank] > 1:
            yield place, Rule.ONCE
        highest = max(highest, rank)


def _rank(header: Header, before_route: bool) -> int:
    match header:
        case HopByHop():
            return 0
        case DestinationOptions():
            return 1 if before_route else LAST_OPTIONS
        case Routing():
            return 2
        case Fragment():
            return 3
        case AH():
            return 4
    return 5


def _misnamed(chain: list[Link]) -> Broken:
    for (place, header), (_, inner) in pairwise(chain):
        named = getattr(header, "next_header", None)
        if named is not None and inner.IP_PROTOCOL is not None and named != inner.IP_PROTOCOL:
            yield place, Rule.NEXT_HEADER


def _of_options(octets: bytes) -> Iterator[Rule]:
    if ipv6_options.misplaced(octets):
        yield Rule.ALIGNMENT
    run = 0
    for option in ipv6_options.decode(octets):
        match option:
            case ipv6_options.Malformed():
                yield Rule.READABLE
            case Pad1():
                run += 1
            case PadN(data=data):
                run += 2 + len(data)
                if any(data):
                    yield Rule.PADDING
            case _:
                run = 0
        if run > LONGEST_PADDING:
            yield Rule.PADDING


def _of_route(header: Routing) -> Iterator[Rule]:
    if header.kind == RoutingKind.SOURCE_ROUTE:
        yield Rule.SOURCE_ROUTE
    route = routing.decode(header)
    if route is not None and header.segments_left > route.longest:
        yield Rule.SEGMENTS_LEFT


def _lacks_headers(chain: list[Link], packet: Packet) -> bool:
    """Whether a chain stops at a header that could not be read, or before one that is due."""
    named = getattr(chain[-1][1], "next_header", None)
    return packet.error is not None or (not packet.payload and named != IPProtocol.NO_NEXT)


def _of_jumbo(ip: IPv6, chain: list[Link]) -> Broken:
    jumbo = [
        (place, option.length)
        for place, header in chain
        if isinstance(header, HopByHop)
        for option in ipv6_options.decode(header.options)
        if isinstance(option, JumboPayload)
    ]
    for place, length in jumbo:
        if length <= MOST or ip.payload_length not in (0, None):
            yield place, Rule.JUMBO_LENGTH
        yield from ((at, Rule.JUMBO_FRAGMENT) for at, one in chain if isinstance(one, Fragment))
