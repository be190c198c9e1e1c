"""Pipes for packets of a chosen size, which teach the kernel nothing about the path.

Linux keeps a path MTU that a router tells for ten minutes, and then refuses or fragments
larger packets by itself. Whoever measures must neither be misled by what is kept nor add
to it. ``IP_PMTUDISC_PROBE`` does the first: its packets have the DF bit, and only the MTU of
the interface counts. But a socket in this mode still has the kernel note what routers tell.
One in mode ``IP_PMTUDISC_OMIT`` has not, but sends without DF. So there are two sockets on
one port: the first sends, the second hears, for the kernel gives what comes to the one that
was bound last (:mod:`rawkit.sockets.probes` for UDP; net/ipv4/ping.c: ping_lookup).

Over IPv6 the kernel drops a "packet too big" for a socket that does not let it take note
(net/ipv6/udp.c: ip6_sk_accept_pmtu), so UDP sockets are deaf to it; and it takes note of any
that is about an echo request, whoever sent that (net/ipv6/icmp.c: icmpv6_err), so ping
sockets are not used there. What quotes a UDP packet of a raw socket is heard, and leaves
no trace, in both versions.
"""

import errno
import select
import socket
from collections import deque
from ipaddress import IPv6Address
from typing import Literal

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.sockets import options
from rawkit.sockets.error_queue import ExtendedError
from rawkit.sockets.header_fields import SocketAddress
from rawkit.sockets.interfaces import index_of
from rawkit.sockets.kernel import open_socket
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ping import PingSocket, ask_for_errors
from rawkit.sockets.probes import ProbePipe, open_probes
from rawkit.sockets.settings import Settings, apply
from rawkit.wire.address import Address
from rawkit.wire.news import News, Opened
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP

Kind = Literal["auto", "socket", "raw"]

LARGEST = {4: 65_535, 6: 65_575}
"""Octets of a packet that no length field could make longer."""
HEADERS = {4: 28, 6: 48}
DISCARD = 9
DEAF_IPV6 = 'over IPv6 this kind cannot hear "packet too big" without the kernel taking note'


class SizePipe:
    """Pipes for UDP and for ICMP echo as one, behind one descriptor."""

    def __init__(self, udp: PacketIO, echo: PacketIO | None, opened: Opened, *, deaf: bool) -> None:
        """Take over pipes.

        Args:
            udp: the one for UDP.
            echo: the one for echo requests, if there is one.
            opened: what to tell first.
            deaf: they do not hear "packet too big".
        """
        self.deaf = deaf
        """It does not hear routers say that a packet was too big."""
        self.sends_echo = echo is not None
        """It sends echo requests, too."""
        self.why = opened.why
        """Why it has this kind of sockets."""
        self._udp = udp
        self._echo = echo
        self._turn = [pipe for pipe in (udp, echo) if pipe is not None]
        self._news = deque[News]([opened])
        self._epoll = select.epoll()
        for pipe in self._turn:
            self._epoll.register(pipe.fileno(), select.EPOLLIN)

    def send(self, packet: Packet) -> None:
        pipe = self._udp if isinstance(packet.headers[-1], UDP) else self._echo
        if pipe is None:
            raise BuildError(f"this pipe sends UDP only, not {packet.outline}")
        pipe.send(packet)

    def receive(self) -> News | None:
        """Return the next news of either pipe; they take turns."""
        if self._news:
            return self._news.popleft()
        for pipe in self._turn:
            while isinstance(news := pipe.receive(), Opened):
                pass  # it was told of both together
            if news is not None:
                self._turn.reverse()
                return news
        return None

    def fileno(self) -> int:
        return self._epoll.fileno() if not self._epoll.closed else -1

    def close(self) -> None:
        self._udp.close()
        if self._echo is not None:
            self._echo.close()
        self._epoll.close()


def open_sizes(
    target: Address,
    source_port: int,
    settings: Settings,
    *,
    identifier: int,
    kind: Kind = "auto",
    echo: bool = True,
) -> SizePipe:
    """Open a pipe for probes of any size to one target.

    Its first news says which kind of sockets it has, and why.

    Args:
        target: where all probes go.
        source_port: of UDP probes.
        settings: how to set the sockets up; what it says of path MTUs means nothing here.
        identifier: of echo requests.
        kind: "raw", "socket", or "auto": raw, if permitted.
        echo: echo requests are wanted, if they can be had.

    Raises:
        NotPermitted: no such socket can be had; the message says why not, and the ways out.
        UsageError: the port is taken, or there is no such interface or source address here.
    """
    version = target.version
    udp = open_probes(
        version, "udp", source_port, settings, identifier=identifier, kind=kind, target=target
    )
    try:
        opened = udp.receive()
        via, why = (opened.via, opened.why) if isinstance(opened, Opened) else ("", "")
        if via == "raw socket":
            asked = (
                open_probes(version, "icmp", 1, settings, identifier=identifier, kind="raw")
                if echo
                else None
            )
            return SizePipe(udp, asked, Opened(via, why), deaf=False)
        if version == 6:
            return SizePipe(udp, None, Opened("UDP sockets", _and(why, DEAF_IPV6)), deaf=True)
        pair, cause = _echo_pair(settings, identifier) if echo else (None, "")
        name = "UDP and ping sockets" if pair else "UDP sockets"
        return SizePipe(udp, pair, Opened(name, _and(why, cause)), deaf=False)
    except BaseException:
        udp.close()
        raise


def first_link_mtu(target: Address, settings: Settings) -> int:
    """Return the size of the largest packet that the first link to a target carries, in octets.

    The kernel is asked to send one that is too large, and says what would not be. Only
    on loopback, where nothing is too large, does it leave.

    Raises:
        OSError: there is no way to the target.
        UsageError: there is no such interface or source address here.
    """
    version = target.version
    with open_socket(version, socket.SOCK_DGRAM, 0) as sock:
        apply(sock, version, settings)
        ask_for_errors(sock, version)
        level, number = (options.IP_MTU_DISCOVER if version == 4 else options.IPV6_MTU_DISCOVER)[
            1:3
        ]
        sock.setsockopt(level, number, options.PMTUDISC_PROBE)
        size = LARGEST[version]
        try:
            sock.sendto(bytes(size - HEADERS[version]), _socket_address(sock, target))
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            return min(size, _told(sock, version) or size)
        return size


def _socket_address(sock: socket.socket, target: Address) -> SocketAddress:
    if isinstance(target, IPv6Address):
        text, _, scope = str(target).partition("%")
        return text, DISCARD, 0, index_of(sock, scope) if scope else 0
    return str(target), DISCARD


def _told(sock: socket.socket, version: int) -> int:
    """Return the MTU that the kernel has noted with its refusal; 0: none."""
    wanted = (options.IP_RECVERR if version == 4 else options.IPV6_RECVERR).number
    try:
        _, ancillary, _, _ = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
    except BlockingIOError:
        return 0
    return next(
        (
            ExtendedError.read(data).info
            for level, number, data in ancillary
            if number == wanted and level != socket.SOL_SOCKET
        ),
        0,
    )


def _echo_pair(settings: Settings, identifier: int) -> tuple[ProbePipe | None, str]:
    """Return two ping sockets that share an identifier; or none, and why not."""
    from rawkit.sockets.ladder import REFUSALS, why_no_ping_socket

    settings = replace(settings, learn_pmtu=False, pmtu=None)
    try:
        sender = PingSocket(4, settings, identifier, shared=0)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        return None, f"no ping sockets: {why_no_ping_socket(error).cause}"
    try:
        hearing = replace(settings, transmit_stamps=False)
        hearer = PingSocket(4, hearing, identifier, shared=sender.kernels_identifier)
    except BaseException:
        sender.close()
        raise
    return ProbePipe([sender], [hearer]), ""


def _and(first: str, second: str) -> str:
    return "; ".join(filter(None, (first, second)))
