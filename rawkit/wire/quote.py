"""What an ICMP error says, in ping(8)'s words, and which packet it says it about."""

from rawkit.wire import icmp
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet

UNREACHABLE = {
    0: "Destination Net Unreachable",
    1: "Destination Host Unreachable",
    2: "Destination Protocol Unreachable",
    3: "Destination Port Unreachable",
    5: "Source Route Failed",
    6: "Destination Net Unknown",
    7: "Destination Host Unknown",
    8: "Source Host Isolated",
    9: "Destination Net Prohibited",
    10: "Destination Host Prohibited",
    11: "Destination Net Unreachable for Type of Service",
    12: "Destination Host Unreachable for Type of Service",
    13: "Packet filtered",
    14: "Precedence Violation",
    15: "Precedence Cutoff",
}
REDIRECT = (
    "Redirect Network",
    "Redirect Host",
    "Redirect Type of Service and Network",
    "Redirect Type of Service and Host",
)
TIME_EXCEEDED = ("Time to live exceeded", "Frag reassembly time exceeded")
OTHERS = {
    0: "Echo Reply",
    8: "Echo Request",
    13: "Timestamp",
    14: "Timestamp Reply",
    15: "Information Request",
    16: "Information Reply",
    17: "Address Mask Request",
    18: "Address Mask Reply",
}


def quoted(packet: Packet) -> Packet | None:
    """Return the packet that an ICMP error is about, or ``None`` if ``packet`` is no error.

    Only the beginning of it may be there, and its last header may be cut short: the
    octets are then in the payload. Its checksums and lengths are as they were quoted. What
    a datagram carries is not read: whoever sent it knows better what that was.
    """
    for index, header in enumerate(packet.headers):
        if header.QUOTES is not None:
            return _as_sent(Packet(packet.headers[index + 1 :], packet.payload, packet.error))
        if header.IP_PROTOCOL == IPProtocol.ICMPV6:
            from rawkit.wire.quote_ipv6 import redirected

            return redirected(header, packet.payload)
    return None


def says(message: Header) -> str:
    """Return ping(8)'s words for an ICMP error, without the line end."""
    match message:
        case icmp.Unreachable(code=4, mtu=mtu):
            return f"Frag needed and DF set (mtu = {mtu})"
        case icmp.Unreachable(code=code):
            return UNREACHABLE.get(code, f"Dest Unreachable, Bad Code: {code}")
        case icmp.TimeExceeded(code=code):
            return word_for(TIME_EXCEEDED, code, f"Time exceeded, Bad Code: {code}")
        case icmp.ParameterProblem(pointer=pointer):
            return f"Parameter problem: pointer = {pointer}"
        case icmp.SourceQuench():
            return "Source Quench"
        case icmp.Redirect(code=code, gateway=gateway):
            what = word_for(REDIRECT, code, f"Redirect, Bad Code: {code}")
            return f"{what}(New nexthop: {gateway})"
        case icmp.Other(type=type_) | icmp.Message(TYPE=type_):
            return OTHERS.get(type_, f"Bad ICMP type: {type_}")
        case _:
            from rawkit.wire.quote_ipv6 import says_ipv6

            return says_ipv6(message)


def word_for(words: tuple[str, ...], code: int, otherwise: str) -> str:
    """Return the word for a code, or else ``otherwise``."""
    return words[code] if 0 <= code < len(words) else otherwise


def _as_sent(packet: Packet) -> Packet:
    """Return a packet with all that a datagram in it carries as its payload."""
    for place, header in enumerate(packet.headers[:-1], 1):
        if header.IP_PROTOCOL == IPProtocol.UDP:
            inside = bytes(Packet(packet.headers[place:], packet.payload))
            return Packet(packet.headers[:place], inside, packet.error)
    return packet
