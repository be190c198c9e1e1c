"""Packets that go out with the very IP header they have (raw(7), IP_HDRINCL, IPV6_HDRINCL).

Needs ``CAP_NET_RAW``. The kernel still routes the packet and finds the neighbour. Of an
IPv4 header it always writes total length and checksum, and an identification where that
is 0; an IPv6 header it leaves alone. What is larger than the interface's MTU it refuses
(EMSGSIZE) instead of fragmenting it. Path MTUs that the kernel has learnt do not matter,
and it learns none by what is sent here.
"""

import socket

from rawkit.errors import BuildError
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.sockets.header_fields import SocketAddress
from rawkit.sockets.interfaces import index_of
from rawkit.sockets.kernel import KernelSocket, open_socket
from rawkit.sockets.ports import NOTHING
from rawkit.sockets.settings import Settings, apply
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet

DEFAULT = Settings()
IPV4_DST, IPV6_DST = slice(16, 20), slice(24, 40)
"""Octets of the headers."""


class HeaderIncludedSocket(KernelSocket):
    """Sends whole IP packets of any protocol; receives nothing but their departures."""

    def __init__(
        self, version: int, settings: Settings = DEFAULT, via: Address | None = None
    ) -> None:
        """Open a raw socket to send by.

        Args:
            version: 4 or 6.
            settings: how to set it up; ``pmtu`` and ``learn_pmtu`` mean nothing here.
            via: the neighbour to send every packet to, whoever its header is for.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            OSError: this kernel has no such sockets.
            UsageError: there is no such interface or source address here.
        """
        sock = open_socket(version, socket.SOCK_RAW, socket.IPPROTO_RAW)  # implies the option
        try:
            attach(sock, NOTHING)
            apply(sock, version, settings)
            super().__init__(sock, version, settings)
            discovery = options.IP_MTU_DISCOVER if version == 4 else options.IPV6_MTU_DISCOVER
            discovery.set(sock, options.PMTUDISC_OMIT)
        except BaseException:
            sock.close()
            raise
        self._kind = IPv4 if version == 4 else IPv6
        self._via = via

    def post(self, octets: bytes) -> None:
        """Send octets to where their header says, or to the neighbour that all go to.

        Raises:
            OSError: the kernel refused them.
        """
        if self._via is not None:
            self._socket.sendto(octets, (str(self._via), 0))
        elif self._kind is IPv4:
            self._socket.sendto(octets, (socket.inet_ntoa(octets[IPV4_DST]), 0))
        else:
            self._socket.sendto(octets, (socket.inet_ntop(socket.AF_INET6, octets[IPV6_DST]), 0))

    def _address(self, packet: Packet) -> SocketAddress:
        ip = packet.headers[0]
        if not isinstance(ip, self._kind):
            raise BuildError(f"an {self._kind.__name__} socket cannot send {packet.outline}")
        dst = ip.dst if self._via is None else self._via
        if isinstance(ip, IPv4):
            return str(dst), 0
        text, _, scope = str(dst).partition("%")
        return text, 0, 0, index_of(self._socket, scope) if scope else 0

    def _octets(self, packet: Packet) -> bytes:
        return bytes(packet)
