"""Hosts for one connection, or for one port: link and guard are chosen and opened here."""

import os
from collections.abc import Callable
from functools import partial
from typing import Literal

from rawkit.endpoint.guard import Guard
from rawkit.endpoint.host import PLAIN, Host, Look, Watch
from rawkit.endpoint.link import Link
from rawkit.sockets.ladder import not_permitted, refused, why_no_raw_socket, with_capabilities
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address

LinkKind = Literal["raw", "packet", "offload"]
SECRET_SIZE = 16
AS_THE_LINK = Settings(mtu=0xFFFF, soft_errors=True)
"""Packets as large as the link takes; who is said to be unreachable is not waited for."""
WISH = "speak TCP over raw sockets"
_SECRET = os.urandom(SECRET_SIZE)
"""The same for all connections of a process: numbers go on where the last ones stopped."""


def open_host(
    local: Address,
    port: int = 0,
    *,
    interface: str | None = None,
    kind: LinkKind = "raw",
    look: Look = PLAIN,
    watch: Watch | None = None,
) -> Host:
    """Return a host with an address and a port of this machine; its guard knows the port.

    Args:
        local: one of this machine's addresses.
        port: 0: any that is free.
        interface: to send and receive on this one alone; the packet links need it.
        kind: of the link: ``"raw"``; ``"packet"``; or ``"offload"``, packets in large pieces.
        look: of the packets.
        watch: told of each segment that comes or goes.

    Raises:
        NotPermitted: ``CAP_NET_RAW`` is missing; the message says why, and the ways out.
        UsageError: the port is taken, or there is no such address or interface here.
    """
    guard = Guard(local, port, interface)
    try:
        link = _open_link(local, guard.port, interface, kind)
    except BaseException:
        guard.close()
        raise
    return Host(link, guard, secret=_SECRET, look=look, watch=watch)


def port_of(host: Host) -> int:
    """Return the port that a host's guard holds."""
    return host.guard.port if host.guard is not None else 0


def _open_link(local: Address, port: int, interface: str | None, kind: LinkKind) -> Link:
    try:
        return with_capabilities(partial(LINKS[kind], local, port, interface))
    except PermissionError as error:
        refusal = refused(error, local.version, why_no_raw_socket)
        raise not_permitted(WISH, [refusal]) from error


def _raw(local: Address, port: int, interface: str | None) -> Link:
    from rawkit.endpoint.raw_link import RawLink

    return RawLink(local, port, interface)


def _packet(local: Address, port: int, interface: str | None, *, offload: bool = False) -> Link:
    from rawkit.endpoint.packet_link import PacketLink

    return PacketLink(local, port, interface, offload=offload)


LINKS: dict[LinkKind, Callable[[Address, int, str | None], Link]] = {
    "raw": _raw,
    "packet": _packet,
    "offload": partial(_packet, offload=True),
}
