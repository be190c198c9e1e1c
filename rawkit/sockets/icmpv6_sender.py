"""A raw ICMPv6 socket that sends from the address a packet names (RFC 3542 §6, ipv6(7)).

The kernel takes the source of each packet in a control message, and refuses one that is
no address of this host (EINVAL).
"""

import socket
from collections.abc import Callable
from ipaddress import IPv6Address

from rawkit.sockets.header_fields import SocketAddress
from rawkit.sockets.interfaces import index_of
from rawkit.sockets.outer import PKTINFO_IPV6
from rawkit.sockets.ports import NOTHING
from rawkit.sockets.raw import RawSocket
from rawkit.sockets.settings import Settings
from rawkit.wire.address import UNSPECIFIED
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet

Control = list[tuple[int, int, bytes]]


class ICMPv6Sender(RawSocket):
    """Sends ICMPv6 messages; hears nothing but their departures."""

    def __init__(self, settings: Settings) -> None:
        """Open the socket.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            OSError: this kernel has no such sockets.
            UsageError: there is no such interface or source address here.
        """
        super().__init__(6, IPProtocol.ICMPV6, settings, NOTHING)
        self._control: Control = []
        self._sendto = self._send_from

    def poster(self, packet: Packet) -> Callable[[bytes], object]:
        octets = self._octets(packet)
        return lambda _: self._send_from(octets, self._address(packet))

    def _address(self, packet: Packet) -> SocketAddress:
        """Prepare the socket for a packet, and what is said beside it; return where to send it."""
        ip = packet.headers[0]
        self._control = []
        if isinstance(ip, IPv6) and ip.src != UNSPECIFIED[6]:
            self._control = [self._from(ip.src)]
        return super()._address(packet)

    def _from(self, src: IPv6Address) -> tuple[int, int, bytes]:
        index = index_of(self._socket, src.scope_id) if src.scope_id else 0
        info = PKTINFO_IPV6.pack(src.packed, index)
        return socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info

    def _send_from(self, octets: bytes, address: SocketAddress) -> int:
        return self._socket.sendmsg([octets], self._control, 0, address)
