"""What ICMP errors mean for a connection (RFC 9293 §3.9.2.2, RFC 5461, RFC 5927).

Anybody can send one. Believed is only what quotes a segment that is in flight, and a connection
that is open is not given up for it.
"""

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.tcp.block import Block
from rawkit.tcp.events import Advised, Ending
from rawkit.tcp.flow import Flow
from rawkit.tcp.mtu import too_big
from rawkit.tcp.segment import WRAP
from rawkit.tcp.state import Cause, State
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from rawkit.wire.tcp import TCP, quoted_ports

SOFT_V4 = (0, 1, 5, 11, 12)
"""Codes of "unreachable" that may pass: network, host, source route, type of service."""
SOFT_V6 = (0, 2, 3)
"""No route, beyond the scope of the source, address unreachable."""
PLATEAUS = (32000, 17914, 8166, 4352, 2002, 1492, 1006, 552)
"""What a router means that says nothing of its MTU (RFC 1191 §7.1)."""


@record
class Advice:
    """An ICMP error about a segment of ours."""

    message: Header
    """The ICMP header."""
    sequence: int
    """The sequence number of the segment, 32 bits."""
    mtu: int | None = None
    """What fits, if the segment did not."""
    source: Address | None = None
    """Who says so."""


def advice_in(packet: Packet) -> tuple[Flow, Advice] | None:
    """Return what an ICMP error says, and of whose connection; ``None`` if it is none about TCP.

    Args:
        packet: from its IP header on.
    """
    about = quoted(packet)
    message = next((one for one in packet.headers if one.QUOTES is not None), None)
    if about is None or message is None:
        return None
    ip = next((one for one in about.headers if isinstance(one, IPv4 | IPv6)), None)
    ports = _ports(about)
    if ip is None or ports is None:
        return None
    src_port, dst_port, sequence = ports
    try:
        flow = Flow(ip.src, src_port, ip.dst, dst_port)
    except UsageError:
        return None
    outer = packet.headers[0]
    source = outer.src if isinstance(outer, IPv4 | IPv6) else None
    return flow, Advice(message, sequence, _mtu(message, ip), source)


def advised(b: Block, now: float, advice: Advice) -> None:
    """Do what is to be done with an ICMP error."""
    if not _is_in_flight(b, advice.sequence):
        b.say("an ICMP error about nothing that is in flight: ignored (RFC 5927 §4.1)")
        return
    b.counters.advised += 1
    message = advice.message
    if advice.mtu is not None:
        if b.open:
            too_big(b, now, advice.mtu)
    elif isinstance(message, icmp.SourceQuench):
        b.say("source quench is ignored (RFC 9293 §3.9.2.2)")
    elif _is_the_end(b, message):
        b.end(Cause.UNREACHABLE, Ending.UNREACHABLE, message, advice.source)
    else:
        b.events.append(Advised(message, advice.source))


def _is_the_end(b: Block, message: Header) -> bool:
    if b.is_synchronized:
        return b.settings.hard_errors and is_hard(message)
    return b.settings.soft_errors or is_hard(message)


def is_hard(message: Header) -> bool:
    """Tell whether an error will not pass by itself (RFC 9293 §3.9.2.2)."""
    match message:
        case icmp.Unreachable(code=code):
            return code not in SOFT_V4
        case icmpv6.Unreachable(code=code):
            return code not in SOFT_V6
    return False


def _is_in_flight(b: Block, sequence: int) -> bool:
    if b.state in (State.CLOSED, State.LISTEN, State.TIME_WAIT):
        return False
    return (sequence - b.snd_una) & WRAP < max(b.snd_max - b.snd_una, 0)


def _ports(about: Packet) -> tuple[int, int, int] | None:
    for place, header in enumerate(about.headers):
        if isinstance(header, TCP):
            return header.src_port, header.dst_port, header.sequence
        is_last = place == len(about.headers) - 1
        if is_last and _carries_tcp(header):  # cut short: RFC 792 asks for 8 octets alone
            return quoted_ports(about.payload)
    return None


def _carries_tcp(header: Header) -> bool:
    following = getattr(header, "protocol", getattr(header, "next_header", None))
    return following == IPProtocol.TCP


def _mtu(message: Header, ip: IPv4 | IPv6) -> int | None:
    match message:
        case icmp.Unreachable(code=4, mtu=mtu):
            length = ip.total_length or 0 if isinstance(ip, IPv4) else 0
            return mtu or next((size for size in PLATEAUS if size < length), PLATEAUS[-1])
        case icmpv6.PacketTooBig(mtu=mtu):
            return mtu
    return None
