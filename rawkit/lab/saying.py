"""What hosts and routers say, in IPv4 and IPv6 alike: replies and ICMP errors."""

from collections.abc import Iterable
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6, multipart
from rawkit.wire.address import Address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.extended import MINIMUM, padded
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.multipart import ExtensionObject
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote_ipv6 import REDIRECTED_HEADER

FOUR_NOPS = b"\x01" * 4
"""IPv4 options that say nothing, but make the header longer than everybody's 20 octets."""
UNKNOWN_ERROR = 100
"""An ICMPv6 error left to experiments, so nobody knows it (RFC 4443 §2.1)."""
LONGEST_ERROR = {4: 576, 6: 1280}
"""Octets of an ICMP error, IP header included (RFC 1812 §4.3.2.3, RFC 4443 §2.4 (c))."""
HEADERS = {4: 28, 6: 48}
"""Octets before the quote: IP header and ICMP header."""
EXTENSIBLE = (icmp.Unreachable, icmp.TimeExceeded, icmpv6.Unreachable, icmpv6.TimeExceeded)


class Why(Enum):
    """Why a packet could not be delivered: the code in IPv4, and in IPv6."""

    NETWORK = (0, 0)
    """``!N`` in the output of traceroute(8)."""
    HOST = (1, 3)
    """``!H``"""
    PROTOCOL = (2, 7)
    """``!P``; IPv6 has no such code, so it is one that nobody knows."""
    PORT = (3, 4)
    SOURCE_ROUTE = (5, 2)
    """``!S``; in IPv6, beyond the scope of the source address."""
    NETWORK_PROHIBITED = (9, 5)
    """``!A``; in IPv6 ``!X``, against the policy for the source address."""
    HOST_PROHIBITED = (10, 6)
    """``!Z``; in IPv6 ``!N``, a route that rejects."""
    PROHIBITED = (13, 1)
    """``!X``"""
    PRECEDENCE = (14, 99)
    """``!V``; IPv6 has no such code."""
    UNKNOWN = (99, 98)
    """``!<99>``: a code that means nothing."""


def ip(src: Address, dst: Address, ttl: int) -> IPv4 | IPv6:
    """Return an IP header of the version that both addresses have.

    Raises:
        BuildError: they have not the same.
    """
    match src, dst:
        case IPv4Address(), IPv4Address():
            return IPv4(src, dst, ttl=ttl)
        case IPv6Address(), IPv6Address():
            return IPv6(src, dst, hop_limit=ttl)
    raise BuildError(f"IP: {src} and {dst} are of two families")


def with_options(header: IPv4 | IPv6) -> Packet:
    """Return the beginning of a packet in which options stand between IP and the rest."""
    if isinstance(header, IPv6):
        return header / DestinationOptions()
    return Packet((IPv4(header.src, header.dst, ttl=header.ttl, options=FOUR_NOPS),))


def echo_reply(version: int, identifier: int, sequence: int) -> Header:
    """Answer an echo request with these numbers."""
    kind = icmp.EchoReply if version == 4 else icmpv6.EchoReply
    return kind(identifier & 0xFFFF, sequence & 0xFFFF)


def time_exceeded(version: int) -> Header:
    """Say that a packet's TTL has run out."""
    return icmp.TimeExceeded() if version == 4 else icmpv6.TimeExceeded()


def unreachable(version: int, why: Why | int) -> Header:
    """Say that a packet could not be delivered; a number is the code itself."""
    code4, code6 = (why, why) if isinstance(why, int) else why.value
    return icmp.Unreachable(code4) if version == 4 else icmpv6.Unreachable(code6)


def too_big(version: int, mtu: int) -> Header:
    """Say that a packet does not fit the next link (RFC 1191 §4, RFC 4443 §3.2)."""
    return icmp.Unreachable(4, mtu) if version == 4 else icmpv6.PacketTooBig(mtu)


def redirect(gateway: Address, packet: bytes) -> Packet:
    """Say that another gateway is the better way for a packet."""
    if isinstance(gateway, IPv4Address):
        return icmp.Redirect(gateway=gateway) / quote(packet, 4)
    shown = quote(packet, 6, less=48)
    shown = shown[: len(shown) // 8 * 8]
    option = bytes((REDIRECTED_HEADER, 1 + len(shown) // 8)) + bytes(6) + shown
    return icmpv6.Redirect(gateway, IPv6Address(packet[24:40])) / option


def quench(packet: bytes) -> Packet:
    """Ask to send more slowly; IPv6 has no such word, so it says one that nobody knows."""
    if packet[0] >> 4 == 4:
        return icmp.SourceQuench() / quote(packet, 4)
    return icmpv6.Other(UNKNOWN_ERROR) / quote(packet, 6)


def quote(packet: bytes, version: int, less: int = 0) -> bytes:
    """Return as much of a packet as an error may quote, or ``less`` octets fewer."""
    return packet[: LONGEST_ERROR[version] - HEADERS[version] - less]


def about(
    packet: bytes,
    error: Header,
    extensions: Iterable[ExtensionObject] | bytes = (),
    announced: bool = True,
    quoted: int | None = None,
    quoted_data: int | None = None,
) -> Packet:
    """Return an error about a packet, extended where the error can be (RFC 4884 §4).

    Args:
        packet: the datagram as the sender of the error got it.
        error: the header of the error.
        extensions: what it also tells; octets are sent as they are.
        announced: whether the length field says where they begin, as older routers'
            does not (§5.5).
        quoted: octets of the packet to quote, at the most.
        quoted_data: octets behind its IP header to quote, at the most.
    """
    version = packet[0] >> 4
    shown = quote(packet, version)[:quoted]
    if quoted_data is not None:
        shown = shown[: header_size(packet) + quoted_data]
    octets = extensions if isinstance(extensions, bytes) else _built(extensions)
    if not octets or not isinstance(error, EXTENSIBLE):
        return error / shown
    length = None if announced else 0
    return replace(error, extensions=octets, length=length) / padded(shown[:MINIMUM], 8)


def _built(objects: Iterable[ExtensionObject]) -> bytes:
    """Return the extension structure for these objects; without any, none."""
    every = tuple(objects)
    return multipart.build(every) if every else b""


def header_size(packet: bytes | bytearray) -> int:
    """Return the octets of a datagram's IP header, extension headers of IPv6 not included."""
    return 40 if packet[0] >> 4 == 6 else (packet[0] & 0x0F) * 4


def aged(packet: bytes, hops: int) -> bytes:
    """Return a datagram as it is after so many routers: its TTL that much lower."""
    older = bytearray(packet)
    if packet[0] >> 4 == 6:
        older[7] = max(0, packet[7] - hops)
        return bytes(older)
    older[8] = max(0, packet[8] - hops)
    return with_header_checksum(older)


def with_header_checksum(packet: bytearray) -> bytes:
    """Return an IPv4 datagram with the right checksum over its header."""
    packet[10:12] = b"\0\0"
    packet[10:12] = internet_checksum(packet[: header_size(packet)]).to_bytes(2, "big")
    return bytes(packet)
