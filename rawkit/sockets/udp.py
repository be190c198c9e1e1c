"""UDP sockets as a pipe for probes: no privilege, answers by the error queue (udp(7), ip(7)).

The kernel writes the IP and the UDP header. ICMP errors are put together again from the
error queue (IP_RECVERR, IPV6_RECVERR), with what the router tells besides (RFC 4884).

Of the packet that an error quotes the kernel tells the destination, both ports, and what
follows the UDP header. Length and checksum of that header read ``None``, and the TTL of
the IP header 0: they are lost. Of a router that quotes eight octets only (RFC 792) one
therefore hears which *flow* it means, and not which packet.
"""

import socket

from rawkit.errors import BuildError
from rawkit.sockets.error_queue import ExtendedError, rebuild
from rawkit.sockets.header_fields import SocketAddress
from rawkit.sockets.kernel import Ancillary, KernelSocket, arrival, open_socket
from rawkit.sockets.outer import OuterHeaders, ask_for_headers
from rawkit.sockets.ping import ask_for_errors
from rawkit.sockets.ports import bind
from rawkit.sockets.settings import Settings
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received
from rawkit.wire.udp import LAYOUT, UDP

ICMP = {4: IPProtocol.ICMP, 6: IPProtocol.ICMPV6}


class UDPSocket(KernelSocket):
    """A UDP socket with one source port and any destination."""

    def __init__(
        self, version: int, settings: Settings, source_port: int, *, shared: bool = False
    ) -> None:
        """Open a UDP socket.

        Args:
            version: 4 or 6.
            settings: how to set it up.
            source_port: of all packets sent, and where those received go to.
            shared: share it with an earlier one that allows this (:meth:`share`); what
                comes is for the last one.

        Raises:
            MissingCapability: the port is a low one, or the mark needs one.
            OSError: this kernel has no such sockets.
            UsageError: there is no such interface or source address here, or the port is
                taken.
        """
        sock = open_socket(version, socket.SOCK_DGRAM, IPProtocol.UDP)
        try:
            bind(sock, version, settings, source_port, shared=shared)
            ask_for_headers(sock, version)
            ask_for_errors(sock, version)
            super().__init__(sock, version, settings)
        except BaseException:
            sock.close()
            raise
        self.port = source_port
        self._data = OuterHeaders(sock, version, IPProtocol.UDP, self._fields)
        self._errors = OuterHeaders(sock, version, ICMP[version], self._fields)

    def _address(self, packet: Packet) -> SocketAddress:
        udp = packet.headers[-1]
        if len(packet.headers) != 2 or not isinstance(udp, UDP):
            raise BuildError(f"a UDP socket sends UDP datagrams only, not {packet.outline}")
        if udp.src_port != self.port:
            raise BuildError(f"this socket's port is {self.port}, not as in {udp}")
        host, _, *rest = self._fields.fit(packet.headers[0])
        return (host, udp.dst_port, *rest)  # type: ignore[return-value]  # two or four of them

    def _octets(self, packet: Packet) -> bytes:
        return packet.payload  # the kernel computes length and checksum

    def _arrived(self, octets: bytes, ancillary: Ancillary, address: SocketAddress) -> Received:
        at, clock, messages = arrival(ancillary)
        outer, interface = self._data.of(address, messages)
        packet = Packet((outer, UDP(address[1], self.port)), octets)
        return Received(packet, at, interface, clock)

    def _icmp_error(
        self, octets: bytes, ancillary: Ancillary, address: SocketAddress
    ) -> Received | None:
        at, clock, messages = arrival(ancillary)
        *told, (_, _, data) = messages  # the kernel puts the error last
        error = ExtendedError.read(data)
        outer, interface = self._errors.of((error.offender, *address[1:]), told)
        length = LAYOUT.size + (error.length or len(octets))
        if error.length:
            error = error._replace(length=length)
        sent = LAYOUT.pack(self.port, address[1], length, 0) + octets
        packet = rebuild(error, outer, address[0], sent, IPProtocol.UDP)
        return None if packet is None else Received(_untold(packet), at, interface, clock)


def _untold(packet: Packet) -> Packet:
    """Return a rebuilt error without the UDP length and checksum that nobody told."""
    headers: list[Header] = [
        header.recomputed() if isinstance(header, UDP) else header for header in packet.headers
    ]
    return Packet(tuple(headers), packet.payload, packet.error)
