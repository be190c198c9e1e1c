"""Addresses to what the system calls take: names looked up, interfaces found, order kept."""

import errno
import os
import socket
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import NoRoute, UsageError
from rawkit.host import names, source
from rawkit.posix.address import (
    ANY_CID,
    EVERY,
    KINDS,
    Address,
    DescriptorAddress,
    InternetAddress,
    Kind,
    PacketAddress,
    UnixAddress,
    VsockAddress,
)
from rawkit.record import record, replace

VERSIONS = {socket.AF_INET: 4, socket.AF_INET6: 6, socket.AF_UNSPEC: None}
SO_PROTOCOL = 38  # asm-generic/socket.h
UNSPECIFIED4, UNSPECIFIED6 = IPv4Address(0), IPv6Address(0)

IPAddress = IPv4Address | IPv6Address
SockAddr = (
    tuple[str, int]
    | tuple[str, int, int, int]
    | tuple[int, int]
    | tuple[str, int, int, int, bytes]
    | str
    | bytes
)
"""As ``bind()`` and ``connect()`` of :mod:`socket` take it."""
LookUp = Callable[[str, int | None], tuple[IPAddress, ...]]
"""Returns the addresses of a name, of an IP version or of either; :func:`names.resolve` is one."""


@record
class Target:
    """One socket address, ready for the system calls."""

    address: Address
    """The same in the notation, without names."""
    sockaddr: SockAddr
    family: int
    type: int
    protocol: int
    dual: bool = False
    """Whether an IPv6 socket is to take IPv4, too."""

    def open(self) -> socket.socket:
        """Return a socket of this kind, neither bound nor connected; exec(2) closes it.

        One of IPv6 speaks IPv6 only, unless it is ``dual``.

        Raises:
            OSError: the kernel has no such sockets, or no more.
        """
        sock = socket.socket(self.family, self.type, self.protocol)
        if self.family == socket.AF_INET6:
            try:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not self.dual))
            except BaseException:
                sock.close()
                raise
        return sock


def resolve(
    address: Address,
    *,
    passive: bool = False,
    timeout: float | None = None,
    look_up: LookUp | None = None,
) -> tuple[Target, ...]:
    """Return the socket addresses that an address stands for, the one to be tried first first.

    Args:
        address: what to look up.
        passive: whether it is to be bound, and not to be connected to. Then port 0 and
            ``EVERY`` make sense.
        timeout: the longest to wait for a name server, in seconds; without it, as long as
            resolv.conf(5) says.
        look_up: how to find the addresses of a name, if not by asking the system.

    Raises:
        NameNotFound: a name has no address; the message says why.
        NoRoute: there is no such interface.
        UsageError: such an address cannot be connected to, or names no socket address.
    """
    match address:
        case InternetAddress():
            if look_up is None:
                look_up = partial(names.resolve, timeout=timeout)
            return _internet(address, look_up, passive=passive)
        case UnixAddress():
            return (_target(address, _unix(address, passive=passive)),)
        case VsockAddress():
            if not passive and address.cid == ANY_CID:
                raise UsageError(f"{address}: a client needs a cid; 2 is the host, 1 this machine")
            return (_target(address, (address.cid, address.port)),)
        case PacketAddress():
            return (_target(address, _packet(address)),)
        case DescriptorAddress():
            raise UsageError(f"{address}: a socket already, and no address of one")


def socket_address(address: IPAddress, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return what connect(2) takes for an IP address and a port, the scope as a number.

    Raises:
        NoRoute: the address names an interface that is not here.
    """
    try:
        return source.socket_address(address, port)
    except OSError as error:
        raise source.no_route(address, None, error) from error


def adopt(address: DescriptorAddress) -> socket.socket:
    """Return the socket that a descriptor is; closing it closes the descriptor.

    Raises:
        UsageError: the descriptor is not open, or no socket.
    """
    try:
        return socket.socket(fileno=address.number)
    except OSError as error:
        if error.errno == errno.EBADF:
            raise UsageError(f"{address}: no such descriptor is open here") from error
        if error.errno == errno.ENOTSOCK:
            raise UsageError(f"{address}: the descriptor is no socket") from error
        raise


def local_address(sock: socket.socket) -> Address | None:
    """Return where a socket is bound to (getsockname(2)); ``None``: it has no name.

    One that takes both versions of IP at all addresses is at ``tcp:*:PORT``.

    Raises:
        UsageError: the notation has no word for its kind.
    """
    found = address_of(sock, sock.getsockname())
    match found:
        case InternetAddress(host=IPv6Address() as host) if host == UNSPECIFIED6:
            if not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
                return InternetAddress(KINDS[found.kind.either], EVERY, found.port)
    return found


def peer_address(sock: socket.socket) -> Address | None:
    """Return whom a socket is connected to (getpeername(2)); ``None``: he has no name.

    Raises:
        OSError: it is not connected.
        UsageError: the notation has no word for its kind.
    """
    return address_of(sock, sock.getpeername())


def address_of(sock: socket.socket, sockaddr: object) -> Address | None:
    """Return what ``accept()`` or ``recvfrom()`` of a socket returned, in the notation.

    ``None``: somebody without a name. An IPv4 address in IPv6's clothes is shown as what
    it is, ``::ffff:127.0.0.1`` as ``127.0.0.1``.

    Raises:
        UsageError: the notation has no word for the kind of the socket.
    """
    kind = kind_of(sock)
    match sock.family, sockaddr:
        case socket.AF_INET, (str() as host, int() as port):
            return InternetAddress(kind, IPv4Address(host), port)
        case socket.AF_INET6, (str() as host, int() as port, _, int() as scope):
            return _ipv6(kind, IPv6Address(host), port, scope)
        case socket.AF_UNIX, bytes() as name if name[:1] == b"\0":
            return UnixAddress(kind, os.fsdecode(name[1:]), abstract=True)
        case socket.AF_UNIX, str() | bytes() as path if path:
            return UnixAddress(kind, os.fsdecode(path))
        case socket.AF_VSOCK, (int() as cid, int() as port):
            return VsockAddress(kind, cid, port)
        case socket.AF_PACKET, (str() as interface, int() as protocol, _, _, bytes() as hardware):
            return PacketAddress(kind, interface or EVERY, protocol, hardware)
    return None


def kind_of(sock: socket.socket) -> Kind:
    """Return the kind of a socket, the most exact one there is.

    Raises:
        UsageError: the notation has no word for it.
    """
    protocol = sock.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL)  # sock.proto may be 0
    for kind in KINDS.values():
        is_like = (kind.family, kind.type) == (sock.family, sock.type)
        if is_like and kind.protocol in (0, protocol):
            return kind
    raise UsageError(
        f"no kind of address is for sockets of {_name(sock.family)}, {_name(sock.type)},"
        f" protocol {protocol}"
    )


def _name(number: int) -> str:
    """Return the name of a family or type, if Python has one."""
    return str(getattr(number, "name", number))


def _internet(address: InternetAddress, ask: LookUp, *, passive: bool) -> tuple[Target, ...]:
    if not passive and address.port == 0:
        raise UsageError(f"{address}: nobody can be connected to at port 0")
    match address.host:
        case IPv4Address() | IPv6Address() as host:
            return (_at(address, host),)
        case str() as host if host != EVERY:
            found = ask(host, VERSIONS[socket.AddressFamily(address.kind.family)])
            return tuple(_at(address, one) for one in found)
    if not passive:
        raise UsageError(f"{address}: {EVERY} is for servers; a client needs a host")
    if address.kind.family == socket.AF_INET or not has_ipv6():
        return (_at(address, UNSPECIFIED4),)
    every = _at(address, UNSPECIFIED6)
    return (replace(every, dual=address.kind.family == socket.AF_UNSPEC),)


def has_ipv6() -> bool:
    """Whether IPv6 works here: the kernel has it, and it is not switched off."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _at(address: InternetAddress, host: IPAddress) -> Target:
    """Return the target of one IP address."""
    kind = KINDS[f"{address.kind.either}{host.version}"]
    return _target(InternetAddress(kind, host, address.port), socket_address(host, address.port))


def _target(address: Address, sockaddr: SockAddr) -> Target:
    kind = address.kind
    return Target(address, sockaddr, kind.family, kind.type, kind.protocol)


def _unix(address: UnixAddress, *, passive: bool) -> str | bytes:
    if not address.abstract:
        return os.fsencode(address.path)
    if address.path:
        return b"\0" + os.fsencode(address.path)
    if not passive:
        raise UsageError(f"{address}: no name; only for bind(2), where the kernel then chooses one")
    return ""


def _packet(address: PacketAddress) -> tuple[str, int, int, int, bytes]:
    if address.interface == EVERY:
        return "", address.protocol, 0, 0, address.hardware
    try:
        socket.if_nametoindex(address.interface)
    except OSError as error:  # Python gives no errno
        refusal = NoRoute(f"no interface called {address.interface}")
        refusal.errno = errno.ENODEV
        raise refusal from error
    return address.interface, address.protocol, 0, 0, address.hardware


def _ipv6(kind: Kind, host: IPv6Address, port: int, scope: int) -> InternetAddress:
    if host.ipv4_mapped is not None:
        return InternetAddress(KINDS[f"{kind.either}4"], host.ipv4_mapped, port)
    if scope and host.scope_id is None:
        host = IPv6Address(f"{host}%{_interface_name(scope)}")
    return InternetAddress(kind, host, port)


def _interface_name(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:  # it is gone, or in another namespace
        return str(index)
