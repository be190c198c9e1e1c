"""Give a planned lab to the kernel, by rtnetlink(7)."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from rawkit.lab import rtnetlink
from rawkit.lab.namespace import Namespace, write_sysctls
from rawkit.lab.plan import Host, Interface, Link, Plan, Port
from rawkit.lab.ready import wait_ready
from rawkit.lab.routing import Route, routes

if TYPE_CHECKING:
    from pyroute2 import IPRoute

NUD_PERMANENT = 0x80  # linux/neighbour.h

BY_FIVE_TUPLE = {
    # A veth hands on the flow hash that a packet had in the node before, so the kernel's
    # own 5-tuple policy (1) would still spread one flow; a custom hash (3) of addresses,
    # protocol and ports does not. 0x37 leaves out the flow label.
    "net.ipv4.fib_multipath_hash_policy": 3,
    "net.ipv4.fib_multipath_hash_fields": 0x37,
    "net.ipv6.fib_multipath_hash_policy": 3,
    "net.ipv6.fib_multipath_hash_fields": 0x37,
}


def build(plan: Plan, nodes: Mapping[str, Namespace], backstage: Namespace) -> None:
    """Make all that is planned but wires, and return when it carries packets.

    Args:
        plan: what to make; its wires are laid already.
        nodes: a namespace for each host.
        backstage: the namespace for bridges.

    Raises:
        LabError: the kernel cannot, or will not.
    """
    places = {**nodes, **dict.fromkeys(plan.bridges, backstage)}

    def lay_cables(netlink: "IPRoute") -> list[str]:
        for link in plan.links:
            if link.forth is None:
                _make_cable(netlink, link, places)
        return list(_make_bridges(netlink, plan))

    behind = rtnetlink.ask(backstage, lay_cables, to="link the nodes of a lab")
    ways = routes(plan)
    neighbours = _ends_of_bad_lines(plan)
    for name, host in plan.hosts.items():
        rtnetlink.ask(
            nodes[name],
            partial(_configure, host=host, ways=ways[name], neighbours=neighbours),
            to=f"set {name} up",
        )
    with backstage.here():
        wait_ready(behind, ipv6=False)
    for name, host in plan.hosts.items():
        with nodes[name].here():
            wait_ready([interface.name for interface in host.interfaces])


def add_addresses(
    node: Namespace, interface: str, addresses: Iterable[IPv4Address | IPv6Address]
) -> None:
    """Add addresses without a network of their own; they can be used at once."""

    def add(netlink: "IPRoute") -> None:
        index = socket.if_nametoindex(interface)
        for address in addresses:
            netlink.addr("add", index=index, address=str(address), prefixlen=address.max_prefixlen)
        wait_ready([interface])

    rtnetlink.ask(node, add, to=f"give addresses to {node.name}")


def _make_cable(netlink: "IPRoute", link: Link, places: Mapping[str, Namespace]) -> None:
    near, far = (_device(end, places) | {"mtu": link.mtu} for end in (link.first, link.second))
    netlink.link("add", kind="veth", peer=far, **near)


def _device(end: Interface | Port, places: Mapping[str, Namespace]) -> dict[str, str | int]:
    match end:
        case Interface():
            place = places[end.node].fileno()
            return {"ifname": end.name, "net_ns_fd": place, "address": end.mac}
        case Port():
            return {"ifname": end.name, "net_ns_fd": places[end.bridge].fileno()}


def _make_bridges(netlink: "IPRoute", plan: Plan) -> Iterator[str]:
    """Make the bridges, plug the ports in, and name all that must be ready."""
    for segment in plan.bridges.values():
        name = f"bridge{segment}"
        # Without a querier, snooping would in time forget who wants which multicast.
        netlink.link("add", ifname=name, kind="bridge", br_mcast_snooping=0)
        netlink.link("set", index=socket.if_nametoindex(name), state="up")
        yield name
    for end in (end for link in plan.links for end in (link.first, link.second)):
        if isinstance(end, Port):
            index = socket.if_nametoindex(end.name)
            bridge = socket.if_nametoindex(f"bridge{end.segment}")
            netlink.link("set", index=index, master=bridge, state="up")
            yield end.name


def _ends_of_bad_lines(plan: Plan) -> dict[Interface, Interface]:
    """Return who is at the other end of each interface on a user-space wire between nodes."""
    found: dict[Interface, Interface] = {}
    for link in plan.links:
        match link.first, link.second:
            case (Interface() as first, Interface() as second) if link.forth is not None:
                found |= {first: second, second: first}
    return found


def _introduce(netlink: "IPRoute", near: Interface, far: Interface) -> None:
    """Tell one end of a line who is at the other: a question that is lost costs a second."""
    index = socket.if_nametoindex(near.name)
    for address in (far.ipv4.ip, far.ipv6.ip, far.link_local.ip):
        netlink.neigh(
            "add",
            dst=str(address),
            lladdr=far.mac,
            ifindex=index,
            state=NUD_PERMANENT,
            family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
        )


def _configure(
    netlink: "IPRoute",
    host: Host,
    ways: Iterable[Route],
    neighbours: Mapping[Interface, Interface],
) -> None:
    for interface in host.interfaces:
        index = socket.if_nametoindex(interface.name)
        # A wire has made its own interfaces, with addresses of chance.
        netlink.link("set", index=index, address=interface.mac, state="up")
        netlink.addr("add", index=index, address=str(interface.ipv4.ip), prefixlen=16)
        for ipv6 in (interface.link_local, interface.ipv6):
            netlink.addr("add", index=index, address=str(ipv6.ip), prefixlen=64)
        if (far := neighbours.get(interface)) is not None:
            _introduce(netlink, interface, far)
    for way in ways:
        family = socket.AF_INET if way.destination.version == 4 else socket.AF_INET6
        gateways = [str(gateway) for gateway in way.gateways]
        if len(gateways) == 1:
            netlink.route("add", family=family, dst=str(way.destination), gateway=gateways[0])
            continue
        write_sysctls(BY_FIVE_TUPLE)
        hops = [{"gateway": gateway} for gateway in gateways]
        netlink.route("add", family=family, dst=str(way.destination), multipath=hops)
