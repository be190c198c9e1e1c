"""What an ICMP or ICMPv6 message says, in tcpdump(8)'s words."""

from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.text_link import describe_ndp
from rawkit.wire.text_queries import describe_query
from rawkit.wire.udp import UDP

REQUESTS = (icmp.EchoRequest, icmpv6.EchoRequest)
UNREACHABLE = {
    0: "net {} unreachable",
    1: "host {} unreachable",
    5: "{} unreachable - source route failed",
    6: "net {} unreachable - unknown",
    7: "host {} unreachable - unknown",
    8: "{} unreachable - source host isolated",
    9: "net {} unreachable - admin prohibited",
    10: "host {} unreachable - admin prohibited",
    11: "net {} unreachable - tos prohibited",
    12: "host {} unreachable - tos prohibited",
    13: "host {} unreachable - admin prohibited filter",
    14: "host {} unreachable - host precedence violation",
    15: "host {} unreachable - precedence cutoff",
}
TIME_EXCEEDED = {0: "time exceeded in-transit", 1: "ip reassembly time exceeded"}
REDIRECT = {
    0: "redirect {} to net {}",
    1: "redirect {} to host {}",
    2: "redirect-tos {} to net {}",
    3: "redirect-tos {} to host {}",
}
UNREACHABLE_IPV6 = {
    0: "unreachable route {}",
    1: "unreachable prohibited {}",
    3: "unreachable address {}",
}
PARAMETER_PROBLEM_IPV6 = {
    0: "erroneous",
    1: "next header",
    2: "option",
    3: "incomplete header chain",
}


def describe(message: Header, inside: Packet) -> str:
    """Return what ``message`` says.

    Args:
        message: an ICMP or ICMPv6 message; anything else is named by its class.
        inside: what it carries: a quote, if it is an error.
    """
    match message:
        case icmp.Echo() | icmpv6.Echo():
            title = "ICMP" if isinstance(message, icmp.Echo) else "ICMP6,"
            what = "request" if isinstance(message, REQUESTS) else "reply"
            return f"{title} echo {what}, id {message.identifier}, seq {message.sequence}"
        case icmp.Message():
            return f"ICMP {_describe_icmp(message, inside)}"
        case icmpv6.Unreachable(code=code):
            return f"ICMP6, destination unreachable, {_unreachable_ipv6(code, inside)}"
        case icmpv6.Message():
            return f"ICMP6, {_describe_icmpv6(message, inside)}"
    return type(message).__name__


def _describe_icmp(message: icmp.Message, inside: Packet) -> str:
    match message:
        case icmp.Unreachable(code=code, mtu=mtu):
            return _unreachable(code, mtu, inside)
        case icmp.TimeExceeded(code=code):
            return TIME_EXCEEDED.get(code, f"time exceeded-#{code}")
        case icmp.ParameterProblem(code=0, pointer=pointer):
            return f"parameter problem - octet {pointer}"
        case icmp.ParameterProblem(code=code):
            return f"parameter problem - code {code}"
        case icmp.SourceQuench():
            return "source quench"
        case icmp.Redirect(code=code, gateway=gateway):
            words = REDIRECT.get(code, f"redirect-#{code} {{}} to {{}}")
            return words.format(_destination(inside), gateway)
        case icmp.Other(type=type_) | icmp.Message(TYPE=type_):
            return describe_query(message) or f"type-#{type_}"


def _unreachable(code: int, mtu: int, quote: Packet) -> str:
    dst = _destination(quote)
    match code:
        case 2:
            return f"{dst} protocol {_protocol(quote)} unreachable"
        case 3:
            return f"{dst} {_port(quote)} unreachable"
        case 4:
            return f"{dst} unreachable - need to frag" + (f" (mtu {mtu})" if mtu else "")
    return UNREACHABLE.get(code, f"{{}} unreachable - #{code}").format(dst)


def _describe_icmpv6(message: icmpv6.Message, inside: Packet) -> str:
    match message:
        case icmpv6.PacketTooBig(mtu=mtu):
            return f"packet too big, mtu {mtu}"
        case icmpv6.TimeExceeded(code=0):
            return f"time exceeded in-transit for {_destination(inside)}"
        case icmpv6.TimeExceeded(code=1):
            return "time exceeded in-transit (reassembly)"
        case icmpv6.TimeExceeded(code=code):
            return f"time exceeded in-transit, unknown code ({code})"
        case icmpv6.ParameterProblem(code=code, pointer=pointer):
            what = PARAMETER_PROBLEM_IPV6.get(code, f"code #{code}")
            return f"parameter problem, {what} - octet {pointer}"
        case icmpv6.Redirect(target=target, destination=destination):
            return f"redirect, {destination} to {target}"
        case icmpv6.Other(type=type_) | icmpv6.Message(TYPE=type_):
            known = describe_query(message) or describe_ndp(message) or _of_groups(message)
            return known or f"type-#{type_}"


def _of_groups(message: icmpv6.Message) -> str | None:
    from rawkit.wire.text_groups import describe_mld

    return describe_mld(message)


def _unreachable_ipv6(code: int, quote: Packet) -> str:
    dst = _destination(quote)
    match code:
        case 2:
            ip = _quoted_ip(quote)
            return f"beyond scope {dst}, source address {ip.src if ip else '?'}"
        case 4:
            return f"unreachable port, {dst} {_port(quote)}"
    return UNREACHABLE_IPV6.get(code, f"unknown unreach code ({code})").format(dst)


def _quoted_ip(quote: Packet) -> IPv4 | IPv6 | None:
    first = quote.headers[0] if quote.headers else None
    return first if isinstance(first, IPv4 | IPv6) else None


def _destination(quote: Packet) -> str:
    ip = _quoted_ip(quote)
    return str(ip.dst) if ip else "?"


def _protocol(quote: Packet) -> str:
    match quote.headers:
        case [IPv4() as ip, *_]:
            return str(ip.protocol)
        case [IPv6() as ip, *_]:
            return str(ip.next_header)
    return "?"


def _port(quote: Packet) -> str:
    if (udp := quote.get(UDP)) is not None:
        return f"udp port {udp.dst_port}"
    if (tcp := quote.get(TCP)) is not None:
        return f"tcp port {tcp.dst_port}"
    if _protocol(quote) == str(int(IPProtocol.TCP)) and len(quote.payload) >= 4:
        return f"tcp port {int.from_bytes(quote.payload[2:4], 'big')}"
    return f"protocol {_protocol(quote)} port"
