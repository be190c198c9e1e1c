"""Which source address will a packet bear? Asked without netlink, as it must be quick."""

import errno
import os
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import overload

from rawkit.errnos.routes import clause
from rawkit.errors import MissingCapability, NoRoute
from rawkit.host.names import Address

LINK_LOCAL_SCOPE = 2  # of multicast addresses (RFC 4291 §2.7)
DISCARD = 9  # any port will do: connecting a UDP socket sends nothing


@overload
def source_for(
    dst: IPv4Address, interface: str | None = None, mark: int | None = None
) -> IPv4Address: ...
@overload
def source_for(
    dst: IPv6Address, interface: str | None = None, mark: int | None = None
) -> IPv6Address: ...
@overload
def source_for(dst: Address, interface: str | None = None, mark: int | None = None) -> Address: ...
def source_for(dst: Address, interface: str | None = None, mark: int | None = None) -> Address:
    """Return the address that packets to ``dst`` would carry as their source.

    Raises:
        NoRoute: no way leads there (of this family, over this interface).
        MissingCapability: a mark needs ``CAP_NET_RAW`` or ``CAP_NET_ADMIN``.
    """
    family = socket.AF_INET if dst.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if mark is not None:
                _set_mark(probe, mark)
            if interface is not None:
                name = interface.encode() + b"\0"
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
            probe.connect(socket_address(dst, DISCARD))
            found = probe.getsockname()
    except MissingCapability:
        raise
    except OSError as error:
        raise no_route(dst, interface, error, _switched_off(dst, interface)) from error
    return _address_of(found)


def no_route(
    dst: Address, interface: str | None, error: OSError, switched_off: str | None = None
) -> NoRoute:
    """Return the error that says in one line why nothing can be sent to ``dst``.

    Args:
        dst: the destination.
        interface: the one that it was to be sent over.
        error: what the kernel said.
        switched_off: the setting that keeps IPv6 from working in that network, if one does.
    """
    match error.errno:
        case errno.ENETUNREACH | errno.EADDRNOTAVAIL if key := _switched_off(dst, interface):
            cause = f"IPv6 is switched off here ({key} is 1)"
        case errno.ENETUNREACH | errno.EADDRNOTAVAIL:
            no_way = clause(errno.ENETUNREACH, dst.version, interface)
            cause = f"{no_way} (ip -{dst.version} route)"
        case errno.EINVAL if is_ambiguous(dst, interface):
            cause = f"a link-local address needs its interface: {dst}%eth0, say"
        case errno.EHOSTUNREACH | errno.EACCES | errno.EINVAL as number:
            cause = clause(number, interface=interface)
        case errno.ENODEV | errno.ENXIO:
            cause = f"no interface called {interface or scope_of(dst)}"
        case errno.EAFNOSUPPORT:
            cause = f"this kernel speaks no IPv{dst.version}"
        case _:
            cause = error.strerror or str(error)
    refusal = NoRoute(f"no way to {dst}: {cause}")
    refusal.errno = error.errno
    return refusal


def socket_address(dst: Address, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return what connect(2) takes for an IP address and a port, the scope as a number.

    Raises:
        OSError: ``ENODEV``: the address names an interface that is not here.
    """
    if isinstance(dst, IPv4Address):
        return str(dst), port
    scope = dst.scope_id
    if scope is None:
        return str(dst), port, 0, 0
    try:
        index = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
        socket.if_indextoname(index)
    except (OSError, OverflowError) as error:  # it bears no number
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from error
    return str(dst).partition("%")[0], port, 0, index


def is_local(address: Address) -> bool:
    """Whether an address is one of this host's own, in this thread's network."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        try:
            probe.bind(socket_address(address, 0))
        except OSError:
            return False
    return True


def scope_of(dst: Address) -> str | None:
    """Return the interface that an IPv6 address names after its ``%``, if it does."""
    return dst.scope_id if isinstance(dst, IPv6Address) else None


def is_ambiguous(dst: Address, interface: str | None) -> bool:
    """Whether the address is another host's on each link, and no link is named (RFC 4007)."""
    if not isinstance(dst, IPv6Address) or interface or dst.scope_id:
        return False
    return dst.is_link_local or (dst.is_multicast and dst.packed[1] & 0x0F <= LINK_LOCAL_SCOPE)


def _switched_off(dst: Address, interface: str | None) -> str | None:
    """Return the name of the setting that keeps IPv6 from working, if one does."""
    if dst.version == 4:
        return None
    from rawkit.host.sysctl import find

    places = filter(None, ("all", interface, scope_of(dst)))
    keys = (f"net.ipv6.conf.{place.replace('.', '/')}.disable_ipv6" for place in places)
    return next((key for key in keys if find(key) == "1"), None)


def _set_mark(probe: socket.socket, mark: int) -> None:
    from rawkit.host import capability
    from rawkit.host.capability import Capability

    with capability.raised(Capability.NET_ADMIN, Capability.NET_RAW):
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        except PermissionError as error:
            raise capability.missing(Capability.NET_RAW, to="mark packets") from error


def _address_of(name: tuple[str, int] | tuple[str, int, int, int]) -> Address:
    match name:
        case (host, _):
            return IPv4Address(host)
        case (host, _, _, scope):
            host = host if "%" in host or not scope else f"{host}%{socket.if_indextoname(scope)}"
            return IPv6Address(host)
