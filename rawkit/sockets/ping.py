"""Ping sockets: ICMP echo without privilege (icmp(7), ``ping_group_range``).

The kernel writes the IP header, the checksum and the identifier, hands over only
answers to what the socket itself sent, and keeps ICMP errors in the error queue.
"""

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from rawkit.errors import BuildError
from rawkit.sockets import options
from rawkit.sockets.header_fields import SocketAddress
from rawkit.sockets.kernel import Ancillary, KernelSocket, arrival, open_socket
from rawkit.sockets.outer import OuterHeaders, ask_for_headers
from rawkit.sockets.settings import Settings, apply
from rawkit.wire import icmp
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received

if TYPE_CHECKING:
    from rawkit.wire import icmpv6

ECHO = icmp.LAYOUT  # of ICMPv6, too
ANY = {4: ("0.0.0.0", 0), 6: ("::", 0)}


class PingSocket(KernelSocket):
    """A ping socket. The kernel's own identifier never shows: it is exchanged both ways."""

    _request: "type[icmp.EchoRequest | icmpv6.EchoRequest]"
    _reply: "type[icmp.EchoReply | icmpv6.EchoReply]"

    def __init__(
        self, version: int, settings: Settings, identifier: int, *, shared: int | None = None
    ) -> None:
        """Open a ping socket.

        Args:
            version: 4 or 6.
            settings: how to set it up.
            identifier: the one in all packets sent and received.
            shared: the ``kernels_identifier`` of a socket to share it with, or 0 to let
                another share ours; what comes is for the one opened last.

        Raises:
            PermissionError: ``ping_group_range`` keeps us out, or a capability is missing.
            OSError: this kernel has no such sockets.
            UsageError: there is no such interface or source address here.
        """
        protocol = IPProtocol.ICMP if version == 4 else IPProtocol.ICMPV6
        sock = open_socket(version, socket.SOCK_DGRAM, protocol)
        try:
            if shared is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            apply(sock, version, settings, shared or 0)
            if settings.src is None and not shared:
                sock.bind(ANY[version])  # so that the kernel chooses its identifier now
            ask_for_headers(sock, version)
            ask_for_errors(sock, version)
            super().__init__(sock, version, settings)
        except BaseException:
            sock.close()
            raise
        self._identifier = identifier
        self.kernels_identifier = sock.getsockname()[1]
        """The one that its packets have on the wire."""
        self._outers = OuterHeaders(sock, version, protocol, self._fields)
        if version == 4:
            self._request, self._reply = icmp.EchoRequest, icmp.EchoReply
        else:
            from rawkit.wire import icmpv6

            self._request, self._reply = icmpv6.EchoRequest, icmpv6.EchoReply

    def _octets(self, packet: Packet) -> bytes:
        echo = packet.headers[-1]
        if len(packet.headers) != 2 or not isinstance(echo, self._request):
            return self._extended(packet)
        if echo.identifier != self._identifier:
            raise BuildError(f"this socket's identifier is {self._identifier}, not as in {echo}")
        # The kernel fills in its own identifier, and the checksum.
        return ECHO.pack(echo.TYPE, echo.code, 0, 0, echo.sequence) + packet.payload

    def _extended(self, packet: Packet) -> bytes:
        """Return an extended echo request (RFC 8335), if the packet is one."""
        from rawkit.wire.extended_echo import Request

        probe = packet.headers[-1]
        if len(packet.headers) != 2 or not isinstance(probe, Request):
            raise BuildError(f"a ping socket sends echo requests only, not {packet.outline}")
        if probe.identifier != self._identifier:
            raise BuildError(f"this socket's identifier is {self._identifier}, not as in {probe}")
        return probe.pack(packet.payload)

    def _echo(self, identifier: int, sequence: int, payload: bytes) -> bytes:
        return ECHO.pack(self._request.TYPE, 0, 0, self.kernels_identifier, sequence) + payload

    def _answers(self, octets: bytes, request: bytes) -> bool:
        return octets[4:] == request[4:] and octets[0] == self._reply.TYPE

    def _header_of(self, octets: bytes, messages: Ancillary) -> tuple[int, int, bytes]:
        return self._outers.said(messages)

    def _arrived(self, octets: bytes, ancillary: Ancillary, address: SocketAddress) -> Received:
        at, clock, messages = arrival(ancillary)
        outer, interface = self._outers.of(address, messages)
        type_, code, _, _, sequence = ECHO.unpack_from(octets)
        if type_ == self._reply.TYPE:
            reply = self._reply(self._identifier, sequence, code)
            packet = Packet((outer, reply), octets[ECHO.size :])
        else:  # since Linux 5.13 answers to probes come here, too (RFC 8335)
            packet = self._other(outer, octets)
        return Received(packet, at, interface, clock)

    def _other(self, outer: Header, octets: bytes) -> Packet:
        from rawkit.sockets.error_queue import renumbered
        from rawkit.wire.dissect import dissect, following

        inside = dissect(renumbered(octets, self._identifier), following(outer) or icmp.parse)
        return Packet((outer, *inside.headers), inside.payload, inside.error)

    def _icmp_error(
        self, octets: bytes, ancillary: Ancillary, address: SocketAddress
    ) -> Received | None:
        from rawkit.sockets.error_queue import ExtendedError, rebuild, renumbered

        at, clock, messages = arrival(ancillary)
        *told, (_, _, data) = messages  # the kernel puts the error last
        error = ExtendedError.read(data)
        outer, interface = self._outers.of((error.offender, *address[1:]), told)
        packet = rebuild(error, outer, address[0], renumbered(octets, self._identifier))
        return None if packet is None else Received(packet, at, interface, clock)


def ask_for_errors(sock: socket.socket, version: int) -> None:
    """Have the kernel keep ICMP errors, and say where extensions in them begin."""
    v4 = version == 4
    (options.IP_RECVERR if v4 else options.IPV6_RECVERR).set(sock)
    with suppress(OSError):  # before Linux 5.9 extensions stay part of the quote
        (options.IP_RECVERR_RFC4884 if v4 else options.IPV6_RECVERR_RFC4884).set(sock)
