"""Which way a packet will take from here: source address, interface, next hop, MTU."""

import errno
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING

from rawkit.host.names import Address
from rawkit.host.source import is_ambiguous, no_route, scope_of, source_for
from rawkit.record import record

if TYPE_CHECKING:
    from pyroute2 import IPRoute
    from pyroute2.netlink.rtnl.rtmsg import rtmsg

Network = IPv4Network | IPv6Network

__all__ = ["Route", "route_to", "routes", "source_for"]

MAIN_TABLE = 254  # linux/rtnetlink.h: RT_TABLE_MAIN
KINDS = {
    1: "unicast",
    2: "local",
    3: "broadcast",
    4: "anycast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}


@record
class Route:
    """One way, or one entry of the routing table."""

    dst: Network
    """What it leads to; of one address, a network of that address alone."""
    src: Address | None
    """The source address preferred on it."""
    interface: str | None
    """``None`` where packets are thrown away, and where the kernel splits them over several."""
    gateway: Address | None
    """The next hop; ``None`` if the destination is on the link."""
    mtu: int | None
    """In octets, of the route or else of the interface."""
    kind: str = "unicast"
    """``unicast``, ``local``, ``broadcast``, ``multicast``, ``blackhole`` …"""
    metric: int = 0
    """The lower one wins."""
    table: int = MAIN_TABLE
    nexthops: tuple[tuple[str, Address | None], ...] = ()
    """Of several equal ways: interface and gateway of each."""


def route_to(
    dst: Address,
    *,
    interface: str | None = None,
    mark: int | None = None,
    netns: int | str | None = None,
) -> Route:
    """Return the way that the kernel would choose for a packet to ``dst``.

    Args:
        dst: where to.
        interface: over this one only.
        mark: as ``SO_MARK`` would set it, for policy routing.
        netns: a network namespace, by descriptor or path; without it, the calling thread's.

    Raises:
        NoRoute: no way leads there.
    """
    if is_ambiguous(dst, interface):
        raise no_route(dst, interface, OSError(errno.EINVAL, "no interface given"))

    from rawkit.host import netlink

    def question(ipr: "IPRoute") -> Route:
        wish: dict[str, int | str] = {"dst": _without_scope(dst)}
        if name := interface or scope_of(dst):
            wish["oif"] = _index(ipr, name)
        if mark is not None:
            wish["mark"] = mark
        message = ipr.route("get", **wish)[0]
        return _route(message, {link["index"]: link for link in ipr.get_links()})

    from pyroute2.netlink.exceptions import NetlinkError

    try:
        return netlink.ask(question, netns)
    except NetlinkError as error:
        raise no_route(dst, interface, OSError(error.code, str(error))) from error


def routes(
    netns: int | str | None = None, *, version: int | None = None, table: int | None = MAIN_TABLE
) -> tuple[Route, ...]:
    """Return the routing table, most exact entries first.

    Args:
        netns: a network namespace, by descriptor or path; without it, the calling thread's.
        version: 4 or 6; without it, both.
        table: one table, by number; ``None`` for all.
    """
    from rawkit.host import netlink

    def question(ipr: "IPRoute") -> list[Route]:
        links = {link["index"]: link for link in ipr.get_links()}
        families = {4: (socket.AF_INET,), 6: (socket.AF_INET6,)}
        wanted = (socket.AF_INET, socket.AF_INET6) if version is None else families[version]
        return [
            _route(message, links)
            for family in wanted
            for message in ipr.get_routes(family=int(family))
            if table is None or (message.get_attr("RTA_TABLE") or message["table"]) == table
        ]

    found = netlink.ask(question, netns)
    return tuple(sorted(found, key=lambda r: (r.dst.version, -r.dst.prefixlen, r.metric, r.dst)))


def _without_scope(dst: Address) -> str:
    return str(dst).partition("%")[0]


def _index(ipr: "IPRoute", name: str) -> int:
    if name.isdigit():
        return int(name)
    found: list[int] = ipr.link_lookup(ifname=name)
    if not found:
        from pyroute2.netlink.exceptions import NetlinkError

        raise NetlinkError(errno.ENODEV, name)
    return found[0]


def _route(message: "rtmsg", links: "dict[int, rtmsg]") -> Route:
    """Read one RTM_NEWROUTE."""
    make, everything = (
        (IPv4Address, "0.0.0.0") if message["family"] == socket.AF_INET else (IPv6Address, "::")
    )
    prefix = f"{message.get_attr('RTA_DST') or everything}/{message['dst_len']}"
    link = links.get(message.get_attr("RTA_OIF"))
    source, metrics = message.get_attr("RTA_PREFSRC"), message.get_attr("RTA_METRICS")
    mtu = (metrics.get_attr("RTAX_MTU") if metrics else None) or (
        link.get_attr("IFLA_MTU") if link else None
    )
    return Route(
        dst=IPv4Network(prefix) if make is IPv4Address else IPv6Network(prefix),
        src=make(source) if source else None,
        interface=link.get_attr("IFLA_IFNAME") if link else None,
        gateway=_gateway(message, make),
        mtu=mtu,
        kind=KINDS.get(message["type"], str(message["type"])),
        metric=message.get_attr("RTA_PRIORITY") or 0,
        table=message.get_attr("RTA_TABLE") or message["table"],
        nexthops=tuple(
            (links[hop["oif"]].get_attr("IFLA_IFNAME"), _gateway(hop, make))
            for hop in message.get_attr("RTA_MULTIPATH") or ()
            if hop["oif"] in links
        ),
    )


def _gateway(message: "rtmsg", make: type[Address]) -> Address | None:
    """Return the next hop, which may be of the other family (RTA_VIA, RFC 5549)."""
    if gateway := message.get_attr("RTA_GATEWAY"):
        return make(gateway)
    if via := message.get_attr("RTA_VIA"):
        other = IPv4Address if via["family"] == socket.AF_INET else IPv6Address
        return other(via["addr"])
    return None
