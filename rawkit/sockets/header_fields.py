"""The IP header that a packet asks for, told to the kernel, which writes it (ip(7), ipv6(7)).

Each field has a socket option; it is set only when the next packet wants another value.
"""

import errno
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Literal

from rawkit.errors import BuildError
from rawkit.sockets import options
from rawkit.sockets.interfaces import index_of
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Header

PMTU_MODES = {
    "dont": options.PMTUDISC_DONT,
    "want": options.PMTUDISC_WANT,
    "do": options.PMTUDISC_DO,
    "probe": options.PMTUDISC_PROBE,
}
MOST_ADDRESSES = 8192
"""Addresses whose form for the kernel is kept."""
UNSET = -1
LEASE = struct.Struct("@16sIBBHHH4x")
"""struct in6_flowlabel_req: destination, label, action, share, flags, expires, linger."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
ScopedAddresses = dict[tuple[str, int], IPv6Address]
"""Addresses by their text and the number of their link, the form the kernel has them in."""
PathMTU = Literal["do", "want", "dont", "probe"] | None


class IPv4Fields:
    """TTL, TOS, DF and options of what one IPv4 socket sends."""

    def __init__(self, sock: socket.socket, pmtu: PathMTU, *, learn_pmtu: bool = True) -> None:
        self._set: Callable[[int, int, int | bytes], None] = sock.setsockopt
        self._may_multicast = sock.type != socket.SOCK_STREAM
        self._ttl = self._tos = self._discovery = UNSET
        self._options = b""
        self._fixed_discovery = None if pmtu is None else PMTU_MODES[pmtu]
        self._whole, self._plain = options.PMTUDISC_WANT, options.PMTUDISC_DONT
        if not learn_pmtu:
            self._whole, self._plain = options.PMTUDISC_PROBE, options.PMTUDISC_OMIT
            self._set(socket.IPPROTO_IP, options.IP_MTU_DISCOVER.number, self._plain)
            self._discovery = self._plain
        self._addresses: dict[int, SocketAddress] = {}

    def fit(self, ip: Header) -> SocketAddress:
        """Prepare the socket for a packet with this header; return where to send it.

        Raises:
            BuildError: the header is not IPv4.
            OSError: the kernel does not take a value.
        """
        if not isinstance(ip, IPv4):
            raise BuildError(f"an IPv4 socket cannot send {type(ip).__name__}")
        if ip.ttl != self._ttl:
            self._set(socket.IPPROTO_IP, socket.IP_TTL, ip.ttl)
            if self._may_multicast:
                self._set(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ip.ttl)
            self._ttl = ip.ttl
        if (tos := ip.dscp << 2 | ip.ecn) != self._tos:
            self._set(socket.IPPROTO_IP, socket.IP_TOS, tos)
            self._tos = tos
        if ip.options != self._options:
            self._set(socket.IPPROTO_IP, socket.IP_OPTIONS, ip.options)
            self._options = ip.options
        if (discovery := self._discovery_for(ip)) != self._discovery:
            self._set(socket.IPPROTO_IP, options.IP_MTU_DISCOVER.number, discovery)
            self._discovery = discovery
        return self._addresses.get(int(ip.dst)) or self._address_of(ip)

    def _discovery_for(self, ip: IPv4) -> int:
        if self._fixed_discovery is not None:
            return self._fixed_discovery
        return self._whole if ip.dont_fragment else self._plain

    def _address_of(self, ip: IPv4) -> SocketAddress:
        if len(self._addresses) >= MOST_ADDRESSES:
            self._addresses.clear()
        address = self._addresses[int(ip.dst)] = (str(ip.dst), 0)
        return address


class IPv6Fields:
    """Hop limit, traffic class and flow label of what one IPv6 socket sends."""

    def __init__(self, sock: socket.socket, pmtu: PathMTU, *, learn_pmtu: bool = True) -> None:
        from rawkit.wire.ipv6 import IPv6  # not at the top: an IPv4 ping starts the sooner

        self._kind = IPv6
        self._socket = sock
        self._set: Callable[[int, int, int | bytes], None] = sock.setsockopt
        self._may_multicast = sock.type != socket.SOCK_STREAM
        self._hop_limit = self._traffic_class = UNSET
        self._leased: set[int] = set()
        self._addresses: dict[tuple[int, int, str | None], SocketAddress] = {}
        self.asked: ScopedAddresses = {}
        """Where packets were sent to, as the caller writes it: ``fe80::1%eth0`` or ``%2``."""
        if pmtu is not None:
            options.IPV6_MTU_DISCOVER.set(sock, PMTU_MODES[pmtu])
        elif not learn_pmtu:
            options.IPV6_MTU_DISCOVER.set(sock, options.PMTUDISC_OMIT)

    def fit(self, ip: Header) -> SocketAddress:
        """Prepare the socket for a packet with this header; return where to send it.

        Raises:
            BuildError: the header is not IPv6.
            OSError: the kernel does not take a value, or the flow label is another's.
            UsageError: the scope in the address is no interface here.
        """
        if not isinstance(ip, self._kind):
            raise BuildError(f"an IPv6 socket cannot send {type(ip).__name__}")
        if ip.hop_limit != self._hop_limit:
            self._set(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ip.hop_limit)
            if self._may_multicast:
                self._set(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ip.hop_limit)
            self._hop_limit = ip.hop_limit
        if (traffic_class := ip.dscp << 2 | ip.ecn) != self._traffic_class:
            self._set(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, traffic_class)
            self._traffic_class = traffic_class
        if ip.flow_label and ip.flow_label not in self._leased:
            self._lease(ip.flow_label, ip.dst)
        key = int(ip.dst), ip.flow_label, ip.dst.scope_id
        if (address := self._addresses.get(key)) is not None:
            return address
        if len(self._addresses) >= MOST_ADDRESSES:
            self._addresses.clear()
            self.asked.clear()
        scope = index_of(self._socket, ip.dst.scope_id) if ip.dst.scope_id else 0
        text = str(ip.dst).partition("%")[0]
        address = self._addresses[key] = (text, 0, ip.flow_label, scope)
        self.asked[text, scope] = ip.dst
        return address

    def _lease(self, label: int, dst: IPv6Address) -> None:
        """Lease a flow label, to be shared with all (net/ipv6/ip6_flowlabel.c).

        As long as anybody on this host has leased a label for himself alone, the kernel
        sends only leased ones. It knows a lease by its label, whatever the destination.

        Raises:
            OSError: it is somebody else's, or there are too many.
        """
        get, create, anybody = (
            options.IPV6_FL_A_GET,
            options.IPV6_FL_F_CREATE,
            options.IPV6_FL_S_ANY,
        )
        wish = LEASE.pack(dst.packed, socket.htonl(label), get, anybody, create, 0, 0)
        try:
            options.IPV6_FLOWLABEL_MGR.set(self._socket, wish)
        except PermissionError as error:
            said = f"flow label 0x{label:05x} is leased to another"
            raise OSError(errno.EPERM, said) from error
        options.IPV6_FLOWINFO_SEND.set(self._socket)
        self._leased.add(label)


Fields = IPv4Fields | IPv6Fields
