"""Ping sockets: ICMP echo without privilege (icmp(7), ``ping_group_range``).

The kernel writes the IP header, the checksum and the identifier, hands over only
answers to what the socket itself sent, and keeps ICMP errors in the error queue.
"""

import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from types import ModuleType

from rawkit.errors import BuildError
from rawkit.sockets import options
from rawkit.sockets.header_fields import SocketAddress
from rawkit.sockets.kernel import Ancillary, KernelSocket, arrival, open_socket
from rawkit.sockets.outer import OuterHeaders, ask_for_headers
from rawkit.sockets.settings import Settings, apply
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

ECHO = struct.Struct("!BBHHH")


class PingSocket(KernelSocket):
    """A ping socket. The kernel's own identifier never shows: it is exchanged both ways."""

    def __init__(self, version: int, settings: Settings, identifier: int) -> None:
        """Open a ping socket.

        Args:
            version: 4 or 6.
            settings: how to set it up.
            identifier: the one of all packets sent and received.

        Raises:
            PermissionError: ``ping_group_range`` keeps us out, or a capability is missing.
            OSError: this kernel has no such sockets.
            UsageError: there is no such interface or source address here.
        """
        protocol = IPProtocol.ICMP if version == 4 else IPProtocol.ICMPV6
        sock = open_socket(version, socket.SOCK_DGRAM, protocol)
        try:
            apply(sock, version, settings)
            ask_for_headers(sock, version)
            _ask_for_errors(sock, version)
            super().__init__(sock, version, settings)
        except BaseException:
            sock.close()
            raise
        self._messages = _messages(version)
        self._identifier = identifier
        self._outers = OuterHeaders(sock, version, protocol)

    def _octets(self, packet: Packet) -> bytes:
        _, *rest = packet.headers
        match rest:
            case [(icmp.Echo()) as echo] if echo.identifier == self._identifier:
                return (
                    ECHO.pack(echo.TYPE, echo.code, 0, echo.identifier, echo.sequence)
                    + packet.payload
                )
        raise BuildError("x")
