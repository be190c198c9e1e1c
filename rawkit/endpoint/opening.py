"""Hosts for one connection, or for one port: link and guard are chosen and opened here."""

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from rawkit.endpoint.guarding import Guarding, GuardKind, open_guard
from rawkit.endpoint.host import PLAIN, Host, Look, Watch
from rawkit.endpoint.link import Link
from rawkit.errors import NotPermitted, UsageError
from rawkit.sockets.ladder import not_permitted, refused, why_no_raw_socket, with_capabilities
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address

if TYPE_CHECKING:
    from rawkit.endpoint.watchdog import Watchdog

LinkKind = Literal["raw", "packet", "offload", "tun"]
Opened = TypeVar("Opened")
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
    guard: GuardKind = "auto",
    look: Look = PLAIN,
    watch: Watch | None = None,
    watchdog: bool = False,
) -> Host:
    """Return a host with an address and a port of this machine; its guard knows the port.

    Args:
        local: one of this machine's addresses; a spare one for the guard ``"address"``.
        port: 0: any that is free.
        interface: to send and receive on this one alone; the packet links need it.
        kind: of the link: ``"raw"``; ``"packet"``; ``"offload"``, packets in large pieces; or
            ``"tun"``: then the address is one that nobody has, and no guard is needed.
        guard: what keeps the kernel away.
        look: of the packets.
        watch: told of each segment that comes or goes.
        watchdog: whether a process is to reset the connections if this one is killed.

    Raises:
        NotPermitted: ``CAP_NET_RAW`` is missing, or what the guard needs; the message says why,
            and the ways out.
        UsageError: the port is taken, or there is no such address or interface here.
    """
    keeper, link = _keeper_and_link(local, port, interface, kind, guard)
    try:
        dog = _permitted(local, partial(_watchdog, local.version, interface)) if watchdog else None
    except BaseException:
        link.close()
        keeper.close()
        raise
    return Host(link, keeper, secret=_SECRET, look=look, watch=watch, watchdog=dog)


def _keeper_and_link(
    local: Address, port: int, interface: str | None, kind: LinkKind, guard: GuardKind
) -> tuple[Guarding, Link]:
    if kind == "tun":
        from rawkit.endpoint.tun_host import alone

        if guard != "auto":
            raise UsageError(f"behind a TUN link there is nothing to guard (by {guard})")
        return with_capabilities(lambda: alone(local, port))
    keeper = _permitted(local, partial(open_guard, guard, local, port, interface))
    try:
        return keeper, _permitted(local, partial(_open_link, keeper, local, interface, kind))
    except BaseException:
        keeper.close()
        raise


def link_for(guard: GuardKind, kind: LinkKind) -> LinkKind:
    """Return the kind of link that goes with a guard: raw sockets never hear a spare address."""
    return "packet" if guard == "address" and kind == "raw" else kind


def port_of(host: Host) -> int:
    """Return the port that a host's guard holds."""
    return host.guard.port if host.guard is not None else 0


def _open_link(guard: Guarding, local: Address, interface: str | None, kind: LinkKind) -> Link:
    if "address" in guard.layers:
        from rawkit.endpoint.spare_link import spare_link

        return spare_link(guard, offload=kind == "offload")
    return LINKS[kind](local, guard.port, interface)


def _permitted(local: Address, open_: Callable[[], Opened]) -> Opened:
    """Open something with our capabilities, or say which is missing."""
    try:
        return with_capabilities(open_)
    except NotPermitted:
        raise
    except PermissionError as error:
        refusal = refused(error, local.version, why_no_raw_socket)
        raise not_permitted(WISH, [refusal]) from error


def _watchdog(version: int, interface: str | None) -> "Watchdog":
    from rawkit.endpoint.watchdog import Watchdog

    return Watchdog(version, interface)


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
"""Those that share an address with the kernel."""
