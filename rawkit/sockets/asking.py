"""Pipes for pings that ask a port: by SYN, by connect(2), by datagram.

For SYNs a raw socket comes first: it shows the answer, with the kernel's times. Where none
is permitted, the kernel connects. Datagrams take no privilege at all.

Each source port is held by a bound socket, so it is nobody else's meanwhile. A SYN-ACK is
answered by the kernel with RST, since nothing listens or connects at that port; so the
other end is left with nothing half open, and needs no RST of ours.
"""

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext

from rawkit.errors import BuildError, NotPermitted, UsageError
from rawkit.record import replace
from rawkit.sockets.ladder import with_capabilities
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ports import free_ports
from rawkit.sockets.probes import Method, ProbePipe, open_probes
from rawkit.sockets.settings import Settings
from rawkit.sockets.udp import UDPSocket
from rawkit.wire.address import Address
from rawkit.wire.news import Opened
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP

TRIES = 5
"""Times to look for free ports: somebody may take one between the finding and the holding."""
NO_IDENTIFIER = 0
CHOSEN_BY_KERNEL = (0,)

Ports = range | tuple[int, ...]


def open_tcp(
    version: int,
    settings: Settings,
    count: int,
    target: Address | None = None,
    here: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> tuple[PacketIO, Ports]:
    """Open a pipe for SYNs.

    Its first news says which kind of socket it is, and why.

    Args:
        version: 4 or 6.
        settings: how to set it up; ``kind`` may be "raw", or "socket" for connect(2).
        count: source ports to be had.
        target: where all SYNs go, if that is known. A raw pipe then hears also of those
            whose source port an address translator has changed.
        here: what puts this thread into the network that the sockets belong to: the
            kernel's connections take one each, also after this.

    Returns:
        The pipe, and the source ports; the kernel chooses those of its own connections.

    Raises:
        MissingCapability: the mark needs one.
        NotPermitted: a raw socket was asked for, and cannot be had.
        UsageError: there is no such interface or source address here, or such a kind.
    """
    _check(settings)
    why = "asked for"
    if settings.kind != "socket":
        try:
            return _open_raw(version, "tcp", settings, count, target)
        except NotPermitted as error:
            if settings.kind == "raw":
                raise
            why = "; ".join(error.causes)
    from rawkit.sockets.connecting import ConnectPipe

    pipe = with_capabilities(lambda: ConnectPipe(version, settings, here))
    pipe.tell(Opened("connect()", why))
    return pipe, CHOSEN_BY_KERNEL


def open_udp(
    version: int, settings: Settings, count: int, target: Address | None = None
) -> tuple[PacketIO, Ports]:
    """Open a pipe for datagrams: UDP sockets, unless ``kind`` is "raw".

    Arguments and result are those of :func:`open_tcp`.
    """
    _check(settings)
    if settings.kind == "raw":
        return _open_raw(version, "udp", settings, count, target)
    return _with_free_ports(
        version, "udp", count, lambda ports: _open_sockets(version, settings, ports)
    )


def _check(settings: Settings) -> None:
    if settings.kind == "ping":
        raise UsageError('a ping socket asks no ports: kind is "auto", "socket" or "raw"')


def _open_raw(
    version: int, method: Method, settings: Settings, count: int, target: Address | None
) -> tuple[PacketIO, range]:
    plain = replace(settings, pmtu=None)

    def open_(ports: range) -> PacketIO:
        return open_probes(
            version,
            method,
            ports[0],
            plain,
            identifier=NO_IDENTIFIER,
            kind="raw" if settings.kind == "raw" else "auto",
            source_ports=ports,
            target=target,
        )

    return _with_free_ports(version, method, count, open_)


def _open_sockets(version: int, settings: Settings, ports: range) -> PacketIO:
    def open_all() -> ProbePipe:
        with ExitStack() as stack:
            senders: dict[int, UDPSocket] = {}
            for port in ports:
                senders[port] = sock = UDPSocket(version, settings, port)
                stack.callback(sock.close)
            pipe = ProbePipe([*senders.values()], choose=lambda packet: _sender(senders, packet))
            stack.pop_all()
            return pipe

    pipe = with_capabilities(open_all)
    why = "asked for" if settings.kind == "socket" else "needs no privilege"
    pipe.tell(Opened("UDP socket", why))
    return pipe


def _with_free_ports(
    version: int, method: Method, count: int, open_: Callable[[range], PacketIO]
) -> tuple[PacketIO, range]:
    """Return a pipe that has ports of its own, and the ports."""
    for _ in range(TRIES - 1):
        ports = free_ports(version, method, count)
        try:
            return open_(ports), ports
        except UsageError as error:
            if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
                raise
    ports = free_ports(version, method, count)
    return open_(ports), ports


def _sender(senders: dict[int, UDPSocket], packet: Packet) -> UDPSocket:
    udp = packet.headers[-1] if packet.headers else None
    if not isinstance(udp, UDP) or udp.src_port not in senders:
        raise BuildError(f"no UDP datagram from one of our ports: {packet.outline}")
    return senders[udp.src_port]
