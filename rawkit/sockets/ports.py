"""Source ports of probes: bound, so that nobody else gets them, and found where none is given.

A bound socket also keeps this host from answering for us: to a UDP reply without one the
kernel says "port unreachable". A TCP socket that is bound but does not listen changes
nothing else: a SYN-ACK is answered by the kernel with RST, so no half-open connection
stays at the target.
"""

import errno
import socket
from contextlib import ExitStack

from rawkit.errors import UsageError
from rawkit.sockets.bpf import attach
from rawkit.sockets.header_fields import IPv4Fields, IPv6Fields
from rawkit.sockets.kernel import open_socket
from rawkit.sockets.settings import Settings, apply
from rawkit.wire.address import Address
from rawkit.wire.bpf import RETURN, Op, assemble

KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
NOTHING = assemble([Op(RETURN, 0)])
"""A filter that lets nothing pass."""
TRIES = 100


def bind(
    sock: socket.socket, version: int, settings: Settings, port: int, *, shared: bool = False
) -> None:
    """Set up a new UDP or TCP socket and give it a port of its own.

    Args:
        sock: the socket.
        version: 4 or 6.
        settings: what to set.
        port: the port.
        shared: share it with a socket that allows this.

    Raises:
        MissingCapability: the port is a low one (ip(7), ip_unprivileged_port_start).
        UsageError: it is taken; or there is no such interface or source address here.
        OSError: the kernel refused something else.
    """
    if version == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(shared))
    try:
        apply(sock, version, settings, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            said = f"source port {port} is taken on this host: choose another, or name none"
            raise UsageError(said) from error
        if error.errno == errno.EACCES and port < socket.IPPORT_RESERVED:
            from rawkit.host.capability import Capability, missing

            wish = f"send from port {port}"
            raise missing(Capability.NET_BIND_SERVICE, to=wish) from error
        raise


def reserve(version: int, method: str, port: int, settings: Settings) -> socket.socket:
    """Return a socket that does nothing but hold a port.

    Datagrams that come for it are dropped in the kernel. Segments do not come to a TCP
    socket that neither listens nor connects: the kernel answers them as if there were no
    socket. No path MTU is learnt by either.

    Args:
        version: 4 or 6.
        method: ``"udp"`` or ``"tcp"``.
        port: the port.
        settings: of those that send from it.

    Raises:
        MissingCapability: the port is a low one.
        UsageError: it is taken; or there is no such interface or source address here.
        OSError: the kernel refused something else.
    """
    sock = open_socket(version, KINDS[method], 0)
    try:
        if method == "udp":  # on a TCP socket a filter takes CAP_NET_ADMIN, and does nothing
            attach(sock, NOTHING)
        (IPv4Fields if version == 4 else IPv6Fields)(sock, None, learn_pmtu=False)
        bind(sock, version, settings, port)
    except BaseException:
        sock.close()
        raise
    return sock


def free_ports(version: int, method: str, count: int = 1, *, src: Address | None = None) -> range:
    """Return source ports that nobody has right now, one after the other.

    Args:
        version: 4 or 6.
        method: ``"udp"`` or ``"tcp"``.
        count: how many.
        src: the source address, if it is not to be any.

    Raises:
        UsageError: there are not so many in a row; or no such source address here.
    """
    for _ in range(TRIES):
        with ExitStack() as held:
            first = _any_port(version, method, src, held)
            found = range(first, first + count)
            if found[-1] > 0xFFFF:
                continue
            try:
                for port in found[1:]:
                    held.enter_context(reserve(version, method, port, Settings(src=src)))
            except UsageError:
                continue  # that one is taken
            return found
    raise UsageError(f"{method}: no {count} free source ports in a row: name the first yourself")


def _any_port(version: int, method: str, src: Address | None, held: ExitStack) -> int:
    """Have the kernel choose a port; hold it."""
    sock = held.enter_context(open_socket(version, KINDS[method], 0))
    if version == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    apply(sock, version, Settings(src=src))
    if src is None:
        sock.bind(("0.0.0.0" if version == 4 else "::", 0))
    port: int = sock.getsockname()[1]
    return port
