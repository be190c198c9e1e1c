"""Packets for people: one line as tcpdump(8) has it, a tree of fields, a hexdump."""

from collections.abc import Iterator
from typing import cast

from rawkit.errors import BuildError
from rawkit.record import fields
from rawkit.wire import icmp, icmpv6, multipart
from rawkit.wire.arp import ARP
from rawkit.wire.carrier import Carrier
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import (
    DestinationOptions,
    Extension,
    Fragment,
    HopByHop,
    Routing,
)
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.text_icmp import describe
from rawkit.wire.text_link import describe_arp, option_lines
from rawkit.wire.text_tcp import describe_segment
from rawkit.wire.udp import UDP

INDENT = "  "
ROW = 16
PRINTABLE = range(0x20, 0x7F)
TOLD_ELSEWHERE = ("trailer", "extensions", "options", "padding", "records", "chunks", "icv")
"""Fields that are left out of trees if they are empty, or told item by item."""
OF_GROUPS = (130, 143)
"""Types of ICMPv6 messages with more to tell than fields."""
WITH_PORTS = (IPProtocol.UDP, IPProtocol.TCP, IPProtocol.SCTP, IPProtocol.UDP_LITE)


def line(packet: Packet) -> str:
    """Return the packet in one line, much as ``tcpdump -n`` prints it."""
    words = _line(packet)
    quotes = any(header.QUOTES is not None for header in packet.headers)
    return words if packet.error is None or quotes else f"{words} [{packet.error}]"


def tree(packet: Packet) -> str:
    """Return every field of every header, one a line, and the payload as a hexdump.

    A checksum or length that was never on the wire is called ``computed``.
    """
    return "\n".join(_tree(packet))


def hexdump(octets: bytes) -> str:
    """Return rows of offset, sixteen octets in hexadecimal, and what of them is ASCII."""
    return "\n".join(_rows(octets))


def _line(packet: Packet) -> str:
    if not packet.headers:
        return f"{len(packet.payload)} octets"
    first, inside = packet.headers[0], Packet(packet.headers[1:], packet.payload)
    match first:
        case IPv4(src=src, dst=dst):
            return f"IP {_between(str(src), str(dst), inside)}: {_ipv4_carries(first, inside)}"
        case IPv6(src=src, dst=dst):
            words = _carries(first.next_header, inside)
            return f"IP6 {_between(str(src), str(dst), inside)}: {words}"
        case Ethernet(src=src, dst=dst, ether_type=ether_type) if not inside.headers:
            name = _number(ether_type, EtherType)
            return f"{src.hex(':')} > {dst.hex(':')}, ethertype {name}, length {_size(packet)}"
        case Ethernet() if isinstance(inside.headers[0], Carrier):
            from rawkit.wire.text_carriers import addressed

            return addressed(first, inside, _size(inside), _line(inside))
        case Ethernet():
            return _line(inside)
        case Carrier():
            from rawkit.wire.text_carriers import describe_carrier

            told = _line(inside) if inside.headers else None
            return describe_carrier(first, _size(packet), len(inside.payload), told)
        case ARP():
            return describe_arp(first)
        case _:
            return _carries(None, packet)


def _between(src: str, dst: str, inside: Packet) -> str:
    for header in inside.headers:
        if header.IP_PROTOCOL in WITH_PORTS:
            ported = cast("UDP", header)
            return f"{src}.{ported.src_port} > {dst}.{ported.dst_port}"
        if not isinstance(header, Extension):
            break
    return f"{src} > {dst}"


def _ipv4_carries(ip: IPv4, inside: Packet) -> str:
    words = _carries(ip.protocol, inside)
    if not ip.fragment_offset and not ip.more_fragments:
        return words
    more = "+" if ip.more_fragments else ""
    return f"{words} (frag {ip.identification}:{_size(inside)}@{ip.fragment_offset * 8}{more})"


def _carries(protocol: int | None, packet: Packet) -> str:
    """Say what ``packet`` is; ``protocol`` is what is known of it if it was not read."""
    if not packet.headers:
        return "no next header" if protocol == IPProtocol.NO_NEXT else _unread(protocol, packet)
    first, inside = packet.headers[0], Packet(packet.headers[1:], packet.payload)
    match first:
        case IPv4() | IPv6() | Ethernet() | Carrier():
            return _line(packet)
        case UDP() if inside.headers:
            return _line(inside)
        case UDP():
            return f"UDP, length {_size(inside)}"
        case TCP():
            return describe_segment(first, _size(inside))
        case icmp.Message() | icmpv6.Message():
            return f"{describe(first, inside)}, length {_size(packet)}"
        case HopByHop() | DestinationOptions() | Routing() | Fragment():
            return _extension_carries(first, inside)
        case _:
            return _rarer(first, inside)


def _extension_carries(
    first: HopByHop | DestinationOptions | Routing | Fragment, inside: Packet
) -> str:
    words = _carries(first.next_header, inside)
    match first:
        case HopByHop():
            return f"HBH {words}"
        case DestinationOptions():
            return f"DSTOPT {words}"
        case Routing():
            from rawkit.wire.text_extensions import describe_route

            return f"{describe_route(first)} {words}"
    piece = f"frag ({first.offset * 8}|{_size(inside)})"
    return piece if first.offset else f"{piece} {words}"


def _rarer(header: Header, inside: Packet) -> str:
    match header.IP_PROTOCOL:
        case IPProtocol.IGMP:
            from rawkit.wire.text_groups import describe_igmp

            return describe_igmp(header)
        case IPProtocol.SCTP:
            from rawkit.wire.text_sctp import describe_sctp

            return describe_sctp(header)
        case IPProtocol.ESP | IPProtocol.AUTHENTICATION:
            from rawkit.wire.text_extensions import describe_security

            words = _carries(getattr(header, "next_header", None), inside)
            return describe_security(header, words, _size(header / inside))
        case IPProtocol.UDP_LITE:
            return f"UDP-Lite, length {_size(inside)}"
    return type(header).__name__


def _unread(protocol: int | None, packet: Packet) -> str:
    return f"ip-proto-{'?' if protocol is None else int(protocol)} {len(packet.payload)}"


def _size(packet: Packet) -> int | str:
    try:
        return len(bytes(packet))
    except BuildError:
        return "?"


def _tree(packet: Packet) -> Iterator[str]:
    for header in packet.headers:
        yield type(header).__name__
        for name, value in fields_in_words(header):
            yield f"{INDENT}{name:<16} {value}"
        for meaning in _meanings(header):
            yield f"{INDENT}{INDENT}{meaning}"
    if packet.error is not None:
        yield f"error: {packet.error}"
    if packet.payload:
        yield f"payload of {len(packet.payload)} octets"
        yield from (f"{INDENT}{row}" for row in _rows(packet.payload))


def fields_in_words(header: Header) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of every field that is on the wire, or would be."""
    for field in fields(header):
        name, value = field.name, getattr(header, field.name)
        if value is not None:
            if name not in TOLD_ELSEWHERE or not (value == b"" or isinstance(value, tuple)):
                yield name, _value(header, name, value)
        elif not _is_absent(header, name):
            yield name, "unset" if field.compare else "computed"


def _value(header: Header, name: str, value: object) -> str:
    match name, value:
        case "checksum", int():
            return f"0x{value:0{8 if header.IP_PROTOCOL == IPProtocol.SCTP else 4}x}"
        case "protocol" | "next_header", int():
            return _number(value, IPProtocol)
        case "ether_type", int():
            return _number(value, EtherType)
        case "dst" | "src" | "sender_mac" | "target_mac", bytes():
            return value.hex(":")
        case "sources", tuple():
            return ", ".join(map(str, value)) or "none"
        case _, bytes():
            return value.hex(" ")
    return str(value)


def _is_absent(header: Header, name: str) -> bool:
    """Whether a field that is not set is not sent either."""
    if not isinstance(header, Carrier):
        return False
    from rawkit.wire.text_carriers import is_absent

    return is_absent(header, name)


def _meanings(header: Header) -> Iterator[str]:
    match header:
        case IPv4() | TCP() | HopByHop() | DestinationOptions() | Routing():
            from rawkit.wire.text_options import option_meanings

            yield from option_meanings(header)
        case icmp.Unreachable() | icmp.TimeExceeded() | icmp.ParameterProblem():
            yield from _objects(header.extensions)
        case icmpv6.Unreachable() | icmpv6.TimeExceeded():
            yield from _objects(header.extensions)
        case icmpv6.Message():
            yield from option_lines(header)
            if getattr(header, "TYPE", None) in OF_GROUPS:
                from rawkit.wire.text_groups import record_lines

                yield from record_lines(header)
        case _:
            yield from _rarer_meanings(header)


def _rarer_meanings(header: Header) -> Iterator[str]:
    match header.IP_PROTOCOL:
        case IPProtocol.IGMP:
            from rawkit.wire.text_groups import record_lines

            yield from record_lines(header)
        case IPProtocol.SCTP:
            from rawkit.wire.text_sctp import chunk_lines

            yield from chunk_lines(header)


def _objects(extensions: bytes) -> Iterator[str]:
    for one in multipart.read(extensions):
        match one.decoded:
            case None:
                yield str(one)
            case tuple() as labels:
                yield from (str(label) for label in labels)
            case info:
                yield str(info)


def _number(value: int | None, names: type[EtherType] | type[IPProtocol]) -> str:
    if value is None:
        return "unset"
    shown = f"0x{value:04x}" if names is EtherType else str(int(value))
    return f"{shown} ({names(value).name})" if value in tuple(names) else shown


def _rows(octets: bytes) -> Iterator[str]:
    for start in range(0, len(octets), ROW):
        row = octets[start : start + ROW]
        text = "".join(chr(octet) if octet in PRINTABLE else "." for octet in row)
        yield f"{start:04x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {text}"
