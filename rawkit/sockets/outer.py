"""IP headers put together from control messages, where the kernel keeps the real ones.

Ping sockets and raw IPv6 sockets give the source as the sender's address, the
rest one by one: TTL, TOS, destination, interface. What is not told reads as 0.
"""

import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address

from rawkit.sockets import options
from rawkit.sockets.header_fields import Fields, IPv6Fields, SocketAddress
from rawkit.sockets.interfaces import name_of
from rawkit.wire.address import ipv4_address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Header

PKTINFO_IPV4, PKTINFO_IPV6 = struct.Struct("@i4s4s"), struct.Struct("@16si")
MOST_HEADERS = 4096
"""Headers that are kept: most packets differ from the one before in nothing."""
LINK_LOCAL = 0xFE80 >> 6
"""The first ten bits of addresses that mean something on one link only."""

Message = tuple[int, int, bytes]
Outer = tuple[Header, str | None]
"""A header, and the interface that the packet came in by."""
Said = tuple[IPv4Address, int, int, int, bytes, str | None]
"""Destination, TTL, DSCP, ECN, options and interface of an IPv4 packet."""


def ask_for_headers(sock: socket.socket, version: int) -> None:
    """Have the kernel tell with each packet what its IP header said."""
    if version == 4:
        for number in (options.IP_PKTINFO.number, options.IP_RECVTTL.number):
            sock.setsockopt(socket.IPPROTO_IP, number, 1)
        for number in (socket.IP_RECVTOS, socket.IP_RECVOPTS):
            sock.setsockopt(socket.IPPROTO_IP, number, 1)
    else:
        for number in (socket.IPV6_RECVPKTINFO, socket.IPV6_RECVHOPLIMIT):
            sock.setsockopt(socket.IPPROTO_IPV6, number, 1)
        options.IPV6_FLOWINFO.set(sock)  # traffic class and flow label in one


class OuterHeaders:
    """The IP headers of what one socket receives."""

    def __init__(self, sock: socket.socket, version: int, protocol: int, fields: Fields) -> None:
        """Prepare to make headers.

        Args:
            sock: what receives the packets.
            version: 4 or 6.
            protocol: what they carry.
            fields: those of what the same socket sends.
        """
        self._socket = sock
        self._asked = fields.asked if isinstance(fields, IPv6Fields) else {}
        self._names: dict[int, str | None] = {}
        self._protocol = protocol
        self._version = version
        self._make = self._make_v4 if version == 4 else self._make_v6
        self._known: dict[tuple[SocketAddress | Message, ...], Outer] = {}
        self._said: dict[tuple[Message, ...], Said] = {}

    def of(self, source: SocketAddress, messages: list[Message]) -> Outer:
        """Return the header that the kernel tells of, and the interface.

        Args:
            source: the sender's address.
            messages: the control messages on IP level.
        """
        key = (source, *messages)
        if (outer := self._known.get(key)) is None:
            if len(self._known) >= MOST_HEADERS:
                self._known.clear()
            outer = self._known[key] = self._make(source, messages)
        return outer

    def said(self, messages: list[Message]) -> tuple[int, int, bytes]:
        """Return TTL, traffic class and IPv4 options alone: cheaper where senders are many."""
        if self._version == 4:
            _, ttl, dscp, ecn, ip_options, _ = self._said_v4(messages)
            return ttl, dscp << 2 | ecn, ip_options
        told = {kind: data for _, kind, data in messages}
        flow = int.from_bytes(told.get(options.IPV6_FLOWINFO.number, b""), "big")
        return _number(told.get(socket.IPV6_HOPLIMIT)), flow >> 20 & 0xFF, b""

    def _make_v4(self, source: SocketAddress, messages: list[Message]) -> Outer:
        dst, ttl, dscp, ecn, ip_options, interface = self._said_v4(messages)
        src = ipv4_address(socket.inet_aton(source[0]))
        header = IPv4(
            src, dst, self._protocol, ttl, dscp, ecn, dont_fragment=False, options=ip_options
        )
        return header, interface

    def _said_v4(self, messages: list[Message]) -> Said:
        key = tuple(messages)
        if (said := self._said.get(key)) is None:  # of many senders, most say the same
            if len(self._said) >= MOST_HEADERS:
                self._said.clear()
            said = self._said[key] = self._read_v4(messages)
        return said

    def _read_v4(self, messages: list[Message]) -> Said:
        told = {kind: data for _, kind, data in messages}
        index, _, dst = PKTINFO_IPV4.unpack(
            told.get(options.IP_PKTINFO.number, bytes(PKTINFO_IPV4.size))
        )
        tos = _number(told.get(socket.IP_TOS))
        ttl, ip_options = _number(told.get(socket.IP_TTL)), told.get(socket.IP_RECVOPTS, b"")
        interface = self._name(index)
        return ipv4_address(dst), ttl, tos >> 2, tos & 0b11, ip_options, interface

    def _make_v6(self, source: SocketAddress, messages: list[Message]) -> Outer:
        from rawkit.wire.ipv6 import FLOW_LABEL, IPv6

        told = {kind: data for _, kind, data in messages}
        dst, index = PKTINFO_IPV6.unpack(told.get(socket.IPV6_PKTINFO, bytes(PKTINFO_IPV6.size)))
        flow = int.from_bytes(told.get(options.IPV6_FLOWINFO.number, b""), "big")
        interface = self._name(index)
        header = IPv6(
            self._source(source, interface),
            _scoped(IPv6Address(dst), interface),
            self._protocol,
            hop_limit=_number(told.get(socket.IPV6_HOPLIMIT)),
            dscp=flow >> 22 & 0x3F,
            ecn=flow >> 20 & 0b11,
            flow_label=flow & FLOW_LABEL,
        )
        return header, interface

    def _source(self, source: SocketAddress, interface: str | None) -> IPv6Address:
        """Return an address as the caller writes it, if it is one that was asked."""
        text, scope = source[0], source[-1]
        asked = self._asked.get((text, scope)) or self._asked.get((text, 0))
        return asked or _scoped(IPv6Address(text), interface)

    def _name(self, index: int) -> str | None:
        if index not in self._names:
            self._names[index] = name_of(self._socket, index)
        return self._names[index]


def _number(data: bytes | None) -> int:
    return int.from_bytes(data or b"", sys.byteorder)


def _scoped(address: IPv6Address, interface: str | None) -> IPv6Address:
    """Return a link-local address together with its link."""
    if interface is None or int(address) >> 118 != LINK_LOCAL:
        return address
    return IPv6Address(f"{address}%{interface}")
