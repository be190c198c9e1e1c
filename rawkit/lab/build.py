"""Give a planned lab to the kernel, by rtnetlink(7). The only user of pyroute2 in this room.

Everything here runs on one throw-away thread that walks through the namespaces:
pyroute2's sockets belong to the thread and the namespace that they were opened in,
and its own event loop must not meet that of a caller.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from rawkit.errors import LabError
from rawkit.lab.namespace import Namespace, write_sysctls
from rawkit.lab.plan import Host, Interface, Link, Plan, Port
from rawkit.lab.ready import wait_ready
from rawkit.lab.routing import Route, routes

if TYPE_CHECKING:
    from pyroute2 import IPRoute

IFA_F_NODAD = 0x02  # linux/if_addr.h
BY_FIVE_TUPLE = {
    # A veth hands on the flow hash that a packet had in the node before, so the kernel's
    # own 5-tuple policy (1) would still spread one flow; a custom hash (3) of addresses,
    # protocol and ports does not. 0x37 leaves out the flow label.
    "net.ipv4.fib_multipath_hash_policy": 3,
    "net.ipv4.fib_multipath_hash_fields": 0x37,
    "net.ipv6.fib_multipath_hash_policy": 3,
    "net.ipv6.fib_multipath_hash_fields": 0x37,
}


class Device(NamedTuple):
    """One end of a veth pair that is to be made."""

    namespace: Namespace
    name: str
    mac: str | None = None


class Cut(NamedTuple):
    """Two address-less devices that a user-space wire is to join."""

    link: Link
    first: str
    second: str


def build(plan: Plan, nodes: Mapping[str, Namespace], backstage: Namespace | None) -> list[Cut]:
    """Make all that is planned, and return when it carries packets.

    Args:
        plan: what to make.
        nodes: a namespace for each host.
        backstage: the namespace for bridges and wires, if there are any.

    Returns:
        What remains to be joined by wires, in ``backstage``.

    Raises:
        LabError: the kernel cannot, or will not.
    """
    cuts: list[Cut] = []
    devices: list[str] = []
    first = backstage or next(iter(nodes.values()))
    with _netlink(first) as netlink:
        for bridge, segment in plan.bridges.items():
            devices.append(f"bridge{segment}")
            _make_bridge(netlink, devices[-1], bridge)
        for number, link in enumerate(plan.links, 1):
            ends = (_device(end, nodes, backstage) for end in (link.first, link.second))
            pairs = [tuple(ends)]
            if link.impairment is not None and backstage is not None:
                cut = Cut(link, f"wire{number}a", f"wire{number}b")
                near, far = pairs[0]
                pairs = [
                    (near, Device(backstage, cut.first)),
                    (far, Device(backstage, cut.second)),
                ]
                cuts.append(cut)
            for pair in pairs:
                _make_veth(netlink, pair[0], pair[1], link.mtu)
                devices += [device.name for device in pair if device.namespace is backstage]
        if backstage is not None:
            _raise_backstage(netlink, plan, devices)
    ways = routes(plan)
    for name, host in plan.hosts.items():
        with _netlink(nodes[name]) as netlink:
            _configure(netlink, host, ways[name])
    _wait(plan, nodes, backstage, devices)
    return cuts


@contextmanager
def _netlink(namespace: Namespace) -> Iterator["IPRoute"]:
    """Be in a namespace, with a netlink socket there; say what the kernel refused."""
    from pyroute2 import IPRoute, NetlinkError

    with namespace.here():
        try:
            with IPRoute() as netlink:
                yield netlink
        except NetlinkError as error:
            raise LabError(f"the kernel will not build {namespace!r}: {error}") from error


def _device(
    end: Interface | Port, nodes: Mapping[str, Namespace], backstage: Namespace | None
) -> Device:
    match end:
        case Interface():
            return Device(nodes[end.node], end.name, end.mac)
        case Port():
            assert backstage is not None
            return Device(backstage, end.name)


def _make_bridge(netlink: "IPRoute", device: str, name: str) -> None:
    netlink.link("add", ifname=device, kind="bridge", br_mcast_snooping=0, ifalias=name)


def _make_veth(netlink: "IPRoute", a: Device, b: Device, mtu: int) -> None:
    near, far = (
        {"ifname": end.name, "net_ns_fd": end.namespace.fileno(), "mtu": mtu}
        | ({"address": end.mac} if end.mac else {})
        for end in (a, b)
    )
    netlink.link("add", kind="veth", peer=far, **near)


def _raise_backstage(netlink: "IPRoute", plan: Plan, devices: Iterable[str]) -> None:
    import socket

    for link in plan.links:
        for end in (link.first, link.second):
            if isinstance(end, Port):
                bridge = socket.if_nametoindex(f"bridge{end.segment}")
                netlink.link("set", index=socket.if_nametoindex(end.name), master=bridge)
    for name in devices:
        netlink.link("set", index=socket.if_nametoindex(name), state="up")


def _configure(netlink: "IPRoute", host: Host, ways: Iterable[Route]) -> None:
    import socket

    for interface in host.interfaces:
        index = socket.if_nametoindex(interface.name)
        netlink.link("set", index=index, state="up")
        ipv4, ipv6 = interface.ipv4, interface.ipv6
        netlink.addr("add", index=index, address=str(ipv4.ip), prefixlen=16)
        netlink.addr("add", index=index, address=str(ipv6.ip), prefixlen=64, flags=IFA_F_NODAD)
    for way in ways:
        family = socket.AF_INET if way.destination.version == 4 else socket.AF_INET6
        gateways = [str(gateway) for gateway in way.gateways]
        if len(gateways) == 1:
            how: dict[str, object] = {"gateway": gateways[0]}
        else:
            how = {"multipath": [{"gateway": gateway} for gateway in gateways]}
        netlink.route("add", family=family, dst=str(way.destination), **how)
    if any(len(way.gateways) > 1 for way in ways):
        write_sysctls(BY_FIVE_TUPLE)


def _wait(
    plan: Plan,
    nodes: Mapping[str, Namespace],
    backstage: Namespace | None,
    devices: list[str],
) -> None:
    if backstage is not None:
        with backstage.here():
            wait_ready(devices, ipv6=False)
    for name, host in plan.hosts.items():
        with nodes[name].here():
            wait_ready([interface.name for interface in host.interfaces])
