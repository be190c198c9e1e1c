"""A socket's error queue: ICMP errors as the kernel passes them on (ip(7), IP_RECVERR).

The kernel keeps the offender's address and what follows the quoted IP header. From
these the ICMP error is put together again, so that an engine reads it as it would
from a raw socket. The quoted IP header itself is lost: its TTL reads 0.
"""

import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from rawkit.sockets.options import SO_EE_ORIGIN_ICMP6
from rawkit.wire import icmp
from rawkit.wire.address import Address, ipv4_address, ipv6_address
from rawkit.wire.dissect import dissect
from rawkit.wire.extended import padded
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Header, Packet, Parser

SOCK_EXTENDED_ERR = struct.Struct("@IBBBxIHBx")
SOCKADDR_IN, SOCKADDR_IN6 = struct.Struct("@4x4s"), struct.Struct("@8x16s")
"""The offender's, right behind."""
CHECKSUM, IDENTIFIER = slice(2, 4), slice(4, 6)
ECHO_HEADER = 8


class ExtendedError(NamedTuple):
    """A ``sock_extended_err``, and the address after it."""

    errno: int
    origin: int
    type: int
    code: int
    info: int
    """Next-hop MTU, pointer or gateway."""
    length: int
    """Octets before the extensions, the quoted IP header not counted; 0: there are none."""
    flags: int
    offender: str
    """The address of who said it."""

    @classmethod
    def read(cls, data: bytes) -> "ExtendedError":
        """Read the value of an ``IP_RECVERR`` or ``IPV6_RECVERR`` control message."""
        number, origin, type_, code, info, length, flags = SOCK_EXTENDED_ERR.unpack_from(data)
        v6 = origin == SO_EE_ORIGIN_ICMP6
        (octets,) = (SOCKADDR_IN6 if v6 else SOCKADDR_IN).unpack_from(data, SOCK_EXTENDED_ERR.size)
        offender = socket.inet_ntop(socket.AF_INET6 if v6 else socket.AF_INET, octets)
        return cls(number, origin, type_, code, info, length, flags, offender)


def rebuild(
    error: ExtendedError, outer: Header, asked: str, sent: bytes, carried: int | None = None
) -> Packet | None:
    """Return the ICMP error that an entry stands for, or ``None`` if too little is known.

    Args:
        error: the entry.
        outer: the IP header to put around it.
        asked: the address the packet was going to.
        sent: what the error quotes of the packet, from behind its IP header on.
        carried: the protocol of that; ``None``: ICMP.
    """
    quoted, extensions = sent, b""
    if error.length:
        quoted, extensions = sent[: error.length], sent[error.length :]
    inner = _inner(outer, ipv6_address(asked) if ":" in asked else ipv4_address(asked), carried)
    if isinstance(outer, IPv4):
        return _rebuild_v4(error, outer, inner.pack(quoted), extensions)
    return _rebuild_v6(error, outer, inner.pack(quoted), extensions)


def renumbered(message: bytes, identifier: int) -> bytes:
    """Return an echo message with another identifier; a right checksum stays right.

    The checksum is updated, not computed, for only part of the message may be here
    (RFC 1624 §3).
    """
    if len(message) < ECHO_HEADER:
        return message
    old = int.from_bytes(message[IDENTIFIER], "big")
    checksum = int.from_bytes(message[CHECKSUM], "big")
    total = (checksum ^ 0xFFFF) + (old ^ 0xFFFF) + identifier
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    head = message[:2] + (total ^ 0xFFFF).to_bytes(2, "big") + identifier.to_bytes(2, "big")
    return head + message[6:]


def _inner(outer: Header, asked: Address, carried: int | None) -> Header:
    """Return the quoted IP header: turned round, and without what nobody told."""
    if isinstance(outer, IPv4) and isinstance(asked, IPv4Address):
        protocol = carried or outer.protocol
        return IPv4(outer.dst, asked, protocol, ttl=0, dont_fragment=False)
    from rawkit.wire.ipv6 import IPv6

    if isinstance(outer, IPv6) and isinstance(asked, IPv6Address):
        return IPv6(outer.dst, asked, carried or outer.next_header, hop_limit=0)
    raise ValueError(f"{asked} is not of the version of {outer}")


def _rebuild_v4(error: ExtendedError, outer: IPv4, quote: bytes, extensions: bytes) -> Packet:
    quote, units = _padded(quote, extensions, unit=4)
    match error.type:
        case icmp.Redirect.TYPE | icmp.SourceQuench.TYPE:
            rest = error.info
        case icmp.ParameterProblem.TYPE:
            rest = (error.info & 0xFF) << 24 | units << 16
        case _:
            rest = units << 16 | error.info & 0xFFFF
    return _read(error, rest, outer, quote + extensions, icmp.parse)


def _rebuild_v6(
    error: ExtendedError, outer: Header, quote: bytes, extensions: bytes
) -> Packet | None:
    from rawkit.wire import icmpv6

    if error.type == icmpv6.Redirect.TYPE:
        return None  # the better way itself is not told
    quote, units = _padded(quote, extensions, unit=8)
    has_number = error.type in (icmpv6.PacketTooBig.TYPE, icmpv6.ParameterProblem.TYPE)
    rest = error.info if has_number else units << 24
    return _read(error, rest, outer, quote + extensions, icmpv6.parse)


def _padded(quote: bytes, extensions: bytes, unit: int) -> tuple[bytes, int]:
    """Return the quote, as long as it must be before extensions, and its length field."""
    if not extensions:
        return quote, 0
    shown = padded(quote, unit)
    return shown, len(shown) // unit


def _read(
    error: ExtendedError, rest: int, outer: Header, following: bytes, parse: Parser
) -> Packet:
    head = struct.pack("!BBHI", error.type, error.code, 0, rest)
    inside = dissect(head + following, parse)
    message, *quoted = inside.headers
    # Its checksum was right, or the kernel would have dropped it.
    return Packet((outer, message.recomputed(), *quoted), inside.payload, inside.error)
