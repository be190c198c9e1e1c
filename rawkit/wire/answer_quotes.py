"""Which packet does an ICMP error quote? By all that is quoted; see :mod:`rawkit.wire.answers`.

A router need not quote more than an IP header and 8 octets (RFC 792), and may change what
routers change; an address translator that forgets to translate a quote makes it one of a
packet that nobody here has sent.
"""

from collections.abc import Sequence

from rawkit.errors import BuildError
from rawkit.wire.address import same_address
from rawkit.wire.answer_levels import Level, levels_of
from rawkit.wire.answer_replies import type_of
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from rawkit.wire.relation import Relation

ADVICE = {(IPProtocol.ICMP, 4), (IPProtocol.ICMP, 5), (IPProtocol.ICMPV6, 137)}
"""IP protocol and type of the messages about packets that go on all the same."""
ENOUGH = 8
"""Octets of what IP carries that tell a packet from others (RFC 792)."""
TELLING = (
    *("src_port", "dst_port", "sequence", "identifier"),
    *("verification_tag", "target", "nonce", "group", "key"),
)
"""Fields that tell packets of a kind apart, and that nobody changes on the way."""
ICMP = slice(0, 2), slice(4, 8)
HEADS: dict[int | None, tuple[slice, ...]] = {
    IPProtocol.TCP: (slice(0, 8),),
    IPProtocol.UDP: (slice(0, 4),),
    IPProtocol.UDP_LITE: (slice(0, 4),),
    IPProtocol.SCTP: (slice(0, 8),),
    IPProtocol.ICMP: ICMP,
    IPProtocol.ICMPV6: ICMP,
    IPProtocol.IGMP: ICMP,
}
"""What of the first 8 octets is the same on the way: no checksum, which offload fills in late."""
BEST = (Relation.ERROR, Relation.PARTIAL, Relation.NONE)


def quotes(ours: Sequence[Level], theirs: Level, answer: Packet) -> Relation | None:
    """Return what an ICMP message about some packet has to do with ours.

    Args:
        ours: the levels of the packet that was sent.
        theirs: the level of the answer that may be such a message.
        answer: the packet that it is in.

    Returns:
        ``None``: it is about no packet at all.
    """
    quote = quoted(answer)
    if quote is None or theirs.upper is None:
        return None
    inside = levels_of(quote)
    if not inside:
        return Relation.NONE
    found = [
        _is_about(ours[place:], inside, quote)
        for place, level in enumerate(ours)
        if level.src.is_unspecified or same_address(theirs.dst, level.src)
    ]
    best = next((each for each in BEST if each in found), Relation.NONE)
    advice = (theirs.upper.IP_PROTOCOL, type_of(theirs.upper)) in ADVICE
    return Relation.ADVICE if best is Relation.ERROR and advice else best


def _is_about(ours: Sequence[Level], inside: Sequence[Level], quote: Packet) -> Relation:
    """Compare level by level, as far as the quote goes."""
    outcome = Relation.NONE
    for mine, theirs in zip(ours, inside, strict=False):
        outcome = _compare(mine, theirs)
        if outcome is Relation.NONE:
            return outcome
    return outcome


def _compare(mine: Level, theirs: Level) -> Relation:
    """Compare an IP header and what it carries with a quoted one."""
    if not (mine.src.is_unspecified or same_address(theirs.src, mine.src)):
        return Relation.NONE
    if not any(same_address(theirs.ip.dst, stop) for stop in (mine.dst, *mine.stops)):
        return Relation.NONE
    if theirs.is_later_fragment and not mine.is_later_fragment:
        return Relation.PARTIAL  # it was cut on the way
    if theirs.protocol != mine.protocol:
        cut = theirs.upper is None and _next(theirs) == _next(mine) != mine.protocol
        return Relation.PARTIAL if cut else Relation.NONE
    if mine.upper is None:
        return _compare_octets(mine.payload, _octets_of(theirs))
    if theirs.upper is None:
        return _compare_head(mine.upper, theirs.payload)
    if type_of(mine.upper) != type_of(theirs.upper):
        return Relation.NONE
    if any(getattr(mine.upper, f, None) != getattr(theirs.upper, f, None) for f in TELLING):
        return Relation.NONE
    if mine.behind or theirs.behind:
        return Relation.ERROR
    shared = min(len(mine.payload), len(theirs.payload))  # a quote may be padded (RFC 4884 §3)
    same = mine.payload[:shared] == theirs.payload[:shared]
    return Relation.ERROR if same else Relation.NONE


def _compare_octets(mine: bytes, theirs: bytes) -> Relation:
    """Compare what was sent as mere octets with what is quoted of it."""
    shared = min(len(mine), len(theirs))
    if mine[:shared] != theirs[:shared]:
        return Relation.NONE
    return Relation.ERROR if shared >= min(ENOUGH, len(mine)) else Relation.PARTIAL


def _compare_head(mine: Header, theirs: bytes) -> Relation:
    """Compare a header with the beginning of one, too short to be read."""
    try:
        octets = mine.pack()
    except BuildError:
        return Relation.PARTIAL
    head = theirs[:ENOUGH]
    for place in HEADS.get(mine.IP_PROTOCOL, ()):
        quoted_there = head[place]
        if octets[place][: len(quoted_there)] != quoted_there:
            return Relation.NONE
    return Relation.ERROR if len(head) == ENOUGH else Relation.PARTIAL


def _octets_of(level: Level) -> bytes:
    headers = level.behind if level.upper is None else (level.upper, *level.behind)
    return bytes(Packet(headers, level.payload))


def _next(level: Level) -> int | None:
    ip = level.ip
    return ip.protocol if isinstance(ip, IPv4) else ip.next_header
