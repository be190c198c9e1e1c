"""How a kernel socket is set up before the first packet (ip(7), ipv6(7), socket(7))."""

import errno
import socket
import struct
from ipaddress import IPv4Address
from typing import Literal

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.sockets import options
from rawkit.sockets.header_fields import PMTU_MODES
from rawkit.sockets.interfaces import index_of
from rawkit.wire.address import Address

KINDS = ("auto", "ping", "socket", "raw")
RECEIVE_BUFFER = 1 << 20
"""Octets asked for where nothing is said: room for the answers to a burst of requests."""
INTEGER_IN_NETWORK_ORDER = struct.Struct("!i")


@record(kw_only=True)
class Settings:
    """What holds for all packets of a socket. The rest is read from each packet's IP header."""

    interface: str | None = None
    """Send and receive on this one only; may be a VRF."""
    src: Address | None = None
    """Source address; ``None``: the kernel chooses."""
    mark: int | None = None
    """Firewall mark, for policy routing."""
    dont_route: bool = False
    """Reach on-link addresses only."""
    broadcast: bool = False
    """Allow broadcast addresses."""
    pmtu: Literal["do", "want", "dont", "probe"] | None = None
    """Path MTU discovery, as in ``ping -M``. ``None``: "want" where a packet has the DF bit,
    "dont" where it has not."""
    learn_pmtu: bool = True
    """Let the kernel learn path MTUs from ICMP errors about what is sent, and heed those it
    has learnt. ``False`` (with no ``pmtu``): a packet with the DF bit goes out whole, one
    without is cut to the interface's MTU alone. Over IPv6 "packet too big" is then not told."""
    receive_buffer: int | None = None
    """Octets."""
    send_buffer: int | None = None
    multicast_loop: bool = True
    """Hear our own multicasts."""
    transmit_stamps: bool = True
    """Have the kernel say when each packet left."""
    kind: Literal["auto", "ping", "socket", "raw"] = "auto"
    """The kind of socket; "auto": a ping socket, or else a raw one. "socket" is what needs
    no privilege, whatever is sent: for echo requests, a ping socket."""

    def __post_init__(self) -> None:
        """Refuse words that mean nothing.

        Raises:
            UsageError: says which, and what would do.
        """
        for name, known in (("pmtu", (None, *PMTU_MODES)), ("kind", KINDS)):
            if (word := getattr(self, name)) not in known:
                words = ", ".join(filter(None, known))
                raise UsageError(f"{name} is {word!r}, not one of {words}")


def apply(sock: socket.socket, version: int, settings: Settings, port: int = 0) -> None:
    """Set a new socket up.

    Args:
        sock: the socket.
        version: 4 or 6.
        settings: what to set.
        port: the port to bind to, if it is to be bound to one.

    Raises:
        MissingCapability: the mark needs one.
        UsageError: there is no such interface or source address here.
        OSError: the kernel refused something else.
    """
    if settings.interface is not None:
        _bind_to_interface(sock, version, settings.interface)
    if settings.mark is not None:
        _set_mark(sock, settings.mark)
    if settings.dont_route:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
    if settings.broadcast:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if not settings.multicast_loop:
        if version == 4:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
    _set_buffers(sock, settings)
    if settings.src is not None:
        _bind_to_source(sock, version, settings.src, settings.interface, port)
    elif port:
        sock.bind(("0.0.0.0" if version == 4 else "::", port))


def _bind_to_interface(sock: socket.socket, version: int, name: str) -> None:
    try:
        index = index_of(sock, name)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode() + b"\0")
        except PermissionError:
            # Before Linux 5.7 only CAP_NET_RAW may bind; choosing where to send was always free.
            number = INTEGER_IN_NETWORK_ORDER.pack(index)
            (options.IP_UNICAST_IF if version == 4 else options.IPV6_UNICAST_IF).set(sock, number)
    except OSError as error:
        if error.errno not in (errno.ENODEV, errno.EINVAL):
            raise
        raise UsageError(f"no interface {name!r} here") from error


def _set_mark(sock: socket.socket, mark: int) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    except PermissionError as error:
        from rawkit.host.capability import Capability, missing

        # Since Linux 5.17 CAP_NET_RAW does as well.
        raise missing(Capability.NET_ADMIN, to="set a firewall mark") from error


def _bind_to_source(
    sock: socket.socket, version: int, src: Address, interface: str | None, port: int
) -> None:
    if src.version != version:
        raise UsageError(f"source address {src} for packets of IP version {version}")
    try:
        if isinstance(src, IPv4Address):
            sock.bind((str(src), port))
        else:
            scope = src.scope_id or (interface if src.is_link_local else None)
            number = index_of(sock, scope) if scope else 0
            sock.bind((str(src).partition("%")[0], port, 0, number))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        raise UsageError(f"{src} is not an address of this host") from error


def _set_buffers(sock: socket.socket, settings: Settings) -> None:
    """Ask for buffers; the kernel gives at most net.core.rmem_max, unless it is forced to."""
    for size, forced, plain in (
        (settings.receive_buffer, options.SO_RCVBUFFORCE, socket.SO_RCVBUF),
        (settings.send_buffer, options.SO_SNDBUFFORCE, socket.SO_SNDBUF),
    ):
        if size is not None:
            try:
                forced.set(sock, size)
            except PermissionError:
                sock.setsockopt(socket.SOL_SOCKET, plain, size)
    if settings.receive_buffer is None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
