"""What an ICMPv6 error says, in ping(8)'s words; and the packet inside a redirect."""

from rawkit.wire import icmpv6
from rawkit.wire.dissect import dissect
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import word_for

REDIRECTED_HEADER = 4  # RFC 4861 §4.6.3
OPTION_UNIT = 8

UNREACHABLE = (
    "No route",
    "Administratively prohibited",
    "Beyond scope of source address",
    "Address unreachable",
    "Port unreachable",
)
TIME_EXCEEDED = ("Hop limit", "Defragmentation failure")
PARAMETER_PROBLEM = ("Wrong header field", "Unknown header", "Unknown option")
OTHERS = {
    128: "Echo request",
    129: "Echo reply",
    130: "MLD Query",
    131: "MLD Report",
    132: "MLD Reduction",
}


def redirected(message: Header, options: bytes) -> Packet | None:
    """Return the packet that a redirect is about; ``None`` if it, or the message, is no such.

    Args:
        message: any ICMPv6 message.
        options: what follows it: the neighbour discovery options (RFC 4861 §4.6).
    """
    if not isinstance(message, icmpv6.Redirect):
        return None
    start = 0
    while start + OPTION_UNIT <= len(options):
        kind, length = options[start], options[start + 1] * OPTION_UNIT
        if kind == REDIRECTED_HEADER and length:
            return dissect(options[start + OPTION_UNIT : start + length], first=IPv6.parse)
        if length == 0:
            return None  # RFC 4861 §4.6: to be discarded, and no way to go on
        start += length
    return None


def says_ipv6(message: Header) -> str:
    """Return ping(8)'s words for an ICMPv6 error, without the line end."""
    match message:
        case icmpv6.Unreachable(code=code):
            return f"Destination unreachable: {word_for(UNREACHABLE, code, f'Unknown code {code}')}"
        case icmpv6.PacketTooBig(mtu=mtu, code=code):
            return f"Packet too big: mtu={mtu}" + (f", code={code}" if code else "")
        case icmpv6.TimeExceeded(code=code):
            return f"Time exceeded: {word_for(TIME_EXCEEDED, code, f'code {code}')}"
        case icmpv6.ParameterProblem(code=code, pointer=pointer):
            what = word_for(PARAMETER_PROBLEM, code, f"code {code}")
            return f"Parameter problem: {what} at {pointer}"
        case icmpv6.Other(type=type_) | icmpv6.Message(TYPE=type_):
            return OTHERS.get(type_, f"unknown icmp type: {type_}")
        case _:
            return str(message)
