"""Is an address on one of our links? One question over netlink (rtnetlink(7)).

:func:`rawkit.host.routes.route_to` knows more, by way of a library whose import takes
longer than asking a neighbour; here is only what has to be known for that.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from rawkit.host.names import Address
from rawkit.host.routes import KINDS
from rawkit.host.source import is_ambiguous, no_route, scope_of
from rawkit.record import field, record

MESSAGE = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
ROUTE = struct.Struct("=8BI")
"""struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, kind."""
ATTRIBUTE = struct.Struct("=HH")
"""struct rtattr: length, type; filled up to a multiple of four."""
NUMBER = struct.Struct("=i")
REQUEST = 1
GET_ROUTE, NEW_ROUTE, ERROR = 26, 24, 2
DESTINATION, INTERFACE, GATEWAY, SOURCE, VIA = 1, 4, 5, 7, 18
KIND = 7
"""Place of the kind among the octets of a ``ROUTE``."""
FAMILY = struct.Struct("=H")


@record
class NextHop:
    """Where the kernel would send a packet."""

    interface: str | None
    """``None`` where it would throw the packet away."""
    gateway: Address | None
    """The router that it would go to; ``None``: the destination is on the link."""
    kind: str
    """As that of a :class:`~rawkit.host.routes.Route`: ``unicast``, ``local``, ``broadcast`` …"""
    source: Address | None = field(default=None, compare=False)
    """The address that it would come from; ``None``: not told."""


def next_hop(dst: Address, interface: str | None = None) -> NextHop:
    """Return where the kernel would send a packet to ``dst``, from this thread's network.

    Args:
        dst: where to.
        interface: over this one only.

    Raises:
        NoRoute: no way leads there.
    """
    if is_ambiguous(dst, interface):
        raise no_route(dst, interface, OSError(errno.EINVAL, "no interface given"))
    try:
        found, octets = _ask(dst, interface or scope_of(dst))
    except OSError as error:
        raise no_route(dst, interface, error) from error
    gateway = octets.get(GATEWAY, b"")
    if via := octets.get(VIA):  # a router of the other version (RFC 8950)
        gateway = via[FAMILY.size :]
    index = NUMBER.unpack(octets[INTERFACE])[0] if INTERFACE in octets else 0
    name = socket.if_indextoname(index) if index else None
    kind = KINDS.get(found[KIND], str(found[KIND]))
    source = _address(octets.get(SOURCE, b""), name)
    return NextHop(name, _address(gateway, name), kind, source)


def _ask(dst: Address, interface: str | None) -> tuple[tuple[int, ...], dict[int, bytes]]:
    """Return the route that the kernel answers with, and its attributes.

    Raises:
        OSError: it has none.
    """
    family = socket.AF_INET if dst.version == 4 else socket.AF_INET6
    wish = _attribute(DESTINATION, dst.packed)
    if interface is not None:
        wish += _attribute(INTERFACE, NUMBER.pack(_index_of(interface)))
    body = ROUTE.pack(family, len(dst.packed) * 8, *[0] * 7) + wish
    head = MESSAGE.pack(MESSAGE.size + len(body), GET_ROUTE, REQUEST, 1, 0)
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as asking:
        asking.sendto(head + body, (0, 0))
        answer = asking.recv(1 << 16)
    length, type_, *_ = MESSAGE.unpack_from(answer)
    if type_ == ERROR:
        code = -NUMBER.unpack_from(answer, MESSAGE.size)[0]
        raise OSError(code, os.strerror(code))
    said = answer[MESSAGE.size : length]
    return ROUTE.unpack_from(said), dict(_attributes(said[ROUTE.size :]))


def _index_of(interface: str) -> int:
    """Return the number of an interface, given its name or number.

    Raises:
        OSError: there is no such interface.
    """
    try:
        index = int(interface) if interface.isdecimal() else socket.if_nametoindex(interface)
        socket.if_indextoname(index)
    except (OSError, OverflowError) as error:  # the kernel's own words bear no number
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from error
    return index


def _attribute(number: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(value), number) + value


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    while len(octets) >= ATTRIBUTE.size:
        length, number = ATTRIBUTE.unpack_from(octets)
        yield number, octets[ATTRIBUTE.size : length]
        octets = octets[-(-max(length, ATTRIBUTE.size) // 4) * 4 :]


def _address(octets: bytes, interface: str | None) -> Address | None:
    if len(octets) == 4:
        return IPv4Address(octets)
    address = IPv6Address(octets) if octets else None
    if address is not None and address.is_link_local:
        return IPv6Address(f"{address}%{interface}")
    return address
